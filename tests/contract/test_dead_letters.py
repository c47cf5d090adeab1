"""What every DeadLetterStore promises (shared/ports/)."""

from __future__ import annotations

from shared.ports import DeadLetter
from tests.stores import START, Stores


def letter(n: int) -> DeadLetter:
    return DeadLetter(
        event_id=f"evt_{n}",
        event_type="dev.flipbook.video.queued.v1",
        subject="video_x",
        destination="http://generate.flipbook.svc.cluster.local",
        status="503",
        at=START,
    )


def test_at_first_there_are_none(stores: Stores) -> None:
    assert ([], 0) == (stores.dead_letters.newest(10), stores.dead_letters.count())


def test_the_newest_come_first(stores: Stores) -> None:
    for n in range(3):
        stores.dead_letters.add(letter(n))
    assert [letter(2), letter(1), letter(0)] == stores.dead_letters.newest(10)
    assert [letter(2)] == stores.dead_letters.newest(1)


def test_a_thousand_are_kept_and_all_are_counted(stores: Stores) -> None:
    for n in range(1003):
        stores.dead_letters.add(letter(n))
    kept = stores.dead_letters.newest(2000)
    assert (1000, letter(1002), letter(3)) == (len(kept), kept[0], kept[-1])
    assert 1003 == stores.dead_letters.count()


def test_dead_letters_touch_no_job(stores: Stores) -> None:
    job = stores.add()
    stores.dead_letters.add(letter(0))
    assert job == stores.jobs.get(job.id)
    assert [f"{job.id} dev.flipbook.video.queued.v1"] == stores.unsent()
