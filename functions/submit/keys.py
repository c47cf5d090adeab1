"""Stored API keys from the command line: `python -m functions.submit.keys create|list|revoke|rotate|delete`.

Reads REDIS_URL and KEY_PEPPER as submit does. Exit status: 0 done; 1 refused; 2 wrong words or
settings; 3 the store does not answer, and the same command may succeed later. A new key is the only
line on standard output, so that `KEY=$(... create ...)` works; what is said of it stands on the other.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

from functions.submit.locksmith import Locksmith
from shared import wiring
from shared.core import key_views, key_wish, strict_body
from shared.core.access import DEFAULT_TENANT, Scope
from shared.core.api_key import ApiKey
from shared.core.errors import FlipbookError, InvalidRequest, TemporaryError
from shared.core.key_wish import KeyWish, RotationWish
from shared.ports import KeyStore
from shared.settings import BadSetting, Settings

OPERATOR: Final = "command-line"
"""Who asked, in log lines."""
_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_ROW: Final = "{:8}  {:16}  {:31}  {:8}  {:10}  {:10}  {}"


def main(words: Sequence[str] | None = None, environ: Mapping[str, str] | None = None) -> int:
    """Do what `words` say; by default those of the process, in its environment."""
    arguments = _parser().parse_args(words)
    try:
        settings = _settings(environ)
        services = wiring.build(settings, artifacts=False, broker=False)
    except (BadSetting, FlipbookError) as error:
        return _failed(error, 2)
    try:
        arguments.act(arguments, Locksmith(services.api_keys, settings.key_peppers), services.api_keys)
    except InvalidRequest as error:
        return _failed(error, 2)
    except TemporaryError as error:
        return _failed(error, 3)
    except FlipbookError as error:
        return _failed(error, 1)
    finally:
        services.close()
    return 0


def _settings(environ: Mapping[str, str] | None) -> Settings:
    settings = Settings.from_env(environ)
    if settings.redis_url.startswith("memory:"):
        raise BadSetting("REDIS_URL: must be a server; what is kept in memory:// ends with this command")
    return settings


def _create(arguments: argparse.Namespace, locksmith: Locksmith, store: KeyStore) -> None:
    body: dict[str, Any] = {"tenant": arguments.tenant, "scopes": arguments.scopes, "label": arguments.label}
    if arguments.expires_in is not None:
        body["expires_in_seconds"] = _seconds(arguments.expires_in)
    entry, key = locksmith.make(strict_body.parse(body, KeyWish), by=OPERATOR)
    _tell(entry, key, store)


def _list(arguments: argparse.Namespace, locksmith: Locksmith, store: KeyStore) -> None:
    at, after, more = store.now(), None, True
    _say(_ROW.format("ID", "TENANT", "SCOPES", "STATUS", "CREATED", "EXPIRES", "LABEL"))
    while more:
        page = locksmith.page(limit=100, after=after, tenant=arguments.tenant)
        for entry in page.entries:
            status, scopes = key_views.api_key(entry, at)["status"], "+".join(entry.scopes)
            created, end = f"{entry.created_at:%Y-%m-%d}", f"{entry.expires_at:%Y-%m-%d}" if entry.expires_at else "-"
            _say(_ROW.format(entry.id, entry.tenant, scopes, status, created, end, entry.label).rstrip())
            after = entry.id
        more = page.has_more


def _revoke(arguments: argparse.Namespace, locksmith: Locksmith, _: KeyStore) -> None:
    locksmith.revoke(arguments.id, by=OPERATOR)
    _explain(f"{arguments.id} is revoked; it opens nothing any more within 5 seconds.")


def _rotate(arguments: argparse.Namespace, locksmith: Locksmith, store: KeyStore) -> None:
    wish = strict_body.parse({"overlap_seconds": _seconds(arguments.overlap)}, RotationWish)
    entry, key = locksmith.rotate(arguments.id, wish.overlap, by=OPERATOR)
    _tell(entry, key, store)


def _delete(arguments: argparse.Namespace, locksmith: Locksmith, _: KeyStore) -> None:
    locksmith.delete(arguments.id, by=OPERATOR)
    _explain(f"{arguments.id} is deleted; it opens nothing any more within 5 seconds.")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m functions.submit.keys", description="Stored API keys.")
    commands = parser.add_subparsers(required=True, metavar="create|list|revoke|rotate|delete")
    create = commands.add_parser("create", help="make a key; it is shown this once")
    create.add_argument("--tenant", default=DEFAULT_TENANT, help="whose videos it opens (default: %(default)s)")
    create.add_argument("--scopes", required=True, type=_words, help=f"one or more of {','.join(Scope)}")
    create.add_argument("--label", default="", help="for people, 100 characters")
    create.add_argument("--expires-in", type=_length, metavar="90d", help="a number and s, m, h or d (default: never)")
    create.set_defaults(act=_create)
    every = commands.add_parser("list", help="all keys, without secrets")
    every.add_argument("--tenant", help="those of one tenant only")
    every.set_defaults(act=_list)
    rotate = commands.add_parser("rotate", help="make a new secret; the old one opens for a while too")
    rotate.add_argument(
        "--overlap", type=_length, default=key_wish.OVERLAP, metavar="24h", help="for how long; 0s: not"
    )
    for name, act, about in (("revoke", _revoke, "close a key"), ("delete", _delete, "close a key and forget it")):
        commands.add_parser(name, help=about).set_defaults(act=act)
    rotate.set_defaults(act=_rotate)
    for name in ("revoke", "rotate", "delete"):
        commands.choices[name].add_argument("id", help="the middle part of the key")
    return parser


def _words(text: str) -> list[str]:
    return text.replace("+", ",").split(",")


def _length(text: str) -> timedelta:
    match = re.fullmatch(r"([0-9]{1,9})([smhd])", text)
    if match is None:
        raise argparse.ArgumentTypeError(f"must be a number and s, m, h or d, for example 90d, not {text!r}")
    return timedelta(seconds=int(match[1]) * _UNITS[match[2]])


def _seconds(length: timedelta) -> int:
    return int(length.total_seconds())


def _tell(entry: ApiKey, key: str, store: KeyStore) -> None:
    shown = key_views.api_key(entry, store.now())
    ends = f"until {entry.expires_at:%Y-%m-%d %H:%M} UTC" if entry.expires_at else "without an end"
    _explain(f"{entry.id} opens {'+'.join(entry.scopes)} of {entry.tenant}, {ends}. The key is not shown again:")
    if shown["old_secret_ends_at"]:
        _explain(f"(the old one opens until {entry.secrets[-1].ends_at:%Y-%m-%d %H:%M:%S} UTC)")
    _say(key)


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")


def _explain(line: str) -> None:
    sys.stderr.write(f"{line}\n")


def _failed(error: Exception, status: int) -> int:
    _explain(f"keys: {error}")
    return status


if __name__ == "__main__":
    sys.exit(main())
