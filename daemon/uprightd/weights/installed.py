"""What a backend may load, and how the daemon's process is kept off the network."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from uprightd.weights.catalogue import SIZES
from uprightd.weights.manifest import InstalledModel, read_manifest


def find(models: Path, task: str, size: str | None = None) -> InstalledModel | None:
    """Given the models folder, a task and perhaps a size, return the model to load, None where there is none.

    Without a size the smallest one installed: it is what a laptop keeps up with, larger ones are a choice. Only a
    file counts that the manifest lists, that was not found changed by the last `verify`, and that is there with its
    length; it is not hashed again here. Raise DataError when the manifest is damaged.
    """
    fitting = [
        model
        for model in read_manifest(models)
        if model.task == task
        and size in (None, model.size)
        and model.verified_at
        and _is_there(models, model)
    ]
    order = {known: place for place, known in enumerate(SIZES)}
    return min(fitting, key=lambda model: order.get(model.size, len(SIZES)), default=None)


def offline_environment() -> dict[str, str]:
    """Return the variables under which no Hugging Face library sends anything; to be set before one is imported."""
    return {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1"}


def _is_there(models: Path, model: InstalledModel) -> bool:
    try:
        info = os.lstat(model.path(models))
    except OSError:
        return False
    return stat.S_ISREG(info.st_mode) and info.st_size == model.bytes
