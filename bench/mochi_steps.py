"""One denoising step with each lever. All of them share one set of weights; stock is asked first."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Any, Final

import torch

from bench import mochi_models as models
from bench.mochi_record import Measured, Record, distance, timed
from functions.generate.mochi import attention8, fp8
from functions.generate.mochi.attention import JointAttention, attend_with
from functions.generate.mochi.transformer import Shape, Transformer


@dataclass(frozen=True, slots=True)
class Lever:
    name: str
    attention: bool = False
    """Our transformer, whose attention asks the GPU nothing."""
    fp8: bool = False
    attention8: bool = False
    """On top of fp8, for FP8_ATTENTION=true."""
    compiled: bool = False

    def fits(self, device: torch.device) -> bool:
        return device.type == "cuda" or not self.compiled


LEVERS: Final = (
    Lever("stock"),
    Lever("attention", attention=True),
    Lever("attention, fp8", attention=True, fp8=True),
    Lever("attention in 8 bits, fp8", attention=True, fp8=True, attention8=True),
    Lever("attention, compiled", attention=True, compiled=True),
    Lever("attention, fp8, compiled", attention=True, fp8=True, compiled=True),
    Lever("attention in 8 bits, fp8, compiled", attention=True, fp8=True, attention8=True, compiled=True),
    Lever("stock, compiled", compiled=True),
)


class Bench:
    def __init__(self, scale: models.Scale, device: torch.device, record: Record) -> None:
        self._scale, self._device, self._record = scale, device, record
        self._truths: dict[str, torch.Tensor] = {}
        self._model = models.transformer(scale, device, torch.bfloat16)
        with torch.device("meta"):
            self._ours: Any = Transformer(Shape.of(scale.transformer))
        # The same parameters, not copies: what becomes of one model becomes of the other.
        self._ours.load_state_dict(self._model.state_dict(keep_vars=True), assign=True)
        self._attention = attend_with(self._ours.requires_grad_(False).eval())
        self._twin = fp8.twin(self._ours, self._attention)
        self._attention8 = JointAttention(attention8.attend)

    def run(self) -> None:
        for frames in self._scale.frames:
            question = models.Question.of(self._scale, frames, self._device, torch.bfloat16)
            if frames == min(self._scale.frames):
                self._record.measure(f"step {frames} | stock, float32", lambda q=question: self._in_float32(q))
            for lever in LEVERS:
                if lever.fits(self._device):
                    self._record.measure(
                        f"step {frames} | {lever.name}", lambda q=question, v=lever: self._measure(q, v)
                    )

    def _in_float32(self, question: models.Question) -> Measured:
        """The truth that both stock and ours round: the same weights, which bfloat16 holds exactly, in float32."""
        self._pull(LEVERS[0])
        self._model.float()
        wide = models.Question(question.latents.float(), question.words.float(), question.mask, question.lengths)
        self._truths["float32"], measured = timed(lambda: wide.put_to(self._model), self._device, rounds=1)
        self._model.to(torch.bfloat16)
        return measured

    def _measure(self, question: models.Question, lever: Lever) -> Measured:
        model = self._pull(lever)
        self._attention.lengths = self._attention8.lengths = question.lengths
        found, measured = timed(lambda: question.put_to(model), self._device)
        if lever.name == "stock":
            self._truths = {k: v for k, v in self._truths.items() if k == "float32"} | {"stock": found.cpu()}
        for name, truth in self._truths.items():
            if truth.shape == found.shape:
                measured[f"off_{name}"] = distance(found, truth)
        return measured

    def _pull(self, lever: Lever) -> Any:
        model = self._twin if lever.fp8 else self._ours if lever.attention else self._model
        for block in self._twin.transformer_blocks:
            block.attn1.processor = self._attention8 if lever.attention8 else self._attention
        for block in model.transformer_blocks:
            block._compiled_call_impl = None  # noqa: SLF001 - torch has no way to take it back
            if lever.compiled:
                block.compile(fullgraph=lever.attention, dynamic=False)
        return model


def run(scale: models.Scale, device: torch.device, record: Record) -> None:
    if not any(record.wants(f"step {frames} | {lever.name}") for frames in scale.frames for lever in LEVERS):
        return
    torch._dynamo.config.recompile_limit = 64  # noqa: SLF001 - its public place
    try:
        Bench(scale, device, record).run()
    except torch.OutOfMemoryError as error:
        print(f"no room for the transformer: {error}", file=sys.stderr)
