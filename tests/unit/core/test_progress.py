"""How far an attempt has come, as one number."""

import pytest

from shared.core.progress import Phase, Progress


def percent(phase: Phase, step: int = 0, total_steps: int = 64) -> int:
    return Progress(attempt="a", phase=phase, step=step, total_steps=total_steps).percent


@pytest.mark.parametrize("total_steps", [2, 4, 64, 100])
def test_progress_never_goes_back_from_the_first_phase_to_the_last(total_steps):
    way = [
        percent(Phase.LOADING, 0, total_steps),
        percent(Phase.ENCODING, 0, total_steps),
        *(percent(Phase.DENOISING, step, total_steps) for step in range(total_steps + 1)),
        percent(Phase.DECODING, total_steps, total_steps),
        percent(Phase.UPLOADING, total_steps, total_steps),
    ]

    assert sorted(way) == way
    assert (0, 98) == (way[0], way[-1])


def test_half_of_the_steps_is_about_half_of_the_way():
    assert 47 == percent(Phase.DENOISING, 32)


def test_all_of_the_steps_are_where_decoding_begins():
    assert percent(Phase.DECODING, 64) == percent(Phase.DENOISING, 64)


def test_a_step_counts_only_while_denoising():
    assert percent(Phase.ENCODING, 0) == percent(Phase.ENCODING, 30)


def test_a_drawing_of_unknown_length_stands_at_its_phase():
    assert 2 == percent(Phase.DENOISING, 0, 0)


def test_a_hundred_belongs_to_the_completed_job_alone():
    assert 99 >= max(percent(phase, 64) for phase in Phase)


def test_phases_are_told_by_these_words():
    assert ["loading_model", "encoding_prompt", "denoising", "decoding", "uploading"] == [*Phase]
