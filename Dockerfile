# The images of the platform; docs/images.md says how they are built, named and described.
#
#   --target functions   submit, notify and recover         --target functions-sbom   what is in it, as CycloneDX
#   --target gpu         generate                           --target gpu-sbom         what is in that one
#
# No # syntax line, no mounts and no here-documents: any builder builds this, and fetches nothing to read it.

ARG PYTHON_IMAGE=docker.io/library/python:3.11-slim-bookworm
# The image's digest, which only you can look up. What stands here is no digest, so that nothing is built without one.
ARG PYTHON_DIGEST=give_PYTHON_DIGEST_as_docs/images.md_says


FROM ${PYTHON_IMAGE}@${PYTHON_DIGEST} AS python
# A read-only root and a user without a home: what is written goes to /tmp.
ENV HOME=/tmp \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
WORKDIR /app
COPY image/install.sh image/


FROM python AS page
COPY image/locks/node.txt image/locks/
RUN image/install.sh /opt/node image/locks/node.txt
ENV PATH=/opt/node/bin:/usr/local/bin:/usr/bin:/bin
WORKDIR /app/web
COPY web/package.json web/package-lock.json ./
# No package's own script runs, and none of the page's packages stays: only what is built goes on.
RUN npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
COPY web ./
RUN npm run build


FROM python AS functions
COPY image/locks/functions.txt image/locks/
RUN image/install.sh /opt/flipbook image/locks/functions.txt
COPY LICENSE ./
COPY shared shared/
COPY functions/*.py functions/
COPY functions/submit functions/submit/
COPY functions/notify functions/notify/
COPY functions/recover functions/recover/
COPY --from=page /app/web/dist web/dist/
RUN chmod -R a+rX,go-w /app && \
    python -m compileall -q --invalidation-mode unchecked-hash functions shared
ENV PATH=/opt/flipbook/bin:/usr/local/bin:/usr/bin:/bin
ARG VERSION=unknown
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Flipbook functions" \
      org.opencontainers.image.description="submit, notify and recover of Flipbook, serverless text-to-video on Knative" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
USER 65532:65532
EXPOSE 8080
STOPSIGNAL SIGTERM
# No HEALTHCHECK: Kubernetes does not run it. knative/base says what is probed.
# submit, as knative/base/submit.yaml starts it, because `func deploy` cannot name a command.
CMD ["gunicorn", \
     "--config=functions/gunicorn.conf.py", \
     "--worker-class=functions.submit.greenlets.Worker", \
     "--worker-connections=10000", \
     "--graceful-timeout=240", \
     "functions.submit.app:create_app()"]


# For `func deploy` only: knative/ starts both from the image above.
FROM functions AS notify
CMD ["gunicorn", \
     "--config=functions/gunicorn.conf.py", \
     "--threads=8", \
     "--graceful-timeout=120", \
     "functions.notify.app:create_app()"]

FROM functions AS recover
CMD ["gunicorn", \
     "--config=functions/gunicorn.conf.py", \
     "--threads=8", \
     "--graceful-timeout=60", \
     "functions.recover.app:create_app()"]


FROM python AS gpu
# CUDA comes with PyTorch's packages, the driver from the node. A layer of its own: the largest, and the one that
# changes least.
COPY image/locks/torch.txt image/locks/
RUN image/install.sh /opt/flipbook image/locks/torch.txt
# For COMPILE=true.
COPY image/locks/compiler.txt image/locks/
COPY image/clang image/
RUN image/install.sh /opt/flipbook image/locks/compiler.txt && \
    ln -s /app/image/clang /opt/flipbook/bin/clang
COPY image/locks/generate.txt image/locks/
RUN image/install.sh /opt/flipbook image/locks/generate.txt
COPY LICENSE ./
COPY shared shared/
COPY functions/*.py functions/
COPY functions/generate functions/generate/
RUN chmod -R a+rX,go-w /app && \
    python -m compileall -q --invalidation-mode unchecked-hash functions shared
# What NVIDIA's container runtime brings in from the node.
ENV PATH=/opt/flipbook/bin:/usr/local/bin:/usr/bin:/bin \
    NVIDIA_DRIVER_CAPABILITIES=compute,utility
ARG VERSION=unknown
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Flipbook generate" \
      org.opencontainers.image.description="generate of Flipbook, serverless text-to-video on Knative" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
USER 65532:65532
EXPOSE 8080
STOPSIGNAL SIGTERM
CMD ["gunicorn", \
     "--config=functions/gunicorn.conf.py", \
     "--threads=4", \
     "--timeout=0", \
     "--graceful-timeout=540", \
     "functions.generate.app:create_app()"]


FROM python AS inventory
COPY image/sbom.sh image/
COPY image/locks/sbom.txt image/locks/
RUN image/install.sh /opt/sbom image/locks/sbom.txt


FROM inventory AS functions-inventory
COPY --from=functions /opt/flipbook /opt/flipbook
RUN image/sbom.sh /opt/sbom /opt/flipbook /sbom.json

FROM scratch AS functions-sbom
COPY --from=functions-inventory /sbom.json /functions.cdx.json


FROM inventory AS gpu-inventory
COPY --from=gpu /opt/flipbook /opt/flipbook
RUN image/sbom.sh /opt/sbom /opt/flipbook /sbom.json

FROM scratch AS gpu-sbom
COPY --from=gpu-inventory /sbom.json /gpu.cdx.json
