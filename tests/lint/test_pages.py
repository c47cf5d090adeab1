"""What pages say of lint is true."""

import inspect
import re
from pathlib import Path

import pytest

from local.lint.catalogue import READING, RULES
from tests.lint.planted import FAULTS

ROOT = Path(__file__).parents[2]
NAMED = re.compile(r"lint: ((?:`[a-z-]+`(?:, )?)+)")
RULE_NAMES = {rule.name for rule in RULES}


def rules_named(page):
    return {name for found in NAMED.finditer(page.read_text()) for name in re.findall(r"`([a-z-]+)`", found[1])}


@pytest.mark.parametrize("page", ["docs/traps.md", "docs/scaling.md", "docs/operations.md"])
def test_a_rule_that_a_page_names_is_there(page):
    named = rules_named(ROOT / page)

    assert named
    assert set() == named - RULE_NAMES


def test_every_rule_has_a_name_of_its_own_and_a_reason():
    assert len(RULES) == len(RULE_NAMES)
    assert set() == RULE_NAMES & set(READING)
    assert [] == [rule.name for rule in RULES if len(rule.why) < 20]


def test_every_rule_is_seen_to_find_something():
    """In the table of planted faults, or in a test that plants one by hand (overlays, settings of the cluster)."""
    planted = {rule.partition("@@")[0] for *_, rule in FAULTS.values()}
    by_hand = {"cluster-setting", "issuer", "secret", "traffic", "sink-binding"}

    assert set() == RULE_NAMES - planted - by_hand


def test_the_components_of_rabbitmq_and_kafka_name_only_rules_that_are_there():
    for page in (ROOT / "eventing" / "components").rglob("README.md"):
        assert set() == rules_named(page) - RULE_NAMES


TRAPS = ROOT / "docs" / "traps.md"
ROW = re.compile(r"^\| (?!trap|---)(.+) \| (.+) \|$", re.MULTILINE)
MODULES = {rule.name: Path(inspect.getfile(rule.check)) for rule in RULES}


@pytest.mark.parametrize("row", ROW.findall(TRAPS.read_text()), ids=lambda row: row[0])
def test_a_trap_is_handled_in_a_place_that_names_it(row):
    """What is quoted in the trap, or the number of its issue, stands in one of the files or rules beside it."""
    trap, handled = row
    links = [(TRAPS.parent / link.partition("#")[0]).resolve() for link in re.findall(r"\]\(([^)]+)\)", handled)]
    rules = [MODULES[name] for found in NAMED.finditer(handled) for name in re.findall(r"`([a-z-]+)`", found[1])]
    text = "".join(place.read_text() for place in (*links, *rules))

    assert text
    assert [] == [name for name in (*re.findall(r"`([^`]+)`", trap), *re.findall(r"#\d+", trap)) if name not in text]
