"""What the person thinks of an alert, on its way into the log: through the daemon while one runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from uprightd.domain import Instant
from uprightd.errors import UnavailableError, UsageError
from uprightd.service.control import ask

if TYPE_CHECKING:
    from uprightd.clock import Clock
    from uprightd.paths import Paths
    from uprightd.store.log import Log

COMMAND = "feedback"
"""The daemon's command for it."""
VERDICTS = ("wrong", "right")
NOTE_LIMIT = 500
"""Characters."""


def give_feedback(paths: Paths, alert_id: int, verdict: str, note: str, clock: Clock) -> None:
    """Given an alert and what the person thinks of it, have the running daemon store that, or store it without one.

    Only one process may write the log. Raise UprightError when it cannot be stored.
    """
    _check(verdict, note)
    try:
        ask(paths.socket, COMMAND, alert=alert_id, verdict=verdict, note=note)
    except UnavailableError:
        from uprightd.store.log import Log

        with Log.open(paths.database, metrics=(), clock=clock) as log:
            log.add_feedback(alert_id, verdict, note, clock.now())


def take_feedback(log: Log, arguments: Mapping[str, Any], now: Instant) -> dict[str, Any]:
    """Given the daemon's log, the arguments of a feedback command and the moment, store it and return what was.

    Raise UsageError when they are not what `give_feedback` sends.
    """
    alert, verdict, note = arguments.get("alert"), arguments.get("verdict"), arguments.get("note", "")
    if not isinstance(alert, int) or isinstance(alert, bool) or not isinstance(note, str):
        raise UsageError(
            "feedback needs the number of an alert and a note in words", "See: uprightd explain --help"
        )
    _check(verdict, note)
    log.add_feedback(alert, str(verdict), note, now)
    return {"alert": alert, "verdict": verdict, "note": note}


def _check(verdict: object, note: str) -> None:
    if verdict not in VERDICTS:
        raise UsageError(
            f"{verdict!r} is no judgement: expected wrong or right", "See: uprightd explain --help"
        )
    if len(note) > NOTE_LIMIT:
        raise UsageError(
            f"the note has {len(note)} characters: expected at most {NOTE_LIMIT}", "Make it shorter."
        )
