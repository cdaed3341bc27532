"""Where a network runs and in which numbers: the policy, and what this machine has."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec

from uprightd.errors import UnavailableError, UsageError

AUTO = "auto"
FLOAT32, FLOAT16, BFLOAT16 = "float32", "float16", "bfloat16"
DTYPES = {"mps": (FLOAT32, FLOAT16), "cuda": (FLOAT32, FLOAT16, BFLOAT16), "cpu": (FLOAT32, BFLOAT16)}
"""Number types that each kind of device is used with."""
INSTALL = 'Install them with: pip install "uprightd[sapiens2]"'
NO_MEMORY = ("out of memory", "t allocate memory", "not enough memory", "STATUS_ALLOC_FAILED")
"""In the messages of CUDA, MPS, the CPU's allocators and cuBLAS."""


@dataclass(frozen=True, slots=True)
class Machine:
    """What there is to run on."""

    mps: bool = False
    cuda: int = 0
    """How many CUDA devices."""
    amx: bool = False
    """Whether the CPU multiplies bfloat16 matrices in hardware. Without, bfloat16 is slower than float32
    (0.62 of its speed on a Xeon with avx512_bf16)."""

    @property
    def devices(self) -> tuple[str, ...]:
        """The devices by name, the preferred one first."""
        cuda = ("cuda", *(f"cuda:{index}" for index in range(1, self.cuda))) if self.cuda else ()
        return (*(("mps",) if self.mps else ()), *cuda, "cpu")


@dataclass(frozen=True, slots=True)
class Placement:
    """A device, the number type on it, and whether torch compiles the network for it."""

    device: str
    dtype: str
    compiled: bool = False

    @property
    def kind(self) -> str:
        return self.device.partition(":")[0]

    def __str__(self) -> str:
        return f"{self.device}, {self.dtype}{', compiled' if self.compiled else ''}"


def this_machine() -> Machine:
    """Return what this machine has. Raise UnavailableError when torch or transformers is missing."""
    require_libraries()
    import torch

    return Machine(
        mps=torch.backends.mps.is_available(),
        cuda=torch.cuda.device_count() if torch.cuda.is_available() else 0,
        amx=getattr(torch.cpu, "_is_amx_tile_supported", bool)(),  # private, and not in every build
    )


def place(machine: Machine, device: str = AUTO, dtype: str = AUTO, compiled: bool | None = None) -> Placement:
    """Given what there is and what is wanted, return where to run.

    By default MPS in float16, else CUDA in bfloat16 and compiled, else the CPU in float32, or in bfloat16 where
    it has AMX. Raise UnavailableError when the device is not there, UsageError when it has no such number type.
    """
    chosen = machine.devices[0] if device == AUTO else device.removesuffix(":0")
    if chosen not in machine.devices:
        raise UnavailableError(
            f"no device {device!r} on this machine",
            f"There is {', '.join(machine.devices)}. Set pose.device to one of them, or to auto.",
        )
    kind = chosen.partition(":")[0]
    defaults = {"mps": FLOAT16, "cuda": BFLOAT16, "cpu": BFLOAT16 if machine.amx else FLOAT32}
    numbers = defaults[kind] if dtype == AUTO else dtype
    if numbers not in DTYPES[kind]:
        raise UsageError(f"no number type {dtype!r} on {chosen}", f"Use auto, {', '.join(DTYPES[kind])}.")
    return Placement(chosen, numbers, kind == "cuda" if compiled is None else compiled)


def runtime_environment() -> dict[str, str]:
    """Return the variables under which torch computes with least waste; to be set before it is imported.

    Threads sleep while they wait instead of burning CPU time, and large activations live in huge pages: without
    them every forward faults in its memory anew, 7 to 10 % of its time on a CPU.
    """
    return {"OMP_WAIT_POLICY": "PASSIVE", "THP_MEM_ALLOC_ENABLE": "1"}


def require_libraries() -> None:
    """Raise UnavailableError, saying what to install, when torch or transformers' Sapiens2 is not there."""
    missing = [library for library in ("torch", "transformers", "safetensors") if find_spec(library) is None]
    if missing:
        raise UnavailableError(f"Sapiens2 needs {' and '.join(missing)}, not installed here", INSTALL)
    if find_spec("transformers.models.sapiens2") is None:
        raise UnavailableError("the installed transformers is too old to know Sapiens2", INSTALL)


@contextlib.contextmanager
def memory_named(doing: str, placement: Placement) -> Iterator[None]:
    """Turn "out of memory" of whatever device into an UnavailableError that says where and what helps."""
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if not out_of_memory(error):
            raise
        other = "" if placement.kind == "cpu" else ", or pose.device: cpu"
        raise UnavailableError(
            f"not enough memory on {placement.device} for {doing}",
            f"Use pose.size: 0.4b, pose.resolution: 512x384{other}; or close other programs.",
        ) from error


def out_of_memory(error: Exception) -> bool:
    """Whether an error says that memory ran out: torch has no one class for it."""
    return isinstance(error, MemoryError) or any(words in str(error) for words in NO_MEMORY)
