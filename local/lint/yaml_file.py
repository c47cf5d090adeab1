"""YAML as data, and the line on which each part of it stands."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Final

import yaml

from local.lint.finding import Finding, Place

LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Maker(yaml.constructor.SafeConstructor):
    """Makes data of nodes that are kept; timestamps stay text, as they do for Kubernetes."""

    yaml_constructors: ClassVar[dict[Any, Any]] = {
        **yaml.constructor.SafeConstructor.yaml_constructors,
        "tag:yaml.org,2002:timestamp": yaml.constructor.SafeConstructor.construct_yaml_str,
    }


class Unreadable(ValueError):
    """A file that is no YAML; `finding` says where."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(str(finding))
        self.finding = finding


@dataclass(frozen=True, slots=True)
class Document:
    """One document of a file."""

    file: Path
    node: yaml.Node = field(repr=False)
    data: Any

    def line(self, at: Place) -> int:
        """Of the deepest part of `at` that is there."""
        return int(self._deepest(at)[0].start_mark.line) + 1

    def depth(self, at: Place) -> int:
        """How many steps of `at` there are in this document."""
        return self._deepest(at)[1]

    def repeated(self) -> Iterator[tuple[int, str]]:
        """Names that stand twice in one mapping: (line, name). YAML takes the last; nobody meant that."""
        todo = [self.node]
        while todo:
            node = todo.pop()
            if isinstance(node, yaml.SequenceNode):
                todo += node.value
            if isinstance(node, yaml.MappingNode):
                names = [key.value for key, _ in node.value]
                for index, (key, value) in enumerate(node.value):
                    if key.value in names[:index]:
                        yield key.start_mark.line + 1, str(key.value)
                    todo.append(value)

    def _deepest(self, at: Place) -> tuple[yaml.Node, int]:
        node, shown, depth = self.node, self.node, 0
        for step in at:
            if isinstance(node, yaml.MappingNode):
                pair = next((each for each in node.value if each[0].value == str(step)), None)
                if pair is None:
                    break
                shown, node = pair
            elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
                shown = node = node.value[step]
            else:
                break
            depth += 1
        return shown, depth


def documents(file: Path, text: str | None = None) -> list[Document]:
    """All documents of a file that hold something.

    Raises: Unreadable: Where it is missing or no YAML.
    """
    try:
        content = file.read_text(encoding="utf-8") if text is None else text
        nodes = [node for node in yaml.compose_all(content, Loader=LOADER) if node is not None]
        return [Document(file, node, _made(node)) for node in nodes]
    except FileNotFoundError:
        raise Unreadable(Finding(file, 1, "missing", "There is no such file.", "Write it, or name another.")) from None
    except UnicodeDecodeError as error:
        raise Unreadable(Finding(file, 1, "yaml", f"Not UTF-8: {error.reason}.", "Save it as UTF-8.")) from None
    except (OSError, ValueError) as error:  # a folder, or a name that no file can have
        what = getattr(error, "strerror", None) or str(error)
        raise Unreadable(Finding(file, 1, "missing", f"It cannot be read: {what}.", "Name a file.")) from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        what = getattr(error, "problem", None) or str(error)
        line = mark.line + 1 if mark else 1
        mend = "Look at the indentation and the quotes there."
        raise Unreadable(Finding(file, line, "yaml", f"Not YAML: {what}.", mend)) from None


def _made(node: yaml.Node) -> Any:
    return _Maker().construct_document(node)


def table(value: Any) -> dict[str, Any]:
    """A mapping, or an empty one where something else stands; schemas say that it is wrong."""
    return value if isinstance(value, dict) else {}


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
