"""A drawing between two steps, as bytes: the latents, and what proves that they fit.

A safetensors file; its metadata, one JSON text, names the request, the step and a seal over all of it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save

from functions.generate.fingerprint import fingerprint
from shared.core.request import VideoRequest

FORMAT: Final = "flipbook-checkpoint/1"
"""Another number for anything that changes what the bytes mean: old ones are then not used."""
KEY: Final = "flipbook"


class Unusable(ValueError):
    """The bytes are damaged or belong to another drawing; the message says which."""


@dataclass(frozen=True, slots=True)
class State:
    """A drawing after `step` steps."""

    step: int
    latents: torch.Tensor


def pack(state: State, request: VideoRequest) -> bytes:
    latents = state.latents.cpu().contiguous()
    facts = {
        "format": FORMAT,
        "model": request.model,
        "request": fingerprint(request),
        "step": state.step,
    }
    # One key: safetensors writes several in an order that changes from call to call.
    return save({"latents": latents}, metadata={KEY: json.dumps(facts | {"seal": _seal(facts, latents)})})


def unpack(data: bytes, request: VideoRequest, *, like: torch.Tensor) -> State:
    """The state in `data`, on the device of `like`.

    Raises:
        Unusable: It is damaged, of another format, model or request, or its latents differ from
            `like` in shape or type (another kind of device drew them).
    """
    try:
        latents = load(data)["latents"]
        facts = _metadata(data)
        seal, step = facts.pop("seal"), int(facts["step"])
    except (SafetensorError, LookupError, TypeError, ValueError) as error:
        raise Unusable(f"it cannot be read: {error}") from None
    if seal != _seal(facts, latents):
        raise Unusable("its seal is broken")
    wanted = {"format": FORMAT, "model": request.model, "request": fingerprint(request)}
    wrong = [name for name, value in wanted.items() if facts.get(name) != value]
    if wrong:
        raise Unusable(f"it is of another {' and '.join(wrong)}")
    if latents.shape != like.shape or latents.dtype != like.dtype:
        raise Unusable(f"it holds {latents.dtype} {tuple(latents.shape)}, not {like.dtype} {tuple(like.shape)}")
    if not 0 <= step <= request.num_inference_steps:
        raise Unusable(f"it claims step {step} of {request.num_inference_steps}")
    return State(step, latents.to(like.device))


def _metadata(data: bytes) -> dict[str, Any]:
    """The header is a length and JSON; the library reads metadata from files only."""
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + length])
    return dict(json.loads(header["__metadata__"][KEY]))


def _seal(facts: Mapping[str, Any], latents: torch.Tensor) -> str:
    digest = hashlib.sha256(json.dumps(facts, sort_keys=True).encode())
    # As bytes, because numpy has no bfloat16.
    digest.update(latents.contiguous().view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()
