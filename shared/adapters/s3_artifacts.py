"""Artifacts in a bucket of S3 or of a server that speaks it. The only place that knows boto3.

An object's SHA-256 lies in its metadata, and every upload is signed over its bytes, so the server
refuses what was damaged on the way. Uploads that break off leave parts which readers never see; a
bucket's lifecycle rule (AbortIncompleteMultipartUpload) clears them away.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from io import BufferedReader, BytesIO
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlsplit

import boto3
from boto3.exceptions import Boto3Error
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError

from shared.core.errors import Damaged, NotFound, Unavailable
from shared.core.keys import checked
from shared.core.output import Artifact

CHUNK: Final = 256 * 1024
CONNECT_TIMEOUT: Final = 2.0
READ_TIMEOUT: Final = 10.0
TRIES: Final = 3
REGION: Final = "us-east-1"
"""Where nobody names one. Servers other than AWS do not care, but a signature needs one."""
MULTIPART: Final = TransferConfig(multipart_threshold=64 * 2**20, multipart_chunksize=32 * 2**20, max_concurrency=4)
MISSING: Final = ("NoSuchKey", "404", "NotFound")
REASONS: Final[Mapping[str, str]] = {
    "AccessDenied": "access is denied",
    "403": "access is denied",
    "InvalidAccessKeyId": "the access key is not known there",
    "SignatureDoesNotMatch": "the secret key is wrong",
    "NoSuchBucket": "there is no such bucket",
}


class S3Artifacts:
    """An ArtifactStore over `bucket`, under `prefix` (empty: all of it is ours)."""

    def __init__(
        self, bucket: str, prefix: str = "", *, endpoint_url: str = "", session: boto3.Session | None = None
    ) -> None:
        session = session or boto3.Session()
        self._bucket = bucket
        self._prefix = checked(prefix) + "/" if prefix else ""
        self._client: Any = session.client(
            "s3",
            endpoint_url=endpoint_url or None,
            region_name=session.region_name or REGION,
            config=_config(own_server=bool(endpoint_url)),
        )

    @classmethod
    def from_url(cls, url: str, *, endpoint_url: str = "", session: boto3.Session | None = None) -> S3Artifacts:
        """Open `s3://bucket` or `s3://bucket/prefix`. ValueError if the URL is of another form."""
        address = urlsplit(url)
        if address.scheme != "s3" or not address.netloc or address.query or address.fragment:
            raise ValueError("a bucket of artifacts is given as s3://bucket/prefix")
        return cls(address.netloc, address.path.strip("/"), endpoint_url=endpoint_url, session=session)

    def put(self, key: str, source: Path | bytes, content_type: str) -> Artifact:
        name = self._name(key)
        with _opened(source) as data:
            digest = hashlib.file_digest(data, "sha256").hexdigest()
            size = data.seek(0, os.SEEK_END)
            data.seek(0)
            facts = {"ContentType": content_type, "Metadata": {"sha256": digest}}
            with self._faults(key):
                self._client.upload_fileobj(data, self._bucket, name, ExtraArgs=facts, Config=MULTIPART)
        return Artifact(key=key, content_type=content_type, bytes=size, sha256=digest)

    def stat(self, key: str) -> Artifact:
        with self._faults(key):
            head = self._client.head_object(Bucket=self._bucket, Key=self._name(key))
        digest = head["Metadata"].get("sha256")
        if digest is None:
            raise Damaged(f"artifact {key} was not put there by this store: it carries no sha256")
        return Artifact(key=key, content_type=head["ContentType"], bytes=head["ContentLength"], sha256=digest)

    def read(self, key: str, *, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        chunks = self._chunks(key, start, end)
        next(chunks)  # asks for the object now; and lets go of it even if nobody asks for the first chunk
        return chunks

    def link(self, key: str, *, expires: timedelta, filename: str, content_type: str) -> str | None:
        # Always an attachment: shown in a page by the page's own tags, never a page of its own.
        answer = {
            "ResponseContentType": content_type,
            "ResponseContentDisposition": f"attachment; filename*=UTF-8''{quote(filename, safe='')}",
        }
        with self._faults(key):
            url: str = self._client.generate_presigned_url(
                "get_object",
                Params={"Bucket": self._bucket, "Key": self._name(key), **answer},
                ExpiresIn=int(expires.total_seconds()),
            )
        return url

    def delete(self, prefix: str) -> int:
        with self._faults(prefix):
            names = list(self._below(self._name(prefix)))
            for name in names:
                # One by one: a job has a handful, and not every server takes DeleteObjects alike.
                self._client.delete_object(Bucket=self._bucket, Key=name)
        return len(names)

    def ping(self) -> None:
        with self._faults():
            self._client.head_bucket(Bucket=self._bucket)

    def close(self) -> None:
        self._client.close()

    def _name(self, key: str) -> str:
        return self._prefix + checked(key)

    def _below(self, name: str) -> Iterator[str]:
        """The object `name`, and every object in the folder `name`."""
        first = self._client.list_objects_v2(Bucket=self._bucket, Prefix=name, MaxKeys=1)
        if first.get("Contents", [{}])[0].get("Key") == name:  # a name sorts before all that begin with it
            yield name
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=f"{name}/")
        for page in pages:
            yield from (entry["Key"] for entry in page.get("Contents", []))

    def _chunks(self, key: str, start: int, end: int | None) -> Iterator[bytes]:
        with self._faults(key):
            body = self._body(key, start, end)
            try:
                yield b""
                yield from body.iter_chunks(CHUNK) if body else ()
            finally:
                if body:
                    body.close()

    def _body(self, key: str, start: int, end: int | None) -> Any:
        """The stream of that range; None if nothing of the object lies in it."""
        if end is not None and end <= start:
            self._client.head_object(Bucket=self._bucket, Key=self._name(key))
            return None
        bounds = {} if start == 0 and end is None else {"Range": f"bytes={start}-{'' if end is None else end - 1}"}
        try:
            return self._client.get_object(Bucket=self._bucket, Key=self._name(key), **bounds)["Body"]
        except ClientError as error:
            if _code(error) == "InvalidRange":
                return None
            raise

    @contextmanager
    def _faults(self, key: str = "") -> Iterator[None]:
        try:
            yield
        except ClientError as error:
            code = _code(error)
            if key and code in MISSING:
                raise NotFound(f"there is no artifact {key}") from None
            reason = REASONS.get(code, code)
            raise Unavailable(f"bucket {self._bucket} refused {error.operation_name}: {reason}") from error
        except (BotoCoreError, HTTPClientError, Boto3Error) as error:
            raise Unavailable(f"bucket {self._bucket} cannot be used: {type(error).__name__}") from error


def _config(*, own_server: bool) -> Config:
    return Config(
        signature_version="s3v4",
        connect_timeout=CONNECT_TIMEOUT,
        read_timeout=READ_TIMEOUT,
        retries={"mode": "standard", "total_max_attempts": TRIES},
        # Servers older than 2025 do not know the checksums that boto3 adds by itself.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        s3={"payload_signing_enabled": True, "addressing_style": "path" if own_server else "auto"},
    )


def _opened(source: Path | bytes) -> BufferedReader | BytesIO:
    return BytesIO(source) if isinstance(source, bytes) else source.open("rb")


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", "?"))
