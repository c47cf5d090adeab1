"""Brokers, Triggers and clocks: pkg/apis/eventing, pkg/apis/duck/v1/delivery_types.go, and where Brokers differ."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any, Final

from local import cron
from local.lint.cluster import whole
from local.lint.finding import Fault, Place
from local.lint.thing import EVENTING, Thing
from local.lint.world import World
from local.lint.yaml_file import table
from local.manifests.durations import iso
from shared.core import events

CLASS: Final = "eventing.knative.dev/broker.class"
IN_MEMORY: Final = "MTChannelBasedBroker"
KAFKA: Final = ("Kafka", "KafkaNamespaced")
RABBIT: Final = "RabbitMQBroker"
_ASYNC: Final = "messaging.knative.dev/async-handler"
_PARALLELISM: Final = "rabbitmq.eventing.knative.dev/parallelism"
_ORDER: Final = "kafka.eventing.knative.dev/delivery.order"
_COMPLETE: Final = ("timeout", "retry", "backoffPolicy", "backoffDelay", "deadLetterSink")
_ATTRIBUTE: Final = re.compile(r"[a-z0-9]{1,20}")
_OURS: Final = "dev.flipbook."


def broker(thing: Thing, _: World) -> Iterator[Fault]:
    if thing.kind != "Broker":
        return
    kind = thing.annotations.get(CLASS)
    at: Place = ("metadata", "annotations", CLASS)
    if kind not in (IN_MEMORY, *KAFKA, RABBIT):
        what = f"broker class {kind!r} is none that is known." if kind else "its class is the cluster's business."
        yield Fault(at, what, f"Write {CLASS}: one of {IN_MEMORY}, {', '.join(KAFKA)}, {RABBIT}.")
    if kind == IN_MEMORY and thing.annotations.get(_ASYNC) != "true":
        what = "its producers would hang until every subscriber is done (fanout_event_handler.go)."
        yield Fault(("metadata", "annotations", _ASYNC), what, f'Write {_ASYNC}: "true", before the Broker is made.')
    if kind in (*KAFKA, RABBIT) and not thing.get("spec", "config", "name"):
        yield Fault(("spec", "config"), f"a Broker of class {kind} needs spec.config.", "Name its configuration.")


def filters(thing: Thing, world: World) -> Iterator[Fault]:
    if thing.kind != "Trigger":
        return
    if "filters" in thing.spec:
        what = "RabbitMQ's Broker does not know `filters`, and lets every event pass."
        yield Fault(("spec", "filters"), what, "Use filter.attributes, and a Trigger for each type.")
    attributes = table(table(thing.spec.get("filter")).get("attributes"))
    if not attributes:
        yield Fault(("spec",), "every event of the Broker passes.", "Write filter.attributes.type.")
    for name, value in attributes.items():
        at = ("spec", "filter", "attributes", str(name))
        if not _ATTRIBUTE.fullmatch(str(name)):
            yield Fault(at, f"{name!r} is no CloudEvents attribute.", "Lower case letters and digits, 20 at most.")
        if name == "type" and str(value).startswith(_OURS) and value not in _types():
            yield Fault(at, f"nobody sends events of type {value!r}.", "See docs/events.md.")
    found = world.find("Broker", str(thing.spec.get("broker")), thing.namespace)
    if found is None:
        what = f"there is no Broker {thing.spec.get('broker')!r} in namespace {thing.namespace!r}."
        yield Fault(("spec", "broker"), what, "Name one that is applied.")


def subscribers(thing: Thing, world: World) -> Iterator[Fault]:
    """Of Triggers, clocks and dead letters: they must lead somewhere."""
    places: tuple[Place, ...] = {
        "Trigger": (("spec", "subscriber"), ("spec", "delivery", "deadLetterSink")),
        "PingSource": (("spec", "sink"),),
        "Broker": (("spec", "delivery", "deadLetterSink"),),
    }.get(thing.kind, ())
    for at in places:
        target = table(thing.get(*at))
        ref = table(target.get("ref"))
        if ref.get("kind") == "Service" and world.function(ref, thing.namespace) is None:
            what = f"there is no function {ref.get('name')!r} ({ref.get('apiVersion')})."
            yield Fault((*at, "ref", "name"), what, "Name a Service of serving.knative.dev/v1 that is applied.")
        if target and not ref and not str(target.get("uri", "")).startswith("http"):
            yield Fault(at, "leads nowhere.", "Give it a ref.")
        if target.get("audience") and not world.cluster.feature("authentication-oidc", EVENTING):
            what = "an audience has no effect, and no token is shown: authentication-oidc is off."
            mend = "Set authentication-oidc: enabled in config-features of knative-eventing (knative/cluster-settings)."
            yield Fault((*at, "audience"), what, mend)
    if thing.kind == "EventPolicy" and not world.cluster.feature("authentication-oidc", EVENTING):
        mend = "Set authentication-oidc: enabled in config-features of knative-eventing."
        yield Fault(("kind",), "an EventPolicy is refused while authentication-oidc is off.", mend)


def delivery(thing: Thing, world: World) -> Iterator[Fault]:
    """Complete on each Trigger, because Brokers differ in what they take for granted."""
    if thing.kind != "Trigger":
        return
    given, at = table(thing.spec.get("delivery")), ("spec", "delivery")
    missing = [name for name in _COMPLETE if name not in given]
    if missing:
        what = f"delivery lacks {', '.join(missing)}: Brokers differ in what they assume."
        yield Fault(at if given else ("spec",), what, "Spell it out.")
    yield from _retries(given, at)
    if "retryAfterMax" in given and not world.cluster.feature("delivery-retryafter", EVENTING):
        what = "retryAfterMax is refused while the feature delivery-retryafter is off."
        yield Fault((*at, "retryAfterMax"), what, "Take it away; only one Broker heeds it.")
    timeout = iso(str(given.get("timeout", "")))
    target = world.function(table(thing.spec.get("subscriber")).get("ref"), thing.namespace)
    if timeout is not None and target:
        usual = world.cluster.number("config-defaults", "revision-timeout-seconds")
        longest = whole(target.get("spec", "template", "spec", "timeoutSeconds"), 0) or usual
        if timeout <= timedelta(seconds=longest):
            what = (
                f"the Broker gives up after {given['timeout']}, {target.name} may take {longest} s: it is rung twice."
            )
            yield Fault((*at, "timeout"), what, f"Write more than PT{longest}S.")


def _retries(given: dict[str, Any], at: Place) -> Iterator[Fault]:
    for name in ("timeout", "backoffDelay"):
        if name in given and not iso(str(given[name])):
            what = f"{name}: {given[name]!r} is no ISO 8601 duration."
            yield Fault((*at, name), what, "Like PT2S or PT1M30S; Go's 2s is for annotations.")
    if "backoffPolicy" in given and given["backoffPolicy"] not in ("linear", "exponential"):
        yield Fault((*at, "backoffPolicy"), f"{given['backoffPolicy']!r} is none.", "linear or exponential.")
    retry, delay = whole(given.get("retry"), 0), iso(str(given.get("backoffDelay", "")))
    if given.get("backoffPolicy") == "exponential" and delay and delay * 2**retry > timedelta(days=1):
        what = f"the last of {retry} retries would come after more than a day: delay * 2^n has no cap."
        yield Fault((*at, "retry"), what, "Fewer retries, or a shorter delay.")


def parallel(thing: Thing, world: World) -> Iterator[Fault]:
    """How many events are on their way to a function at a time, by Broker class."""
    if thing.kind != "Trigger":
        return
    found = world.find("Broker", str(thing.spec.get("broker")), thing.namespace)
    target = world.function(table(thing.spec.get("subscriber")).get("ref"), thing.namespace)
    if found is None or target is None:
        return
    at: Place = ("metadata", "annotations")
    if thing.annotations.get(_ORDER) == "ordered":
        what = "ordered delivery uses one GPU for each partition."
        yield Fault((*at, _ORDER), what, "Take it away; the queue decides the order.")
    most = table(target.get("spec", "template", "metadata", "annotations")).get("autoscaling.knative.dev/max-scale")
    told = thing.annotations.get(_PARALLELISM)
    rings = events.BELL in table(table(thing.spec.get("filter")).get("attributes"))
    if told is not None and not re.fullmatch(r"[1-9]\d{0,2}|1000", str(told)):
        yield Fault((*at, _PARALLELISM), f"parallelism {told!r} is not allowed.", 'From "1" to "1000".')
    elif rings and str(told) != str(most):
        what = f"RabbitMQ's Broker would wake {told or 1} of {most} GPUs."
        yield Fault((*at, _PARALLELISM), what, f'Write {_PARALLELISM}: "{most}".')


def clock(thing: Thing, _: World) -> Iterator[Fault]:
    if thing.kind != "PingSource":
        return
    try:
        cron.read(str(thing.spec.get("schedule", "")))
    except cron.BadSchedule as error:
        yield Fault(("spec", "schedule"), f"no schedule: {error}.", 'Five fields of cron, like "* * * * *".')
    if str(thing.spec.get("contentType", "")).endswith("json") and "data" in thing.spec:
        try:
            json.loads(str(thing.spec["data"]))
        except ValueError:
            yield Fault(("spec", "data"), "is not the JSON that contentType promises.", "Write JSON.")


def binding(thing: Thing, _: World) -> Iterator[Fault]:
    if thing.kind == "SinkBinding":
        what = "it edits the Services' templates: a new revision, and a fight with GitOps tools."
        yield Fault(("kind",), what, "Write K_SINK into ConfigMap flipbook instead.")


def _types() -> set[str]:
    return {value for value in vars(events).values() if isinstance(value, str) and value.startswith(_OURS)}
