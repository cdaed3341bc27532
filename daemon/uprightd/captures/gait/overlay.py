"""The annotated video: skeleton, footprints and a live readout on every frame.

The subject's left is blue, the right green, everywhere. Where a foot strikes the floor, its print stays. Below runs the
walk's own clock: a bar while a foot is on the floor, and a line at this moment.
"""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Iterable

import numpy as np

from uprightd import opencv
from uprightd.captures.drawing import EDGE, LEFT, LIMBS, MIDDLE, RIGHT
from uprightd.captures.gait.lettering import Colour, shade, width_of, write
from uprightd.captures.gait.stances import floor_times
from uprightd.domain import View
from uprightd.gait.model import Analysis, Event, EventKind, Side, Track

LARGEST_SIDE = 960
"""Pixels of the longer side of the annotated video."""
SEEN_FROM = 0.3
FLASH = 0.25
"""Seconds for which a strike is lit up."""
TRAIL = 0.5
"""Seconds of the path of each foot behind it."""
WHITE: Colour = (250, 247, 245)
DIM: Colour = (186, 174, 165)
COLOURS = {Side.LEFT: LEFT, Side.RIGHT: RIGHT}


def reduced(size: tuple[int, int]) -> tuple[int, int]:
    """Given a picture's width and height, return those of the annotated video; even, as encoders want them."""
    scale = min(1.0, LARGEST_SIDE / max(size))
    return max(2, round(size[0] * scale) // 2 * 2), max(2, round(size[1] * scale) // 2 * 2)


class Overlay:
    """Draws on one frame after the other."""

    def __init__(self, track: Track, analysis: Analysis | None, title: str) -> None:
        """Given the track, its analysis (None where there is none) and a line that says what this is."""
        shown = analysis.track if analysis else track
        self.size = reduced(track.size)
        self._scale = self.size[0] / track.size[0] if track.size[0] else 1.0
        self._times = shown.times
        self._points = _pixels(shown, self._scale)
        self._thick = max(2, round(self.size[1] / 240))
        self._letter = max(13, round(min(self.size) / 32))
        self._title = title
        events = analysis.events if analysis else ()
        self._strikes = [event for event in events if event.kind is EventKind.STRIKE]
        self._strike_times = [event.t for event in self._strikes]
        self._prints = [self._print(event) for event in self._strikes]
        self._far = Side.LEFT if analysis and analysis.view is View.SAGITTAL_RIGHT else Side.RIGHT
        """Drawn first, so that the nearer leg lies over it."""
        self._prints_stay = bool(analysis and analysis.direction)
        """From the front and from behind they would lie on the legs."""
        self._lean = analysis.series.get("trunk_lean") if analysis else None
        self._span = (float(self._times[0]), float(self._times[-1])) if len(self._times) else (0.0, 1.0)
        self._strip = self._draw_strip(analysis) if analysis and events else None

    def draw(self, index: int, image: np.ndarray) -> np.ndarray:
        """Given the number of a frame in the track and its picture BGR uint8 (H, W, 3), return a drawn one."""
        cv2 = opencv.load()
        if (image.shape[1], image.shape[0]) != self.size:
            canvas = cv2.resize(image, self.size, interpolation=cv2.INTER_LINEAR)
        else:
            canvas = image.copy()
        t = float(self._times[index])
        done = bisect.bisect_right(self._strike_times, t)
        self._draw_prints(canvas, t, done)
        self._draw_body(canvas, index)
        self._draw_readout(canvas, index, t, done)
        self._draw_clock(canvas, t)
        return canvas

    def around_walker(self, index: int) -> tuple[int, int, int, int] | None:
        """Given a frame's number, return left, top, right, bottom of a part around the walker; None without one."""
        places = np.array([array[index] for array in self._points.values()])
        places = places[places[:, 0] > -9000] if len(places) else places
        if len(places) < 5:
            return None
        (left, top), (right, bottom) = places.min(axis=0), places.max(axis=0)
        tall = bottom - top
        middle, half = (left + right) / 2, tall * 0.42
        edges = (middle - half, top - 0.14 * tall, middle + half, bottom + 0.08 * tall)
        limits = (self.size[0], self.size[1]) * 2
        x0, y0, x1, y1 = (int(min(max(edge, 0), limit)) for edge, limit in zip(edges, limits, strict=True))
        return (x0, y0, x1, y1) if x1 - x0 > 20 and y1 - y0 > 20 else None

    # ---- the body ----------------------------------------------------------------------------------------------

    def _draw_body(self, canvas: np.ndarray, index: int) -> None:
        cv2 = opencv.load()
        for side in (self._far, self._far.other):
            colour = COLOURS[side]
            self._draw_trail(canvas, side, index)
            for start, end in LIMBS:
                other = "nose" if end == "nose" else f"{side.value}_{end}"
                self._line(canvas, f"{side.value}_{start}", other, index, colour)
            if side is self._far:
                for part in ("shoulder", "hip"):
                    self._line(canvas, f"left_{part}", f"right_{part}", index, MIDDLE)
        for name, array in self._points.items():
            x, y = array[index]
            if x > -9000:
                colour = LEFT if name.startswith("left_") else RIGHT if name.startswith("right_") else MIDDLE
                cv2.circle(canvas, (x, y), self._thick + 2, EDGE, -1, cv2.LINE_AA)
                cv2.circle(canvas, (x, y), self._thick + 1, colour, -1, cv2.LINE_AA)

    def _line(self, canvas: np.ndarray, start: str, end: str, index: int, colour: Colour) -> None:
        if start in self._points and end in self._points:
            (x0, y0), (x1, y1) = self._points[start][index], self._points[end][index]
            if x0 > -9000 and x1 > -9000:
                cv2 = opencv.load()
                cv2.line(canvas, (x0, y0), (x1, y1), colour, self._thick, cv2.LINE_AA)

    def _draw_trail(self, canvas: np.ndarray, side: Side, index: int) -> None:
        cv2 = opencv.load()
        path = self._points.get(f"{side.value}_ankle")
        if path is None:
            return
        begin = int(np.searchsorted(self._times, self._times[index] - TRAIL))
        recent = path[begin : index + 1]
        recent = recent[recent[:, 0] > -9000]
        if len(recent) > 1:
            cv2.polylines(canvas, [recent.reshape(-1, 1, 2)], False, COLOURS[side], 1, cv2.LINE_AA)

    # ---- the feet on the floor -----------------------------------------------------------------------------------

    def _print(self, event: Event) -> tuple[int, int] | None:
        path = self._points.get(f"{event.side.value}_heel", self._points.get(f"{event.side.value}_ankle"))
        if path is None:
            return None
        index = int(np.argmin(np.abs(self._times - event.t)))
        x, y = path[index]
        return (int(x), int(y) + 2 * self._thick) if x > -9000 else None

    def _draw_prints(self, canvas: np.ndarray, t: float, done: int) -> None:
        cv2 = opencv.load()
        for event, place in zip(self._strikes[:done], self._prints[:done], strict=True):
            if place is None or not (self._prints_stay or t - event.t < FLASH):
                continue
            colour = COLOURS[event.side]
            cv2.ellipse(canvas, place, (4 * self._thick, 2 * self._thick), 0, 0, 360, colour, -1, cv2.LINE_AA)
            if t - event.t < FLASH:
                grown = 1 + 2 * (t - event.t) / FLASH
                axes = (round(5 * self._thick * grown), round(2.5 * self._thick * grown))
                cv2.ellipse(canvas, place, axes, 0, 0, 360, WHITE, self._thick, cv2.LINE_AA)

    # ---- the readout -------------------------------------------------------------------------------------------

    def _draw_readout(self, canvas: np.ndarray, index: int, t: float, done: int) -> None:
        """A bar along the top, where a walker's head seldom is: names small, values below them."""
        size, small = self._letter, round(self._letter * 0.72)
        tall = round(size * 2.9)
        shade(canvas, 0, 0, self.size[0], tall)
        x = size
        for name, text in [("time", f"{t:.2f} s"), *self._rows(index, done)]:
            write(canvas, (x, round(size * 1.1)), name, small, DIM)
            write(canvas, (x, round(size * 2.35)), text, size, WHITE)
            x += max(6 * size, width_of(text, size) + size)
        if x + width_of(self._title, small) < self.size[0]:
            write(canvas, (self.size[0] - size, round(size * 1.1)), self._title, small, DIM, right=True)

    def _rows(self, index: int, done: int) -> list[tuple[str, str]]:
        times, sides = self._strike_times[:done], [event.side for event in self._strikes[:done]]
        rows = [("strikes", str(done) if self._strikes else "–")]
        rows.append(("cadence", f"{cadence:.0f} /min" if (cadence := recent_cadence(times, sides)) else "–"))
        if done:
            rows.append(("last strike", sides[-1].value))
        else:
            rows.append(("last strike", "–"))
        if self._lean is not None:
            lean = float(self._lean.filtered[index])
            rows.append(("trunk lean", f"{lean:+.0f}°" if np.isfinite(lean) else "–"))
        return rows

    # ---- the clock below ---------------------------------------------------------------------------------------

    def _draw_strip(self, analysis: Analysis) -> tuple[np.ndarray, np.ndarray]:
        """Return the stance bars of the whole walk: colours (h, w, 3) and cover (h, w, 1)."""
        width, tall = self.size[0] - 4 * self._letter, round(self._letter * 2.4)
        colours = np.zeros((tall, width, 3), np.uint8)
        for row, side in enumerate((Side.LEFT, Side.RIGHT)):
            top = round(tall * (0.16 + 0.42 * row))
            for begin, end in floor_times(analysis.events, side, self._span):
                x0, x1 = self._at(begin, width), self._at(end, width)
                colours[top : top + round(tall * 0.26), x0 : max(x0 + 2, x1 - 1)] = COLOURS[side]
        return colours, colours.any(axis=2, keepdims=True)

    def _draw_clock(self, canvas: np.ndarray, t: float) -> None:
        if self._strip is None:
            return
        cv2 = opencv.load()
        colours, cover = self._strip
        tall, width = colours.shape[:2]
        left, top = 2 * self._letter, self.size[1] - tall - self._letter
        shade(canvas, left - self._letter, top, width + 2 * self._letter, tall)
        part = canvas[top : top + tall, left : left + width]
        np.copyto(part, colours, where=cover)
        x = left + self._at(t, width)
        cv2.line(canvas, (x, top), (x, top + tall), WHITE, 2)
        for row, side in enumerate("LR"):
            write(
                canvas,
                (left - round(self._letter * 0.8), top + round(tall * (0.42 + 0.42 * row))),
                side,
                round(self._letter * 0.8),
                DIM,
            )

    def _at(self, t: float, width: int) -> int:
        begin, end = self._span
        return round((width - 1) * min(1.0, max(0.0, (t - begin) / max(1e-6, end - begin))))


def recent_cadence(times: list[float], sides: Iterable[Side], last: int = 4) -> float | None:
    """Given strike times in seconds and their sides, return the cadence in steps per minute over the last steps; None
    where two of them were not left and right in turn."""
    recent, feet = times[-last - 1 :], list(sides)[-last - 1 :]
    if len(recent) < 2 or any(one is other for one, other in itertools.pairwise(feet)):
        return None
    return 60 * (len(recent) - 1) / (recent[-1] - recent[0]) if recent[-1] > recent[0] else None


def _pixels(track: Track, scale: float) -> dict[str, np.ndarray]:
    """Return each point as whole pixels (N, 2) of the annotated video, far below zero where it is not seen."""
    out = {}
    for name, array in track.points.items():
        if name.endswith(("_eye", "_ear")):
            continue
        seen = np.isfinite(array).all(axis=1) & (array[:, 2] >= SEEN_FROM)
        places = np.where(seen[:, None], array[:, :2] * scale, -10000.0)
        out[name] = np.clip(np.nan_to_num(places, nan=-10000.0), -10000, 30000).astype(np.int32)
    return out
