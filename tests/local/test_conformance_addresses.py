"""`make conformance` says at once what is wrong with what it was given, instead of asking again for half an hour."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.conformance import laptop
from tests.local.stand import free_ports


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    with laptop.running(tmp_path_factory.mktemp("given")) as found:
        yield found


def suite(url, broker, key):
    given = {"FLIPBOOK_URL": url, "BROKER_URL": broker, "API_KEY": key}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--confcutdir=tests/conformance"]
    return subprocess.run(
        [*command, "tests/conformance/test_broker.py"],
        cwd=laptop.ROOT,
        env=os.environ | given,
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_what_is_wrong_is_said_and_nothing_is_asked_again(site):
    nobody = f"http://127.0.0.1:{free_ports()}"
    wrong = {
        "FLIPBOOK_URL: nothing answers there": (nobody, site.broker, site.key),
        "BROKER_URL: nothing answers there": (site.url, f"{nobody}/flipbook/default", site.key),
        "FLIPBOOK_URL: http://127.0.0.1": (f"{site.url}/videos", site.broker, site.key),
        "API_KEY: http://127.0.0.1": (site.url, site.broker, "fb_00000000_" + "x" * 43),
        "beside FLIPBOOK_URL, set BROKER_URL and API_KEY": (site.url, "", ""),
    }

    for sentence, given in wrong.items():
        done = suite(*given)
        assert (2, True) == (done.returncode, sentence in done.stdout + done.stderr), done.stdout + done.stderr


def test_what_is_right_is_held(site):
    done = suite(site.url, site.broker, site.key)
    assert (0, True) == (done.returncode, "7 passed" in done.stdout), done.stdout
