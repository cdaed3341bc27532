"""Which pose model runs: auto prefers Sapiens2 where its weights are, and says why."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from uprightd.captures.snapshot import measure
from uprightd.config.schema import Config
from uprightd.domain import Instant, Posture
from uprightd.errors import DataError, UnavailableError
from uprightd.metrics.reading import read_pose
from uprightd.paths import Paths
from uprightd.rules.engine import RuleEngine
from uprightd.service.backends import Backend, choose_backend, load_backend
from uprightd.weights.manifest import InstalledModel, record

TINY = Path(__file__).parents[1] / "fixtures" / "sapiens2_tiny"


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    return Paths(*[tmp_path / name for name in ("config", "data", "cache", "logs", "run")])


def config(**pose: object) -> Config:
    return Config.model_validate({"pose": pose})


def install(paths: Paths, source: Path, name: str = "sapiens2-0.4b-pose") -> Path:
    """Place a checkpoint as `models add` does: file, manifest entry, verified."""
    folder = paths.models / name
    folder.mkdir(parents=True)
    file = folder / "sapiens2_0.4b_pose.safetensors"
    shutil.copy(source, file)
    now = "2026-11-22T08:00:00+00:00"
    model = InstalledModel(
        name=name,
        task="pose",
        size="0.4b",
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
    record(paths.models, model)
    return file


def test_without_weights_auto_is_the_light_backend_and_says_so(paths: Paths) -> None:
    chosen = choose_backend(config(), paths)
    assert (chosen.name, chosen.weights) == ("mediapipe", None)
    assert "no Sapiens2 weights" in chosen.why


def test_asked_for_without_weights_it_names_the_ways_to_get_them(paths: Paths) -> None:
    wanted = config(backend="sapiens2")
    chosen = choose_backend(wanted, paths)
    assert chosen.name == "sapiens2"
    with pytest.raises(UnavailableError, match="no Sapiens2 weights") as caught:
        load_backend(chosen, wanted, tracking=True)
    assert "uprightd models fetch" in caught.value.hint
    assert "uprightd models add" in caught.value.hint


def test_a_checkpoint_of_another_task_is_refused_by_name() -> None:
    wanted = config(backend="sapiens2")
    file = TINY / "seg" / "model.safetensors"
    with pytest.raises(DataError, match="seg") as caught:
        load_backend(Backend("sapiens2", "configured", file), wanted, tracking=True)
    assert str(file) in caught.value.message


def test_random_weights_run_through_to_a_picture_that_says_how_little_it_is_worth() -> None:
    wanted = config(backend="sapiens2", device="cpu", resolution="512x384")
    weights = TINY / "pose" / "model.safetensors"
    estimator = load_backend(Backend("sapiens2", "configured", weights), wanted, tracking=False)
    image = np.random.default_rng(0).integers(0, 255, (240, 320, 3), np.uint8)
    (pose,) = estimator.estimate([image])
    estimator.close()
    snapshot = measure(image, pose, "random", "2026-11-22T08:00:00+00:00", 0.5)
    assert snapshot.picture.shape == image.shape
    assert snapshot.card["backend"] == "sapiens2 tiny"


def test_weights_that_give_no_finite_number_are_unreliable_and_never_bad_posture(tmp_path: Path) -> None:
    tensors = load_file(TINY / "pose" / "model.safetensors")
    broken = {name: torch.full_like(values, torch.nan) for name, values in tensors.items()}
    save_file(broken, tmp_path / "a.safetensors")
    wanted = config(device="cpu", resolution="512x384")
    estimator = load_backend(Backend("sapiens2", "", tmp_path / "a.safetensors"), wanted, tracking=True)
    (pose,) = estimator.estimate([np.zeros((240, 320, 3), np.uint8)])
    reading = read_pose(pose, (320, 240), Instant(0.0, 0.0))
    assert reading.present
    assert not any(value.known for value in reading.values.values())
    assert RuleEngine((), 3.0).judge(reading).posture is Posture.UNRELIABLE


def test_installed_weights_are_preferred(paths: Paths) -> None:
    file = install(paths, TINY / "pose" / "model.safetensors")
    chosen = choose_backend(config(), paths)
    assert (chosen.name, chosen.weights) == ("sapiens2", file)
    assert choose_backend(config(backend="mediapipe"), paths).name == "mediapipe"
    assert choose_backend(config(size="5b"), paths).name == "mediapipe"
