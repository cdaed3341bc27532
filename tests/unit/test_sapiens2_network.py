"""Networks loaded from Meta's checkpoints give Meta's numbers: against the outputs of its own code."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from torch._dynamo.exc import TorchDynamoException
from transformers.models.sapiens2 import modeling_sapiens2

from uprightd.errors import InternalError, UnavailableError
from uprightd.sapiens2 import rope
from uprightd.sapiens2.architecture import PERIODS, Task
from uprightd.sapiens2.checkpoint import Checkpoint, read_checkpoint
from uprightd.sapiens2.device import Placement
from uprightd.sapiens2.header import read_header
from uprightd.sapiens2.network import Network, load

TINY = Path(__file__).parents[1] / "fixtures" / "sapiens2_tiny"
CPU = Placement("cpu", "float32")
OUTPUT = {Task.POSE: "heatmaps", Task.SEG: "logits", Task.NORMAL: "normals", Task.POINTMAP: "pointmaps"}

EXACT = 1e-4
"""Largest difference relative to the largest value, against Meta's code with float32 positions."""
SHIPPED = 2e-2
"""The same against Meta's code as shipped, whose positions are bfloat16."""
SHIPPED_ROPE = 5e-4
"""The same with our bfloat16 positions. Not nothing: where a sum in float32 differs in its last bit from one
processor to the next, its rounding to bfloat16 sometimes falls on the other side."""


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Iterator[None]:
    """Threads that wait for one another make small networks slow on a busy machine."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def outputs(network: Network, task: Task) -> dict[str, np.ndarray]:
    """Run the network on the fixture's input; return its main output, and its scale where it has one."""
    output = network(torch.from_numpy(np.load(TINY / task / "expected.npz")["pixel_values"]))
    found = {"main": output[OUTPUT[task]].numpy()}
    if task is Task.POINTMAP:
        found["scale"] = output.scales.numpy()
    return found


def difference(found: dict[str, np.ndarray], task: Task, suffix: str) -> float:
    """The largest difference from Meta's outputs, relative to their largest value."""
    expected = np.load(TINY / task / "expected.npz")
    names = {"main": f"reference{suffix}", "scale": f"scale{suffix}"}
    return max(
        float(np.abs(values - expected[names[kind]]).max() / np.abs(expected[names[kind]]).max())
        for kind, values in found.items()
    )


@pytest.mark.parametrize("task", Task)
def test_each_head_gives_metas_numbers(task: Task) -> None:
    found = outputs(load(read_checkpoint(TINY / task), CPU), task)
    assert difference(found, task, "_fp32_rope") < EXACT
    assert EXACT < difference(found, task, "") < SHIPPED


@pytest.mark.parametrize("task", Task)
def test_metas_rope_setting_gives_the_numbers_of_its_code_as_shipped(task: Task) -> None:
    found = outputs(load(read_checkpoint(TINY / task), CPU, "bfloat16"), task)
    assert difference(found, task, "") < SHIPPED_ROPE
    assert difference(found, task, "_fp32_rope") > SHIPPED_ROPE


@pytest.mark.parametrize("task", Task)
@pytest.mark.parametrize("name", ["model.safetensors", "sapiens2_tiny_{}.safetensors"])
def test_a_lone_file_gives_the_same_as_the_hubs_folder(task: Task, name: str, tmp_path: Path) -> None:
    path = tmp_path / name.format(task)
    shutil.copy(TINY / task / "model.safetensors", path)
    alone = outputs(load(read_checkpoint(path), CPU), task)
    folder = outputs(load(read_checkpoint(TINY / task), CPU), task)
    assert all(np.array_equal(alone[kind], folder[kind]) for kind in folder)


def test_two_networks_with_different_ropes_live_side_by_side() -> None:
    checkpoint = read_checkpoint(TINY / "pose")
    plain, metas, again = (load(checkpoint, CPU, rope) for rope in ("float32", "bfloat16", "float32"))
    first = outputs(plain, Task.POSE)["main"]
    assert difference(outputs(metas, Task.POSE), Task.POSE, "") < SHIPPED_ROPE
    assert np.array_equal(outputs(plain, Task.POSE)["main"], first)
    assert np.array_equal(outputs(again, Task.POSE)["main"], first)
    assert modeling_sapiens2.apply_rotary_pos_emb.__module__ == modeling_sapiens2.__name__


def test_the_periods_are_those_saved_in_the_checkpoint() -> None:
    path = TINY / "pose" / "model.safetensors"
    saved = read_header(path)[PERIODS]
    data = bytearray(path.read_bytes()[saved.begin : saved.end])
    assert torch.equal(rope.periods(8), torch.frombuffer(data, dtype=torch.bfloat16))


def test_another_way_of_rotating_in_transformers_is_said_and_not_ignored(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    model = load(read_checkpoint(TINY / "pose"), CPU).model
    kind = type(model.model.model.layer[0].attention)
    monkeypatch.setattr(kind, "forward", lambda self, *_, **__: None)
    with pytest.raises(InternalError, match="computes rotary positions in another way"):
        rope.use_bfloat16(model)


def test_loading_is_quiet_and_asks_nobody(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> None:
        raise AssertionError("loading went to the network")

    monkeypatch.setattr(socket.socket, "connect", refused)
    monkeypatch.setattr(socket, "getaddrinfo", refused)
    verbosity, bars = transformers.logging.get_verbosity(), transformers.logging.is_progress_bar_enabled()
    load(read_checkpoint(TINY / "pose"), CPU)
    assert capfd.readouterr() == ("", "")
    assert transformers.logging.get_verbosity() == verbosity
    assert transformers.logging.is_progress_bar_enabled() == bars


def test_on_the_cpu_the_weights_stay_mapped_from_the_file(tmp_path: Path) -> None:
    path = tmp_path / "sapiens2_tiny_pose.safetensors"
    shutil.copy(TINY / "pose" / "model.safetensors", path)
    network = load(read_checkpoint(path), CPU)
    spans = [
        tuple(int(part, 16) for part in line.split()[0].split("-"))
        for line in Path("/proc/self/maps").read_text().splitlines()
        if str(path) in line
    ] if Path("/proc/self/maps").exists() else None  # fmt: skip
    if spans is not None:
        places = [weights.data_ptr() for weights in network.model.parameters()]
        assert all(any(begin <= place < end for begin, end in spans) for place in places)


def test_other_numbers_change_the_weights_and_not_the_angles() -> None:
    network = load(read_checkpoint(TINY / "pose"), Placement("cpu", "bfloat16"))
    assert {weights.dtype for weights in network.model.parameters()} == {torch.bfloat16}
    assert network.model.model.rope_embeddings.inv_freq.dtype == torch.float32
    found = {"main": outputs_float(network)}
    assert difference(found, Task.POSE, "_fp32_rope") < 0.1


def outputs_float(network: Network) -> np.ndarray:
    pixels = torch.from_numpy(np.load(TINY / "pose" / "expected.npz")["pixel_values"])
    return network(pixels).heatmaps.float().numpy()


def test_an_unknown_rope_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(ValueError, match="rope is one of"):
        load(read_checkpoint(TINY / "pose"), CPU, "fp8")


# ---- what goes wrong while it runs -------------------------------------------------------------------------


class Uncompilable:
    """A model that torch fails to compile."""

    def __init__(self, failure: Exception) -> None:
        self.failure = failure
        self._compiled_call_impl: object = None

    def compile(self) -> None:
        self._compiled_call_impl = object()

    def __call__(self, pixel_values: torch.Tensor) -> Any:
        if self._compiled_call_impl is not None:
            raise self.failure
        return SimpleNamespace(heatmaps=pixel_values)


@pytest.fixture
def checkpoint() -> Checkpoint:
    return read_checkpoint(TINY / "pose")


COMPILED = Placement("cpu", "float32", compiled=True)


def test_what_cannot_be_compiled_runs_uncompiled_and_says_so(checkpoint: Checkpoint) -> None:
    network = Network(checkpoint, COMPILED, Uncompilable(TorchDynamoException("no C compiler\nat all")))
    pixels = torch.zeros(1, 3, 16, 16)
    assert torch.equal(network(pixels).heatmaps, pixels)
    assert network.compile_failure == "no C compiler"


def test_other_failures_of_a_compiled_network_are_not_hidden(checkpoint: Checkpoint) -> None:
    network = Network(checkpoint, COMPILED, Uncompilable(RuntimeError("wrong shape")))
    with pytest.raises(RuntimeError, match="wrong shape"):
        network(torch.zeros(1, 3, 16, 16))


def test_memory_that_runs_out_is_named_with_the_network(checkpoint: Checkpoint) -> None:
    network = Network(checkpoint, COMPILED, Uncompilable(RuntimeError("CUDA out of memory")))
    with pytest.raises(
        UnavailableError, match="not enough memory on cpu for a batch of 3 with Sapiens2 pose tiny"
    ):
        network(torch.zeros(3, 3, 16, 16))
