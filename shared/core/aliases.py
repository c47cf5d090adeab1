"""Other clients' words for our fields, in one table, and the features whose words we know but do not have."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from shared.core import json_text
from shared.core.errors import Problem, pointer

ALIASES: Final[Mapping[str, str]] = {
    "steps": "num_inference_steps",
    "webhook_url": "webhook",
    "callback_url": "webhook",
}
"""Their name for a field, and ours. Beside them: `width` with `height` for `size`, `user` for `metadata.user`."""
CALLBACK_HEADER: Final = "X-Callback-Url"
"""A header that says `webhook`."""
EXTRAS: Final = ("extra_body", "extra_params")
"""Hold fields that a client's own signature has no room for; an object, or its JSON as text."""
MODEL_HAS_NOT: Final[Mapping[str, str]] = {
    "input_reference": "Mochi-1 draws from text only; it takes no image or video to start from",
    "characters": "Mochi-1 draws from text only; it knows no characters",
}
_MAX_SIDE: Final = 99_999


@dataclass(slots=True)
class Reading:
    """A body in our own words, as far as it has come."""

    fields: dict[str, Any]
    written: dict[str, str] = field(default_factory=dict)
    """Our field's name, and the alias that its caller wrote."""
    problems: list[Problem] = field(default_factory=list)
    unsupported: list[Problem] = field(default_factory=list)

    def pointer(self, ours: str) -> str:
        """Where the caller finds what we call `ours`: under the name that they wrote."""
        alias = self.written.get(ours.split("/")[1]) if ours else None
        return f"/{alias}" if alias else ours


def read(body: Mapping[str, Any], *, models: Mapping[str, str], callback_url: str | None = None) -> Reading:
    """Put `body` into our own words; `models` maps other names of models, `callback_url` is the header's."""
    reading = Reading({name: value for name, value in body.items() if name not in EXTRAS})
    for extra in EXTRAS:
        _unfold(reading, extra, body.get(extra))
    _say_what_is_lacking(reading)
    for alias, ours in ALIASES.items():
        if alias in reading.fields:
            _rename(reading, alias, ours)
    if callback_url is not None:
        _hear_header(reading, callback_url)
    reading.problems += _size(reading.fields)
    reading.problems += _user(reading.fields)
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
    for name, sentence in MODEL_HAS_NOT.items():
        if reading.fields.pop(name, None) not in (None, []):
            reading.unsupported.append(Problem(f"/{name}", sentence))
    n = reading.fields.pop("n", None)
    if n is None:
        return
    if type(n) is not int or n < 1:
        reading.problems.append(Problem("/n", "must be 1, or absent"))
    elif n > 1:
        reading.unsupported.append(Problem("/n", "one request draws one video; send it once for each"))


def _rename(reading: Reading, alias: str, ours: str) -> None:
    value = reading.fields.pop(alias)
    if value is None:
        return
    if ours in reading.fields:
        reading.problems.append(_twice(f"/{alias}", reading.written.get(ours, ours)))
    else:
        reading.fields[ours] = value
        reading.written[ours] = alias


def _hear_header(reading: Reading, url: str) -> None:
    if reading.fields.get("webhook") is None:
        reading.fields["webhook"] = url
    else:
        name = reading.written.get("webhook", "webhook")
        reading.problems.append(_twice(f"/{name}", f"the header {CALLBACK_HEADER}"))


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


def _twice(where: str, other: str) -> Problem:
    return Problem(where, f"says the same as {other}: give one of them")
