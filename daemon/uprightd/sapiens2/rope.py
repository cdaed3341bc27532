"""Rotary position embedding in bfloat16, as Meta's own code computes it, for one network at a time.

Meta's `Sapiens2` takes patch coordinates, periods, angles, sines and cosines in bfloat16 and rotates queries and
keys in it, in a float32 network too (default `pos_embed_rope_dtype="bf16"`); transformers uses float32. Neither
is nearer to the truth: training saw bfloat16. On the 0.4b backbone the two differ by 1.5e-2 at most, 3e-4 on
average (huggingface/pytorch-image-models#2763).
"""

from __future__ import annotations

import math
from types import FunctionType, MethodType
from typing import Any

import torch
from torch import Tensor, nn

from uprightd.errors import InternalError
from uprightd.sapiens2.checkpoint import ROPE_BASE

ROTATION = "apply_rotary_pos_emb"
"""The function by which transformers' attention rotates queries and keys."""


def use_bfloat16(model: Any) -> None:
    """Given one of transformers' Sapiens2 models, make it rotate as Meta's code does; other models stay as they are.

    Raise InternalError when this version of transformers rotates in a way that cannot be replaced.
    """
    backbone = model.model
    width = backbone.config.hidden_size // backbone.config.num_attention_heads
    backbone.rope_embeddings = BfloatAngles(width, backbone.config.patch_size)
    for layer in backbone.model.layer:
        layer.attention.forward = MethodType(_rotating_in_bfloat16(type(layer.attention)), layer.attention)


def periods(width: int) -> Tensor:
    """Given the width of an attention head, return its periods in patch coordinates, bfloat16 (width / 4,)."""
    steps = torch.arange(width // 4, dtype=torch.bfloat16)
    return ROPE_BASE ** (2 * steps / (width // 2))


class BfloatAngles(nn.Module):
    """Cosine and sine of each patch's angles, with every step in bfloat16."""

    def __init__(self, width: int, patch: int) -> None:
        super().__init__()
        self._patch = patch
        self.periods = nn.Buffer(periods(width), persistent=False)

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        """Given pictures (N, 3, H, W), return cosines and sines, bfloat16 (patches, head width)."""
        axes = [
            torch.arange(0.5, count, dtype=torch.bfloat16, device=pixels.device) / count
            for count in (pixels.shape[2] // self._patch, pixels.shape[3] // self._patch)
        ]
        places = 2.0 * torch.stack(torch.meshgrid(*axes, indexing="ij"), dim=-1).flatten(0, 1) - 1.0
        angles = 2 * math.pi * places[:, :, None] / self.periods
        angles = angles.flatten(1).tile(2)
        return angles.cos(), angles.sin()


def rotate(query: Tensor, key: Tensor, cos: Tensor, sin: Tensor, **_: object) -> tuple[Tensor, Tensor]:
    """Given queries and keys (N, heads, tokens, width), return them rotated in bfloat16, in their own type again.

    Class and register tokens come first and are not rotated, but they too pass through bfloat16.
    """
    first = query.shape[-2] - cos.shape[-2]
    rotated = []
    for vectors in (query, key):
        rounded = vectors.to(cos.dtype)
        patches = rounded[..., first:, :]
        left, right = patches.chunk(2, dim=-1)
        turned = patches * cos + torch.cat((-right, left), dim=-1) * sin
        rotated.append(torch.cat((rounded[..., :first, :], turned), dim=-2).to(vectors.dtype))
    return rotated[0], rotated[1]


def _rotating_in_bfloat16(attention: type) -> FunctionType:
    """transformers' own attention, reading our rotation in place of its module's function of that name.

    The module itself is left alone, so that a network with the other setting can live beside this one.
    """
    forward = attention.forward
    if ROTATION not in forward.__code__.co_names:
        raise InternalError(
            "the installed transformers computes rotary positions in another way",
            "Use the default rope setting (float32), or the version of transformers in constraints.txt.",
        )
    names = {**forward.__globals__, ROTATION: rotate}
    return FunctionType(forward.__code__, names, forward.__name__, forward.__defaults__, forward.__closure__)
