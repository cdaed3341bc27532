"""What commands beside the daemon did, on its way into the log: through the daemon while one runs.

Only one process may write the log, so a command asks the daemon to, and opens the log itself only where none runs.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any

from uprightd.domain import Instant
from uprightd.errors import TryAgainError, UnavailableError, UsageError
from uprightd.records import Calibration, Capture
from uprightd.service.control import ask

if TYPE_CHECKING:
    from uprightd.clock import Clock
    from uprightd.paths import Paths
    from uprightd.store.log import Log

COMMAND = "record"
"""The daemon's command for it."""
ATTEMPTS, PATIENCE = 10, 0.1
"""How often, and after how many seconds, a log that somebody else writes is tried again."""
CAPTURE, REMOVAL, CALIBRATION, CONTACT = "capture", "removal", "calibration", "contact"


def record_capture(paths: Paths, capture: Capture, clock: Clock) -> None:
    """Given a capture whose folder is complete, have it logged. Raise UprightError when that cannot be."""
    _record(paths, CAPTURE, asdict(capture), clock)


def record_removal(paths: Paths, path: str, clock: Clock) -> None:
    """Given the folder of a capture that is gone, have its entry removed. Raise UprightError when that cannot be."""
    _record(paths, REMOVAL, {"path": path}, clock)


def record_calibration(paths: Paths, calibration: Calibration, clock: Clock) -> None:
    """Given a calibration that was kept, have it logged. Raise UprightError when that cannot be."""
    _record(paths, CALIBRATION, asdict(calibration), clock)


def record_contact(paths: Paths, purpose: str, address: str, clock: Clock) -> None:
    """Given what for and whom on a network the program is about to speak to, have it noted for `uprightd privacy`.

    Raise UprightError when that cannot be.
    """
    _record(paths, CONTACT, {"purpose": purpose, "address": address}, clock)


def _record(paths: Paths, what: str, facts: Mapping[str, Any], clock: Clock) -> None:
    arguments = {"what": what, "facts": facts}
    try:
        ask(paths.socket, COMMAND, **arguments)
    except UnavailableError:
        with _opened(paths, clock) as log:
            take_record(log, arguments, clock.now())


def _opened(paths: Paths, clock: Clock) -> Log:
    """Return the log, open for writing. Another command may be at it for a moment, as in a batch of captures."""
    from uprightd.store.log import Log

    for attempt in range(1, ATTEMPTS + 1):
        try:
            return Log.open(paths.database, metrics=(), clock=clock)
        except TryAgainError:
            if attempt == ATTEMPTS:
                raise
            clock.wait(threading.Event(), PATIENCE)
    raise AssertionError("the last attempt returns or raises")


def take_record(log: Log, arguments: Mapping[str, Any], now: Instant) -> dict[str, Any]:
    """Given the log, the arguments of a record command and the moment, store what they tell and return what it was.

    Raise UsageError when they are not what the functions above send.
    """
    what, facts = arguments.get("what"), arguments.get("facts")
    store = _STORED.get(what) if isinstance(what, str) else None
    if store is None or not isinstance(facts, dict):
        raise UsageError(
            f"{what!r} cannot be recorded: expected one of {', '.join(_STORED)}, with its facts",
            "Is another version of uprightd running? Restart it: uprightd stop, uprightd run",
        )
    store(log, facts, now)
    return {"what": what}


def _capture(log: Log, facts: Mapping[str, Any], now: Instant) -> None:
    log.add_capture(Capture(**_checked(Capture, facts)), now)


def _removal(log: Log, facts: Mapping[str, Any], _now: Instant) -> None:
    path = facts.get("path")
    if not isinstance(path, str):
        raise UsageError("a removal needs the capture's folder", "Restart uprightd: uprightd stop")
    log.remove_capture(path)


def _calibration(log: Log, facts: Mapping[str, Any], now: Instant) -> None:
    log.add_calibration(Calibration(**_checked(Calibration, facts)), now)


def _contact(log: Log, facts: Mapping[str, Any], now: Instant) -> None:
    purpose, address = facts.get("purpose"), facts.get("address")
    if not isinstance(purpose, str) or not isinstance(address, str):
        raise UsageError("a contact needs a purpose and an address", "Restart uprightd: uprightd stop")
    log.add_contact(purpose, address, now)


_STORED: Mapping[str, Callable[[Log, Mapping[str, Any], Instant], None]] = {
    CAPTURE: _capture,
    REMOVAL: _removal,
    CALIBRATION: _calibration,
    CONTACT: _contact,
}
_KINDS: Mapping[str, tuple[type, ...]] = {
    "str": (str,),
    "int": (int,),
    "float": (int, float),
    "Mapping[str, Any]": (dict,),
}


def _checked(kind: type, facts: Mapping[str, Any]) -> dict[str, Any]:
    """Given a record's class and facts from a socket, return them if they are its fields. Raise UsageError else."""
    wanted = {field.name: _KINDS[str(field.type)] for field in fields(kind)}
    wrong = [name for name, types in wanted.items() if not isinstance(facts.get(name), types)]
    if wrong or facts.keys() != wanted.keys():
        raise UsageError(
            f"a {kind.__name__.lower()} needs exactly {', '.join(wanted)}",
            "Is another version of uprightd running? Restart it: uprightd stop, uprightd run",
        )
    return dict(facts)
