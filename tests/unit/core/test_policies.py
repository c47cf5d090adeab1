"""Sizes and lengths that no model here can draw, as OpenAI's clients ask for: refused, or the nearest in their place."""

from __future__ import annotations

from typing import Any

import pytest

from shared.core.bounds import EXACT, Policies
from shared.core.errors import InvalidRequest
from shared.core.request import VideoRequest, parse, resolve

MODELS = ("mochi-1-preview", "mochi-1-tiny")
NEAREST = Policies(size="nearest", seconds="nearest")
LENGTHS = [("4", 121), ("8", 163), ("12", 163), (5.43, 163), (5.5, 163), ("0.01", 7), (10**9, 163)]


def drawn(usual: Policies = EXACT, **fields: Any) -> VideoRequest:
    wish = parse({"prompt": "a fox"} | fields, models=MODELS, usual=usual).wish
    return resolve(wish, models=MODELS, seed=1, usual=usual)


def refused(usual: Policies = EXACT, **fields: Any) -> set[str]:
    with pytest.raises(InvalidRequest) as caught:
        drawn(usual, **fields)
    return {problem.pointer for problem in caught.value.problems}


@pytest.mark.parametrize(("seconds", "frames"), [*LENGTHS, (1.7e308, 163), (10**300, 163)])
def test_a_length_that_cannot_be_drawn_becomes_the_nearest_on_request(seconds: Any, frames: int) -> None:
    assert frames == drawn(seconds=seconds, seconds_policy="nearest").num_frames


@pytest.mark.parametrize("fields", [{}, {"seconds_policy": "exact"}, {"seconds_policy": None}])
def test_a_length_that_cannot_be_drawn_is_refused_without_that_request(fields: dict[str, Any]) -> None:
    assert {"/seconds"} == refused(seconds="8", **fields)


def test_what_a_caller_says_of_one_says_nothing_of_the_other() -> None:
    assert {"/seconds"} == refused(size="1280x720", seconds="8", size_policy="nearest")
    assert {"/size"} == refused(size="1280x720", seconds="8", seconds_policy="nearest")


@pytest.mark.parametrize("size", ["720x1280", "1280x720", "1024x1792", "1792x1024"])
@pytest.mark.parametrize("seconds", ["4", "8", "12"])
def test_an_owner_may_have_all_that_openais_clients_ask_for_drawn(size: str, seconds: str) -> None:
    request = drawn(NEAREST, size=size, seconds=seconds)

    wide = int(size.partition("x")[0]) > int(size.partition("x")[2])
    assert ((848, 480) if wide else (480, 848)) == (request.width, request.height)
    assert (121 if seconds == "4" else 163) == request.num_frames


def test_a_caller_who_wants_it_exact_is_refused_all_the_same() -> None:
    exact = {"size_policy": "exact", "seconds_policy": "exact"}

    assert {"/size", "/seconds"} == refused(NEAREST, size="1280x720", seconds="8", **exact)


def test_frames_are_never_others_than_were_asked_for() -> None:
    """They are a word of ours, not of OpenAI's clients."""
    assert {"/num_frames"} == refused(NEAREST, num_frames=169)
