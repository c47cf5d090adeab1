"""What one attempt keeps in the artifact store, and how it bears that the store is away."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Final, Self, TypeVar

from functions.generate.courier import Courier
from functions.generate.patience import Patience
from shared.core import keys
from shared.core.errors import Damaged, NotFound, Unavailable
from shared.core.job import Job
from shared.core.output import Artifact
from shared.wiring import Services

log = logging.getLogger(__name__)
T = TypeVar("T")

CHECKPOINT_TYPE: Final = "application/octet-stream"


class Shelf:
    """Used as a `with` block around the drawing; `tidy` and `vanish` come behind it."""

    def __init__(self, services: Services, job: Job, patience: Patience, look: Callable[[], None]) -> None:
        """`look` is called now and then while a call waits, and raises when nobody wants the video any more."""
        assert job.attempt is not None
        self._services = services
        self._job = job
        self._attempt = job.attempt
        self._patience = patience
        self._look = look
        self._checkpoint = keys.checkpoint_key(job.tenant, job.id)
        self._preview = keys.preview_key(job.tenant, job.id)
        self._courier = Courier(services.artifacts, job.id)

    def __enter__(self) -> Self:
        self._courier.__enter__()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._courier.__exit__(kind, error, at)

    def upload(self, path: Path, content_type: str) -> Artifact:
        """Raises: Unavailable: For longer than we can wait."""
        key = keys.artifact_key(self._job.tenant, self._job.id, self._attempt, path.name)
        return self._patiently(lambda: self._services.artifacts.put(key, path, content_type))

    def checkpoint(self) -> bytes | None:
        """What an earlier attempt left to go on from, if there is something.

        Raises: Unavailable: For longer than we can wait.
        """
        if self._job.attempts == 1:
            return None
        try:
            return self._patiently(lambda: b"".join(self._services.artifacts.read(self._checkpoint)))
        except NotFound:
            return None
        except Damaged as error:
            log.warning("starting at step 0", extra={"job": self._job.id, "error": error})
            return None

    def keep(self, checkpoint: bytes, step: int) -> None:
        """Store it in the background. Without it the next attempt draws more steps again; it is worth no failure."""
        self._courier.send(self._checkpoint, checkpoint, CHECKPOINT_TYPE, step=step)

    def show(self, preview: bytes, step: int) -> None:
        """A WEBP, in the background. It takes the place of the last one."""
        self._courier.send(self._preview, preview, "image/webp", step=step)

    @property
    def shown(self) -> int | None:
        """The step of the preview that can be seen now; None: none of ours can."""
        told = self._courier.brought.get(self._preview)
        return None if told is None else int(told["step"])

    def hand_over(self, checkpoint: bytes, step: int) -> None:
        """Store it before the job goes to somebody else, who wants to go on from it: no other comes after this one.

        A store that is away for longer than we can wait costs the steps since the last.
        """
        give_up = time.monotonic() + self._patience.handover
        while True:
            self.keep(checkpoint, step)
            self._courier.flush(give_up - time.monotonic())
            if self._courier.brought.get(self._checkpoint, {}).get("step") == step or time.monotonic() > give_up:
                return
            time.sleep(self._patience.artifacts_pause)
            self._look()

    def tidy(self) -> None:
        """Remove what helped a job that is over. What stays goes with the job's record."""
        for key in (self._checkpoint, self._preview):
            if self._job.attempts > 1 or key in self._courier.sent:
                self._remove(key)

    def vanish(self) -> None:
        """Remove what was stored for a job whose record is gone: recover, which removed both, was here before us."""
        try:
            self._services.jobs.get(self._job.id)
        except NotFound:
            self._remove(keys.job_prefix(self._job.tenant, self._job.id))
        except Unavailable as error:
            log.debug("job not looked for", extra={"job": self._job.id, "error": error})

    def _remove(self, prefix: str) -> None:
        try:
            self._services.artifacts.delete(prefix)
        except Unavailable as error:
            log.warning("artifacts not removed", extra={"job": self._job.id, "error": error})

    def _patiently(self, call: Callable[[], T]) -> T:
        """An artifact store that is away for a while must cost neither a finished drawing nor half of one."""
        give_up = time.monotonic() + self._patience.artifacts
        while True:
            try:
                return call()
            except Unavailable as error:
                if isinstance(error, Damaged) or time.monotonic() > give_up:
                    raise
                log.warning("waiting for the artifact store", extra={"job": self._job.id, "error": error})
            time.sleep(self._patience.artifacts_pause)
            self._look()
