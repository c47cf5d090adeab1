"""A prompt's words as numbers: tokenizer.json alone, without transformers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer

from functions.generate.mochi.reading import Unreadable
from shared.core.catalog import PROMPT_TOKENS
from shared.core.errors import ModelUnavailable


class Words:
    """Cuts a text into PROMPT_TOKENS numbers, the last of those that count being the end's."""

    def __init__(self, backend: Any, padding: str, side: str = "right") -> None:
        """`padding` is the token that stands where no word is.

        Raises: ModelUnavailable: Its words would come last, or it has no such token.
        """
        if side != "right":
            raise ModelUnavailable("its tokenizer must pad on the right: the words that count come first")
        number = backend.token_to_id(padding)
        if number is None:
            raise ModelUnavailable(f"its tokenizer does not know its own padding, {padding}")
        self._backend = backend
        backend.enable_truncation(PROMPT_TOKENS)
        backend.enable_padding(length=PROMPT_TOKENS, pad_id=number, pad_token=padding)

    @classmethod
    def of(cls, folder: Path) -> Words:
        """Raises: Unreadable, OSError, ModelUnavailable."""
        try:
            told = json.loads((folder / "tokenizer_config.json").read_bytes())
            padding = told["pad_token"]
            name = padding["content"] if isinstance(padding, dict) else padding
        except (LookupError, TypeError, ValueError):
            raise Unreadable(f"{folder.name} names no pad_token in its tokenizer_config.json") from None
        return cls(Tokenizer.from_str((folder / "tokenizer.json").read_text()), name, told.get("padding_side", "right"))

    def __call__(self, text: str) -> tuple[torch.Tensor, torch.Tensor]:
        """Numbers and which of them count, both (1, PROMPT_TOKENS), on the CPU."""
        found = self._backend.encode(text)
        return torch.tensor([found.ids]), torch.tensor([found.attention_mask]).bool()
