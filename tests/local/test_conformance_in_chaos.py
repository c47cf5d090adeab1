"""The conformance suite as an operator runs it, from outside, against a platform in a storm.

Twenty seeds, five for each class of Broker; fewer or more with CHAOS_SEEDS. Much of a storm is waiting, so some
platforms stand in it side by side, and the suite is started without the plugins that other tests brought.
"""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from local.objects import BrokerClass
from tests.conformance import laptop

SEEDS = range(1, int(os.environ.get("CHAOS_SEEDS", "20")) + 1)
SIDE_BY_SIDE = 4
GROUPS = [SEEDS[first : first + SIDE_BY_SIDE] for first in range(0, len(SEEDS), SIDE_BY_SIDE)]
KINDS = list(BrokerClass)
PATIENCE = 240
"""Seconds for one suite: some twenty videos, the storm, and what it leaves to be repaired."""


@pytest.mark.timeout(2 * PATIENCE)
@pytest.mark.parametrize("seeds", GROUPS, ids=lambda seeds: "-".join(map(str, seeds)))
def test_the_suite_is_green_whatever_the_seed(tmp_path, seeds):
    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        ends = dict(zip(seeds, pool.map(lambda seed: suite(tmp_path / str(seed), seed), seeds), strict=True))

    for seed, end in ends.items():
        assert end.returncode == 0, f"--chaos {seed}:\n{end.stdout}"
    assert all(" passed" in end.stdout and "skipped" not in end.stdout for end in ends.values())


def suite(folder: Path, seed: int) -> subprocess.CompletedProcess[str]:
    """Each seed with a class of Broker, in turn."""
    folder.mkdir()
    with laptop.running(folder, f"--broker-class={KINDS[seed % len(KINDS)]}", f"--chaos={seed}") as site:
        given = {"FLIPBOOK_URL": site.url, "BROKER_URL": site.broker, "API_KEY": site.key}
        given |= {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_PLUGINS": "pytest_timeout"}
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--confcutdir=tests/conformance"]
        return subprocess.run(
            [*command, "--ignore=tests/conformance/test_runtime_contract.py", "tests/conformance"],
            cwd=laptop.ROOT,
            env=os.environ | given,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=PATIENCE,
        )
