"""The weekly summary: when it is due, and the file it becomes."""

from __future__ import annotations

from datetime import datetime, time, timedelta, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING

from uprightd.paths import private_dir
from uprightd.report.periods import week, week_name
from uprightd.report.summary import summarise
from uprightd.report.text import render
from uprightd.whole_file import write_whole

if TYPE_CHECKING:
    from uprightd.store.reading import LogReader

KIND = "weekly"


def due(last_period: str | None, now_local: datetime, weekday: int, at: time) -> str | None:
    """Given the week summarised last and the local time, return the ISO week whose summary is due, or None.

    It is the last full week, from `weekday` (0 is Monday) at `at` on. After weeks of sleep it is the latest
    one only. A `last_period` that has not ended yet was made under a wrong clock and is not believed.
    """
    now = now_local.replace(tzinfo=None)
    monday = datetime.combine(now.date() - timedelta(days=now.weekday()), time.min)
    moment = datetime.combine(monday.date() + timedelta(days=weekday), at.replace(tzinfo=None))
    full_weeks_back = 1 if now >= moment else 2
    latest = week_name((monday - timedelta(weeks=full_weeks_back)).date())
    made = last_period is not None and latest <= last_period < week_name(monday.date())
    return None if made else latest


def write_weekly(log: LogReader, period: str, folder: Path, zone: tzinfo | None = None) -> Path:
    """Given an open log, an ISO week such as 2026-W47 and a folder, write its summary; return the path.

    The file is there whole or not at all, mode 0600; an older one of the same week is replaced. Raise
    DeniedError or CannotCreateError when it cannot be made, WriteError when the disk is full.
    """
    text = render(summarise(log, week(period, zone)))
    path = private_dir(folder) / f"uprightd-{period}.txt"
    write_whole(path, text.encode())
    return path


def has_samples(log: LogReader, period: str, zone: tzinfo | None = None) -> bool:
    """Given an open log and an ISO week, return whether anything was watched in it."""
    span = week(period, zone)
    return next(log.samples(span.start_ms, span.end_ms), None) is not None
