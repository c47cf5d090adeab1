"""Weights are in the page cache before anybody reads them, and no more of them than there is room for."""

from __future__ import annotations

import ctypes
import mmap
import os
import subprocess
import sys

import pytest

from functions.generate.mochi import weights
from functions.generate.prefetch import PIECE, SPARE, Prefetch, spare

PAGE = os.sysconf("SC_PAGE_SIZE")
SIZE = 4 * 2**30
SETUP = """
import sys, threading
from functions.generate.app import create_app
from shared.settings import Settings

sys.modules[sys.argv[2]] = None  # as if it had not come yet
settings = {"WEIGHTS_DIR": sys.argv[1], "REDIS_URL": "memory://", "ARTIFACTS_URL": "memory://", "K_SINK": "memory://"}
try:
    create_app(Settings.from_env(settings))
except ImportError as error:
    print(error)
for thread in threading.enumerate():
    if thread.name == "prefetch":
        thread.join()
"""


@pytest.fixture
def cold(tmp_path):
    """Writes a file and takes it out of the page cache."""

    def write(name, size):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            file.write(os.urandom(size))
            file.flush()
            os.fsync(file.fileno())
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        if cached(path):
            pytest.skip(f"the file system of {tmp_path} keeps its files in memory")
        return path

    return write


def cached(path):
    """How many bytes of it can be had without asking the disk."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY) as pages:
        told = (ctypes.c_ubyte * -(-len(pages) // PAGE))()
        start = ctypes.c_char.from_buffer(pages)
        failed = ctypes.CDLL(None, use_errno=True).mincore(ctypes.byref(start), ctypes.c_size_t(len(pages)), told)
        del start  # or the map could not be closed
    assert not failed, os.strerror(ctypes.get_errno())
    return sum(each & 1 for each in told) * PAGE


@pytest.mark.disk
def test_all_files_come_into_the_page_cache(cold):
    files = [cold("one", PIECE + 3 * PAGE), cold("two", 5 * PAGE)]

    assert Prefetch(files).join(60)

    assert [path.stat().st_size for path in files] == [cached(path) for path in files]


@pytest.mark.disk
def test_where_memory_is_short_the_first_ones_come_and_the_others_wait(cold):
    files = [cold("one", 4 * PAGE), cold("two", 64 * 2**20), cold("three", 8 * PAGE)]

    assert Prefetch(files, room=4 * PAGE).join(60)

    assert [4 * PAGE, 0, 0] == [cached(path) for path in files]


@pytest.mark.disk
def test_what_cannot_be_read_is_left_to_whoever_loads_it(cold, tmp_path):
    there = cold("there", 3 * PAGE)
    (tmp_path / "folder").mkdir()

    assert Prefetch([tmp_path / "absent", there]).join(60)
    assert Prefetch([tmp_path / "folder"]).join(60)

    assert 3 * PAGE == cached(there)


def test_once_it_is_stopped_it_begins_no_more(tmp_path):
    path = tmp_path / "holes"
    with path.open("wb") as file:
        file.truncate(SIZE)  # takes no room on the disk, and a second to be read
    reading = Prefetch([path], room=SIZE)

    reading.stop()

    assert reading.join(60)
    left = cached(path)
    path.unlink()
    assert left < SIZE / 2


def test_they_come_in_the_order_in_which_they_are_loaded(tmp_path):
    for name in ("vae/a", "transformer/a-2", "transformer/a-1", "text_encoder/a.bf16", "text_encoder/a"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / f"{name}.safetensors").touch()

    found = [str(path.relative_to(tmp_path)) for path in weights.in_order(tmp_path)]

    assert ["text_encoder/a.bf16", "transformer/a-1", "transformer/a-2", "vae/a"] == [
        name.removesuffix(".safetensors") for name in found
    ]


def test_it_needs_nothing_that_takes_long_to_import():
    """Else it would wait for what it is to go beside."""
    told = "import sys; import functions.generate.prefetch, functions.generate.mochi.weights; print(*sys.modules)"

    done = subprocess.run([sys.executable, "-S", "-c", told], capture_output=True, text=True, check=True, timeout=60)

    assert set() == {"torch", "numpy", "diffusers", "transformers", "flask"} & set(done.stdout.split())


@pytest.mark.disk
@pytest.mark.parametrize("library", ["flask", "prometheus_client", "redis", "av", "PIL", "torch"])
def test_a_process_asks_for_the_weights_before_it_imports_anything_that_takes_long(cold, tmp_path, library):
    file = cold("mochi-1-tiny/transformer/a.safetensors", 5 * PAGE)

    done = subprocess.run(
        [sys.executable, "-c", SETUP, str(tmp_path), library], capture_output=True, text=True, check=True, timeout=120
    )

    assert f"import of {library} halted; None in sys.modules\n" == done.stdout
    assert 5 * PAGE == cached(file)


@pytest.mark.parametrize(
    ("limit", "expected"),
    [(str(10 * 2**30), 10 * 2**30 - 3 * 2**30 + 2**30 - SPARE), ("max", 20 * 2**30 - SPARE), (str(4 * 2**30), 0)],
    ids=["the group is bounded", "the machine is", "nothing is left"],
)
def test_the_room_is_what_the_machine_and_the_group_both_have(tmp_path, limit, expected):
    (tmp_path / "meminfo").write_text(f"MemTotal: {2**25} kB\nMemAvailable:   {20 * 2**20} kB\n")
    (tmp_path / "memory.max").write_text(f"{limit}\n")
    (tmp_path / "memory.current").write_text(f"{3 * 2**30}\n")
    (tmp_path / "memory.stat").write_text(f"anon 1\ninactive_file {2**30}\n")

    assert expected == spare(tmp_path / "meminfo", tmp_path)


def test_where_nothing_tells_of_memory_nothing_is_read_ahead(tmp_path):
    assert 0 == spare(tmp_path / "absent", tmp_path)
