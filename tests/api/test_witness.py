"""The witness really finds what is not documented."""

import pytest
from flask import Flask, Response, jsonify

from shared.core import problems
from shared.core.objects import VideoDeleted
from shared.core.operation import Operation, Payload, Reply
from tests.witness import Undocumented, watched

DELETED = {"id": "video_x", "object": "video.deleted", "deleted": True}
DESCRIBED = Operation(
    id="planted", summary="A test's.", replies={200: Reply("Good.", Payload(VideoDeleted), ("ETag",))}
)


def ask(answer, method="GET"):
    app = Flask("planted", static_folder=None)
    app.add_url_rule("/v1/planted", "planted", DESCRIBED(answer))
    return watched(app).test_client().open("/v1/planted", method=method).status_code


def answered(*, status=200, body=DELETED, **headers):
    response = jsonify(body)
    response.status_code = status
    response.headers.update({name.replace("_", "-"): value for name, value in headers.items()})
    return response


def test_what_is_as_described_passes():
    for method in ("GET", "HEAD"):
        assert 200 == ask(lambda: answered(ETag='"1"'), method)


def test_a_code_that_is_not_described_is_found():
    problem = problems.Answer(status=401, code="unheard_of", detail="no").body() | {"instance": "/v1/planted"}

    def refuse():
        response = jsonify(problem)
        response.status_code, response.content_type = 401, problems.CONTENT_TYPE
        return response

    with pytest.raises(Undocumented, match="with the code unheard_of; its Operation's errors lack it"):
        ask(refuse)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda: answered(status=202), "planted answered 202; its Operation has only 200"),
        (lambda: answered(X_New="1"), "with the headers x-new"),
        (lambda: answered(body=DELETED | {"by": "me"}), r"'by' was unexpected"),
        (lambda: answered(body={"id": "video_x"}), r"'object' is a required property"),
        (lambda: answered(body=DELETED | {"id": 1}), r"\$\.id: 1 is not of type 'string'"),
        (lambda: Response("{}", mimetype="application/problem+json"), "as application/problem.json; its Reply has"),
    ],
)
def test_what_is_not_is_found(answer, words):
    with pytest.raises(Undocumented, match=words):
        ask(answer)
