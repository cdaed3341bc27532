"""Clips whose truth is known: NAME.mp4 with NAME.json beside it, read and checked before anything is measured."""

from __future__ import annotations

import json
import math
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from uprightd.camera.order import Order, SourceKind
from uprightd.camera.reader import BadFile, FileReader, open_file
from uprightd.domain import COCO_17
from uprightd.errors import DataError, DeniedError
from uprightd.problems import Keypath, Problems, got
from uprightd.service.accuracy.bodies import Body, Lens

JOINTS = (*COCO_17, "left_heel", "right_heel", "left_foot_index", "right_foot_index")
"""Names in a truth file; its foot_index is our big toe."""
HINT = "Expected NAME.mp4 with its truth NAME.json: fps, size, camera, joints, and frames with t, uv and xyz."
FARTHEST = 1e6
"""Beyond this, in pixels or metres, a number is no place."""
SAME_PLACE = 2.0
"""Pixels by which the camera may show a joint elsewhere than the file says."""
SQUARE = 1e-3
"""How far a camera's axes may be from being of length 1 and square to each other."""


@dataclass(frozen=True, slots=True)
class Clip:
    """A video with the body in each of its frames; `times` are seconds since the first of them."""

    name: str
    video: Path
    fps: float
    times: tuple[float, ...]
    bodies: tuple[Body, ...]

    @property
    def lens(self) -> Lens:
        return self.bodies[0].lens


def read_clips(folder: Path) -> list[Clip]:
    """Given a folder, return its clips by name, each video opened and held against its truth.

    Raise DataError when there are none, or one has no truth, a damaged one, or another one's; DeniedError when the
    folder may not be read.
    """
    try:
        videos = sorted(folder / name for name in os.listdir(folder) if name.endswith(".mp4"))
    except PermissionError as error:
        raise DeniedError(f"{folder}: you may not look into this folder", "Ask its owner.") from error
    except OSError as error:
        raise DataError(f"{folder}: {error.strerror}", "Expected a folder of clips.") from error
    if not videos:
        raise DataError(f"{folder}: no clips in this folder", HINT)
    for video in videos:
        if not video.is_file():  # a FIFO would wait for its writer for ever
            raise DataError(f"{video}: not a file", HINT)
    return [_read_clip(video) for video in videos]


def open_video(path: Path) -> FileReader:
    """Given a video file, return its reader. Raise DataError when it cannot be read."""
    try:
        return open_file(Order(SourceKind.VIDEO, str(path)), lambda _: None)
    except BadFile as error:
        raise DataError(
            f"{path}: {error}", "Expected a video that OpenCV can read (H.264 in .mp4)."
        ) from error


def _read_clip(video: Path) -> Clip:
    path = video.with_suffix(".json")
    truth = _parsed(path, video)
    problems = Problems()
    _check_head(str(path), truth, problems)
    if not problems:
        _check_frames(str(path), truth, problems)
    if problems:
        raise DataError("\n".join(problems), HINT)
    lens, bodies = _bodies(truth)
    _check_video(path, video, lens.size, len(bodies))
    _check_projection(path, truth, bodies)
    times = [frame["t"] for frame in truth["frames"]]
    return Clip(video.stem, video, float(truth["fps"]), tuple(time - times[0] for time in times), bodies)


def _parsed(path: Path, video: Path) -> dict[str, Any]:
    try:
        if not path.exists():
            raise DataError(f"{video}: its truth {path.name} is not there", HINT)
        if not path.is_file():
            raise DataError(f"{path}: not a file", HINT)
        truth = json.loads(path.read_text(encoding="utf-8"))
    except PermissionError as error:
        raise DeniedError(f"{path}: you may not read this", f"Run: chmod u+r '{path}'") from error
    except OSError as error:
        raise DataError(f"{path}: {error.strerror}", HINT) from error
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path}: not JSON, or cut off ({error})", HINT) from error
    if not isinstance(truth, dict):
        raise DataError(f"{path}: expected a block of keys, got {got(truth)}", HINT)
    return truth


def _check_head(file: str, truth: dict[str, Any], problems: Problems) -> None:
    shapes: dict[Keypath, tuple[int, ...]] = {
        ("fps",): (),
        ("size",): (2,),
        ("camera", "position"): (3,),
        ("camera", "rotation"): (3, 3),
        ("camera", "focal_px"): (),
    }
    for keypath, shape in shapes.items():
        if fault := _fault(_found(truth, keypath), shape, keypath):
            problems.add(file, 0, *fault)
    names, frames = truth.get("joints"), truth.get("frames")
    if not isinstance(names, list) or sorted(map(str, names)) != sorted(JOINTS):
        problems.add(file, 0, ("joints",), f"expected these {len(JOINTS)} names: {', '.join(JOINTS)}")
    if not isinstance(frames, list) or not frames:
        problems.add(
            file, 0, ("frames",), f"expected a list with one block for each frame, got {got(frames)}"
        )
    if problems:
        return
    for keypath in (("fps",), ("camera", "focal_px"), ("size", 0), ("size", 1)):
        if _found(truth, keypath) <= 0:
            problems.add(file, 0, keypath, f"expected a number above 0, got {got(_found(truth, keypath))}")
    axes = np.array(truth["camera"]["rotation"])
    if np.abs(axes.T @ axes - np.eye(3)).max() > SQUARE or np.linalg.det(axes) < 0:
        problems.add(
            file, 0, ("camera", "rotation"), "expected a rotation: its columns point right, up and back"
        )


def _check_frames(file: str, truth: dict[str, Any], problems: Problems) -> None:
    last = -math.inf
    for number, frame in enumerate(truth["frames"]):
        if not isinstance(frame, dict):
            problems.add(file, 0, ("frames", number), f"expected a block of keys, got {got(frame)}")
            continue
        for key, shape in (("t", ()), ("xyz", (len(JOINTS), 3)), ("uv", (len(JOINTS), 2))):
            if fault := _fault(frame.get(key), shape, ("frames", number, key)):
                problems.add(file, 0, *fault)
        if _is_number(frame.get("t")):
            if frame["t"] <= last:
                problems.add(file, 0, ("frames", number, "t"), "expected a later time than the frame before")
            last = frame["t"]


def _fault(value: Any, shape: tuple[int, ...], keypath: Keypath) -> tuple[Keypath, str] | None:
    """Given a value and the lengths of the nested lists it should be, return the first place where it is not."""
    if not shape:
        return None if _is_number(value) else (keypath, f"expected a number, got {got(value)}")
    if not isinstance(value, list) or len(value) != shape[0]:
        found = f"{len(value)}" if isinstance(value, list) else got(value)
        return keypath, f"expected a list of {shape[0]}, got {found}"
    faults = (_fault(item, shape[1:], (*keypath, index)) for index, item in enumerate(value))
    return next((fault for fault in faults if fault), None)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < FARTHEST


def _found(truth: dict[str, Any], keypath: Keypath) -> Any:
    """What stands at a key path, None where nothing does."""
    value: Any = truth
    for key in keypath:
        if isinstance(key, int):
            value = value[key]
        else:
            value = value.get(key) if isinstance(value, dict) else None
    return value


def _bodies(truth: dict[str, Any]) -> tuple[Lens, tuple[Body, ...]]:
    """Return the lens, and the bodies in its axes: (X − position) · rotation."""
    camera = truth["camera"]
    axes, position = np.array(camera["rotation"]), np.array(camera["position"])
    right, up, back = axes[2]  # the world's Z in the camera's axes
    # The picture's up is the world's as far as it leans towards the camera or away, without its roll.
    lens = Lens(
        (int(truth["size"][0]), int(truth["size"][1])),
        float(camera["focal_px"]),
        np.array([0.0, math.copysign(math.hypot(right, up), up), back]),
    )
    names = [name.replace("foot_index", "big_toe") for name in truth["joints"]]
    return lens, tuple(
        Body(dict(zip(names, (np.array(frame["xyz"]) - position) @ axes, strict=True)), lens)
        for frame in truth["frames"]
    )


def _check_projection(path: Path, truth: dict[str, Any], bodies: tuple[Body, ...]) -> None:
    """The camera must show the joints where the file says they are seen."""
    for number, (body, frame) in enumerate(zip(bodies, truth["frames"], strict=True)):
        points = body.points()
        for name, seen, place in zip(truth["joints"], frame["uv"], body.places, strict=True):
            off = math.dist(points[place], seen) if place in points else 0.0
            if off > SAME_PLACE:
                raise DataError(
                    f"{path}: frames[{number}]: the camera shows the {name} {off:.0f} pixels away from its uv",
                    "Expected camera and size to be those of this video, scaled with it.",
                )


def _check_video(path: Path, video: Path, size: tuple[int, int], frames: int) -> None:
    reader, count, picture = open_video(video), 0, None
    try:
        while reader.grab() is not None:
            picture = picture if count else reader.retrieve(None)
            count += 1
    finally:
        reader.release()
    if picture is None:
        raise DataError(f"{video}: no frame of it can be decoded", "Copy or download it again.")
    if picture.shape[1::-1] != size:
        shown = "×".join(map(str, picture.shape[1::-1]))
        raise DataError(f"{path}: it is the truth of {size[0]}×{size[1]} pixels, its video has {shown}", HINT)
    if count > frames:
        raise DataError(f"{path}: the truth of {frames} frames, its video has {count}", HINT)
    if count < frames:
        raise DataError(f"{video}: ends after {count} frames, its truth has {frames}", "Copy it again.")
