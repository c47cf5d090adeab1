"""What a builder is sent: the sources, and nothing that happens to lie between them."""

import shutil
import subprocess

import pytest

from tests.image.stages import ROOT, context

SENT = ("image/", "functions/", "shared/", "web/")


def test_it_is_what_is_committed_under_a_few_folders():
    command = ["git", "-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split("\0")
    ours = {path for path in listed if path.startswith(SENT) and (ROOT / path).is_file()}
    ours = {path for path in ours if not path.endswith((".md", "/func.yaml")) and "/." not in path}

    # Docker itself always sends the two files that it reads.
    assert ours | {"LICENSE", "Dockerfile", ".dockerignore"} == set(context())


@pytest.mark.parametrize(
    "path",
    [
        ".git/config",
        ".env",
        "store.env",
        "api-keys.env",
        "webhooks.env",
        "functions/.env",
        "functions/submit/store.env",
        "shared/tls.key",
        "image/cosign.pem",
        "web/.npmrc",
        "web/.env.production",
        "web/node_modules/x/index.js",
        "web/dist/index.html",
        ".venv/bin/python",
        ".flipbook/redis/appendonly.aof",
        "functions/__pycache__/kit.cpython-311.pyc",
        "tests/unit/test_job.py",
        "knative/overlays/mine/secret.yaml",
        "weights/model.safetensors",
    ],
)
def test_it_has_no_secrets_no_history_and_nothing_made(tmp_path, path):
    shutil.copy(ROOT / ".dockerignore", tmp_path)
    for each in (path, "functions/kit.py"):
        (tmp_path / each).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / each).write_text("x")

    assert "functions/kit.py" in context(tmp_path)
    assert path not in context(tmp_path)
