"""What the reader makes of the manifests."""

from datetime import timedelta

import pytest

from local.manifests import ManifestError, read
from local.objects import DeliverySpec, Destination, SecretKey
from tests.local.planted_fault import copied


@pytest.fixture
def folders(tmp_path):
    return copied(tmp_path)


def test_an_unknown_field_is_told_what_is_known_there(folders, tmp_path):
    file = tmp_path / "eventing" / "200-generate.yaml"
    file.write_text(file.read_text().replace("retry: 5", "retires: 5"))

    with pytest.raises(
        ManifestError, match=r"known here: backoffDelay, backoffPolicy, deadLetterSink, retry, timeout$"
    ):
        read(*folders)


def test_a_file_that_kustomization_does_not_name_is_not_read(folders):
    (folders[0] / "notes.yaml").write_text("kind: Nonsense")

    assert 4 == len(read(*folders).services)


def test_a_folder_without_kustomization_is_named(tmp_path):
    with pytest.raises(ManifestError, match=r"kustomization\.yaml:1: there is no such file"):
        read(tmp_path)


def test_a_cluster_that_admits_longer_requests_says_so_in_its_config(folders, tmp_path):
    (tmp_path / "cluster").mkdir()
    (tmp_path / "cluster" / "kustomization.yaml").write_text(
        "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n"
        "namespace: knative-serving\nresources: [config.yaml]\n"
    )
    (tmp_path / "cluster" / "config.yaml").write_text(
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: config-defaults\n"
        'data:\n  max-revision-timeout-seconds: "1800"\n'
    )
    generate = folders[0] / "base" / "generate.yaml"
    generate.write_text(generate.read_text().replace("imeoutSeconds: 600", "imeoutSeconds: 1800"))

    platform = read(tmp_path / "cluster", *folders)

    assert timedelta(seconds=1800) == next(each.timeout for each in platform.services if each.name == "generate")


@pytest.fixture
def platform(folders):
    return read(*folders)


def test_a_service_is_read_whole(platform):
    generate = next(each for each in platform.services if each.name == "generate")

    assert ["gunicorn", "--config=functions/gunicorn.conf.py"] == list(generate.command)[:2]
    assert SecretKey("Secret", "flipbook-store", "REDIS_URL") == generate.env["REDIS_URL"]
    assert SecretKey("ConfigMap", "flipbook", "K_SINK") == generate.env["K_SINK"]
    assert "600" == generate.env["REQUEST_TIMEOUT_SECONDS"]
    assert ("/readyz", 8080, False) == (generate.readiness_path, generate.port, generate.public)
    assert (timedelta(minutes=1), timedelta(minutes=1)) == (generate.window, generate.retention)
    assert timedelta(minutes=30, seconds=30) == generate.activation


def test_the_default_target_is_seventy_percent_of_what_an_instance_admits(platform):
    notify = next(each for each in platform.services if each.name == "notify")

    assert 2.8 == pytest.approx(notify.target)


def test_a_trigger_is_read_whole(platform):
    trigger = next(each for each in platform.triggers if each.name == "generate")

    assert {"type": "dev.flipbook.video.queued.v1", "bell": "ring"} == trigger.attributes
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


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("Kafka", "kafka"),
        ("KafkaNamespaced", "kafka"),
        ("RabbitMQBroker", "rabbitmq"),
        ("MTChannelBasedBroker", "mt-channel"),
    ],
)
def test_the_class_of_a_broker_is_read(folders, said, kind):
    file = folders[1] / "100-broker.yaml"
    file.write_text(file.read_text().replace("MTChannelBasedBroker", said))

    assert [kind] == [broker.kind for broker in read(*folders).brokers]


def test_how_many_events_kafka_and_rabbitmq_deliver_at_once_is_read(folders):
    file = folders[1] / "200-generate.yaml"
    annotation = "rabbitmq.eventing.knative.dev/parallelism"
    file.write_text(
        file.read_text().replace(
            f"    {annotation}", f"    kafka.eventing.knative.dev/delivery.order: ordered\n    {annotation}"
        )
    )

    found = {trigger.name: (trigger.ordered, trigger.parallelism) for trigger in read(*folders).triggers}

    assert ((True, 8), (False, 1)) == (found["generate"], found["notify-completed"])


def test_a_broker_that_says_nothing_of_delivery_has_knatives_defaults(platform):
    assert [DeliverySpec()] == [broker.delivery for broker in platform.brokers]
