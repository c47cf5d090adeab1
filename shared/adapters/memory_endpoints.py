"""The WebhookEndpointStore in one process's memory."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from shared.adapters.memory import Memory
from shared.core.endpoint import Change, Endpoint, changed, made_for
from shared.core.errors import Conflict, NotFound
from shared.ports import MAX_ENDPOINTS


class MemoryEndpointStore:
    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    def now(self) -> datetime:
        return self._memory.clock()

    def add(self, endpoint: Endpoint) -> Endpoint:
        with self._memory.lock:
            own = self._memory.endpoints.setdefault(endpoint.tenant, {})
            if (made := made_for(endpoint.occasion, own.values(), self.now())) is not None:
                return made
            if endpoint.id not in own and len(own) >= MAX_ENDPOINTS:
                raise Conflict(f"there are {MAX_ENDPOINTS} endpoints; delete one first", code="too_many_endpoints")
            own[endpoint.id] = endpoint
            return endpoint

    def of_tenant(self, tenant: str) -> Sequence[Endpoint]:
        with self._memory.lock:
            return sorted(self._memory.endpoints.get(tenant, {}).values(), key=lambda endpoint: endpoint.id)

    def get(self, tenant: str, endpoint_id: str) -> Endpoint:
        with self._memory.lock:
            found = self._memory.endpoints.get(tenant, {}).get(endpoint_id)
            if found is None:
                raise NotFound(f"there is no webhook endpoint {endpoint_id}")
            return found

    def apply(self, tenant: str, endpoint_id: str, change: Change) -> Endpoint:
        with self._memory.lock:
            after = changed(self.get(tenant, endpoint_id), change, self.now())
            self._memory.endpoints[tenant][endpoint_id] = after
            return after

    def delete(self, tenant: str, endpoint_id: str) -> None:
        with self._memory.lock:
            self.get(tenant, endpoint_id)
            del self._memory.endpoints[tenant][endpoint_id]
