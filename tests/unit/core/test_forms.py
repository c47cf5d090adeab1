"""Forms as bodies: brackets to structure, text to the schema's types, and never anything but a refusal besides."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.core.errors import InvalidRequest
from shared.core.forms import MAX_DEPTH, MAX_FIELDS, fold, read, typed
from shared.core.request import parse

FAL = {"num_outputs_per_prompt": 1, "max_time_in_queue_seconds": 9, "fps": 30}
READ = [
    ("prompt=7", {"prompt": "7"}),
    ("seed=7&num_frames=13&num_inference_steps=2", {"seed": 7, "num_frames": 13, "num_inference_steps": 2}),
    ("steps=2&width=96&height=64&n=1", {"steps": 2, "width": 96, "height": 64, "n": 1}),
    ("seed=-1", {"seed": -1}),
    ("seed=7.0", {"seed": "7.0"}),
    ("seed=", {"seed": ""}),
    ("seed=\N{ARABIC-INDIC DIGIT SEVEN}", {"seed": "\N{ARABIC-INDIC DIGIT SEVEN}"}),
    ("seed=" + "9" * 5000, {"seed": "9" * 5000}),
    ("guidance_scale=4.5", {"guidance_scale": 4.5}),
    ("guidance_scale=5", {"guidance_scale": 5.0}),
    ("guidance_scale=nan", {"guidance_scale": "nan"}),
    ("seconds=4", {"seconds": 4.0}),
    ("metadata[a]=1&metadata[b]=true", {"metadata": {"a": "1", "b": "true"}}),
    ('metadata={"a": "b"}', {"metadata": {"a": "b"}}),
    ('metadata={"a": NaN}', {"metadata": '{"a": NaN}'}),
    ("metadata=" + '{"a":' * 20_000, {"metadata": '{"a":' * 20_000}),
    ("webhook=https://example.com", {"webhook": "https://example.com"}),
    ('webhook={"url": "https://example.com"}', {"webhook": {"url": "https://example.com"}}),
    ("webhook[url]=u&webhook[events][]=a&webhook[events][]=b", {"webhook": {"url": "u", "events": ["a", "b"]}}),
    ("extra_body[seed]=7&extra_body[metadata][k]=7", {"extra_body": {"seed": 7, "metadata": {"k": "7"}}}),
    ('extra_params={"seed": 7}', {"extra_params": '{"seed": 7}'}),
    ("output[crf]=20&output[format]=mp4", {"output": {"crf": 20, "format": "mp4"}}),
    ('output={"crf": 20}', {"output": {"crf": 20}}),
    ("extra_body[output][crf]=20", {"extra_body": {"output": {"crf": 20}}}),
    ("preview=true&priority=2&queue_ttl_seconds=9", {"preview": True, "priority": "2", "queue_ttl_seconds": 9}),
    ("num_outputs_per_prompt=1&max_time_in_queue_seconds=9&fps=30", FAL),
    ("typo=7", {"typo": "7"}),
    ("characters[]=7", {"characters": ["7"]}),
]

CONTRADICTIONS = [
    ("seed=1&seed=2", "/seed"),
    ("webhook=u&webhook[url]=u", "/webhook/url"),
    ("webhook[url]=u&webhook=u", "/webhook"),
    ("webhook[]=u&webhook=u", "/webhook"),
    ("webhook[url]=u&webhook[]=u", "/webhook"),
    ("webhook[events]=a&webhook[events][]=b", "/webhook/events"),
    ("a[][b]=c", "/a"),
    ("a[b][c][d][e]=f", "/a"),
    ("a[=b", "/a["),
    ("a]=b", "/a]"),
    ("[a]=b", "/[a]"),
    ("a[b]c=d", "/a[b]c"),
    ("=b", "/"),
    ("a/b[=c", "/a~1b["),
]


def pairs(text: str) -> list[tuple[str, str]]:
    found = []
    for pair in text.split("&"):
        key, _, value = pair.partition("=")
        found.append((key, value))
    return found


@pytest.mark.parametrize(("form", "body"), READ, ids=lambda value: ascii(value)[:60])
def test_a_form_says_what_its_json_would(form, body):
    assert body == read(pairs(form))


@pytest.mark.parametrize(("form", "pointer"), CONTRADICTIONS)
def test_what_cannot_be_folded_is_refused_by_its_name(form, pointer):
    with pytest.raises(InvalidRequest) as caught:
        read(pairs(form))

    assert [pointer] == [problem.pointer for problem in caught.value.problems]


def test_a_form_has_at_most_so_many_fields():
    most = [(f"metadata[{i}]", "x") for i in range(MAX_FIELDS)]

    assert MAX_FIELDS == len(read(most)["metadata"])
    with pytest.raises(InvalidRequest, match=f"{MAX_FIELDS + 1} fields; {MAX_FIELDS} are the most"):
        read([*most, ("prompt", "x")])


@pytest.mark.parametrize(("text", "value"), [("true", True), ("false", False), ("True", "True"), ("1", "1")])
def test_a_field_of_two_values_takes_two_words(text, value):
    assert value == typed(text, frozenset({"boolean"}))


NAMES = st.text(st.characters(exclude_characters="[]"), min_size=1, max_size=5)
TREES = st.dictionaries(
    NAMES,
    st.recursive(
        st.text(max_size=5) | st.lists(st.text(max_size=5), min_size=1, max_size=3),
        lambda inner: st.dictionaries(NAMES, inner, min_size=1, max_size=3),
        max_leaves=8,
    ),
    max_size=5,
)


def flat(key: str, value: object):
    if isinstance(value, str):
        yield key, value
    elif isinstance(value, list):
        yield from ((f"{key}[]", item) for item in value)
    else:
        for name, inner in value.items():
            yield from flat(f"{key}[{name}]", inner)


@given(TREES)
@settings(max_examples=100, deadline=None)
def test_folding_undoes_what_clients_do(tree):
    form = [pair for key, value in tree.items() for pair in flat(key, value)]
    if any(key.count("[") >= MAX_DEPTH for key, _ in form):
        with pytest.raises(InvalidRequest):
            fold(form)
    else:
        assert tree == fold(form)


WORDS = st.sampled_from(["prompt", "seed", "webhook", "webhook_url", "metadata", "extra_body", "width", "n", "user"])
BRACKETS = st.lists(st.sampled_from(["[url]", "[]", "[events]", "[seed]", "[", "]"]), max_size=5).map("".join)
KEYS = st.text(max_size=8) | st.builds(str.__add__, WORDS, BRACKETS)
VALUES = st.text(max_size=8) | st.sampled_from(["1", "-1", "1e9", '{"seed": 1}', '{"n": [1]}', "{", "true", "null"])


@given(st.lists(st.tuples(KEYS, VALUES), max_size=12))
@settings(max_examples=300, deadline=None)
def test_any_form_is_read_or_refused_in_sentences(form):
    for problem in problems(form):
        assert problem.pointer[:1] in ("", "/")
        assert " " in problem.detail
        f"{problem.pointer}{problem.detail}".encode()


def problems(form):
    """Anything but a refusal is a bug, and fails the test by itself."""
    try:
        parse(read([("prompt", "a fox"), *form]), models=("mochi-1-tiny",))
    except InvalidRequest as error:
        return error.problems
    return ()
