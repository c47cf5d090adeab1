"""The folder in which one machine's platform lives: its secrets, its Redis data, its artifacts.

.flipbook/
├── lock             held while a runtime runs on the folder
├── api-key          mode 0600; made at first start
├── key-pepper       mode 0600; made at first start
├── webhook-secret   mode 0600; made at first start
├── webhook-key      mode 0600; made at first start
├── signing-key      mode 0600; made at first start
├── redis/           append-only file, and a lock that lives as long as the server
├── artifacts/       what ARTIFACTS_URL points at
├── weights/         one folder per model
└── run/             what a killed runtime left to clear away
"""

from __future__ import annotations

import base64
import fcntl
import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Final

from local.errors import CannotStart
from shared.core.access import Keyring, new_api_key
from shared.core.signing import PREFIX, PRIVATE_PREFIX, PrivateKey, secret_key
from shared.settings.readers import sealing_keys, token

_WEBHOOK_KEY_BYTES: Final = 32


class DataDir:
    """Opened by one runtime at a time, until `close`."""

    def __init__(self, root: Path) -> None:
        """Raises: CannotStart: It cannot be written, or another runtime has it."""
        self.root = root.absolute()
        try:
            for folder in (self.root, self.redis, self.run, self.artifacts, self.weights):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._lock = os.open(self.root / "lock", os.O_CREAT | os.O_RDWR, 0o600)
        except OSError as error:
            raise CannotStart(f"The data folder {self.root} cannot be used: {error.strerror}.") from None
        if not locked(self._lock):
            os.close(self._lock)
            raise CannotStart(
                f"Another runtime uses the data folder {self.root}. Stop it, or set DATA_DIR to another folder."
            )

    @property
    def redis(self) -> Path:
        return self.root / "redis"

    @property
    def run(self) -> Path:
        return self.root / "run"

    @property
    def artifacts(self) -> Path:
        return self.root / "artifacts"

    @property
    def weights(self) -> Path:
        return self.root / "weights"

    @property
    def webhook_secret_path(self) -> Path:
        return self.root / "webhook-secret"

    def api_key(self) -> str:
        """Raises: CannotStart: The file holds no key."""
        return _secret(self.root / "api-key", new_api_key, lambda key: Keyring([key]))

    def key_pepper(self) -> str:
        """Raises: CannotStart: The file holds no pepper."""
        return _secret(self.root / "key-pepper", lambda: secrets.token_hex(32), token)

    def webhook_secret(self) -> str:
        """Raises: CannotStart: The file holds no secret."""
        return _secret(self.webhook_secret_path, lambda: PREFIX + _random_bytes(), secret_key)

    def webhook_key(self) -> str:
        """Raises: CannotStart: The file holds no key."""
        return _secret(self.root / "webhook-key", _random_bytes, sealing_keys)

    def webhook_signing_key(self) -> str:
        """Raises: CannotStart: The file holds no key."""
        return _secret(self.root / "signing-key", lambda: PRIVATE_PREFIX + _random_bytes(), PrivateKey.of)

    def close(self) -> None:
        os.close(self._lock)


def locked(descriptor: int) -> bool:
    """Whether the open file is ours now: it stays so until every process that inherited it has ended."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _random_bytes() -> str:
    return base64.b64encode(secrets.token_bytes(_WEBHOOK_KEY_BYTES)).decode()


def _secret(path: Path, make: Callable[[], str], check: Callable[[str], object]) -> str:
    """The secret in `path`, made by `make` if there is none yet."""
    if not path.exists():
        _write_private(path, make())
    try:
        value = path.read_text().strip()
        check(value)
    except (OSError, ValueError) as error:
        raise CannotStart(f"{path} cannot be used: {error}. Delete it, and a new one is made.") from None
    return value


def _write_private(path: Path, text: str) -> None:
    """Whole or not at all, and never readable by others, not even for a moment."""
    draft = path.with_suffix(".new")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text + "\n")
        file.flush()
        os.fsync(file.fileno())
    draft.rename(path)
