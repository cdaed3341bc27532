"""The annotated video: the frames once more, drawn on, and a picture of each strike for the report."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from uprightd import opencv
from uprightd.captures.gait.overlay import Overlay
from uprightd.captures.gait.rates import rate_of
from uprightd.captures.gait.report import Picture
from uprightd.captures.gait.video import VideoFile
from uprightd.gait.model import Analysis, EventKind
from uprightd.service.gait.footage import Shot
from uprightd.service.gait.request import Tell

VIDEO = "annotated.mp4"
PICTURES = 10
"""Strikes shown in the report, at most."""
TALL = 420
"""Pixels of the height of such a picture, at most."""
REPEATS = 90
"""Times a frame is repeated at most where the next one is missing."""
SLOWEST, FASTEST = 5.0, 120.0


def annotate(
    shots: Iterable[Shot],
    overlay: Overlay,
    times: np.ndarray,
    analysis: Analysis | None,
    path: Path,
    tell: Tell,
) -> tuple[list[Picture], str]:
    """Given the frames again, who draws, the track's times, the analysis and where to write to, write the video;
    return pictures of the strikes and the name of the codec.

    A video has one frame rate: where the times vary, frames are repeated or left out so that it keeps its pace.
    """
    rate = min(max(round(rate_of(times) or SLOWEST, 3), SLOWEST), FASTEST)
    wanted = _strike_frames(times, analysis)
    pictures: list[Picture] = []
    out = VideoFile(path, overlay.size, rate)
    written, index = 0, -1
    try:
        for shot in shots:
            index = _place(times, shot.t, index)
            if index is None:
                break
            drawn = overlay.draw(index, shot.image)
            if index in wanted:
                pictures.append((wanted[index], _cut(drawn, overlay.around_walker(index))))
            due = round((shot.t - times[0]) * rate) + 1
            for _ in range(min(due - written, REPEATS)):
                out.write(drawn)
            written = max(written, due)
            tell("drawing", shot.t, float(times[-1]))
    finally:
        out.close()
    return pictures, out.codec


def _place(times: np.ndarray, t: float, last: int) -> int | None:
    """Return the frame of the track that shows this moment, at or after the last one; None behind the end."""
    index = max(last, 0)
    while index < len(times) and times[index] < t - 1e-4:
        index += 1
    return index if index < len(times) else None


def _strike_frames(times: np.ndarray, analysis: Analysis | None) -> dict[int, str]:
    strikes = [event for event in analysis.events if event.kind is EventKind.STRIKE] if analysis else []
    return {
        int(np.argmin(np.abs(times - event.t))): f"{event.side.value}, {event.t:.2f} s"
        for event in strikes[:PICTURES]
    }


def _cut(drawn: np.ndarray, edges: tuple[int, int, int, int] | None) -> bytes:
    cv2 = opencv.load()
    left, top, right, bottom = edges or (0, 0, drawn.shape[1], drawn.shape[0])
    part = drawn[top:bottom, left:right]
    scale = min(1.0, TALL / part.shape[0])
    if scale < 1:
        part = cv2.resize(part, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return cv2.imencode(".jpg", part, [cv2.IMWRITE_JPEG_QUALITY, 85])[1].tobytes()
