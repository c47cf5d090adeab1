"""The decoder in pieces of time and by tiles, against diffusers' own in one go."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from diffusers.models import AutoencoderKLMochi

from functions.generate.mochi import decoding, pipeline, tiny
from functions.generate.mochi.causal import CausalDecoder
from functions.generate.mochi.tiling import tiled
from shared.core.errors import DrawingFailed

FRAMES = 5
"""Latent ones: 25 pictures."""


@pytest.fixture(scope="module")
def vae():
    return tiny.build().vae


@pytest.fixture(scope="module")
def latents():
    return torch.randn((1, 12, FRAMES, 8, 12), generator=torch.Generator().manual_seed(3))


def pictures(video):
    """diffusers' video as bytes."""
    light = (video[0].permute(1, 2, 3, 0) * 0.5 + 0.5).clamp(0, 1)
    return (light * 255).round().to(torch.uint8).numpy()


def stock(vae, latents):
    with torch.inference_mode():
        return vae.decode(decoding.denormalized(vae, latents), return_dict=False)[0]


def in_pieces(vae, latents, size):
    decoder = CausalDecoder(vae.decoder)
    with torch.inference_mode():
        parts = [decoder(part) for part in decoding.denormalized(vae, latents).split(size, dim=2)]
    return torch.cat(parts, dim=2)[:, :, 5:]


def test_in_one_piece_it_is_the_stock_decoder_to_the_last_bit(vae, latents):
    assert torch.equal(stock(vae, latents), in_pieces(vae, latents, FRAMES))


@pytest.mark.parametrize("size", [1, 2, 3, 4])
def test_any_cut_gives_the_same_pictures_but_for_the_last_bits(vae, latents, size):
    whole, cut = stock(vae, latents), in_pieces(vae, latents, size)

    assert (cut - whole).norm() / whole.norm() < 1e-5
    assert np.abs(pictures(cut).astype(int) - pictures(whole)).max() <= 1


def test_a_piece_that_forgot_the_one_before_would_be_seen(vae, latents):
    """The test above can fail."""
    with torch.inference_mode():
        parts = [CausalDecoder(vae.decoder)(part) for part in decoding.denormalized(vae, latents).split(2, dim=2)]
    cut, whole = torch.cat(parts, dim=2)[:, :, 5:], stock(vae, latents)

    assert (cut - whole).norm() / whole.norm() > 1e-2


def decoded(vae, latents, **room):
    with torch.inference_mode():
        return list(decoding.decode(vae, latents, **room))


@pytest.mark.parametrize("frames", [1, 2, 5, 9])
def test_the_chunks_hold_all_pictures_in_order(vae, frames):
    latents = torch.randn((1, 12, frames, 8, 8), generator=torch.Generator().manual_seed(frames))

    chunks = decoded(vae, latents)

    assert 6 * (frames - 1) + 1 == sum(map(len, chunks))
    assert np.array_equal(pictures(stock(vae, latents)), np.concatenate(chunks))


@pytest.mark.parametrize("fits", [1, 2, 3])
def test_memory_follows_the_chunk_and_not_the_length_of_the_video(fits):
    vae, sizes = tiny.build().vae, []
    vae.decoder.proj_out.register_forward_hook(lambda _, args, out: sizes.append(out.shape[1]))
    latents = torch.randn((1, 12, 7, 8, 8), generator=torch.Generator().manual_seed(1))

    chunks = decoded(vae, latents, chunk=fits * decoding.frame_bytes(vae, latents) + 1)

    assert 37 == sum(map(len, chunks))
    assert 6 * fits == max(map(len, chunks)) == max(sizes)


def test_the_full_size_model_is_decoded_two_latent_frames_at_a_time_on_a_gpu():
    with torch.device("meta"):
        vae = AutoencoderKLMochi()
        latents = torch.empty((1, 12, 28, 60, 106), dtype=torch.bfloat16)
    assert 2 == decoding.CHUNK_BYTES["cuda"] // decoding.frame_bytes(vae, latents)


def test_where_no_latent_frame_fits_it_works_by_tiles_as_diffusers_does(vae, caplog):
    latents = torch.randn((1, 12, 1, 25, 33), generator=torch.Generator().manual_seed(2))
    by_tiles = tiny.build().vae
    by_tiles.enable_tiling()

    chunks = decoded(vae, latents, room=1)

    assert np.array_equal(pictures(stock(by_tiles, latents)), np.concatenate(chunks))
    assert "decoding by tiles" in caplog.text


def test_a_model_that_was_loaded_straight_works_by_tiles_too(vae, tmp_path):
    tiny.ensure(tmp_path)
    straight = pipeline.load(tmp_path / tiny.NAME, torch.device("cpu")).vae
    latents = torch.randn((1, 12, 1, 25, 33), generator=torch.Generator().manual_seed(2))

    found = np.concatenate(decoded(straight, latents, room=1))

    assert not isinstance(straight, AutoencoderKLMochi)
    assert np.array_equal(np.concatenate(decoded(vae, latents, room=1)), found)


class Enlarger(torch.nn.Module):
    """In the decoder's place: each latent by itself, darker where its tile is bright, so that tiles do not agree."""

    def forward(self, latents):
        bright = latents[:, :3] - latents.mean()
        return bright.repeat_interleave(6, 2).repeat_interleave(8, 3).repeat_interleave(8, 4), None


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("size", [(5, 6), (25, 33), (31, 50), (55, 27)], ids=str)
def test_the_seams_are_those_of_diffusers_to_the_last_bit(size, dtype):
    """Also where the last tile is narrower than a seam, and in the numbers of a GPU."""
    latents = torch.randn((1, 12, 2, *size), generator=torch.Generator().manual_seed(4)).to(dtype)
    theirs = tiny.build().vae
    theirs.decoder = Enlarger()

    with torch.inference_mode():
        expected = theirs.tiled_decode(latents, return_dict=False)[0]
        found = tiled(theirs, latents, lambda tile: theirs.decoder(tile)[0][:, :, 5:])

    assert torch.equal(expected, found)


def test_a_decoder_that_overflows_fails_the_drawing(vae, latents):
    broken = latents.clone()
    broken[0, 0, 3] = float("inf")

    with pytest.raises(DrawingFailed, match="the decoder left numbers that are not finite") as caught:
        decoded(vae, broken)

    assert "quality_check_failed" == caught.value.code


def test_without_mean_and_spread_only_the_factor_is_undone(vae, latents):
    plain = tiny.build().vae
    plain.register_to_config(latents_mean=None, latents_std=None, scaling_factor=2.0)

    assert torch.equal(latents / 2, decoding.denormalized(plain, latents))
