"""What every WebhookEndpointStore promises (shared/ports/endpoints.py)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from redis import Redis

from shared.adapters import redis_keys as keys
from shared.adapters.redis_connection import RedisConnection
from shared.adapters.redis_endpoints import RedisEndpointStore
from shared.core.endpoint import Edited, Endpoint, Heard, Left, Missed, SealedSecret, SecretRotated, changed
from shared.core.errors import Conflict, NotFound
from shared.core.occasion import Occasion
from shared.ports import MAX_ENDPOINTS
from tests.faults import FaultProxy
from tests.stores import START, Stores

DAY = timedelta(days=1)
URL = "https://hooks.example.com/"
CHANGES = [
    Edited(url="https://b.example.com/☃", name="Käfer", event_types=("video.failed",), enabled=False),
    SecretRotated(secret=SealedSecret("k.new", hint="new"), overlap=DAY),
    Missed(URL, "timeout"),
    Heard(URL),
    Left(URL),
]


def entry(endpoint_id: str = "we_1", **changes: Any) -> Endpoint:
    fixed = Endpoint(
        id=endpoint_id,
        tenant="ada",
        url=URL,
        event_types=("video.completed",),
        secrets=(SealedSecret("k.first", hint="irst"),),
        created_at=START,
        updated_at=START,
    )
    return replace(fixed, **changes)


@pytest.fixture
def far(proxy: FaultProxy) -> Iterator[RedisEndpointStore]:
    """A store behind a proxy that loses answers."""
    connection = RedisConnection(f"redis://127.0.0.1:{proxy.port}")
    yield RedisEndpointStore(connection)
    connection.close()


def test_endpoints_are_kept_by_age_and_each_tenant_sees_their_own(stores: Stores) -> None:
    for endpoint in (entry("we_2"), entry("we_1"), entry("we_3", tenant="eve")):
        stores.endpoints.add(endpoint)

    assert [entry("we_1"), entry("we_2")] == list(stores.endpoints.of_tenant("ada"))
    assert [entry("we_3", tenant="eve")] == list(stores.endpoints.of_tenant("eve"))
    assert [] == list(stores.endpoints.of_tenant("nobody"))
    assert entry("we_2") == stores.endpoints.get("ada", "we_2")


def test_another_tenant_s_endpoint_is_not_found(stores: Stores) -> None:
    stores.endpoints.add(entry())

    for call in (stores.endpoints.get, stores.endpoints.delete):
        with pytest.raises(NotFound):
            call("eve", "we_1")
    with pytest.raises(NotFound):
        stores.endpoints.apply("eve", "we_1", Left(URL))
    assert entry() == stores.endpoints.get("ada", "we_1")


def test_adding_again_is_the_same_endpoint(stores: Stores) -> None:
    for _ in range(2):
        stores.endpoints.add(entry())
    assert [entry()] == list(stores.endpoints.of_tenant("ada"))


def test_one_request_makes_one_endpoint_though_it_comes_twice_at_once(stores: Stores) -> None:
    occasion = Occasion(name="k", fingerprint="f", until=stores.endpoints.now() + DAY)
    with ThreadPoolExecutor() as pool:
        done = [pool.submit(stores.endpoints.add, entry(f"we_{n}", occasion=occasion)) for n in range(4)]
    kept = {each.result().id for each in done}

    assert [kept] == [{each.id} for each in stores.endpoints.of_tenant("ada")]
    with pytest.raises(Conflict) as caught:
        stores.endpoints.add(entry("we_x", occasion=replace(occasion, fingerprint="other")))
    assert "idempotency_mismatch" == caught.value.code
    late = replace(occasion, until=START)
    assert "we_y" == stores.endpoints.add(entry("we_y", tenant="eve", occasion=late)).id
    assert "we_z" == stores.endpoints.add(entry("we_z", tenant="eve", occasion=late)).id


def test_one_request_rotates_once_though_it_comes_twice_at_once(stores: Stores) -> None:
    stores.endpoints.add(entry())
    occasion = Occasion(name="k", fingerprint="f", until=stores.endpoints.now() + DAY)
    secrets = [SealedSecret(f"k.{n}", hint=str(n), occasion=occasion) for n in range(4)]
    with ThreadPoolExecutor() as pool:
        done = [
            pool.submit(stores.endpoints.apply, "ada", "we_1", SecretRotated(secret=each, overlap=DAY))
            for each in secrets
        ]
    [after] = {each.result() for each in done}

    assert after == stores.endpoints.get("ada", "we_1")
    assert [True, False] == [each in secrets for each in after.secrets]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: type(change).__name__)
def test_a_change_is_that_of_the_core_at_the_store_s_time(stores: Stores, change: Any) -> None:
    stores.endpoints.add(entry())
    before = stores.endpoints.now()
    after = stores.endpoints.apply("ada", "we_1", change)

    assert after == stores.endpoints.get("ada", "we_1")
    moments = [at for at in (after.updated_at, after.disabled_at, after.failing_since) if at not in (None, START)]
    assert all(before <= at <= stores.endpoints.now() for at in moments)
    expected = changed(entry(), change, moments[0] if moments else START)
    assert expected == after


def test_a_deleted_endpoint_is_gone_with_its_secrets(stores: Stores) -> None:
    stores.endpoints.add(entry())
    stores.endpoints.delete("ada", "we_1")

    assert [] == list(stores.endpoints.of_tenant("ada"))
    for call in (lambda: stores.endpoints.delete("ada", "we_1"), lambda: stores.endpoints.get("ada", "we_1")):
        with pytest.raises(NotFound):
            call()


def test_a_tenant_has_no_more_than_may_be(stores: Stores) -> None:
    for n in range(MAX_ENDPOINTS):
        stores.endpoints.add(entry(f"we_{n}"))
    with pytest.raises(Conflict) as caught:
        stores.endpoints.add(entry("we_x"))
    assert "too_many_endpoints" == caught.value.code

    stores.endpoints.add(entry("we_x", tenant="eve"))
    stores.endpoints.delete("ada", "we_0")
    stores.endpoints.add(entry("we_x"))


def test_changes_at_the_same_time_all_count(stores: Stores) -> None:
    for n in range(4):
        stores.endpoints.add(entry(f"we_{n}"))
    with ThreadPoolExecutor() as pool:
        done = [pool.submit(stores.endpoints.apply, "ada", f"we_{n}", Missed(URL, f"e{n}")) for n in range(4)]
    assert [f"e{n}" for n in range(4)] == [each.result().last_error for each in done]
    assert [f"e{n}" for n in range(4)] == [each.last_error for each in stores.endpoints.of_tenant("ada")]


def rotated(store: RedisEndpointStore) -> None:
    store.apply("ada", "we_1", SecretRotated(secret=SealedSecret("k.new", hint="new"), overlap=DAY))


@pytest.mark.parametrize("nth", [1, 2, 3])
def test_a_call_whose_answer_was_lost_is_done_once(proxy: FaultProxy, far: RedisEndpointStore, nth: int) -> None:
    far.now()  # connected
    proxy.cut(nth)
    far.add(entry())
    proxy.cut(nth)
    rotated(far)

    [found] = far.of_tenant("ada")
    assert ["new", "irst"] == [secret.hint for secret in found.secrets]
    proxy.cut(1)
    far.delete("ada", "we_1")
    assert [] == list(far.of_tenant("ada"))


def test_what_a_newer_version_keeps_with_an_endpoint_stays(redis_url: str) -> None:
    connection = RedisConnection(redis_url)
    store, floor = RedisEndpointStore(connection), Redis.from_url(redis_url, decode_responses=True)
    for name in ("we_1", "we_2"):
        store.add(entry(name))
    book = json.loads(floor.get(keys.endpoints("ada")))
    for name in book:
        book[name] |= {"colour": ["☃"]}
    floor.set(keys.endpoints("ada"), json.dumps(book))

    rotated(store)
    store.delete("ada", "we_2")

    assert {"we_1": ["☃"]} == {
        name: kept["colour"] for name, kept in json.loads(floor.get(keys.endpoints("ada"))).items()
    }
    floor.close()
    connection.close()
