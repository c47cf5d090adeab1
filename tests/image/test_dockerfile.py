"""What the Dockerfile must never lose: each rule is a sentence, and each is shown to bite."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.image.stages import APP, IMAGES, ROOT, Stage, context, matches, read

TEXT = (ROOT / "Dockerfile").read_text()
SECRET = re.compile(r"secret|token|passw|credential|(^|_)key($|_)|pepper", re.IGNORECASE)
PINNED = re.compile(r"\$\{\w+_IMAGE\}@\$\{(\w+_DIGEST)\}")
CODE = ("functions", "shared", "web")
"""What changes with every commit."""
ABOUT = {"ARG", "LABEL", "EXPOSE", "STOPSIGNAL", "CMD"}
"""What adds no file."""


def faults(text: str) -> Iterator[str]:
    """What is wrong with a Dockerfile, in sentences."""
    defaults, stages = read(text)
    files = context()
    for stage in stages.values():
        yield from base_faults(stage, stages, defaults)
        yield from step_faults(stage)
        yield from copy_faults(stage, stages, files)
    for name in IMAGES:
        yield from image_faults(stages[name])
    if re.search(r"^#\s*syntax\s*=", text, re.MULTILINE):
        yield "A syntax line is fetched from somebody's registry."


def base_faults(stage: Stage, stages: dict[str, Stage], defaults: dict[str, str]) -> Iterator[str]:
    if stage.base in stages or stage.base == "scratch":
        return
    if not (found := PINNED.fullmatch(stage.base)):
        yield f"{stage.name} stands on {stage.base}, which is pinned by no digest argument."
    elif ":" in defaults[found[1]]:
        yield f"{found[1]} has a default that could be a digest."
    if any(value.endswith(":latest") for value in defaults.values()):
        yield f"{stage.name} stands on whatever is the latest."


def step_faults(stage: Stage) -> Iterator[str]:
    for step in stage.steps:
        if step.cmd in ("ADD", "HEALTHCHECK", "ONBUILD", "MAINTAINER", "VOLUME"):
            yield f"{stage.name} uses {step.cmd}."
        if step.cmd == "RUN" and re.search(r"https?://|\b(curl|wget|pip|apt-get)\b", step.original):
            yield f"{stage.name} fetches something that no lock names: {step.original}"
        if step.heredocs or any(flag.startswith("--mount") for flag in step.flags):
            yield f"{stage.name} has a mount or a here-document, which not every builder knows."
        names = [each.split("=")[0] for each in step.value[:: 2 if step.cmd == "ENV" else 1]]
        if step.cmd in ("ARG", "ENV") and (told := [name for name in names if SECRET.search(name)]):
            yield f"{stage.name} writes {told[0]} into the image's history."


def copy_faults(stage: Stage, stages: dict[str, Stage], files: list[str]) -> Iterator[str]:
    for step in stage.of("COPY"):
        if step.flags:
            [origin] = step.flags
            if origin.removeprefix("--from=") not in list(stages)[: list(stages).index(stage.name)]:
                yield f"{stage.name} copies from {origin}, which is no stage before it."
            continue
        for source in step.value[:-1]:
            if not matches(source, files):
                yield f"{stage.name} copies {source}, which is not in what the builder is sent."


def image_faults(stage: Stage) -> Iterator[str]:
    kinds = [step.cmd for step in stage.steps]
    user = stage.of("USER")[-1].value[0] if "USER" in kinds else ""
    if not re.fullmatch(r"[1-9]\d*:[1-9]\d*", user):
        yield f"{stage.name} runs as {user or 'root'}; runAsNonRoot needs a number that is not 0."
    elif late := set(kinds[kinds.index("USER") :]) - ABOUT - {"USER"}:
        yield f"{stage.name} has {', '.join(sorted(late))} after its USER, who would own what is made."
    if stage.env().get("PATH", "").split(":")[0] != "/opt/flipbook/bin":
        yield f"{stage.name} does not find its packages first."
    code = [n for n, step in enumerate(stage.steps) if step.cmd == "COPY" and step.value[0].split("/")[0] in CODE]
    packages = [n for n, step in enumerate(stage.steps) if step.cmd == "RUN" and "install.sh" in step.original]
    if not packages or max(packages) > min(code):
        yield f"{stage.name} installs packages after the code: each commit would send them anew."
    if [step.value[0] for step in stage.of("STOPSIGNAL")] != ["SIGTERM"]:
        yield f"{stage.name} is not stopped by SIGTERM."


def test_it_is_as_it_must_be():
    found = list(faults(TEXT))

    assert [] == found, "\n".join(found)


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("FROM ${PYTHON_IMAGE}@${PYTHON_DIGEST}", "FROM python:3.11", "python stands on python:3.11, which is pinned"),
        ("=give_PYTHON_DIGEST_as_docs/images.md_says", "=sha256:0", "PYTHON_DIGEST has a default that could be"),
        ("python:3.11-slim-bookworm", "python:latest", "python stands on whatever is the latest"),
        ("USER 65532:65532\n", "", "functions runs as root"),
        ("USER 65532:65532\n", "USER nobody\n", "functions runs as nobody"),
        ("USER 65532:65532\n", "USER 0:0\n", "functions runs as 0:0"),
        ("EXPOSE 8080\n", "COPY LICENSE ./\n", "functions has COPY after its USER"),
        ("COPY LICENSE ./\n", "ADD LICENSE ./\n", "functions uses ADD"),
        ("EXPOSE 8080\n", "HEALTHCHECK CMD true\n", "functions uses HEALTHCHECK"),
        ("RUN npm ci", "RUN curl https://example.com && npm ci", "page fetches something that no lock names"),
        ("RUN npm ci", "RUN pip install x && npm ci", "page fetches something that no lock names"),
        ("RUN npm ci", "RUN --mount=type=cache,target=/x npm ci", "page has a mount"),
        ("ARG VERSION=unknown\n", "ARG NPM_TOKEN\n", "functions writes NPM_TOKEN into the image's history"),
        ("ENV HOME=/tmp", "ENV KEY_PEPPER=x HOME=/tmp", "python writes KEY_PEPPER into the image's history"),
        ("COPY shared shared/\n", "COPY tests tests/\n", "functions copies tests, which is not in what"),
        ("COPY shared shared/\n", "COPY sharde shared/\n", "functions copies sharde, which is not in what"),
        ("COPY --from=page", "COPY --from=gpu", "functions copies from --from=gpu, which is no stage before"),
        ("COPY image/locks/functions.txt", "COPY shared shared/\nCOPY image/locks/functions.txt", "after the code"),
        ("STOPSIGNAL SIGTERM\n", "STOPSIGNAL SIGINT\n", "functions is not stopped by SIGTERM"),
        ("ENV PATH=/opt/flipbook/bin:", "ENV PATH=", "functions does not find its packages first"),
        ("# The images", "# syntax=docker/dockerfile:1\n# The images", "A syntax line"),
    ],
)
def test_a_fault_is_found(old, new, sentence):
    assert old in TEXT

    found = list(faults(TEXT.replace(old, new, 1)))

    assert any(sentence in each for each in found), found


def test_hadolint_has_nothing_to_say():
    done = subprocess.run(
        [Path(sys.prefix) / "bin" / "hadolint", "Dockerfile"], cwd=ROOT, capture_output=True, text=True, timeout=60
    )

    assert (0, "") == (done.returncode, done.stdout + done.stderr)


def test_hadolint_is_really_asked(tmp_path):
    (tmp_path / "Dockerfile").write_text("FROM python:latest\nADD https://example.com/x /x\n")

    done = subprocess.run(
        [Path(sys.prefix) / "bin" / "hadolint", "Dockerfile"], cwd=tmp_path, capture_output=True, timeout=60
    )

    assert 1 == done.returncode
    assert b"DL3007" in done.stdout


def test_everything_runs_where_the_manifests_look_for_it(stages):
    for name in IMAGES:
        assert [APP] == [step.value[0] for step in stages["python"].of("WORKDIR") + stages[name].of("WORKDIR")]
