"""The models: what each draws by default is within its own bounds, and what it cannot draw is not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.core.catalog import CATALOG, FRAME_STRIDE, SIDE_MULTIPLE

MODELS = pytest.mark.parametrize("model", CATALOG.values(), ids=CATALOG)


def test_the_models_are_found_by_their_own_names():
    assert {"mochi-1-preview", "mochi-1-tiny"} == set(CATALOG)
    assert list(CATALOG) == [model.id for model in CATALOG.values()]


@MODELS
def test_the_defaults_are_within_the_bounds(model):
    assert model.min_side <= model.width <= model.max_width
    assert model.min_side <= model.height <= model.max_height
    assert FRAME_STRIDE < model.num_frames <= model.max_frames
    assert 2 <= model.num_inference_steps <= model.max_inference_steps
    assert 0 <= model.guidance_scale <= model.max_guidance_scale


@MODELS
def test_sides_and_lengths_are_those_that_the_vae_can_decode(model):
    sides = (model.width, model.height, model.max_width, model.max_height, model.min_side)

    assert {0} == {side % SIDE_MULTIPLE for side in sides}
    assert (1, 1) == (model.num_frames % FRAME_STRIDE, model.max_frames % FRAME_STRIDE)


def test_mochi_1_draws_by_default_what_its_model_card_says():
    mochi = CATALOG["mochi-1-preview"]

    assert (848, 480, 85, 30) == (mochi.width, mochi.height, mochi.num_frames, mochi.fps)
    assert (64, 4.5) == (mochi.num_inference_steps, mochi.guidance_scale)


@MODELS
@given(seconds=st.floats(0, 1000, exclude_min=True))
def test_seconds_are_always_a_count_that_can_be_drawn(model, seconds):
    frames = model.frames_for(seconds)

    assert (1, True) == (frames % FRAME_STRIDE, frames > FRAME_STRIDE)
    assert abs(frames - seconds * model.fps) <= FRAME_STRIDE / 2 + 0.001 or frames == FRAME_STRIDE + 1


@MODELS
def test_the_longest_time_is_the_longest_video(model):
    assert model.max_frames == model.frames_for(model.max_seconds)


@MODELS
@given(width=st.integers(1, 99_999), height=st.integers(1, 99_999))
def test_the_nearest_size_can_be_drawn_and_is_not_turned(model, width, height):
    nearest_width, nearest_height = model.nearest_size(width, height)

    assert model.min_side <= nearest_width <= model.max_width
    assert model.min_side <= nearest_height <= model.max_height
    assert (0, 0) == (nearest_width % SIDE_MULTIPLE, nearest_height % SIDE_MULTIPLE)
    assert nearest_width >= nearest_height or width < height
    assert nearest_height >= nearest_width or height < width


@MODELS
@given(width=st.integers(4, 53), height=st.integers(4, 53))
def test_a_size_that_can_be_drawn_is_its_own_nearest(model, width, height):
    size = min(width * 16, model.max_width), min(height * 16, model.max_height)

    assert size == model.nearest_size(*size)
