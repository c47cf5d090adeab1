"""The reader refuses what it does not play, and says where it stands."""

import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from local.manifests import ManifestError, read
from local.objects import DeliverySpec, Destination, SecretKey

ROOT = Path(__file__).parents[2]
FOLDERS = ("knative", "eventing")

GENERATE = "knative/generate.yaml"
SUBMIT = "knative/submit.yaml"
CONFIG = "knative/config.yaml"
BROKER = "eventing/100-broker.yaml"
TRIGGER = "eventing/200-generate.yaml"
PING = "eventing/300-recover.yaml"
KUSTOMIZATION = "eventing/kustomization.yaml"

# What is planted: file, the text there, what it becomes (its line marked with @@), and what must be said.
FAULTS = {
    "a field of pods that is not played": (
        GENERATE,
        "      enableServiceLinks: false",
        "      enableServiceLinks: false\n@@      nodeSelector: {gpu: h200}",
        "spec.template.spec.nodeSelector: not played on one machine; known here: automount",
    ),
    "a misspelt field": (
        GENERATE,
        "      containerConcurrency: 1",
        "@@      containerConcurency: 1",
        "spec.template.spec.containerConcurency: not played",
    ),
    "a misspelt field where nothing is acted on": (
        GENERATE,
        "            runAsNonRoot: true",
        "@@            runAsNonroot: true",
        "spec.template.spec.containers[0].securityContext.runAsNonroot: not played",
    ),
    "a wrong type where nothing is acted on": (
        GENERATE,
        "            runAsNonRoot: true",
        '@@            runAsNonRoot: "true"',
        "runAsNonRoot: must be true or false, unquoted",
    ),
    "an annotation that is not a string": (
        GENERATE,
        'autoscaling.knative.dev/max-scale: "8"',
        "autoscaling.knative.dev/max-scale: 8@@",
        "autoscaling.knative.dev/max-scale: must be a string: quote it",
    ),
    "an autoscaling annotation on the Service": (
        SUBMIT,
        "  name: submit\nspec:",
        '  name: submit\n  annotations:\n@@    autoscaling.knative.dev/min-scale: "1"\nspec:',
        "must be put under spec.template.metadata.annotations",
    ),
    "an autoscaling annotation that is not played": (
        GENERATE,
        'autoscaling.knative.dev/min-scale: "0"',
        'autoscaling.knative.dev/metric: "rps"@@',
        "autoscaling.knative.dev/metric: not played on one machine",
    ),
    "less at most than at least": (
        SUBMIT,
        'autoscaling.knative.dev/min-scale: "1"',
        'autoscaling.knative.dev/min-scale: "5"',
        'max-scale: is less than min-scale, 5@@autoscaling.knative.dev/max-scale: "4"',
    ),
    "a window that is no duration": (
        GENERATE,
        "autoscaling.knative.dev/window: 60s",
        "autoscaling.knative.dev/window: 60 seconds@@",
        "'60 seconds' is not a Go duration like 60s",
    ),
    "a window out of bounds": (
        GENERATE,
        "autoscaling.knative.dev/window: 60s",
        "autoscaling.knative.dev/window: 5s@@",
        "must be whole seconds from 6s to 3600s",
    ),
    "a target utilisation as a fraction": (
        GENERATE,
        'target-utilization-percentage: "100"',
        'target-utilization-percentage: "0.7"@@',
        "must be a number from 1 to 100, quoted",
    ),
    "a timeout above the ceiling": (
        GENERATE,
        "timeoutSeconds: 600\n      # Left out, Knative",
        "timeoutSeconds: 1800@@\n      # Left out, Knative",
        "spec.template.spec.timeoutSeconds: is above 600",
    ),
    "the default that ends silent requests": (
        GENERATE,
        "      responseStartTimeoutSeconds: 600\n",
        "",
        "lacks 'responseStartTimeoutSeconds': Knative would put 300@@      containerConcurrency: 1",
    ),
    "a first byte that may come later than the last": (
        SUBMIT,
        "responseStartTimeoutSeconds: 300",
        "responseStartTimeoutSeconds: 400@@",
        "must be a whole number from 0 to 300",
    ),
    "a quoted number": (
        GENERATE,
        "containerConcurrency: 1",
        'containerConcurrency: "1"@@',
        "containerConcurrency: must be a whole number from 0 to 1000, unquoted",
    ),
    "a readiness probe that the webhook refuses": (
        SUBMIT,
        "httpGet: {path: /readyz}",
        "httpGet: {path: /readyz}\n@@            failureThreshold: 3",
        "readinessProbe.failureThreshold: Knative refuses it",
    ),
    "a probe of a kind that is not played": (
        SUBMIT,
        "            httpGet: {path: /healthz}",
        "@@            tcpSocket: {port: 8080}",
        "livenessProbe.tcpSocket: not played",
    ),
    "a variable that is not a string": (
        GENERATE,
        'value: "600"',
        "value: 600@@",
        "containers[0].env[0].value: must be a string: quote it",
    ),
    "a variable of Knative's own": (
        GENERATE,
        "- name: WEIGHTS_DIR",
        "- name: K_SERVICE@@",
        "env[1].name: is set by Knative itself",
    ),
    "a variable set twice": (
        GENERATE,
        "- name: WEIGHTS_DIR",
        "- name: REQUEST_TIMEOUT_SECONDS@@",
        "'REQUEST_TIMEOUT_SECONDS' is set twice",
    ),
    "a key that no ConfigMap has": (
        GENERATE,
        "{configMapKeyRef: {name: flipbook, key: LEASE_SECONDS}}",
        "{configMapKeyRef: {name: flipbook, key: LEASE}}@@",
        "configMapKeyRef.key: ConfigMap 'flipbook' has no key 'LEASE'",
    ),
    "a reserved port": (SUBMIT, "containerPort: 8080", "containerPort: 8012@@", "is used by Knative itself"),
    "a mount without a volume": (
        GENERATE,
        "{name: shm, mountPath: /dev/shm}",
        "{name: memory, mountPath: /dev/shm}@@",
        "there is no volume 'memory'",
    ),
    "a volume that needs a feature flag": (
        GENERATE,
        "          emptyDir: {sizeLimit: 1Gi}",
        "@@          persistentVolumeClaim: {claimName: weights}",
        "volumes[2].persistentVolumeClaim: not played",
    ),
    "half a GPU": (GENERATE, 'nvidia.com/gpu: "1"', "nvidia.com/gpu: 500m@@", "must be a whole number of GPUs"),
    "a ConfigMap value that is not a string": (
        CONFIG,
        'LEASE_SECONDS: "60"',
        "LEASE_SECONDS: 60@@",
        "data.LEASE_SECONDS: must be a string: quote it",
    ),
    "a delivery's duration that is no ISO 8601": (
        TRIGGER,
        "backoffDelay: PT2S",
        "backoffDelay: 2s@@",
        "spec.delivery.backoffDelay: '2s' is not an ISO 8601 duration like PT2S",
    ),
    "a timeout of nothing": (TRIGGER, "timeout: PT610S", "timeout: PT0S@@", "must be more than nothing"),
    "a backoff that nobody knows": (
        TRIGGER,
        "backoffPolicy: exponential",
        "backoffPolicy: random@@",
        "'random' is not one of exponential, linear",
    ),
    "a delivery that leaves retries to the Broker's taste": (
        TRIGGER,
        "    retry: 5\n",
        "",
        "spec.delivery: lacks 'retry'@@    timeout: PT610S",
    ),
    "a field that needs an alpha flag": (
        TRIGGER,
        "    retry: 5",
        "    retry: 5\n@@    retryAfterMax: PT60S",
        "spec.delivery.retryAfterMax: not played",
    ),
    "filters that RabbitMQ does not know": (
        TRIGGER,
        "  filter:\n",
        "@@  filters: [{prefix: {type: dev.flipbook.}}]\n  filter:\n",
        "spec.filters: RabbitMQ's Broker ignores it; use filter.attributes",
    ),
    "a subscriber that does not exist": (
        TRIGGER,
        "kind: Service, name: generate}",
        "kind: Service, name: draw}@@",
        "spec.subscriber.ref.name: there is no Service 'draw' in namespace 'flipbook'",
    ),
    "a Kubernetes Service where a Knative one is meant": (
        TRIGGER,
        "ref: {apiVersion: serving.knative.dev/v1, kind: Service, name: generate}",
        "ref: {apiVersion: v1, kind: Service, name: generate}@@",
        "'v1' is not one of serving.knative.dev/v1",
    ),
    "a Broker that does not exist": (TRIGGER, "broker: default", "broker: main@@", "there is no Broker 'main'"),
    "a Broker that makes its producers wait": (
        BROKER,
        '    messaging.knative.dev/async-handler: "true"\n',
        "",
        "lacks annotation messaging.knative.dev/async-handler@@  name: default",
    ),
    "a Broker class that is not played": (
        BROKER,
        "broker.class: MTChannelBasedBroker",
        "broker.class: Kafka@@",
        "'Kafka' is not one of MTChannelBasedBroker",
    ),
    "a cron with names": (PING, '"* * * * *"', '"* * * * MON"@@', "is not five cron fields"),
    "a field that stands twice": (
        PING,
        '  data: "{}"',
        '  data: "{}"\n@@  data: "[]"',
        "spec.data: stands here twice, first on line",
    ),
    "a field without a value": (PING, 'data: "{}"', "data:@@", "spec.data: has no value"),
    "a kind that is not played": (PING, "kind: PingSource", "kind: ContainerSource@@", "is not played on one machine"),
    "an older version of a kind": (
        PING,
        "apiVersion: sources.knative.dev/v1\nkind: PingSource",
        "apiVersion: sources.knative.dev/v1beta2\nkind: PingSource@@",
        "sources.knative.dev/v1beta2 PingSource is not played",
    ),
    "a namespace that kustomize would overwrite": (
        PING,
        "  name: recover\nspec",
        "  name: recover\n@@  namespace: other\nspec",
        "metadata.namespace: kustomization.yaml says 'flipbook'",
    ),
    "the same object twice": (
        PING,
        "kind: PingSource\nmetadata:\n  name: recover\n",
        (
            "kind: PingSource\nmetadata:\n  name: recover\nspec: {}\n---\n"
            "apiVersion: sources.knative.dev/v1\nkind: PingSource\nmetadata:\n  name: recover@@\n"
        ),
        "PingSource 'recover' stands at",
    ),
    "a file that is not there": (
        KUSTOMIZATION,
        "- 300-recover.yaml",
        "- 300-recovery.yaml@@",
        "resources[3]: there is no file",
    ),
    "a component, which only kubectl can add": (
        KUSTOMIZATION,
        "resources:",
        "@@components: [kafka]\nresources:",
        "components: not played on one machine",
    ),
    "what is not YAML": (PING, 'data: "{}"', 'data: {"}"]@@', "not YAML"),
}


@pytest.fixture
def folders(tmp_path):
    for folder in FOLDERS:
        shutil.copytree(ROOT / folder, tmp_path / folder)
    return tmp_path


def plant(file, old, new, said):
    """Change the file; returns the line to be named and what must be said about it."""
    said, _, elsewhere = said.partition("@@")
    text = file.read_text()
    assert old in text
    text = text.replace(old, new, 1)
    mark = elsewhere or "@@"
    line = next(number for number, each in enumerate(text.splitlines(), start=1) if mark in each)
    file.write_text(text.replace("@@", ""))
    return line, said


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_reported_with_its_line(folders, fault):
    name, old, new, said = FAULTS[fault]
    line, said = plant(folders / name, old, new, said)

    with pytest.raises(ManifestError) as caught:
        read(*(folders / folder for folder in FOLDERS))

    message = str(caught.value)
    assert f"{folders / name}:{line}: " == message[: len(f"{folders / name}:{line}: ")]
    assert said in message


def test_an_unknown_field_is_told_what_is_known_there(folders):
    file = folders / TRIGGER
    file.write_text(file.read_text().replace("retry: 5", "retires: 5"))

    with pytest.raises(
        ManifestError, match=r"known here: backoffDelay, backoffPolicy, deadLetterSink, retry, timeout$"
    ):
        read(*(folders / folder for folder in FOLDERS))


def test_a_file_that_kustomization_does_not_name_is_not_read(folders):
    (folders / "knative" / "notes.yaml").write_text("kind: Nonsense")

    assert 4 == len(read(*(folders / folder for folder in FOLDERS)).services)


def test_a_folder_without_kustomization_is_named(tmp_path):
    with pytest.raises(ManifestError, match=r"kustomization\.yaml:1: there is no such file"):
        read(tmp_path)


def test_a_cluster_that_admits_longer_requests_says_so_in_its_config(folders):
    (folders / "cluster").mkdir()
    (folders / "cluster" / "kustomization.yaml").write_text(
        "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n"
        "namespace: knative-serving\nresources: [config.yaml]\n"
    )
    (folders / "cluster" / "config.yaml").write_text(
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: config-defaults\n"
        'data:\n  max-revision-timeout-seconds: "1800"\n'
    )
    generate = folders / GENERATE
    generate.write_text(generate.read_text().replace("imeoutSeconds: 600", "imeoutSeconds: 1800"))

    platform = read(*(folders / folder for folder in ("cluster", *FOLDERS)))

    assert timedelta(seconds=1800) == next(each.timeout for each in platform.services if each.name == "generate")


@pytest.fixture
def platform(folders):
    return read(*(folders / folder for folder in FOLDERS))


def test_a_service_is_read_whole(platform):
    generate = next(each for each in platform.services if each.name == "generate")

    assert ["gunicorn", "--config=functions/gunicorn.conf.py"] == list(generate.command)[:2]
    assert SecretKey("Secret", "flipbook-store", "REDIS_URL") == generate.env["REDIS_URL"]
    assert SecretKey("ConfigMap", "flipbook", "K_SINK") == generate.env["K_SINK"]
    assert "600" == generate.env["REQUEST_TIMEOUT_SECONDS"]
    assert ("/readyz", 8080, False) == (generate.readiness_path, generate.port, generate.public)
    assert (timedelta(minutes=1), timedelta(minutes=1)) == (generate.window, generate.retention)


def test_the_default_target_is_seventy_percent_of_what_an_instance_admits(platform):
    notify = next(each for each in platform.services if each.name == "notify")

    assert 2.8 == pytest.approx(notify.target)


def test_a_trigger_is_read_whole(platform):
    trigger = next(each for each in platform.triggers if each.name == "generate")

    assert {"type": "dev.flipbook.video.queued.v1"} == trigger.attributes
    assert Destination(kind="Service", namespace="flipbook", name="generate", path="/") == trigger.subscriber
    assert (
        DeliverySpec(
            retry=5,
            exponential=True,
            backoff=timedelta(seconds=2),
            timeout=timedelta(seconds=610),
            dead_letter=Destination(kind="Service", namespace="flipbook", name="recover", path="/dead-letters"),
        )
        == trigger.delivery
    )


def test_a_broker_that_says_nothing_of_delivery_has_knatives_defaults(platform):
    assert [DeliverySpec()] == [broker.delivery for broker in platform.brokers]
