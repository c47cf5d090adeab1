"""`python -m functions.submit.keys` over a real server: what it makes opens submit, and nothing of it lies there."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from functions.submit import keys
from functions.submit.app import create_app
from shared import wiring
from shared.core.access import new_api_key
from shared.settings import Settings
from tests.servers import Valkey

ROOT = Path(__file__).parents[2]
PEPPER = "p" * 40
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def environ(redis_url: str) -> dict[str, str]:
    return {"REDIS_URL": redis_url, "KEY_PEPPER": PEPPER}


@pytest.fixture
def run(environ: dict[str, str], capsys: pytest.CaptureFixture[str]) -> Run:
    def run(*words: str, **changes: str) -> tuple[int, str, str]:
        status = keys.main(words, environ | changes)
        told = capsys.readouterr()
        return status, told.out, told.err

    return run


def test_it_runs_as_a_program_and_its_output_is_the_key(environ: dict[str, str]) -> None:
    words = ["create", "--tenant", "acme", "--scopes", "videos:read,videos:write", "--expires-in", "90d"]
    done = subprocess.run(
        [sys.executable, "-m", "functions.submit.keys", *words],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"]} | environ,
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert re.fullmatch(r"fb_[0-9a-f]{8}_[A-Za-z0-9_-]{43}\n", done.stdout)
    about = rf"{done.stdout[3:11]} opens videos:read\+videos:write of acme, until 20\d\d-\d\d-\d\d \d\d:\d\d UTC\."
    assert re.match(about, done.stderr)


def test_what_it_makes_rotates_and_revokes_opens_submit_or_not(run: Run, environ: dict[str, str]) -> None:
    settings = Settings.from_env(environ | {"ARTIFACTS_URL": "memory://", "K_SINK": "memory://"})
    services = wiring.build(settings)

    def opens(key: str) -> bool:
        """Asked by a process that knows nothing yet."""
        client = create_app(settings, services).test_client()
        return client.get("/v1/queue", headers={"X-API-Key": key}).status_code == 200

    _, key, _ = run("create", "--scopes", "videos:read")
    _, new, told = run("rotate", key[3:11], "--overlap", "1h")
    assert "the old one opens until" in told
    assert [True, True] == [opens(key.strip()), opens(new.strip())]
    _, newest, told = run("rotate", key[3:11], "--overlap", "0s")
    assert "the old one" not in told
    assert [False, False, True] == [opens(each.strip()) for each in (key, new, newest)]
    assert (0, "") == run("revoke", key[3:11])[:2]
    assert not opens(newest.strip())
    services.close()


def test_the_list_shows_every_key_and_no_secret(run: Run) -> None:
    made = [run("create", "--tenant", t, "--scopes", "admin", "--label", f"of {t}")[1] for t in ("ada", "eve")]
    run("revoke", made[1][3:11])
    _, listed, _ = run("list")

    lines = {line.split()[0]: line.split() for line in listed.splitlines()}
    assert {"ID", made[0][3:11], made[1][3:11]} == set(lines)
    assert ["ada", "admin", "active"] == lines[made[0][3:11]][1:4]
    assert ["eve", "admin", "revoked"] == lines[made[1][3:11]][1:4]
    assert "fb_" not in listed
    assert 2 == len(run("list", "--tenant", "eve")[1].splitlines())
    run("delete", made[1][3:11])
    assert 2 == len(run("list")[1].splitlines())


def test_no_secret_lies_in_the_server(run: Run, valkey: Valkey) -> None:
    shown = [run("create", "--scopes", "admin", "--label", "x")[1].strip() for _ in range(3)]
    shown.append(run("rotate", shown[0][3:11])[1].strip())
    with valkey.client() as client:
        client.execute_command("BGREWRITEAOF")
        held = "".join(str(client.dump(key)) + str(client.type(key)) + key for key in client.scan_iter("*"))
    files = b"".join(path.read_bytes() for path in valkey.folder.rglob("*") if path.is_file())

    for key in shown:
        secret = key[12:]
        assert [False, False] == [secret in held, secret.encode() in files]
        assert PEPPER.encode() not in files
    assert shown[0][3:11].encode() in files  # the place where a secret would lie was looked at


@pytest.mark.parametrize(
    ("words", "changes", "status", "sentence"),
    [
        (["revoke", "00000000"], {}, 1, "there is no key 00000000"),
        (["rotate", "No Such"], {}, 1, "an id is 8 lower-case letters or digits"),
        (["create", "--scopes", "admin"], {"KEY_PEPPER": ""}, 1, "set KEY_PEPPER"),
        (["create", "--scopes", "root"], {}, 2, "must be one of videos:read, videos:write, videos:priority, admin"),
        (["create", "--scopes", "admin", "--tenant", "A"], {}, 2, "/tenant: must be 1 to 63"),
        (["create", "--scopes", "admin", "--expires-in", "9999d"], {}, 2, "/expires_in_seconds"),
        (["create", "--scopes", "admin", "--expires-in", "0s"], {}, 2, "/expires_in_seconds"),
        (["create", "--scopes", "admin", "--expires-in", "999999999d"], {}, 2, "/expires_in_seconds"),
        (["list"], {"KEY_PEPPER": "short"}, 2, "KEY_PEPPER: must be 32 to 255"),
        (["list"], {"KEY_PEPPER": f"{'a' * 32} {'b' * 32} {'c' * 32}"}, 2, "KEY_PEPPER: must be one pepper"),
        (["list"], {"REDIS_URL": "memory://"}, 2, "REDIS_URL: must be a server"),
        (["list"], {"REDIS_URL": "http://x"}, 2, "REDIS_URL: must begin with"),
        (["list"], {"REDIS_URL": "redis://127.0.0.1:1"}, 3, "the job store does not answer"),
    ],
)
def test_what_cannot_be_done_is_told_in_one_sentence(
    run: Run, words: list[str], changes: dict[str, str], status: int, sentence: str
) -> None:
    code, out, told = run(*words, **changes)

    assert (status, "") == (code, out)
    assert f"keys: {told.splitlines()[-1].removeprefix('keys: ')}" == told.splitlines()[-1]
    assert sentence in told.splitlines()[-1]


@pytest.mark.parametrize(
    "words", [[], ["forge"], ["create"], ["revoke"], ["create", "--scopes", "admin", "--expires-in", "soon"]]
)
def test_wrong_words_end_with_two_and_how_to_say_it(run: Run, words: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        run(*words)
    assert 2 == ended.value.code


def test_a_key_of_the_environment_is_none_of_the_store(run: Run) -> None:
    key = new_api_key()

    assert 1 == run("revoke", key[3:11], API_KEYS=key)[0]
