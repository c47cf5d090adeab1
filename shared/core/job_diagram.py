"""The life of a job as a picture."""

from __future__ import annotations

from shared.core.job import TRANSITIONS


def diagram() -> str:
    """Draw TRANSITIONS as a Mermaid chart; docs/job.md holds its output."""
    lines = ["stateDiagram-v2", "    [*] --> queued"]
    for state, row in TRANSITIONS.items():
        lines += [f"    {state} --> {after}: {change.__name__}" for change, after in row.items()]
        if state.is_final:
            lines.append(f"    {state} --> [*]")
    return "\n".join(lines)
