"""The traps of Knative Eventing that the manifests walk around."""

import pytest

from local.objects import Destination
from shared.core import events

TYPES = {value for value in vars(events).values() if isinstance(value, str) and value.startswith("dev.flipbook.")}
HEARD_OUTSIDE_ONLY = {events.STARTED, events.ACCEPTED}
SENT_TO_SUBMIT = {events.REQUESTED, events.CANCEL}
"""Past the Broker: a Trigger cannot show a key (docs/decisions/0016)."""


@pytest.fixture(scope="module")
def triggers(objects):
    return [each for each in objects if each["kind"] == "Trigger"]


def test_every_event_type_wakes_its_function_once(platform):
    heard = [(trigger.attributes["type"], trigger.subscriber.name) for trigger in platform.triggers]

    assert sorted(
        (type_, "generate" if type_ == events.QUEUED else "notify")
        for type_ in TYPES - HEARD_OUTSIDE_ONLY - SENT_TO_SUBMIT
    ) == sorted(heard)


def test_no_trigger_reaches_the_public_door(platform):
    assert "submit" not in {trigger.subscriber.name for trigger in platform.triggers}


def test_filters_are_of_the_kind_that_every_broker_knows(triggers):
    assert [["attributes"]] * len(triggers) == [list(each["spec"]["filter"]) for each in triggers]
    assert [] == [each for each in triggers if "filters" in each["spec"]]


def test_only_generate_wants_a_bell_beside_the_type(platform):
    for trigger in platform.triggers:
        rest = {name: value for name, value in trigger.attributes.items() if name != "type"}
        assert ({events.BELL: events.RING} if trigger.name == "generate" else {}) == rest


def test_as_many_bells_may_ring_as_generate_may_have_instances(platform):
    [generate] = [service for service in platform.services if service.name == "generate"]

    assert str(generate.max_scale) == platform.config["flipbook", "WAKE_LIMIT"]


def test_delivery_is_spelled_out_on_every_trigger(triggers):
    complete = {"timeout", "retry", "backoffPolicy", "backoffDelay", "deadLetterSink"}

    assert [] == [each["metadata"]["name"] for each in triggers if complete != set(each["spec"]["delivery"])]


def test_the_broker_waits_longer_than_a_request_may_take(platform, services):
    late = [each.name for each in platform.triggers if each.delivery.timeout <= services[each.subscriber.name].timeout]

    assert [] == late


def test_what_cannot_be_delivered_reaches_recover(platform):
    letters = Destination(kind="Service", namespace="flipbook", name="recover", path="/dead-letters")

    assert {letters} == {each.delivery.dead_letter for each in platform.triggers}


def test_the_broker_does_not_keep_its_producers_waiting(objects):
    (broker,) = (each for each in objects if each["kind"] == "Broker")

    assert "true" == broker["metadata"]["annotations"]["messaging.knative.dev/async-handler"]


def test_recover_is_woken_every_minute_and_past_the_broker(platform):
    (ping,) = platform.pings

    assert "* * * * *" == ping.schedule
    assert Destination(kind="Service", namespace="flipbook", name="recover") == ping.sink


def test_rabbitmq_would_ring_for_every_gpu(triggers, services):
    (generate,) = (each for each in triggers if each["metadata"]["name"] == "generate")
    parallelism = generate["metadata"]["annotations"]["rabbitmq.eventing.knative.dev/parallelism"]

    assert services["generate"].max_scale == int(parallelism)


def test_the_readme_names_every_event(root):
    text = (root / "eventing" / "README.md").read_text()

    assert set() == {type_ for type_ in TYPES | {events.TICK} if f"`{type_}`" not in text}
