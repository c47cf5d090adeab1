"""What would come of a body, before it is a job. Knows no Flask."""

from __future__ import annotations

from typing import Any

from functions.submit.drafts import Drafts, Manners
from functions.submit.forecasts import Forecasts
from shared.core import quote
from shared.core.access import Caller
from shared.core.errors import InvalidRequest
from shared.settings import Settings


class Estimates:
    """Reads bodies as their creation would, and holds them against the forecast. Stores nothing."""

    def __init__(self, drafts: Drafts, forecasts: Forecasts, settings: Settings) -> None:
        self._drafts = drafts
        self._forecasts = forecasts
        self._settings = settings

    def of_body(self, caller: Caller, body: object, manners: Manners) -> dict[str, Any]:
        """A Quote. A body that would be refused is one too. Raises: Unavailable."""
        try:
            draft = self._drafts.of_body(caller, body, manners)
        except InvalidRequest as error:
            return quote.refused(error.problems)
        job = draft.job
        return quote.of(
            job.request, self._forecasts.forecast(), at=job.created_at, long_s=self._settings.long.total_seconds()
        )
