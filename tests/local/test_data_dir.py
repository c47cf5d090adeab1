from __future__ import annotations

import pytest

from local.data_dir import DataDir
from local.errors import CannotStart
from local.options import Options
from shared.core.access import Keyring
from shared.core.signing import secret_key
from shared.settings import readers


@pytest.fixture
def data(tmp_path):
    opened = DataDir(tmp_path / "data")
    yield opened
    opened.close()


def test_secrets_are_made_once_and_only_the_owner_may_read_them(data):
    made = [data.api_key(), data.webhook_secret(), data.key_pepper(), data.webhook_key(), data.webhook_signing_key()]
    assert made == [
        data.api_key(),
        data.webhook_secret(),
        data.key_pepper(),
        data.webhook_key(),
        data.webhook_signing_key(),
    ]
    names = ("api-key", "webhook-secret", "key-pepper", "webhook-key", "signing-key")
    assert {0o600} == {(data.root / name).stat().st_mode & 0o777 for name in names}


def test_secrets_are_of_the_form_that_the_functions_take(data):
    assert Keyring([data.api_key()]).caller(data.api_key()) is not None
    assert 32 == len(secret_key(data.webhook_secret()))
    assert (data.key_pepper(),) == readers.peppers(data.key_pepper())
    assert 1 == len(readers.sealing_keys(data.webhook_key()))


def test_a_broken_secret_is_named_and_not_replaced(data):
    (data.root / "api-key").write_text("x")
    with pytest.raises(CannotStart, match="api-key cannot be used"):
        data.api_key()
    assert "x" == (data.root / "api-key").read_text()


def test_two_runtimes_never_share_a_folder(data):
    with pytest.raises(CannotStart, match="Another runtime uses the data folder"):
        DataDir(data.root)


def test_a_closed_folder_may_be_opened_again(data):
    data.close()
    data.__init__(data.root)


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(CannotStart, match="cannot be used"):
        DataDir(tmp_path / "file" / "data")


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("PORT", "http"),
        ("PORT", "65535"),
        ("ACCELERATORS", "0"),
        ("STABLE_WINDOW_SECONDS", "1.5"),
        ("REDIS_URL", "memory://"),
    ],
)
def test_a_wrong_option_is_named(variable, value):
    with pytest.raises(CannotStart, match=f"{variable}: "):
        Options.from_env({variable: value})


def test_the_broker_is_on_the_next_port():
    options = Options.from_env({"PORT": "9000"})
    assert ("http://127.0.0.1:9000", "http://127.0.0.1:9001") == (options.api_url, options.broker_url)
