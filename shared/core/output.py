"""What a completed job leaves behind: its artifacts and what was measured on them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Artifact:
    """One stored object. `key` names it in the artifact store; `sha256` is lower-case hex."""

    key: str
    content_type: str
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """The artifacts of the winning attempt, and the video's facts as decoded again."""

    video: Artifact
    thumbnail: Artifact
    width: int
    height: int
    num_frames: int
    fps: int
    codec: str

    @property
    def duration_s(self) -> float:
        return self.num_frames / self.fps
