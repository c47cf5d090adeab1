"""Artifacts in a folder: for one machine, or a volume that all pods mount.

An object is one file: its bytes, then a footer with its content type and SHA-256. So one rename
puts both in place, and one open descriptor pins both; players and viewers do not mind the footer.
Three kinds of names that no key can mix up: `@name` an object, `~name...` a put under way, `name` a folder.
All paths are walked by descriptors that follow no symbolic link, so nothing can lead out of the folder.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import struct
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, Final
from urllib.parse import unquote, urlsplit

from shared.core.errors import Damaged, NotFound, Unavailable
from shared.core.keys import checked, parts
from shared.core.output import Artifact

CHUNK: Final = 256 * 1024
FOOTER_END: Final = struct.Struct(">I4s")
MAGIC: Final = b"FLPB"
FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
OBJECT: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK
PUT_TRIES: Final = 20


class FileArtifacts:
    """An ArtifactStore over the folder `root`, which must exist."""

    def __init__(self, root: Path) -> None:
        self._root = root.resolve()

    @classmethod
    def from_url(cls, url: str) -> FileArtifacts:
        """Open `file:///folder`. ValueError if the URL is of another form."""
        address = urlsplit(url)
        if address.scheme != "file" or address.netloc not in ("", "localhost") or not address.path.startswith("/"):
            raise ValueError("a folder of artifacts is given as file:///absolute/path")
        return cls(Path(unquote(address.path)))

    def put(self, key: str, source: Path | bytes, content_type: str) -> Artifact:
        *folders, name = parts(key)
        with _opened(source) as data, _faults(key):
            for _ in range(PUT_TRIES):
                # A delete may take the folder between our making it and our using it.
                with suppress(FileNotFoundError), self._folder(folders, create=True) as folder:
                    return _put(folder, name, key, data, content_type)
                data.seek(0)
        raise Unavailable(f"the folder of artifact {key} is being deleted")

    def stat(self, key: str) -> Artifact:
        with self._open(key) as file:
            return _footer(file, key)

    def read(self, key: str, *, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        chunks = self._chunks(key, start, end)
        next(chunks)  # opens the object now; and closes it even if nobody asks for the first chunk
        return chunks

    def link(self, key: str, *, expires: timedelta, filename: str, content_type: str) -> str | None:  # noqa: ARG002
        """None: a folder serves nobody."""
        checked(key)
        return None

    def delete(self, prefix: str) -> int:
        *above, name = parts(prefix)
        with _faults(prefix), suppress(FileNotFoundError):
            with self._folder(above) as folder:
                count = _delete_object(folder, name) + _delete_tree(folder, name)
            self._prune(above)
            return count
        return 0

    def ping(self) -> None:
        if not os.access(self._root, os.R_OK | os.W_OK | os.X_OK) or not self._root.is_dir():
            raise Unavailable(f"the artifact folder {self._root} is missing or not writable")

    def close(self) -> None:
        """Nothing is held open between two calls."""

    @contextmanager
    def _folder(self, names: list[str], *, create: bool = False) -> Iterator[int]:
        """A descriptor of the folder that `names` lead to."""
        try:
            folder = os.open(self._root, FOLDER)
        except FileNotFoundError:
            raise Unavailable(f"the artifact folder {self._root} is gone") from None
        try:
            for name in names:
                if create:
                    _make(name, folder)
                below = os.open(name, FOLDER, dir_fd=folder)
                os.close(folder)
                folder = below
            yield folder
        finally:
            os.close(folder)

    @contextmanager
    def _open(self, key: str) -> Iterator[BinaryIO]:
        *folders, name = parts(key)
        with _faults(key):
            with self._folder(folders) as folder:
                descriptor = os.open(f"@{name}", OBJECT, dir_fd=folder)
            with os.fdopen(descriptor, "rb") as file:
                yield file

    def _chunks(self, key: str, start: int, end: int | None) -> Iterator[bytes]:
        with self._open(key) as file:
            size = _footer(file, key).bytes
            end = size if end is None else min(end, size)
            yield b""
            file.seek(start)
            while start < end and (chunk := file.read(min(CHUNK, end - start))):
                start += len(chunk)
                yield chunk

    def _prune(self, names: list[str]) -> None:
        """Remove the folders that have become empty, the deepest first."""
        while names:
            *names, name = names
            try:
                with self._folder(names) as folder:
                    os.rmdir(name, dir_fd=folder)
            except OSError:
                return  # not empty, or another delete was faster


def _put(folder: int, name: str, key: str, data: BinaryIO, content_type: str) -> Artifact:
    unfinished = f"~{name}~{secrets.token_hex(8)}"
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode=0o644, dir_fd=folder)
    try:
        with os.fdopen(descriptor, "wb") as file:
            artifact = _write(file, key, data, content_type)
            file.flush()
            os.fsync(file.fileno())
        os.rename(unfinished, f"@{name}", src_dir_fd=folder, dst_dir_fd=folder)
    except BaseException:
        with suppress(FileNotFoundError):
            os.unlink(unfinished, dir_fd=folder)
        raise
    os.fsync(folder)
    return artifact


def _write(file: BinaryIO, key: str, data: BinaryIO, content_type: str) -> Artifact:
    digest, size = hashlib.sha256(), 0
    while chunk := data.read(CHUNK):
        digest.update(chunk)
        size += len(chunk)
        file.write(chunk)
    footer = json.dumps({"content_type": content_type, "sha256": digest.hexdigest()}).encode()
    file.write(footer + FOOTER_END.pack(len(footer), MAGIC))
    return Artifact(key=key, content_type=content_type, bytes=size, sha256=digest.hexdigest())


def _opened(source: Path | bytes) -> BinaryIO:
    return BytesIO(source) if isinstance(source, bytes) else source.open("rb")


def _footer(file: BinaryIO, key: str) -> Artifact:
    size = os.fstat(file.fileno()).st_size
    # An OSError is none of these: a disk that does not answer says nothing about the file.
    with suppress(ValueError, LookupError, TypeError, struct.error):
        file.seek(max(size - FOOTER_END.size, 0))
        length, magic = FOOTER_END.unpack(file.read())
        file.seek(max(size - FOOTER_END.size - length, 0))
        facts = json.loads(file.read(length))
        if magic == MAGIC:
            length += FOOTER_END.size
            return Artifact(key=key, content_type=facts["content_type"], bytes=size - length, sha256=facts["sha256"])
    raise Damaged(f"artifact {key} is damaged: its file does not end as this store writes it")


def _make(name: str, folder: int) -> None:
    with suppress(FileExistsError):
        os.mkdir(name, dir_fd=folder)
        os.fsync(folder)


def _delete_object(folder: int, name: str) -> int:
    """Remove the object `name`, and what killed writers left of it; how many objects."""
    for entry in os.listdir(folder):
        if entry.startswith(f"~{name}~"):
            _unlink(entry, folder)
    return _unlink(f"@{name}", folder)


def _delete_tree(above: int, name: str) -> int:
    try:
        folder = os.open(name, FOLDER, dir_fd=above)
    except FileNotFoundError:
        return 0
    count = 0
    try:
        for entry in list(os.scandir(folder)):
            if entry.is_dir(follow_symlinks=False):
                count += _delete_tree(folder, entry.name)
            else:
                count += _unlink(entry.name, folder) * entry.name.startswith("@")
    finally:
        os.close(folder)
    with suppress(OSError):  # somebody put something there meanwhile
        os.rmdir(name, dir_fd=above)
    return count


def _unlink(name: str, folder: int) -> int:
    try:
        os.unlink(name, dir_fd=folder)
    except FileNotFoundError:
        return 0
    return 1


@contextmanager
def _faults(key: str) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        raise NotFound(f"there is no artifact {key}") from None
    except OSError as error:
        raise Unavailable(f"the artifact folder failed on {key}: {error.strerror}") from error
