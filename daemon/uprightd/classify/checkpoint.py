"""A model folder of the user's own as the classifier: any Hugging Face image-classification checkpoint, offline."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from transformers import AutoImageProcessor, AutoModelForImageClassification

from uprightd.classify.base import Said
from uprightd.errors import DataError
from uprightd.sapiens2.network import silence
from uprightd.stills import read_image

HINT = (
    "Expected a folder that transformers saved for image classification: config.json, preprocessor_config.json and "
    "weights."
)
MOST_NAMED = 3


class Checkpoint:
    """A checkpoint in memory. No code of the folder's own is run, and nothing is fetched."""

    def __init__(self, folder: Path) -> None:
        """Given the folder, load it. Raise DataError when it holds no trained image classifier."""
        self.name = folder.resolve().name
        try:
            with silence():
                self._model, report = AutoModelForImageClassification.from_pretrained(
                    folder, local_files_only=True, trust_remote_code=False, output_loading_info=True
                )
                self._processor = AutoImageProcessor.from_pretrained(
                    folder, local_files_only=True, trust_remote_code=False, backend="pil"
                )
        except (OSError, ValueError, KeyError, RuntimeError, ImportError) as error:
            raise DataError(f"{folder}: cannot be loaded as a classifier: {_first(error)}", HINT) from error
        missing = sorted(str(key) for key in (*report["missing_keys"], *report["mismatched_keys"]))
        if missing:
            raise DataError(
                f"{folder}: untrained: its weights lack {', '.join(missing[:MOST_NAMED])}",
                "Use a checkpoint that was trained to classify; what is missing would be random numbers.",
            )
        self._model.eval()

    def look(self, crop: Path, facts: Mapping[str, str]) -> Said:  # noqa: ARG002 - a model sees the picture alone
        """Given a crop's file, return the model's logits by label, in its own order, as JSON."""
        rgb = read_image(crop)[..., ::-1].copy()
        with torch.inference_mode():
            logits = self._model(**self._processor(images=rgb, return_tensors="pt")).logits[0].float()
        labels: Mapping[int, Any] = self._model.config.id2label
        answer = [
            {"label": str(labels.get(index, index)), "logit": round(logit, 5)}
            for index, logit in enumerate(logits.tolist())
        ]
        return Said(json.dumps(answer, ensure_ascii=False))


def _first(error: Exception) -> str:
    return str(error).strip().partition("\n")[0][:200]
