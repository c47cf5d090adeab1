"""Every component over the bases, alone and with others, and every overlay: kubectl builds it, lint finds nothing."""

from itertools import combinations
from pathlib import Path

import pytest

from local.lint.cluster import NEEDS
from local.lint.kustomization import tree
from local.lint.run import Lint, overlay
from tests.needs import require

ROOT = Path(__file__).parents[2]
SETTINGS = ROOT / "knative" / "cluster-settings"
COMPONENTS = sorted(
    str(file.parent.relative_to(ROOT))
    for folder in ("knative", "eventing")
    for file in (ROOT / folder / "components").glob("*/kustomization.yaml")
)
OVERLAYS = sorted(file.parent.name for file in (ROOT / "knative" / "overlays").glob("*/kustomization.yaml"))
ONE_OF = (
    ("broker-in-memory", "broker-kafka", "broker-rabbitmq"),
    ("scale-1", "scale-8", "scale-64"),
    ("weights", "kernels"),
)
"""Of each of these at most one."""


def name(component):
    return component.rpartition("/")[2]


def fit(*components):
    return all(sum(name(each) in group for each in components) <= 1 for group in ONE_OF)


def faults(place, components):
    written = overlay(
        place, resources=[ROOT / "knative" / "base", ROOT / "eventing"], components=components, namespace="flipbook"
    )
    return [str(each) for each in Lint([written], settings=[SETTINGS]).look()]


@pytest.fixture(autouse=True)
def kubectl():
    require("kubectl")


def test_there_are_the_components_that_the_menu_promises():
    assert 20 <= len(COMPONENTS)
    assert {"trial", "production", "two-gpu-nodes"} <= set(OVERLAYS)


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_an_overlay_is_built_and_clean(overlay):
    assert [] == Lint([ROOT / "knative" / "overlays" / overlay], settings=[SETTINGS]).look()


def touched(component):
    """What a component brings or patches: (kind, name)."""
    found = tree(ROOT / component, [])
    own = {(each.data["kind"], each.data["metadata"]["name"]) for each in found.every_resource()}
    return own | {patch.target for patch in found.every_patch()}


MEETING = [pair for pair in combinations(COMPONENTS, 2) if fit(*pair) and touched(pair[0]) & touched(pair[1])]
"""The pairs that change the same object; others cannot know of each other."""


@pytest.mark.parametrize("component", COMPONENTS)
def test_a_component_is_built_alone_and_with_each_that_changes_the_same_objects(component, tmp_path):
    for index, others in enumerate([(), *(pair[1:] for pair in MEETING if pair[0] == component)]):
        place = tmp_path / str(index)
        place.mkdir()

        assert [] == faults(place, [ROOT / component, *(ROOT / each for each in others)])


def test_many_components_change_the_same_objects():
    assert len(MEETING) >= 50


@pytest.mark.parametrize("broker", ONE_OF[0])
@pytest.mark.parametrize("scale", ONE_OF[1])
def test_all_that_fit_together_fit_together(broker, scale, tmp_path):
    chosen = {broker, scale, "kernels"}  # weights are in it
    every = [each for each in COMPONENTS if name(each) in chosen or not any(name(each) in group for group in ONE_OF)]

    assert [] == faults(tmp_path, [ROOT / each for each in every])


@pytest.mark.parametrize("component", COMPONENTS)
def test_a_component_has_a_page_that_is_short_and_says_what_it_needs(component):
    text = (ROOT / component / "README.md").read_text()

    assert text.startswith(f"# {name(component)}\n")
    assert len(text.splitlines()) <= 50
    if (NEEDS, "required") in tree(ROOT / component, []).annotations():
        assert "Needs: `cluster-settings/" in text


@pytest.mark.parametrize("folder", ["knative", "eventing"])
def test_the_menu_lists_every_component(folder):
    text = (ROOT / folder / "README.md").read_text()

    assert [] == [each for each in COMPONENTS if each.startswith(folder) and f"components/{name(each)}" not in text]


def test_the_production_overlay_names_every_component():
    text = (ROOT / "knative" / "overlays" / "production" / "kustomization.yaml").read_text()

    assert [] == [each for each in COMPONENTS if f"components/{name(each)}\n" not in text]


def test_without_an_administrator_the_bases_and_the_trial_need_nothing_of_the_cluster():
    trial = ROOT / "knative" / "overlays" / "trial"

    assert (NEEDS, "required") not in tree(trial, []).annotations()
    assert [] == Lint([trial]).look()
