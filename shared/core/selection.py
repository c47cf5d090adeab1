"""Which videos of a list are wanted."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from shared.core import views
from shared.core.errors import InvalidRequest, Problem
from shared.core.job import Job, JobState
from shared.core.operation import Argument

_METADATA: Final = re.compile(r"metadata\[(.+)\]", re.DOTALL)
WORDS: Final = tuple(dict.fromkeys([*views.STATUS.values(), *(state.value for state in JobState)]))
"""OpenAI's four words, then those of our states that are none of them."""
ARGUMENTS: Final = (
    Argument("status", "Only those of this `status` or `state`.", {"type": "string", "enum": list(WORDS)}),
    Argument("metadata[key]", "Only those with this value; any number of keys, each by its name."),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Jobs in one of `states`, with all of `metadata`."""

    states: frozenset[JobState] = frozenset(JobState)
    metadata: Mapping[str, str] = field(default_factory=dict)

    @property
    def passes_all(self) -> bool:
        return self.states == frozenset(JobState) and not self.metadata

    def passes(self, job: Job) -> bool:
        return job.state in self.states and self.metadata.items() <= job.metadata.items()


def parse(arguments: Iterable[tuple[str, str]]) -> Selection:
    """The selection in a query: `status=` and any number of `metadata[key]=`; other arguments are not its own.

    Raises:
        InvalidRequest: Naming every wrong field.
    """
    states, metadata = frozenset(JobState), dict[str, str]()
    problems = []
    for name, value in arguments:
        if name == "status":
            if value not in WORDS:
                problems.append(Problem("/status", f"must be one of {', '.join(WORDS)}"))
            states &= _states(value)
        elif name.startswith("metadata"):
            match = _METADATA.fullmatch(name)
            if match is None:
                problems.append(Problem(f"/{name}", "must be written metadata[key]=value"))
            elif metadata.setdefault(match[1], value) != value:
                problems.append(Problem(f"/metadata/{match[1]}", "is given twice, with different values"))
    if problems:
        raise InvalidRequest(*problems)
    return Selection(states=states, metadata=metadata)


def _states(word: str) -> frozenset[JobState]:
    """Those that OpenAI's clients know by this word, or the one that is called so."""
    return frozenset(state for state in JobState if word in (state.value, views.STATUS[state]))
