"""Part of a longer list, as callers see it."""

from shared.core.page import page


def test_a_page_names_its_ends_so_that_the_next_can_be_asked_for():
    found = page([{"id": "video_2"}, {"id": "video_1"}], has_more=True)

    assert {
        "object": "list",
        "data": [{"id": "video_2"}, {"id": "video_1"}],
        "first_id": "video_2",
        "last_id": "video_1",
        "has_more": True,
    } == found


def test_an_empty_page_has_no_ends():
    assert {"object": "list", "data": [], "first_id": None, "last_id": None, "has_more": False} == page(
        [], has_more=False
    )


def test_what_was_passed_over_behind_its_last_is_not_looked_at_again():
    assert "video_3" == page([{"id": "video_1"}], has_more=True, last_id="video_3")["last_id"]
