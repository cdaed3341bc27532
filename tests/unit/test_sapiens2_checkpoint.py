"""Recognising a checkpoint by its tensors alone: task, size and every width of the network."""

from __future__ import annotations

import math
import shutil
from pathlib import Path

import pytest

from uprightd.errors import DataError, UnavailableError
from uprightd.sapiens2.architecture import SIZES, Task, read_architecture, tensors_of
from uprightd.sapiens2.checkpoint import Checkpoint, read_checkpoint
from uprightd.sapiens2.header import read_header
from uprightd.sapiens2.random_weights import full_size, write

TINY = Path(__file__).parents[1] / "fixtures" / "sapiens2_tiny"
BILLIONS = {"0.4b": 0.398, "0.8b": 0.818, "1b": 1.462, "5b": 5.071}
"""Parameters of the backbones, from the README of Meta's repository."""


def weights(task: Task) -> Path:
    return TINY / task / "model.safetensors"


@pytest.mark.parametrize("task", Task)
def test_a_folder_as_the_hub_has_it_is_recognised(task: Task) -> None:
    found = read_checkpoint(TINY / task)
    assert (found.path, found.task, found.size) == (weights(task), task, "tiny")
    assert found.name == f"Sapiens2 {task} tiny"


@pytest.mark.parametrize("task", Task)
@pytest.mark.parametrize("name", ["model.safetensors", "sapiens2_tiny_{}.safetensors"])
def test_a_lone_file_under_either_name_is_recognised_without_config(
    task: Task, name: str, tmp_path: Path
) -> None:
    path = tmp_path / name.format(task)
    shutil.copy(weights(task), path)
    expected = read_checkpoint(TINY / task).architecture
    for given in (path, tmp_path):
        found = read_checkpoint(given, task)
        assert (found.path, found.architecture) == (path, expected)


def test_every_width_is_read_from_the_shapes() -> None:
    net = read_checkpoint(TINY / "pointmap").architecture
    assert (net.hidden, net.layers, net.heads, net.intermediate) == (32, 18, 4, 128)
    assert net.key_heads == (4,) * 8 + (2,) * 2 + (4,) * 8
    assert (net.registers, net.patch) == (8, 16)
    assert (net.upsample, net.convolutions) == ((32, 24, 16, 16), (16, 16, 8))
    assert net.scale is not None
    assert (net.scale.channels, net.scale.inputs, net.scale.hidden) == ((32, 16, 8), 32, (16, 8))


def test_in_a_folder_of_several_the_file_of_the_wanted_task_is_taken(tmp_path: Path) -> None:
    for task in Task:
        shutil.copy(weights(task), tmp_path / f"sapiens2_tiny_{task}.safetensors")
    for task in Task:
        assert read_checkpoint(tmp_path, task).path.name == f"sapiens2_tiny_{task}.safetensors"
    with pytest.raises(DataError, match="several checkpoints fit: sapiens2_tiny_normal"):
        read_checkpoint(tmp_path)


def test_a_folder_with_metas_file_and_the_hubs_copy_of_it_is_fine(tmp_path: Path) -> None:
    shutil.copytree(TINY / "pose", tmp_path, dirs_exist_ok=True)
    shutil.copy(weights(Task.POSE), tmp_path / "sapiens2_tiny_pose.safetensors")
    assert read_checkpoint(tmp_path, Task.POSE, "tiny").path.name == "sapiens2_tiny_pose.safetensors"


def test_a_folder_without_the_wanted_weights_says_what_was_expected(tmp_path: Path) -> None:
    shutil.copy(weights(Task.SEG), tmp_path / "sapiens2_tiny_seg.safetensors")
    with pytest.raises(
        UnavailableError, match=r"expected sapiens2_0\.4b_pose\.safetensors or model\.safetensors"
    ):
        read_checkpoint(tmp_path, Task.POSE, "0.4b")


@pytest.mark.parametrize("size", BILLIONS)
def test_each_size_has_as_many_parameters_as_meta_says(size: str) -> None:
    tensors = tensors_of(full_size(size, Task.POSE))
    backbone = sum(math.prod(shape) for name, shape in tensors.items() if name.startswith("backbone."))
    assert backbone / 1e9 == pytest.approx(BILLIONS[size], rel=0.01)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("task", Task)
def test_each_size_and_task_is_recognised_from_its_shapes(size: str, task: Task) -> None:
    net = full_size(size, task)
    assert read_architecture(tensors_of(net)) == net
    assert net.size == size


def test_random_weights_are_a_checkpoint_with_no_two_rows_alike(tmp_path: Path) -> None:
    path = tmp_path / "sapiens2_tiny_pose.safetensors"
    write(path, full_size("tiny", Task.POSE))
    assert isinstance(read_checkpoint(path), Checkpoint)
    assert path.stat().st_mode & 0o777 == 0o600
    matrix = read_header(path)["backbone.blocks.0.ffn.w12.weight"]
    data = path.read_bytes()[matrix.begin : matrix.end]
    rows = {data[at : at + 128] for at in range(0, len(data), 128)}
    assert len(rows) == 256
    with pytest.raises(FileExistsError):
        write(path, full_size("tiny", Task.POSE))
