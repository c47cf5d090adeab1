"""The programs of docs/receivers.md are run as they stand there, against callbacks that were really sent."""

from __future__ import annotations

import base64
import json
import os
import re
import socket
import subprocess
import sys
import threading
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from types import SimpleNamespace

import pytest
from werkzeug.serving import make_server

from functions.notify.handler import Courier
from functions.submit.app import create_app
from shared import wiring
from shared.core.access import new_api_key
from shared.core.job import CancelRequested
from shared.settings import Settings
from tests import needs
from tests.functions.jobs import queue
from tests.functions.studio import eventually
from tests.peers import closed_port
from tests.receiver import Receiver

PAGE = Path(__file__).parents[2] / "docs" / "receivers.md"
NODE_MODULES = Path(__file__).parents[1] / "clients" / "node" / "node_modules"
KEPT = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}


def programs(language):
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)


@pytest.fixture
def platform():
    key = new_api_key()
    places = dict.fromkeys(("REDIS_URL", "ARTIFACTS_URL", "K_SINK"), "memory://")
    keys = {
        "API_KEYS": key,
        "WEBHOOK_KEY": base64.b64encode(b"k" * 32).decode(),
        "WEBHOOK_SIGNING_KEY": "whsk_" + base64.b64encode(b"s" * 32).decode(),
        "WEBHOOK_SECRET": "whsec_" + base64.b64encode(b"w" * 32).decode(),
        "WEBHOOK_NETWORKS": "127.0.0.0/8",
    }
    settings = Settings.from_env(places | keys)
    services = wiring.build(settings)
    server = make_server("127.0.0.1", 0, create_app(settings, services), threaded=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield SimpleNamespace(
        url=f"http://127.0.0.1:{server.port}", key=key, services=services, send=Courier(services, settings, Event()).run
    )
    server.shutdown()
    thread.join()
    server.server_close()
    services.close()


def shell(text, folder, **variables):
    return subprocess.run(
        ["sh", "-ec", text], cwd=folder, env=KEPT | variables, capture_output=True, text=True, timeout=30, check=False
    )


def registered(platform, folder, hook):
    """The first program of the page registers an endpoint."""
    needs.require("curl", "openssl")
    done = shell(programs("sh")[0], folder, URL=platform.url, KEY=platform.key, HOOK=hook)
    assert 0 == done.returncode, done.stderr
    return json.loads(done.stdout)


def ended(platform):
    return platform.services.jobs.apply(queue(platform.services).id, CancelRequested())


def accepts(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


@contextmanager
def running(command, folder, **variables):
    process = subprocess.Popen(command, cwd=folder, env=KEPT | variables, stdout=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.communicate(timeout=10)


def python(folder):
    [text] = programs("python")
    (folder / "receiver.py").write_text(text)
    return [sys.executable, "receiver.py"]


def node(folder):
    needs.require("node")
    needs.require_folder(NODE_MODULES)
    [text] = programs("js")
    (folder / "receiver.mjs").write_text(text)
    (folder / "node_modules").symlink_to(NODE_MODULES)
    return ["node", "receiver.mjs"]


@pytest.mark.parametrize("language", [python, node])
def test_a_receiver_of_the_page_takes_each_event_once_and_no_forged_one(platform, tmp_path, language):
    port = closed_port()
    endpoint = registered(platform, tmp_path, f"http://127.0.0.1:{port}/")
    command = language(tmp_path)
    with running(command, tmp_path, PORT=str(port), WEBHOOK_SECRET=endpoint["signing_secret"]) as process:
        eventually(lambda: accepts(port), timeout=20)
        first = ended(platform)
        platform.send()
        [told] = platform.services.deliveries.of_job(first.id)
        forged = shell(
            f"curl -s -o /dev/null -w '%{{http_code}}' -d '{{}}' -H 'webhook-id: x' -H 'webhook-timestamp: 1'"
            f" -H 'webhook-signature: v1,x' http://127.0.0.1:{port}/",
            tmp_path,
        )
        again = f"{platform.url}/v1/webhook_endpoints/{endpoint['id']}/deliveries/{told.id}/replay"
        shell(f"curl -sf -X POST {again} -H 'Authorization: Bearer {platform.key}'", tmp_path)
        platform.send()
        second = ended(platform)
        platform.send()

        lines = [process.stdout.readline() for _ in range(2)]
    assert [f"video.cancelled {job.id}\n" for job in (first, second)] == lines
    assert "400" == forged.stdout
    [told] = platform.services.deliveries.of_job(first.id)
    assert [204, 204] == [post.status for post in told.posts]


@pytest.mark.parametrize("tampered", [False, True])
def test_openssl_verifies_a_callback_by_the_secret_and_by_the_public_key(platform, tmp_path, tampered):
    with Receiver() as receiver:
        endpoint = registered(platform, tmp_path, receiver.url)
        ended(platform)
        platform.send()
        [(headers, body)] = receiver.received
    (tmp_path / "body.json").write_bytes(body + b" " * tampered)
    _, by_secret, by_key = programs("sh")
    variables = {
        "URL": platform.url,
        "WEBHOOK_SECRET": endpoint["signing_secret"],
        **{name.upper().replace("-", "_"): value for name, value in headers.items() if name.startswith("webhook-")},
    }
    secret, key = (shell(text, tmp_path, **variables) for text in (by_secret, by_key))

    assert ("forged\n" if tampered else "the secret's\n") == secret.stdout, secret.stderr
    assert (tampered, tampered) == (secret.returncode != 0, key.returncode != 0), key.stderr
    assert tampered != ("Signature Verified Successfully" in key.stdout + key.stderr)
