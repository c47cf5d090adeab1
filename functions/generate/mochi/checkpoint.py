"""A drawing between two steps, as bytes: the latents, and what proves that they fit.

A safetensors file of `latents` and `sigmas`, and of the `velocity` where the next step takes it
again; its metadata, one JSON text, names model, weights, preset, request, seed and step, with a seal over all
of it. The seed is the whole state of chance: it made the first latents, and the steps behind them
throw no dice.
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
from functions.generate.mochi.denoising import takes_again
from shared.core.preset import Preset
from shared.core.request import VideoRequest

FORMAT: Final = "flipbook-checkpoint/1"
"""Another number for anything that changes what the bytes mean: old ones are then not used.

Facts may be added: who does not know them still finds the seal whole, and who misses them takes the default."""
KEY: Final = "flipbook"


class Unusable(ValueError):
    """The bytes are damaged or belong to another drawing; the message says which."""


@dataclass(frozen=True, slots=True)
class State:
    """A drawing after `step` steps."""

    step: int
    latents: torch.Tensor
    velocity: torch.Tensor | None = None
    """What the model said last, where the next step takes it again."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Which drawing it is: what a checkpoint must agree with, or other steps would follow than those before it."""

    request: VideoRequest
    preset: str
    sigmas: torch.Tensor
    weights: str = ""
    """Digest of the model's (weights.py): another revision of them goes by the same name."""

    @property
    def facts(self) -> dict[str, Any]:
        return {
            "format": FORMAT,
            "model": self.request.model,
            "preset": self.preset,
            "request": fingerprint(self.request),
            "seed": self.request.seed,
            "sigmas": _digest(self.sigmas.cpu()).hexdigest(),
            "weights": self.weights,
        }


def pack(state: State, identity: Identity) -> bytes:
    latents, sigmas = state.latents.cpu().contiguous(), identity.sigmas.cpu().contiguous()
    facts, tensors = identity.facts | {"step": state.step}, {"latents": latents, "sigmas": sigmas}
    if state.velocity is not None:
        tensors["velocity"] = state.velocity.cpu().contiguous()
        facts["velocity"] = _digest(tensors["velocity"]).hexdigest()
    # One key: safetensors writes several in an order that changes from call to call.
    metadata = {KEY: json.dumps(facts | {"seal": _seal(facts, latents)})}
    return save(tensors, metadata=metadata)


def unpack(data: bytes, identity: Identity, *, like: torch.Tensor) -> State:
    """The state in `data`, on the device of `like`.

    Raises:
        Unusable: It is damaged, of another format, model, preset, request or schedule, of other weights, or its latents
            differ from `like` in shape or type (another kind of device drew them).
    """
    try:
        tensors, facts = load(data), _metadata(data)
        latents, sigmas = tensors["latents"], tensors.get("sigmas")
        seal, step = facts.pop("seal"), int(facts["step"])
    except (SafetensorError, LookupError, TypeError, ValueError, OverflowError, RecursionError) as error:
        raise Unusable(f"it cannot be read: {error}") from None
    if seal != _seal(facts, latents) or not _sound(sigmas, facts.get("sigmas")):
        raise Unusable("its seal is broken")
    wanted = identity.facts
    # The first checkpoints did not have these; all of them were of the exact preset.
    told = {name: wanted[name] for name in ("seed", "sigmas", "weights")} | {"preset": Preset.EXACT.value} | facts
    wrong = [name for name, value in wanted.items() if told.get(name) != value]
    if wrong:
        raise Unusable(f"it is of another {' and '.join(wrong)}")
    if latents.shape != like.shape or latents.dtype != like.dtype:
        raise Unusable(f"it holds {latents.dtype} {tuple(latents.shape)}, not {like.dtype} {tuple(like.shape)}")
    if not 0 <= step <= identity.request.num_inference_steps:
        raise Unusable(f"it claims step {step} of {identity.request.num_inference_steps}")
    if not takes_again(identity.preset, step, identity.request.num_inference_steps):
        return State(step, latents.to(like.device))
    velocity = tensors.get("velocity")
    if velocity is None or velocity.shape != latents.shape or facts.get("velocity") != _digest(velocity).hexdigest():
        raise Unusable("it does not hold the velocity that the next step takes again")
    return State(step, latents.to(like.device), velocity.to(like.device))


def _metadata(data: bytes) -> dict[str, Any]:
    """The header is a length and JSON; the library reads metadata from files only."""
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + length])
    return dict(json.loads(header["__metadata__"][KEY]))


def _sound(sigmas: torch.Tensor | None, digest: object) -> bool:
    """Whether the sigmas are those that the facts speak of; the first checkpoints had neither."""
    if sigmas is None or digest is None:
        return sigmas is None and digest is None
    return bool(digest == _digest(sigmas).hexdigest())


def _seal(facts: Mapping[str, Any], latents: torch.Tensor) -> str:
    digest = hashlib.sha256(json.dumps(facts, sort_keys=True).encode())
    digest.update(_bytes(latents))
    return digest.hexdigest()


def _digest(tensor: torch.Tensor) -> Any:
    """Of its numbers, their type and their shape."""
    return hashlib.sha256(f"{tensor.dtype} {tuple(tensor.shape)} ".encode() + _bytes(tensor))


def _bytes(tensor: torch.Tensor) -> bytes:
    # By way of bytes, because numpy has no bfloat16; flat, because a lone number cannot be viewed so.
    return tensor.contiguous().flatten().view(torch.uint8).numpy().tobytes()
