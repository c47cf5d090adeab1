"""A store of which one call fails for a while: what lies behind it is the real one."""

from __future__ import annotations

from typing import Any

from shared.core.errors import Unavailable


class Outage:
    """Passes everything on but `call`, which is away for the first `times` (None: for ever).

    With `where` only calls whose first argument ends so; with `answered` they reach the store, and the answer is lost.
    `error` is raised in the place of Unavailable.
    """

    def __init__(
        self,
        store: Any,
        call: str,
        *,
        times: int | None = None,
        where: str = "",
        answered: bool = False,
        error: Exception | None = None,
    ) -> None:
        self._store = store
        self._call = call
        self._times = times
        self._where = where
        self._answered = answered
        self._error = error or Unavailable(f"{call} is away")
        self.tries = 0

    def __getattr__(self, name: str) -> Any:
        passed_on = getattr(self._store, name)
        return self._fail(passed_on) if name == self._call else passed_on

    def _fail(self, passed_on: Any) -> Any:
        def call(*words: Any, **named: Any) -> Any:
            if self._where and not words[0].endswith(self._where):
                return passed_on(*words, **named)
            self.tries += 1
            if self._times is not None and self.tries > self._times:
                return passed_on(*words, **named)
            if self._answered:
                passed_on(*words, **named)
            raise self._error

        return call
