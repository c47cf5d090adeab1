"""What keeps the platform from starting: a sentence for the person at the terminal, never a traceback."""

from __future__ import annotations

from shared.core.errors import PermanentError


class CannotStart(PermanentError):
    """Something on this machine or in the caller's settings must be put right first."""
