"""The tables of the log, and the steps by which an older log becomes a newer one.

`PRAGMA user_version` counts the steps a file has been through. A step is never edited once it has shipped:
a change of the tables, or a new word in one of the CHECK lists, is a new step at the end.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlite_utils import Database

APPLICATION_ID = 0x75707274
"""Written into the file's header ("uprt"), so that another program's database is never taken for a log."""

METRIC_LIMIT = 1e6
"""No measurement of ours comes near it: degrees, and shares of the picture or of a body part."""

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

MIGRATIONS: tuple[tuple[str, ...], ...] = (_FIRST, _CALIBRATED, _RESTRAINED)
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
    for version, statements in enumerate(MIGRATIONS[have:], start=have + 1):
        with database.atomic():
            for statement in statements:
                database.execute(statement)
            database.execute(f"PRAGMA user_version = {version}")
    known = set(database.table("samples").columns_dict)
    missing = [name for name in dict.fromkeys(wanted) if name not in known]
    if missing:
        with database.atomic():
            for name in missing:
                database.execute(
                    f'ALTER TABLE samples ADD COLUMN "{name}" REAL CHECK (abs("{name}") < {METRIC_LIMIT:.0f})'
                )


def _column(name: str) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,62}", name) or name in SAMPLE_COLUMNS:
        raise ValueError(
            f"{name!r} cannot name a column: lower-case letters, digits and _ are, {SAMPLE_COLUMNS} are not"
        )
    return name
