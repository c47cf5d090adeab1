"""What the reader refuses in `knative/`."""

import pytest

from tests.local.planted_fault import assert_reported

GENERATE = "knative/base/generate.yaml"
SUBMIT = "knative/base/submit.yaml"
CONFIG = "knative/base/config.yaml"

# What is planted: file, the text there, what it becomes, and what must be said; `plant` explains the @@.
FAULTS = {
    "a field of pods that is not played": (
        GENERATE,
        "      enableServiceLinks: false",
        "      enableServiceLinks: false\n@@      nodeSelector: {gpu: h200}",
        "spec.template.spec.nodeSelector: not played on one machine; known here: automount",
    ),
    "a misspelt field": (
        GENERATE,
        "      containerConcurrency: 1",
        "@@      containerConcurency: 1",
        "spec.template.spec.containerConcurency: not played",
    ),
    "a misspelt field where nothing is acted on": (
        GENERATE,
        "            runAsNonRoot: true",
        "@@            runAsNonroot: true",
        "spec.template.spec.containers[0].securityContext.runAsNonroot: not played",
    ),
    "a wrong type where nothing is acted on": (
        GENERATE,
        "            runAsNonRoot: true",
        '@@            runAsNonRoot: "true"',
        "runAsNonRoot: must be true or false, unquoted",
    ),
    "an annotation that is not a string": (
        GENERATE,
        'autoscaling.knative.dev/max-scale: "8"',
        "autoscaling.knative.dev/max-scale: 8@@",
        "autoscaling.knative.dev/max-scale: must be a string: quote it",
    ),
    "an autoscaling annotation on the Service": (
        SUBMIT,
        "  name: submit\nspec:",
        '  name: submit\n  annotations:\n@@    autoscaling.knative.dev/min-scale: "1"\nspec:',
        "must be put under spec.template.metadata.annotations",
    ),
    "an autoscaling annotation that is not played": (
        GENERATE,
        'autoscaling.knative.dev/min-scale: "0"',
        'autoscaling.knative.dev/metric: "rps"@@',
        "autoscaling.knative.dev/metric: not played on one machine",
    ),
    "less at most than at least": (
        SUBMIT,
        'autoscaling.knative.dev/min-scale: "1"',
        'autoscaling.knative.dev/min-scale: "5"',
        'max-scale: is less than min-scale, 5@@autoscaling.knative.dev/max-scale: "4"',
    ),
    "a window that is no duration": (
        GENERATE,
        "autoscaling.knative.dev/window: 60s",
        "autoscaling.knative.dev/window: 60 seconds@@",
        "'60 seconds' is not a Go duration like 60s",
    ),
    "a window out of bounds": (
        GENERATE,
        "autoscaling.knative.dev/window: 60s",
        "autoscaling.knative.dev/window: 5s@@",
        "must be whole seconds from 6s to 3600s",
    ),
    "requests lined up behind busy instances": (
        GENERATE,
        'target-burst-capacity: "-1"',
        'target-burst-capacity: "0"@@',
        "'0' is not one of -1",
    ),
    "a target utilisation as a fraction": (
        GENERATE,
        'target-utilization-percentage: "100"',
        'target-utilization-percentage: "0.7"@@',
        "must be a number from 1 to 100, quoted",
    ),
    "a timeout above the ceiling": (
        GENERATE,
        "timeoutSeconds: 600\n      # Left out, Knative",
        "timeoutSeconds: 1800@@\n      # Left out, Knative",
        "spec.template.spec.timeoutSeconds: is above 600",
    ),
    "the default that ends silent requests": (
        GENERATE,
        "      responseStartTimeoutSeconds: 600\n",
        "",
        "lacks 'responseStartTimeoutSeconds': Knative would put 300@@      containerConcurrency: 1",
    ),
    "a first byte that may come later than the last": (
        SUBMIT,
        "responseStartTimeoutSeconds: 300",
        "responseStartTimeoutSeconds: 400@@",
        "must be a whole number from 0 to 300",
    ),
    "a quoted number": (
        GENERATE,
        "containerConcurrency: 1",
        'containerConcurrency: "1"@@',
        "containerConcurrency: must be a whole number from 0 to 1000, unquoted",
    ),
    "a readiness probe that the webhook refuses": (
        SUBMIT,
        "httpGet: {path: /readyz}",
        "httpGet: {path: /readyz}\n@@            failureThreshold: 3",
        "readinessProbe.failureThreshold: Knative refuses it",
    ),
    "a probe of a kind that is not played": (
        SUBMIT,
        "            httpGet: {path: /healthz}",
        "@@            tcpSocket: {port: 8080}",
        "startupProbe.tcpSocket: not played",
    ),
    "a variable that is not a string": (
        GENERATE,
        'value: "600"',
        "value: 600@@",
        "containers[0].env[0].value: must be a string: quote it",
    ),
    "a variable of Knative's own": (
        GENERATE,
        "- name: WEIGHTS_DIR",
        "- name: K_SERVICE@@",
        "env[1].name: is set by Knative itself",
    ),
    "a variable set twice": (
        GENERATE,
        "- name: WEIGHTS_DIR",
        "- name: REQUEST_TIMEOUT_SECONDS@@",
        "'REQUEST_TIMEOUT_SECONDS' is set twice",
    ),
    "a key that no ConfigMap has": (
        GENERATE,
        "{configMapKeyRef: {name: flipbook, key: LEASE_SECONDS}}",
        "{configMapKeyRef: {name: flipbook, key: LEASE}}@@",
        "configMapKeyRef.key: ConfigMap 'flipbook' has no key 'LEASE'",
    ),
    "a reserved port": (SUBMIT, "containerPort: 8080", "containerPort: 8012@@", "is used by Knative itself"),
    "a mount without a volume": (
        GENERATE,
        "{name: shm, mountPath: /dev/shm}",
        "{name: memory, mountPath: /dev/shm}@@",
        "there is no volume 'memory'",
    ),
    "a volume that needs a feature flag": (
        GENERATE,
        "          emptyDir: {sizeLimit: 1Gi}",
        "@@          persistentVolumeClaim: {claimName: weights}",
        "volumes[2].persistentVolumeClaim: not played",
    ),
    "a volume that nobody mounts": (
        GENERATE,
        "            - {name: shm, mountPath: /dev/shm}\n",
        "",
        "volumes[1]: is mounted nowhere@@- name: shm",
    ),
    "a path that Knative needs itself": (GENERATE, "mountPath: /tmp", "mountPath: /dev@@", "that Knative leaves free"),
    "no command": (GENERATE, 'command: ["gunicorn"]', "command: []@@", "must not be empty"),
    "no image": (
        SUBMIT,
        "          image: ghcr.io/flipbook-video/functions:0.1.0\n",
        "",
        "containers[0]: lacks 'image'@@- name: submit",
    ),
    "two containers": (
        SUBMIT,
        "      containers:\n        - name: submit",
        "      containers:\n@@        - name: other\n        - name: submit",
        "containers: must be exactly one container",
    ),
    "half a GPU": (GENERATE, 'nvidia.com/gpu: "1"', "nvidia.com/gpu: 500m@@", "must be a whole number of GPUs"),
    "a ConfigMap value that is not a string": (
        CONFIG,
        'LEASE_SECONDS: "60"',
        "LEASE_SECONDS: 60@@",
        "data.LEASE_SECONDS: must be a string: quote it",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_reported_with_its_line(tmp_path, fault):
    assert_reported(tmp_path, *FAULTS[fault])
