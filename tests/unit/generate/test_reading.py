"""Weights out of safetensors files: what is read is what safetensors reads, and what is damaged is told."""

from __future__ import annotations

import json

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file

from functions.generate.mochi import reading, weights
from functions.generate.mochi.reading import PIECE, Unreadable, read

CPU = torch.device("cpu")
TYPES = sorted(reading.TYPES.items())


def numbers(shape: tuple[int, ...], dtype: torch.dtype, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(0, 2, shape, generator=generator).to(dtype)


@given(
    st.dictionaries(
        st.text(min_size=1, max_size=9),
        st.tuples(st.lists(st.integers(0, 5), max_size=4).map(tuple), st.sampled_from(TYPES)),
        max_size=6,
    )
)
def test_it_reads_what_safetensors_reads_in_every_shape_and_type(tmp_path_factory, wanted):
    path = tmp_path_factory.mktemp("weights") / "a.safetensors"
    names = [name for name in wanted if name != "__metadata__"]
    save_file({name: numbers(wanted[name][0], wanted[name][1][1], n) for n, name in enumerate(names)}, path)
    expected, found = load_file(path), read([path], CPU)

    assert expected.keys() == found.keys()
    for name, tensor in expected.items():
        assert (tensor.dtype, tensor.shape) == (found[name].dtype, found[name].shape)
        assert torch.equal(tensor.view(-1).view(torch.uint8), found[name].view(-1).view(torch.uint8))
        assert 0 == found[name].data_ptr() % 64


def test_a_tensor_longer_than_a_piece_is_put_together(tmp_path):
    path = tmp_path / "a.safetensors"
    save_file({"small": numbers((3,), torch.uint8), "large": torch.arange(PIECE // 4 + 5, dtype=torch.int32)}, path)
    assert torch.equal(torch.arange(PIECE // 4 + 5, dtype=torch.int32), read([path], CPU)["large"])


def test_several_files_are_one_model_and_only_what_is_wanted_is_read(tmp_path):
    for name in ("a", "b"):
        save_file({f"{name}.x": torch.ones(2), f"{name}.y": torch.zeros(2)}, tmp_path / f"{name}.safetensors")
    found = read(sorted(tmp_path.iterdir()), CPU, wanted=lambda name: name.endswith("x"))
    assert ["a.x", "b.x"] == sorted(found)


@given(st.integers(0, 200))
def test_a_file_that_was_cut_is_told_before_anything_is_loaded(tmp_path_factory, length):
    path = tmp_path_factory.mktemp("weights") / "a.safetensors"
    save_file({"weight": torch.arange(40, dtype=torch.float32)}, path)
    whole = path.read_bytes()
    path.write_bytes(whole[: min(length, len(whole) - 1)])
    with pytest.raises(Unreadable, match=r"a\.safetensors"):
        read([path], CPU)


@pytest.mark.parametrize(
    "about",
    [
        {"dtype": "F32", "shape": [2], "data_offsets": [0, 4]},
        {"dtype": "F32", "shape": [1], "data_offsets": [4, 0]},
        {"dtype": "F4", "shape": [1], "data_offsets": [0, 4]},
        {"dtype": "F32", "shape": [1]},
        {"dtype": "F32", "shape": ["x"], "data_offsets": [0, 4]},
        7,
    ],
)
def test_a_header_that_contradicts_itself_is_refused(tmp_path, about):
    header = json.dumps({"weight": about}).encode()
    path = tmp_path / "a.safetensors"
    path.write_bytes(len(header).to_bytes(8, "little") + header + bytes(4))
    with pytest.raises(Unreadable):
        read([path], CPU)


def test_a_file_that_shrinks_while_it_is_read_is_no_silent_zero(tmp_path):
    path = tmp_path / "a.safetensors"
    path.write_bytes(bytes(10))
    with pytest.raises(Unreadable, match="ends at 10 bytes"):
        reading.pour(path, 4, memoryview(bytearray(8)))


def test_the_variant_in_bfloat16_is_taken_where_there_is_one(tmp_path):
    assert [] == weights.files(tmp_path)
    for name in ("m.safetensors", "m.bf16.safetensors"):
        (tmp_path / name).touch()
    assert ["m.bf16.safetensors"] == [path.name for path in weights.files(tmp_path)]


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU here")
def test_through_the_ring_the_same_bytes_arrive_on_a_gpu(tmp_path):
    path = tmp_path / "a.safetensors"
    tensors = {f"{n}": torch.randn(PIECE // 4 + n) for n in range(3 * reading.THREADS)}
    save_file(tensors, path)
    found = read([path], torch.device("cuda"))
    for name, tensor in tensors.items():
        assert torch.equal(tensor, found[name].cpu())
