"""What text may hold, at every door: the same characters are refused, and the same text is kept."""

import json
from urllib.parse import urlencode

import pytest

REFUSED = {
    "lone high surrogate": "\ud800",
    "lone low surrogate": "\udfff",
    "NUL": "\x00",
    "bell": "\x07",
    "escape": "\x1b",
    "delete": "\x7f",
    "next line": "\x85",
    "Arabic letter mark": "\u061c",
    "left-to-right mark": "\u200e",
    "right-to-left override": "\u202e",
    "first strong isolate": "\u2068",
    "zero width space": "\u200b",
    "word joiner": "\u2060",
    "byte order mark": "\ufeff",
    "tag": "\U000e0041",
}
KEPT = {
    "accents in two characters": ("e\u0301", "é"),
    "accents in one": ("é", "é"),
    "Hangul in letters": ("\u1112\u1161\u11ab", "한"),
    "an angstrom": ("\u212b", "Å"),
    "zero width joiner": ("👩\u200d🚀", "👩\u200d🚀"),
    "zero width non-joiner": ("می\u200cخواهم", "می\u200cخواهم"),
    "right to left": ("שלום مرحبا", "שלום مرحبا"),
    "line breaks of both kinds": ("a\r\nb\nc\td", "a\nb\nc\td"),
    "beyond the first plane": ("𝔣𝔩𝔦𝔭", "𝔣𝔩𝔦𝔭"),
    "as it stands on screens": ("ﬁ", "ﬁ"),
}


def as_json(prompt):
    return {"path": "/v1/videos", "data": json.dumps({"prompt": prompt}), "content_type": "application/json"}


def as_form(prompt):
    data = urlencode({"prompt": prompt.encode(errors="surrogatepass")})
    return {"path": "/v1/videos", "data": data, "content_type": "application/x-www-form-urlencoded"}


def as_multipart(prompt):
    part = b'--x\r\nContent-Disposition: form-data; name="prompt"\r\n\r\n%s\r\n--x--\r\n'
    data = part % prompt.encode(errors="surrogatepass")
    return {"path": "/v1/videos", "data": data, "content_type": "multipart/form-data; boundary=x"}


EVENT = {"specversion": "1.0", "id": "1", "source": "/a", "type": "dev.flipbook.video.requested.v1"}


def as_structured_event(prompt):
    data = json.dumps(EVENT | {"data": {"prompt": prompt}})
    return {"path": "/", "data": data, "content_type": "application/cloudevents+json"}


def as_binary_event(prompt):
    return as_json(prompt) | {"path": "/", "headers": {f"ce-{name}": value for name, value in EVENT.items()}}


DOORS = [as_json, as_form, as_multipart, as_structured_event, as_binary_event]


@pytest.fixture
def post(client, auth):
    return lambda path, headers=(), **said: client.post(path, headers=auth | dict(headers), **said)


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("char", REFUSED.values(), ids=REFUSED)
def test_what_could_hide_words_is_refused_at_every_door(post, services, door, char):
    answer = post(**door(f"a red {char} cat"))

    assert 400 == answer.status_code
    assert "\ufffd" not in answer.json["detail"]
    assert "red" not in answer.get_data(as_text=True)
    assert 0 == services.jobs.depth().waiting


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize(("said", "kept"), KEPT.values(), ids=KEPT)
def test_text_of_any_script_is_kept_in_nfc_from_every_door(post, services, door, said, kept):
    assert 202 == post(**door(said)).status_code

    (job,) = services.jobs.page("default", limit=2).jobs
    assert kept == job.request.prompt


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize(("size", "status"), [(2001, 400), (8001, 400), (70_000, 413), (1_000_000, 413)])
def test_what_is_too_long_is_refused_at_every_door(post, services, door, size, status):
    answer = post(**door("a" * size))

    assert status == answer.status_code
    assert len(answer.data) < 2000
    assert 0 == services.jobs.depth().waiting


@pytest.mark.parametrize("door", DOORS)
def test_a_text_that_grows_in_nfc_is_measured_as_it_is_kept(post, door):
    assert 202 == post(**door("e\u0301" * 2000)).status_code
    assert 400 == post(**door("\u0958" * 1001)).status_code  # NFC makes two of each


@pytest.mark.parametrize("place", ["id", "source"])
@pytest.mark.parametrize("char", ["\x00", "\ud800", "\x7f", "\ufffe"])
def test_an_event_s_own_words_are_held_to_its_spec(post, services, place, char):
    event = EVENT | {place: f"a{char}b", "data": {"prompt": "a red cat"}}

    answer = post("/", data=json.dumps(event), content_type="application/cloudevents+json")

    assert (400, "invalid_event") == (answer.status_code, answer.json["error"]["code"])
    assert 0 == services.jobs.depth().waiting


@pytest.mark.parametrize(
    ("data", "content_type"),
    [
        (b'{"prompt": "\xff"}', "application/json"),
        (b"prompt=%ff", "application/x-www-form-urlencoded"),
        (
            b'--x\r\nContent-Disposition: form-data; name="prompt"\r\n\r\n\xff\r\n--x--\r\n',
            "multipart/form-data; boundary=x",
        ),
        (b'{"prompt": "a", "\\ud800": 1}', "application/json"),
        (b'{"prompt": "a", "metadata": {"a": "\\ud800"}}', "application/json"),
        (b'{"prompt": "a", "metadata": {"\\ud800": "a"}}', "application/json"),
    ],
)
def test_bytes_that_are_no_text_are_refused(post, services, data, content_type):
    answer = post("/v1/videos", data=data, content_type=content_type)

    assert 400 == answer.status_code
    assert 0 == services.jobs.depth().waiting
