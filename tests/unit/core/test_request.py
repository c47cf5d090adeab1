"""What a caller may ask for: each field on its own, all wrong ones at once, and what a right one means."""

import time

import pytest

from shared.core.bounds import Allowance
from shared.core.errors import InvalidRequest
from shared.core.priority import Priority
from shared.core.request import VideoRequest, parse, resolve
from shared.core.text import MAX_PROMPT
from shared.core.wish import MAX_SEED, WEBHOOK_EVENTS, CreateVideo

MODELS = ("mochi-1-preview", "mochi-1-tiny")


def problems(body: object) -> list[tuple[str, str]]:
    with pytest.raises(InvalidRequest) as caught:
        parse(body, models=MODELS)
    return [(problem.pointer, problem.detail) for problem in caught.value.problems]


def pointers(body: object) -> list[str]:
    return [pointer for pointer, _ in problems(body)]


def asked(**fields: object) -> CreateVideo:
    return parse({"prompt": "a fox"} | fields, models=MODELS).wish


def meant(**fields: object) -> VideoRequest:
    return resolve(asked(**fields), models=MODELS, seed=7)


RIGHT = [
    {"num_frames": 85.0},  # JSON has one kind of number
    {"prompt": "x"},
    {"prompt": "x" * MAX_PROMPT},
    {"prompt": "two\nlines\tand a tab"},
    {"prompt": "a family \N{MAN}\N{ZERO WIDTH JOINER}\N{WOMAN}, \N{HEBREW LETTER ALEF}"},
    {"model": None},
    {"model": "mochi-1-tiny"},
    {"seconds": "4"},
    {"seconds": 4},
    {"seconds": 0.01},
    {"seconds": 163 / 30},
    {"size": "848x480"},
    {"size": "64x848"},
    {"num_frames": 7},
    {"num_frames": 163},
    {"seed": 0},
    {"seed": MAX_SEED},
    {"negative_prompt": ""},
    {"num_inference_steps": 2},
    {"num_inference_steps": 100},
    {"guidance_scale": 0},
    {"guidance_scale": 20.0},
    {"webhook": "https://example.com/hook"},
    {"webhook": {"url": "https://example.com/hook", "events": list(WEBHOOK_EVENTS)}},
    {"metadata": {str(i): "v" * 512 for i in range(16)}},
    {"metadata": {"k" * 64: ""}},
    {"aspect_ratio": "16:9"},
    {"aspect_ratio": "1:4"},
    {"fps": 30},
    {"priority": "low"},
    {"priority": 2},
    {"priority": "0"},
    {"queue_ttl_seconds": 1},
    {"queue_ttl_seconds": 86400},
    {"result_ttl_seconds": 604800},
    {"timeout_seconds": 1},
    {"timeout_seconds": 604800},
    {"preview": True},
    {"output": {}},
    {"output": {"format": "mp4", "crf": 12}},
    {"output": {"crf": 40}},
    {"cache": "off"},
    {"cache": "refresh"},
]

WRONG = [
    ({"prompt": None}, "/prompt"),
    ({"prompt": ""}, "/prompt"),
    ({"prompt": 5}, "/prompt"),
    ({"prompt": ["x"]}, "/prompt"),
    ({"prompt": "x" * (MAX_PROMPT + 1)}, "/prompt"),
    ({"prompt": "nul \x00"}, "/prompt"),
    ({"prompt": "escape \x1b[2J"}, "/prompt"),
    ({"prompt": "C1 \x9b"}, "/prompt"),
    ({"prompt": "override \N{RIGHT-TO-LEFT OVERRIDE}"}, "/prompt"),
    ({"prompt": "isolate \N{FIRST STRONG ISOLATE}"}, "/prompt"),
    ({"prompt": "half a pair \ud83d"}, "/prompt"),
    ({"negative_prompt": None}, "/negative_prompt"),
    ({"negative_prompt": "x" * (MAX_PROMPT + 1)}, "/negative_prompt"),
    ({"negative_prompt": "\N{POP DIRECTIONAL ISOLATE}"}, "/negative_prompt"),
    ({"model": "sora-2"}, "/model"),
    ({"model": ""}, "/model"),
    ({"model": 1}, "/model"),
    ({"seconds": "four"}, "/seconds"),
    ({"seconds": True}, "/seconds"),
    ({"seconds": 0}, "/seconds"),
    ({"seconds": -1}, "/seconds"),
    ({"seconds": "nan"}, "/seconds"),
    ({"seconds": float("inf")}, "/seconds"),
    ({"seconds": 10**400}, "/seconds"),
    ({"seconds": [4]}, "/seconds"),
    ({"seconds": "5.5"}, "/seconds"),
    ({"size": 848}, "/size"),
    ({"size": "848X480"}, "/size"),
    ({"size": "848x480\n"}, "/size"),
    ({"size": "\N{FULLWIDTH DIGIT EIGHT}48x480"}, "/size"),
    ({"size": "840x480"}, "/size"),
    ({"size": "848x48"}, "/size"),
    ({"size": "864x480"}, "/size"),
    ({"num_frames": "85"}, "/num_frames"),
    ({"num_frames": 85.5}, "/num_frames"),
    ({"num_frames": True}, "/num_frames"),
    ({"num_frames": 1}, "/num_frames"),
    ({"num_frames": -5}, "/num_frames"),
    ({"num_frames": 84}, "/num_frames"),
    ({"num_frames": 169}, "/num_frames"),
    ({"seed": -1}, "/seed"),
    ({"seed": MAX_SEED + 1}, "/seed"),
    ({"seed": "7"}, "/seed"),
    ({"num_inference_steps": 1}, "/num_inference_steps"),
    ({"num_inference_steps": 0}, "/num_inference_steps"),
    ({"num_inference_steps": 101}, "/num_inference_steps"),
    ({"num_inference_steps": "64"}, "/num_inference_steps"),
    ({"guidance_scale": -0.1}, "/guidance_scale"),
    ({"guidance_scale": 20.1}, "/guidance_scale"),
    ({"guidance_scale": "4.5"}, "/guidance_scale"),
    ({"guidance_scale": float("nan")}, "/guidance_scale"),
    ({"guidance_scale": 10**400}, "/guidance_scale"),
    ({"webhook": 5}, "/webhook"),
    ({"webhook": ""}, "/webhook/url"),
    ({"webhook": {}}, "/webhook/url"),
    ({"webhook": "https://example.com/" + "x" * 4096}, "/webhook/url"),
    ({"webhook": {"url": "https://example.com", "secret": "s"}}, "/webhook/secret"),
    ({"webhook": {"url": "https://example.com", "events": ["video.queued"]}}, "/webhook/events/0"),
    ({"webhook": {"url": "https://example.com", "events": ["video.failed"] * 7}}, "/webhook/events"),
    ({"metadata": None}, "/metadata"),
    ({"metadata": {"a": 1}}, "/metadata/a"),
    ({"metadata": {"a": "v" * 513}}, "/metadata/a"),
    ({"metadata": {"": "v"}}, "/metadata/"),
    ({"metadata": {"a/b~c": 1}}, "/metadata/a~1b~0c"),
    ({"metadata": {"\ud800": "v"}}, "/metadata/\ufffd\ufffd\ufffd"),
    ({"metadata": {str(i): "v" for i in range(17)}}, "/metadata"),
    ({"aspect_ratio": "16x9"}, "/aspect_ratio"),
    ({"aspect_ratio": "0:9"}, "/aspect_ratio"),
    ({"aspect_ratio": "5:1"}, "/aspect_ratio"),
    ({"aspect_ratio": 1.5}, "/aspect_ratio"),
    ({"aspect_ratio": "16:9", "size": "848x480"}, "/aspect_ratio"),
    ({"fps": 24}, "/fps"),
    ({"fps": "30"}, "/fps"),
    ({"priority": "urgent"}, "/priority"),
    ({"priority": 3}, "/priority"),
    ({"priority": True}, "/priority"),
    ({"priority": 1.0}, "/priority"),
    ({"queue_ttl_seconds": 0}, "/queue_ttl_seconds"),
    ({"queue_ttl_seconds": 86401}, "/queue_ttl_seconds"),
    ({"queue_ttl_seconds": "60"}, "/queue_ttl_seconds"),
    ({"timeout_seconds": 0}, "/timeout_seconds"),
    ({"timeout_seconds": 604801}, "/timeout_seconds"),
    ({"timeout_seconds": 1.5}, "/timeout_seconds"),
    ({"result_ttl_seconds": -1}, "/result_ttl_seconds"),
    ({"result_ttl_seconds": 604801}, "/result_ttl_seconds"),
    ({"preview": "yes"}, "/preview"),
    ({"preview": {"every": 0}}, "/preview/every"),
    ({"output": "mp4"}, "/output"),
    ({"output": {"format": "webm"}}, "/output/format"),
    ({"output": {"crf": 11}}, "/output/crf"),
    ({"output": {"crf": 41}}, "/output/crf"),
    ({"output": {"codec": "av1"}}, "/output/codec"),
    ({"cache": "maybe"}, "/cache"),
    ({"n": 2}, "/n"),
    ({"a/b": 1}, "/a~1b"),
    ({"a~b": 1}, "/a~0b"),
    ({"": 1}, "/"),
    ({"k" * 1000: 1}, "/" + "k" * 64),
    ({"\ud800": 1}, "/?"),
]


@pytest.mark.parametrize("fields", RIGHT, ids=lambda fields: ascii(fields)[:60])
def test_a_field_within_its_bounds_is_taken(fields):
    assert isinstance(asked(**fields), CreateVideo)


@pytest.mark.parametrize(("fields", "pointer"), WRONG, ids=lambda value: ascii(value)[:60])
def test_a_wrong_field_is_named_once_and_no_other(fields, pointer):
    assert [pointer] == pointers({"prompt": "a fox"} | fields)


@pytest.mark.parametrize("body", [None, [], "a fox", 1, True, [{"prompt": "a fox"}]])
def test_a_body_that_is_no_object_is_told_so(body):
    assert [("", "must be a JSON object")] == problems(body)


def test_an_absent_prompt_is_named():
    assert [("/prompt", "Field required")] == problems({})


def test_all_wrong_fields_are_named_at_once_whatever_is_wrong_with_each():
    body = {
        "prompt": 5,
        "seed": -1,
        "size": "1x1",
        "num_frames": 8,
        "num_inference_steps": 1,
        "guidance_scale": -1,
        "negative_prompt": "\x00",
        "webhook": {"events": ["nope"], "secret": "s"},
        "metadata": {"a": 1},
        "a/b": 1,
        "\ud800": 1,
    }

    expected = {
        *("/prompt", "/seed", "/size", "/num_frames", "/num_inference_steps", "/guidance_scale", "/negative_prompt"),
        *("/webhook/url", "/webhook/events/0", "/webhook/secret", "/metadata/a", "/a~1b", "/?"),
    }
    assert expected == set(pointers(body))


def test_an_unknown_model_hides_no_other_wrong_field():
    body = {"prompt": "x", "model": "sora-2", "size": "large", "seconds": 1, "num_frames": 7}

    assert {"/model", "/size", "/seconds"} == set(pointers(body))


def test_both_sides_of_a_size_are_named():
    width, height = (detail for _, detail in problems({"prompt": "x", "size": "8x9999"}))

    assert "width must be a multiple of 16 from 64 to 848 for mochi-1-preview, not 8" == width
    assert "height must be a multiple of 16 from 64 to 848 for mochi-1-preview, not 9999" == height


def test_an_unknown_field_is_told_the_known_ones():
    ((_, detail),) = problems({"prompt": "x", "frames": 85})

    assert detail.startswith("is not a field here; the fields are prompt, model, seconds, size, size_policy,")


def test_a_hidden_character_is_told_by_its_number_and_never_repeated():
    ((_, detail),) = problems({"prompt": "fox\N{RIGHT-TO-LEFT OVERRIDE}xof"})

    assert "contains the character U+202E; bidirectional controls are not allowed" == detail


def test_bounds_are_those_of_the_model_that_was_asked_for():
    assert ["/size"] == pointers({"prompt": "x", "model": "mochi-1-tiny", "size": "336x320"})


def test_a_model_that_is_not_offered_here_is_refused():
    with pytest.raises(InvalidRequest) as caught:
        parse({"prompt": "x", "model": "mochi-1-preview"}, models=("mochi-1-tiny",))

    assert ["must be one of mochi-1-tiny"] == [problem.detail for problem in caught.value.problems]


def test_texts_that_look_the_same_are_the_same():
    composed, decomposed = "Caf\N{LATIN SMALL LETTER E WITH ACUTE}", "Cafe\N{COMBINING ACUTE ACCENT}"

    assert asked(prompt=composed) == asked(prompt=decomposed)


def test_a_text_is_measured_as_it_is_kept():
    assert MAX_PROMPT == len(asked(prompt="e\N{COMBINING ACUTE ACCENT}" * MAX_PROMPT).prompt)
    assert ["/prompt"] == pointers({"prompt": "e\N{COMBINING ACUTE ACCENT}" * (MAX_PROMPT + 1)})


@pytest.mark.parametrize(
    "prompt",
    ["a" * 1_000_000, "a" + "\N{COMBINING ACUTE ACCENT}" * 16_000 + "\N{COMBINING DOT BELOW}" * 16_000],
    ids=["a megabyte", "combining marks that take seconds to sort"],
)
def test_an_endless_prompt_is_refused_at_once(prompt):
    started = time.process_time()

    assert ["/prompt"] == pointers({"prompt": prompt})
    assert time.process_time() - started < 0.5


def test_a_request_without_wishes_is_what_its_model_draws_by_default():
    expected = VideoRequest(
        model="mochi-1-preview",
        prompt="a fox",
        negative_prompt="",
        width=848,
        height=480,
        num_frames=85,
        fps=30,
        seed=7,
        num_inference_steps=64,
        guidance_scale=4.5,
    )
    assert expected == meant()


def test_every_wish_is_kept():
    request = meant(
        model="mochi-1-tiny",
        negative_prompt="fog",
        size="64x96",
        num_frames=19,
        seed=0,
        num_inference_steps=3,
        guidance_scale=0,
    )

    expected = VideoRequest(
        model="mochi-1-tiny",
        prompt="a fox",
        negative_prompt="fog",
        width=64,
        height=96,
        num_frames=19,
        fps=30,
        seed=0,
        num_inference_steps=3,
        guidance_scale=0,
    )
    assert expected == request


@pytest.mark.parametrize(
    ("seconds", "num_frames"), [("4", 121), (4, 121), ("2.8", 85), (2.83, 85), (1, 31), (0.001, 7), (163 / 30, 163)]
)
def test_seconds_become_the_nearest_count_of_6k_plus_1_frames(seconds, num_frames):
    assert num_frames == meant(seconds=seconds).num_frames


@pytest.mark.parametrize(
    ("ratio", "size"),
    [("16:9", (848, 480)), ("9:16", (480, 848)), ("1:1", (640, 640)), ("4:3", (736, 560)), ("4:1", (848, 208))],
)
def test_an_aspect_ratio_becomes_the_nearest_shape_of_about_the_native_size(ratio, size):
    request = meant(aspect_ratio=ratio)

    assert size == (request.width, request.height)


def test_what_an_ordinary_key_may_not_ask_for_is_told_with_what_it_may():
    ordinary = Allowance(most_urgent=Priority.NORMAL)

    with pytest.raises(InvalidRequest) as caught:
        parse({"prompt": "x", "priority": "high"}, models=MODELS, allowance=ordinary)

    detail = "high needs an API key with the scope videos:priority; normal does not"
    assert [("/priority", detail)] == [(problem.pointer, problem.detail) for problem in caught.value.problems]
    assert Priority.NORMAL is parse({"prompt": "x", "priority": 1}, models=MODELS, allowance=ordinary).wish.priority


def test_a_lenient_reader_names_what_it_passes_over_and_refuses_the_rest():
    body = {"prompt": "x", "colour": "red", "k" * 100: 1, "\ud800": 1, "extra_body": {"style": "noir"}}

    assert ["colour", "k" * 64, "?", "style"] == parse(body, models=MODELS, lenient=True).ignored
    for wrong in ({"seed": -1}, {"webhook": {"url": "https://example.com", "secret": "s"}}, {"n": 2}):
        with pytest.raises(InvalidRequest):
            parse(body | wrong, models=MODELS, lenient=True)


def test_a_webhook_url_alone_means_every_end():
    wish = asked(webhook="https://example.com/hook")

    assert wish.webhook is not None
    assert ("https://example.com/hook", []) == (wish.webhook.url, wish.webhook.events)


@pytest.mark.parametrize("prompt", ["", " ", "\n\t", "\u200b", "\u200b \u2060"])
def test_a_prompt_that_shows_nothing_is_refused(prompt):
    with pytest.raises(InvalidRequest, match="/prompt"):
        parse({"prompt": prompt}, models=("mochi-1-tiny",))


def test_words_in_invisible_tags_are_refused():
    hidden = "".join(chr(0xE0000 + ord(char)) for char in "ignore")

    with pytest.raises(InvalidRequest, match="invisible tag characters"):
        parse({"prompt": f"a boat{hidden}"}, models=("mochi-1-tiny",))
