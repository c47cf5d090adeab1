"""What becomes of dead letters, and what is read from them."""

import base64
import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from shared.core import burial, dead_letter
from shared.core.dead_letter import MOST_HOPS, MOST_REDRIVES, LetterState
from shared.core.errors import Conflict

NOON = datetime(2026, 1, 2, 12, 0, tzinfo=UTC)
OURS = {"ce-id": "evt_1", "ce-source": "/flipbook", "ce-type": "dev.flipbook.video.failed.v1", "ce-subject": "video_x"}
DATA = base64.b64encode(json.dumps({"error": {"code": "internal_error", "message": "canary"}}).encode()).decode()


def read(headers=OURS, body=b"", **marks):
    return burial.letter(headers | {f"ce-{name}": value for name, value in marks.items()}, body, NOON)


class TestReading:
    def test_what_names_the_event_and_says_why_it_died_is_kept(self):
        found = read(
            knativeerrordest="http://user:secret@notify.flipbook.svc:8080/hook?token=canary",
            knativeerrorcode="500",
            knativeerrordata=DATA,
            flipbookhops="3",
        )

        assert ("evt_1", "/flipbook", "video_x", 3) == (found.event_id, found.source, found.subject, found.hops)
        assert "http://notify.flipbook.svc:8080/hook" == found.destination
        assert ("500", "internal_error", NOON) == (found.last.status, found.last.code, found.last.at)
        assert LetterState.DEAD is found.state
        assert "canary" not in repr(found)

    @pytest.mark.parametrize(("code", "status"), [("-1", "-1"), ("503", "503"), ("50x", ""), ("9" * 9, ""), ("-2", "")])
    def test_a_status_is_kept_and_so_is_that_there_was_none(self, code, status):
        assert status == read(knativeerrorcode=code).last.status

    def test_a_structured_event_is_read_as_well(self):
        attributes = {name[3:]: value for name, value in OURS.items()} | {"data": {"prompt": "canary"}, "n": 1}
        body = json.dumps(attributes | {"specversion": "1.0", "knativeerrorcode": "503"}).encode()

        found = read({"Content-Type": "application/cloudevents+json; charset=utf-8"}, body)

        assert ("evt_1", "/flipbook", "503") == (found.event_id, found.source, found.last.status)
        assert "canary" not in repr(found)

    @pytest.mark.parametrize(
        ("headers", "body"),
        [
            ({}, b""),
            ({"content-type": "text/plain"}, b"\xff\xfe canary"),
            ({"content-type": "application/cloudevents+json"}, b"{"),
            ({"content-type": "application/cloudevents+json"}, b"[" * 60000),
            ({"content-type": "application/cloudevents+json"}, b"[1]"),
            ({"content-type": "application/cloudevents+json"}, b'{"id": 7, "source": null}'),
            ({"ce-specversion": "9.9", "ce-knativeerrordata": "%%%"}, b"{}"),
            ({"ce-knativeerrordest": "http://[", "ce-knativeerrorcode": "canary", "ce-flipbookhops": "-1"}, b""),
        ],
    )
    def test_whatever_it_is_it_lands_under_a_name_of_its_own(self, headers, body):
        found = read(headers, body)

        assert found.event_id.startswith("unreadable_")
        assert ("", "", 0) == (found.destination, found.last.status, found.hops)
        assert "canary" not in repr(found)
        assert found == read(headers, body)
        assert found.id != read(headers, body + b"x").id

    def test_what_somebody_else_calls_his_subject_is_not_kept(self):
        found = read(OURS | {"ce-source": "/orders", "ce-subject": "canary"})

        assert ("", "/orders") == (found.subject, found.source)

    @pytest.mark.parametrize(
        "data", [b"[]", b'{"error": 1}', b'{"error": {"code": "Canary!"}}', b'{"error": {"code": 7}}', b"\xff", b""]
    )
    def test_of_another_s_answer_nothing_is_kept(self, data):
        assert "" == read(knativeerrordata=base64.b64encode(data).decode()).last.code

    def test_nothing_of_it_can_begin_a_line_or_fill_a_page(self):
        found = read(OURS | {"ce-id": "a%0Ab" + "x" * 300})

        assert ("a b", 255) == (found.event_id[:3], len(found.event_id))


class TestLife:
    def test_an_event_at_two_destinations_is_two_letters(self):
        ids = {read(knativeerrordest=f"http://{name}/").id for name in ("generate", "notify", "notify")}

        assert 2 == len(ids)

    def test_one_that_comes_back_too_often_in_a_row_is_parked(self):
        kept = None
        for hops in range(MOST_HOPS + 1):
            kept = dead_letter.buried(kept, read(flipbookhops=str(hops)))
            assert LetterState.DEAD is kept.state
            kept = dead_letter.redriven(kept, NOON)
        kept = dead_letter.buried(kept, read(flipbookhops=str(MOST_HOPS + 1)))

        assert (LetterState.PARKED, MOST_HOPS + 2) == (kept.state, kept.deaths)
        with pytest.raises(Conflict, match="came back dead more than 5 times"):
            dead_letter.redriven(kept, NOON)

    def test_one_whose_letter_was_lost_is_parked_by_what_the_event_says(self):
        assert LetterState.PARKED is dead_letter.buried(None, read(flipbookhops="6")).state

    def test_nobody_sends_one_more_often_than_ten_times(self):
        kept = dead_letter.buried(None, read())
        for _ in range(MOST_REDRIVES):
            kept = dead_letter.redriven(kept, NOON)

        with pytest.raises(Conflict, match="sent again 10 times"):
            dead_letter.redriven(kept, NOON)
        assert LetterState.PARKED is dead_letter.buried(kept, read(flipbookhops="1")).state

    def test_somebody_else_s_event_is_parked_at_once(self):
        kept = dead_letter.buried(None, read(OURS | {"ce-source": "/orders"}))

        assert LetterState.PARKED is kept.state
        with pytest.raises(Conflict, match="its sender can send it again"):
            dead_letter.redriven(kept, NOON)

    def test_one_that_was_found_obsolete_and_dies_again_is_dead_again(self):
        kept = dead_letter.obsolete(dead_letter.buried(None, read()))

        assert LetterState.DEAD is dead_letter.buried(kept, replace(read(), hops=1)).state
