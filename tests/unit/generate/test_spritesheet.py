"""The video at a glance: which stills, where they stand, and that the sheet is a JPEG."""

from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from functions.generate.spritesheet import Spritesheet
from shared.core.output import Grid


def sheet_of(frames: np.ndarray, cut: int = 6) -> tuple[Grid, Image.Image]:
    _, height, width, _ = frames.shape
    sheet = Spritesheet(num_frames=len(frames), width=width, height=height)
    passed = list(sheet.watch(frames[i : i + cut] for i in range(0, len(frames), cut)))
    assert np.array_equal(frames, np.concatenate(passed))
    return sheet.grid, Image.open(BytesIO(sheet.jpeg()))


def greys(count: int, width: int = 96, height: int = 64) -> np.ndarray:
    """Frame n has the grey n."""
    return np.broadcast_to(np.arange(count, dtype=np.uint8)[:, None, None, None], (count, height, width, 3))


def tiles(grid: Grid, image: Image.Image) -> list[int]:
    """The grey in the middle of each place on the sheet, in reading order."""
    pixels = np.asarray(image)[..., 0]
    middles = (np.s_[r * grid.tile_height + grid.tile_height // 2] for r in range(grid.rows))
    return [int(pixels[y, c * grid.tile_width + grid.tile_width // 2]) for y in middles for c in range(grid.columns)]


@pytest.mark.parametrize(
    ("count", "size", "expected"),
    [
        (7, (96, 64), Grid(columns=5, rows=2, stills=7, tile_width=96, tile_height=64)),
        (13, (96, 64), Grid(columns=5, rows=3, stills=13, tile_width=96, tile_height=64)),
        (25, (848, 480), Grid(columns=5, rows=5, stills=25, tile_width=160, tile_height=91)),
        (163, (848, 480), Grid(columns=5, rows=5, stills=25, tile_width=160, tile_height=91)),
        (31, (480, 848), Grid(columns=5, rows=5, stills=25, tile_width=160, tile_height=283)),
        (31, (848, 64), Grid(columns=5, rows=5, stills=25, tile_width=160, tile_height=12)),
        (1, (96, 64), Grid(columns=1, rows=1, stills=1, tile_width=96, tile_height=64)),
    ],
)
def test_the_sheet_is_a_jpeg_of_the_size_that_its_grid_says(count, size, expected):
    width, height = size
    grid, image = sheet_of(np.full((count, height, width, 3), 128, np.uint8))
    assert expected == grid
    assert "JPEG" == image.format
    assert (grid.columns * grid.tile_width, grid.rows * grid.tile_height) == image.size


@pytest.mark.parametrize("cut", [1, 2, 5, 6, 7, 13])
def test_a_short_video_shows_every_frame_in_reading_order_and_black_behind_them(cut):
    shown = tiles(*sheet_of(greys(13), cut))
    assert [*range(13), 0, 0] == pytest.approx(shown, abs=1)


def test_a_long_video_shows_stills_evenly_from_the_first_frame_to_the_last():
    shown = tiles(*sheet_of(greys(163)))
    assert (0, 162) == pytest.approx((shown[0], shown[-1]), abs=1)
    steps = np.diff(shown)
    assert (steps.min() >= 5) & (steps.max() <= 9)


def test_a_tile_shows_its_picture(frames):
    _, image = sheet_of(frames)
    pixels = np.asarray(image).astype(int)
    assert np.abs(pixels[:64, 96 * 3 : 96 * 4] - frames[3]).mean() < 6


def test_the_same_frames_give_the_same_bytes(frames):
    first, second = (Spritesheet(num_frames=13, width=96, height=64) for _ in range(2))
    for sheet in (first, second):
        list(sheet.watch([frames]))
    assert first.jpeg() == second.jpeg()
