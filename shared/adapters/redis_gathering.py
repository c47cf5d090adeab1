"""Questions of many callers, asked of the server together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from threading import Event as Flag
from threading import Lock
from typing import Final, Generic, TypeVar

from shared.core.errors import Unavailable

T = TypeVar("T")

MOST: Final = 50
"""Asked at once: one answer must not keep the server from all others for long."""


class _Question(Generic[T]):
    def __init__(self, name: str) -> None:
        self.name = name
        self.answers: Sequence[T] = ()
        """The one, once it is there."""
        self.error: Unavailable | None = None
        self.turn = Flag()
        """Set when there is an answer or an error, or when it is its own turn to ask for all."""
        self.leads = False


class Gathering(Generic[T]):
    """Who comes while nobody asks, asks at once; who comes meanwhile is asked for together with others right after.

    Nobody is told what was read before he came. Threads share it.
    """

    def __init__(self, ask: Callable[[Sequence[str]], Sequence[T]]) -> None:
        self._ask = ask
        self._lock = Lock()
        self._waiting: list[_Question[T]] = []
        self._is_asking = False

    def ask(self, name: str) -> T:
        """Raises: Unavailable."""
        question: _Question[T] = _Question(name)
        with self._lock:
            self._waiting.append(question)
            question.leads, self._is_asking = not self._is_asking, True
        if not question.leads:
            question.turn.wait()
        if question.leads:
            self._ask_for_all()
        if question.error is not None:
            raise Unavailable(str(question.error), retry_after=question.error.retry_after) from question.error
        # Without an answer: who asked for all met a bug. It may be another one's, so everybody finds out for himself.
        return question.answers[0] if question.answers else self._ask([name])[0]

    def _ask_for_all(self) -> None:
        """Ask for who waits now, oneself first of them, and hand the turn on."""
        with self._lock:
            batch, self._waiting = self._waiting[:MOST], self._waiting[MOST:]
        try:
            for question, answer in zip(batch, self._ask([question.name for question in batch]), strict=True):
                question.answers = (answer,)
        except Unavailable as error:
            batch += self._stranded()
            for question in batch:
                question.error = error
        finally:
            self._hand_on()
            for question in batch:
                question.turn.set()

    def _stranded(self) -> list[_Question[T]]:
        """Those who came meanwhile: they have waited for this server long enough."""
        with self._lock:
            others, self._waiting = self._waiting, []
        return others

    def _hand_on(self) -> None:
        with self._lock:
            self._is_asking = bool(self._waiting)
            if self._waiting:
                self._waiting[0].leads = True
                self._waiting[0].turn.set()
