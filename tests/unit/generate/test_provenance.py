"""Sealed files: what C2PA's own reader says of them, and of those that were changed."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json

import c2pa
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from functions.generate.encode import encode
from functions.generate.fingerprint import fingerprint
from functions.generate.playback import check, examine
from functions.generate.provenance import DRAWING, MADE_BY_A_MODEL, Seal, seal_of
from shared.core.errors import TemporaryError
from shared.settings import BadSetting, Settings


def named(name):
    return x509.Name(
        [x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Test"), x509.NameAttribute(NameOID.COMMON_NAME, name)]
    )


def signed(subject, key, issuer, issuer_key, *, is_ca, days=30):
    now = dt.datetime.now(dt.UTC)
    usage = x509.KeyUsage(
        digital_signature=not is_ca,
        key_cert_sign=is_ca,
        crl_sign=is_ca,
        **dict.fromkeys(
            [
                "content_commitment",
                "key_encipherment",
                "data_encipherment",
                "key_agreement",
                "encipher_only",
                "decipher_only",
            ],
            False,
        ),
    )
    builder = (
        x509.CertificateBuilder()
        .subject_name(named(subject))
        .issuer_name(named(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=40))
        .not_valid_after(now + dt.timedelta(days=days))
        .add_extension(x509.BasicConstraints(is_ca, None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
        .add_extension(usage, critical=True)
    )
    if not is_ca:
        builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=False)
    return builder.sign(issuer_key, hashes.SHA256())


def pair(days=30):
    """A chain of leaf and authority as PEM, and the leaf's key."""
    authority, leaf = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    chain = (
        signed("leaf", leaf, "authority", authority, is_ca=False, days=days),
        signed("authority", authority, "authority", authority, is_ca=True),
    )
    pem = serialization.Encoding.PEM
    key = leaf.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return "".join(c.public_bytes(pem).decode() for c in chain), key.decode()


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("seal")
    for name, text in zip(("certificate.pem", "key.pem"), pair(), strict=True):
        (folder / name).write_text(text)
    return folder / "certificate.pem", folder / "key.pem"


def settings(certificate="", key=""):
    return Settings.from_env({"C2PA_CERTIFICATE": str(certificate), "C2PA_KEY": str(key)})


@pytest.fixture
def movie(frames, asked, tmp_path):
    encode([frames], tmp_path / "video.mp4", asked)
    return tmp_path / "video.mp4"


def read(movie):
    with c2pa.Reader(str(movie)) as reader:
        return json.loads(reader.json())


def test_a_sealed_video_says_what_made_it_and_is_valid(files, movie, asked):
    seal_of(settings(*files)).put_on(movie, asked, "exact")

    found = read(movie)
    manifest = found["manifests"][found["active_manifest"]]
    told = {assertion["label"]: assertion["data"] for assertion in manifest["assertions"]}
    assert "Valid" == found["validation_state"]
    # The test's authority is on nobody's list.
    assert ["signingCredential.untrusted"] == [status["code"] for status in found["validation_status"]]
    [action] = told["c2pa.actions.v2"]["actions"]
    assert ("c2pa.created", MADE_BY_A_MODEL) == (action["action"], action["digitalSourceType"])
    assert "mochi-1-tiny" == action["softwareAgent"]["name"]
    assert {"model": "mochi-1-tiny", "preset": "exact", "seed": 7, "request": fingerprint(asked)} == told[DRAWING]
    assert asked.prompt.encode() not in movie.read_bytes()


def test_it_still_plays_with_its_index_first(files, movie, asked):
    plain = dataclasses.asdict(examine(movie))
    seal_of(settings(*files)).put_on(movie, asked, "exact")
    check(examine(movie), asked)
    assert plain == dataclasses.asdict(examine(movie))
    assert ["video.mp4"] == [path.name for path in movie.parent.iterdir()]


def test_a_changed_picture_breaks_the_seal(files, movie, asked):
    seal_of(settings(*files)).put_on(movie, asked, "exact")
    data = bytearray(movie.read_bytes())
    data[-100] ^= 1
    movie.write_bytes(data)
    assert "assertion.bmffHash.mismatch" in [status["code"] for status in read(movie)["validation_status"]]


def test_without_the_settings_there_is_no_seal():
    assert seal_of(settings()) is None


def test_half_a_seal_and_files_that_are_not_there_or_no_pem_are_named_at_the_start(files, tmp_path):
    (tmp_path / "words").write_text("these are words")
    (tmp_path / "old").write_text(pair(days=-1)[0])
    (tmp_path / "other").write_text(pair()[1])
    certificate, key = files
    for pair_of, words in (
        ((certificate, ""), "set both, or neither"),
        (("", key), "set both, or neither"),
        ((certificate, tmp_path / "none"), "must be files that can be read"),
        ((certificate, tmp_path / "words"), "cannot be signed with"),
        ((tmp_path / "words", key), "cannot be signed with"),
        ((tmp_path / "old", key), "cannot be signed with"),
        ((certificate, tmp_path / "other"), "cannot be signed with"),
    ):
        with pytest.raises(BadSetting, match=f"C2PA_CERTIFICATE and C2PA_KEY: {words}"):
            seal_of(settings(*pair_of))


def test_a_certificate_that_has_run_out_fails_the_sealing_and_leaves_the_file(movie, asked):
    before = movie.read_bytes()
    with pytest.raises(TemporaryError, match="the video cannot be signed"):
        Seal(*pair(days=-1)).put_on(movie, asked, "exact")
    assert before == movie.read_bytes()
