"""Nothing in the repository names the machine it was written on, or the place its packages came from."""

import re
import subprocess
from collections.abc import Iterator

import pytest

from tests.architecture.house import ROOT, told

# One letter of each stands in brackets, so that this file does not name them either.
FORBIDDEN = {
    "a path of somebody's machine": r"(?<![\w.$}~/-])/(?:wor[k]\b|roo[t]\b|hom[e]/\w|User[s]/\w|tm[p]/w/)",
    "a package registry's host": r"pyp[i]\.org|pythonhoste[d]\.org|registr[y]\.(?:npmjs|yarnpkg)|index-ur[l]",
}
PATTERNS = {what: re.compile(pattern) for what, pattern in FORBIDDEN.items()}


def files() -> list[str]:
    """What is committed, and what the next commit may add."""
    command = ["git", "-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return sorted(name for name in listed.split("\0") if name and (ROOT / name).is_file())


def named(name: str, text: str) -> Iterator[str]:
    for number, line in enumerate(text.split("\n"), 1):
        for what, pattern in PATTERNS.items():
            if match := pattern.search(line):
                yield f"{name}, line {number}, names {what}: {match[0]}"


def test_nothing_names_a_machine_or_a_registry():
    found = [
        sentence
        for name in files()
        for sentence in named(name, name + "\n" + (ROOT / name).read_bytes().decode(errors="replace"))
    ]

    assert [] == found, told(found)


def test_the_files_are_really_looked_at():
    assert {"LICENSE", "pyproject.toml", "shared/core/job.py", "tests/architecture/test_words.py"} <= set(files())


@pytest.mark.parametrize(
    "text",
    [
        "cd /wor" + "k/main",
        "open('/roo" + "t/.cache')",
        "see /tm" + "p/w/notes.md",
        "/hom" + "e/anna/flipbook",
        "https://pyp" + "i.org/simple",
        "https://registr" + "y.npmjs.org/react",
        "pip install --index-ur" + "l=x",
        "https://files.pythonhoste" + "d.org/a.whl",
    ],
)
def test_a_word_that_does_not_belong_here_is_found(text):
    assert 1 == len(list(named("README.md", text)))


@pytest.mark.parametrize(
    "text", ["mountPath: /tmp", "a worker", "https://example.com/workshop", "the registry of models", "/workspaces/x"]
)
def test_words_that_do_are_not(text):
    assert [] == list(named("README.md", text))
