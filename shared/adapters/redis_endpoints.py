"""The WebhookEndpointStore on Redis or Valkey: one record for each tenant, since a job's end needs all of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Final

from shared.adapters import redis_keys as keys
from shared.adapters.redis_codec import ENDPOINTS
from shared.adapters.redis_commit import Command, Condition, commit, create, look
from shared.adapters.redis_connection import RedisConnection
from shared.core.endpoint import Change, Endpoint, changed, made_for
from shared.core.errors import Conflict, NotFound, Unavailable
from shared.core.job import Job
from shared.ports import MAX_ENDPOINTS

_TRIES: Final = 20
"""How often others may change them between our reading and our writing. Each time one of them got on."""

Book = Mapping[str, Endpoint]
"""A tenant's endpoints by id."""


class RedisEndpointStore:
    def __init__(self, redis: RedisConnection) -> None:
        self._redis = redis

    def now(self) -> datetime:
        return look(self._redis).at

    def add(self, endpoint: Endpoint) -> Endpoint:
        def added(book: Book, at: datetime) -> Book:
            if made_for(endpoint.occasion, book.values(), at) is not None:
                return book
            if endpoint.id not in book and len(book) >= MAX_ENDPOINTS:
                raise Conflict(f"there are {MAX_ENDPOINTS} endpoints; delete one first", code="too_many_endpoints")
            return {**book, endpoint.id: endpoint}

        book = self._change(endpoint.tenant, added)
        return made_for(endpoint.occasion, book.values(), endpoint.created_at) or endpoint

    def of_tenant(self, tenant: str) -> Sequence[Endpoint]:
        return loaded(look(self._redis, ("GET", keys.endpoints(tenant))).replies[0])

    def get(self, tenant: str, endpoint_id: str) -> Endpoint:
        for endpoint in self.of_tenant(tenant):
            if endpoint.id == endpoint_id:
                return endpoint
        raise NotFound(f"there is no webhook endpoint {endpoint_id}")

    def apply(self, tenant: str, endpoint_id: str, change: Change) -> Endpoint:
        def applied(book: Book, at: datetime) -> Book:
            return {**book, endpoint_id: changed(_found(book, endpoint_id), change, at)}

        return self._change(tenant, applied)[endpoint_id]

    def delete(self, tenant: str, endpoint_id: str) -> None:
        def without(book: Book, _: datetime) -> Book:
            _found(book, endpoint_id)
            return {name: endpoint for name, endpoint in book.items() if name != endpoint_id}

        self._change(tenant, without)

    def _change(self, tenant: str, change: Callable[[Book, datetime], Book]) -> Book:
        name = keys.endpoints(tenant)
        for _ in range(_TRIES):
            view = look(self._redis, ("GET", name))
            stored: str | None = view.replies[0]
            before = ENDPOINTS.load(stored) if stored is not None else {}
            after = change(before, view.at)
            if after == before or self._written(name, stored, _text(after, stored)):
                return after
        raise Unavailable("the webhook endpoints are changed too often at the same time")

    def _written(self, name: str, stored: str | None, wanted: str | None) -> bool:
        writes: list[Command] = [("DEL", name) if wanted is None else ("SET", name, wanted)]
        if stored is None:
            absent: Condition = ("absent", name)
            return create(self._redis, [absent], writes)
        return commit(self._redis, name, stored, wanted, writes) == wanted


def _text(book: Book, stored: str | None) -> str | None:
    """What a newer version keeps with those that stay, stays."""
    if not book:
        return None
    there = {name: raw for name, raw in json.loads(stored or "{}").items() if name in book}
    return ENDPOINTS.dump_over(dict(book), json.dumps(there))


def seen(redis: RedisConnection, job: Job) -> tuple[Sequence[Endpoint], Sequence[Condition]]:
    """The endpoints that must hear of a job's end, and that they are still those when it is written."""
    if not job.state.is_final:
        return (), ()
    name = keys.endpoints(job.tenant)
    text: str | None = look(redis, ("GET", name)).replies[0]
    unchanged: Condition = ("absent", name) if text is None else ("is", name, text)
    return loaded(text), (unchanged,)


def loaded(text: str | None) -> Sequence[Endpoint]:
    """Of a tenant's record, oldest first."""
    return [] if text is None else sorted(ENDPOINTS.load(text).values(), key=lambda endpoint: endpoint.id)


def _found(book: Book, endpoint_id: str) -> Endpoint:
    if endpoint_id not in book:
        raise NotFound(f"there is no webhook endpoint {endpoint_id}")
    return book[endpoint_id]
