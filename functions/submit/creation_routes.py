"""The ways to ask for a video: a body, a body under an id of the caller's own, a remix of a video that is there."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Final

from flask import Blueprint, Response, request

from functions.submit import polling
from functions.submit.bodies import body
from functions.submit.door import STREAM, caller
from functions.submit.drafts import Draft, Drafts
from functions.submit.event_stream import EventStream
from functions.submit.following import Follower
from functions.submit.forms import FORMS
from functions.submit.handler import Accepted, Videos
from functions.submit.live import Live
from functions.submit.live_routes import streamed, wants_stream
from functions.submit.manners import ARGUMENTS, manners
from functions.submit.request_keys import COUNT, KEY, RequestKeys
from shared.core import edits
from shared.core.counted_call import CountedCall
from shared.core.errors import Conflict, InvalidRequest, NotFound, TemporaryError
from shared.core.objects import Video
from shared.core.operation import JSON, Operation, Payload, Reply
from shared.core.remix import RemixVideo
from shared.core.request_key import GONE, MISMATCH, RequestKey
from shared.core.wish import CreateVideo

_ABOUT: Final = """Other clients' words for these fields are understood too: see the README.

Who accepts `text/event-stream` is answered with the video's events."""
_ARGUMENTS: Final = (polling.PREFER, *ARGUMENTS)
_BODY: Final = Payload(CreateVideo, (JSON, *FORMS), {"prompt": "A paper boat on a lake", "seed": 7})
_VIDEO: Final = Payload(Video, streams=(STREAM,))
_HEADERS: Final = (*polling.HEADERS, "Preference-Applied")
_REPLIES: Final = {
    200: Reply("It is over already, or was asked for before.", _VIDEO, (*_HEADERS, polling.REPLAYED)),
    202: Reply("It is queued.", _VIDEO, _HEADERS),
}
_ERRORS: Final = ("unsupported_feature", "ssrf_blocked", "queue_full")

_CREATE_VIDEO: Final = Operation(
    id="createVideo",
    summary="Ask for a video",
    about=_ABOUT,
    arguments=(KEY, COUNT, *_ARGUMENTS),
    body=_BODY,
    replies=_REPLIES,
    errors=(*_ERRORS, MISMATCH, GONE),
)
_PUT_VIDEO: Final = Operation(
    id="putVideo",
    summary="Ask for a video under an id of your own",
    about="The same body again within 24 hours gets the same video.",
    arguments=_ARGUMENTS,
    body=_BODY,
    replies=_REPLIES,
    errors=(*_ERRORS, "id_conflict", GONE),
)
_REMIX_VIDEO: Final = Operation(
    id="remixVideo",
    summary="Draw a video again with other words",
    about="It has the seed and everything else of its origin.",
    arguments=(KEY, COUNT, *_ARGUMENTS),
    body=Payload(RemixVideo, (JSON, *FORMS), {"prompt": "A paper boat on a river"}),
    replies=_REPLIES,
    errors=(*_ERRORS, "not_found", MISMATCH, GONE),
)


_EDIT_VIDEO: Final = replace(
    _REMIX_VIDEO,
    id="editVideo",
    summary="Draw a video again with other words, in OpenAI's newer form",
    about="Mochi-1 changes no pictures: the video is drawn anew, with the seed and everything else of its origin.",
    body=Payload(edits.EditVideo, (JSON, *FORMS), {"prompt": "A paper boat on a river", "video": {"id": "video_1"}}),
)


def creation_routes(videos: Videos, drafts: Drafts, keys: RequestKeys, follower: Follower, live: Live) -> Blueprint:
    routes = Blueprint("creation", __name__, url_prefix="/v1/videos")
    answers = _Answers(videos, follower, live)

    @routes.post("")
    @_CREATE_VIDEO
    def create() -> Response:
        wanted = body()
        return answers.to(lambda: drafts.of_body(caller(), wanted, manners()), known_by(wanted))

    @routes.put("/<client_id>")
    @_PUT_VIDEO
    def put(client_id: str) -> Response:
        wanted = body()
        key = keys.of_client(client_id, wanted, manners())
        with _one_body(client_id):
            return answers.to(lambda: drafts.of_body(caller(), wanted, manners()), key)

    @routes.post("/<job_id>/remix")
    @_REMIX_VIDEO
    def remix(job_id: str) -> Response:
        return remixed(job_id, body())

    @routes.post("/edits")
    @_EDIT_VIDEO
    def edit() -> Response:
        return remixed(*edits.remixed(body()))

    def remixed(job_id: str, wanted: object) -> Response:
        key = known_by({"remix": job_id, "body": wanted})
        return answers.to(lambda: drafts.of_remix(caller(), job_id, wanted, manners()), key)

    def known_by(wanted: object) -> RequestKey | CountedCall | None:
        return keys.of_request(request.headers, caller(), wanted, manners())

    return routes


@contextmanager
def _one_body(client_id: str) -> Iterator[None]:
    try:
        yield
    except Conflict as error:
        if error.code != MISMATCH:
            raise
        raise Conflict(f"{client_id} names a video with another body", code="id_conflict") from None


@dataclass(frozen=True, slots=True)
class _Answers:
    """To who asked for a video: at once, or when it is over if he would rather wait, or its events as they happen."""

    videos: Videos
    follower: Follower
    live: Live

    def to(self, drafted: Callable[[], Draft], key: RequestKey | CountedCall | None) -> Response:
        accepted, ignored = self._accepted(drafted, key)
        stream = self._story(accepted) if wants_stream() else None
        if stream is not None:
            response = polling.accepted(accepted.video, replayed=accepted.replayed, stream=streamed(stream))
        else:
            response = self._waited(accepted, ignored)
        if manners().lenient:
            response.headers.add("Preference-Applied", "handling=lenient")
        return response

    def _accepted(
        self, drafted: Callable[[], Draft], key: RequestKey | CountedCall | None
    ) -> tuple[Accepted, Sequence[str]]:
        """What was valid the first time may not be now: a receiver's name is gone, or the video that was remixed."""
        try:
            draft = drafted()
        except (InvalidRequest, NotFound):
            earlier = self.videos.made(caller(), key)
            if earlier is None:
                raise
            return earlier, ()
        return self.videos.accept(caller(), draft.job, key), draft.ignored

    def _waited(self, accepted: Accepted, ignored: Sequence[str]) -> Response:
        seconds = polling.preferred_wait()
        video = self.follower.ended(caller(), accepted.video, seconds) if seconds else accepted.video
        if ignored:
            video |= {"ignored_params": list(ignored)}
        return polling.accepted(video, waited=seconds, replayed=accepted.replayed)

    def _story(self, accepted: Accepted) -> EventStream | None:
        """Never raises: whoever just queued this job must hear that he did, or he will queue another."""
        try:
            return self.live.open(caller(), accepted.video["id"])
        except (NotFound, TemporaryError):
            return None
