"""What only a folder can suffer: killed writers, links, full disks, strange files."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from shared.adapters.file_artifacts import FileArtifacts
from shared.core.errors import Damaged, Unavailable

KEY = "tenant/video_1/attempt/video.mp4"
PUT = """
import sys
from pathlib import Path
from shared.adapters.file_artifacts import FileArtifacts
FileArtifacts(Path(sys.argv[1])).put(sys.argv[2], Path(sys.argv[3]), "text/new")
"""
PUT_INTO_A_FULL_DISK = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))" + PUT


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "artifacts"
    folder.mkdir()
    return folder


@pytest.fixture
def store(root: Path) -> FileArtifacts:
    return FileArtifacts(root)


def files(root: Path) -> list[str]:
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("*"))


def wait_until(condition) -> None:
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.01)


def test_a_writer_killed_in_mid_put_leaves_the_old_object(store: FileArtifacts, root: Path, tmp_path: Path):
    old = store.put(KEY, b"old", "text/old")
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = subprocess.Popen([sys.executable, "-c", PUT, root, KEY, pipe], cwd=Path(__file__).parents[2])
    with pipe.open("wb") as source:
        source.write(b"new" * 500_000)
        wait_until(lambda: any(f.stat().st_size > 1_000_000 for f in root.rglob("~*")))
        assert (old, b"old") == (store.stat(KEY), b"".join(store.read(KEY)))
        writer.send_signal(signal.SIGKILL)
        assert -signal.SIGKILL == writer.wait(10)
    assert (old, b"old") == (store.stat(KEY), b"".join(store.read(KEY)))
    assert 1 == len(list(root.rglob("~*"))), "the killed writer left a part"
    assert 1 == store.delete(KEY)
    assert [] == files(root), "and a delete sweeps it away"


def test_a_full_disk_is_unavailable_and_leaves_the_old_object(store: FileArtifacts, root: Path, tmp_path: Path):
    old = store.put(KEY, b"old", "text/old")
    before = files(root)
    source = tmp_path / "source"
    source.write_bytes(b"new" * 500_000)
    command = [sys.executable, "-c", PUT_INTO_A_FULL_DISK, root, KEY, source]
    done = subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True, text=True, timeout=30)
    assert f"Unavailable: the artifact folder failed on {KEY}: File too large" in done.stderr
    assert (old, before) == (store.stat(KEY), files(root))


def test_deleting_removes_the_folders_that_became_empty(store: FileArtifacts, root: Path):
    store.put("t/job/a1/video.mp4", b"", "text/plain")
    store.put("t/job/a2/video.mp4", b"", "text/plain")
    store.delete("t/job/a1/video.mp4")
    assert ["t", "t/job", "t/job/a2", "t/job/a2/@video.mp4"] == files(root)
    store.delete("t/job")
    assert [] == files(root)
    store.ping()


def test_a_folder_that_links_elsewhere_is_not_followed(store: FileArtifacts, root: Path, tmp_path: Path):
    outside = tmp_path / "outside"
    FileArtifacts(root).put("t/job/a/secret", b"secret", "text/plain")
    (root / "t/job").rename(outside)
    (root / "t/job").symlink_to(outside)
    calls = (
        lambda: store.stat("t/job/a/secret"),
        lambda: store.put("t/job/a/x", b"", "text/plain"),
        lambda: store.delete("t/job"),
        lambda: store.delete("t/job/a"),
    )
    for call in calls:
        with pytest.raises(Unavailable, match="Not a directory"):
            call()
    assert 0 == store.delete("t")
    assert ["a", "a/@secret"] == files(outside)


def test_an_object_that_links_elsewhere_is_not_read_and_not_written_through(
    store: FileArtifacts, root: Path, tmp_path: Path
):
    secret = tmp_path / "secret"
    secret.write_bytes(b"secret")
    (root / "t").mkdir()
    (root / "t/@x").symlink_to(secret)
    with pytest.raises(Unavailable):
        store.read("t/x")
    store.put("t/x", b"new", "text/plain")
    assert (b"secret", b"new") == (secret.read_bytes(), b"".join(store.read("t/x")))


@pytest.mark.parametrize(
    "damage",
    [b"", b"x", b"\xff\xff\xff\xffFLPB", b"{}\0\0\0\x02FLPB", b"[]\0\0\0\x02FLPB", b"7\0\0\0\x01FLPB", b"\0\0\0\0FLPB"],
)
def test_a_file_that_this_store_did_not_write_is_called_damaged(store: FileArtifacts, root: Path, damage: bytes):
    (root / "t").mkdir()
    (root / "t/@x").write_bytes(damage)
    for call in (store.stat, store.read):
        with pytest.raises(Damaged, match="t/x is damaged"):
            call("t/x")


def test_a_file_that_lost_its_end_is_damaged_and_a_put_mends_it(store: FileArtifacts, root: Path):
    store.put("t/x", b"whole", "text/plain")
    whole = (root / "t/@x").read_bytes()
    (root / "t/@x").write_bytes(whole[:-7])
    with pytest.raises(Damaged):
        store.read("t/x")
    store.put("t/x", b"new", "text/plain")
    assert b"new" == b"".join(store.read("t/x"))


def test_a_folder_that_is_gone_is_unavailable_not_empty(tmp_path: Path):
    store = FileArtifacts(tmp_path / "gone")
    calls = (store.ping, lambda: store.stat(KEY), lambda: store.read(KEY), lambda: store.put(KEY, b"", "text/plain"))
    for call in calls:
        with pytest.raises(Unavailable, match="gone"):
            call()


def test_jobs_come_and_go_beside_each_other_though_each_removes_the_empty_folder_of_their_tenant(
    store: FileArtifacts, root: Path
):
    def come_and_go(job: str) -> list[int]:
        counts = []
        for _ in range(40):
            store.put(f"t/{job}/a/video.mp4", b"x", "text/plain")
            counts.append(store.stat(f"t/{job}/a/video.mp4").bytes)
            counts.append(store.delete(f"t/{job}"))
        return counts

    with ThreadPoolExecutor(3) as threads:
        assert [[1] * 80] * 3 == list(threads.map(come_and_go, ["job1", "job2", "job3"]))
    assert [] == files(root)


@pytest.mark.parametrize("url", ["file:relative", "file://host/x", "s3://bucket", "/plain", "file:x/y"])
def test_an_url_of_another_form_is_refused(url: str):
    with pytest.raises(ValueError, match="file:///absolute/path"):
        FileArtifacts.from_url(url)
