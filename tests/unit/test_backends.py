"""Which pose model runs: auto prefers Sapiens2 where its weights are, and says why."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from tests.fakes.weights import install

from uprightd.captures.snapshot import measure
from uprightd.config.schema import Config
from uprightd.domain import Instant, Posture
from uprightd.errors import DataError, UnavailableError
from uprightd.metrics.reading import Terms, read_pose
from uprightd.paths import Paths
from uprightd.rules.engine import RuleEngine
from uprightd.sapiens2.architecture import Task
from uprightd.sapiens2.checkpoint import read_checkpoint
from uprightd.sapiens2.device import Placement
from uprightd.sapiens2.network import load
from uprightd.sapiens2.pointmap import PointmapHead
from uprightd.sapiens2.sampling import sampled
from uprightd.service.backends import Backend, choose_backend, load_backend

TINY = Path(__file__).parents[1] / "fixtures" / "sapiens2_tiny"


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    return Paths(*[tmp_path / name for name in ("config", "data", "cache", "logs", "run")])


def config(**pose: object) -> Config:
    return Config.model_validate({"pose": pose})


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
    snapshot = measure(image, pose, "random", "2026-11-22T08:00:00+00:00", Terms())
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
    file = install(paths.models, TINY / "pose" / "model.safetensors")
    chosen = choose_backend(config(), paths)
    assert (chosen.name, chosen.weights) == ("sapiens2", file)
    assert choose_backend(config(backend="mediapipe"), paths).name == "mediapipe"
    assert choose_backend(config(size="5b"), paths).name == "mediapipe"


# ---- places in space ---------------------------------------------------------------------------------------


def test_a_pointmap_is_used_only_when_asked_for(paths: Paths) -> None:
    install(paths.models, TINY / "pose" / "model.safetensors")
    file = install(paths.models, TINY / "pointmap" / "model.safetensors", "pointmap")
    assert choose_backend(config(), paths).pointmap is None
    for backend in ("auto", "sapiens2"):
        assert choose_backend(config(backend=backend, pointmap=True), paths).pointmap == file


def test_a_pointmap_is_of_the_configured_size(paths: Paths) -> None:
    files = {
        size: install(paths.models, TINY / "pointmap" / "model.safetensors", "pointmap", size)
        for size in ("0.8b", "1b")
    }
    for size, file in (("auto", files["0.8b"]), ("1b", files["1b"]), ("5b", None)):
        wanted = config(backend="sapiens2", size=size, pointmap=True)
        assert choose_backend(wanted, paths).pointmap == file


@pytest.mark.parametrize(("size", "option"), [("auto", ""), ("0.8b", " --size 0.8b")])
def test_asked_for_a_pointmap_without_its_weights_it_names_the_way_to_get_them(
    paths: Paths, size: str, option: str
) -> None:
    install(paths.models, TINY / "pose" / "model.safetensors", size="0.8b")
    wanted = config(size=size, pointmap=True)
    chosen = choose_backend(wanted, paths)
    with pytest.raises(UnavailableError, match="no pointmap weights") as caught:
        load_backend(chosen, wanted, tracking=True)
    assert f"`uprightd models fetch --task pointmap{option}`" in caught.value.hint
    assert "pose.pointmap: false" in caught.value.hint


def test_a_pointmap_of_another_task_is_refused_by_name() -> None:
    wanted = config(backend="sapiens2", pointmap=True, device="cpu")
    file = TINY / "seg" / "model.safetensors"
    backend = Backend("sapiens2", "configured", TINY / "pose" / "model.safetensors", pointmap=file)
    with pytest.raises(DataError, match="seg") as caught:
        load_backend(backend, wanted, tracking=True)
    assert str(file) in caught.value.message


@pytest.fixture
def tiny(tmp_path: Path) -> tuple[Path, Path]:
    """A pose network that is sure of itself, and a pointmap network of the size that backends load, whose points lie
    some metres before the camera."""
    pose = load_file(TINY / "pose" / "model.safetensors")
    pose["decode_head.conv_pose.bias"] += 0.6
    save_file(pose, tmp_path / "pose.safetensors")
    depth = load_file(TINY / "pointmap" / "model.safetensors")
    inputs = 8 * (1024 // 16 // 8) * (768 // 16 // 8)  # channels, and what is left after three halvings
    depth["decode_head.scale_final_layer.1.weight"] = torch.full((16, inputs), 1e-4)
    depth["decode_head.scale_final_layer.5.bias"] = torch.tensor([1.0])
    depth["decode_head.conv_pointmap.weight"] /= 20
    depth["decode_head.conv_pointmap.bias"] = torch.tensor([0.0, 0.0, 2.0])
    save_file(depth, tmp_path / "depth.safetensors")
    return tmp_path / "pose.safetensors", tmp_path / "depth.safetensors"


def test_a_pointmap_runs_beside_the_pose_and_is_sampled_at_its_keypoints(tiny: tuple[Path, Path]) -> None:
    weights, pointmap = tiny
    wanted = config(backend="sapiens2", device="cpu", resolution="512x384", dtype="float32", pointmap=True)
    estimator = load_backend(Backend("sapiens2", "", weights, pointmap=pointmap), wanted, tracking=False)
    image = np.random.default_rng(0).integers(0, 255, (240, 320, 3), np.uint8)
    (pose,) = estimator.estimate([image])
    estimator.close()
    assert pose is not None
    head = PointmapHead(load(read_checkpoint(pointmap, Task.POINTMAP), Placement("cpu", "float32")))
    points = head.points(image).points
    head.close()
    assert 1.5 < np.median(points[..., 2]) < 2.5
    assert pose.world == sampled(points, pose.keypoints)
    assert {"left_hip", "right_hip", "nose"} <= set(pose.world)
