"""The state of things, and who is told of it."""

import json

from playwright.sync_api import expect
from standardwebhooks import Webhook

from tests.page.test_drawing import DRAWN_MS
from tests.page.visitor import Visitor
from tests.receiver import Receiver


def test_an_endpoint_is_registered_hears_of_a_video_is_asked_again_and_goes(visit: Visitor):
    page = visit.tab("/#/status")
    with Receiver() as receiver:
        page.get_by_label("New endpoint").fill(receiver.url)
        page.get_by_role("button", name="Register").click()
        endpoint = page.get_by_role("article", name=receiver.url)
        expect(endpoint.get_by_text("Enabled")).to_be_visible()
        secret = page.locator(".secret code").inner_text()

        endpoint.get_by_role("button", name="Test").click()
        expect(endpoint.get_by_text("It answered.")).to_be_visible()
        video = visit.platform.create(prompt="A told tale")
        visit.platform.finished(video)
        [_, (headers, body)] = receiver.wait(2)
        endpoint.get_by_text("What became of callbacks").click()
        expect(endpoint.get_by_text("Delivered, tries: 1")).to_be_visible()
        endpoint.get_by_role("button", name="Send again").click()
        [*_, (again, same)] = receiver.wait(3)

        assert video == Webhook(secret).verify(body, headers)["data"]["id"]
        assert (headers["webhook-id"], body) == (again["webhook-id"], same)
        page.on("dialog", lambda dialog: dialog.accept())
        endpoint.get_by_role("button", name="Delete").click()
        expect(endpoint).to_be_hidden()
    assert [] == json.loads(visit.platform.call("GET", "/v1/webhook_endpoints")[2])["data"]


def test_on_its_own_screen_a_video_tells_who_was_told_of_it(visit: Visitor):
    with Receiver(410, 200) as receiver:
        told = visit.platform.create(prompt="A whispered word", webhook={"url": f"{receiver.url}?token=hidden"})
        page = visit.tab(f"/#/videos/{told}")
        callbacks = page.get_by_role("region", name="What became of callbacks")
        expect(callbacks.get_by_text("Given up, http_4xx, tries: 1")).to_be_visible(timeout=DRAWN_MS)
        expect(callbacks).to_contain_text(f"video.completed {receiver.url}")

        callbacks.get_by_role("button", name="Send again").click()

        expect(callbacks.get_by_text("Delivered, tries: 2")).to_be_visible()
        assert 2 == len(receiver.received)
        expect(callbacks).not_to_contain_text("hidden")
        assert [] == visit.accessible(page)

    untold = visit.platform.create(prompt="A kept secret")
    visit.platform.finished(untold)
    with page.expect_response(lambda answer: answer.url.endswith(f"{untold}/deliveries")):
        page.goto(f"{visit.url}/#/videos/{untold}")
    expect(page.get_by_role("heading", name="A kept secret")).to_be_visible()
    expect(callbacks).to_be_hidden()


def test_what_was_given_up_is_sent_again_as_a_whole_under_a_new_secret(visit: Visitor):
    page = visit.tab("/#/status")
    with Receiver(410) as receiver:
        page.get_by_label("New endpoint").fill(receiver.url)
        page.get_by_role("button", name="Register").click()
        endpoint = page.get_by_role("article", name=receiver.url)
        secret = page.locator(".secret code")
        old = secret.inner_text()
        visit.platform.finished(visit.platform.create(prompt="A lost word"))
        expect(endpoint.get_by_text("Disabled")).to_be_visible()
        endpoint.get_by_role("button", name="Enable").click()
        expect(endpoint.get_by_text("Enabled")).to_be_visible()
        visit.platform.finished(visit.platform.create(prompt="Another one"))
        expect(endpoint.get_by_text("Disabled")).to_be_visible()
        expect(endpoint).to_contain_text("it answered 410")
        endpoint.get_by_text("What became of callbacks").click()
        expect(endpoint.get_by_text("Given up, ")).to_have_count(2)

        receiver.answers = [200]
        endpoint.get_by_role("button", name="Enable").click()
        expect(endpoint.get_by_text("Enabled")).to_be_visible()
        endpoint.get_by_role("button", name="New secret").click()
        expect(secret).to_be_visible()
        new = secret.inner_text()
        endpoint.get_by_role("button", name="Send all again").click()

        expect(endpoint.get_by_text("Delivered, ")).to_have_count(2)
        expect(endpoint.get_by_role("button", name="Send all again")).to_be_hidden()
        assert old != new
        for headers, body in receiver.received[-2:]:
            assert "completed" == Webhook(new).verify(body, headers)["data"]["status"]
        page.on("dialog", lambda dialog: dialog.accept())
        endpoint.get_by_role("button", name="Delete").click()
        expect(endpoint).to_be_hidden()


def test_a_url_that_must_not_be_called_is_refused_beside_its_field(visit: Visitor):
    visit.expected = ("400 (BAD REQUEST)",)
    page = visit.tab("/#/status")

    page.get_by_label("New endpoint").fill("https://169.254.169.254/latest")
    page.get_by_role("button", name="Register").click()

    expect(page.locator("#endpoint-wrong")).to_contain_text("callbacks go to public addresses")
    expect(page.get_by_label("New endpoint")).to_have_attribute("aria-invalid", "true")


def test_the_queue_and_the_last_hour_are_told_as_they_are(visit: Visitor):
    done = visit.platform.create(prompt="A counted one")
    visit.platform.finished(done)
    page = visit.tab("/#/status")

    queue = page.get_by_role("region", name="Queue")
    expect(queue.get_by_text("All GPUs sleep; up to 2 wake when there is work")).to_be_visible()
    hour = page.get_by_role("region", name="Your last hour")
    videos = visit.platform.videos()
    completed = sum(video["state"] == "completed" for video in videos)
    failed = sum(video["state"] in ("failed", "expired") for video in videos)
    expect(hour.get_by_role("definition").first).to_have_text(str(completed))
    expect(hour).to_contain_text(f"{round(100 * completed / (completed + failed))}%")

    with visit.platform.held():
        expect(queue.get_by_text("The queue is held")).to_be_visible()
