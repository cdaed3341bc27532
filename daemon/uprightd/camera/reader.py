"""Opening and reading sources with OpenCV; the only module that calls cv2.VideoCapture.

It runs in the capture process, in its main thread: any of these calls may hang inside a driver.
"""

from __future__ import annotations

import errno
import math
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from uprightd import opencv
from uprightd.camera import devices
from uprightd.camera.order import Order, SourceKind
from uprightd.camera.pictures import pictures_in
from uprightd.domain import CameraState
from uprightd.errors import UprightError
from uprightd.stills import read_image

if TYPE_CHECKING:
    import numpy as np

DEVICE_FOLDER = "/dev"
USUAL_FPS = 25.0
OPEN_FAULTS = {
    errno.ENOENT: CameraState.ABSENT,
    errno.ENODEV: CameraState.ABSENT,
    errno.ENXIO: CameraState.ABSENT,
    errno.EACCES: CameraState.DENIED,
    errno.EPERM: CameraState.DENIED,
    errno.EBUSY: CameraState.BUSY,
}


class CannotWatch(Exception):  # noqa: N818 - a state of the camera, told to the daemon
    """A live source that does not open or has stopped.

    sure: False where the state is only a guess. message: a sentence to use instead of the state's own.
    """

    def __init__(self, state: CameraState, detail: str = "", sure: bool = True, message: str = "") -> None:
        super().__init__(detail)
        self.state = state
        self.detail = detail
        self.sure = sure
        self.message = message


class BadFile(Exception):  # noqa: N818 - told to the daemon as bad data
    """A file or folder from which no picture can be read."""


class LiveReader:
    """A camera or stream: pictures come as the device delivers them."""

    def __init__(self, capture: Any, device: str = "") -> None:
        self._capture = capture
        self.device = device
        """The name of the camera, where it is known: with the picture's size, what tells it from another."""

    @property
    def fps(self) -> float:
        return float(self._capture.get(opencv.load().CAP_PROP_FPS))

    def grab(self) -> bool:
        """Wait for the next picture; return whether one came."""
        return bool(self._capture.grab())

    def retrieve(self, room: np.ndarray | None) -> np.ndarray | None:
        """Return the grabbed picture as BGR uint8, in `room` if that fits, or None."""
        return _retrieved(self._capture, room)

    def release(self) -> None:
        self._capture.release()


class FileReader(Protocol):
    """A file that is read from its start to its end; two kinds of it follow."""

    fps: float

    def seek(self, position: float) -> None:
        """Given seconds, move to or before them, where that is quicker than reading on."""
        ...

    def grab(self) -> float | None:
        """Go to the next picture; return its position in seconds, or None at the end."""
        ...

    def retrieve(self, room: np.ndarray | None) -> np.ndarray | None:
        """Return the grabbed picture as BGR uint8, in `room` if that fits, or None when it cannot be decoded."""
        ...

    def release(self) -> None: ...


class VideoReader:
    """A video file, by the presentation times of its frames."""

    def __init__(self, capture: Any) -> None:
        cv2 = opencv.load()
        self._capture = capture
        self._time = cv2.CAP_PROP_POS_MSEC
        fps = float(capture.get(cv2.CAP_PROP_FPS))
        self.fps = fps if math.isfinite(fps) and 0 < fps <= 1000 else USUAL_FPS
        frames = float(capture.get(cv2.CAP_PROP_FRAME_COUNT))
        self.promised = frames / fps if frames > 0 and fps > 0 and math.isfinite(frames / fps) else None
        """Seconds that the container says it holds; a file that is cut off holds less. None: it does not say."""
        self._start = 0.0
        self._last: float | None = None

    def seek(self, position: float) -> None:
        if position > 2.0:  # nearer to the start, reading on is as quick
            self._start = position - 1.0
            self._capture.set(self._time, self._start * 1000.0)

    def grab(self) -> float | None:
        if not self._capture.grab():
            return None
        position = float(self._capture.get(self._time)) / 1000.0
        if self._last is None:
            position = position if math.isfinite(position) and position > 0 else self._start
        elif not math.isfinite(position) or position <= self._last:
            position = self._last + 1.0 / self.fps  # a container without times (MJPEG, raw H.264)
        self._last = position
        return position

    def retrieve(self, room: np.ndarray | None) -> np.ndarray | None:
        return _retrieved(self._capture, room)

    def release(self) -> None:
        self._capture.release()


class FolderReader:
    """A folder of pictures, one every 1/fps seconds; decoded only when wanted."""

    def __init__(self, folder: Path, fps: float, note: Callable[[str], None]) -> None:
        try:
            self._pictures = pictures_in(folder)
        except OSError as error:
            raise BadFile(f"cannot be listed: {error.strerror}") from error
        if not self._pictures:
            raise BadFile("no pictures in this folder")
        self.fps = fps
        self._note = note
        self._at = -1

    def seek(self, position: float) -> None:
        self._at = max(-1, math.floor(position * self.fps) - 1)

    def grab(self) -> float | None:
        self._at += 1
        return self._at / self.fps if self._at < len(self._pictures) else None

    def retrieve(self, room: np.ndarray | None) -> np.ndarray | None:  # noqa: ARG002 - decoded anew each time
        try:
            return read_image(self._pictures[self._at])
        except UprightError as error:
            self._note(f"left out: {error.message}")
            return None

    def release(self) -> None:
        self._pictures = []


def open_file(order: Order, note: Callable[[str], None]) -> FileReader:
    """Given an order for a video or a folder, and whom to tell about a picture that is left out, return its
    reader. Raise BadFile when it cannot be read."""
    if order.kind is SourceKind.FOLDER:
        return FolderReader(Path(str(order.target)), order.folder_fps, note)
    cv2 = opencv.load()
    # One decoding thread: at a few pictures a second more of them only cost memory.
    capture = cv2.VideoCapture(str(order.target), cv2.CAP_FFMPEG, [cv2.CAP_PROP_N_THREADS, 1])
    if not capture.isOpened():
        raise BadFile("not a video, or a video without a single frame")
    # A phone films sideways and says so in the file; OpenCV 4.11 heeds that only when asked to.
    capture.set(cv2.CAP_PROP_ORIENTATION_AUTO, 1)
    return VideoReader(capture)


def open_live(order: Order) -> LiveReader:
    """Given an order for a camera or a stream, return its reader. Raise CannotWatch with its state."""
    if order.kind is SourceKind.INDEX:
        index = int(order.target)
        name = "" if sys.platform == "darwin" else _device_name(index)
        return _open_device(order, index, name)
    if order.kind is SourceKind.NAME:
        try:
            device = devices.find_device(str(order.target), devices.list_devices())
        except UprightError as error:
            raise CannotWatch(CameraState.ABSENT, message=error.message) from error
        return _open_device(order, device.index, device.name)
    cv2 = opencv.load()
    limits = [
        cv2.CAP_PROP_OPEN_TIMEOUT_MSEC,
        int(order.open_timeout * 800),
        cv2.CAP_PROP_READ_TIMEOUT_MSEC,
        int(order.read_timeout * 800),
        cv2.CAP_PROP_N_THREADS,
        1,
    ]
    capture = cv2.VideoCapture(str(order.target), cv2.CAP_FFMPEG, limits)
    if not capture.isOpened():
        raise CannotWatch(CameraState.ABSENT, sure=False)
    return LiveReader(capture)


def _device_name(index: int) -> str:
    return next((device.name for device in devices.list_devices() if device.index == index), "")


def _open_device(order: Order, index: int, name: str) -> LiveReader:
    cv2 = opencv.load()
    mac = sys.platform == "darwin"
    if not mac and (fault := device_fault(f"{DEVICE_FOLDER}/video{index}")) is not None:
        raise fault
    capture = cv2.VideoCapture(index, cv2.CAP_AVFOUNDATION if mac else cv2.CAP_V4L2)
    if not capture.isOpened():
        raise CannotWatch(CameraState.ABSENT if mac else CameraState.BUSY, sure=False)
    capture.set(cv2.CAP_PROP_FRAME_WIDTH, order.width)
    capture.set(cv2.CAP_PROP_FRAME_HEIGHT, order.height)
    capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)
    return LiveReader(capture, name)


def device_fault(path: str, opened: Callable[[str, int], int] = os.open) -> CannotWatch | None:
    """Given a camera's device file, return why it cannot be opened, or None when it can."""
    try:
        os.close(opened(path, os.O_RDWR | os.O_NONBLOCK))
    except OSError as error:
        state = OPEN_FAULTS.get(error.errno or 0, CameraState.ABSENT)
        return CannotWatch(state, f"{path}: {error.strerror}")
    return None


def _retrieved(capture: Any, room: np.ndarray | None) -> np.ndarray | None:
    ok, image = capture.retrieve(room)
    return to_bgr8(image) if ok and image is not None and image.size else None


def to_bgr8(image: np.ndarray) -> np.ndarray:
    """Given a decoded picture of any depth and 1, 3 or 4 channels, return contiguous BGR uint8 (H, W, 3)."""
    import numpy as np

    cv2 = opencv.load()
    if image.dtype == np.uint16:
        image = (image >> 8).astype(np.uint8)
    elif image.dtype != np.uint8:
        image = np.clip(image, 0, 255).astype(np.uint8)
    channels = 1 if image.ndim == 2 else image.shape[2]
    if channels == 1:
        image = cv2.cvtColor(image, cv2.COLOR_GRAY2BGR)
    elif channels == 4:
        image = cv2.cvtColor(image, cv2.COLOR_BGRA2BGR)
    return np.ascontiguousarray(image)
