"""Brings things to the artifact store while the drawing goes on. For what is worth no waiting and no failure."""

from __future__ import annotations

import logging
from threading import Condition, Thread
from types import TracebackType
from typing import Any, Final, Self

from shared.core.errors import Unavailable
from shared.ports import ArtifactStore

log = logging.getLogger(__name__)

PARTING: Final = 60.0
"""Seconds that the end of the `with` block waits for what is on its way."""


class Courier:
    """One thread, one thing at a time; of several under one key only the newest is brought.

    So a slow store makes checkpoints rarer, and never lines them up. What the store does not take
    at the first try is dropped, and so is what meets a bug: the next one comes anyway, or whoever
    sends the last one sends it again.
    """

    def __init__(self, artifacts: ArtifactStore, name: str) -> None:
        self._artifacts = artifacts
        self._name = name
        self._change = Condition()
        self._waiting: dict[str, tuple[bytes, str, dict[str, Any]]] = {}
        self._under_way = False
        self._over = False
        self._thread: Thread | None = None
        self.sent: set[str] = set()
        """Keys under which something may lie in the store now."""
        self.brought: dict[str, dict[str, Any]] = {}
        """What was `told` of that which surely lies there."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        """What waits is dropped; what is on its way arrives, so that nothing comes after the attempt's last word."""
        with self._change:
            self._over = True
            self._waiting.clear()
            self._change.notify_all()
            thread = self._thread
        if thread is not None:
            thread.join(PARTING)

    def send(self, key: str, data: bytes, content_type: str, **told: Any) -> None:
        """Returns at once. `told` goes into the log line."""
        with self._change:
            if self._over:
                return
            self._waiting[key] = (data, content_type, told)
            if self._thread is None:
                self._begin()
            self._change.notify_all()

    def flush(self, seconds: float) -> None:
        """Wait until everything has been tried, but no longer than that."""
        with self._change:
            self._change.wait_for(lambda: not self._waiting and not self._under_way, seconds)

    def _begin(self) -> None:
        self._thread = Thread(target=self._run, name=f"courier {self._name}", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            while self._bring_next():
                pass
        except BaseException:
            log.exception("the courier broke, another one goes on", extra={"job": self._name})
            self._hand_on()
            raise

    def _hand_on(self) -> None:
        """To another thread. Nobody shall wait for what this one will never bring."""
        with self._change:
            self._under_way = False
            self._thread = None
            if self._waiting:
                self._begin()
            self._change.notify_all()

    def _bring_next(self) -> bool:
        """Wait for the next thing and bring it; False: all is over."""
        with self._change:
            self._under_way = False
            self._change.notify_all()
            self._change.wait_for(lambda: self._waiting or self._over)
            if self._over:
                return False
            key = next(iter(self._waiting))
            data, content_type, told = self._waiting.pop(key)
            self._under_way = True
            self.sent.add(key)
        self._bring(key, data, content_type, told)
        return True

    def _bring(self, key: str, data: bytes, content_type: str, told: dict[str, Any]) -> None:
        what = key.rpartition("/")[2]
        told = {"job": self._name, "bytes": len(data)} | told
        try:
            self._artifacts.put(key, data, content_type)
        except Unavailable as error:
            log.warning("%s not stored, drawing goes on", what, extra=told | {"error": error})
        else:
            self.brought[key] = told
            log.info("%s stored", what, extra=told)
