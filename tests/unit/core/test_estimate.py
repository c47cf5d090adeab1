"""How long a drawing will take: monotone in its work, bounded whatever was measured, and quick to learn."""

import math
import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.core.catalog import CATALOG
from shared.core.estimate import COLD_START_S, LONGEST_COLD_START_S, LONGEST_S, WINDOW, cold_start_s, estimate
from shared.core.run import Run
from shared.core.work import ARCHITECTURES, Work, architecture
from tests.unit.core.samples import NOON

PREVIEW = Work(model="mochi-1-preview", width=848, height=480, num_frames=163, steps=64)

works = st.builds(
    Work,
    model=st.sampled_from(sorted(CATALOG)),
    width=st.integers(4, 53).map(lambda n: 16 * n),
    height=st.integers(4, 53).map(lambda n: 16 * n),
    num_frames=st.integers(1, 27).map(lambda n: 6 * n + 1),
    steps=st.integers(2, 100),
    passes=st.sampled_from([1, 2]),
)
seconds = st.floats(allow_nan=True, allow_infinity=True) | st.floats(0.001, 1e6)
runs = st.lists(
    st.builds(
        Run, work=works, gpu=st.sampled_from(["H200", "cpu"]), seconds=seconds, cold_start_s=seconds, at=st.just(NOON)
    ),
    max_size=30,
)


def run(factor: float, work: Work = PREVIEW, **changes) -> Run:
    """A run that took `factor` times as long as the arithmetic says."""
    taken = factor * architecture(work.model).seconds(work)
    return replace(Run(work=work, gpu="NVIDIA H200", seconds=taken, cold_start_s=0.0, at=NOON), **changes)


def test_every_model_of_the_catalog_has_an_architecture():
    assert set(CATALOG) == set(ARCHITECTURES)


def test_the_arithmetic_is_that_of_the_model():
    """The tokens and the FLOP that Genmo's own description and a count over the real modules give."""
    known = architecture("mochi-1-preview")

    assert 44_520 == PREVIEW.tokens
    assert 3315e12 == pytest.approx(known.denoise_s(PREVIEW) * known.flops / 64, rel=0.01)
    assert 318e12 == pytest.approx(known.denoise_s(replace(PREVIEW, num_frames=31)) * known.flops / 64, rel=0.02)
    assert 402 == pytest.approx(known.denoise_s(PREVIEW), rel=0.02), "6.28 s a step"


@given(
    works, runs, st.sampled_from(["width", "height", "num_frames", "steps", "passes"]), st.sampled_from([None, "cpu"])
)
def test_more_work_never_takes_less_time(work, known, what, gpu):
    step = {"width": 16, "height": 16, "num_frames": 6, "steps": 1, "passes": 1}[what]
    more = replace(work, **{what: getattr(work, what) + step})
    less, longer = estimate(work, known, gpu=gpu), estimate(more, known, gpu=gpu)

    assert less.p50_s <= longer.p50_s
    assert less.p90_s <= longer.p90_s


@given(works, runs)
def test_whatever_was_measured_an_estimate_is_a_number_of_seconds_within_a_day(work, known):
    found = estimate(work, known)

    assert 0 <= found.denoise_s <= found.p50_s <= found.p90_s <= LONGEST_S
    assert 0 < cold_start_s(known) <= LONGEST_COLD_START_S


def test_a_cold_start_is_the_usual_one_and_a_guess_until_one_was_felt():
    assert COLD_START_S == cold_start_s([]) == cold_start_s([run(1.0)])
    assert 7.0 == cold_start_s([run(1.0, cold_start_s=s) for s in (5.0, 0.0, 7.0, 900.0)])


@pytest.mark.parametrize("factor", [0.5, 2.0])
@given(seed=st.integers(0, 2**32))
def test_gpus_that_become_twice_as_slow_or_fast_are_believed_within_20_jobs(factor, seed):
    """Whatever the jobs are, and though each takes a bit more or less than the one before."""
    rng = random.Random(seed)
    known = [_noisy(rng, 1.0) for _ in range(100)]
    for _ in range(20):
        known.insert(0, _noisy(rng, factor))
    truth = factor * architecture("mochi-1-preview").seconds(PREVIEW)

    assert truth == pytest.approx(estimate(PREVIEW, known).p50_s, rel=0.15)


def _noisy(rng: random.Random, factor: float) -> Run:
    work = replace(PREVIEW, num_frames=6 * rng.randint(1, 27) + 1, steps=rng.randint(8, 64))
    return run(factor * rng.uniform(0.9, 1.1), work)


@pytest.mark.parametrize("spread", [0.05, 0.3])
def test_nine_of_ten_jobs_take_no_longer_than_the_cautious_estimate(spread):
    rng = random.Random(7)
    known, held = [], []
    for _ in range(2000):
        actual = run(rng.lognormvariate(0.4, spread))
        if len(known) >= WINDOW:
            held.append(actual.seconds <= estimate(PREVIEW, known).p90_s)
        known = [actual, *known[: WINDOW - 1]]

    assert 0.85 <= sum(held) / len(held) <= 0.95


def test_before_anything_was_measured_the_cautious_estimate_leaves_room():
    found = estimate(PREVIEW)

    assert found.p50_s == pytest.approx(architecture(PREVIEW.model).seconds(PREVIEW))
    assert found.p90_s == pytest.approx(1.5 * found.p50_s)


def test_one_run_is_believed_more_than_arithmetic():
    assert 3.0 == pytest.approx(estimate(PREVIEW, [run(3.0)]).p50_s / estimate(PREVIEW).p50_s)


def test_runs_of_another_model_tell_nothing():
    other = Work(model="mochi-1-tiny", width=96, height=64, num_frames=13, steps=4)

    assert estimate(PREVIEW) == estimate(PREVIEW, [run(9.0, other)] * 20)


def test_a_gpu_that_is_known_is_judged_by_its_own_runs():
    known = [run(1.0, gpu="fast")] * 3 + [run(4.0, gpu="slow")] * 3

    assert [1.0, 4.0, 2.5] == pytest.approx(
        [estimate(PREVIEW, known, gpu=gpu).p50_s / estimate(PREVIEW).p50_s for gpu in ("fast", "slow", "never seen")]
    )


def test_a_measurement_that_cannot_be_right_moves_an_estimate_no_further_than_the_wildest():
    for absurd in (math.nan, math.inf, -math.inf, -5.0, 1e300):
        found = estimate(PREVIEW, [run(1.0, seconds=absurd)])
        assert 0 < found.p50_s <= LONGEST_S


def test_what_is_expected_to_take_longer_than_the_threshold_is_long():
    found = estimate(PREVIEW)

    assert (True, False) == (found.is_long(found.p50_s - 1), found.is_long(found.p50_s))
