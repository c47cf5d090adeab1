"""What verified claims say here."""

import pytest

from shared.core.access import Caller, Scope
from shared.core.claims import SenderClaims, UserClaims, name

SENDER = "system:serviceaccount:flipbook:wish-oidc-eventing.knative.dev-trigger"
CLAIMS = {"iss": "https://kubernetes.default.svc", "sub": SENDER}


def test_the_claims_have_the_names_that_the_owner_says():
    meaning = UserClaims(tenant_claim="https://film.example/org", scope_claim="roles", allowed=frozenset(Scope))
    claims = CLAIMS | {"https://film.example/org": "acme", "roles": ["admin"], "tenant": "eve", "scope": "videos:write"}

    assert Caller("acme", name(claims), frozenset({Scope.ADMIN})) == meaning.caller(claims)


def test_a_named_sender_may_send_and_nothing_else():
    assert Caller("default", name(CLAIMS), frozenset({Scope.WRITE})) == SenderClaims(
        subjects=frozenset({SENDER})
    ).caller(CLAIMS)


@pytest.mark.parametrize("sub", [SENDER + "x", SENDER.upper(), "", None, SENDER[:-1]])
def test_any_other_subject_of_the_cluster_may_not(sub):
    assert None is SenderClaims(subjects=frozenset({SENDER})).caller(CLAIMS | {"sub": sub})


def test_names_tell_people_apart_and_nothing_about_them():
    names = {
        name({"iss": i, "sub": s}) for i in ("https://a", "https://b") for s in ("ada@example.com", "eve", "\ud800")
    }

    assert 6 == len(names)
    assert {"sub-"} == {each[:4] for each in names}
    assert {20} == {len(each) for each in names}
