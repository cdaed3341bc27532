"""The header of a safetensors file: which tensors it holds, read and checked without touching the weights.

Format: eight bytes with the header's length (little-endian), the header as JSON, then the tensors' bytes
without gaps. https://huggingface.co/docs/safetensors
"""

from __future__ import annotations

import json
import math
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from uprightd.errors import DataError, DeniedError, UnavailableError

FETCH = (
    "Get the weights with `uprightd models fetch`, or add a file that you have: `uprightd models add PATH`."
)
FETCH_AGAIN = (
    "Get it again with `uprightd models fetch`; `uprightd models verify` checks all installed weights."
)

BYTES = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2, "I64": 8, "I32": 4, "I16": 2, "I8": 1, "U8": 1, "BOOL": 1}
LONGEST_HEADER = 16 << 20
"""Bytes. The 5b checkpoint's header has about 0.2 MiB."""
GLIMPSE = 4096
"""Bytes looked at from each end of a tensor to see whether there is anything but zeros."""


@dataclass(frozen=True, slots=True)
class Tensor:
    """One tensor of the file: its type as safetensors names it, its shape, and where its bytes lie in the file."""

    dtype: str
    shape: tuple[int, ...]
    begin: int
    end: int


def read_header(path: Path) -> dict[str, Tensor]:
    """Given a safetensors file, return its tensors by name.

    Raise UnavailableError when it is not there, DeniedError when it may not be read, and DataError when it is
    empty, something else, cut off, damaged, or filled with zeros.
    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK)  # a FIFO would wait for its writer for ever
    except FileNotFoundError as error:
        raise UnavailableError(f"{path}: no such file", FETCH) from error
    except PermissionError as error:
        raise DeniedError(f"{path}: may not be read", f"Check its mode: ls -l {path}") from error
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}", FETCH_AGAIN) from error
    with open(handle, "rb") as file:
        info = os.fstat(file.fileno())
        if not stat.S_ISREG(info.st_mode):
            raise DataError(f"{path}: not a file; expected a safetensors checkpoint", FETCH)
        try:
            tensors = _tensors(file, info.st_size)
            _refuse_zeros(file, tensors)
        except ValueError as error:
            raise DataError(f"{path}: {error}", FETCH_AGAIN) from error
        except OSError as error:
            raise DataError(f"{path}: cannot be read: {error.strerror}", FETCH_AGAIN) from error
    return tensors


def _tensors(file: BinaryIO, size: int) -> dict[str, Tensor]:
    """Raise ValueError with what is wrong."""
    start = file.read(512)
    _refuse_impostors(start, size)
    length = int.from_bytes(start[:8], "little")
    if length > LONGEST_HEADER or start[8:9] != b"{":
        raise ValueError("not a safetensors file: it does not begin with a safetensors header")
    if 8 + length > size:
        raise ValueError(f"cut off within its header: {size} bytes, the header alone has {8 + length}")
    file.seek(8)
    try:
        header = json.loads(file.read(length))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"its header is damaged: {error}") from error
    header.pop("__metadata__", None)
    tensors = {str(name): _tensor(name, entry, 8 + length) for name, entry in header.items()}
    _check_extent(tensors, 8 + length, size)
    return tensors


def _refuse_impostors(start: bytes, size: int) -> None:
    if size == 0:
        raise ValueError("the file is empty; expected a safetensors checkpoint")
    if start.startswith(b"version https://git-lfs"):
        raise ValueError("a Git LFS pointer of some hundred bytes, not the weights themselves")
    if start.lstrip().lower().startswith((b"<!doctype", b"<html", b"<?xml")):
        raise ValueError("a web page, not weights: the download ended at a login or error page")
    if not any(start):
        raise ValueError("filled with zeros; expected a safetensors checkpoint")
    if size < 10:
        raise ValueError(f"cut off: {size} bytes are not even a header")


def _tensor(name: str, entry: object, data: int) -> Tensor:
    """Given a header's entry and where the tensors' bytes begin in the file, return the tensor."""
    try:
        assert isinstance(entry, Mapping)
        dtype, shape, (begin, end) = entry["dtype"], tuple(entry["shape"]), entry["data_offsets"]
        numbers = (*shape, begin, end)
        sound = all(type(number) is int and number >= 0 for number in numbers)
        sound = sound and end - begin == math.prod(shape) * BYTES[dtype]
    except (AssertionError, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"its header is damaged: the entry for {name} cannot be read") from error
    if not sound:
        raise ValueError(f"its header is damaged: {name} has shape {list(shape)} and {end - begin} bytes")
    return Tensor(dtype, shape, data + begin, data + end)


def _check_extent(tensors: Mapping[str, Tensor], data: int, size: int) -> None:
    """The tensors must fill the rest of the file without gap or overlap."""
    at = data
    for tensor in sorted(tensors.values(), key=lambda tensor: (tensor.begin, tensor.end)):
        if tensor.begin != at:
            raise ValueError("its header is damaged: the tensors do not follow one another")
        at = tensor.end
    if at > size:
        raise ValueError(f"cut off: {size:,} bytes of {at:,}")
    if at < size:
        raise ValueError(f"too long: {size:,} bytes where its header announces {at:,}")


def _refuse_zeros(file: BinaryIO, tensors: Mapping[str, Tensor]) -> None:
    """A download that reserved its space and was interrupted ends in zeros; no trained matrix begins and ends so."""
    for name, tensor in tensors.items():
        if len(tensor.shape) < 2 or tensor.end == tensor.begin:
            continue
        for begin in (tensor.begin, max(tensor.begin, tensor.end - GLIMPSE)):
            file.seek(begin)
            if any(file.read(min(GLIMPSE, tensor.end - begin))):
                break
        else:
            raise ValueError(f"zeros where the tensor {name} should be: an interrupted download?")
