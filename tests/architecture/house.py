"""The house as the tests of this folder see it: its modules, and what each of them imports."""

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
TOPS = ("functions", "shared", "local", "bench", "tests")
FUNCTION = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class Module:
    """One Python file; `name` is dotted, that of a package without its `__init__`."""

    name: str
    text: str
    tree: ast.Module
    is_package: bool = False

    def inside(self, *packages: str) -> bool:
        return any(within(self.name, package) for package in packages)


def within(name: str, package: str) -> bool:
    return name == package or name.startswith(package + ".")


def read(*tops: str) -> list[Module]:
    """The modules under these folders of the repository."""
    return [_read(path) for top in tops for path in sorted((ROOT / top).rglob("*.py"))]


def planted(name: str, text: str) -> Module:
    """A module that is in no file, for proving that a test can fail."""
    return Module(name, text, ast.parse(text))


def imports(module: Module) -> set[str]:
    """The full name of everything that is imported anywhere in the module; it may name a module or a thing in one."""
    found: set[str] = set()
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            origin = ".".join([*_base(module, node.level), *([node.module] if node.module else [])])
            found |= {f"{origin}.{alias.name}" for alias in node.names}
    return found


def functions(module: Module) -> Iterator[FUNCTION]:
    return (node for node in ast.walk(module.tree) if isinstance(node, FUNCTION))


def told(found: Sequence[str]) -> str:
    """What a test says when it fails: one sentence a line."""
    return "\n" + "\n".join(found)


def _read(path: Path) -> Module:
    parts = path.relative_to(ROOT).with_suffix("").parts
    is_package = parts[-1] == "__init__"
    text = path.read_text(encoding="utf-8")
    return Module(".".join(parts[:-1] if is_package else parts), text, ast.parse(text, str(path)), is_package)


def _base(module: Module, level: int) -> list[str]:
    """What a relative import's dots stand for."""
    if level == 0:
        return []
    parts = module.name.split(".")
    return parts[: len(parts) - level + module.is_package]
