"""What the log keeps besides the monitor's own rows: reports, captures, calibrations, contacts, and a memory."""

from __future__ import annotations

import json
import os
from datetime import datetime
from pathlib import Path
from typing import Any

from uprightd.domain import Instant
from uprightd.errors import InternalError
from uprightd.records import Calibration, Capture
from uprightd.store import plain
from uprightd.store.writing import Writer


class Entries(Writer):
    """Writes what comes rarely. The run it belongs to, if any, does not matter."""

    def remember(self, name: str, data: Any, at: Instant) -> None:
        """Given a name and JSON data, store it for after a restart in place of what had that name.

        Raise InternalError when it is no JSON data; NaN and infinity are none.
        """
        try:
            value = json.dumps(data, allow_nan=False)
        except (TypeError, ValueError, RecursionError) as error:
            raise InternalError(f"{name} cannot be remembered: {error}") from error
        with self._writing("store what outlives a restart"):
            self.database.execute(
                "INSERT OR REPLACE INTO memory (name, at_ms, value) VALUES (?, ?, ?)",
                (name, plain.ms(at), value),
            )

    def recall(self, name: str) -> Any:
        """Given a name, return the data that was remembered under it; None for none, or for what is damaged."""
        with self._writing("look up what was remembered"):
            row = self.database.execute("SELECT value FROM memory WHERE name = ?", (name,)).fetchone()
        if row is None:
            return None
        try:
            return json.loads(row[0])
        except (ValueError, RecursionError):
            return None

    def made_reports(self, kind: str) -> dict[str, datetime]:
        """Given a kind of report, return when each was made, by the clock the person had then, by its period."""
        with self._writing("look up the reports"):
            rows = self.database.execute(
                "SELECT period, made_ms, offset_min FROM reports WHERE kind = ?", (kind,)
            ).fetchall()
        return {period: plain.by_clock(made_ms, offset_min) for period, made_ms, offset_min in rows}

    def add_report(self, kind: str, period: str, made: Instant, path: Path) -> int:
        """Given a report that was written, remember it as the one of its kind and period; return its row id."""
        row = {
            "kind": kind,
            "period": period,
            "made_ms": plain.ms(made),
            "offset_min": plain.offset(made, self._zone),
            "path": plain.text(os.fspath(path)),
        }
        return self._add("reports", row, "store the report's entry", replace=True)

    def add_capture(self, capture: Capture, at: Instant) -> int:
        """Given a capture whose folder is complete and when it was made, store it; return its row id.

        It takes the place of one in the same folder.
        """
        row = {
            "at_ms": plain.ms(at),
            "offset_min": plain.offset(at, self._zone),
            "kind": plain.text(capture.kind),
            "path": plain.text(capture.path),
            "files": int(capture.files),
            "bytes": int(capture.bytes),
            "summary": plain.explanation(capture.summary),
        }
        return self._add("captures", row, "store a capture's entry", replace=True)

    def remove_capture(self, path: str) -> None:
        """Given the folder of a capture that is gone, remove its entry, if it had one."""
        with self._writing("remove a capture's entry"):
            self.database.execute("DELETE FROM captures WHERE path = ?", (plain.text(path),))

    def add_calibration(self, calibration: Calibration, at: Instant) -> int:
        """Given a calibration that was kept and when it was made, store it; return its row id."""
        row = {
            "at_ms": plain.ms(at),
            "offset_min": plain.offset(at, self._zone),
            "profile": plain.text(calibration.profile),
            "revision": int(calibration.revision),
            "camera": plain.text(calibration.camera),
            "backend": plain.text(calibration.backend),
            "view": str(calibration.view),
            "seconds": float(calibration.seconds),
            "samples": int(calibration.samples),
        }
        return self._add("calibrations", row, "store a calibration's entry")

    def add_contact(self, purpose: str, address: str, at: Instant) -> None:
        """Given what for and whom on a network the program speaks to, note when that was first, last, and how often."""
        now = plain.ms(at)
        with self._writing("note a contact with the network"):
            self.database.execute(
                "INSERT INTO contacts VALUES (?1, ?2, ?3, ?3, 1) ON CONFLICT DO UPDATE SET"
                " first_ms = min(first_ms, ?3), last_ms = max(last_ms, ?3), times = times + 1",
                (plain.text(purpose), plain.text(address), now),
            )
