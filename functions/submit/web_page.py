"""The built page, in memory: its files by the path that they are asked for. Knows no Flask."""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

INDEX: Final = "index.html"
ASSETS: Final = "assets"
"""The folder whose files have a digest of their content in their names."""
POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; media-src 'self' blob:;"
    " connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none';"
    " require-trusted-types-for 'script'; trusted-types 'none'"
)
"""Content-Security-Policy: our own files, pictures and videos that were fetched with a key, and nothing else."""
_TYPES: Final = {".js": "text/javascript", ".css": "text/css", ".html": "text/html", ".svg": "image/svg+xml"}
"""Those that mimetypes takes from the system, which may have other ideas or none."""


@dataclass(frozen=True, slots=True)
class WebFile:
    """One file, and the same compressed. Both are small: the whole page has some hundred KB."""

    body: bytes
    gzipped: bytes
    media: str
    etag: str


def read(folder: Path) -> Mapping[str, WebFile]:
    """Every file of the built page by its name, those of ASSETS as `assets/NAME`; empty: it was not built."""
    if not (folder / INDEX).is_file():
        return {}
    paths = [folder / INDEX, *sorted((folder / ASSETS).glob("*"))]
    return {path.relative_to(folder).as_posix(): _file(path) for path in paths if path.is_file()}


def _file(path: Path) -> WebFile:
    body = path.read_bytes()
    media = _TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    return WebFile(body, gzip.compress(body, mtime=0), media, hashlib.sha256(body).hexdigest())
