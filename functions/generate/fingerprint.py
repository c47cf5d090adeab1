"""One name for everything that decides what a drawing looks like."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict

from shared.core.preset import Preset
from shared.core.request import VideoRequest


def fingerprint(request: VideoRequest) -> str:
    """SHA-256 of the request as canonical JSON: equal for equal requests in any process."""
    facts = asdict(request)
    if request.preset == Preset.EXACT:
        # As before there were presets: a video in the making is drawn on by the next version.
        del facts["preset"]
    text = json.dumps(facts, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()
