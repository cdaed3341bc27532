"""A Sapiens2 network in memory: built by transformers from Meta's checkpoint, weights mapped rather than copied."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import torch
import transformers
from safetensors import SafetensorError
from torch import Tensor
from transformers.utils import logging as reports

from uprightd.errors import DataError
from uprightd.sapiens2 import rope as rotary
from uprightd.sapiens2.architecture import OUTPUTS, SHUFFLED, Architecture
from uprightd.sapiens2.checkpoint import MODEL_CLASSES, RMS_EPSILON, ROPE_BASE, Checkpoint
from uprightd.sapiens2.device import BFLOAT16, FLOAT32, Placement, memory_named, out_of_memory
from uprightd.sapiens2.header import FETCH_AGAIN

ROPES = (FLOAT32, BFLOAT16)
"""transformers' rotary positions, and Meta's as shipped."""
MOST_NAMED = 5


class Network:
    """One loaded network. Calling it runs a batch and returns transformers' output for its task."""

    def __init__(self, checkpoint: Checkpoint, placement: Placement, model: Any) -> None:
        self.checkpoint = checkpoint
        self.placement = placement
        self.model: Any = model
        self.compile_failure = ""
        """Why torch could not compile the network, which then runs uncompiled; empty while it could."""
        if placement.compiled:
            model.compile()

    def __call__(self, pixels: Tensor) -> Any:
        """Given normalised pictures (N, 3, H, W), run the network. Raise UnavailableError when memory runs out."""
        place = self.placement
        doing = f"a batch of {len(pixels)} with {self.checkpoint.name}"
        with torch.inference_mode(), memory_named(doing, place):
            pixels = pixels.to(place.device, getattr(torch, place.dtype))
            try:
                return self.model(pixel_values=pixels)
            except RuntimeError as error:
                if not self._is_compile_failure(error):
                    raise
                self.compile_failure = str(error).strip().partition("\n")[0]
                self.model._compiled_call_impl = None
                return self.model(pixel_values=pixels)

    def _is_compile_failure(self, error: Exception) -> bool:
        """Whether torch could not compile, on a machine without a C compiler, say: uncompiled it is only slower."""
        if not self.placement.compiled:
            return False
        from torch._dynamo.exc import TorchDynamoException  # a second to import, and few need it

        return isinstance(error, TorchDynamoException)

    def close(self) -> None:
        """Give the memory back."""
        self.model = None
        if self.placement.kind == "cuda":
            torch.cuda.empty_cache()
        elif self.placement.kind == "mps":
            torch.mps.empty_cache()


def load(checkpoint: Checkpoint, placement: Placement, rope: str = FLOAT32) -> Network:
    """Given a checkpoint, where to run and how to rotate positions (one of `ROPES`), load the network.

    On the CPU in float32 the weights stay mapped from the file and are read as they are used. Meta's rope is never
    compiled, as the compiler leaves out the very rounding that is wanted. Raise DataError when the file's tensors
    are not exactly the network's, UnavailableError when memory does not suffice.
    """
    if rope not in ROPES:
        raise ValueError(f"rope is one of {ROPES}, got {rope!r}")
    with memory_named(f"the weights of {checkpoint.name}", placement):
        with silence():
            model = _mapped(checkpoint)
        if rope == BFLOAT16:
            rotary.use_bfloat16(model)
            placement = replace(placement, compiled=False)
        _move(model, placement)
    return Network(checkpoint, placement, model)


def _mapped(checkpoint: Checkpoint) -> Any:
    """transformers' model with its weights mapped from the file, in float32 on the CPU."""
    path = checkpoint.path
    config = _config(checkpoint.architecture)
    config.transformers_weights = path.name
    try:
        model, report = getattr(transformers, MODEL_CLASSES[checkpoint.task]).from_pretrained(
            path.parent,
            config=config,
            dtype=torch.float32,
            local_files_only=True,
            use_safetensors=True,
            ignore_mismatched_sizes=True,  # they are in the report, and refused below
            output_loading_info=True,
        )
    except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as error:
        if out_of_memory(error):
            raise
        raise DataError(f"{path}: transformers cannot load it: {error}", FETCH_AGAIN) from error
    for fault in ("missing_keys", "unexpected_keys", "mismatched_keys", "error_msgs"):
        if report[fault]:
            named = ", ".join(str(key) for key in sorted(report[fault])[:MOST_NAMED])
            raise DataError(f"{path}: not all of it fits {checkpoint.name}: {fault}: {named}", FETCH_AGAIN)
    return model


def _config(net: Architecture) -> transformers.Sapiens2Config:
    """Given an architecture, return it in transformers' words."""
    head: dict[str, Any] = {
        "use_pixel_shuffle": net.task in SHUFFLED,
        "upsample_out_channels": [*net.upsample],
        "upsample_kernel_sizes": [*net.upsample_kernels],
        "conv_out_channels": [*net.convolutions],
        "conv_kernel_sizes": [*net.kernels],
    }
    if net.scale:
        head |= {
            "scale_conv_out_channels": [*net.scale.channels],
            "scale_conv_kernel_sizes": [*net.scale.kernels],
            "scale_final_input_size": net.scale.inputs,
            "scale_final_hidden_sizes": [*net.scale.hidden],
        }
    settings: dict[str, Any] = {
        "hidden_size": net.hidden,
        "intermediate_size": net.intermediate,
        "num_hidden_layers": net.layers,
        "num_attention_heads": net.heads,
        "num_key_value_heads_per_layer": [*net.key_heads],
        "num_register_tokens": net.registers,
        "patch_size": net.patch,
        "rope_theta": ROPE_BASE,
        "rms_norm_eps": RMS_EPSILON,
        "num_labels": OUTPUTS[net.task],
        "head_config": head,
    }
    return transformers.Sapiens2Config(**settings)


def _move(model: Any, placement: Placement) -> None:
    """Take the weights to their device and number type; constants keep their type, which fixes the angles."""
    if placement.device == "cpu" and placement.dtype == FLOAT32:
        return  # they stay mapped
    dtype = getattr(torch, placement.dtype)
    for weights in model.parameters():
        weights.data = weights.data.to(dtype).to(placement.device)
    for constant in model.buffers():
        constant.data = constant.data.to(placement.device)


@contextlib.contextmanager
def silence() -> Iterator[None]:
    """Keep transformers' progress bars and reports off the terminal while it loads."""
    verbosity, bars = reports.get_verbosity(), reports.is_progress_bar_enabled()
    reports.set_verbosity(logging.CRITICAL)
    reports.disable_progress_bar()
    try:
        yield
    finally:
        reports.set_verbosity(verbosity)
        if bars:
            reports.enable_progress_bar()
