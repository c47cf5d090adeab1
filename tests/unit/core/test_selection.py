"""Which videos a list shows: the words of a query, and what passes."""

from dataclasses import replace

import pytest

from shared.core.errors import InvalidRequest
from shared.core.job import JobState
from shared.core.selection import Selection, parse
from tests.unit.core.samples import QUEUED


def pointers(arguments):
    with pytest.raises(InvalidRequest) as caught:
        parse(arguments)
    return [problem.pointer for problem in caught.value.problems]


def test_no_words_choose_all():
    assert Selection() == parse([])
    assert parse([("limit", "3"), ("after", "x"), ("stat", "us")]).passes_all


@pytest.mark.parametrize(
    ("word", "states"),
    [
        ("queued", {"queued"}),
        ("in_progress", {"running", "cancelling"}),
        ("completed", {"completed"}),
        ("failed", {"failed", "cancelled", "expired"}),
        ("running", {"running"}),
        ("cancelling", {"cancelling"}),
        ("cancelled", {"cancelled"}),
        ("expired", {"expired"}),
    ],
)
def test_a_status_is_openai_s_word_or_else_the_name_of_a_state(word, states):
    chosen = parse([("status", word)])

    assert states == {state for state in JobState if chosen.passes(replace(QUEUED, state=state))}
    assert not chosen.passes_all


def test_all_of_the_metadata_must_be_there():
    job = replace(QUEUED, metadata={"a": "1", "b[c]": "", "d": "4"})

    assert parse([("metadata[a]", "1"), ("metadata[b[c]]", "")]).passes(job)
    assert not parse([("metadata[a]", "1"), ("metadata[d]", "5")]).passes(job)
    assert not parse([("metadata[e]", "1")]).passes(job)
    assert not parse([("metadata[a]", "1"), ("status", "failed")]).passes(job)


def test_each_wrong_word_is_named():
    assert ["/status"] == pointers([("status", "done")])
    assert ["/status"] == pointers([("status", "")])
    assert ["/metadata", "/metadata[]", "/metadata[x"] == pointers(
        [("metadata", "1"), ("metadata[]", "1"), ("metadata[x", "1")]
    )
    assert ["/status", "/metadata/a"] == pointers([("metadata[a]", "1"), ("status", "x"), ("metadata[a]", "2")][::-1])
    with pytest.raises(InvalidRequest, match="queued, in_progress, completed, failed, running, cancelling"):
        parse([("status", "done")])


def test_a_word_said_twice_is_said_once():
    assert parse([("metadata[a]", "1")]) == parse([("metadata[a]", "1"), ("metadata[a]", "1")])
