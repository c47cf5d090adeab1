"""Who may ask now: rates that all processes share, asked of the store as seldom as can be. Knows no Flask.

A caller who is busy gets units for the next moments in one call (a lease), so that a request costs the
store nothing; it never gets more than the rate allows, at worst a little less. Who was refused is refused
here until the store could say otherwise. While the store is away, each process grants a share by itself.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from shared.core import rate
from shared.core.errors import Unavailable
from shared.core.rate import SECOND, Rate, Spending
from shared.ports import RateStore

log = logging.getLogger(__name__)

MAX_ACCOUNTS: Final = 10_000
"""Callers that a process remembers. One that is forgotten loses its lease, and is asked for again."""
LEASE: Final = SECOND // 5
"""How long leased units can be used; also how much of a rate is leased at most."""
SHORTEST_DENIAL: Final = SECOND // 20
"""A refused caller makes the store busy this often at most."""
PAUSE: Final = SECOND
"""Between two tries to reach a store that was away."""
LOCAL_SHARES: Final = 4
"""Alone, a process grants one of so many parts of a rate: submit's max-scale (knative/base/submit.yaml)."""


@dataclass(slots=True)
class _Account:
    """What this process knows of one caller. Times are microseconds of this process's clock."""

    units: int = 0
    """Leased, and not used yet."""
    leased_until: int = 0
    ahead: int = 0
    """How many units the last lease was to have."""
    asking: int = 0
    """Calls that are under way."""
    denied_until: int = 0
    denied: int = 0
    """Units that cannot be had before that."""
    remaining: int = 0
    full_at: int = 0
    """What the store said last."""
    alone_full_at: int = 0
    """As of `rate.spend`, while the store is away."""


class Limiter:
    """Over one RateStore; threads share it. `clock` is in seconds, of any origin."""

    def __init__(self, rates: RateStore, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._rates = rates
        self._clock = clock
        self._lock = threading.Lock()
        self._accounts: OrderedDict[str, _Account] = OrderedDict()
        self._away_until = 0
        self._is_away = False

    def spend(self, name: str, rate_: Rate, units: int = 1) -> Spending:
        """All of `units` or none for the caller `name`. Never raises: a store that is away stops nobody's request."""
        with self._lock:
            now = self._now()
            account = self._account(name)
            if known := _known(account, rate_, units, now):
                return known
            if self._is_away and now < self._away_until:
                return _alone(account, rate_, units, now)
            self._away_until = now + PAUSE  # others do not wait for what this one finds out
            more = _more(account, rate_, now)
            account.asking += 1
        try:
            spending = self._rates.spend(name, rate_, need=units, want=units + more)
        except Unavailable as error:
            return self._lost(name, rate_, units, error)
        finally:
            with self._lock:
                account.asking -= 1
        with self._lock:
            self._found()
            return _noted(account, rate_, units, spending, self._now())

    def _account(self, name: str) -> _Account:
        account = self._accounts.setdefault(name, _Account())
        self._accounts.move_to_end(name)
        if len(self._accounts) > MAX_ACCOUNTS:
            self._accounts.popitem(last=False)
        return account

    def _now(self) -> int:
        return int(self._clock() * SECOND)

    def _lost(self, name: str, rate_: Rate, units: int, error: Unavailable) -> Spending:
        with self._lock:
            if not self._is_away:
                log.warning("rates are counted here alone", extra={"error": error})
            self._is_away = True
            now = self._now()
            self._away_until = now + PAUSE
            return _alone(self._account(name), rate_, units, now)

    def _found(self) -> None:
        if self._is_away:
            log.warning("rates are shared again")
        self._is_away = False


def _known(account: _Account, rate_: Rate, units: int, now: int) -> Spending | None:
    """What need not be asked; None: it must."""
    if now < account.leased_until and account.units >= units:
        account.units -= units
        remaining = account.remaining + account.units
        return Spending(granted=units, remaining=remaining, retry_after=0, reset=max(account.full_at - now, 0))
    if now < account.denied_until and units >= account.denied:
        wait = account.denied_until - now + (units - account.denied) * rate_.interval
        return Spending(
            granted=0, remaining=account.remaining, retry_after=wait, reset=max(account.full_at - now, wait)
        )
    return None


def _more(account: _Account, rate_: Rate, now: int) -> int:
    """Units for a lease: twice as many as before if they were used up in time, else half.

    None while another call is under way: of many at once each would lease, and most of it be lost.
    """
    if account.asking:
        return 0
    used_up = now < account.leased_until
    account.ahead = min(LEASE // rate_.interval, 2 * account.ahead + 1 if used_up else account.ahead // 2)
    return account.ahead


def _noted(account: _Account, rate_: Rate, units: int, spending: Spending, now: int) -> Spending:
    account.remaining, account.full_at = spending.remaining, now + spending.reset
    # Without the store it would go on from its share of what is there now.
    account.alone_full_at = now + (rate_.quota - spending.remaining) * rate_.shared(LOCAL_SHARES).whole // rate_.quota
    if not spending.granted:
        account.denied, account.denied_until = units, now + max(spending.retry_after, SHORTEST_DENIAL)
        return spending
    left = account.units if now < account.leased_until else 0
    account.units = left + spending.granted - units
    account.leased_until = now + LEASE
    remaining = spending.remaining + account.units
    return Spending(granted=units, remaining=remaining, retry_after=0, reset=spending.reset)


def _alone(account: _Account, rate_: Rate, units: int, now: int) -> Spending:
    share = rate_.shared(LOCAL_SHARES)
    spending, account.alone_full_at = rate.spend(share, account.alone_full_at, now, need=units, want=units)
    return spending
