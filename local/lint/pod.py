"""The pods of an object: a function's, a StatefulSet's, a Job's."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from local.lint.finding import Place
from local.lint.thing import Thing, reach
from local.lint.yaml_file import listed, table

_TEMPLATED: Final = {"Service", "Deployment", "StatefulSet", "DaemonSet", "Job"}
_OPTION: Final = re.compile(r"--(?P<name>[a-z-]+)=(?P<value>.*)", re.DOTALL)
GPU: Final = "nvidia.com/gpu"


@dataclass(frozen=True, slots=True)
class Container:
    at: Place
    data: dict[str, Any]

    @property
    def env(self) -> list[tuple[Place, dict[str, Any]]]:
        return [((*self.at, "env", index), table(each)) for index, each in enumerate(listed(self.data.get("env")))]

    @property
    def mounts(self) -> list[tuple[Place, dict[str, Any]]]:
        found = listed(self.data.get("volumeMounts"))
        return [((*self.at, "volumeMounts", index), table(each)) for index, each in enumerate(found)]

    @property
    def gpus(self) -> int:
        amount = str(reach(self.data, ("resources", "limits", GPU)) or 0)
        return int(amount) if amount.isdecimal() else 0

    def option(self, name: str) -> tuple[Place, str] | None:
        """Where an argument `--name=value` stands, and its value."""
        for index, argument in enumerate(listed(self.data.get("args"))):
            found = _OPTION.fullmatch(str(argument))
            if found and found["name"] == name:
                return (*self.at, "args", index), found["value"]
        return None

    def variable(self, name: str) -> tuple[Place, dict[str, Any]] | None:
        return next(((at, each) for at, each in self.env if each.get("name") == name), None)


@dataclass(frozen=True, slots=True)
class Pod:
    at: Place
    """Where its spec stands."""
    spec: dict[str, Any]

    @property
    def containers(self) -> Iterator[Container]:
        for field in ("initContainers", "containers"):
            for index, each in enumerate(listed(self.spec.get(field))):
                yield Container((*self.at, field, index), table(each))

    @property
    def volumes(self) -> list[tuple[Place, dict[str, Any]]]:
        found = listed(self.spec.get("volumes"))
        return [((*self.at, "volumes", index), table(each)) for index, each in enumerate(found)]

    @property
    def gpus(self) -> int:
        return sum(each.gpus for each in self.containers)


def pods(thing: Thing) -> Iterator[Pod]:
    """The pods that an object makes: one template, or none. Those of others are not ours to judge."""
    at: Place = ()
    if thing.kind == "CronJob":
        at = ("spec", "jobTemplate", "spec", "template", "spec")
    elif thing.kind in _TEMPLATED and (thing.kind != "Service" or thing.is_function):
        at = ("spec", "template", "spec")
    if at and not thing.is_partial and isinstance(spec := thing.get(*at), dict):
        yield Pod(at, spec)


def function_pod(thing: Thing) -> Pod | None:
    """Of a function; None for everything else."""
    return next(pods(thing), None) if thing.is_function else None
