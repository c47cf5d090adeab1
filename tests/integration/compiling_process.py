"""A process that compiles a small transformer for the CPU: `python -m tests.integration.compiling_process FILE LENGTH...`

It takes the kernels of FILE, asks the model once in each LENGTH of video, keeps in FILE what it has compiled where there
was none, and prints as JSON how often torch found kernels or made them, and the digest of the last answer.
"""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path

import torch
from torch._dynamo.utils import counters

from functions.generate.mochi import kernels, presets
from functions.generate.mochi.attention import attend_with
from functions.generate.mochi.transformer import Shape, Transformer

SHAPE = Shape(
    num_attention_heads=2,
    attention_head_dim=16,
    num_layers=1,
    pooled_projection_dim=16,
    text_embed_dim=32,
    time_embed_dim=16,
)


def main(file: Path, lengths: list[int]) -> None:
    torch.manual_seed(1)
    model = Transformer(SHAPE).requires_grad_(False).eval()
    attend_with(model).lengths = torch.tensor([1, 200])
    took = kernels.take(file)
    presets.tune_compiler()
    presets.compile_blocks(model)
    for length in lengths:
        answer = asked(model, length)
    if not took:
        kernels.keep(file)
    found = counters["inductor"]
    told = {
        "took": took,
        "found": found["fxgraph_cache_hit"],
        "made": found["fxgraph_cache_miss"],
        "answer": hashlib.sha256(answer.numpy().tobytes()).hexdigest(),
    }
    sys.stdout.write(json.dumps(told))


@torch.inference_mode()
def asked(model: Transformer, length: int) -> torch.Tensor:
    return model(
        hidden_states=torch.ones((2, 12, length, 8, 12)),
        encoder_hidden_states=torch.ones((2, 256, 32)),
        timestep=torch.full((2,), 500.0),
        encoder_attention_mask=torch.ones((2, 256), dtype=torch.bool),
    )[0]


if __name__ == "__main__":
    main(Path(sys.argv[1]), [int(each) for each in sys.argv[2:]])
