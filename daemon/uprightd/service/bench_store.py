"""What the log costs on this machine, measured on a made-up year: a durable row, a day's roll-up and retention, the
room it takes, and how long a weekly summary takes after a month and after a year."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from uprightd.clock import FollowingClock
from uprightd.config.schema import Config
from uprightd.domain import Instant, Posture, Reading, Value, View
from uprightd.errors import InternalError
from uprightd.metrics.definitions import METRICS
from uprightd.report.data import to_json
from uprightd.report.page import page
from uprightd.report.periods import local_day, week, week_name
from uprightd.report.summary import summarise
from uprightd.report.text import render
from uprightd.service.bench_year import Day, Year
from uprightd.service.upkeep import roll_up
from uprightd.store.log import Log
from uprightd.store.reading import LogReader

MONTH = 21
"""Working days after which the summary is timed first."""
WEEKS = 53
"""How many the working days and the holidays among them take."""
ROWS = 1000
PAUSE = 0.005
"""Seconds between two rows beside a report."""
REPEATS = 3
MEGABYTES_ALLOWED = 60.0
SUMMARY_ALLOWED = 1.0
JSON_ALLOWED = 0.3
"""Seconds."""

Tell = Callable[[str], None]


@dataclass(slots=True)
class _Upkeep:
    """CPU seconds by day."""

    roll_up: list[float] = field(default_factory=list)
    retention: list[float] = field(default_factory=list)
    samples: int = 0


def measure_store(days: int, tell: Tell) -> dict[str, Any]:
    """Given how many working days to make up, at least one, and who is told how far it is, return the figures.

    All happens in a folder of its own that is removed afterwards.
    """
    with tempfile.TemporaryDirectory(prefix="uprightd-bench-") as folder:
        home = Path(folder)
        data = home / "data"
        rows = _rows(home / "rows.db")
        clock = FollowingClock(Instant(time.time(), 0.0))
        year, kept, upkeep, month = Year(_first_monday(), UTC), Config().log, _Upkeep(), None
        with Log.open(data / "uprightd.db", metrics=METRICS, clock=clock, zone=UTC) as log:
            lived = list(year.days(days))
            for number, day in enumerate(lived, start=1):
                tell(f"day {number} of {days}")
                _live_through(log, year, day, kept.retention_days, kept.minutes_days, upkeep)
                if number == MONTH:
                    month = _summaries(log.path, day)
            tell("summaries")
            last = lived[-1]
            after = _summaries(log.path, last)
            beside = _beside_a_report(home, log, last)
        size = sum(each.stat().st_size for each in data.iterdir())
        command = {form: _command(home, last, form) for form in ("json", "text", "html")}
    return {
        "days": days,
        "samples": upkeep.samples,
        "insert": rows,
        "upkeep_cpu_s_per_day": {
            "roll_up": round(sum(upkeep.roll_up) / days, 3),
            "retention": round(sum(upkeep.retention) / days, 3),
            "share_of_a_working_day": round((sum(upkeep.roll_up) + sum(upkeep.retention)) / days / 28_800, 6),
        },
        "megabytes": round(size / 1e6, 1),
        "share_of_allowed_size": round(size / 1e6 / MEGABYTES_ALLOWED, 3),
        "summary_s": {name: round(seconds, 4) for name, seconds in after.items()},
        "summary_after_a_month_s": month and {name: round(seconds, 4) for name, seconds in month.items()},
        "growth": month and round(after["figures"] / month["figures"], 2),
        "command_s": {name: round(seconds, 3) for name, seconds in command.items()},
        "share_of_allowed_time": {
            "json": round(command["json"] / JSON_ALLOWED, 3),
            "text": round(command["text"] / SUMMARY_ALLOWED, 3),
            "html": round(command["html"] / SUMMARY_ALLOWED, 3),
        },
        "insert_beside_a_report": beside,
    }


def _live_through(
    log: Log, year: Year, day: Day, samples_days: int, minutes_days: int, upkeep: _Upkeep
) -> None:
    upkeep.samples += year.log_day(log, day)
    began = time.process_time()
    roll_up(log)
    rolled = time.process_time()
    log.retain(samples_days, minutes_days, Instant(day.end, day.end))
    upkeep.roll_up.append(rolled - began)
    upkeep.retention.append(time.process_time() - rolled)


def _rows(path: Path) -> dict[str, float]:
    """Return what a row costs: with a durable commit each, and all in one transaction."""
    with Log.open(path, metrics=METRICS, clock=FollowingClock(Instant(1.0, 0.0)), zone=UTC) as log:
        log.begin_run("camera 0", "mediapipe", Instant(1.0, 1.0), 1.0)
        readings = [_reading(2.0 + number) for number in range(ROWS)]
        durable = _timed(lambda: _insert(log, readings))
        with log.together("store made-up rows"):
            batched = _timed(lambda: _insert(log, readings))
    return {
        "durable_ms": round(durable.wall / ROWS * 1000, 4),
        "durable_cpu_ms": round(durable.cpu / ROWS * 1000, 4),
        "in_one_transaction_ms": round(batched.wall / ROWS * 1000, 4),
        "durable_over_batched": round(durable.wall / batched.wall, 2),
    }


def _insert(log: Log, readings: list[Reading]) -> None:
    for reading in readings:
        log.add_sample(reading, Posture.GOOD)


def _reading(at: float) -> Reading:
    values = {name: Value(12.3456) for name in itertools.islice(METRICS, 12)}
    return Reading(Instant(at, at), True, View.FRONTAL, values, 0.93, None, "sit r1")


@dataclass(frozen=True, slots=True)
class _Took:
    wall: float
    cpu: float


def _timed(work: Callable[[], object]) -> _Took:
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return _Took(time.perf_counter() - wall, time.process_time() - cpu)


def _summaries(path: Path, last: Day) -> dict[str, float]:
    """Return the seconds that the summary of the last whole week takes: its figures, and each form on top of them."""
    period = week(_last_whole_week(last))
    found = []
    for _ in range(REPEATS):
        with LogReader.open(path) as reader:
            began = time.perf_counter()
            summary = summarise(reader, period)
            figures = time.perf_counter() - began
        found.append(
            {
                "figures": figures,
                "text": _timed(partial(render, summary)).wall,
                "html": _timed(partial(page, summary)).wall,
                "json": _timed(partial(to_json, summary)).wall,
            }
        )
    return {name: min(each[name] for each in found) for name in found[0]}


def _last_whole_week(last: Day) -> str:
    """The week before the last day's: it is over whatever day that is."""
    return week_name(local_day(round(last.start * 1000) - 7 * 86_400_000, 0))


def _command(home: Path, last: Day, form: str) -> float:
    """Return the seconds from the start of `uprightd report` to its end, the fastest of some."""
    arguments = ("--week", _last_whole_week(last), "--format", form)
    return min(_timed(lambda: _finished(_report(home, *arguments))).wall for _ in range(REPEATS))


def _finished(process: subprocess.Popen[bytes]) -> None:
    if process.wait():
        raise InternalError(f"uprightd report ended with {process.returncode}", "Its own words stand above.")


def _report(home: Path, *arguments: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "uprightd", "report", *arguments]
    environ = {**os.environ, "UPRIGHTD_HOME": str(home), "COLUMNS": "80"}
    return subprocess.Popen(command, env=environ, stdout=subprocess.DEVNULL)


def _beside_a_report(home: Path, log: Log, last: Day) -> dict[str, float]:
    """Return how durable rows fare while another process reports the whole year."""
    log.begin_run("camera 0", "mediapipe", Instant(last.end + 60, last.end + 60), 1.0)
    readings = iter(_reading(last.end + 61 + number) for number in itertools.count())

    def row() -> float:
        time.sleep(PAUSE)
        return _timed(lambda: _insert(log, [next(readings)])).wall

    alone = [row() for _ in range(ROWS // 10)]
    reporter, beside = _report(home, "--since", "365d", "--json"), [row()]
    while reporter.poll() is None:
        beside.append(row())
    _finished(reporter)
    return {
        "rows": len(beside),
        "slowest_alone_ms": round(max(alone) * 1000, 2),
        "slowest_ms": round(max(beside) * 1000, 2),
        "mean_over_alone": round((sum(beside) / len(beside)) / (sum(alone) / len(alone)), 2),
    }


def _first_monday() -> date:
    today = datetime.now(UTC).date()
    return today - timedelta(days=today.weekday() + 7 * WEEKS)


def text(figures: dict[str, Any]) -> str:
    """Given the figures, return them for a person."""
    insert, upkeep, beside = (
        figures["insert"],
        figures["upkeep_cpu_s_per_day"],
        figures["insert_beside_a_report"],
    )
    allowed, command = figures["share_of_allowed_time"], figures["command_s"]
    samples = f"{figures['samples']:,}".replace(",", " ")
    rows = [
        (
            "a sample, durable",
            f"{insert['durable_ms']:.3f} ms",
            f"{insert['durable_over_batched']:.1f} × its share of one big write",
        ),
        ("roll-up of a day", f"{upkeep['roll_up']:.2f} s", "CPU"),
        (
            "retention of a day",
            f"{upkeep['retention']:.2f} s",
            f"CPU; both {upkeep['share_of_a_working_day']:.4%} of the day",
        ),
        (
            "size on disk",
            f"{figures['megabytes']:.1f} MB",
            f"{figures['share_of_allowed_size']:.0%} of what is allowed",
        ),
        *(
            (f"week's summary, {form}", f"{command[form]:.2f} s", f"{allowed[form]:.0%} of what is allowed")
            for form in command
        ),
        ("its figures alone", f"{figures['summary_s']['figures']:.3f} s", _growth(figures["growth"])),
        (
            "beside a year's report",
            f"{beside['mean_over_alone']:.2f} ×",
            f"a row alone; the slowest {beside['slowest_ms']:.1f} ms",
        ),
    ]
    head = f"{figures['days']} working days of 8 h at 1 sample per second: {samples} samples"
    return "\n".join([head, "", *(f"  {name:<24}{figure:>10}  {words}" for name, figure, words in rows)])


def _growth(growth: float | None) -> str:
    return f"{growth:.2f} × after a month" if growth else ""
