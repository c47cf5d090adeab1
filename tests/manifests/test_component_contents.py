"""What components bring is tried out where a real server or program is at hand."""

import os
import re
import subprocess
import sys
from pathlib import Path

import boto3
import pytest
import redis
from prometheus_client.metrics import MetricWrapperBase

from functions.submit.limiter import LOCAL_SHARES
from local.lint.yaml_file import documents
from local.redis_server import find_binary
from shared.telemetry import metrics

ROOT = Path(__file__).parents[2]
COMPONENTS = ROOT / "knative" / "components"
PASSWORD = "0123456789abcdef"


def one(component, file, kind):
    (found,) = (each.data for each in documents(COMPONENTS / component / file) if each.data["kind"] == kind)
    return found


def container(found):
    (only,) = found["spec"]["template"]["spec"]["containers"]
    return only


def started(command, environ):
    return subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


@pytest.fixture
def server(tmp_path):
    """The component's Redis: its configuration and its start, but on a socket and in a folder of the test."""
    config = one("redis", "config.yaml", "ConfigMap")["data"]["redis.conf"]
    own = config.replace("dir /data", f"dir {tmp_path}") + f"port 0\nunixsocket {tmp_path}/socket\n"
    (tmp_path / "redis.conf").write_text(own)
    brought = container(one("redis", "statefulset.yaml", "StatefulSet"))
    command = [*brought["command"], brought["args"][0].replace("/etc/redis", str(tmp_path))]
    path = f"{Path(find_binary()).parent}:{os.environ['PATH']}"
    process = started(command, {"PATH": path, "REDISCLI_AUTH": PASSWORD})
    try:
        said = next((line for line in process.stdout if "Ready to accept connections" in line), None)
        assert said is not None
        yield process, str(tmp_path / "socket")
    finally:
        process.terminate()
        process.communicate(timeout=30)
        assert 0 == process.returncode  # it heard SIGTERM itself, and wrote its file to the end


def test_redis_forgets_and_evicts_nothing_and_wants_its_password(server):
    process, socket = server
    with redis.Redis(unix_socket_path=socket) as stranger, pytest.raises(redis.AuthenticationError):
        stranger.ping()
    with redis.Redis(unix_socket_path=socket, password=PASSWORD, decode_responses=True) as client:
        told = client.config_get("append*", "maxmemory-policy", "save")

    wanted = {"appendonly": "yes", "appendfsync": "always", "maxmemory-policy": "noeviction", "save": ""}
    assert wanted == {name: told[name] for name in wanted}
    assert PASSWORD not in Path(f"/proc/{process.pid}/cmdline").read_text()


def test_the_trial_makes_its_bucket_once(s3_server):
    keys = dict(zip(("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"), s3_server.owner, strict=True))
    environ = os.environ | keys | {"S3_ENDPOINT_URL": s3_server.endpoint, "AWS_DEFAULT_REGION": "us-east-1"}
    program = container(one("object-store-trial", "bucket.yaml", "Job"))["args"][0]

    for _ in range(2):
        subprocess.run([sys.executable, "-c", program], env=environ, check=True, timeout=60)

    client = boto3.Session(*s3_server.owner, region_name="us-east-1").client("s3", endpoint_url=s3_server.endpoint)
    assert "flipbook" in [bucket["Name"] for bucket in client.list_buckets()["Buckets"]]


def test_every_alarm_reads_numbers_that_are_counted():
    counted = {
        sample for each in vars(metrics).values() if isinstance(each, MetricWrapperBase) for sample in names(each)
    }
    rules = [
        rule
        for group in one("monitoring", "alarms.yaml", "PrometheusRule")["spec"]["groups"]
        for rule in group["rules"]
    ]

    read = {word for rule in rules for word in re.findall(r"flipbook_[a-z_]+", rule["expr"])}

    assert set() == read - counted
    assert [] == [rule["alert"] for rule in rules if {"summary", "look"} != set(rule["annotations"])]


def names(metric):
    (family,) = metric.describe()
    endings = {"counter": ["_total"], "gauge": [""], "histogram": ["_bucket", "_count", "_sum"]}
    return [family.name + ending for ending in endings[family.type]]


@pytest.mark.parametrize("size", ["scale-1", "scale-8", "scale-64"])
def test_all_instances_of_submit_alone_grant_no_more_than_a_rate(size):
    annotations = one(size, "submit.yaml", "Service")["spec"]["template"]["metadata"]["annotations"]

    assert LOCAL_SHARES >= int(annotations["autoscaling.knative.dev/max-scale"])


def test_every_secret_of_the_functions_comes_from_the_vault(containers):
    read = {
        entry["valueFrom"]["secretKeyRef"]["name"]
        for each in containers.values()
        for entry in each["env"]
        if "secretKeyRef" in entry.get("valueFrom", {})
    }

    assert read == {
        each.data["metadata"]["name"] for each in documents(COMPONENTS / "external-secrets" / "secrets.yaml")
    }
