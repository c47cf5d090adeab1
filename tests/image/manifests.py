"""The containers that run our images, wherever knative/ names one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import yaml

from tests.image.stages import IMAGES, ROOT


def containers() -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Each with the file that says so; patches, which say no command, are not among them."""
    for file in sorted((ROOT / "knative").rglob("*.yaml")):
        for document in yaml.safe_load_all(file.read_text()):
            for container in _containers(document):
                if _image(container) in IMAGES.values() and "command" in container:
                    yield f"{file.relative_to(ROOT)}:{container['name']}", container


def stage_of(container: Mapping[str, Any]) -> str:
    return next(stage for stage, name in IMAGES.items() if name == _image(container))


def _image(container: Mapping[str, Any]) -> str:
    return str(container.get("image", "")).rpartition(":")[0]


def _containers(node: object) -> Iterator[Mapping[str, Any]]:
    if isinstance(node, dict):
        for key, value in node.items():
            if key in ("containers", "initContainers"):
                yield from value
            else:
                yield from _containers(value)
    elif isinstance(node, list):
        for each in node:
            yield from _containers(each)


def _is_script(container: Mapping[str, Any]) -> bool:
    """Whether it brings its program along, as the Jobs do."""
    return container["command"][-1] in ("-c", "-ec")


SERVERS = [pytest.param(each, id=name) for name, each in containers() if not _is_script(each)]
SCRIPTS = [pytest.param(each, id=name) for name, each in containers() if _is_script(each)]
