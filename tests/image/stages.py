"""The Dockerfile as the tests of this folder see it: its stages, and what each of them lays out."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath

import dockerfile
from docker.utils.build import exclude_paths

ROOT = Path(__file__).parents[2]
IMAGES = {"functions": "ghcr.io/flipbook-video/functions", "gpu": "ghcr.io/flipbook-video/generate"}
"""The stages that run, and what knative/ calls them."""
APP = "/app"


@dataclass(frozen=True, slots=True)
class Stage:
    """One `FROM` and what follows it."""

    name: str
    base: str
    steps: tuple[dockerfile.Command, ...]

    def of(self, *kinds: str) -> list[dockerfile.Command]:
        return [step for step in self.steps if step.cmd in kinds]

    def env(self) -> dict[str, str]:
        values = [value for step in self.of("ENV") for value in step.value]
        return dict(zip(values[::2], values[1::2], strict=True))

    def command(self) -> list[str]:
        [step] = self.of("CMD")
        return list(step.value)


def read(text: str) -> tuple[dict[str, str], dict[str, Stage]]:
    """The defaults of the arguments before the first `FROM`, and the stages in their order."""
    steps = dockerfile.parse_string(text)
    starts = [number for number, step in enumerate(steps) if step.cmd == "FROM"]
    defaults = dict(step.value[0].split("=", 1) for step in steps[: starts[0]])
    found = [
        Stage(name=steps[start].value[2], base=steps[start].value[0], steps=steps[start + 1 : end])
        for start, end in zip(starts, [*starts[1:], len(steps)], strict=True)
    ]
    return defaults, {stage.name: stage for stage in found}


def line(stages: Mapping[str, Stage], name: str) -> list[Stage]:
    """The stage and those that it stands on, the lowest first."""
    stage = stages[name]
    return [*(line(stages, stage.base) if stage.base in stages else []), stage]


def context(root: Path = ROOT) -> list[str]:
    """The files that a builder is sent: docker's own reading of .dockerignore."""
    rules = (root / ".dockerignore").read_text().splitlines()
    patterns = [rule for rule in rules if rule and not rule.startswith("#")]
    return sorted(path for path in exclude_paths(str(root), patterns) if (root / path).is_file())


def matches(source: str, files: Sequence[str]) -> list[str]:
    """What a source of `COPY` names: files, a folder's files, or a pattern within one folder."""
    depth = len(PurePosixPath(source).parts)
    return [
        path
        for path in files
        if path.startswith(f"{source}/") or (fnmatch(path, source) and len(PurePosixPath(path).parts) == depth)
    ]


def layout(stages: Mapping[str, Stage], name: str, files: Sequence[str]) -> Iterator[tuple[str, str]]:
    """From where in the context each file comes, and where under /app it then lies; those of other stages are not told."""
    for stage in line(stages, name):
        for step in stage.of("COPY"):
            if step.flags:
                continue
            *sources, target = step.value
            for source in sources:
                for path in matches(source, files):
                    below = path.removeprefix(f"{source}/") if path.startswith(f"{source}/") else Path(path).name
                    yield path, str(PurePosixPath(target) / below)


def lay_out(stages: Mapping[str, Stage], name: str, folder: Path) -> None:
    """Make `folder` what /app is in that image, but for what other stages bring."""
    for source, target in layout(stages, name, context()):
        place = folder / target
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / source, place)
