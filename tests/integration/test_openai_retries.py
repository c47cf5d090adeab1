"""OpenAI's own Python client, whose answers are lost on the way: it asks again, and no video is drawn twice."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import openai
import pytest
from openai import OpenAI

from tests.faults import FaultProxy
from tests.submit_server import SubmitServer

pytestmark = pytest.mark.filterwarnings("ignore:The Sora API is scheduled:DeprecationWarning")

PROMPT = "a red cat on the sea"


@pytest.fixture
def submit(tmp_path: Path, redis_url: str) -> Iterator[SubmitServer]:
    server = SubmitServer(tmp_path, redis_url)
    try:
        server.await_ready()
        yield server
    finally:
        server.end()


@pytest.fixture
def proxy(submit: SubmitServer) -> Iterator[FaultProxy]:
    with FaultProxy(submit.port) as proxy:
        yield proxy


@pytest.fixture
def client(submit: SubmitServer, proxy: FaultProxy) -> Iterator[OpenAI]:
    url = f"http://127.0.0.1:{proxy.port}/v1"
    with OpenAI(base_url=url, api_key=submit.key, http_client=openai.DefaultHttpxClient(trust_env=False)) as client:
        yield client


def videos(submit: SubmitServer) -> list[str]:
    return [video["id"] for video in submit.call("GET", "/v1/videos")[1]["data"]]


@pytest.mark.parametrize("lost", [1, 2])
def test_a_lost_answer_is_told_again(client, proxy, submit, lost):
    proxy.cut(*range(1, lost + 1))

    answer = client.videos.with_raw_response.create(prompt=PROMPT)

    assert lost == answer.retries_taken
    assert (200, "true") == (answer.status_code, answer.headers["Idempotency-Replayed"])
    assert [answer.parse().id] == videos(submit)


def test_calls_whose_answers_arrive_make_a_video_each(client, submit):
    made = [client.videos.create(prompt=PROMPT).id for _ in range(3)]

    assert made[::-1] == videos(submit)


def test_a_lost_remix_is_told_again(client, proxy, submit):
    origin = client.videos.create(prompt=PROMPT).id
    proxy.cut(1)

    remix = client.videos.remix(origin, prompt="a blue cat").id

    assert [remix, origin] == videos(submit)


def test_equal_calls_at_once_that_all_lose_their_answers_get_a_video_each(client, proxy, submit):
    proxy.cut(1, 2, 3, 4)
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda _: client.videos.create(prompt=PROMPT).id, range(4)))

    assert 4 == len(set(made))
    assert sorted(made) == sorted(videos(submit))


def test_who_gives_up_and_asks_anew_makes_another(client, proxy, submit):
    proxy.cut(1)
    with pytest.raises(openai.APIConnectionError):
        client.with_options(max_retries=0).videos.create(prompt=PROMPT)

    made = client.videos.create(prompt=PROMPT).id

    assert 2 == len(videos(submit))
    assert made == videos(submit)[0]


def test_a_process_that_dies_between_writing_and_answering_costs_no_second_video(client, proxy, submit, redis_url):
    """What it wrote stands; another process has nothing but that to go by."""
    (Path(submit.log).parent / "other").mkdir()
    other = SubmitServer(Path(submit.log).parent / "other", redis_url, variables={"API_KEYS": submit.key})
    try:
        other.await_ready()
        proxy.cut(1)
        with pytest.raises(openai.APIConnectionError):
            client.with_options(max_retries=0).videos.create(prompt=PROMPT)
        submit.end()
        url = f"http://127.0.0.1:{other.port}/v1"
        again = client.with_options(base_url=url).videos.with_raw_response.create(
            prompt=PROMPT, extra_headers={"x-stainless-retry-count": "1"}
        )
    finally:
        other.end()

    assert (200, "true") == (again.status_code, again.headers["Idempotency-Replayed"])
