"""specs/serving/runtime-contract.md, seen from the container's side: PORT, probes, signals, and what events are answered.

It starts the commands of the manifests itself, whatever site the rest of the suite is held against.
"""

from __future__ import annotations

import base64
import http.client
import json
import secrets
import threading
import time
import uuid

import pytest

from tests.conformance.container import Container, manifest
from tests.conformance.site import VIDEO, event
from tests.conformance.surroundings import Sink, redis

FUNCTIONS = ("submit", "generate", "notify", "recover")
EVENTS = {"submit": "/v1/events", "generate": "/", "notify": "/", "recover": "/"}
KEY = f"fb_conforms_{secrets.token_urlsafe(32)}"
ASKS = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}
SLOW = VIDEO | {"prompt": "slowly, a paper boat", "num_inference_steps": 100}


def sent(**attributes):
    return {name.replace("_", "-"): value for name, value in event(**attributes).items()} | ASKS


def wake_up():
    return sent(
        type="dev.flipbook.video.queued.v1", source="/flipbook", subject=f"video_{uuid.uuid4().hex}", bell="ring"
    )


@pytest.fixture(scope="module")
def environ(tmp_path_factory):
    """What Secrets and ConfigMaps hold on a cluster; no K_SERVICE, K_REVISION or K_CONFIGURATION."""
    folder = tmp_path_factory.mktemp("stores")
    (folder / "artifacts").mkdir()
    with redis(folder) as redis_url, Sink() as sink:
        yield {
            "REDIS_URL": redis_url,
            "ARTIFACTS_URL": f"file://{folder}/artifacts",
            "K_SINK": sink.url,
            "API_KEYS": KEY,
            "KEY_PEPPER": secrets.token_hex(32),
            "WEBHOOK_SECRET": f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}",
            "WEBHOOK_KEY": base64.b64encode(secrets.token_bytes(32)).decode(),
            "ENGINE": "tests.engines.as_told:AsTold",
            "HEARTBEAT_SECONDS": "0.5",
            "OMP_NUM_THREADS": "1",
        }


@pytest.fixture(scope="module")
def containers(environ, tmp_path_factory):
    started = {name: Container(tmp_path_factory.mktemp("containers"), name, environ) for name in FUNCTIONS}
    try:
        yield {name: container.ready() for name, container in started.items()}
    finally:
        for container in started.values():
            container.kill()


@pytest.fixture
def start(environ, tmp_path):
    """A container of the test's own, with variables beside the usual ones."""
    started = []

    def build(name, **variables):
        started.append(Container(tmp_path, name, environ | variables))
        return started[-1].ready()

    yield build
    for container in started:
        container.kill()


@pytest.mark.parametrize("name", FUNCTIONS)
def test_it_listens_at_port_on_every_address_without_a_variable_of_knatives(containers, name):
    assert 200 == containers[name].ask("GET", "/healthz", host="127.0.0.2").status


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_paths_of_its_probes_answer(containers, name):
    probes = [manifest(name)[probe]["httpGet"]["path"] for probe in ("readinessProbe", "livenessProbe")]
    assert [200, 200] == [containers[name].ask("GET", path).status for path in probes]


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("headers", [{}, sent(specversion="9.9"), sent(id="")], ids=["none", "version", "no id"])
def test_what_is_no_event_is_400(containers, name, headers):
    assert 400 == containers[name].ask("POST", EVENTS[name], b"{}", ASKS | headers).status


@pytest.mark.parametrize("name", FUNCTIONS)
def test_an_event_route_cannot_be_read_and_says_what_it_takes(containers, name):
    answer = containers[name].ask("GET", EVENTS[name], headers=ASKS)
    assert 405 == answer.status
    assert "POST" in answer.headers["allow"]


@pytest.mark.parametrize(
    ("name", "type_"),
    [
        ("submit", "dev.flipbook.video.requested.v1"),
        ("generate", "dev.flipbook.video.queued.v1"),
        ("notify", "dev.flipbook.deliveries.due.v1"),
        ("recover", "dev.knative.sources.ping"),
    ],
)
def test_an_event_and_its_duplicate_are_answered_with_nothing_in_binary_and_structured_mode(containers, name, type_):
    data = VIDEO if name == "submit" else {}
    binary, body = sent(type=type_), json.dumps(data).encode()
    fields = {key[3:]: value for key, value in binary.items() if key.startswith("Ce-")}
    structured = ASKS | {"Content-Type": "application/cloudevents+json"}

    answers = [
        containers[name].ask("POST", EVENTS[name], body, binary, timeout=30),
        containers[name].ask("POST", EVENTS[name], body, binary, timeout=30),
        containers[name].ask(
            "POST", EVENTS[name], json.dumps(fields | {"data": data}).encode(), structured, timeout=30
        ),
    ]

    assert {(202 if name == "submit" else 200, b"")} == {(answer.status, answer.body) for answer in answers}


def test_variables_of_knatives_change_nothing(start):
    container = start("notify", K_SERVICE="notify", K_CONFIGURATION="notify", K_REVISION="notify-00001")
    assert (200, 0) == (container.ask("GET", "/readyz").status, container.end())


def test_a_container_without_a_home_says_nothing_of_gunicorns_socket(containers):
    assert not [name for name, container in containers.items() if "ontrol server" in container.log.read_text()]


@pytest.mark.parametrize("name", ["submit", "notify", "recover"])
def test_after_sigterm_an_idle_one_ends_with_0(start, name):
    assert 0 == start(name).end()


def drawing(submit, generate):
    """A bell that generate holds, and the video that it draws meanwhile."""
    created = submit.ask("POST", "/v1/videos", json.dumps(SLOW).encode(), ASKS)
    assert created.status == 202
    video = f"/v1/videos/{created.json['id']}"
    answers = []
    bell = threading.Thread(target=lambda: answers.append(generate.ask("POST", "/", b"{}", wake_up(), timeout=60)))
    bell.start()
    await_status(submit, video, "in_progress")
    return video, bell, answers


def await_status(submit, video, status):
    deadline = time.monotonic() + 30
    while (found := submit.ask("GET", video, headers=ASKS).json)["status"] != status:
        assert time.monotonic() < deadline, found
        time.sleep(0.05)
    return found


def test_probes_are_answered_within_3_s_while_it_draws_and_another_bell_is_429(containers, start):
    submit, generate = containers["submit"], start("generate")
    video, bell, answers = drawing(submit, generate)

    assert [200] * 3 == [generate.ask("GET", path).status for path in ("/healthz", "/readyz", "/metrics")]
    assert 429 == generate.ask("POST", "/", b"{}", wake_up()).status

    assert 200 <= submit.ask("POST", f"{video}/cancel", b"", ASKS).status < 300
    bell.join(30)
    assert [(200, b"")] == [(answer.status, answer.body) for answer in answers]


def test_after_sigterm_a_held_bell_is_answered_and_the_job_put_back(containers, start):
    submit, generate = containers["submit"], start("generate")
    video, bell, answers = drawing(submit, generate)
    began = time.monotonic()

    assert 0 == generate.end()

    assert time.monotonic() - began < 20
    bell.join(5)
    assert [(200, b"")] == [(answer.status, answer.body) for answer in answers]
    assert "queued" == await_status(submit, video, "queued")["status"]
    assert 200 <= submit.ask("POST", f"{video}/cancel", b"", ASKS).status < 300


def test_after_sigterm_a_caller_who_waits_is_answered(containers, start):
    submit = start("submit")
    created = submit.ask("POST", "/v1/videos", json.dumps(SLOW).encode(), ASKS).json["id"]
    connection = http.client.HTTPConnection("127.0.0.1", submit.port, timeout=30)
    connection.request("GET", f"/v1/videos/{created}?wait=20", headers=ASKS)
    assert 200 == submit.ask("GET", "/healthz").status  # whoever came before it is inside

    status = submit.end()

    assert (0, 200) == (status, connection.getresponse().status)
    connection.close()
    assert 200 <= containers["submit"].ask("POST", f"/v1/videos/{created}/cancel", b"", ASKS).status < 300
