from __future__ import annotations

import asyncio
import os
import stat

import pytest

from local import accelerators
from local.accelerators import Accelerators

CHOICES = [
    (("0", "1"), {}, ("0", "1")),
    (("0", "1"), {"CUDA_VISIBLE_DEVICES": "1"}, ("1",)),
    (("0",), {"CUDA_VISIBLE_DEVICES": "GPU-a, GPU-b"}, ("GPU-a", "GPU-b")),
    (("0",), {"CUDA_VISIBLE_DEVICES": ""}, ()),
    (("0",), {"CUDA_VISIBLE_DEVICES": "-1"}, ()),
    ((), {"CUDA_VISIBLE_DEVICES": "0"}, ()),
]


@pytest.mark.parametrize(("found", "environ", "devices"), CHOICES)
def test_the_caller_chooses_among_the_devices(found, environ, devices):
    assert devices == accelerators.devices(found, environ)


def test_each_lender_gets_a_device_of_its_own():
    async def story():
        pool = Accelerators(("0", "1"), cpu_places=9)
        async with pool.lend(1) as first, pool.lend(1) as second, pool.lend(0) as none:
            return dict(first), dict(second), dict(none), pool.free

    assert ({"CUDA_VISIBLE_DEVICES": "0"}, {"CUDA_VISIBLE_DEVICES": "1"}, {}, 0) == asyncio.run(story())


def test_the_next_one_waits_for_a_free_place_and_gets_it():
    async def story():
        pool, order = Accelerators((), cpu_places=1), []

        async def draw(name):
            async with pool.lend(1) as environ:
                order.append((name, dict(environ)))
                await asyncio.sleep(0)
                order.append((name, "done"))

        await asyncio.gather(draw("a"), draw("b"))
        return order, pool.free

    assert ([("a", {}), ("a", "done"), ("b", {}), ("b", "done")], 1) == asyncio.run(story())


def test_one_who_stops_waiting_takes_nothing():
    async def story():
        pool = Accelerators((), cpu_places=1)
        async with pool.lend(1):
            waiting = asyncio.create_task(pool.lend(1).__aenter__())
            await asyncio.sleep(0)
            waiting.cancel()
            await asyncio.wait({waiting})
        return pool.free

    assert 1 == asyncio.run(story())


def test_devices_are_those_that_nvidia_smi_names(tmp_path):
    program = tmp_path / "nvidia-smi"
    program.write_text("#!/bin/sh\nprintf '0\\n1\\n'\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    assert ("0", "1") == accelerators.installed({**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"})


def test_no_nvidia_smi_is_no_device(tmp_path):
    assert () == accelerators.installed({"PATH": str(tmp_path)})


def test_a_failing_nvidia_smi_is_no_device(tmp_path):
    program = tmp_path / "nvidia-smi"
    program.write_text("#!/bin/sh\necho 'NVIDIA-SMI has failed'; exit 9\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    assert () == accelerators.installed({**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"})
