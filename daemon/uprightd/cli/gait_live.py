"""The live readout of a walk in a terminal: figures, strips of the last seconds, each step announced."""

from __future__ import annotations

import json
import math
import shutil
import sys
from collections import deque
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from uprightd.config.schema import Config
    from uprightd.gait.live import LiveReadout
    from uprightd.paths import Paths
    from uprightd.service.gait.request import Request
    from uprightd.service.gait.session import Look
    from uprightd.service.gait.walk import Walk

USUAL_SECONDS = 20.0
STRIP_SECONDS = 8.0
CELLS = " ▁▂▃▄▅▆▇█"
MARKS = {"good": ("● good", "32"), "fair": ("▲ fair", "33"), "poor": ("· poor", "2")}
LEFT, RIGHT = "34", "32"
"""Colours of the sides: blue and green, as in the annotated video."""
SLOW = 9.0
"""Looks a second under which steps are not timed, and their figures not shown."""


def watch(
    config: Config,
    paths: Paths,
    request: Request,
    seconds: float | None,
    rate: float | None,
    live: bool,
    as_json: bool,
) -> Walk:
    """Given the settings, the folders, what is asked, how long and how often to look, whether to show it live and
    whether to print for a program, watch the camera and return the walk. Raise as `session.watch_walk`."""
    from uprightd.cli.gait_text import Progress
    from uprightd.service.gait.request import open_eyes
    from uprightd.service.gait.session import watch_walk
    from uprightd.service.still import now_text

    if not live and seconds is None:
        seconds = USUAL_SECONDS
    shown: Any = None
    if live:
        terminal = sys.stdout.isatty() and not as_json
        shown = Looks(sys.stdout) if as_json else Strips(sys.stdout) if terminal else Lines(sys.stdout)
    with Progress(sys.stderr) as progress:
        try:
            return watch_walk(
                config,
                lambda: open_eyes(config, paths),
                paths,
                request,
                seconds,
                rate,
                now_text(),
                (shown,) if shown else (),
                progress.tell if not live else lambda *_: None,
            )
        finally:
            if shown:
                shown.finish()


class Strips:
    """Four lines on a terminal that are drawn anew with each look; steps and notices stand above them."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._feet: deque[tuple[float, float | None]] = deque()
        self._lean: deque[tuple[float, float | None]] = deque()
        self._sides: deque[str] = deque(maxlen=12)
        self._drawn = 0

    def on_look(self, look: Look) -> None:
        it = look.readout
        for strip, value in ((self._feet, it.stride_asymmetry), (self._lean, it.trunk_lean)):
            strip.append((it.t, value))
            while strip[0][0] < it.t - STRIP_SECONDS:
                strip.popleft()
        for step in it.fresh:
            side = step.side.value
            self._sides.append(_paint(side[0].upper(), LEFT if side == "left" else RIGHT))
            self._above(
                _paint(
                    f"{'◀' if side == 'left' else '  ▶'} {side} {step.t:.2f} s",
                    LEFT if side == "left" else RIGHT,
                )
            )
        self._draw(self._lines(it))

    def on_notice(self, text: str) -> None:
        self._above(_paint(f"  {text}", "2"))

    def finish(self) -> None:
        """Leave the terminal on a fresh line."""
        if self._drawn:
            self._stream.write("\n")
            self._stream.flush()
        self._drawn = 0

    def _lines(self, it: LiveReadout) -> list[str]:
        width = shutil.get_terminal_size().columns - 1
        mark, colour = MARKS[it.quality.value]
        room = max(10, width - 26)
        return [
            "  ".join([f"{it.t:6.1f} s", *figures(it)])[:width],
            f"  feet  ▕{_strip(self._feet, it.t, room, 0.02)}▏ {' '.join(self._sides)}",
            f"  trunk ▕{_strip(self._lean, it.t, room, 4.0)}▏",
            f"  {_paint(mark, colour)}  {_state(it)}"[: width + 10],
        ]

    def _draw(self, lines: Sequence[str]) -> None:
        up = f"\x1b[{self._drawn - 1}A" if self._drawn > 1 else ""
        self._stream.write(up + "\r" + "\n".join(f"\x1b[K{line}" for line in lines))
        self._stream.flush()
        self._drawn = len(lines)

    def _above(self, text: str) -> None:
        up = f"\x1b[{self._drawn - 1}A" if self._drawn > 1 else ""
        self._stream.write(f"{up}\r\x1b[J{text}\n")
        self._drawn = 0


class Lines:
    """Lines for a pipe or a log: each step, and the figures once a second."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._next = -math.inf

    def on_look(self, look: Look) -> None:
        it = look.readout
        for step in it.fresh:
            self._write(f"{step.t:6.2f} s  {step.side.value} step")
        if it.t >= self._next:
            self._next = it.t + 1.0
            self._write("  ".join([f"{it.t:6.1f} s", *figures(it), MARKS[it.quality.value][0], _state(it)]))

    def on_notice(self, text: str) -> None:
        self._write(text)

    def finish(self) -> None:
        """Nothing is kept back."""

    def _write(self, text: str) -> None:
        self._stream.write(f"{text.rstrip()}\n")
        self._stream.flush()


class Looks:
    """Each look as one JSON line."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def on_look(self, look: Look) -> None:
        self._print("look", **look_fields(look))

    def on_notice(self, text: str) -> None:
        self._print("notice", text=text)

    def finish(self) -> None:
        """Nothing is kept back."""

    def _print(self, event: str, **fields: Any) -> None:
        self._stream.write(json.dumps({"event": event, **fields}, ensure_ascii=False) + "\n")
        self._stream.flush()


def look_fields(look: Look) -> dict[str, Any]:
    """Given a look, return it as plain data; null is what is not known."""
    it = look.readout
    numbers = ("t", "cadence", "asymmetry", "trunk_lean", "sway", "head_x", "stride_asymmetry", "rate")
    return {
        "seen": look.seen,
        **{name: None if (value := getattr(it, name)) is None else round(value, 4) for name in numbers},
        "steps": it.steps,
        "fresh": [{"t": round(step.t, 4), "side": step.side.value} for step in it.fresh],
        "quality": it.quality.value,
        "why": it.why,
        "view": it.view.value,
    }


def figures(it: LiveReadout) -> list[str]:
    """Given what is known, return its figures in words. At few looks a second no step can be timed: then the trunk's
    lean, where the head is and how the ankles stand."""
    lean = f"lean {_number(it.trunk_lean, '+.0f')}°"
    if 0 < it.rate < SLOW:
        return [
            lean,
            f"head x {_number(it.head_x and 100 * it.head_x, '+.1f')} %",
            f"ankles {_number(it.stride_asymmetry and 100 * it.stride_asymmetry, '+.1f')} %",
        ]
    return [
        f"{it.steps} steps",
        f"cadence {_number(it.cadence, '.0f')} /min",
        f"right − left {_number(it.asymmetry, '+.2f')} s",
        lean,
        f"sway {_number(it.sway, '.1f')}°",
    ]


def _state(it: LiveReadout) -> str:
    """How often it is looked at, from where, and what is the matter."""
    words = [f"{it.rate:.0f} looks a second", it.view.words]
    return ", ".join([*words, it.why] if it.why else words)


def _number(value: float | None, form: str) -> str:
    return "–" if value is None else f"{value:{form}}"


def _strip(values: Sequence[tuple[float, float | None]], now: float, width: int, least: float) -> str:
    """Given (time, value), this moment, a width in cells and the least range, return the last seconds as a strip."""
    cells: list[list[float]] = [[] for _ in range(width)]
    for t, value in values:
        if value is not None:
            cells[min(width - 1, max(0, int(width * (1 - (now - t) / STRIP_SECONDS))))].append(value)
    known = [value for cell in cells for value in cell]
    if not known:
        return " " * width
    low, high = min(known), max(known)
    middle, reach = (low + high) / 2, max(high - low, least)
    shown = []
    for cell in cells:
        if cell:
            share = (sum(cell) / len(cell) - middle) / reach + 0.5
            shown.append(CELLS[1 + min(7, max(0, int(8 * share)))])
        else:
            shown.append(" ")
    return "".join(shown)


def _paint(text: str, code: str) -> str:
    return f"\x1b[{code}m{text}\x1b[0m"
