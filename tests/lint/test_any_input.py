"""Whatever stands in a manifest, lint ends with findings and never with a traceback."""

import shutil
import tempfile
from pathlib import Path

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from local.lint.finding import Finding
from local.lint.run import Lint

ROOT = Path(__file__).parents[2]
FILES = sorted(
    str(file.relative_to(ROOT)) for folder in ("knative/base", "eventing") for file in (ROOT / folder).glob("*.yaml")
)
VALUES = st.sampled_from(
    [None, "", "x", "-1", 0, -1, 10**12, 1.5, True, [], ["x"], [None], {}, {"x": None}, {1: 2}, [[]], "${X}", "é" * 300]
)


def places(node, at=()):
    """Where something stands in a document."""
    yield at
    pairs = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in pairs:
        yield from places(value, (*at, key))


def put(document, at, value):
    if not at:
        return value
    node = document
    for step in at[:-1]:
        node = node[step]
    node[at[-1]] = value
    return document


@settings(max_examples=60, deadline=None)
@given(data=st.data(), name=st.sampled_from(FILES), value=VALUES)
def test_any_part_of_any_file_may_be_anything(data, name, value):
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        shutil.copytree(ROOT / "knative" / "base", place / "knative" / "base")
        shutil.copytree(ROOT / "eventing", place / "eventing", ignore=shutil.ignore_patterns("components", "schemas"))
        documents = list(yaml.safe_load_all((ROOT / name).read_text()))
        index = data.draw(st.integers(0, len(documents) - 1))
        at = data.draw(st.sampled_from(list(places(documents[index]))))
        documents[index] = put(documents[index], at, value)
        (place / name).write_text(yaml.safe_dump_all(documents))

        found = Lint([place / "knative" / "base", place / "eventing"]).look()

        assert all(isinstance(each, Finding) and each.line >= 1 and each.what and each.mend for each in found)
