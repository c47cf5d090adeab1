"""Attention in 8-bit floats by cuDNN's graphs, for GPUs of compute capability 9.0 (Hopper) and higher.

https://docs.nvidia.com/deeplearning/cudnn/frontend/latest/operations/Attention.html, sdpa_fp8. On Hopper its output
has 8 bits too. torch has cuDNN's library loaded already; the package only writes graphs for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any, Final

import cudnn
import torch

from shared.core.errors import ModelUnavailable

WEIGHTS_SCALE: Final = 256.0
"""By which softmax's weights, at most 1, are multiplied before they are rounded: 448 is the largest number, and a
power of two rounds nothing."""
GRAPHS: Final = 8
"""Shapes whose graphs are kept; making one takes half a second."""


@dataclass(frozen=True, slots=True)
class Graph:
    """A plan for one shape, and its places for what goes in and out."""

    plan: Any
    places: dict[str, Any]
    workspace: int


def attend(  # noqa: PLR0917 - as the operation has them
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    query_scale: torch.Tensor,
    key_scale: torch.Tensor,
    counts: torch.Tensor,
) -> torch.Tensor:
    """Each row over its first `counts` places; what stands after them is undefined.

    Queries, keys and values are e4m3 (rows, places, heads, width), contiguous, on one GPU, and so is what comes back.
    `counts` is on the CPU.

    Raises: ModelUnavailable: cuDNN has no such attention for this GPU.
    """
    device = query.device
    handle = _handle(device.index or 0)
    cudnn.set_stream(handle=handle, stream=torch.cuda.current_stream(device).cuda_stream)
    graph = _graph(handle, *query.shape)
    out = torch.empty_like(query)
    # Not waited for: from the CPU's ordinary memory a few bytes are taken along at once.
    there = counts.to(torch.int32).to(device, non_blocking=True)
    given = {"query": query, "key": key, "value": value, "out": out, "query_count": there, "key_count": there}
    given |= {"query_scale": query_scale, "key_scale": key_scale} | _scalars(device)
    workspace = torch.empty(graph.workspace, dtype=torch.uint8, device=device)
    graph.plan.execute({graph.places[name]: tensor for name, tensor in given.items()}, workspace, handle=handle)
    return out


@cache
def _scalars(device: torch.device) -> dict[str, torch.Tensor]:
    """What is the same in each call, and where it writes what nobody reads."""
    one, weights = (torch.tensor(number, device=device) for number in (1.0, WEIGHTS_SCALE))
    found = {"value_scale": one, "out_scale": one, "weights_scale": weights, "weights_back": 1 / weights}
    return found | {name: torch.empty_like(one) for name in ("largest_weight", "largest_out")}


@cache
def _handle(index: int) -> Any:
    with torch.cuda.device(index):
        return cudnn.create_handle()


@lru_cache(GRAPHS)
def _graph(handle: Any, rows: int, places: int, heads: int, width: int) -> Graph:
    return planned(rows, places, heads, width, handle=handle)


def planned(rows: int, places: int, heads: int, width: int, **where: Any) -> Graph:
    """The graph for one shape, ready to run on the device of `where`: a cuDNN handle, or a device's properties.

    Raises: ModelUnavailable.
    """
    eight, real, whole = cudnn.data_type.FP8_E4M3, cudnn.data_type.FLOAT, cudnn.data_type.INT32
    plan = cudnn.pygraph(io_data_type=eight, intermediate_data_type=real, compute_data_type=real, **where)
    # Heads before places, as cuDNN counts; in memory it is the other way round.
    shape, strides = (rows, heads, places, width), (places * heads * width, width, heads * width, 1)

    def scalar(name: str) -> Any:
        return plan.tensor(name=name, dim=[1] * 4, stride=[1] * 4, data_type=real)

    found = {
        name: plan.tensor(name=name, dim=shape, stride=strides, data_type=eight) for name in ("query", "key", "value")
    }
    scales = ("query_scale", "key_scale", "value_scale", "weights_back", "weights_scale", "out_scale")
    found |= {name: scalar(name) for name in scales}
    found |= {
        name: plan.tensor(name=name, dim=[rows, 1, 1, 1], stride=[1] * 4, data_type=whole)
        for name in ("query_count", "key_count")
    }
    out, _, *largest = plan.sdpa_fp8(
        *(found[name] for name in ("query", "key", "value", *scales)),
        attn_scale=width**-0.5,
        use_padding_mask=True,
        seq_len_q=found["query_count"],
        seq_len_kv=found["key_count"],
        generate_stats=False,
    )
    found["out"] = out.set_output(True).set_dim(shape).set_stride(strides).set_data_type(eight)
    for name, scalar_out in zip(("largest_weight", "largest_out"), largest, strict=True):
        found[name] = scalar_out.set_output(True).set_dim([1] * 4).set_stride([1] * 4).set_data_type(real)
    try:
        plan.build([cudnn.heur_mode.A])
    except cudnn.cudnnGraphNotSupportedError as error:
        raise ModelUnavailable(f"cuDNN has no attention in 8 bits for {shape}: {str(error).splitlines()[0]}") from None
    return Graph(plan, found, plan.get_workspace_size())
