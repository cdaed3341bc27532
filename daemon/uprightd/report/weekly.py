"""The weekly summaries: which are due, and the file each becomes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from uprightd.paths import private_dir
from uprightd.report.page import page
from uprightd.report.periods import local_day, week, week_name
from uprightd.report.summary import Summary, summarise
from uprightd.whole_file import write_whole

if TYPE_CHECKING:
    from uprightd.store.reading import LogReader

KIND = "weekly"
A_DAY = timedelta(days=1)


def due(
    watched: Iterable[str], made: Mapping[str, datetime], now_local: datetime, weekday: int, at: time
) -> list[str]:
    """Given the ISO weeks in which anything was watched, when the summaries were made, each by the clock of then, and
    the local time, return the weeks whose summary is due, the oldest first.

    A week's is due from `weekday` (0 is Monday) at `at` of the week after it on, and is made once: also after weeks in
    which the machine slept, and after a flight. One made before its week had ended, or more than a day from now, was
    made under a wrong clock and is not believed.
    """
    now, soon = now_local.replace(tzinfo=None), now_local + A_DAY
    found = []
    for name in sorted(set(watched)):
        ended = datetime.combine(week(name).last + timedelta(days=1), time.min)
        moment = datetime.combine(ended.date() + timedelta(days=weekday), at.replace(tzinfo=None))
        believed = name in made and made[name].replace(tzinfo=None) >= ended and made[name] <= soon
        if now >= moment and not believed:
            found.append(name)
    return found


def watched_weeks(log: LogReader, made: Iterable[str], today: date) -> list[str]:
    """Given an open log, the weeks that have a summary, and the day, return the weeks up to now in which anything was
    watched, without looking into those that were made long ago."""
    first = log.first_watched()
    if first is None:
        return []
    long_made = set(made)
    day, found = local_day(*first), []
    while day <= today:
        name = week_name(day)
        if name in long_made or has_samples(log, name):
            found.append(name)
        day += timedelta(days=7 - day.weekday())
    return found


def page_path(folder: Path, period: str) -> Path:
    """Given the reports folder and a period by name, return where its page is."""
    return folder / f"uprightd-{period}.html"


def write_weekly(log: LogReader, period: str, folder: Path) -> tuple[Path, Summary]:
    """Given an open log, an ISO week such as 2026-W47 and a folder, write its summary as a page; return both.

    The file is there whole or not at all, mode 0600; an older one of the same week is replaced. Raise
    DeniedError or CannotCreateError when it cannot be made, WriteError when the disk is full.
    """
    summary = summarise(log, week(period))
    path = page_path(private_dir(folder), period)
    write_whole(path, page(summary).encode())
    return path, summary


def has_samples(log: LogReader, period: str) -> bool:
    """Given an open log and an ISO week, return whether anything was watched in it."""
    span = week(period)
    return any(span.holds(each.start_ms, each.offset_min) for each in log.intervals(*span.reach))
