"""What is secret is compared in constant time: `==` tells by its duration how much of a guess was right.

Looked at is what callers can reach; the digests of a drawing are no secrets.
"""

import ast
import re
from collections.abc import Iterable, Iterator

import pytest

from tests.architecture.house import Module, planted, read, told

SECRET = re.compile(r"(^|_)(digests?|secrets?|tokens?|peppers?|signature|password|shown)($|_)", re.IGNORECASE)
OPERATORS = (ast.Eq, ast.NotEq, ast.In, ast.NotIn)


def comparisons(modules: Iterable[Module]) -> Iterator[str]:
    """Comparisons by value in which something is called like a secret."""
    for module in modules:
        for node in ast.walk(module.tree):
            if not isinstance(node, ast.Compare) or not any(isinstance(op, OPERATORS) for op in node.ops):
                continue
            sides = [side for side in (node.left, *node.comparators) if not isinstance(side, ast.Constant)]
            text = ast.unparse(node)
            if any(map(_is_secret, sides)):
                yield f"{module.name} compares in line {node.lineno}: {text}; use hmac.compare_digest."


def _is_secret(side: ast.expr) -> bool:
    """Called like one; what is measured of it (`len(token)`) is none."""
    name = side.attr if isinstance(side, ast.Attribute) else side.id if isinstance(side, ast.Name) else ""
    return SECRET.search(name) is not None and not name.isupper()


def test_secrets_are_compared_in_constant_time():
    found = list(comparisons(read("functions/submit", "functions/notify", "shared")))

    assert [] == found, told(found)


@pytest.mark.parametrize(
    "text",
    [
        "ok = digest == known",
        "ok = self.event_token != shown",
        "ok = api_key.secret in known",
        "ok = known == shown",
        "if a == b == signature: pass",
    ],
)
def test_a_comparison_that_tells_is_found(text):
    assert 1 == len(list(comparisons([planted("functions.submit.door", text)])))


@pytest.mark.parametrize(
    "text",
    ["hmac.compare_digest(digest, known)", "len(token) > 8", "secret is None", "not secret", "TOKEN == name", "n == m"],
)
def test_what_tells_nothing_is_not(text):
    assert [] == list(comparisons([planted("functions.submit.door", text)]))
