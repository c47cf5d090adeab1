"""Artifact keys: what is one, and where things lie."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.core import keys

BAD = ["", "/", "a/", "/a", "a//b", ".", "..", "a/..", "../a", "a/./b", "a b", "a\\b", "a\n", "ä", "a\0b", "a:b", "@a", "~a"]  # fmt: skip


@pytest.mark.parametrize("key", BAD)
def test_a_malformed_key_is_refused(key: str):
    with pytest.raises(ValueError, match="artifact key"):
        keys.parts(key)


@pytest.mark.parametrize("key", ["a" * 201, "/".join(["a" * 100] * 10)])
def test_a_key_too_long_for_a_file_system_or_for_s3_is_refused(key: str):
    with pytest.raises(ValueError, match="longer"):
        keys.parts(key)


@given(st.lists(st.from_regex(r"[A-Za-z0-9._-]{1,20}", fullmatch=True), min_size=1, max_size=6))
def test_whatever_is_let_in_can_be_split_and_joined_again(names: list[str]):
    key = "/".join(names)
    if {".", ".."} & set(names):
        with pytest.raises(ValueError, match="part"):
            keys.parts(key)
    else:
        assert names == keys.parts(key)
        assert key == keys.checked(key)


def test_an_attempt_has_a_folder_of_its_own_and_the_checkpoint_is_outside_of_it():
    assert "t1/video_1/a1/video.mp4" == keys.artifact_key("t1", "video_1", "a1", "video.mp4")
    assert "t1/video_1/checkpoint" == keys.checkpoint_key("t1", "video_1")
    assert "t1/video_1" == keys.job_prefix("t1", "video_1")


@pytest.mark.parametrize("tenant", ["..", "a/../b", "", "a b"])
def test_no_name_leads_out_of_its_place(tenant: str):
    with pytest.raises(ValueError, match="artifact key"):
        keys.artifact_key(tenant, "video_1", "a1", "video.mp4")
