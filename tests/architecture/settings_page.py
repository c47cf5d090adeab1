"""Writes docs/settings.md from shared/settings/: python -m tests.architecture.settings_page > docs/settings.md"""

import ast
import inspect
import sys
from dataclasses import fields
from itertools import pairwise
from textwrap import dedent

from shared.settings import Settings

HEAD = """\
# Settings

Each setting is one environment variable, read once when a process starts. A value that cannot be used ends the
process with a sentence that names the variable. Lists are separated by spaces or commas, times are in seconds.

This page is written by `.venv/bin/python -m tests.architecture.settings_page > docs/settings.md` from the docstrings in
`shared/settings/__init__.py`; a test compares the two.

| variable | default | what it is |
| --- | --- | --- |
"""


def page() -> str:
    said = docstrings()
    rows = (
        f"| `{f.metadata['variable']}` | {default(f.metadata['default'])} | {said[f.name].replace('|', '&#124;')} |"
        for f in fields(Settings)
    )
    return HEAD + "\n".join(rows) + "\n"


def default(text: str) -> str:
    return f"`{text}`" if text else "(empty)"


def docstrings() -> dict[str, str]:
    """What stands below each field of Settings, by the field's name."""
    (body,) = (node.body for node in ast.parse(dedent(inspect.getsource(Settings))).body)
    return {
        field.target.id: inspect.cleandoc(after.value.value).replace("\n", " ")
        for field, after in pairwise(body)
        if isinstance(field, ast.AnnAssign) and isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant)
    }


if __name__ == "__main__":
    sys.stdout.write(page())
