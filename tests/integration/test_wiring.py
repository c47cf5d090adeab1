"""Settings to services: each scheme leads to its adapter, and what is unsafe or unknown is refused."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from shared import wiring
from shared.adapters.file_artifacts import FileArtifacts
from shared.adapters.http_broker import HttpBroker
from shared.adapters.memory_jobs import MemoryJobStore
from shared.adapters.redis_jobs import RedisJobStore
from shared.adapters.s3_artifacts import S3Artifacts
from shared.core.errors import UnsafeServer
from shared.settings import BadSetting, Settings

MEMORY = {"REDIS_URL": "memory://", "ARTIFACTS_URL": "memory://", "K_SINK": "memory://"}


def build(**variables):
    return wiring.build(Settings.from_env(MEMORY | variables))


def test_each_scheme_leads_to_its_adapter(redis_url, tmp_path):
    services = build(REDIS_URL=redis_url, ARTIFACTS_URL=tmp_path.as_uri(), K_SINK="http://127.0.0.1:9/ns/broker")

    kinds = [type(thing) for thing in (services.jobs, services.artifacts, services.publisher)]

    assert [RedisJobStore, FileArtifacts, HttpBroker] == kinds
    services.ping()
    services.close()


def test_s3_and_memory_have_theirs():
    services = build(ARTIFACTS_URL="s3://videos/flipbook")

    assert [MemoryJobStore, S3Artifacts] == [type(services.jobs), type(services.artifacts)]


@pytest.mark.parametrize("variable", ["REDIS_URL", "ARTIFACTS_URL", "K_SINK"])
@pytest.mark.parametrize("value", ["", "ftp://somewhere", "nonsense"])
def test_an_unknown_scheme_is_refused_by_the_variable_s_name(variable, value):
    with pytest.raises(BadSetting, match=rf"{variable}: must be"):
        build(**{variable: value})


def test_a_server_that_may_drop_jobs_is_refused_and_the_cure_is_named(valkey, redis_url):
    with valkey.client() as client:
        client.config_set("maxmemory-policy", "allkeys-lru")
        try:
            with pytest.raises(UnsafeServer, match=re.escape("CONFIG SET maxmemory-policy noeviction")):
                build(REDIS_URL=redis_url)
        finally:
            client.config_set("maxmemory-policy", "noeviction")


def test_a_server_that_is_away_is_waited_for(tmp_path: Path):
    services = build(REDIS_URL=f"unix://{tmp_path}/nowhere.sock")

    assert isinstance(services.jobs, RedisJobStore)


def test_a_function_that_said_it_needs_no_broker_cannot_use_one():
    services = wiring.build(Settings.from_env(MEMORY), broker=False, artifacts=False)

    with pytest.raises(RuntimeError, match="K_SINK"):
        _ = services.publisher.publish
    services.close()


LATE = """
import sys
from functions.notify.app import create_app
from shared import wiring
from shared.settings import Settings
create_app()
print("boto3" in sys.modules)
services = wiring.build(Settings.from_env(), broker=False, late=True)
services.close()
services.artifacts.link
print("boto3" in sys.modules)
services.close()
"""


def test_notify_loads_what_reaches_s3_when_a_video_is_first_sent_somewhere():
    env = MEMORY | {"ARTIFACTS_URL": "s3://flipbook", "WEBHOOK_SECRET": "whsec_" + "a" * 44}
    done = subprocess.run(
        [sys.executable, "-c", LATE],
        env=env | {"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert (0, ["False", "True"]) == (done.returncode, done.stdout.split()), done.stderr
