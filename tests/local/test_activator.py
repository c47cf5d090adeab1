from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

import pytest

from local import activator
from local.activator import Activator, Endpoint, QueueFull


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


async def settled():
    for _ in range(5):
        await asyncio.sleep(0)


def test_an_instance_never_holds_more_than_its_concurrency_and_all_are_served_in_turn():
    async def story():
        desk, order, most = Activator(1, clock=Clock()), [], 0
        endpoints = [Endpoint("a"), Endpoint("b")]

        async def request(number):
            nonlocal most
            async with desk.place():
                order.append(number)
                most = max(most, *(endpoint.in_flight for endpoint in endpoints))
                await asyncio.sleep(0)

        requests = [asyncio.create_task(request(number)) for number in range(10)]
        await settled()
        waiting = desk.waiting
        for endpoint in endpoints:
            desk.add(endpoint)
        await asyncio.gather(*requests)
        return waiting, order, most, [endpoint.in_flight for endpoint in endpoints], desk.load.now

    assert (10, list(range(10)), 1, [0, 0], 0) == asyncio.run(story())


@pytest.mark.parametrize(("concurrency", "taken"), [(2, ["a", "a", "b"]), (4, ["a", "b", "a"]), (0, ["a", "b", "a"])])
def test_a_small_concurrency_fills_the_first_and_a_large_one_spreads(concurrency, taken):
    async def story():
        desk = Activator(concurrency, clock=Clock())
        desk.add(Endpoint("a"))
        desk.add(Endpoint("b"))
        async with AsyncExitStack() as stack:
            return [(await stack.enter_async_context(desk.place())).url for _ in range(3)]

    assert taken == asyncio.run(story())


def test_who_goes_away_while_waiting_leaves_no_trace():
    async def story():
        desk = Activator(1, clock=Clock())
        waiting = asyncio.create_task(desk.place().__aenter__())
        await settled()
        waiting.cancel()
        await settled()
        return desk.waiting, desk.load.now

    assert (0, 0) == asyncio.run(story())


def test_who_goes_away_in_the_moment_of_being_served_gives_the_place_on():
    async def story():
        desk, endpoint = Activator(1, clock=Clock()), Endpoint("a")
        first = asyncio.create_task(desk.place().__aenter__())
        second = asyncio.create_task(desk.place().__aenter__())
        await settled()
        desk.add(endpoint)
        first.cancel()
        served = await second
        return served.url, endpoint.in_flight, desk.waiting

    assert ("a", 1, 0) == asyncio.run(story())


def test_a_removed_instance_gets_no_more_requests():
    async def story():
        desk, endpoint = Activator(1, clock=Clock()), Endpoint("a")
        desk.add(endpoint)
        async with desk.place():
            desk.remove(endpoint)
        waiting = asyncio.create_task(desk.place().__aenter__())
        await settled()
        depth = desk.waiting
        waiting.cancel()
        await settled()
        return depth

    assert 1 == asyncio.run(story())


def test_too_long_a_queue_refuses():
    async def story():
        desk = Activator(1, clock=Clock())
        waiting = [asyncio.create_task(desk.place().__aenter__()) for _ in range(activator.QUEUE_DEPTH)]
        await settled()
        with pytest.raises(QueueFull):
            await desk.place().__aenter__()
        for task in waiting:
            task.cancel()
        await settled()
        return desk.load.now

    assert 0 == asyncio.run(story())


def test_every_wait_is_told():
    async def story():
        desk, told = Activator(1, clock=Clock()), []
        desk.on_wait = lambda: told.append(desk.waiting)
        desk.add(Endpoint("a"))
        async with desk.place():
            waiting = asyncio.create_task(desk.place().__aenter__())
            await settled()
        await waiting
        return told

    assert [1] == asyncio.run(story())


def test_the_average_counts_requests_by_how_long_they_stayed():
    clock = Clock()
    load = activator.Load(clock)
    load.change(2)
    clock.now = 1.0
    load.change(-2)
    clock.now = 4.0
    assert (0.5, 0) == (load.average(), load.average())
