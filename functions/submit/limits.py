"""How often one API key may ask: 429 before anything is read, and the RateLimit headers of the IETF's draft.

draft-ietf-httpapi-ratelimit-headers: `RateLimit-Policy: "submit";q=600;w=60`, `RateLimit: "submit";r=12;t=30`.
`r` units are there now; the whole quota is there again after `t` seconds, or, if none was, the next one.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, cast

from flask import Flask, Response, current_app, g, request

from functions.submit.door import EVENTS, caller
from functions.submit.limiter import Limiter
from shared.core.errors import InvalidRequest, Problem, RateLimited
from shared.core.rate import SECOND, Rate
from shared.telemetry import metrics

BATCH: Final = "batch"
CREATION: Final = ("creation", BATCH, EVENTS)
"""The blueprints that make videos."""
RETRY: Final = "steering.retry"
"""The one endpoint elsewhere that does."""


@dataclass(frozen=True, slots=True)
class Budget:
    """One of the rates that each key has, by the name that callers see."""

    name: str
    rate: Rate


@dataclass(frozen=True, slots=True)
class Budgets:
    """What each request is counted against."""

    submit: Budget
    other: Budget

    def of_request(self) -> Budget:
        makes = request.blueprint in CREATION or request.endpoint == RETRY
        return self.submit if makes and request.method in ("POST", "PUT") else self.other


def limit(app: Flask, limiter: Limiter, *, create: Rate, other: Rate) -> None:
    """Count every request whose caller is known; comes after the door."""
    budgets = Budgets(Budget("submit", create), Budget("other", other))
    app.extensions["limits"] = (limiter, budgets)

    @app.before_request
    def count() -> None:
        if "caller" in g:
            _spend(limiter, budgets.of_request(), 1)

    @app.after_request
    def tell(response: Response) -> Response:
        if "spent" in g:
            budget, spending = g.spent
            response.headers["RateLimit-Policy"] = f'"{budget.name}";q={budget.rate.quota};w={budget.rate.window}'
            seconds = _seconds(spending.retry_after or spending.reset)
            response.headers["RateLimit"] = f'"{budget.name}";r={spending.remaining};t={seconds}'
        return response


def charge(videos: int) -> None:
    """Count a request that makes more videos than one, all of them or none. It was counted once already.

    Raises:
        RateLimited.
        InvalidRequest: So many are never granted at once.
    """
    limiter, budgets = cast("tuple[Limiter, Budgets]", current_app.extensions["limits"])
    if videos > budgets.submit.rate.quota:
        most = budgets.submit.rate.quota
        raise InvalidRequest(Problem("", f"asks for {videos} videos at once; {most} are the most for one key"))
    if videos > 1:
        _spend(limiter, budgets.submit, videos - 1)


def _spend(limiter: Limiter, budget: Budget, units: int) -> None:
    holder = caller()
    spending = limiter.spend(f"{budget.name}:{holder.tenant}:{holder.key_id}", budget.rate, units)
    g.spent = (budget, spending)
    if not spending.granted:
        metrics.RATE_LIMITED.labels(budget.name).inc()
        rate = f"{budget.rate.quota} requests in {budget.rate.window} s"
        raise RateLimited(
            f"this API key may make {rate} of this kind, and made more",
            retry_after=_seconds(spending.retry_after),
        )


def _seconds(micros: int) -> int:
    return math.ceil(micros / SECOND)
