"""What the manifests say: as plain data, and as the one-machine runtime understands them."""

import subprocess
from pathlib import Path

import pytest
import yaml

from local.manifests import read
from tests.needs import require

ROOT = Path(__file__).parents[2]
FOLDERS = ("knative", "eventing")


@pytest.fixture(scope="session")
def root():
    return ROOT


@pytest.fixture(scope="session")
def platform():
    return read(*(ROOT / folder for folder in FOLDERS))


@pytest.fixture(scope="session")
def services(platform):
    return {service.name: service for service in platform.services}


@pytest.fixture(scope="session")
def objects():
    """Every object of the files that are applied."""
    found = []
    for folder in ("knative/base", "eventing"):
        kustomization = yaml.safe_load((ROOT / folder / "kustomization.yaml").read_text())
        for resource in kustomization["resources"]:
            found += yaml.safe_load_all((ROOT / folder / resource).read_text())
    return found


@pytest.fixture(scope="session")
def templates(objects):
    """The revision template of each Service, by name."""
    services = [each for each in objects if each["apiVersion"] == "serving.knative.dev/v1"]
    return {each["metadata"]["name"]: each["spec"]["template"] for each in services}


@pytest.fixture(scope="session")
def containers(templates):
    return {name: template["spec"]["containers"][0] for name, template in templates.items()}


@pytest.fixture(scope="session")
def build():
    """What `kubectl kustomize` makes of a folder."""
    require("kubectl")

    def run(folder):
        done = subprocess.run(["kubectl", "kustomize", folder], capture_output=True, text=True, timeout=60)
        assert (0, "") == (done.returncode, done.stderr)
        return list(yaml.safe_load_all(done.stdout))

    return run
