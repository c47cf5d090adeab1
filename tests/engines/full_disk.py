"""Its process's disk is full: whoever writes the video's file hears so from the kernel."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from shared.core.request import VideoRequest
from tests.engines.instant import Instant, InstantDrawing


class FullDisk(Instant):
    """Its attempt's file is /dev/full, which takes no byte."""

    def begin(self, request: VideoRequest, checkpoint: bytes | None = None) -> InstantDrawing:
        for folder in Path(tempfile.gettempdir()).glob(f"flipbook-drawing-{os.getpid()}-*"):
            (folder / "video.mp4").symlink_to("/dev/full")
        return super().begin(request, checkpoint)
