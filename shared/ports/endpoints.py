"""Registered webhook endpoints."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final, Protocol

from shared.core.endpoint import Change, Endpoint

MAX_ENDPOINTS: Final = 20
"""Of one tenant: each end of a job is held against all of them."""


class WebhookEndpointStore(Protocol):
    """Endpoints of tenants, which the JobStore of the same family reads when a job ends. Holds sealed secrets."""

    def now(self) -> datetime: ...

    def add(self, endpoint: Endpoint) -> Endpoint:
        """Keep a new endpoint, unless the same request made one before; the one that is kept. Said twice, it is there
        once.

        Raises: Conflict: Its tenant has MAX_ENDPOINTS (`too_many_endpoints`); as `Occasion.repeats`.
        """
        ...

    def of_tenant(self, tenant: str) -> Sequence[Endpoint]:
        """All of them, oldest first."""
        ...

    def get(self, tenant: str, endpoint_id: str) -> Endpoint:
        """Raises: NotFound: There is none such, or it is another tenant's."""
        ...

    def apply(self, tenant: str, endpoint_id: str, change: Change) -> Endpoint:
        """Change it by `endpoint.changed`, at the store's time. Raises: NotFound; as `changed`."""
        ...

    def delete(self, tenant: str, endpoint_id: str) -> None:
        """From now on there is no such endpoint. Raises: NotFound: There was none."""
        ...
