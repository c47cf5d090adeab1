"""Several videos asked for at once. Knows no Flask.

Each entry is accepted by itself, in their order. Killed in between, some are; the same batch again under the same
key gets those, and the rest are made then.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from functions.submit.drafts import Draft, Drafts, Manners
from functions.submit.handler import Accepted, Videos
from shared.core import batch
from shared.core.access import Caller
from shared.core.counted_call import CountedCall
from shared.core.errors import Conflict, FlipbookError, InvalidRequest, TemporaryError
from shared.core.request import MAX_PROBLEMS
from shared.core.request_key import MISMATCH, RequestKey


@dataclass(frozen=True, slots=True)
class Batch:
    """What became of each entry: a Video or a BatchError. `replayed`: an earlier batch made all of them."""

    data: Sequence[dict[str, Any]]
    replayed: bool


class Batches:
    def __init__(self, videos: Videos, drafts: Drafts) -> None:
        self._videos = videos
        self._drafts = drafts

    def accept(
        self, caller: Caller, entries: Sequence[object], manners: Manners, key: RequestKey | CountedCall | None
    ) -> Batch:
        """Accept every entry that can be; `key` stands for the whole.

        Raises:
            InvalidRequest: No entry is valid; names everything wrong in all of them.
            Conflict: The key stands for another batch (code `idempotency_mismatch`).
            TemporaryError: Nothing was accepted.
        """
        parts = [_part(key, n) for n in range(len(entries))]
        drafts = [self._draft(caller, n, entry, manners, parts[n]) for n, entry in enumerate(entries)]
        valid = [n for n, draft in enumerate(drafts) if not isinstance(draft, InvalidRequest)]
        if not valid:
            raise _all_wrong([draft for draft in drafts if isinstance(draft, InvalidRequest)])
        data: list[dict[str, Any]] = []
        replayed, away = 0, None
        for n, draft in enumerate(drafts):
            outcome: Accepted | FlipbookError
            # When one could not be kept, the others would only wait as long as it did.
            outcome = (away or self._accepted(caller, draft, parts[n])) if isinstance(draft, Draft) else draft
            if isinstance(outcome, TemporaryError):
                if n == valid[0]:
                    raise outcome
                away = outcome
            if isinstance(outcome, Accepted):
                replayed += outcome.replayed
            data.append(outcome.video if isinstance(outcome, Accepted) else batch.told(outcome))
        return Batch(data, replayed == len(valid))

    def _draft(
        self, caller: Caller, n: int, entry: object, manners: Manners, key: RequestKey | CountedCall | None
    ) -> Draft | Accepted | FlipbookError:
        """Accepted: it was the last time, and what was valid then may not be now."""
        try:
            return self._drafts.of_body(caller, entry, manners)
        except InvalidRequest as error:
            wrong = batch.moved(n, error)
        try:
            return self._videos.made(caller, key) or wrong
        except Conflict as error:
            return error

    def _accepted(self, caller: Caller, draft: Draft, key: RequestKey | CountedCall | None) -> Accepted | FlipbookError:
        try:
            accepted = self._videos.accept(caller, draft.job, key)
        except TemporaryError as error:
            return error
        except Conflict as error:
            if error.code == MISMATCH:
                raise
            return error
        ignored = {"ignored_params": list(draft.ignored)} if draft.ignored else {}
        return replace(accepted, video=accepted.video | ignored)


def _part(key: RequestKey | CountedCall | None, n: int) -> RequestKey | CountedCall | None:
    """By what one entry is known. Its place decides, and not which others are valid: that may change."""
    if isinstance(key, RequestKey):
        return replace(key, name=f"{key.name}\n{n}", whole=key.name)
    return key and replace(key, name=f"{key.name}\n{n}")


def _all_wrong(errors: Sequence[InvalidRequest]) -> InvalidRequest:
    problems = [problem for error in errors for problem in error.problems]
    return InvalidRequest(*problems[:MAX_PROBLEMS], code=errors[0].code)
