"""Tokens of an issuer: the one that opens, and every way of making another that does not."""

import hashlib
import hmac
import json
import warnings

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwk

from functions.submit.issuer_keys import IssuerKeys
from functions.submit.tokens import LEEWAY_S, MAX_TOKEN, MOST, REMEMBER_S, Tokens
from shared.core.access import Caller, Scope
from shared.core.claims import UserClaims, name
from shared.core.errors import Unavailable
from tests.issuer import AUDIENCE, NAME, NOW, Issuer, base64url, resigned, signed

MEANING = UserClaims(tenant_claim="tenant", scope_claim="scope", allowed=frozenset({Scope.READ, Scope.WRITE}))


class Source:
    """A key set that can be exchanged, or away."""

    def __init__(self, text):
        self.text = text
        self.asked = 0

    def fetch(self):
        self.asked += 1
        if self.text is None:
            raise Unavailable("the issuer is away")
        return self.text


@pytest.fixture(scope="module")
def issuer():
    return Issuer()


@pytest.fixture(scope="module")
def tokens(issuer):
    return verifier(Source(issuer.key_set()))


def verifier(source, at=NOW):
    return Tokens(IssuerKeys(source), MEANING, issuer=NAME, audience=AUDIENCE, clock=lambda: at)


@pytest.mark.parametrize("kid", ["rsa", "ec"])
def test_a_good_token_opens_what_it_says_of_the_tenant_that_it_names(issuer, tokens, kid):
    caller = tokens.caller(issuer.token(kid=kid))

    assert Caller("acme", name(issuer.claims()), frozenset({Scope.READ})) == caller
    assert "ada" not in caller.key_id


@pytest.mark.parametrize("aud", [AUDIENCE, [AUDIENCE], ["other", AUDIENCE]])
def test_the_audience_may_be_one_of_several(issuer, tokens, aud):
    assert tokens.caller(issuer.token(aud=aud))


@pytest.mark.parametrize("typ", ["JWT", "jwt", "at+jwt", "application/at+jwt", ...])
def test_a_token_of_a_known_type_or_of_none_opens(issuer, tokens, typ):
    assert tokens.caller(issuer.token(head={"typ": typ}))


CLAIMS = {
    "another issuer": {"iss": "https://evil.example"},
    "the issuer with a slash": {"iss": NAME + "/"},
    "no issuer": {"iss": ...},
    "an issuer in a list": {"iss": [NAME]},
    "another audience": {"aud": "billing"},
    "a longer audience": {"aud": AUDIENCE + "s"},
    "other audiences": {"aud": ["billing", AUDIENCE + "x"]},
    "no audience": {"aud": ...},
    "an empty audience": {"aud": []},
    "an audience that is an object": {"aud": {AUDIENCE: True}},
    "expired": {"exp": NOW - LEEWAY_S},
    "long expired": {"exp": 1},
    "no expiry": {"exp": ...},
    "a null expiry": {"exp": None},
    "an expiry in words": {"exp": str(NOW + 300)},
    "an expiry that is true": {"exp": True},
    "not yet good": {"nbf": NOW + LEEWAY_S + 1},
    "a null beginning": {"nbf": None},
    "made in the future": {"iat": NOW + LEEWAY_S + 1},
    "no subject": {"sub": ...},
    "a subject that is a number": {"sub": 7},
    "no tenant": {"tenant": ...},
    "a tenant that is a path": {"tenant": "../ada"},
    "a tenant with capitals": {"tenant": "Acme"},
    "tenants in a list": {"tenant": ["acme"]},
    "an empty tenant": {"tenant": ""},
}


@pytest.mark.parametrize("changes", CLAIMS.values(), ids=CLAIMS)
def test_wrong_claims_open_nothing(issuer, tokens, changes):
    assert None is tokens.caller(issuer.token(**changes))


@pytest.mark.parametrize("changes", [{"exp": NOW - LEEWAY_S + 1}, {"nbf": NOW + LEEWAY_S}, {"iat": NOW + LEEWAY_S}])
def test_clocks_may_differ_by_a_minute_and_no_more(issuer, tokens, changes):
    assert tokens.caller(issuer.token(**changes))


def test_a_token_ends_while_we_watch(issuer):
    token = issuer.token()
    source = Source(issuer.key_set())

    opens = [bool(verifier(source, NOW + 300 + s).caller(token)) for s in (LEEWAY_S - 1, LEEWAY_S)]
    assert [True, False] == opens


def forged(issuer, head, secret=b""):
    """A token whose signature is an HMAC under `secret`; without one: none."""
    data = ".".join(base64url(json.dumps(part).encode()) for part in (head, issuer.claims()))
    return f"{data}.{base64url(hmac.new(secret, data.encode(), hashlib.sha256).digest()) if secret else ''}"


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "nOnE", "", "HS256", "RS256"])
def test_an_unsigned_token_opens_nothing(issuer, tokens, algorithm):
    token = forged(issuer, {"alg": algorithm, "kid": "rsa"})

    assert [None, None, None] == [tokens.caller(each) for each in (token, token + "e30", token.rstrip("."))]


def public_secrets(issuer):
    """What a confused verifier may take for a secret."""
    key = issuer.keys["rsa"]
    return [
        key.as_pem(private=False),
        key.as_pem(private=False).strip(),
        json.dumps(key.as_dict(private=False)).encode(),
        key.as_dict(private=False)["n"].encode(),
        issuer.key_set(),
        b"x",
    ]


@pytest.mark.parametrize("n", range(6))
@pytest.mark.parametrize("kid", ["rsa", "ec"])
def test_a_public_key_is_no_secret(issuer, tokens, n, kid):
    secret = public_secrets(issuer)[n]

    for algorithm in ("HS256", "RS256", "ES256"):
        assert None is tokens.caller(forged(issuer, {"alg": algorithm, "kid": kid}, secret))


def test_a_secret_in_the_key_set_verifies_nothing(issuer):
    secret = jwk.OctKey.generate_key(256)
    entry = {**secret.as_dict(private=True), "kid": "oct", "alg": "HS256"}
    keys = [*json.loads(issuer.key_set())["keys"], entry]
    tokens = verifier(Source(json.dumps({"keys": keys}).encode()))

    assert None is tokens.caller(signed({"alg": "HS256", "kid": "oct"}, issuer.claims(), secret))
    assert tokens.caller(issuer.token())


def test_another_s_key_under_a_known_name_verifies_nothing(issuer, tokens):
    mallory = Issuer()

    for kid in ("rsa", "ec"):
        assert None is tokens.caller(mallory.token(kid=kid))


def test_a_key_that_the_token_brings_along_is_not_looked_at(issuer, tokens):
    mallory = Issuer()
    key = mallory.keys["rsa"].as_dict(private=False)
    heads = (
        {"jwk": key},
        {"jwk": key, "kid": "mine"},
        {"jku": "https://evil.example/jwks.json"},
        {"x5u": "https://evil.example/x.pem"},
        {"x5c": ["MIIB"]},
    )

    assert [None] * len(heads) == [tokens.caller(mallory.token(head=head)) for head in heads]
    for head in heads[:1] + heads[2:]:
        assert tokens.caller(issuer.token(head=head)), head


@pytest.mark.parametrize(
    "kid",
    [
        "RSA",
        "rsa\0",
        "../rsa",
        "/dev/null",
        "rsa' OR '1'='1",
        "https://evil.example/k",
        "k" * 256,
        "",
        7,
        None,
        ["rsa"],
        ...,
    ],
)
def test_a_name_of_no_key_opens_nothing(issuer, tokens, kid):
    head = {name: value for name, value in {"alg": "RS256", "kid": kid}.items() if value is not ...}
    parts = (json.dumps(head).encode(), json.dumps(issuer.claims()).encode())

    assert None is tokens.caller(resigned(parts, issuer.keys["rsa"]))


@pytest.mark.parametrize(("kid", "algorithm"), [("rsa", "ES256"), ("ec", "RS256"), ("ec", "ES384"), ("rsa", "HS512")])
def test_a_key_verifies_only_algorithms_of_its_kind(issuer, tokens, kid, algorithm):
    head, claims = issuer.token(kid=kid).split(".")[:2]
    changed = base64url(json.dumps({"alg": algorithm, "kid": kid}).encode())

    assert None is tokens.caller(f"{changed}.{claims}.{issuer.token(kid=kid).split('.')[2]}")
    assert head


def test_an_algorithm_that_the_key_set_does_not_name_is_refused_though_it_would_fit(issuer):
    head = {"alg": "PS256", "kid": "rsa"}
    token = signed(head, issuer.claims(), issuer.keys["rsa"])

    assert verifier(Source(issuer.key_set())).caller(token)
    assert None is verifier(Source(issuer.key_set(alg="RS256"))).caller(token)


@pytest.mark.parametrize(
    "head", [{"crit": ["exp"]}, {"crit": []}, {"crit": ["b64"], "b64": False}, {"typ": "dpop+jwt"}, {"typ": 7}]
)
def test_a_head_that_asks_for_more_than_is_understood_opens_nothing(issuer, tokens, head):
    parts = ({"alg": "RS256", "kid": "rsa"} | head, issuer.claims())

    assert None is tokens.caller(resigned(tuple(json.dumps(part).encode() for part in parts), issuer.keys["rsa"]))


def twice(text, name, value):
    """JSON in which `name` is said twice, first as `value`."""
    return f'{{"{name}": {json.dumps(value)}, {text[1:]}'


@pytest.mark.parametrize(
    ("part", "name", "value"),
    [
        (1, "tenant", "ada"),
        (1, "exp", NOW + 10**6),
        (1, "iss", NAME),
        (1, "scope", "admin"),
        (0, "alg", "none"),
        (0, "kid", "ec"),
    ],
)
def test_a_name_that_is_said_twice_opens_nothing(issuer, tokens, part, name, value):
    parts = [json.dumps({"alg": "RS256", "kid": "rsa"}), json.dumps(issuer.claims())]
    assert tokens.caller(resigned(tuple(each.encode() for each in parts), issuer.keys["rsa"]))
    parts[part] = twice(parts[part], name, value)

    assert None is tokens.caller(resigned(tuple(each.encode() for each in parts), issuer.keys["rsa"]))


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"[]",
        b"7",
        b"null",
        b'"x"',
        b"\xff\xfe",
        b"{",
        b"[" * 3000,
        b'{"exp": NaN}',
        b'{"exp": 1' + b"0" * 5000 + b"}",
    ],
)
def test_claims_that_are_no_object_open_nothing(issuer, tokens, text):
    head = json.dumps({"alg": "RS256", "kid": "rsa"}).encode()

    assert [None, None] == [
        tokens.caller(resigned(parts, issuer.keys["rsa"])) for parts in ((head, text), (text, head))
    ]


@pytest.mark.parametrize("exp", ["1e999", "-1e999", "NaN", "Infinity", "1" + "0" * 400])
def test_an_expiry_beyond_all_numbers_is_no_way_to_live_for_ever(issuer, tokens, exp):
    text = json.dumps(issuer.claims()).replace(str(NOW + 300), exp)
    parts = (json.dumps({"alg": "RS256", "kid": "rsa"}).encode(), text.encode())
    token = resigned(parts, issuer.keys["rsa"])

    # An integer of any size is a date; everything else is none.
    assert (exp == "1" + "0" * 400) == bool(tokens.caller(token))


def test_a_token_is_not_longer_than_a_header_may_be(issuer, tokens):
    assert tokens.caller(issuer.token(padding="x" * 4000))
    long = issuer.token(padding="x" * MAX_TOKEN)

    assert len(long) > MAX_TOKEN
    assert None is tokens.caller(long)


def test_certificates_in_the_head_are_passed_over(issuer, tokens):
    assert tokens.caller(issuer.token(head={"x5c": ["M" * 1500], "x5t": "x"}))


ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


@pytest.mark.parametrize("kid", ["rsa", "ec"])
def test_no_token_has_a_twin_that_differs_only_in_bits_that_mean_nothing(issuer, tokens, kid):
    token = issuer.token(kid=kid)
    last = ALPHABET.index(token[-1])
    assert 0 == last % 16  # two bits of the signature, and four that are none

    assert [None] * 15 == [tokens.caller(token[:-1] + ALPHABET[last + n]) for n in range(1, 16)]
    assert tokens.caller(token)


def test_every_changed_character_breaks_it(issuer, tokens):
    token = issuer.token(kid="ec")
    for n in [*range(0, len(token), 7), len(token) - 1]:
        other = "A" if token[n] != "A" else "B"
        assert None is tokens.caller(token[:n] + other + token[n + 1 :]), n
    for broken in (token[:-4], token + "A", token + ".", "." + token, token + "\n", " " + token, token + "="):
        assert None is tokens.caller(broken)


@given(st.text(max_size=60) | st.from_regex(r"[\w-]{0,30}\.[\w-]{0,30}\.[\w-]{0,30}", fullmatch=True))
def test_any_text_at_all_is_refused_without_an_error(text):
    assert None is verifier(Source(b'{"keys": []}')).caller(text)


@given(st.binary(max_size=40), st.binary(max_size=60))
def test_any_bytes_at_all_well_signed_are_refused_without_an_error(head, claims):
    key = KEY
    tokens = verifier(Source(json.dumps({"keys": [{**key.as_dict(private=False), "kid": "ec"}]}).encode()))

    assert None is tokens.caller(resigned((head, claims), key, "ES256"))


KEY = jwk.ECKey.generate_key("P-256")


@pytest.mark.parametrize(
    ("said", "scopes"),
    [
        ("videos:read videos:write", {Scope.READ, Scope.WRITE}),
        (["videos:write", "openid"], {Scope.WRITE}),
        ("admin videos:read", {Scope.READ}),
        ("videos:reader", set()),
        ("", set()),
        (7, set()),
        ({"videos:read": True}, set()),
        ([["videos:read"], {}], set()),
        (..., set()),
    ],
)
def test_a_token_opens_what_it_says_within_what_the_owner_allows(issuer, tokens, said, scopes):
    assert frozenset(scopes) == tokens.caller(issuer.token(scope=said)).scopes


def test_nothing_of_a_token_warns(issuer, tokens):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert tokens.caller(issuer.token())
        assert None is tokens.caller(issuer.token(head={"alg": "RS256"}, aud="x"))


class Clock:
    def __init__(self):
        self.now = NOW

    def __call__(self):
        return self.now


def test_a_good_token_is_remembered_for_a_minute_and_not_beyond_its_end(issuer):
    source, clock = Source(issuer.key_set()), Clock()
    keys = IssuerKeys(source, monotonic=lambda: clock.now)
    tokens = Tokens(keys, MEANING, issuer=NAME, audience=AUDIENCE, clock=clock)
    long, short = issuer.token(exp=NOW + 3600), issuer.token(exp=NOW + 1)
    assert [True, True] == [bool(tokens.caller(each)) for each in (long, short)]
    source.text = b'{"keys": []}'  # the issuer takes its keys back

    clock.now = NOW + LEEWAY_S - 1
    assert [True, True] == [bool(tokens.caller(each)) for each in (long, short)]
    clock.now = NOW + 1 + LEEWAY_S
    assert None is tokens.caller(short)
    clock.now = NOW + 601 + REMEMBER_S
    assert None is tokens.caller(long)


def test_only_so_many_good_tokens_are_remembered_and_the_others_open_too(issuer, tokens):
    made = [issuer.token(kid="ec", jti=f"{n}") for n in range(MOST + 5)]

    assert all(tokens.caller(token) for token in made)
    assert tokens.caller(made[0])
    assert len(tokens._good) <= MOST


def test_a_refused_token_is_not_remembered_as_good(issuer, tokens):
    for token in (issuer.token(aud="x"), issuer.token(tenant="../x"), Issuer().token()):
        assert [None, None] == [tokens.caller(token) for _ in range(2)]


def test_a_token_that_was_verified_late_is_not_remembered_beyond_its_end(issuer):
    clock = Clock()
    tokens = Tokens(IssuerKeys(Source(issuer.key_set())), MEANING, issuer=NAME, audience=AUDIENCE, clock=clock)
    token = issuer.token(exp=NOW + 1)
    clock.now = NOW + 30
    assert tokens.caller(token)
    clock.now = NOW + 1 + LEEWAY_S

    assert None is tokens.caller(token)


def test_tokens_of_another_issuer_cost_ours_no_question(issuer):
    source = Source(issuer.key_set())
    tokens = verifier(source)

    assert None is tokens.caller(issuer.token(iss="https://other.example"))
    assert 0 == source.asked
