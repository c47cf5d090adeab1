from __future__ import annotations

import sys

import pytest

from tests.local.stand import Running


@pytest.fixture
def run(tmp_path):
    """Starts runtimes; none outlives the test."""
    started = []

    def start(platform, *, chaos=None, **environ):
        folder = tmp_path / str(len(started))
        folder.mkdir()
        running = Running(folder, platform, chaos=chaos, **environ)
        started.append(running)
        return running.start()

    yield start
    for running in started:
        sys.stdout.write("".join(running.lines))  # shown when the test fails
        if running.process.poll() is None:
            running.stop()
        assert [] == running.left
