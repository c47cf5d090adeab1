"""Files of a drawing: gone with it, and with a process that was killed."""

import errno
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from functions.generate.workfolder import sweep, workfolder
from shared.core.errors import NoSpace, TemporaryError


def test_a_folder_goes_with_its_block():
    with workfolder() as folder:
        assert Path(folder).is_dir()
    assert not Path(folder).exists()


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_where_no_room_is_left_the_folder_is_named_and_a_later_try_may_do_better(number):
    with pytest.raises(NoSpace) as caught, workfolder() as folder:
        raise OSError(number, os.strerror(number))

    assert str(folder) in str(caught.value)
    assert isinstance(caught.value, TemporaryError)
    assert not Path(folder).exists()


def test_any_other_fault_comes_out_as_it_was():
    with pytest.raises(FileNotFoundError), workfolder() as folder:
        (Path(folder) / "nothing").read_bytes()


def test_what_a_killed_process_left_is_swept_and_what_a_living_one_uses_is_not(tmp_path):
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    names = {
        "left": f"flipbook-drawing-{dead.pid}-a",
        "of_our_number": f"flipbook-drawing-{os.getpid()}-b",
        "of_a_living": f"flipbook-drawing-{os.getppid()}-c",
        "foreign": "flipbook-drawing-of-somebody",
    }
    for name in names.values():
        (tmp_path / name).mkdir()
        (tmp_path / name / "video.mp4").write_bytes(b"x")

    sweep(tmp_path)

    assert {names["of_a_living"], names["foreign"]} == {path.name for path in tmp_path.iterdir()}


def test_the_folders_that_are_swept_are_those_that_are_made():
    with workfolder() as folder:
        assert Path(tempfile.gettempdir()) == Path(folder).parent
        assert Path(folder).name.startswith(f"flipbook-drawing-{os.getpid()}-")
