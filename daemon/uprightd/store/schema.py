"""The tables of the log, and the steps by which an older log becomes a newer one.

`PRAGMA user_version` counts the steps a file has been through. A step is never edited once it has shipped:
a change of the tables, or a new word in one of the CHECK lists, is a new step at the end.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlite_utils import Database

APPLICATION_ID = 0x75707274
"""Written into the file's header ("uprt"), so that another program's database is never taken for a log."""

METRIC_LIMIT = 1e6
"""No measurement of ours comes near it: degrees, and shares of the picture or of a body part."""
PARTS = 10_000
"""Measurements are stored as whole ten-thousandths: a number of SQLite's takes eight bytes, a small whole one three."""

_MOMENT = """at_ms INTEGER NOT NULL CHECK (at_ms > 0),
    offset_min INTEGER NOT NULL CHECK (offset_min BETWEEN -1440 AND 1440)"""

_VIEW = """view TEXT NOT NULL
      CHECK (view IN ('frontal', 'oblique', 'sagittal-left', 'sagittal-right', 'rear', 'unknown'))"""

_FIRST = (
    f"PRAGMA application_id = {APPLICATION_ID}",
    """CREATE TABLE runs (
    id INTEGER PRIMARY KEY,
    started_ms INTEGER NOT NULL CHECK (started_ms > 0),
    offset_min INTEGER NOT NULL CHECK (offset_min BETWEEN -1440 AND 1440),
    source TEXT NOT NULL,
    backend TEXT NOT NULL,
    version TEXT NOT NULL,
    ended_ms INTEGER CHECK (ended_ms > 0),
    seconds_per_sample REAL NOT NULL CHECK (seconds_per_sample > 0 AND seconds_per_sample < 86400)
    ) STRICT""",
    f"""CREATE TABLE samples (
    id INTEGER PRIMARY KEY,
    {_MOMENT},
    run_id INTEGER NOT NULL REFERENCES runs (id),
    posture TEXT NOT NULL CHECK (posture IN ('good', 'poor', 'unreliable', 'away')),
    {_VIEW},
    confidence REAL NOT NULL CHECK (confidence BETWEEN 0 AND 1),
    position REAL CHECK (position > -1e9 AND position < 1e9)
    ) STRICT""",
    f"""CREATE TABLE alerts (
    id INTEGER PRIMARY KEY,
    {_MOMENT},
    run_id INTEGER NOT NULL REFERENCES runs (id),
    rule TEXT NOT NULL,
    severity TEXT NOT NULL CHECK (severity IN ('info', 'warn', 'alert')),
    message TEXT NOT NULL,
    metric TEXT NOT NULL,
    value REAL NOT NULL CHECK (abs(value) < 1e300),
    threshold REAL NOT NULL CHECK (abs(threshold) < 1e300),
    held_s REAL NOT NULL CHECK (held_s >= 0 AND held_s < 1e9),
    started_ms INTEGER NOT NULL CHECK (started_ms > 0),
    {_VIEW},
    confidence REAL NOT NULL CHECK (confidence BETWEEN 0 AND 1),
    position REAL CHECK (position > -1e9 AND position < 1e9),
    reason TEXT NOT NULL,
    outcome TEXT NOT NULL DEFAULT 'pending'
      CHECK (outcome IN ('pending', 'delivered', 'failed', 'unavailable', 'console', 'off')),
    outcome_detail TEXT NOT NULL DEFAULT ''
    ) STRICT""",
    f"""CREATE TABLE transitions (
    id INTEGER PRIMARY KEY,
    {_MOMENT},
    run_id INTEGER NOT NULL REFERENCES runs (id),
    activity TEXT NOT NULL
      CHECK (activity IN ('watching', 'away', 'unreliable', 'paused', 'degraded')),
    reason TEXT NOT NULL
    ) STRICT""",
    """CREATE TABLE reports (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('weekly')),
    period TEXT NOT NULL,
    made_ms INTEGER NOT NULL CHECK (made_ms > 0),
    path TEXT NOT NULL,
    UNIQUE (kind, period)
    ) STRICT""",
    "CREATE INDEX samples_at ON samples (at_ms)",
    "CREATE INDEX alerts_at ON alerts (at_ms)",
    "CREATE INDEX transitions_at ON transitions (at_ms)",
)

_CALIBRATED = (
    "ALTER TABLE samples ADD COLUMN profile TEXT",
    f"""CREATE TABLE transitions_anew (
    id INTEGER PRIMARY KEY,
    {_MOMENT},
    run_id INTEGER NOT NULL REFERENCES runs (id),
    activity TEXT NOT NULL
      CHECK (activity IN ('watching', 'away', 'unreliable', 'uncalibrated', 'paused', 'degraded')),
    reason TEXT NOT NULL
    ) STRICT""",
    "INSERT INTO transitions_anew SELECT id, at_ms, offset_min, run_id, activity, reason FROM transitions",
    "DROP TABLE transitions",
    "ALTER TABLE transitions_anew RENAME TO transitions",
    "CREATE INDEX transitions_at ON transitions (at_ms)",
)
"""The calibration a sample counts from (sit r2; NULL without), and the state of a camera that has moved."""

_RESTRAINED = (
    "ALTER TABLE alerts ADD COLUMN explanation TEXT NOT NULL DEFAULT '{}'",
    """ALTER TABLE alerts ADD COLUMN decision TEXT NOT NULL DEFAULT 'spoken'
      CHECK (decision IN ('spoken', 'held', 'dropped'))""",
    "ALTER TABLE alerts ADD COLUMN decision_reason TEXT NOT NULL DEFAULT ''",
    f"""CREATE TABLE feedback (
    id INTEGER PRIMARY KEY,
    {_MOMENT},
    alert_id INTEGER NOT NULL UNIQUE REFERENCES alerts (id),
    verdict TEXT NOT NULL CHECK (verdict IN ('wrong', 'right')),
    note TEXT NOT NULL
    ) STRICT""",
    """CREATE TABLE memory (
    name TEXT NOT NULL PRIMARY KEY,
    at_ms INTEGER NOT NULL CHECK (at_ms > 0),
    value TEXT NOT NULL
    ) STRICT""",
    "CREATE INDEX feedback_at ON feedback (at_ms)",
)
"""Why an alert came (JSON) and whether it was said; what the person thinks of it; what outlives a restart (JSON)."""

_WHOLE = "INTEGER NOT NULL CHECK ({0} >= 0)"
_ROLL_UP = f"""start_ms INTEGER NOT NULL CHECK (start_ms > 0),
    offset_min INTEGER NOT NULL CHECK (offset_min BETWEEN -1440 AND 1440),
    measure_id INTEGER NOT NULL REFERENCES measures (id),
    samples {_WHOLE.format("samples")},
    low INTEGER NOT NULL,
    median INTEGER NOT NULL CHECK (median BETWEEN low AND high),
    high INTEGER NOT NULL,
    known_ms {_WHOLE.format("known_ms")},
    good_ms {_WHOLE.format("good_ms")},
    borderline_ms {_WHOLE.format("borderline_ms")},
    poor_ms {_WHOLE.format("poor_ms")} CHECK (good_ms + borderline_ms + poor_ms IN (0, known_ms)),
    PRIMARY KEY (start_ms, offset_min, measure_id)
    ) STRICT, WITHOUT ROWID"""


def _in_whole_parts(database: Database) -> None:
    """Store the samples' measurements as whole ten-thousandths: a fortnight takes half the room."""
    names = [name for name in database.table("samples").columns_dict if name not in SAMPLE_COLUMNS]
    database.execute(
        f"""CREATE TABLE samples_anew (
    id INTEGER PRIMARY KEY,
    {_MOMENT},
    run_id INTEGER NOT NULL REFERENCES runs (id),
    posture TEXT NOT NULL CHECK (posture IN ('good', 'poor', 'unreliable', 'away')),
    {_VIEW},
    confidence INTEGER NOT NULL CHECK (confidence BETWEEN 0 AND {PARTS}),
    position REAL CHECK (position > -1e9 AND position < 1e9),
    profile TEXT{"".join(f", {_metric_column(name)}" for name in names)}
    ) STRICT"""
    )
    wanted = ", ".join(f'"{name}"' for name in (*SAMPLE_COLUMNS, *names))
    given = ", ".join(
        f'CAST(round("{name}" * {PARTS}) AS INTEGER)'
        if name == "confidence" or name in names
        else f'"{name}"'
        for name in (*SAMPLE_COLUMNS, *names)
    )
    database.execute(f"INSERT INTO samples_anew ({wanted}) SELECT {given} FROM samples")  # noqa: S608
    database.execute("DROP TABLE samples")
    database.execute("ALTER TABLE samples_anew RENAME TO samples")
    database.execute("CREATE INDEX samples_at ON samples (at_ms)")


def _metric_column(name: str) -> str:
    return f'"{name}" INTEGER CHECK (abs("{name}") < {METRIC_LIMIT * PARTS:.0f})'


_SUMMED: tuple[str | Callable[[Database], None], ...] = (
    _in_whole_parts,
    f"""CREATE TABLE intervals (
    start_ms INTEGER NOT NULL CHECK (start_ms > 0),
    end_ms INTEGER NOT NULL CHECK (end_ms >= start_ms),
    offset_min INTEGER NOT NULL CHECK (offset_min BETWEEN -1440 AND 1440),
    run_id INTEGER NOT NULL REFERENCES runs (id),
    posture TEXT NOT NULL CHECK (posture IN ('good', 'poor', 'unreliable', 'away')),
    samples {_WHOLE.format("samples")},
    PRIMARY KEY (start_ms, run_id)
    ) STRICT, WITHOUT ROWID""",
    """CREATE TABLE measures (
    id INTEGER PRIMARY KEY,
    metric TEXT NOT NULL,
    poor_low REAL,
    good_low REAL,
    good_high REAL,
    poor_high REAL
    ) STRICT""",
    f"CREATE TABLE minutes ({_ROLL_UP}",
    f"CREATE TABLE hours ({_ROLL_UP}",
    """CREATE TABLE progress (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    sample_id INTEGER NOT NULL
    ) STRICT""",
    "INSERT INTO progress VALUES (1, 0)",
    f"""CREATE TABLE captures (
    id INTEGER PRIMARY KEY,
    {_MOMENT},
    kind TEXT NOT NULL,
    path TEXT NOT NULL UNIQUE,
    files {_WHOLE.format("files")},
    bytes {_WHOLE.format("bytes")},
    summary TEXT NOT NULL
    ) STRICT""",
    f"""CREATE TABLE calibrations (
    id INTEGER PRIMARY KEY,
    {_MOMENT},
    profile TEXT NOT NULL,
    revision INTEGER NOT NULL CHECK (revision > 0),
    camera TEXT NOT NULL,
    backend TEXT NOT NULL,
    {_VIEW},
    seconds REAL NOT NULL CHECK (seconds >= 0 AND seconds < 1e9),
    samples {_WHOLE.format("samples")}
    ) STRICT""",
    """CREATE TABLE contacts (
    purpose TEXT NOT NULL,
    address TEXT NOT NULL,
    first_ms INTEGER NOT NULL CHECK (first_ms > 0),
    last_ms INTEGER NOT NULL CHECK (last_ms >= first_ms),
    times INTEGER NOT NULL CHECK (times > 0),
    PRIMARY KEY (purpose, address)
    ) STRICT, WITHOUT ROWID""",
    "ALTER TABLE reports ADD COLUMN offset_min INTEGER NOT NULL DEFAULT 0"
    " CHECK (offset_min BETWEEN -1440 AND 1440)",
    # By UTC, a Monday morning east of Greenwich is a Sunday: before the end of the week it is about.
    "UPDATE reports SET offset_min = coalesce((SELECT offset_min FROM runs WHERE started_ms <= made_ms"
    " ORDER BY started_ms DESC LIMIT 1), 0)",
    "CREATE INDEX transitions_run ON transitions (run_id, at_ms)",
    "CREATE INDEX captures_at ON captures (at_ms)",
    "CREATE INDEX calibrations_at ON calibrations (at_ms)",
)
"""What outlives the samples: time in each posture, each metric by the minute and by the hour with the limits of its
bands at the time, what was captured and calibrated, and whom on a network the program has spoken to.

`progress` says up to which sample that has been worked out.
"""

Step = str | Callable[["Database"], None]
MIGRATIONS: tuple[tuple[Step, ...], ...] = (_FIRST, _CALIBRATED, _RESTRAINED, _SUMMED)
VERSION = len(MIGRATIONS)

SAMPLE_COLUMNS = (
    "id",
    "at_ms",
    "offset_min",
    "run_id",
    "posture",
    "view",
    "confidence",
    "position",
    "profile",
)
"""Every other column of `samples` is a metric."""


def migrate(database: Database, metrics: Iterable[str]) -> None:
    """Given an open log and the metrics' names, bring its tables up to date.

    Each step is one transaction: a kill between two leaves a log the next start goes on from. A metric the
    log does not know yet gets its column; none is ever dropped, so an older log keeps what it measured.
    Raise ValueError on a name that cannot be a column, sqlite3.Error when the file cannot be written.
    """
    wanted = [_column(name) for name in metrics]
    have = database.execute("PRAGMA user_version").fetchone()[0]
    for version, steps in enumerate(MIGRATIONS[have:], start=have + 1):
        with database.atomic():
            for step in steps:
                if isinstance(step, str):
                    database.execute(step)
                else:
                    step(database)
            database.execute(f"PRAGMA user_version = {version}")
    known = set(database.table("samples").columns_dict)
    missing = [name for name in dict.fromkeys(wanted) if name not in known]
    if missing:
        with database.atomic():
            for name in missing:
                database.execute(f"ALTER TABLE samples ADD COLUMN {_metric_column(name)}")


def _column(name: str) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,62}", name) or name in SAMPLE_COLUMNS:
        raise ValueError(
            f"{name!r} cannot name a column: lower-case letters, digits and _ are, {SAMPLE_COLUMNS} are not"
        )
    return name
