"""Broker, Trigger and PingSource."""

from __future__ import annotations

import re
from typing import Final

from local.manifests.durations import iso_duration
from local.manifests.metadata import metadata
from local.manifests.nodes import Shape, Value
from local.manifests.scope import Scope, destination
from local.objects import Broker, BrokerClass, DeliverySpec, PingSource, Trigger

_TYPED: Final[dict[str, Shape]] = {"apiVersion": Value.text, "kind": Value.text}
_ATTRIBUTE: Final = re.compile(r"[a-z0-9]+")
_CRON: Final = re.compile(r"(?:[0-9*/,-]+ ){4}[0-9*/,-]+")
_CLASS: Final = "eventing.knative.dev/broker.class"
_CLASSES: Final = {
    "MTChannelBasedBroker": BrokerClass.MT_CHANNEL,
    "Kafka": BrokerClass.KAFKA,
    "KafkaNamespaced": BrokerClass.KAFKA,
    "RabbitMQBroker": BrokerClass.RABBITMQ,
}
_ASYNC: Final = "messaging.knative.dev/async-handler"
_PARALLELISM: Final = "rabbitmq.eventing.knative.dev/parallelism"
_ORDER: Final = "kafka.eventing.knative.dev/delivery.order"
_CONFIG: Final[Shape] = dict.fromkeys(("apiVersion", "kind", "name", "namespace"), Value.text)


def _parallelism(value: Value) -> int:
    if not re.fullmatch(r"[1-9][0-9]{0,2}|1000", value.text()):
        raise value.error("must be a whole number from 1 to 1000")
    return int(value.text())


def broker(document: Value, scope: Scope) -> Broker:
    fields = document.fields("metadata", "spec", no_effect=_TYPED)
    head = metadata(fields.need("metadata"), scope.namespace, annotations={_CLASS: None, _ASYNC: None})
    named = head.annotations.get(_CLASS)
    kind = _CLASSES[named.one_of(*_CLASSES)] if named else BrokerClass.MT_CHANNEL
    if _ASYNC in head.annotations:
        head.annotations[_ASYNC].one_of("true")
    elif kind is BrokerClass.MT_CHANNEL:
        raise fields.need("metadata").error(f"lacks annotation {_ASYNC}: its producers would wait for its subscribers")
    spec = fields.get("spec")
    inner = spec.fields("delivery", no_effect={"config": _CONFIG}) if spec else None
    return Broker(
        namespace=scope.namespace,
        name=head.name,
        delivery=delivery(inner.get("delivery") if inner else None, scope),
        kind=kind,
    )


def trigger(document: Value, scope: Scope) -> Trigger:
    fields = document.fields("metadata", "spec", no_effect=_TYPED)
    head = metadata(
        fields.need("metadata"),
        scope.namespace,
        annotations={_PARALLELISM: None, _ORDER: None},
    )
    parallelism, order = head.annotations.get(_PARALLELISM), head.annotations.get(_ORDER)
    spec = fields.need("spec")
    if filters := spec.names().get("filters"):
        raise filters.error("RabbitMQ's Broker ignores it; use filter.attributes")
    inner = spec.fields("broker", "filter", "subscriber", "delivery")
    return Trigger(
        namespace=scope.namespace,
        name=head.name,
        broker=scope.must_have("Broker", inner.need("broker")),
        attributes=_attributes(inner.get("filter")),
        subscriber=destination(inner.need("subscriber"), scope),
        delivery=delivery(inner.get("delivery"), scope),
        ordered=order.one_of("ordered", "unordered") == "ordered" if order else False,
        parallelism=_parallelism(parallelism) if parallelism else 1,
    )


def ping(document: Value, scope: Scope) -> PingSource:
    fields = document.fields("metadata", "spec", no_effect=_TYPED)
    head = metadata(fields.need("metadata"), scope.namespace)
    spec = fields.need("spec").fields("schedule", "timezone", "contentType", "data", "sink")
    schedule, content_type, data = spec.need("schedule"), spec.get("contentType"), spec.get("data")
    if not _CRON.fullmatch(schedule.text()):
        raise schedule.error(f"{schedule.text()!r} is not five cron fields of digits, *, /, comma and dash")
    if zone := spec.get("timezone"):
        zone.one_of("UTC", "Etc/UTC")
    return PingSource(
        namespace=scope.namespace,
        name=head.name,
        schedule=schedule.text(),
        content_type=content_type.text() if content_type else None,
        data=data.text() if data else "",
        sink=destination(spec.need("sink"), scope),
    )


def delivery(value: Value | None, scope: Scope) -> DeliverySpec:
    """How to deliver. Where there is a `delivery`, it must say how to retry: Brokers differ in what they assume."""
    if value is None:
        return DeliverySpec()
    fields = value.fields("retry", "backoffPolicy", "backoffDelay", "timeout", "deadLetterSink")
    limit, letters = fields.get("timeout"), fields.get("deadLetterSink")
    timeout = iso_duration(limit) if limit else None
    if limit and not timeout:
        raise limit.error("must be more than nothing")
    return DeliverySpec(
        retry=fields.need("retry").whole(),
        exponential=fields.need("backoffPolicy").one_of("exponential", "linear") == "exponential",
        backoff=iso_duration(fields.need("backoffDelay")),
        timeout=timeout,
        dead_letter=destination(letters, scope) if letters else None,
    )


def _attributes(value: Value | None) -> dict[str, str]:
    if value is None:
        return {}
    attributes = value.fields("attributes").need("attributes")
    for name, key in attributes.names().items():
        if not _ATTRIBUTE.fullmatch(name):
            raise key.error("a CloudEvents attribute has lower case letters and digits only")
    return {name: inner.text() for name, inner in attributes.table().items()}
