"""What the reader refuses in `eventing/`."""

import pytest

from tests.local.planted_fault import assert_reported

BROKER = "eventing/100-broker.yaml"
TRIGGER = "eventing/200-generate.yaml"
PING = "eventing/300-recover.yaml"
KUSTOMIZATION = "eventing/kustomization.yaml"

# What is planted: file, the text there, what it becomes, and what must be said; `plant` explains the @@.
FAULTS = {
    "a dead letter's address that is no path": (
        TRIGGER,
        "uri: /dead-letters",
        "uri: dead-letters@@",
        "deadLetterSink.uri: must be a path like /dead-letters",
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
        "broker.class: NATS@@",
        "'NATS' is not one of MTChannelBasedBroker, Kafka, KafkaNamespaced, RabbitMQBroker",
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


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_reported_with_its_line(tmp_path, fault):
    assert_reported(tmp_path, *FAULTS[fault])
