"""How many sockets this process may have."""

from __future__ import annotations

import resource
from typing import Final

ENOUGH: Final = 65536


def allow_many() -> None:
    """As many as the host lets us have: each held request is two, and the soft limit is often 1,024."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY:
        most = ENOUGH if hard == resource.RLIM_INFINITY else min(ENOUGH, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, most), hard))
