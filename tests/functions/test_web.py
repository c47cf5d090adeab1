"""The page for people: its files as they were built, under a policy that lets nothing else in."""

import gzip
import re

import pytest

from functions.submit.app import create_app
from functions.submit.web_page import POLICY
from tests.witness import watched

INDEX = b"<!doctype html><title>Flipbook</title>"
SCRIPT = b"console.log('hello');" * 50


@pytest.fixture
def web(tmp_path):
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_bytes(INDEX)
    (tmp_path / "assets" / "main-1a2b.js").write_bytes(SCRIPT)
    (tmp_path / "secret.txt").write_text("not for you")
    return tmp_path


@pytest.fixture
def client(settings_with, services, web):
    """Nobody shows a key."""
    return watched(create_app(settings_with(WEB_DIR=str(web)), services)).test_client()


def test_the_page_is_there_for_everybody_and_asked_for_again_each_time(client):
    answer = client.get("/")

    assert (200, INDEX, "text/html; charset=utf-8") == (answer.status_code, answer.data, answer.content_type)
    assert "no-cache" == answer.headers["Cache-Control"]
    again = client.get("/", headers={"If-None-Match": answer.headers["ETag"]})
    assert (304, b"") == (again.status_code, again.data)


def test_its_files_never_change_and_are_kept(client):
    answer = client.get("/assets/main-1a2b.js")

    assert (200, SCRIPT, "text/javascript; charset=utf-8") == (answer.status_code, answer.data, answer.content_type)
    assert {"public", "max-age=31536000", "immutable"} == set(answer.headers["Cache-Control"].split(", "))


def test_who_understands_gzip_gets_it(client):
    answer = client.get("/assets/main-1a2b.js", headers={"Accept-Encoding": "br, gzip"})

    assert ("gzip", "Accept-Encoding") == (answer.headers["Content-Encoding"], answer.headers["Vary"])
    assert SCRIPT == gzip.decompress(answer.data)
    assert len(answer.data) < len(SCRIPT)


def test_nothing_may_run_or_load_but_what_is_ours(client):
    headers = client.get("/").headers

    assert POLICY == headers["Content-Security-Policy"]
    assert not re.search(r"unsafe|https?:|\*|data:", POLICY)
    assert POLICY.startswith("default-src 'none'; script-src 'self';")
    assert ("no-referrer", "same-origin", "nosniff") == tuple(
        headers[name] for name in ("Referrer-Policy", "Cross-Origin-Opener-Policy", "X-Content-Type-Options")
    )


@pytest.mark.parametrize(
    "path",
    ["/assets/index.html", "/assets/secret.txt", "/assets/..%2Fsecret.txt", "/assets/../secret.txt", "/assets/", "/x"],
)
def test_no_other_file_is_found(client, path):
    assert client.get(path).status_code in (401, 404)
    assert b"not for you" not in client.get(path).data


def test_where_it_was_not_built_it_says_so_and_the_api_is_there(settings, services, auth):
    client = watched(create_app(settings, services)).test_client()

    answer = client.get("/")

    assert (404, "not_found") == (answer.status_code, answer.json["error"]["code"])
    assert "npm run build" in answer.json["detail"]
    assert 200 == client.get("/v1/videos", headers=auth).status_code


def test_a_file_that_comes_later_is_not_served_before_the_next_start(client, web):
    """So that the page and its files are of one build."""
    (web / "assets" / "late.js").write_bytes(b"x")

    assert 404 == client.get("/assets/late.js").status_code
