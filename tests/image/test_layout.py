"""What the manifests start is in the images, and by itself an image starts what func expects of it."""

import re
from itertools import pairwise

import pytest
import yaml

from tests.image.manifests import SCRIPTS, SERVERS, stage_of
from tests.image.stages import IMAGES, ROOT, context, layout

APP_MODULE = re.compile(r"([\w.]+):create_app\(\)")
WORKER_CLASS = re.compile(r"--worker-class=([\w.]+)\.\w+")


PACKAGES = {"import os, boto3": "boto3"}
"""What a script says, and the package that must be in its image for it."""


@pytest.fixture
def files(stages):
    return {stage: {target for _, target in layout(stages, stage, context())} for stage in IMAGES}


@pytest.mark.parametrize("container", SERVERS)
def test_what_a_container_starts_is_in_its_image(container, files):
    words = [*container["command"], *container.get("args", [])]
    modules = [found[1] for word in words if (found := APP_MODULE.fullmatch(word) or WORKER_CLASS.fullmatch(word))]
    modules += [after for word, after in pairwise(words) if word == "-m"]
    configs = [word.removeprefix("--config=") for word in words if word.startswith("--config=")]
    wanted = {source(module.replace(".", "/")) for module in modules} | set(configs)

    assert wanted
    assert set() == wanted - files[stage_of(container)]


def source(module):
    """What Python runs: of a package its __main__."""
    return f"{module}/__main__.py" if (ROOT / module).is_dir() else f"{module}.py"


@pytest.mark.parametrize("container", SCRIPTS)
def test_what_a_script_needs_is_in_its_image(container):
    lock = ROOT / "image" / "locks" / {"functions": "functions.txt", "gpu": "generate.txt"}[stage_of(container)]
    needed = {package for words, package in PACKAGES.items() if words in container["args"][0]}

    assert needed
    assert [] == [each for each in needed if f"\n{each}==" not in lock.read_text()]


@pytest.mark.parametrize("container", SERVERS)
def test_an_image_listens_where_it_says(container, stages):
    exposed = [int(step.value[0]) for step in stages[stage_of(container)].of("EXPOSE")]

    assert [each["containerPort"] for each in container.get("ports", [{"containerPort": 8080}])] == exposed


@pytest.mark.parametrize(
    ("stage", "file"), [("functions", "submit"), ("notify", "notify"), ("recover", "recover"), ("gpu", "generate")]
)
def test_by_itself_an_image_starts_what_the_manifest_starts(stages, stage, file):
    service = yaml.safe_load((ROOT / "knative" / "base" / f"{file}.yaml").read_text())
    [container] = service["spec"]["template"]["spec"]["containers"]

    assert container["command"] + container["args"] == stages[stage].command()


def test_the_small_image_has_nothing_of_the_large_one(files):
    assert [] == [path for path in files["functions"] if path.startswith("functions/generate/")]
    assert [] == [path for path in files["gpu"] if path.startswith(("functions/submit/", "web/"))]
    assert "LICENSE" in files["functions"] & files["gpu"]
