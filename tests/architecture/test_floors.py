"""The plan of the house: imports only go down, rooms on one floor do not know each other."""

import sys
from collections.abc import Iterable, Iterator
from graphlib import CycleError, TopologicalSorter

import pytest

from tests.architecture.house import TOPS, Module, imports, planted, read, told, within

FLOORS = (
    ("functions.submit", "functions.generate", "functions.notify", "functions.recover"),
    ("functions.kit",),
    ("functions.inflow",),
    ("shared.wiring",),
    ("shared.adapters",),
    ("shared.ports", "shared.settings"),
    ("shared.core", "shared.telemetry"),
)
ROOMS = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}

ENGINE = tuple(
    f"functions.generate.{name}"
    for name in ("engine", "mochi", "encode", "playback", "prefetch", "spritesheet", "thumbnail")
)
BESIDE = {
    "local": ("local", "shared.core", "shared.settings"),
    "bench": ("bench", "shared", "tests", *ENGINE),
}
"""What stands beside the house, and what it may import of it. It starts the functions or calls them, as Knative
and users do; only the benchmark of drawing looks at the engine itself, with no platform around it. The benchmark of the platform
starts it as the tests do."""


def room(name: str) -> str | None:
    return next((room for room in ROOMS if within(name, room)), None)


def of_the_house(names: Iterable[str]) -> list[str]:
    return sorted(name for name in names if any(within(name, top) for top in TOPS))


def climbs(modules: Iterable[Module]) -> Iterator[str]:
    """Imports that do not go down."""
    for module in modules:
        here = room(module.name)
        for name in of_the_house(imports(module)):
            there = room(name)
            if here is None:
                yield f"{module.name} stands on no floor of FLOORS, so it must not import {name}."
            elif there is None:
                yield f"{module.name} imports {name}, which stands on no floor of FLOORS."
            elif there != here and ROOMS[there] <= ROOMS[here]:
                yield f"{module.name} imports {name}, but {there} does not stand below {here}."


def acquaintances(modules: Iterable[Module]) -> Iterator[str]:
    """Adapters that know another family, and others than the wiring that know adapters."""
    for module in modules:
        for name in sorted(imports(module)):
            if not within(name, "shared.adapters") or module.name == "shared.wiring":
                continue
            if not module.inside("shared.adapters"):
                yield f"{module.name} imports {name}, but only shared.wiring names adapters."
            elif family(module.name) != family(name):
                yield f"{module.name} imports {name}, but adapters of two families do not know each other."


def family(name: str) -> str:
    """`redis` of shared.adapters.redis_jobs."""
    return name.split(".")[2].split("_", maxsplit=1)[0]


def intrusions(modules: Iterable[Module]) -> Iterator[str]:
    """What stands beside the house and reaches into it."""
    for module in modules:
        allowed = BESIDE[module.name.split(".")[0]]
        for name in of_the_house(imports(module)):
            if not any(within(name, package) for package in allowed):
                yield f"{module.name} imports {name}, but may import only {', '.join(allowed)}."


def circles(modules: Iterable[Module]) -> Iterator[str]:
    known = {module.name: module for module in modules}
    graph = {name: {target(known, used) for used in imports(module)} - {None} for name, module in known.items()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        yield f"these modules import each other in a circle: {' <- '.join(error.args[1])}."


def target(known: Iterable[str], name: str) -> str | None:
    """The module that an imported name is, or is in."""
    return max((module for module in known if within(name, module)), key=len, default=None)


def test_imports_only_go_down():
    found = list(climbs(read("functions", "shared")))

    assert [] == found, told(found)


def test_only_the_wiring_knows_adapters_and_they_know_only_their_own_family():
    found = list(acquaintances(read("functions", "shared")))

    assert [] == found, told(found)


def test_what_stands_beside_the_house_imports_no_part_that_works_in_a_function():
    found = list(intrusions(read("local", "bench")))

    assert [] == found, told(found)


def test_the_conformance_suite_knows_nothing_of_the_house():
    """It is held against a cluster as well, and sees there what callers see."""
    suite = read("tests/conformance")
    found = [f"{module.name} imports {name}." for module in suite for name in strange(module)]

    assert suite
    assert [] == found, told(found)


def strange(module: Module) -> list[str]:
    """What it imports beside its own folder, pytest and the standard library."""
    own = ("tests.conformance", "pytest", "yaml", *sys.stdlib_module_names)
    return sorted(name for name in imports(module) if not any(within(name, package) for package in own))


def test_a_conformance_test_that_looks_inside_is_found():
    assert ["shared.core"] == strange(planted("tests.conformance.test_x", "import json\nfrom shared import core"))


@pytest.mark.parametrize("top", ["functions", "shared", "local", "bench"])
def test_no_modules_import_each_other_in_a_circle(top):
    found = list(circles(read(top)))

    assert [] == found, told(found)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("shared.core.job", "from shared.ports import JobStore"),
        ("shared.core.job", "import shared.telemetry.log"),
        ("shared.telemetry.log", "from shared.core import job"),
        ("shared.ports", "from shared.settings import Settings"),
        ("shared.adapters.redis_jobs", "from shared import wiring"),
        ("shared.wiring", "def late():\n    from functions import kit"),
        ("functions.kit", "from functions.submit.handler import Videos"),
        ("functions.generate.handler", "from functions.notify import handler"),
        ("functions.notify.handler", "from ..recover import handler"),
        ("functions.notify.handler", "from local import broker"),
        ("functions.notify.handler", "import tests.rgw"),
        ("functions.notify.handler", "import shared"),
        ("functions.gunicorn.conf", "from shared.settings import Settings"),
        ("shared.helpers", "from shared.core import job"),
    ],
)
def test_an_import_that_does_not_go_down_is_found(name, text):
    assert 1 == len(list(climbs([planted(name, text)])))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("functions.submit.app", "from functions import kit\nfrom functions.submit import handler\nimport flask"),
        ("functions.generate.mochi.engine", "from functions.generate.engine import VideoEngine"),
        ("shared.wiring", "from shared.adapters.redis_jobs import RedisJobs"),
        ("shared.core.job", "from shared.core.errors import IllegalChange"),
        ("functions.gunicorn.conf", "import signal"),
    ],
)
def test_an_import_that_goes_down_or_stays_in_its_room_is_not(name, text):
    assert [] == list(climbs([planted(name, text)]))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("shared.adapters.redis_jobs", "from shared.adapters import memory_jobs"),
        ("shared.adapters.s3_artifacts", "from shared.adapters.file_artifacts import FileArtifacts"),
        ("functions.submit.app", "from shared.adapters.memory_jobs import MemoryJobs"),
    ],
)
def test_knowing_a_strange_adapter_is_found(name, text):
    assert 1 == len(list(acquaintances([planted(name, text)])))


def test_knowing_ones_own_family_is_not():
    assert [] == list(acquaintances([planted("shared.adapters.redis_jobs", "from shared.adapters import redis_keys")]))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("local.broker", "from functions.submit import app"),
        ("local.broker", "from shared.adapters import redis_jobs"),
        ("bench.draw", "from functions.generate.handler import Painter"),
        ("bench.draw", "import local"),
    ],
)
def test_reaching_into_the_house_is_found(name, text):
    assert 1 == len(list(intrusions([planted(name, text)])))


@pytest.mark.parametrize("last", ["from shared.core import a", "def late():\n    from shared.core.a import thing"])
def test_a_circle_inside_a_room_is_found(last):
    modules = [
        planted("shared.core.a", "from shared.core.b import thing"),
        planted("shared.core.b", "import shared.core.c"),
        planted("shared.core.c", last),
    ]

    assert 1 == len(list(circles(modules)))
    assert [] == list(circles(modules[:2]))
