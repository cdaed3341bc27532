"""Where a network runs and in which numbers."""

from __future__ import annotations

from importlib.util import find_spec

import pytest

from uprightd.errors import UnavailableError, UsageError
from uprightd.sapiens2 import device
from uprightd.sapiens2.device import Machine, Placement, memory_named, place, require_libraries, this_machine

MAC, PLAIN, XEON = Machine(mps=True), Machine(), Machine(amx=True)
SERVER = Machine(cuda=2)


@pytest.mark.parametrize(
    ("machine", "wanted", "placement"),
    [
        (MAC, {}, Placement("mps", "float16")),
        (SERVER, {}, Placement("cuda", "bfloat16", compiled=True)),
        (PLAIN, {}, Placement("cpu", "float32")),
        (XEON, {}, Placement("cpu", "bfloat16")),
        (XEON, {"dtype": "float32"}, Placement("cpu", "float32")),
        (PLAIN, {"dtype": "bfloat16"}, Placement("cpu", "bfloat16")),
        (MAC, {"device": "cpu"}, Placement("cpu", "float32")),
        (MAC, {"dtype": "float32"}, Placement("mps", "float32")),
        (SERVER, {"device": "cuda:1", "compiled": False}, Placement("cuda:1", "bfloat16")),
        (SERVER, {"device": "cuda:0", "dtype": "float32"}, Placement("cuda", "float32", compiled=True)),
    ],
)
def test_the_policy_chooses_and_can_be_overridden(
    machine: Machine, wanted: dict, placement: Placement
) -> None:
    assert place(machine, **wanted) == placement


@pytest.mark.parametrize("wanted", ["mps", "cuda", "cuda:1", "xpu", ""])
def test_a_device_that_is_not_there_is_named_with_those_that_are(wanted: str) -> None:
    with pytest.raises(UnavailableError, match=f"no device '{wanted}'") as raised:
        place(PLAIN, wanted)
    assert "There is cpu." in raised.value.hint
    assert raised.value.exit_code == 69


def test_the_devices_are_listed_by_preference() -> None:
    assert Machine(mps=True, cuda=2).devices == ("mps", "cuda", "cuda:1", "cpu")
    with pytest.raises(UnavailableError) as raised:
        place(SERVER, "cuda:2")
    assert "There is cuda, cuda:1, cpu." in raised.value.hint


@pytest.mark.parametrize(("machine", "dtype"), [(MAC, "bfloat16"), (PLAIN, "float16"), (PLAIN, "int8")])
def test_numbers_that_a_device_does_not_compute_with_are_refused(machine: Machine, dtype: str) -> None:
    with pytest.raises(UsageError, match=f"no number type '{dtype}' on {machine.devices[0]}"):
        place(machine, dtype=dtype)


def test_this_machine_has_at_least_its_cpu() -> None:
    assert this_machine().devices[-1] == "cpu"


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        RuntimeError("CUDA out of memory. Tried to allocate 20.00 GiB."),
        RuntimeError("MPS backend out of memory (MPS allocated: 9.06 GB)"),
        RuntimeError(
            "[enforce fail at alloc_cpu.cpp:127] . DefaultCPUAllocator: can't allocate memory: you tried"
        ),
    ],
    ids=["python", "cuda", "mps", "cpu"],
)
def test_running_out_of_memory_is_said_with_what_helps(error: Exception) -> None:
    with (
        pytest.raises(UnavailableError, match="not enough memory on cuda:1 for a batch of 2") as raised,
        memory_named("a batch of 2", Placement("cuda:1", "bfloat16")),
    ):
        raise error
    assert "512x384" in raised.value.hint
    assert "pose.device: cpu" in raised.value.hint


def test_torchs_own_failed_allocation_is_recognised() -> None:
    import torch

    with pytest.raises(UnavailableError), memory_named("everything", Placement("cpu", "float32")):
        torch.empty(1 << 60)


def test_other_errors_pass_as_they_are() -> None:
    with pytest.raises(RuntimeError, match="shape"), memory_named("x", Placement("cpu", "float32")):
        raise RuntimeError("shape mismatch")


@pytest.mark.parametrize(
    ("missing", "words"),
    [
        ({"torch"}, "needs torch, not installed"),
        ({"torch", "transformers"}, "needs torch and transformers, not installed"),
        ({"transformers.models.sapiens2"}, "too old"),
    ],
)
def test_a_missing_library_is_said_with_the_command_that_installs_it(
    missing: set[str], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(device, "find_spec", lambda name: None if name in missing else find_spec("json"))
    with pytest.raises(UnavailableError, match=words) as raised:
        require_libraries()
    assert 'pip install "uprightd[sapiens2]"' in raised.value.hint
