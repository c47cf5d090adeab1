"""What becomes of a webhook endpoint: rotations, failures, the end of patience."""

from datetime import timedelta

import pytest

from shared.core.endpoint import (
    EVENT_TYPES,
    FINAL_EVENTS,
    OVERLAP,
    PATIENCE,
    Consented,
    Edited,
    Endpoint,
    EndpointState,
    Heard,
    Left,
    Missed,
    SealedSecret,
    SecretRotated,
    changed,
    wants,
)
from shared.core.errors import Conflict
from tests.stores import START

HOUR = timedelta(hours=1)
URL = "https://hooks.example.com/"
FIRST, SECOND, THIRD, FOURTH = (SealedSecret(f"k.{name}", hint=name) for name in ("first", "second", "third", "fourth"))


def endpoint(**changes):
    fixed = {
        "id": "we_1",
        "tenant": "ada",
        "url": URL,
        "event_types": ("video.completed",),
        "secrets": (FIRST,),
        "created_at": START,
        "updated_at": START,
    }
    return Endpoint(**fixed | changes)


def hints(found, at):
    return [secret.hint for secret in found.live_secrets(at)]


def after(found, *changes, at=START):
    for change in changes:
        found = changed(found, change, at)
    return found


def test_both_secrets_sign_for_a_day_after_a_rotation_that_keeps_the_old_one():
    rotated = after(endpoint(), SecretRotated(secret=SECOND, overlap=OVERLAP))

    assert ["second", "first"] == hints(rotated, START + 24 * HOUR - timedelta(microseconds=1))
    assert ["second"] == hints(rotated, START + 24 * HOUR)


def test_the_old_secret_ends_at_once_where_it_is_not_kept():
    assert ["second"] == hints(after(endpoint(), SecretRotated(secret=SECOND, overlap=timedelta(0))), START)


def test_the_secret_that_the_receiver_has_signs_on_though_a_rotation_is_repeated():
    once = after(endpoint(), SecretRotated(secret=SECOND, overlap=OVERLAP))
    twice = after(once, SecretRotated(secret=THIRD, overlap=OVERLAP), at=START + HOUR)

    assert ["third", "second", "first"] == hints(twice, START + OVERLAP - timedelta(microseconds=1))
    assert ["third", "second"] == hints(twice, START + OVERLAP)
    assert ["third"] == hints(twice, START + OVERLAP + HOUR)


def test_no_more_than_three_secrets_sign_and_none_of_them_is_dropped_unasked():
    full = after(endpoint(), *(SecretRotated(secret=each, overlap=OVERLAP) for each in (SECOND, THIRD)))
    with pytest.raises(Conflict, match="until 2026-01-03T03:04:05Z") as caught:
        after(full, SecretRotated(secret=FOURTH, overlap=OVERLAP), at=START + HOUR)

    assert "rotation_under_way" == caught.value.code
    alone = after(full, SecretRotated(secret=FOURTH, overlap=timedelta(0)), at=START + HOUR)
    assert ["fourth"] == hints(alone, START + HOUR)
    later = after(full, SecretRotated(secret=FOURTH, overlap=OVERLAP), at=START + OVERLAP)
    assert ["fourth", "third"] == hints(later, START + OVERLAP)


def test_an_endpoint_that_fails_for_five_days_is_disabled_and_says_why():
    failing = after(endpoint(), Missed(URL, "timeout"))
    assert (EndpointState.ENABLED, START, "timeout") == (failing.state, failing.failing_since, failing.last_error)

    almost = after(failing, Missed(URL, "http_5xx"), at=START + PATIENCE - timedelta(microseconds=1))
    over = after(almost, Missed(URL, "http_5xx"), at=START + PATIENCE)

    assert (EndpointState.ENABLED, "http_5xx") == (almost.state, almost.last_error)
    told = (over.state, over.disabled_reason, over.disabled_at, over.failing_since, over.last_error)
    assert (EndpointState.DISABLED, "failing", START + PATIENCE, START, "http_5xx") == told


def test_one_success_begins_the_count_anew():
    heard = after(after(endpoint(), Missed(URL, "timeout")), Heard(URL), at=START + 4 * 24 * HOUR)
    again = after(heard, Missed(URL, "dns"), at=START + PATIENCE)

    assert (None, None) == (heard.failing_since, heard.last_error)
    assert (EndpointState.ENABLED, START + PATIENCE) == (again.state, again.failing_since)


def test_who_answers_410_has_left():
    left = after(endpoint(), Left(URL))

    assert (EndpointState.DISABLED, "gone", "http_410") == (left.state, left.disabled_reason, left.last_error)


@pytest.mark.parametrize("seen", [Consented(URL, 30), Heard(URL), Missed(URL, "timeout"), Left(URL)])
def test_what_was_seen_at_the_old_url_says_nothing_of_the_new_one(seen):
    moved = after(endpoint(handshake=True), Edited(url="https://new.example.com/"))
    failing = after(moved, Missed(moved.url, "tls"))

    assert (moved, failing) == (after(moved, seen), after(failing, seen))


def test_a_new_url_begins_without_the_faults_of_the_old_one():
    failing = after(endpoint(handshake=True), Consented(URL, 30), Missed(URL, "timeout"))
    moved = after(failing, Edited(url="https://new.example.com/"), at=START + PATIENCE)
    missed = after(moved, Missed(moved.url, "http_5xx"), at=START + PATIENCE)

    assert (None, None, None, True) == (moved.failing_since, moved.last_error, moved.allowed_rate, moved.must_be_asked)
    assert (EndpointState.ENABLED, START + PATIENCE) == (missed.state, missed.failing_since)
    assert START == after(failing, Edited(name="dashboard"), at=START + HOUR).failing_since


def test_an_edit_changes_what_it_names_and_when_it_was():
    edited = after(endpoint(), Edited(name="dashboard"), at=START + HOUR)

    assert ("dashboard", "https://hooks.example.com/", START + HOUR) == (edited.name, edited.url, edited.updated_at)
    assert endpoint() == after(endpoint(), Edited(), at=START + HOUR) == after(endpoint(), Heard(URL), at=START + HOUR)


def test_its_owner_holds_it_and_sets_it_going_again():
    held = after(endpoint(), Missed(URL, "dns"), Edited(enabled=False))
    assert (EndpointState.DISABLED, "owner") == (held.state, held.disabled_reason)

    going = after(held, Edited(enabled=True), at=START + HOUR)
    told = (going.state, going.disabled_reason, going.disabled_at, going.failing_since, going.last_error)
    assert (EndpointState.ENABLED, None, None, None, None) == told


def test_disabled_once_it_keeps_its_reason():
    assert "gone" == after(endpoint(), Left(URL), Edited(enabled=False), Missed(URL, "dns"), at=START).disabled_reason


@pytest.mark.parametrize("event_type", EVENT_TYPES)
def test_it_hears_what_it_asked_for_and_every_end_of_a_video_that_names_it(event_type):
    subscribed = event_type == "video.completed"

    assert subscribed == wants(endpoint(), event_type)
    assert subscribed == wants(endpoint(), event_type, named="we_2")
    assert (event_type in FINAL_EVENTS) == wants(endpoint(event_types=()), event_type, named="we_1")
    assert wants(endpoint(event_types=(event_type,)), event_type)
    assert not wants(endpoint(state=EndpointState.DISABLED), event_type, named="we_1")
