"""What a room must not know: shared/ no framework, shared/core nothing of the world, and one reader of the environment."""

import ast
import sys
from collections.abc import Iterable, Iterator

import pytest

from tests.architecture.house import Module, imports, planted, read, told, within

FRAMEWORKS = ("flask", "werkzeug", "gunicorn", "torch", "diffusers", "transformers", "accelerate", "av")

WORLD = (
    *("time", "random", "secrets", "uuid", "ulid"),
    *("os", "sys", "io", "pathlib", "tempfile", "shutil", "glob", "subprocess", "signal", "platform"),
    *("socket", "ssl", "select", "selectors", "http.client", "http.server", "urllib.request", "asyncio"),
    *("threading", "multiprocessing", "concurrent", "queue", "logging"),
)
"""Clock, chance, environment, files, network, threads."""
LIBRARIES = ("pydantic", "typing_extensions", "ulid", "cloudevents", "cryptography")
"""What is not Python's own and yet pure enough for the core."""
EXCEPTIONS = {
    "shared.core.ids": {"secrets", "ulid"},  # names must be unguessable
    "shared.core.access": {"secrets"},  # and keys
}
CLOCKS = {"now", "utcnow", "today"}
DOORS = {"open", "print", "input", "exec", "eval"}

READER = "shared.settings"
ENVIRONMENT = {"environ", "environb", "getenv", "getenvb", "putenv", "unsetenv"}


def frameworks(modules: Iterable[Module]) -> Iterator[str]:
    for module in modules:
        for name in sorted(imports(module)):
            if any(within(name, package) for package in FRAMEWORKS):
                yield f"{module.name} imports {name}, but shared/ knows no web framework and no model library."


def impurities(modules: Iterable[Module]) -> Iterator[str]:
    """What the core knows of the world."""
    for module in modules:
        excepted = EXCEPTIONS.get(module.name, set())
        for name in sorted(imports(module)):
            top = name.split(".")[0]
            of_the_world = any(within(name, package) for package in WORLD)
            foreign = top not in sys.stdlib_module_names and top not in (*LIBRARIES, "shared")
            if (of_the_world or foreign) and top not in excepted:
                yield f"{module.name} imports {name}, but the core is pure: let it come in as an argument."
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Call) and (word := _word(node.func)) in CLOCKS | DOORS:
                yield f"{module.name} calls {word} in line {node.lineno}, but the core is pure: pass in what it gives."


def _word(func: ast.expr) -> str:
    """The last word of a clock's name, the only word of a built-in's."""
    if isinstance(func, ast.Attribute) and func.attr in CLOCKS:
        return func.attr
    return func.id if isinstance(func, ast.Name) else ""


def readers(modules: Iterable[Module]) -> Iterator[str]:
    """Readers of the environment beside the one."""
    for module in modules:
        if module.name == READER:
            continue
        for node in ast.walk(module.tree):
            if (isinstance(node, ast.Attribute) and node.attr in ENVIRONMENT) or (
                isinstance(node, ast.ImportFrom)
                and node.module == "os"
                and ENVIRONMENT & {alias.name for alias in node.names}
            ):
                yield f"{module.name} reads the environment in line {node.lineno}, but only {READER} does."


def test_shared_knows_no_framework():
    found = list(frameworks(read("shared")))

    assert [] == found, told(found)


def test_the_core_knows_nothing_of_the_world():
    found = list(impurities(read("shared/core")))

    assert [] == found, told(found)


def test_one_module_reads_the_environment():
    found = list(readers(read("functions", "shared")))

    assert [] == found, told(found)


@pytest.mark.parametrize("text", ["import flask", "from torch import nn", "def late():\n    import diffusers.utils"])
def test_a_framework_in_shared_is_found(text):
    assert 1 == len(list(frameworks([planted("shared.ports", text)])))


@pytest.mark.parametrize(
    "text",
    [
        "import time",
        "import random",
        "from secrets import token_hex",
        "from ulid import ULID",
        "import os",
        "import socket",
        "import urllib.request",
        "from pathlib import Path",
        "import redis",
        "import httpcore",
        "import numpy",
        "at = datetime.now(UTC)",
        "day = date.today()",
        "text = open('settings')",
        "print('here')",
    ],
)
def test_the_world_in_the_core_is_found(text):
    assert 1 == len(list(impurities([planted("shared.core.job", text)])))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("shared.core.ids", "import secrets\nfrom ulid import ULID"),
        ("shared.core.access", "import secrets\nimport hmac"),
        ("shared.core.request", "import math\nfrom http import HTTPStatus\nfrom pydantic import BaseModel"),
        ("shared.core.events", "from shared.core import job\nat = job.now"),
    ],
)
def test_what_the_core_may_know_is_not(name, text):
    assert [] == list(impurities([planted(name, text)]))


@pytest.mark.parametrize(
    "text",
    ["import os\nos.environ['HOME']", "import os\nos.getenv('HOME')", "from os import environ", "os.environ |= {}"],
)
def test_another_reader_of_the_environment_is_found(text):
    assert 1 == len(list(readers([planted("functions.kit", text)])))
    assert [] == list(readers([planted("shared.settings", text)]))
