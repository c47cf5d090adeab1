"""What Mochi-1 is made of. The stages (prompt, denoising, decoding) take their part and know no pipeline."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch

from functions.generate.mochi.attention import JointAttention
from functions.generate.mochi.causal import Between, between
from functions.generate.mochi.sketch import Sketcher
from functions.generate.mochi.words import Words
from shared.core.preset import Preset


@dataclass(frozen=True, slots=True, kw_only=True)
class Modules:
    """One model on one device. Read only: any number of drawings share it."""

    words: Words
    text_encoder: Any
    transformer: Any
    attention: JointAttention
    """The transformer's, which wants to know each prompt's length."""
    vae: Any
    zeros_for_empty_prompt: bool
    """Genmo's own code does so; the hub's pipeline does not."""
    device: torch.device
    sketcher: Sketcher
    between: Between = between
    """What stands between the decoder's convolutions."""
    weights: str = ""
    """Digest of what they hold (weights.py), "" where they come from no folder."""
    preset: str = Preset.EXACT
    """How the modules were made fast. Another preset may give other numbers, so no checkpoint crosses over."""
