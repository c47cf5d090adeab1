"""/docs: the document for people, in a page that loads nothing and runs nothing."""

from __future__ import annotations

import threading
from contextlib import contextmanager

import pytest
from werkzeug.serving import make_server

from functions.submit.document_page import POLICY, prose, type_of
from tests import needs
from tests.e2e.browser import visit


@pytest.fixture(scope="module")
def page(app):
    return app.test_client().get("/docs")


@contextmanager
def served(app):
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_every_operation_and_every_object_of_the_document_is_on_the_page(app, page):
    document = app.test_client().get("/openapi.json").json
    operations = [found["operationId"] for item in document["paths"].values() for found in item.values()]

    for name in (*operations, *document["components"]["schemas"]):
        assert 1 == page.text.count(f'<section id="{name}">'), name
        assert f'href="#{name}"' in page.text


def test_each_link_leads_to_something_on_the_page(page):
    leads = {part.partition('"')[0] for part in page.text.split('href="#')[1:]}
    places = {part.partition('"')[0] for part in page.text.split(' id="')[1:]}

    assert set() == leads - places


def test_the_policy_lets_nothing_in_but_the_page_s_own_style(page):
    assert POLICY == page.headers["Content-Security-Policy"]
    assert POLICY.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in POLICY
    assert "<script" not in page.text


def test_a_browser_shows_it_refuses_nothing_and_asks_nobody_else(app, tmp_path):
    needs.require("chromium")
    with served(app) as url:
        seen = visit(f"{url}/docs", tmp_path)

        assert 'id="createVideo"' in seen.dom
        assert [] == seen.refused
        assert [f"{url}/docs"] == seen.asked


def test_what_a_browser_refuses_and_asks_for_is_found(tmp_path):
    needs.require("chromium")
    text = b"<!doctype html><title>x</title><style>p {color: red}</style><img src='http://127.0.0.1:9/x.png'>"
    policies = [("Content-Type", "text/html"), ("Content-Security-Policy", "style-src 'none'")]

    def app(environ, start_response):
        start_response("200 OK", policies)
        return [text]

    with served(app) as url:
        seen = visit(f"{url}/", tmp_path)

    assert 1 == len(seen.refused)
    assert "http://127.0.0.1:9/x.png" in seen.asked


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"type": "string", "maxLength": 2000}, "string up to 2,000"),
        ({"enum": ["asc", "desc"]}, "asc | desc"),
        ({"enum": list(range(7, 164, 6))}, "7 | 13 | 19 | ... | 163"),
        ({"anyOf": [{"type": "integer", "minimum": 0}, {"type": "null"}]}, "integer from 0 or null"),
        ({"type": "array", "items": {"$ref": "#/components/schemas/Video"}}, 'list of <a href="#Video">Video</a>'),
        ({"const": "<b>"}, "&#34;&lt;b&gt;&#34;"),
    ],
)
def test_a_schema_is_told_in_a_few_words(schema, words):
    assert words == str(type_of(schema))


def test_prose_is_escaped_and_may_hold_code():
    assert "<p>a &lt;b&gt; <code>c</code></p><p>d</p>" == str(prose("a <b> `c`\n\nd"))
