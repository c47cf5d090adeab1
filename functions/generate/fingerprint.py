"""One name for everything that decides what a drawing looks like."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict

from shared.core.request import VideoRequest


def fingerprint(request: VideoRequest) -> str:
    """SHA-256 of the request as canonical JSON: equal for equal requests in any process."""
    text = json.dumps(asdict(request), sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()
