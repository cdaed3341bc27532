"""Small video files of all sorts, and what can be wrong with them."""

from __future__ import annotations

import struct
import wave
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from uprightd import opencv

WALK = Path(__file__).parents[1] / "clips" / "walk_side_m.mp4"
UPRIGHT = (0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
QUARTER = (0, 0x10000, 0, -0x10000, 0, 0, 0, 0, 0x40000000)
"""The matrix of a track as it lies, and of one that is to be shown turned by 90° clockwise."""


def written(path: Path, pictures: Sequence[np.ndarray], fps: float = 30.0) -> Path:
    """Write pictures BGR uint8 of one size as a video."""
    cv2 = opencv.load()
    size = (pictures[0].shape[1], pictures[0].shape[0])
    writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, cv2.VideoWriter_fourcc(*"mp4v"), fps, size)
    assert writer.isOpened()
    for picture in pictures:
        writer.write(picture)
    writer.release()
    return path


def frames_of(path: Path, begin: int = 0, end: int | None = None) -> list[np.ndarray]:
    cv2 = opencv.load()
    reader, found = cv2.VideoCapture(str(path)), []
    while (end is None or len(found) < end) and reader.grab():
        found.append(reader.retrieve()[1])
    reader.release()
    return found[begin:]


def clip(
    path: Path, begin: int, end: int, change: Callable[[np.ndarray], np.ndarray] = lambda it: it
) -> Path:
    """Write the frames `begin` to `end` of the walk seen from the side, each changed."""
    return written(path, [np.ascontiguousarray(change(it)) for it in frames_of(WALK, begin, end)])


def turned(path: Path, source: Path) -> Path:
    """Write a copy of a video that says of itself: show me turned by 90° clockwise."""
    data = bytearray(source.read_bytes())
    at = data.index(b"tkhd") + 4 + 4 + 20 + 16
    assert struct.unpack(">9i", data[at : at + 36]) == UPRIGHT
    data[at : at + 36] = struct.pack(">9i", *QUARTER)
    path.write_bytes(data)
    return path


def contents_first(path: Path, source: Path) -> Path:
    """Write a copy of an mp4 whose table of contents comes before its frames, as streaming wants it."""
    data, boxes, at = source.read_bytes(), [], 0
    while at < len(data):
        length = struct.unpack(">I", data[at : at + 4])[0] or len(data) - at
        if length == 1:
            length = struct.unpack(">Q", data[at + 8 : at + 16])[0]
        boxes.append(data[at : at + length])
        at += length
    head = [box for box in boxes if box[4:8] == b"ftyp"]
    table = bytearray(next(box for box in boxes if box[4:8] == b"moov"))
    rest = [box for box in boxes if box[4:8] not in (b"ftyp", b"moov")]
    at = -1
    while (at := table.find(b"stco", at + 1)) >= 0:
        count = struct.unpack(">I", table[at + 8 : at + 12])[0]
        places = struct.unpack(f">{count}I", table[at + 12 : at + 12 + 4 * count])
        moved = [place + len(table) for place in places]
        table[at + 12 : at + 12 + 4 * count] = struct.pack(f">{count}I", *moved)
    path.write_bytes(b"".join([*head, bytes(table), *rest]))
    return path


def cut_off(path: Path, source: Path, share: float) -> Path:
    """Write the first part of a file."""
    data = source.read_bytes()
    path.write_bytes(data[: int(share * len(data))])
    return path


def sound(path: Path) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(bytes(16000))
    return path
