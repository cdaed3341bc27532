"""A D-FINE network in memory, loaded by transformers from a local file, and the input it wants."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers
from huggingface_hub.errors import StrictDataclassError
from safetensors import SafetensorError
from torch import Tensor

from uprightd.errors import DataError
from uprightd.sapiens2.device import FLOAT32, Placement, memory_named, out_of_memory
from uprightd.sapiens2.network import MOST_NAMED, silence
from uprightd.sapiens2.people.checkpoint import AGAIN, SIDE, Detector
from uprightd.sapiens2.people.detector import Found

WRONG = (
    SafetensorError,
    StrictDataclassError,
    OSError,
    LookupError,
    TypeError,
    ValueError,
    AttributeError,
    ArithmeticError,
    RuntimeError,
)
"""What transformers raises over a description that is wrong, depending on where."""


class DFine:
    """One loaded detector, in float32."""

    def __init__(self, model: Any, placement: Placement) -> None:
        self.placement = placement
        self._model: Any = model.to(placement.device)

    def __call__(self, image: np.ndarray) -> Found:
        """Given a picture, BGR uint8 (H, W, 3), return what is where. Raise UnavailableError when memory runs out."""
        with torch.inference_mode(), memory_named("the person detector", self.placement):
            out = self._model(pixel_values=input_of(image).to(self.placement.device))
            return Found(out.logits[0].cpu().numpy(), out.pred_boxes[0].cpu().numpy())

    def close(self) -> None:
        """Give the memory back."""
        self._model = None


def input_of(image: np.ndarray) -> Tensor:
    """Given a picture, BGR uint8 (H, W, 3), return the network's input, RGB from 0 to 1, (1, 3, SIDE, SIDE).

    The picture is stretched to the square, bilinear and smoothed where it shrinks, and rounded to whole grey levels:
    as Pillow does it, with which D-FINE was trained. There is no ImageNet normalisation.
    """
    pixels = torch.from_numpy(np.ascontiguousarray(image[..., ::-1])).permute(2, 0, 1)[None]
    square = torch.nn.functional.interpolate(pixels, size=(SIDE, SIDE), mode="bilinear", antialias=True)
    return square.float() / 255


def load(detector: Detector, device: str) -> DFine:
    """Given a detector and a device, load it without any network access.

    Raise DataError when the file's tensors are not exactly the network's, UnavailableError when memory runs out.
    """
    placement = Placement(device, FLOAT32)
    with memory_named("the person detector", placement), silence():
        network = DFine(_loaded(detector), placement)
    _try(network, detector.path)
    return network


def _try(network: DFine, path: Path) -> None:
    """Look at a black picture once: what is wrong with a network shows now, and not in the middle of a stream."""
    try:
        found = network(np.zeros((SIDE, SIDE, 3), np.uint8))
    except (LookupError, ValueError, RuntimeError) as error:
        raise DataError(f"{path}: does not run as its config.json describes it: {error}", AGAIN) from error
    if not found.sound:
        raise DataError(f"{path}: gives numbers that are not finite", AGAIN)


def _loaded(detector: Detector) -> Any:
    path = detector.path
    try:
        config = transformers.DFineConfig.from_dict({**detector.config, "transformers_weights": path.name})
        loaded: Any = transformers.DFineForObjectDetection.from_pretrained(
            path.parent,
            config=config,
            dtype=torch.float32,
            local_files_only=True,
            use_safetensors=True,
            ignore_mismatched_sizes=True,  # they are in the report, and refused below
            output_loading_info=True,
        )
    except WRONG as error:
        if out_of_memory(error):
            raise
        reason = " ".join(str(error).split())
        raise DataError(f"{path}: transformers cannot load it: {reason}", AGAIN) from error
    model, report = loaded
    for fault in ("missing_keys", "unexpected_keys", "mismatched_keys", "error_msgs"):
        if report[fault]:
            named = ", ".join(str(key) for key in sorted(report[fault])[:MOST_NAMED])
            raise DataError(f"{path}: not all of it fits the network: {fault}: {named}", AGAIN)
    _refuse_first_conversion(detector, model)
    return model


def _refuse_first_conversion(detector: Detector, model: Any) -> None:
    """D-FINE nano was first published with its keys overwritten by its values, which loads and finds less.

    https://github.com/huggingface/transformers/issues/40253
    """
    for layer in model.model.decoder.layers:
        if torch.equal(layer.self_attn.k_proj.weight, layer.self_attn.v_proj.weight):
            raise DataError(
                f"{detector.path}: the faulty first conversion of D-FINE: the decoder's keys are its values",
                AGAIN,
            )
