"""Which steps are computed, and which requests a platform takes."""

import pytest

from shared.core.errors import InvalidRequest
from shared.core.preset import PRESETS, PRICE, Preset, computed_steps, is_computed
from shared.core.request import parse, resolve
from shared.core.work import ARCHITECTURES, Work, architecture

MODELS = ("mochi-1-tiny",)


def computed(steps: int, preset: str) -> list[int]:
    return [step for step in range(steps) if is_computed(step, steps, preset)]


@pytest.mark.parametrize("preset", ["exact", "fast"])
@pytest.mark.parametrize("steps", [2, 5, 64])
def test_only_turbo_leaves_steps_out(preset, steps):
    assert list(range(steps)) == computed(steps, preset)
    assert steps == computed_steps(steps, preset)


def test_turbo_computes_every_second_step_and_the_last():
    assert [0, 2, 4, 6, 7] == computed(8, Preset.TURBO)
    assert [0, 2, 4, 6, 8] == computed(9, Preset.TURBO)
    assert [0, 1] == computed(2, Preset.TURBO)
    assert 33 == computed_steps(64, Preset.TURBO)


def test_turbo_is_estimated_at_what_it_computes_and_fast_no_shorter_than_exact():
    """What fast gains is learned on each GPU, not promised."""
    for model in ARCHITECTURES:
        times = {
            preset: architecture(model).denoise_s(
                Work(model=model, width=96, height=64, num_frames=13, steps=64, preset=preset)
            )
            for preset in PRESETS
        }
        assert times["exact"] == times["fast"]
        assert 33 / 64 * times["exact"] <= times["turbo"] < times["exact"]


@pytest.mark.parametrize(
    ("presets", "asked", "meant"),
    [
        (("exact", "turbo"), None, "exact"),
        (("turbo", "exact"), None, "turbo"),
        (("exact", "turbo"), "turbo", "turbo"),
        (("fast",), "fast", "fast"),
    ],
)
def test_who_names_none_gets_the_first_and_who_names_one_gets_that_one(presets, asked, meant):
    wish = parse({"prompt": "a fox", "preset": asked}, models=MODELS, presets=presets).wish
    assert meant == resolve(wish, models=MODELS, seed=7, presets=presets).preset


@pytest.mark.parametrize(
    ("presets", "asked", "why"),
    [
        (("exact", "turbo"), "fast", "must be one of exact, turbo: no other preset is offered here"),
        (("exact",), "turbo", "must be exact: no other preset is offered here"),
        (("exact",), "", "must be exact: no other preset is offered here"),
    ],
)
def test_one_that_is_not_offered_is_refused_by_name(presets, asked, why):
    with pytest.raises(InvalidRequest) as caught:
        parse({"prompt": "a fox", "preset": asked}, models=MODELS, presets=presets)
    assert [("/preset", why)] == [(problem.pointer, problem.detail) for problem in caught.value.problems]


def test_every_preset_says_what_it_does_to_the_picture():
    assert set(PRESETS) == set(PRICE)
