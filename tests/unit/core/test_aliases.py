"""Other clients' words: they mean what ours mean, two at once are refused, and what Mochi-1 cannot do is said."""

import pytest

from shared.core.aliases import Aside
from shared.core.errors import InvalidRequest
from shared.core.request import parse, resolve

MODELS = ("mochi-1-preview", "mochi-1-tiny")


def asked(header=None, model_aliases=None, **fields):
    body = {"prompt": "a fox"} | fields
    asides = [Aside("webhook", header, "the header X-Callback-Url")] if header is not None else []
    return parse(body, models=MODELS, model_aliases=model_aliases or {}, asides=asides).wish


def refused(header=None, **fields):
    with pytest.raises(InvalidRequest) as caught:
        asked(header, **fields)
    return caught.value


URL = "https://example.com"
HOOK = {"callback_url": URL}
SAME = [
    ({"steps": 9}, {"num_inference_steps": 9}),
    ({"width": 848, "height": 480}, {"size": "848x480"}),
    ({"webhook_url": "https://example.com"}, {"webhook": "https://example.com"}),
    ({"callback_url": "https://example.com"}, {"webhook": "https://example.com"}),
    ({"user": "ada"}, {"metadata": {"user": "ada"}}),
    ({"user": "ada", "metadata": {"a": "b"}}, {"metadata": {"a": "b", "user": "ada"}}),
    ({"user": "ada", "metadata": {"user": "ada"}}, {"metadata": {"user": "ada"}}),
    ({"extra_body": {"seed": 7}}, {"seed": 7}),
    ({"extra_params": '{"steps": 9}'}, {"num_inference_steps": 9}),
    ({"extra_body": {"seed": 7}, "extra_params": {"size": "64x64"}}, {"seed": 7, "size": "64x64"}),
    ({"n": 1, "input_reference": None, "characters": [], "extra_body": None, "steps": None, "user": None}, {}),
    ({"width": None, "height": None, "size": "64x64"}, {"size": "64x64"}),
    ({"max_time_in_queue_seconds": 60}, {"queue_ttl_seconds": 60}),
    ({"num_outputs_per_prompt": 1}, {}),
    (HOOK | {"webhook_events_filter": ["video.failed"]}, {"webhook": {"url": URL, "events": ["video.failed"]}}),
    (HOOK | {"webhook_events_filter": ["completed"]}, {"webhook": {"url": URL, "events": []}}),
    ({"webhook": {"url": URL}, "webhook_events_filter": []}, {"webhook": {"url": URL, "events": []}}),
]


@pytest.mark.parametrize(("theirs", "ours"), SAME, ids=lambda value: ascii(value)[:50])
def test_another_word_means_the_same(theirs, ours):
    assert asked(**ours) == asked(**theirs)


def test_a_header_names_the_callback():
    assert asked(webhook="https://example.com") == asked("https://example.com")


TWICE = [
    ({"steps": 9, "num_inference_steps": 9}, "/steps", "num_inference_steps"),
    ({"webhook_url": "https://a", "webhook": "https://a"}, "/webhook_url", "webhook"),
    ({"webhook_url": "https://a", "callback_url": "https://b"}, "/callback_url", "webhook_url"),
    ({"width": 96, "size": "96x64"}, "/width", "size"),
    ({"width": 96, "height": 64, "size": "96x64"}, "/width", "size"),
    ({"height": 64, "size": "96x64"}, "/height", "size"),
    ({"user": "ada", "metadata": {"user": "bob"}}, "/user", "metadata.user"),
    ({"seed": 1, "extra_body": {"seed": 1}}, "/extra_body/seed", "seed"),
    ({"extra_body": {"seed": 1}, "extra_params": {"seed": 1}}, "/extra_params/seed", "seed"),
    ({"steps": 2, "extra_body": {"num_inference_steps": 2}}, "/steps", "num_inference_steps"),
    ({"n": 1, "num_outputs_per_prompt": 1}, "/num_outputs_per_prompt", "n"),
    (
        {"webhook": {"url": URL, "events": ["video.failed"]}, "webhook_events_filter": ["video.failed"]},
        "/webhook_events_filter",
        "webhook.events",
    ),
]


@pytest.mark.parametrize(("fields", "pointer", "other"), TWICE, ids=lambda value: ascii(value)[:50])
def test_two_words_for_one_thing_are_refused_by_both_names(fields, pointer, other):
    told = [(problem.pointer, problem.detail) for problem in refused(**fields).problems]

    assert [(pointer, f"says the same as {other}: give one of them")] == told


@pytest.mark.parametrize("name", ["webhook", "webhook_url", "callback_url"])
def test_the_header_is_a_second_word_too(name):
    told = [(problem.pointer, problem.detail) for problem in refused("https://a", **{name: "https://a"}).problems]

    assert [(f"/{name}", "says the same as the header X-Callback-Url: give one of them")] == told


WRONG = [
    ({"steps": 1}, "/steps"),
    ({"steps": "many"}, "/steps"),
    ({"webhook_url": ""}, "/webhook_url"),
    ({"callback_url": 5}, "/callback_url"),
    ({"width": 96}, "/width"),
    ({"height": 64}, "/height"),
    ({"width": True, "height": 64}, "/width"),
    ({"width": "96", "height": 64}, "/width"),
    ({"width": 10**6, "height": 64}, "/width"),
    ({"width": 97, "height": 64}, "/size"),
    ({"user": 5}, "/user"),
    ({"user": "u" * 513}, "/metadata/user"),
    ({"n": 0}, "/n"),
    ({"n": "2"}, "/n"),
    ({"n": True}, "/n"),
    ({"extra_body": "seed"}, "/extra_body"),
    ({"extra_body": [1]}, "/extra_body"),
    ({"extra_params": "[1]"}, "/extra_params"),
    ({"extra_body": {"extra_body": {}}}, "/extra_body"),
    ({"extra_body": {"typo": 1}}, "/typo"),
    ({"size_policy": "any"}, "/size_policy"),
    ({"max_time_in_queue_seconds": 0}, "/max_time_in_queue_seconds"),
    ({"num_outputs_per_prompt": 0}, "/num_outputs_per_prompt"),
    ({"webhook_events_filter": ["completed"]}, "/webhook_events_filter"),
    (HOOK | {"webhook_events_filter": ["video.failed", "start"]}, "/webhook_events_filter/1"),
    (HOOK | {"webhook_events_filter": "start"}, "/webhook_events_filter"),
]


@pytest.mark.parametrize(("fields", "pointer"), WRONG, ids=lambda value: ascii(value)[:50])
def test_a_wrong_value_is_told_under_the_name_that_was_written(fields, pointer):
    error = refused(**fields)

    assert ("invalid_parameter", [pointer]) == (error.code, [problem.pointer for problem in error.problems])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("input_reference", {"image_url": "https://a"}),
        ("input_reference", ""),
        ("reference_url", URL),
        ("image_reference", {"file_id": "file-1"}),
        ("characters", [{"id": "c"}]),
        ("n", 2),
        ("num_outputs_per_prompt", 4),
    ],
)
def test_what_mochi_cannot_do_is_said_and_comes_first(name, value):
    error = refused(**{name: value, "seed": -1})

    assert "unsupported_feature" == error.code
    assert [f"/{name}", "/seed"] == [problem.pointer for problem in error.problems]


def test_a_place_in_our_own_store_is_not_supported_whatever_else_the_output_says():
    error = refused(output={"s3_key_prefix": "x", "crf": 20})

    assert ("unsupported_feature", ["/output/s3_key_prefix"]) == (error.code, [p.pointer for p in error.problems])
    assert "output.upload_url" in error.problems[0].detail


def test_a_presigned_url_is_where_the_video_is_sent():
    assert (URL, 20) == ((output := asked(presigned_url=URL, output={"crf": 20}).output).upload_url, output.crf)
    assert URL == asked(presigned_url=URL).output.upload_url
    for fields, pointer in (
        ({"presigned_url": URL, "output": {"upload_url": URL}}, "/presigned_url"),
        ({"presigned_url": 7}, "/presigned_url"),
        ({"presigned_url": URL, "output": 7}, "/output"),
    ):
        assert [pointer] == [problem.pointer for problem in refused(**fields).problems]


def test_a_model_has_the_other_names_that_it_is_given_and_no_more():
    names = {"sora-2": "mochi-1-preview"}

    assert "mochi-1-preview" == asked(model="sora-2", model_aliases=names).model
    assert ["/model"] == [problem.pointer for problem in refused(model="sora-2-pro", model_aliases=names).problems]
    assert ["/model"] == [problem.pointer for problem in refused(model="sora-2").problems]


NEAREST = [
    ("1280x720", (848, 480)),
    ("720x1280", (480, 848)),
    ("1792x1024", (848, 480)),
    ("1024x1792", (480, 848)),
    ("848x480", (848, 480)),
    ("850x490", (848, 496)),
    ("100x90", (96, 96)),
    ("32x16", (128, 64)),
    ("1x1", (64, 64)),
    ("99999x1", (848, 64)),
    ("1x99999", (64, 848)),
]


@pytest.mark.parametrize(("size", "drawn"), NEAREST)
def test_a_size_that_cannot_be_drawn_becomes_the_nearest_on_request(size, drawn):
    request = resolve(asked(size=size, size_policy="nearest"), models=MODELS, seed=1)

    assert drawn == (request.width, request.height)


@pytest.mark.parametrize("fields", [{}, {"size_policy": "exact"}, {"size_policy": None}])
def test_a_size_that_cannot_be_drawn_is_refused_without_that_request(fields):
    assert {"/size"} == {problem.pointer for problem in refused(size="1280x720", **fields).problems}


def test_a_size_without_area_is_refused_whatever_is_near():
    assert ["/size"] == [problem.pointer for problem in refused(size="0x64", size_policy="nearest").problems]
