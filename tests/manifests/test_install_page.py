"""What docs/install.md has typed before a cluster is asked, typed."""

import re
import subprocess
from pathlib import Path
from textwrap import dedent

import pytest

from local.lint.run import Lint
from shared.settings import readers
from tests.needs import require

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "install.md").read_text()


def commands(number):
    """Those of a step, but for what is asked of a cluster."""
    step = PAGE.partition(f"\n{number}. **")[2]
    block = dedent(re.search(r"```sh\n(.*?)\n +```", step, re.DOTALL)[1])
    return "\n".join(line for line in block.splitlines() if not line.startswith("kubectl ")) + "\n"


@pytest.fixture(scope="module")
def beside(tmp_path_factory):
    """The folder of the clone, after steps 4 and 5."""
    require("kubectl", "openssl")
    place = tmp_path_factory.mktemp("beside")
    # As `cd ..` of a shell goes: by name, not to where a link leads.
    (place / "flipbook").mkdir()
    for folder in ("knative", "eventing"):
        (place / "flipbook" / folder).symlink_to(ROOT / folder)
    typed = (commands(4) + commands(5)).replace("YOUR-REGISTRY", "registry.example.com/mine")
    subprocess.run(["bash", "-euc", typed], cwd=place / "flipbook", check=True, timeout=60)
    return place


def test_the_overlay_that_is_typed_is_clean_and_names_the_images(beside):
    built = subprocess.run(
        ["kubectl", "kustomize", beside / "mine"], capture_output=True, text=True, timeout=60, check=True
    ).stdout

    assert [] == Lint([beside / "mine"]).look()
    assert {"registry.example.com/mine/functions:0.1.0", "registry.example.com/mine/gpu:0.1.0"} == {
        image for image in re.findall(r"image: (\S+)", built) if "flipbook" in image or "mine" in image
    }


def test_the_secrets_that_are_typed_are_read_by_the_functions(beside):
    files = [file.read_text() for file in (beside / "secrets").iterdir()]
    secrets = dict(line.split("=", 1) for text in files for line in text.splitlines())

    assert readers.api_keys(secrets["API_KEYS"])
    assert readers.peppers(secrets["KEY_PEPPER"])
    assert readers.secret(secrets["WEBHOOK_SECRET"])
    assert readers.sealing_keys(secrets["WEBHOOK_KEY"])
    assert readers.signing_keys(secrets["WEBHOOK_SIGNING_KEY"])
    assert secrets["PASSWORD"] in secrets["REDIS_URL"]


def test_the_first_video_goes_through_the_gateway_that_knows_submit_on_every_cluster():
    """The public one answers 404 until config-domain names a domain."""
    step = PAGE.partition("\n7. **")[2].partition("## ")[0]

    assert "port-forward service/kourier-internal " in step
    assert "Host: submit.flipbook.svc.cluster.local" in step
