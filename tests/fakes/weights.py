"""A checkpoint among the models, as `uprightd models add` leaves it."""

from __future__ import annotations

import shutil
from pathlib import Path

from uprightd.weights.manifest import InstalledModel, record


def install(models: Path, source: Path, task: str = "pose", size: str = "0.4b") -> Path:
    """Given the models folder and a checkpoint, place it: file, manifest entry, verified. Return the file."""
    name = f"sapiens2-{size}-{task}"
    folder = models / name
    folder.mkdir(parents=True)
    file = folder / f"sapiens2_{size}_{task}.safetensors"
    shutil.copy(source, file)
    now = "2026-11-22T08:00:00+00:00"
    model = InstalledModel(
        name=name,
        task=task,
        size=size,
        file=f"{name}/{file.name}",
        bytes=file.stat().st_size,
        sha256="0" * 64,
        source="by hand",
        repository="",
        revision="",
        installed_at=now,
        verified_at=now,
        licence="Sapiens2 License",
        licence_accepted_at=now,
    )
    record(models, model)
    return file
