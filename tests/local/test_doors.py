"""The two doors of a running platform: the public one and the Broker's."""

from __future__ import annotations

import gzip
import http.client
import json
import socket
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.local.stand import EVENT, Running, call, platform, service, trigger, until


def exchange(port, request):
    """What comes back for these very characters."""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.sendall(request.encode())
        return connection.recv(65536)


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    started = Running(tmp_path_factory.mktemp("doors"), platform(triggers=[trigger("door", "door")])).start()
    yield started
    assert 0 == started.stop()
    assert [] == started.left


def test_the_banner_names_all_that_a_newcomer_needs(running):
    key = (running.data / "api-key").read_text().strip()
    for text in (running.api, key, running.broker, "/status", "webhook-secret", "loopback", "curl", "Ctrl-C stops"):
        assert running.said(text), text


def test_a_request_wakes_the_public_service_and_is_answered(running):
    assert 200 == call(f"{running.api}/hello").status
    assert ["Ready"] == [instance["state"] for instance in running.instances("door")]


def test_bodies_and_headers_pass_both_ways_untouched(running):
    body = bytes(range(256)) * 4096
    answer = call(f"{running.api}/echo", method="PUT", body=body)
    assert (201, "PUT", ["a=1", "b=2"]) == (
        answer.status,
        answer.headers["X-Method"],
        answer.headers.get_all("Set-Cookie"),
    )
    assert body == answer.body


def test_a_body_is_passed_on_while_it_is_still_being_sent(running):
    connection = http.client.HTTPConnection("127.0.0.1", running.port, timeout=10)
    connection.request(
        "POST", "/echo", iter([b"a" * 10, b"b" * 10]), {"Transfer-Encoding": "chunked"}, encode_chunked=True
    )
    assert b"a" * 10 + b"b" * 10 == connection.getresponse().read()
    connection.close()


def test_an_answer_is_passed_on_while_it_is_still_being_made(running):
    call(f"{running.api}/hello")
    connection = http.client.HTTPConnection("127.0.0.1", running.port, timeout=10)
    at = time.monotonic()
    connection.request("GET", "/drip")
    response = connection.getresponse()
    first = response.read(9), time.monotonic() - at
    rest = response.read(), time.monotonic() - at
    connection.close()
    assert (b"data: 0\n\n", b"data: 1\n\ndata: 2\n\n") == (first[0], rest[0])
    assert first[1] < 0.5 < rest[1]


def test_an_answer_that_breaks_off_is_not_taken_for_a_whole_one(running):
    connection = http.client.HTTPConnection("127.0.0.1", running.port, timeout=10)
    connection.request("GET", "/drip?die")
    with pytest.raises((http.client.IncompleteRead, ConnectionError)):
        connection.getresponse().read()
    connection.close()


def test_an_answer_without_a_body_ends_at_its_head(running):
    """The next one on the same connection shows that nothing was left on it, and nothing was missing."""
    connection = http.client.HTTPConnection("127.0.0.1", running.port, timeout=10)
    answers = []
    for method, body in (("HEAD", None), ("POST", '{"status": 204}'), ("POST", '{"status": 304}'), ("GET", None)):
        connection.request(method, "/hello", body)
        response = connection.getresponse()
        answers.append((response.status, response.read()))
    connection.close()
    assert [(200, b""), (204, b""), (304, b""), (200, b"")] == answers


def test_a_path_reaches_the_function_as_it_was_sent(running):
    call(f"{running.api}/a%2Fb%20c?x=%26")
    assert "/a/b c" == running.notes(service="door")[-1]["path"]


def test_an_instance_finds_what_a_container_would(running):
    environ = json.loads(call(f"{running.api}/environ").body)
    names = ("K_SERVICE", "K_REVISION", "K_CONFIGURATION")
    assert ["door", "door-00001", "door"] == [environ[name] for name in names]
    assert environ["GUNICORN_CMD_ARGS"] == f"--bind=127.0.0.1:{environ['PORT']}"


@pytest.mark.parametrize("line", ["CONNECT x@{0}", "CONNECT {0}", "OPTIONS *", "GET http://{0}/"])
def test_a_request_that_names_another_host_reaches_nobody(running, line):
    with socket.create_server(("127.0.0.1", 0)) as elsewhere:
        host = "{}:{}".format(*elsewhere.getsockname())
        assert b"400" == exchange(running.port, f"{line.format(host)} HTTP/1.1\r\nHost: x\r\n\r\n").split()[1]
        elsewhere.settimeout(0.2)
        with pytest.raises(TimeoutError):
            elsewhere.accept()


def test_a_compressed_body_passes_as_it_is(running):
    body = gzip.compress(b"a" * 1000)
    headers = {"Content-Encoding": "gzip"}
    assert body == call(f"{running.api}/echo", method="POST", body=body, headers=headers).body


def test_a_broken_request_leaves_no_secret_in_the_log(running):
    answer = exchange(running.port, "GET / HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer fb_sesame\0\r\n\r\n")
    assert b"400" == answer.split()[1]
    until(lambda: running.said("no HTTP that can be read: BadHttpMessage"))
    assert not running.said("sesame")
    assert not running.said("Traceback")


def test_an_event_cannot_begin_a_line_of_the_log(running):
    way = {"Ce-Id": "%0Aforged", "Ce-Source": "/test", "Ce-Type": "door", "Ce-Specversion": "1.0"}
    assert 202 == call(running.broker, method="POST", body=json.dumps({"status": 400}).encode(), headers=way).status
    until(lambda: running.said("LOST"))
    assert not [line for line in running.lines if line.startswith("forged")]


def test_a_caller_who_goes_away_gives_the_place_free(running):
    connection = http.client.HTTPConnection("127.0.0.1", running.port, timeout=10)
    connection.request("POST", "/", json.dumps({"hold": 3}))
    until(lambda: [i for i in running.instances("door") if i["in_flight"]])
    connection.close()
    until(lambda: not [i for i in running.instances("door") if i["in_flight"]], seconds=2)


def test_an_event_is_accepted_and_delivered_as_on_knative(running):
    before = len(running.notes(service="door"))
    assert (
        202
        == call(running.broker, method="POST", body=b"{}", headers={**EVENT, "Content-Type": "application/json"}).status
    )
    until(lambda: len(running.notes(service="door")) > before)
    note = running.notes(service="door")[-1]
    assert {
        "host": "door.flipbook.svc.cluster.local",
        "prefer": "reply",
        "kn-namespace": "flipbook",
        "k-proxy-request": "activator",
        "user-agent": "Go-http-client/1.1",
        "x-forwarded-for": "127.0.0.1",
    }.items() <= note["headers"].items()
    assert ("1", "application/json", "{}") == (note["headers"]["ce-id"], note["content_type"], note["body"])
    assert "ce-knativearrivaltime" in note["headers"]
    assert "ce-knativebrokerttl" not in note["headers"]


def test_a_structured_event_is_delivered_in_binary_mode(running):
    body = {"specversion": "1.0", "id": "s1", "source": "/test", "type": "door", "data": {"status": 200}}
    headers = {"Content-Type": "application/cloudevents+json"}
    assert 202 == call(running.broker, method="POST", body=json.dumps(body).encode(), headers=headers).status
    note = until(lambda: [n for n in running.notes(service="door") if n["headers"].get("ce-id") == "s1"])[0]
    assert '{"status":200}' == note["body"]


@pytest.mark.parametrize(
    ("status", "path", "method", "headers"),
    [
        (400, "", "POST", {}),
        (400, "", "POST", {**EVENT, "Ce-Specversion": "7"}),
        (404, "-not", "POST", EVENT),
        (405, "", "GET", {}),
        (405, "", "PUT", EVENT),
        (200, "", "OPTIONS", {}),
        (413, "", "POST", {**EVENT, "Content-Length": str(1024**2 + 1)}),
    ],
)
def test_what_the_broker_answers(running, status, path, method, headers):
    body = b"x" * int(headers["Content-Length"]) if "Content-Length" in headers else b""
    assert status == call(running.broker + path, method=method, body=body, headers=headers).status


def test_a_cluster_local_service_is_not_to_be_had_from_outside(running):
    call(f"{running.api}/hello", headers={"Host": "worker.flipbook.svc.cluster.local"})
    assert "door" == running.notes(service="door")[-1]["service"]


def test_many_callers_at_once_are_all_answered(running):
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: call(f"{running.api}/hello").status, range(60)))
    assert [200] * 60 == answers


def test_a_taken_port_is_said_in_a_sentence(running, tmp_path):
    other = Running(tmp_path, platform(), PORT=str(running.port)).start()
    assert 2 == other.wait()
    assert [
        f"flipbook: Port {running.port} on 127.0.0.1 cannot be had (Address already in use). Set PORT to another: it and the next one are used.\n"
    ] == other.lines


def test_a_folder_in_use_is_said_in_a_sentence(running, tmp_path):
    other = Running(tmp_path, platform(), DATA_DIR=str(running.data)).start()
    assert 2 == other.wait()
    assert other.lines[0].startswith(f"flipbook: Another runtime uses the data folder {running.data}.")


@pytest.mark.parametrize(
    ("variable", "value", "sentence"),
    [
        ("PORT", "eighty", "flipbook: PORT: 'eighty' is not a whole number from 1 to 65534.\n"),
        ("PORT", "\u0663", "flipbook: PORT: "),
        ("ARTIFACTS_URL", "folder", "flipbook: ARTIFACTS_URL: must begin with s3:// or file:// or memory://.\n"),
        ("REDIS_URL", "redis://127.0.0.1:port", "flipbook: REDIS_URL: must be a URL: look at its host and port.\n"),
        ("REDIS_URL", "redis://127.0.0.1:1?typo=1", "flipbook: REDIS_URL: has an option behind the ?"),
        ("LEASE_SECONDS", "soon", "flipbook: LEASE_SECONDS: "),
        ("REDIS_URL", "redis://127.0.0.1:1", "flipbook: Redis at 127.0.0.1 does not answer: "),
    ],
)
def test_a_wrong_value_is_said_in_a_sentence(tmp_path, variable, value, sentence):
    other = Running(tmp_path, platform(), **{variable: value}).start()
    assert 2 == other.wait()
    assert 1 == len(other.lines)
    assert other.lines[0].startswith(sentence)


def test_a_service_that_cannot_start_is_tried_again_with_growing_waits(tmp_path):
    broken = service(command=["gunicorn", "--no-control-socket", "no_such_module:app"], min_scale=1)
    running = Running(tmp_path, platform(broken)).start()
    until(lambda: running.said("the next try is in 1 s"))
    assert running.said("worker-1 ended by itself with status 3 before it was ready; the next try is in 0.5 s")
    assert 0 == running.stop()
