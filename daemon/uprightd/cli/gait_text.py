"""What `uprightd gait` prints for a person: progress, the figures of a walk, a comparison, a table of many."""

from __future__ import annotations

import shutil
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from uprightd.captures.gait.wording import Row

BAR = 24
DRAW_EVERY = 0.1
SCREENED = {"within": "✓", "beyond": "▲", "unsure": "?", "unknown": "·"}
MARKS = {"done": "✓", "partial": "·", "kept": "=", "failed": "✗"}


class Progress:
    """A living line on a terminal; nothing where nobody looks."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._shown = stream.isatty()
        self._began: dict[str, float] = {}
        self._drawn = 0.0

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *failure: object) -> None:
        self.clear()

    def clear(self) -> None:
        """Take the line away."""
        if self._shown and self._drawn:
            self._stream.write("\r\x1b[K")
            self._stream.flush()

    def tell(self, doing: str, done: float, whole: float | None) -> None:
        """Given what is being done and how far it is, in seconds of video, show it with the time that is left."""
        now = time.monotonic()
        began = self._began.setdefault(doing, now)
        if not self._shown or now - self._drawn < DRAW_EVERY:
            return
        self._drawn = now
        if not whole:
            self._line(f"{doing} {done:6.1f} s")
            return
        share = min(1.0, done / whole)
        left = (now - began) * (1 - share) / share if share > 0.02 else None
        filled = round(BAR * share)
        self._line(
            f"{doing:<8} ▕{'█' * filled}{'░' * (BAR - filled)}▏ {share:4.0%}  {done:.1f} of {whole:.1f} s"
            + (f", {_duration(left)} left" if left is not None and left > 1 else "")
        )

    def count(self, done: int, whole: int, words: str) -> None:
        """Given how many of how many are done and what the last one was, show it."""
        if self._shown:
            self._drawn = time.monotonic()
            filled = round(BAR * done / max(1, whole))
            self._line(f"▕{'█' * filled}{'░' * (BAR - filled)}▏ {done} of {whole}  {words}")

    def _line(self, text: str) -> None:
        width = shutil.get_terminal_size().columns - 1
        self._stream.write(f"\r\x1b[K{text[:width]}")
        self._stream.flush()


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"


def farewell(found: Mapping[str, Any]) -> str:
    """Given the content of gait.json, return it in words."""
    from uprightd.captures.gait.wording import rows

    table = rows(found["parameters"])
    known = [row for row in table if not row.refused]
    lines = [_seen(found), ""]
    if known:
        widest = max(len(row.title) for row in known)
        lines.append(f"  {'':<{widest}} {'mean':>8} {'left':>8} {'right':>8} {'SD':>7} {'MDC':>7}")
        lines += [_line(row, widest) for row in known]
        lines.append("")
    lines += [f"  {line}" for line in [*_refused(table), *found["notes"]]]
    if screen := found["screen"]:
        lines += ["", f"  {screen['name']}: {screen['note']}"]
        lines += [f"  {SCREENED[it['verdict']]} {it['words']}" for it in screen["findings"]]
    folder = Path(found["files"]["folder"])
    if table or found["notes"]:
        lines.append("")
    if video := found["files"].get("video"):
        lines.append(f"video   {folder / video} ({found['files']['video_codec']})")
    return "\n".join([*lines, f"report  {folder / 'report.html'}", f"folder  {folder}"])


def _line(row: Row, widest: int) -> str:
    from uprightd.captures.gait.wording import number, unit_words

    main, unit = row.main, row.main["unit"]
    values = [number(it["value"], unit) if it else "" for it in (row.whole, row.left, row.right)]
    spread = [number(main[key], unit) if main[key] is not None else "" for key in ("sd", "mdc")]
    shown = " ".join(f"{value:>8}" for value in values) + "".join(f" {value:>7}" for value in spread)
    return f"  {row.title:<{widest}} {shown}  {unit_words(unit)}".rstrip()


def _seen(found: Mapping[str, Any]) -> str:
    strikes = sum(event["kind"] == "strike" for event in found["events"])
    view = f"view: {found['view']}, " if found["view"] else ""
    return (
        f"{view}{strikes} foot strikes, walker seen in {found['frames_with_walker']} of {found['frames']} frames, "
        f"measured by {found['backend']} at {found['fps'] or 0:.3g} frames a second"
    )


def _refused(table: Sequence[Row]) -> list[str]:
    """The reasons of what has no value, each once with what it stands for."""
    reasons: dict[str, list[str]] = {}
    for row in table:
        if row.refused:
            reasons.setdefault(row.refused, []).append(row.title)
    return [
        f"no {', '.join(names[:3])}{f' and {len(names) - 3} more' if len(names) > 3 else ''}: {reason}"
        for reason, names in reasons.items()
    ]


def comparison(found: Mapping[str, Any]) -> str:
    """Given a comparison, return it as a table; what exceeds the MDC is marked."""
    from uprightd.captures.gait.wording import number, title, unit_words

    names = {name: title(name) for name in found["parameters"]}
    widest = max(map(len, names.values()), default=0)
    lines = [
        f"before  {found['before']['source']}, {found['before']['at'][:16]}",
        f"after   {found['after']['source']}, {found['after']['at'][:16]}",
        "",
        f"  {'':<{widest}} {'before':>9} {'after':>9} {'change':>9} {'MDC':>9}",
    ]
    for name, row in found["parameters"].items():
        unit = row["unit"]
        if row["change"] is None:
            continue
        mark = "●" if row["exceeds"] else " " if row["exceeds"] is False else "?"
        lines.append(
            f"{mark} {names[name]:<{widest}} {number(row['before'], unit):>9} {number(row['after'], unit):>9} "
            f"{number(row['change'], unit, signed=True):>9} {number(row['mdc'], unit):>9} {unit_words(unit)}"
        )
    missing = [names[name] for name, row in found["parameters"].items() if row["change"] is None]
    lines.append("")
    count = len(found["exceeds"])
    lines.append(
        f"● {count} of {len(names) - len(missing)} changed by more than the MDC, beyond which it is no noise (95 %)."
    )
    if missing:
        lines.append(f"  In one of the two there is no {', '.join(missing)}.")
    return "\n".join([*lines, *(f"  {note}" for note in found["notes"])])


def batch_table(results: Mapping[str, Any]) -> str:
    """Given the results of a batch, return a line for each video and the count."""
    rows = results["videos"]
    widest = max((len(row["video"]) for row in rows), default=5)
    lines = [f"  {'video':<{widest}}  {'cadence':>7}  {'stride':>6}  {'speed':>5}  strikes"]
    for row in rows:
        values = row["parameters"]
        shown = "  ".join(
            f"{_cell(values.get(name), places):>{wide}}"
            for name, places, wide in (("cadence", 1, 7), ("stride_length", 2, 6), ("speed", 2, 5))
        )
        words = row["reason"].splitlines()[0] if row["reason"] else ""
        lines.append(
            f"{MARKS[row['state']]} {row['video']:<{widest}}  {shown}  {row['strikes'] or '–':>7}  {words}".rstrip()
        )
    counts = results["counts"]
    told = [f"{counts['done']} measured"]
    told += [f"{counts['kept']} measured before"] if counts["kept"] else []
    told += [f"{counts['partial']} partial"] if counts["partial"] else []
    told += [f"{counts['failed']} failed"] if counts["failed"] else []
    return "\n".join([*lines, "", f"{', '.join(told)} of {len(rows)}; results in {results['folder']}"])


def _cell(value: float | None, places: int) -> str:
    return "–" if value is None else f"{value:.{places}f}"
