"""The shape of a Sapiens2 network, read from the shapes of its tensors, and the tensors such a shape needs.

Tensor names are Meta's own. What is not in the shapes is the same for all sizes: rotary base 100, RMS epsilon
1e-6, SiLU, and the stride and padding of the heads.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

Shape = tuple[int, ...]
Shapes = Mapping[str, Shape]

PERIODS = "backbone.rope_embed.periods"
"""A constant that Meta saved with the weights; it follows from the head width."""


class Task(StrEnum):
    POSE = "pose"
    SEG = "seg"
    NORMAL = "normal"
    POINTMAP = "pointmap"


OUTPUTS = {Task.POSE: 308, Task.SEG: 29, Task.NORMAL: 3, Task.POINTMAP: 3}
"""Channels that each head predicts."""
SHUFFLED = {Task.NORMAL, Task.POINTMAP}
"""Heads that upsample by pixel shuffle; the others by transposed convolution."""
DEPTHS = {Task.POSE: (2, 3), Task.SEG: (4, 2), Task.NORMAL: (4, 3), Task.POINTMAP: (4, 3)}
"""Upsampling steps and convolutions of each head; every step doubles the 1/16 resolution of the backbone."""

SIZES = {
    "0.4b": (1024, 24, 16),
    "0.8b": (1280, 32, 16),
    "1b": (1536, 40, 24),
    "5b": (2432, 56, 32),
    "tiny": (32, 18, 4),
}
"""Width, layers and attention heads of each size, from Meta's `arch_zoo`. `tiny` is the size of checkpoints made
for tests: it goes through every step and means nothing."""


@dataclass(frozen=True, slots=True)
class ScaleHead:
    """The branch of the pointmap head that predicts its scale: convolutions, then a small perceptron."""

    channels: tuple[int, ...]
    kernels: tuple[int, ...]
    inputs: int
    """Numbers that go into the perceptron, which ties the head to one input size."""
    hidden: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Architecture:
    """Widths and depths of one network. Channels and kernels are per layer, from the first to the last."""

    task: Task
    hidden: int
    layers: int
    heads: int
    key_heads: tuple[int, ...]
    """Key and value heads per layer: fewer than `heads` where queries share them."""
    intermediate: int
    registers: int
    patch: int
    upsample: tuple[int, ...]
    upsample_kernels: tuple[int, ...]
    convolutions: tuple[int, ...]
    kernels: tuple[int, ...]
    scale: ScaleHead | None = None

    @property
    def size(self) -> str | None:
        """The size's name, None where it is none of Meta's."""
        own = (self.hidden, self.layers, self.heads)
        return next((name for name, size in SIZES.items() if size == own), None)


def task_of(shapes: Shapes) -> Task:
    """Given tensor shapes, return the task of their head. Raise ValueError when it is none of the four."""
    for task in Task:
        if any(name.startswith(f"decode_head.conv_{task}.") for name in shapes):
            return task
    if not any(name.endswith("patch_embed.projection.weight") for name in shapes):
        some = ", ".join(sorted(shapes)[:3]) or "none"
        raise ValueError(f"these are not Sapiens2's tensors under Meta's names (found {some}, ...)")
    other = {name.split(".")[1] for name in shapes if name.startswith("decode_head.conv_")} - {"conv_layers"}
    head = f"the head {min(other)}" if other else "no head, only a backbone"
    raise ValueError(f"it has {head}; expected one of pose, seg, normal, pointmap")


def read_architecture(shapes: Shapes) -> Architecture:
    """Given tensor shapes, return the network they make. Raise ValueError when they make none.

    A shape that contradicts the others is not seen here but by comparing with `tensors_of`.
    """
    task = task_of(shapes)
    try:
        hidden, _, patch, _ = shapes["backbone.patch_embed.projection.weight"]
        layers = _count(shapes, r"backbone\.blocks\.(\d+)\.ln1\.weight")
        (head_width,) = shapes["backbone.blocks.0.attn.q_norm.weight"]
        key_widths = [shapes[f"backbone.blocks.{i}.attn.wk.weight"][0] for i in range(layers)]
        net = Architecture(
            task=task,
            hidden=hidden,
            layers=layers,
            heads=hidden // head_width,
            key_heads=tuple(width // head_width for width in key_widths),
            intermediate=shapes["backbone.blocks.0.ffn.w3.weight"][1],
            registers=shapes["backbone.storage_tokens"][1],
            patch=patch,
            **_head(shapes, task),
        )
        sharing = [net.heads % heads for heads in net.key_heads]
    except KeyError as error:
        raise ValueError(f"the tensor {error.args[0]} is missing") from error
    except (IndexError, ValueError, ZeroDivisionError, TypeError) as error:
        raise ValueError("its tensors have shapes that no Sapiens2 network has") from error
    steps, refinements = DEPTHS[task]
    kernels = (3, 3) if task in SHUFFLED else (4, 1)
    alike = net.upsample_kernels == (kernels[0],) * steps and net.kernels == (kernels[1],) * refinements
    if any(sharing) or not alike:
        raise ValueError("its layers have widths or kernels that no Sapiens2 network has")
    return net


def _count(shapes: Shapes, pattern: str) -> int:
    """How many numbered tensors there are, from 0 to the highest number."""
    numbers = [int(match[1]) for name in shapes if (match := re.fullmatch(pattern, name))]
    return max(numbers, default=-1) + 1


def _head(shapes: Shapes, task: Task) -> dict[str, Any]:
    """Channels and kernels of the head's layers. Activations and norms count as layers in Meta's numbering."""
    if task in SHUFFLED:
        upsample = _numbered(shapes, "decode_head.upsample_blocks.{}.0.weight", 1)
        channels = tuple(shape[0] // 4 for shape in upsample)
    else:
        upsample = _numbered(shapes, "decode_head.deconv_layers.{}.weight", 3)
        channels = tuple(shape[1] for shape in upsample)
    convolutions = _numbered(shapes, "decode_head.conv_layers.{}.weight", 3)
    return {
        "upsample": channels,
        "upsample_kernels": tuple(shape[2] for shape in upsample),
        "convolutions": tuple(shape[0] for shape in convolutions),
        "kernels": tuple(shape[2] for shape in convolutions),
        "scale": _scale_head(shapes) if task is Task.POINTMAP else None,
    }


def _scale_head(shapes: Shapes) -> ScaleHead:
    convolutions = _numbered(shapes, "decode_head.scale_conv_layers.{}.weight", 3)
    first = shapes["decode_head.scale_final_layer.1.weight"]
    second = shapes["decode_head.scale_final_layer.3.weight"]
    return ScaleHead(
        channels=tuple(shape[0] for shape in convolutions),
        kernels=tuple(shape[2] for shape in convolutions),
        inputs=first[1],
        hidden=(first[0], second[0]),
    )


def _numbered(shapes: Shapes, name: str, step: int) -> list[Shape]:
    """The shapes of the tensors numbered 0, step, 2·step, ... in a row; at least one."""
    row = []
    while name.format(step * len(row)) in shapes:
        row.append(shapes[name.format(step * len(row))])
    if not row:
        raise KeyError(name.format(0))
    return row


def tensors_of(net: Architecture) -> dict[str, Shape]:
    """Given a network's architecture, return each of its tensors' Meta name and shape, `PERIODS` left out."""
    tensors: dict[str, Shape] = {
        "backbone.cls_token": (1, 1, net.hidden),
        "backbone.storage_tokens": (1, net.registers, net.hidden),
        "backbone.patch_embed.projection.weight": (net.hidden, 3, net.patch, net.patch),
        "backbone.patch_embed.projection.bias": (net.hidden,),
        "backbone.ln1.weight": (net.hidden,),
    }
    for index in range(net.layers):
        block = _block_tensors(net, net.key_heads[index])
        tensors |= {f"backbone.blocks.{index}.{name}": shape for name, shape in block.items()}
    return tensors | _head_tensors(net)


def _block_tensors(net: Architecture, key_heads: int) -> dict[str, Shape]:
    width = net.hidden // net.heads
    keys = key_heads * width
    return {
        "ln1.weight": (net.hidden,),
        "ln2.weight": (net.hidden,),
        "attn.wq.weight": (net.hidden, net.hidden),
        "attn.wq.bias": (net.hidden,),
        "attn.wk.weight": (keys, net.hidden),
        "attn.wk.bias": (keys,),
        "attn.wv.weight": (keys, net.hidden),
        "attn.wv.bias": (keys,),
        "attn.q_norm.weight": (width,),
        "attn.k_norm.weight": (width,),
        "attn.proj.weight": (net.hidden, net.hidden),
        "attn.proj.bias": (net.hidden,),
        "attn.gamma.weight": (net.hidden,),
        "ffn.w12.weight": (2 * net.intermediate, net.hidden),
        "ffn.w12.bias": (2 * net.intermediate,),
        "ffn.w3.weight": (net.hidden, net.intermediate),
        "ffn.w3.bias": (net.hidden,),
    }


def _head_tensors(net: Architecture) -> dict[str, Shape]:
    tensors: dict[str, Shape] = {}
    if net.task in SHUFFLED:
        tensors |= _convolution("input_conv.0", net.hidden, net.hidden, 3)
    wide = net.hidden
    for index, (channels, kernel) in enumerate(zip(net.upsample, net.upsample_kernels, strict=True)):
        if net.task in SHUFFLED:
            tensors |= _convolution(f"upsample_blocks.{index}.0", wide, 4 * channels, kernel)
        else:
            tensors[f"decode_head.deconv_layers.{3 * index}.weight"] = (wide, channels, kernel, kernel)
        wide = channels
    for index, (channels, kernel) in enumerate(zip(net.convolutions, net.kernels, strict=True)):
        tensors |= _convolution(f"conv_layers.{3 * index}", wide, channels, kernel)
        wide = channels
    tensors |= _convolution(f"conv_{net.task}", wide, OUTPUTS[net.task], 1)
    return tensors | (_scale_tensors(net, net.scale) if net.scale else {})


def _scale_tensors(net: Architecture, scale: ScaleHead) -> dict[str, Shape]:
    tensors: dict[str, Shape] = {}
    wide = net.hidden
    for index, (channels, kernel) in enumerate(zip(scale.channels, scale.kernels, strict=True)):
        tensors |= _convolution(f"scale_conv_layers.{3 * index}", wide, channels, kernel)
        wide = channels
    widths = (scale.inputs, *scale.hidden, 1)
    for index, (inputs, outputs) in enumerate(itertools.pairwise(widths)):
        name = f"decode_head.scale_final_layer.{2 * index + 1}"
        tensors |= {f"{name}.weight": (outputs, inputs), f"{name}.bias": (outputs,)}
    return tensors


def _convolution(name: str, inputs: int, outputs: int, kernel: int) -> dict[str, Shape]:
    return {
        f"decode_head.{name}.weight": (outputs, inputs, kernel, kernel),
        f"decode_head.{name}.bias": (outputs,),
    }
