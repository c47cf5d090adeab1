"""What `--chaos SEED` does follows from the seed, does all that it can, and spares what nobody promises."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest

from local import chaos
from local.chaos import Fate, Kind
from local.delivery import NO_RESPONSE, Answer
from local.objects import BrokerClass
from local.stormy_courier import StormyCourier
from tests.local.stand import platform, service, to, trigger, until
from tests.local.test_delivery import EVENT

SERVICES = ["submit", "generate", "notify", "recover"]
SEEDS = range(1, 21)


def test_the_same_seed_is_the_same_storm_and_another_is_another():
    assert chaos.plan(7, SERVICES) == chaos.plan(7, SERVICES)
    assert len(SEEDS) == len({tuple(chaos.plan(seed, SERVICES)) for seed in SEEDS})


@pytest.mark.parametrize("seed", SEEDS)
def test_no_service_loses_more_instances_than_a_job_survives(seed):
    losses = Counter(d.service for d in chaos.plan(seed, SERVICES) if d.kind in (Kind.KILL, Kind.FREEZE))
    assert max(losses.values(), default=0) <= chaos.LOSSES


def test_twenty_seeds_do_everything_to_everyone():
    done = {(d.kind, d.service) for seed in SEEDS for d in chaos.plan(seed, SERVICES)}
    instances = {(kind, service) for kind in (Kind.KILL, Kind.FREEZE, Kind.DELETE) for service in SERVICES}
    assert instances | {(Kind.REDIS_PAUSE, ""), (Kind.REDIS_KILL, ""), (Kind.BROKER_AWAY, "")} == done


def test_an_event_may_be_lost_late_doubled_or_its_answer_unheard():
    fates = [chaos.fate(1, "Service generate", number) for number in range(400)]
    assert fates == [chaos.fate(1, "Service generate", number) for number in range(400)]
    shares = [
        sum(map(bool, found)) / 400 for found in zip(*((f.lost, f.deaf, f.late, f.again) for f in fates), strict=True)
    ]
    assert [0.15, 0.1, 0.3, 0.2] == pytest.approx(shares, abs=0.05)


class Postman:
    """Counts what he is given."""

    def __init__(self):
        self.carried = 0

    async def carry(self, event, to, *, within, wants_reply=False, kind=BrokerClass.MT_CHANNEL):
        self.carried += 1
        return Answer(status=500)


def number_of(fate):
    """The first delivery of seed 1 with that fate alone, and no wait before it."""
    return next(n for n in range(1, 5000) if chaos.fate(1, "Service worker/", n) == fate)


@pytest.mark.parametrize(
    ("fate", "answer", "carried"),
    [(Fate(), 500, 1), (Fate(lost=True), 202, 0), (Fate(deaf=True), NO_RESPONSE, 1)],
)
def test_what_becomes_of_a_delivery(fate, answer, carried):
    async def story():
        postman = Postman()
        stormy = StormyCourier(postman, 1)
        stormy._numbers["Service worker/"] = number_of(fate) - 1
        found = await stormy.carry(EVENT, to("worker"), within=None)
        for _ in range(5):
            await asyncio.sleep(0)
        await stormy.close()
        return found.status, postman.carried

    assert (answer, carried) == asyncio.run(story())


def test_the_storm_is_told_before_it_comes_and_the_platform_outlives_it(run):
    wide = service(max_scale=2, min_scale=1)
    running = run(platform(wide, triggers=[trigger(retry=8)]), chaos=3)
    assert until(lambda: running.said("seed 3: "))
    sent = [number for number in range(20) if running.send(number) == 202]
    until(lambda: running.said("the storm is over"))
    until(lambda: running.send("after") == 202)
    until(lambda: [i["state"] for i in running.instances()][:1] == ["Ready"])
    assert sent
    assert not running.said("a part of the runtime broke")
