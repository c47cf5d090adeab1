"""What every DeadLetterStore promises (shared/ports/)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from shared.core import events
from shared.core.dead_letter import DeadLetter, Death, LetterState, letter_id, obsolete, redriven
from shared.core.errors import NotFound
from shared.core.queue import Place
from shared.ports.dead_letters import MOST_LETTERS
from tests.stores import START, Stores

GENERATE = "http://generate.flipbook.svc.cluster.local/"


def letter(n: int, **changes: object) -> DeadLetter:
    """A letter that died `n` microseconds after the start."""
    death = Death(START + timedelta(microseconds=n), "503", "store_unavailable")
    fixed = {
        "id": letter_id("/flipbook", f"evt_{n}", GENERATE),
        "event_id": f"evt_{n}",
        "event_type": "dev.flipbook.video.queued.v1",
        "source": "/flipbook",
        "subject": "video_x",
        "destination": GENERATE,
        "first": death,
        "last": death,
    }
    return DeadLetter(**{**fixed, **changes})


def walked(stores: Stores, limit: int) -> list[str]:
    found: list[str] = []
    after: Place | None = None
    while part := stores.dead_letters.page(limit, after=after):
        assert len(part) <= limit
        found += [each.event_id for _, each in part]
        after = part[-1][0]
    return found


def test_at_first_there_are_none(stores: Stores) -> None:
    assert ([], 0) == (list(stores.dead_letters.page(10)), stores.dead_letters.count())
    with pytest.raises(NotFound):
        stores.dead_letters.get("dl_x")


def test_who_died_last_comes_first_whatever_the_size_of_a_page(stores: Stores) -> None:
    for n in (3, 0, 2, 1):
        assert stores.dead_letters.bury(letter(n))
    stores.dead_letters.bury(letter(10, id="dl_a", event_id="twin", last=letter(2).last))
    for limit in (1, 2, 3, 100):
        found = walked(stores, limit)
        assert (["evt_3", "evt_1", "evt_0"], {"evt_2", "twin"}) == ([found[0], *found[3:]], set(found[1:3]))


def test_the_same_death_told_again_counts_once(stores: Stores) -> None:
    assert stores.dead_letters.bury(letter(1))
    assert not stores.dead_letters.bury(replace(letter(1), last=Death(START, "500")))
    assert (letter(1), 1) == (stores.dead_letters.get(letter(1).id), stores.dead_letters.count())


def test_who_comes_back_dead_counts_again_and_keeps_its_first_error(stores: Stores) -> None:
    stores.dead_letters.bury(letter(1))
    stores.dead_letters.bury(letter(2))
    later = Death(START + timedelta(seconds=1), "400")
    assert stores.dead_letters.bury(replace(letter(1), hops=1, first=later, last=later))

    kept = stores.dead_letters.get(letter(1).id)
    assert (2, 1, letter(1).first, later) == (kept.deaths, kept.hops, kept.first, kept.last)
    assert ["evt_1", "evt_2"] == walked(stores, 10)
    assert 3 == stores.dead_letters.count()


def test_only_the_newest_are_kept_and_all_are_counted(stores: Stores) -> None:
    for n in range(MOST_LETTERS + 3):
        stores.dead_letters.bury(letter(n))
    found = walked(stores, 400)
    assert (MOST_LETTERS, f"evt_{MOST_LETTERS + 2}", "evt_3") == (len(found), found[0], found[-1])
    assert MOST_LETTERS + 3 == stores.dead_letters.count()
    with pytest.raises(NotFound):
        stores.dead_letters.get(letter(0).id)


def test_a_redriven_letter_s_event_is_in_the_outbox_at_once(stores: Stores) -> None:
    before = letter(1)
    stores.dead_letters.bury(before)
    event = events.wake_up("video_x", START)

    assert stores.dead_letters.keep(before, redriven(before, START), event)

    kept = stores.dead_letters.get(before.id)
    assert (LetterState.REDRIVEN, 1, START) == (kept.state, kept.redrives, kept.redriven_at)
    assert [event] == list(stores.outbox.unsent(older_than=timedelta(0), limit=10))


def test_of_two_who_take_up_a_letter_one_is_too_late_and_sends_nothing(stores: Stores) -> None:
    before = letter(1)
    stores.dead_letters.bury(before)
    assert stores.dead_letters.keep(before, obsolete(before), None)

    assert not stores.dead_letters.keep(before, redriven(before, START), events.wake_up("video_x", START))
    assert [] == list(stores.outbox.unsent(older_than=timedelta(0), limit=10))
    assert LetterState.OBSOLETE is stores.dead_letters.get(before.id).state
    assert not stores.dead_letters.keep(letter(7), obsolete(letter(7)), None)


def test_dead_letters_touch_no_job(stores: Stores) -> None:
    job = stores.add()
    stores.dead_letters.bury(letter(0))
    assert job == stores.jobs.get(job.id)
    assert [f"{job.id} dev.flipbook.video.queued.v1"] == stores.unsent()
