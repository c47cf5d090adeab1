"""What every ArtifactStore promises, over each of them; the S3 side against a real server."""

from __future__ import annotations

import hashlib
import random
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from shared.adapters.file_artifacts import FileArtifacts
from shared.adapters.memory_artifacts import MemoryArtifacts
from shared.adapters.s3_artifacts import S3Artifacts
from shared.core.errors import NotFound
from shared.core.output import Artifact
from shared.ports import ArtifactStore

DATA = random.Random(7).randbytes(700_001)
KEY = "tenant/video_1/attempt/video.mp4"


@pytest.fixture(params=["memory", "file", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ArtifactStore]:
    store: ArtifactStore
    match request.param:
        case "memory":
            store = MemoryArtifacts()
        case "file":
            store = FileArtifacts.from_url(tmp_path.as_uri())
        case "s3":
            server, session = request.getfixturevalue("s3_server"), request.getfixturevalue("s3_session")
            url = f"s3://artifacts/{tmp_path.name}"
            store = S3Artifacts.from_url(url, endpoint_url=server.endpoint, session=session)
    yield store
    store.close()


def content(store: ArtifactStore, key: str = KEY, *, start: int = 0, end: int | None = None) -> bytes:
    return b"".join(store.read(key, start=start, end=end))


def test_what_was_put_can_be_read_and_its_facts_are_right(store: ArtifactStore):
    expected = Artifact(key=KEY, content_type="video/mp4", bytes=len(DATA), sha256=hashlib.sha256(DATA).hexdigest())
    assert expected == store.put(KEY, DATA, "video/mp4")
    assert expected == store.stat(KEY)
    assert DATA == content(store)


def test_a_file_is_put_like_bytes(store: ArtifactStore, tmp_path: Path):
    source = tmp_path / "source"
    source.write_bytes(DATA)
    from_file = store.put(KEY, source, "video/mp4")
    assert from_file == store.put(KEY, DATA, "video/mp4")
    assert source.read_bytes() == DATA


def test_a_source_that_does_not_exist_changes_nothing(store: ArtifactStore, tmp_path: Path):
    before = store.put(KEY, b"old", "text/plain")
    with pytest.raises(FileNotFoundError):
        store.put(KEY, tmp_path / "nowhere", "video/mp4")
    assert before == store.stat(KEY)


def test_an_empty_object_is_an_object(store: ArtifactStore):
    store.put(KEY, b"", "text/plain")
    assert 0 == store.stat(KEY).bytes
    assert b"" == content(store)
    assert b"" == content(store, start=0, end=10)
    assert b"" == content(store, start=5)


RANGES = [
    (0, 1), (0, 10), (10, 20), (100, None), (len(DATA) - 1, None), (len(DATA), None), (len(DATA) + 5, None),
    (len(DATA) + 5, len(DATA) + 9), (0, len(DATA) + 9), (5, 5), (9, 5), (0, 0), (262_143, 524_289),
]  # fmt: skip


def test_a_range_is_what_a_slice_of_the_bytes_would_be(store: ArtifactStore):
    store.put(KEY, DATA, "video/mp4")
    assert [DATA[start:end] for start, end in RANGES] == [content(store, start=s, end=e) for s, e in RANGES]


@pytest.mark.parametrize("bounds", [{}, {"start": 3}, {"start": 5, "end": 5}])
def test_reading_what_is_not_there_fails_at_once(store: ArtifactStore, bounds: dict[str, int]):
    with pytest.raises(NotFound, match=KEY):
        store.read(KEY, **bounds)
    with pytest.raises(NotFound, match=KEY):
        store.stat(KEY)


def test_a_read_that_nobody_goes_on_with_holds_nothing(store: ArtifactStore):
    store.put(KEY, DATA, "video/mp4")
    for _ in range(30):
        store.read(KEY)
        next(store.read(KEY))
    assert DATA == content(store)


@pytest.mark.parametrize("key", ["", "..", "a/../b", "/etc/passwd", "a//b", "a b", "ä", "a\0b", "a/"])
def test_a_malformed_key_is_refused_by_every_method(store: ArtifactStore, key: str):
    minute = timedelta(minutes=1)
    calls = (
        lambda: store.put(key, b"", "text/plain"),
        lambda: store.stat(key),
        lambda: store.read(key),
        lambda: store.delete(key),
        lambda: store.link(key, expires=minute, filename="f", content_type="text/plain"),
    )
    for call in calls:
        with pytest.raises(ValueError, match="artifact key"):
            call()


def test_a_key_may_go_on_where_another_ends(store: ArtifactStore):
    store.put("a/b", b"1", "text/plain")
    store.put("a/b/c", b"2", "text/plain")
    assert (b"1", b"2") == (content(store, "a/b"), content(store, "a/b/c"))
    assert 2 == store.delete("a/b")


def test_deleting_a_prefix_spares_its_neighbours(store: ArtifactStore):
    gone = ["t/job/a1/video.mp4", "t/job/a1/thumb.webp", "t/job/a2/video.mp4", "t/job/checkpoint", "t/job"]
    kept = ["t/job2/a1/video.mp4", "t/job-1", "t/job.x", "t2/job/a1/video.mp4", "t/jo"]
    for key in gone + kept:
        store.put(key, key.encode(), "text/plain")
    assert len(gone) == store.delete("t/job")
    assert [key.encode() for key in kept] == [content(store, key) for key in kept]
    for key in gone:
        with pytest.raises(NotFound):
            store.stat(key)


def test_deleting_one_object_spares_its_siblings_and_again_is_no_error(store: ArtifactStore):
    store.put("t/job/checkpoint", b"1", "text/plain")
    store.put("t/job/checkpoint2", b"2", "text/plain")
    assert [1, 0, 0] == [store.delete(prefix) for prefix in ("t/job/checkpoint", "t/job/checkpoint", "nobody/here")]
    assert b"2" == content(store, "t/job/checkpoint2")


def test_a_reader_sees_the_old_object_or_the_new_one_never_a_mixture(store: ArtifactStore):
    versions = {letter: letter.encode() * size for letter, size in (("a", 600_000), ("b", 350_000), ("c", 1))}
    whole = {hashlib.sha256(data).hexdigest(): (len(data), f"text/{letter}") for letter, data in versions.items()}
    store.put(KEY, versions["a"], "text/a")
    done = threading.Event()

    def write() -> None:
        while not done.is_set():
            for letter, data in versions.items():
                store.put(KEY, data, f"text/{letter}")

    seen = set()

    def read() -> None:
        facts = store.stat(KEY)
        assert whole[facts.sha256] == (facts.bytes, facts.content_type)
        digest = hashlib.sha256(content(store)).hexdigest()
        assert digest in whole
        seen.add(digest)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for turn in range(1000):
            read()
            # How the two threads take turns is the machine's choice: on a busy one, the reader may meet few writes.
            if turn >= 30 and len(seen) == len(versions):
                break
    finally:
        done.set()
        writer.join()
    assert len(seen) > 1, "the reader never met a write"


def test_a_store_that_is_there_answers_a_ping(store: ArtifactStore):
    store.ping()
