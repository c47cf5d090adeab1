"""Other clients' words for our fields, in one table, and the features whose words we know but do not have."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from shared.core import json_text
from shared.core.errors import Problem, pointer

ALIASES: Final[Mapping[str, str]] = {
    "steps": "num_inference_steps",
    "max_time_in_queue_seconds": "queue_ttl_seconds",
    "webhook_url": "webhook",
    "callback_url": "webhook",
    "num_outputs_per_prompt": "n",
}
"""Their name for a field, and ours. Beside them: `width` with `height` for `size`, `user` for `metadata.user`,
`webhook_events_filter` for `webhook.events`, `presigned_url` for `output.upload_url`."""
EXTRAS: Final = ("extra_body", "extra_params")
"""Hold fields that a client's own signature has no room for; an object, or its JSON as text."""
_TEXT_ONLY: Final = "Mochi-1 draws from text only; it takes no image or video to start from"
LACKING: Final[Mapping[str, str]] = {
    "input_reference": _TEXT_ONLY,
    "reference_url": _TEXT_ONLY,
    "image_reference": _TEXT_ONLY,
    "characters": "Mochi-1 draws from text only; it knows no characters",
}
"""Fields of others that we do not have, and what to say of them."""
OUTPUT_LACKING: Final[Mapping[str, str]] = {
    "s3_key_prefix": "files lie under names of the platform's own; to have the video elsewhere, give output.upload_url",
}
"""The same inside `output`."""
EVERY_END: Final = "completed"
"""Cog's word in `webhook_events_filter` for any end."""
_MAX_SIDE: Final = 99_999


@dataclass(frozen=True, slots=True)
class Aside:
    """A field of ours that is said beside the body; `where` is what the caller wrote."""

    name: str
    value: Any
    where: str


@dataclass(slots=True)
class Reading:
    """A body in our own words, as far as it has come."""

    fields: dict[str, Any]
    written: dict[str, str] = field(default_factory=dict)
    """Our pointer, and the alias that its caller wrote."""
    problems: list[Problem] = field(default_factory=list)
    unsupported: list[Problem] = field(default_factory=list)

    def pointer(self, ours: str) -> str:
        """Where the caller finds what we call `ours`: under the name that they wrote."""
        for place in sorted(self.written, key=len, reverse=True):
            if ours == place or ours.startswith(f"{place}/"):
                item = ours.removeprefix(place)
                return f"/{self.written[place]}{item if item[1:].isdigit() else ''}"
        return ours


def read(body: Mapping[str, Any], *, models: Mapping[str, str], asides: Sequence[Aside] = ()) -> Reading:
    """Put `body` into our own words; `models` maps other names of models."""
    reading = Reading({name: value for name, value in body.items() if name not in EXTRAS})
    for extra in EXTRAS:
        _unfold(reading, extra, body.get(extra))
    for alias, ours in ALIASES.items():
        if alias in reading.fields:
            _rename(reading, alias, ours)
    reading.problems += _upload(reading)
    _say_what_is_lacking(reading)
    for aside in asides:
        _hear(reading, aside)
    reading.problems += _size(reading.fields)
    reading.problems += _user(reading.fields)
    reading.problems += _events(reading)
    model = reading.fields.get("model")
    if isinstance(model, str) and model in models:
        reading.fields["model"] = models[model]
    return reading


def _unfold(reading: Reading, extra: str, value: Any) -> None:
    if isinstance(value, str):
        try:
            value = json_text.read(value)
        except ValueError:
            value = ""
    if not isinstance(value, dict | None):
        reading.problems.append(Problem(f"/{extra}", "must be a JSON object, or one as text"))
        return
    for name, inner in (value or {}).items():
        if name in reading.fields:
            reading.problems.append(_twice(pointer([extra, name]), pointer([name])[1:]))
        else:
            reading.fields[name] = inner


def _say_what_is_lacking(reading: Reading) -> None:
    fields = reading.fields
    for name, sentence in LACKING.items():
        if fields.pop(name, None) not in (None, []):
            reading.unsupported.append(Problem(f"/{name}", sentence))
    if isinstance(output := fields.get("output"), dict):
        for name, sentence in OUTPUT_LACKING.items():
            if output.get(name) is not None:
                reading.unsupported.append(Problem(f"/output/{name}", sentence))
        fields["output"] = {name: value for name, value in output.items() if name not in OUTPUT_LACKING}
    _count(reading, fields.pop("n", None))


def _count(reading: Reading, n: Any) -> None:
    where = reading.pointer("/n")
    if n is None:
        return
    if type(n) is not int or n < 1:
        reading.problems.append(Problem(where, "must be 1, or absent"))
    elif n > 1:
        reading.unsupported.append(Problem(where, "one request draws one video; send it once for each"))


def _rename(reading: Reading, alias: str, ours: str) -> None:
    value = reading.fields.pop(alias)
    if value is None:
        return
    if ours in reading.fields:
        reading.problems.append(_twice(f"/{alias}", reading.written.get(f"/{ours}", ours)))
    else:
        reading.fields[ours] = value
        reading.written[f"/{ours}"] = alias


def _hear(reading: Reading, aside: Aside) -> None:
    if reading.fields.get(aside.name) is None:
        reading.fields[aside.name] = aside.value
    else:
        written = reading.written.get(f"/{aside.name}", aside.name)
        reading.problems.append(_twice(f"/{written}", aside.where))


def _size(fields: dict[str, Any]) -> Iterator[Problem]:
    width, height = fields.pop("width", None), fields.pop("height", None)
    given = {"width": width, "height": height}
    wrong = [name for name, side in given.items() if side is not None and not _is_side(side)]
    if wrong:
        yield from (Problem(f"/{name}", "must be a whole number of pixels") for name in wrong)
    elif width is None and height is None:
        return
    elif fields.get("size") is not None:
        name = "height" if width is None else "width"
        yield _twice(f"/{name}", "size")
    elif width is None or height is None:
        there, absent = ("height", "width") if width is None else ("width", "height")
        yield Problem(f"/{there}", f"needs {absent} beside it")
    else:
        fields["size"] = f"{width}x{height}"


def _is_side(value: Any) -> bool:
    return type(value) is int and 0 <= value <= _MAX_SIDE


def _user(fields: dict[str, Any]) -> Iterator[Problem]:
    """OpenAI's name for the caller's own caller. We have no other use for it, so it is kept where they find it."""
    user, metadata = fields.pop("user", None), fields.get("metadata", {})
    if user is None or not isinstance(metadata, dict):
        return
    if not isinstance(user, str):
        yield Problem("/user", "must be a string")
    elif metadata.get("user", user) != user:
        yield _twice("/user", "metadata.user")
    else:
        fields["metadata"] = metadata | {"user": user}


def _upload(reading: Reading) -> Iterator[Problem]:
    """Others' `presigned_url`, which stands beside `output` and not in it."""
    url, output = reading.fields.pop("presigned_url", None), reading.fields.get("output") or {}
    if url is None or not isinstance(output, dict):
        return
    if output.get("upload_url") is not None:
        yield _twice("/presigned_url", "output.upload_url")
    else:
        reading.fields["output"] = output | {"upload_url": url}
        reading.written["/output/upload_url"] = "presigned_url"


def _events(reading: Reading) -> Iterator[Problem]:
    """Cog's `webhook_events_filter`, which stands beside the URL and not with it."""
    wanted, webhook = reading.fields.pop("webhook_events_filter", None), reading.fields.get("webhook")
    if wanted is None:
        return
    if isinstance(webhook, str):
        webhook = {"url": webhook}
    if not isinstance(webhook, dict):
        yield Problem("/webhook_events_filter", "needs a webhook beside it")
    elif webhook.get("events"):
        yield _twice("/webhook_events_filter", "webhook.events")
    else:
        every = isinstance(wanted, list) and EVERY_END in wanted
        reading.fields["webhook"] = webhook | {"events": [] if every else wanted}
        reading.written["/webhook/events"] = "webhook_events_filter"


def _twice(where: str, other: str) -> Problem:
    return Problem(where, f"says the same as {other}: give one of them")
