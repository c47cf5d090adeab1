"""Where anything may be caught, and what tests and product may not do to each other."""

import ast
from collections import Counter
from collections.abc import Iterable, Iterator

import pytest

from tests.architecture.house import TOPS, Module, imports, planted, read, told, within

DOORS = ("functions.kit", "functions.generate.handler", "local")
"""The kit's error handler, the door around foreign model code, the one-machine runtime's loop: at most one each."""

PATCHERS = ("unittest.mock", "mock", "pytest_mock")
PATCHES = {"setattr", "delattr", "setitem", "delitem", "patch"}


def catch_alls(modules: Iterable[Module]) -> Iterator[str]:
    """Broad excepts that are no door, and second ones where one is allowed."""
    through: Counter[str] = Counter()
    for module in modules:
        for line in _broad(module):
            door = next((door for door in DOORS if within(module.name, door)), None)
            through[door or ""] += 1
            if door is None:
                yield f"{module.name} catches anything in line {line}; catch by name what the tree of errors names."
            elif through[door] > 1:
                yield f"{module.name} catches anything in line {line}; {door} has its one door already."


def _broad(module: Module) -> Iterator[int]:
    """Lines that swallow any exception. One that ends by raising it again swallows nothing."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.ExceptHandler) and (node.type is None or _is_any(node.type)):
            last = node.body[-1]
            if not (isinstance(last, ast.Raise) and last.exc is None):
                yield node.lineno
        elif isinstance(node, ast.Call) and _last_word(node.func) == "suppress" and any(map(_is_any, node.args)):
            yield node.lineno


def _is_any(type_: ast.expr) -> bool:
    kinds = type_.elts if isinstance(type_, ast.Tuple) else [type_]
    return any(_last_word(kind) in ("Exception", "BaseException") for kind in kinds)


def _last_word(name: ast.expr) -> str:
    return name.attr if isinstance(name, ast.Attribute) else name.id if isinstance(name, ast.Name) else ""


def patches(modules: Iterable[Module]) -> Iterator[str]:
    """Tests that put something else under a name of the product."""
    for module in modules:
        for name in sorted(imports(module)):
            if any(within(name, patcher) for patcher in PATCHERS):
                yield f"{module.name} imports {name}; give the thing another part, or speak to a real server."
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Attribute) and node.attr in PATCHES and _last_word(node.value) == "monkeypatch":
                yield f"{module.name} patches in line {node.lineno}; the wall stands in the wrong place."
            elif isinstance(node, ast.arg) and node.arg == "mocker":
                yield f"{module.name} takes a mocker in line {node.lineno}; the wall stands in the wrong place."


def asserts(modules: Iterable[Module]) -> Iterator[str]:
    """Checks that `python -O` would leave out. Only `assert x is not None` may stand: it tells a type."""
    for module in modules:
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Assert) and not _narrows(node.test):
                yield f"{module.name} asserts in line {node.lineno}; raise an error that the caller can name."


def _narrows(test: ast.expr) -> bool:
    if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.And):
        return all(map(_narrows, test.values))
    return (
        isinstance(test, ast.Compare)
        and isinstance(test.ops[0], ast.IsNot)
        and isinstance(test.comparators[0], ast.Constant)
        and test.comparators[0].value is None
    )


def test_anything_is_caught_only_at_the_doors():
    found = list(catch_alls(read(*TOPS)))

    assert [] == found, told(found)


def test_no_test_patches_the_product():
    found = list(patches(read("tests")))

    assert [] == found, told(found)


def test_the_product_does_not_check_by_assert():
    found = list(asserts(read("functions", "shared", "local", "bench")))

    assert [] == found, told(found)


BROAD = [
    "try:\n    f()\nexcept:\n    pass",
    "try:\n    f()\nexcept Exception:\n    pass",
    "try:\n    f()\nexcept BaseException as error:\n    log(error)",
    "try:\n    f()\nexcept (ValueError, builtins.Exception):\n    raise OSError from None",
    "try:\n    f()\nexcept* Exception:\n    pass",
    "with contextlib.suppress(Exception):\n    f()",
]


@pytest.mark.parametrize("text", BROAD)
def test_a_broad_except_is_found(text):
    assert 1 == len(list(catch_alls([planted("functions.submit.handler", text)])))
    assert 1 == len(list(catch_alls([planted("tests.unit.test_log", text)])))
    assert [] == list(catch_alls([planted("functions.kit", text)]))


def test_a_second_one_at_a_door_is_found():
    modules = [planted("local.broker", BROAD[1]), planted("local.courier", BROAD[1])]

    assert 1 == len(list(catch_alls(modules)))
    assert 1 == len(list(catch_alls([planted("functions.kit", f"{BROAD[1]}\n{BROAD[1]}")])))


@pytest.mark.parametrize(
    "text",
    [
        "try:\n    f()\nexcept (ValueError, OSError):\n    pass",
        "try:\n    f()\nexcept BaseException:\n    tidy()\n    raise",
        "with suppress(FileNotFoundError):\n    f()",
    ],
)
def test_catching_by_name_or_raising_again_is_not(text):
    assert [] == list(catch_alls([planted("functions.submit.handler", text)]))


@pytest.mark.parametrize(
    "text",
    [
        "from unittest import mock",
        "from unittest.mock import MagicMock",
        "import unittest.mock",
        "def test(monkeypatch):\n    monkeypatch.setattr(time, 'sleep', f)",
        "def test(mocker):\n    pass",
    ],
)
def test_a_patch_is_found(text):
    assert 1 == len(list(patches([planted("tests.unit.test_log", text)])))


def test_setting_the_environment_is_not_a_patch():
    text = "def test(monkeypatch):\n    monkeypatch.setenv('CI', 'true')"

    assert [] == list(patches([planted("tests.unit.test_log", text)]))


@pytest.mark.parametrize(
    "text", ["assert x", "assert x == 1", "assert isinstance(x, str)", "assert x is not None or y"]
)
def test_a_check_by_assert_is_found(text):
    assert 1 == len(list(asserts([planted("shared.core.job", text)])))


@pytest.mark.parametrize("text", ["assert job.attempt is not None", "assert x is not None and y is not None"])
def test_telling_that_a_thing_is_there_is_not(text):
    assert [] == list(asserts([planted("shared.core.job", text)]))
