"""A Sapiens2 checkpoint on disk: found, recognised by its tensors, and checked before anything is loaded."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

from uprightd.errors import DataError, DeniedError, UnavailableError
from uprightd.sapiens2.architecture import PERIODS, SIZES, Architecture, Task, read_architecture, tensors_of
from uprightd.sapiens2.header import FETCH, FETCH_AGAIN, Tensor, read_header

FLOATS = ("is F32", "is F16", "is BF16")
COMMON_NAME = "model.safetensors"
OWN_NAME = re.compile(r"sapiens2_(?P<size>[^_]+)_(?P<task>[a-z]+)\.safetensors")
MODEL_CLASSES = {
    Task.POSE: "Sapiens2ForPoseEstimation",
    Task.SEG: "Sapiens2ForSemanticSegmentation",
    Task.NORMAL: "Sapiens2ForNormalEstimation",
    Task.POINTMAP: "Sapiens2ForPointmapEstimation",
}
"""transformers' class for each task, as config.json names it."""
ROPE_BASE = 100.0
RMS_EPSILON = 1e-6
MOST_NAMED = 5


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A checkpoint file whose tensors are, by their names and shapes, those of one Sapiens2 network."""

    path: Path
    size: str
    task: Task
    architecture: Architecture

    @property
    def name(self) -> str:
        """What a person calls it, e.g. "Sapiens2 pose 0.4b"."""
        return f"Sapiens2 {self.task} {self.size}"


def read_checkpoint(path: Path, task: Task | None = None, size: str | None = None) -> Checkpoint:
    """Given a checkpoint file, or a folder with one, return what it is; `task` and `size` say what is expected.

    Only the header is read. A config.json beside it is not needed: the tensors' shapes say everything; but one
    that contradicts them is refused. Raise UnavailableError when there is none, DataError when it is damaged,
    of another task or size, or not Sapiens2's, DeniedError when it may not be read.
    """
    file = _file_in(path, task, size) if path.is_dir() else path
    if file.suffix != ".safetensors":
        raise DataError(f"{file}: expected a name that ends in .safetensors", FETCH)
    tensors = read_header(file)
    try:
        net = read_architecture({name: tensor.shape for name, tensor in tensors.items()})
    except ValueError as error:
        raise DataError(f"{file}: no Sapiens2 checkpoint that can be used: {error}", FETCH_AGAIN) from error
    if task is not None and net.task is not task:
        raise DataError(f"{file}: a checkpoint for {net.task}, expected one for {task}", FETCH)
    if net.size is None:
        known = ", ".join(f"{name} ({wide} wide, {deep} layers)" for name, (wide, deep, _) in SIZES.items())
        raise DataError(
            f"{file}: a network {net.hidden} wide with {net.layers} layers and {net.heads} heads is of no known size",
            f"Expected one of {known}. {FETCH_AGAIN}",
        )
    if size is not None and net.size != size:
        raise DataError(f"{file}: a checkpoint of size {net.size}, expected {size}", FETCH)
    _check_tensors(file, net, tensors)
    _check_config(file.parent / "config.json", net)
    return Checkpoint(file, net.size, net.task, net)


def _file_in(folder: Path, task: Task | None, size: str | None) -> Path:
    """The checkpoint file in a folder: the one whose name says the task and size, else `model.safetensors`."""
    try:
        files = sorted(folder.iterdir())
    except PermissionError as error:
        raise DeniedError(f"{folder}: may not be read", f"Check its mode: ls -ld {folder}") from error
    named = [(path, match) for path in files if (match := OWN_NAME.fullmatch(path.name))]
    fitting = [path for path, match in named if match["task"] == (task or match["task"])]
    fitting = [path for path in fitting if size is None or f"sapiens2_{size}_" in path.name]
    if len(fitting) > 1:
        names = ", ".join(path.name for path in fitting)
        raise DataError(f"{folder}: several checkpoints fit: {names}", "Name the file, or size and task.")
    if fitting:
        return fitting[0]
    common = folder / COMMON_NAME
    if common.exists():
        return common
    wanted = f"sapiens2_{size or '<size>'}_{task or '<task>'}.safetensors"
    raise UnavailableError(f"{folder}: no weights; expected {wanted} or {COMMON_NAME}", FETCH)


def _check_tensors(file: Path, net: Architecture, found: dict[str, Tensor]) -> None:
    """Raise DataError when a tensor is missing, left over, of another shape, or not of floating numbers."""
    expected = tensors_of(net)
    missing = [name for name in expected if name not in found]
    unexpected = [name for name in found if name not in expected and name != PERIODS]
    shapes = [
        f"{name} is {list(found[name].shape)}, expected {list(shape)}"
        for name, shape in expected.items()
        if name in found and found[name].shape != shape
    ]
    kinds = [f"{name} is {found[name].dtype}" for name in expected if name in found]
    kinds = [kind for kind in kinds if not kind.endswith(FLOATS)]
    for fault, faulty in (
        ("tensors are missing", missing),
        ("tensors do not belong here", unexpected),
        ("tensors have the wrong shape", shapes),
        ("tensors are not F32, F16 or BF16", kinds),
    ):
        if faulty:
            more = f", and {len(faulty) - MOST_NAMED} more" if len(faulty) > MOST_NAMED else ""
            named = "; ".join(faulty[:MOST_NAMED])
            raise DataError(f"{file}: {fault} for {net.task} {net.size}: {named}{more}", FETCH_AGAIN)


def _check_config(path: Path, net: Architecture) -> None:
    """Raise DataError when the config.json beside the checkpoint is about it and says something else."""
    try:
        config = json.loads(path.read_bytes())
    except FileNotFoundError:
        return
    except (OSError, ValueError, RecursionError) as error:
        hint = f"It is not needed: remove it. {FETCH_AGAIN}"
        raise DataError(f"{path}: cannot be read as JSON: {error}", hint) from error
    if not isinstance(config, dict) or config.get("architectures") != [MODEL_CLASSES[net.task]]:
        return  # about another checkpoint in the same folder
    implied = {
        "hidden_size": net.hidden,
        "num_hidden_layers": net.layers,
        "num_attention_heads": net.heads,
        "intermediate_size": net.intermediate,
        "num_register_tokens": net.registers,
        "patch_size": net.patch,
        "rope_theta": ROPE_BASE,
        "rms_norm_eps": RMS_EPSILON,
        "hidden_act": "silu",
    }
    for key, value in implied.items():
        said = config.get(key, value)
        if said != value:
            raise DataError(f"{path}: {key} is {said!r}, the weights beside it need {value!r}", FETCH_AGAIN)
