"""The page for people: `/` and its files. Open: they are the same for everybody, and say nothing without a key."""

from __future__ import annotations

from typing import Final

from flask import Blueprint, Response, request

from functions.submit import web_page
from functions.submit.door import WEB
from functions.submit.web_page import WebFile
from shared.core.errors import NotFound
from shared.core.operation import Operation, Payload, Reply
from shared.settings import Settings

_SAFE: Final = {
    "Content-Security-Policy": web_page.POLICY,
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
_HEADERS: Final = (*_SAFE, "Vary", "ETag")
_GET_INDEX: Final = Operation(
    id="getWebPage",
    summary="The page for people",
    about="Ask for videos, watch them being drawn, keep them. Not found where it was not built.",
    replies={200: Reply("HTML.", Payload(media=("text/html",)), _HEADERS), 304: Reply("You have it.", None, _HEADERS)},
    errors=("not_found",),
)
_FILE: Final = Payload(media=("text/javascript", "text/css", "image/svg+xml"))
_GET_ASSET: Final = Operation(
    id="getWebFile",
    summary="A file of the page",
    about="Its name holds a digest of its content: it never changes.",
    replies={200: Reply("The file.", _FILE, _HEADERS), 304: Reply("You have it.", None, _HEADERS)},
    errors=("not_found",),
)


def web_routes(settings: Settings) -> Blueprint:
    routes = Blueprint(WEB, __name__)
    files = web_page.read(settings.web_dir)

    @_GET_INDEX
    def index() -> Response:
        if not files:
            raise NotFound("the page is not built here: `npm ci` and `npm run build` in web/ do it; see /docs")
        response = _sent(files[web_page.INDEX])
        response.cache_control.no_cache = True
        return response

    @_GET_ASSET
    def asset(asset_name: str) -> Response:
        found = files.get(f"{web_page.ASSETS}/{asset_name}")
        if found is None:
            raise NotFound("the page has no such file; load it again")
        response = _sent(found)
        response.cache_control.public = True
        response.cache_control.immutable = True
        response.cache_control.max_age = 31_536_000
        return response

    # OPTIONS / is for senders of events.
    routes.add_url_rule("/", "index", index, methods=["GET"], provide_automatic_options=False)
    routes.add_url_rule("/assets/<asset_name>", "asset", asset, methods=["GET"])
    return routes


def _sent(file: WebFile) -> Response:
    zipped = request.accept_encodings["gzip"] > 0
    response = Response(file.gzipped if zipped else file.body, content_type=f"{file.media}; charset=utf-8")
    if zipped:
        response.headers["Content-Encoding"] = "gzip"
    response.headers.update(_SAFE | {"Vary": "Accept-Encoding"})
    response.set_etag(file.etag, weak=True)
    response.make_conditional(request)
    return response
