"""What every KeyStore promises (shared/ports/api_keys.py)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from shared.adapters.redis_api_keys import RedisKeyStore
from shared.adapters.redis_codec import API_KEY
from shared.adapters.redis_connection import RedisConnection
from shared.core.api_key import ApiKey, Revoked, Rotated, Secret, changed
from shared.core.errors import Conflict, FlipbookError, NotFound
from tests.faults import FaultProxy
from tests.pages import walked
from tests.servers import Valkey
from tests.stores import MOST_KEYS, START, Stores

HOUR = timedelta(hours=1)


def entry(key_id: str = "0a1b2c3d", **changes: Any) -> ApiKey:
    fixed = ApiKey(
        id=key_id,
        tenant="ada",
        scopes=("videos:read", "videos:write"),
        label="Ein Käfer ☃",
        secrets=(Secret("ab" * 32),),
        created_at=START,
        expires_at=START + HOUR,
    )
    return replace(fixed, **changes)


@pytest.fixture
def far(proxy: FaultProxy) -> Iterator[RedisKeyStore]:
    """A store behind a proxy that loses answers."""
    connection = RedisConnection(f"redis://127.0.0.1:{proxy.port}")
    yield RedisKeyStore(connection)
    connection.close()


def test_an_entry_is_seen_as_it_was_added_with_the_time_of_the_store(stores: Stores) -> None:
    stores.api_keys.add(entry())
    before = stores.api_keys.now()
    seen = stores.api_keys.sight("0a1b2c3d")
    assert entry() == seen.entry
    assert before <= seen.at <= stores.api_keys.now()


def test_nothing_stands_under_another_id(stores: Stores) -> None:
    stores.api_keys.add(entry())
    assert None is stores.api_keys.sight("0a1b2c3e").entry


def test_adding_again_is_the_same_entry_and_another_one_is_refused(stores: Stores) -> None:
    stores.api_keys.add(entry())
    stores.api_keys.add(entry())
    with pytest.raises(Conflict) as caught:
        stores.api_keys.add(entry(tenant="eve"))
    assert "key_exists" == caught.value.code
    assert [entry()] == stores.api_keys.page(limit=10).entries


def test_revoking_counts_from_the_first_time(stores: Stores) -> None:
    stores.api_keys.add(entry())
    revoked = stores.api_keys.apply("0a1b2c3d", Revoked())
    assert revoked.revoked_at is not None
    stores.wait(timedelta(milliseconds=2))
    assert revoked == stores.api_keys.apply("0a1b2c3d", Revoked()) == stores.api_keys.sight("0a1b2c3d").entry


def test_a_new_secret_stands_first_and_the_old_one_ends_after_the_overlap(stores: Stores) -> None:
    stores.api_keys.add(entry(expires_at=None))
    rotated = stores.api_keys.apply("0a1b2c3d", Rotated("cd" * 32, HOUR))
    assert rotated.rotated_at is not None
    assert (Secret("cd" * 32), Secret("ab" * 32, rotated.rotated_at + HOUR)) == rotated.secrets
    assert rotated == stores.api_keys.sight("0a1b2c3d").entry


def test_a_refused_change_changes_nothing(stores: Stores) -> None:
    stores.api_keys.add(entry(revoked_at=START))
    with pytest.raises(Conflict):
        stores.api_keys.apply("0a1b2c3d", Rotated("cd" * 32, HOUR))
    assert entry(revoked_at=START) == stores.api_keys.sight("0a1b2c3d").entry


def test_what_is_not_there_is_neither_changed_nor_deleted(stores: Stores) -> None:
    for change in (Revoked(), Rotated("cd" * 32, HOUR)):
        with pytest.raises(NotFound):
            stores.api_keys.apply("0a1b2c3d", change)
    with pytest.raises(NotFound):
        stores.api_keys.delete("0a1b2c3d")


def test_a_deleted_entry_is_gone_and_its_id_free(stores: Stores) -> None:
    stores.api_keys.add(entry())
    stores.api_keys.delete("0a1b2c3d")
    assert None is stores.api_keys.sight("0a1b2c3d").entry
    assert [] == stores.api_keys.page(limit=10).entries
    with pytest.raises(NotFound):
        stores.api_keys.delete("0a1b2c3d")
    stores.api_keys.add(entry(tenant="eve"))
    assert entry(tenant="eve") == stores.api_keys.sight("0a1b2c3d").entry


def test_pages_hold_every_entry_once_by_id(stores: Stores) -> None:
    ids = [f"{n:08x}" for n in range(7)]
    for key_id in reversed(ids):
        stores.api_keys.add(entry(key_id))

    def page(after: str | None) -> tuple[Sequence[ApiKey], bool]:
        found = stores.api_keys.page(limit=3, after=after)
        return found.entries, found.has_more

    assert ids == [each.id for each in walked(page, lambda each: each.id, pages=3)]
    assert ["00000006"] == [each.id for each in stores.api_keys.page(limit=3, after="000000059").entries]


def test_of_two_who_rotate_at_once_one_is_told_to_wait(stores: Stores) -> None:
    stores.api_keys.add(entry(expires_at=None))

    def rotate(n: int) -> str:
        try:
            return stores.api_keys.apply("0a1b2c3d", Rotated(f"{n:064x}", HOUR)).secrets[0].digest
        except Conflict as error:
            return error.code

    with ThreadPoolExecutor(4) as pool:
        told = sorted(pool.map(rotate, range(4)))
    kept = stores.api_keys.sight("0a1b2c3d").entry
    assert kept is not None
    assert [kept.secrets[0].digest, *["rotation_under_way"] * 3] == told
    assert 2 == len(kept.secrets)


def test_there_is_a_greatest_number_of_entries(stores: Stores) -> None:
    for n in range(MOST_KEYS):
        stores.api_keys.add(entry(f"{n:08x}"))
    with pytest.raises(Conflict) as caught:
        stores.api_keys.add(entry("ffffffff"))
    assert "too_many_keys" == caught.value.code
    stores.api_keys.delete("00000000")
    stores.api_keys.add(entry("ffffffff"))


@pytest.mark.parametrize("nth", [1, 2, 3, 4])
def test_a_lost_answer_adds_no_second_entry_and_loses_none(proxy: FaultProxy, far: RedisKeyStore, nth: int) -> None:
    far.now()  # connected
    proxy.cut(nth)
    far.add(entry())
    assert entry() == far.sight("0a1b2c3d").entry
    assert [entry()] == far.page(limit=10).entries


@pytest.mark.parametrize("nth", [1, 2])
def test_a_rotation_whose_answer_was_lost_happened_once(proxy: FaultProxy, far: RedisKeyStore, nth: int) -> None:
    far.add(entry(expires_at=None))
    proxy.cut(nth)
    rotated = far.apply("0a1b2c3d", Rotated("cd" * 32, HOUR))
    assert ["cd" * 32, "ab" * 32] == [secret.digest for secret in rotated.secrets]
    assert rotated == far.sight("0a1b2c3d").entry


def test_an_entry_that_another_version_wrote_is_read_and_its_strange_scope_kept() -> None:
    kept = entry(scopes=("videos:read", "galaxies:write"))
    text = API_KEY.dump(kept).replace('"tenant"', '"news":[1],"tenant"')
    read = API_KEY.load(text)
    assert kept == read
    assert ["videos:read"] == [scope.value for scope in read.caller.scopes]
    assert ("videos:read", "galaxies:write") == changed(read, Revoked(), START).scopes


def test_an_entry_of_the_first_version_has_what_came_later() -> None:
    text = (
        '{"id":"0a1b2c3d","tenant":"ada","scopes":["admin"],"secrets":[{"digest":"ab"}],'
        '"created_at":"2026-01-02T03:04:05Z"}'
    )
    assert API_KEY.load(text).is_live(START + 1000 * HOUR)


def test_faults_are_of_the_tree(far: RedisKeyStore, valkey: Valkey) -> None:
    valkey.kill()
    try:
        for call in (far.now, lambda: far.sight("a"), lambda: far.add(entry()), lambda: far.page(limit=1)):
            with pytest.raises(FlipbookError):
                call()
    finally:
        valkey.start()
