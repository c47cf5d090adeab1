"""The words for faults that the document names are those that are said, and no others."""

import re

from pydantic import TypeAdapter

from functions.notify.uploader import NOT_ALLOWED
from shared.core.delivery import TOLD, Reply, fault
from shared.core.delivery_views import WebhookDelivery
from shared.core.endpoint import Left, changed
from shared.core.endpoint_views import WebhookEndpoint
from tests.contract.test_endpoint_store import entry
from tests.stores import START

REFUSALS = {fault(Reply(status=status)) for status in (301, 404, 500)}
SILENCES = {fault(Reply(error=word)) for word in (*TOLD, "dns", "connection_refused", "protocol", "address_refused")}
GONE = changed(entry(), Left(entry().url), START).last_error


def named(shape, field):
    schema = TypeAdapter(shape).json_schema()
    shapes = [schema, *schema.get("$defs", {}).values()]
    [text] = [each["properties"][field]["description"] for each in shapes if field in each.get("properties", {})]
    return set(re.findall("`([a-z0-9_]+)`", text))


def test_an_endpoint_s_last_error():
    assert (REFUSALS | SILENCES | {GONE}) - {NOT_ALLOWED.error} == named(WebhookEndpoint, "last_error")


def test_what_a_try_came_to():
    assert REFUSALS | SILENCES | {fault(Reply(status=204))} == named(WebhookDelivery, "outcome")
