"""Files shown to the person: a summary's notification with its button, and the desktop's own way to open a file."""

from __future__ import annotations

import subprocess
import threading
from contextlib import suppress
from pathlib import Path

from uprightd.domain import Severity
from uprightd.errors import UnavailableError
from uprightd.notify.base import Action, Notification
from uprightd.report.sentences import headline
from uprightd.report.summary import Summary
from uprightd.report.weekly import page_path

OPEN = "open-summary-"
"""Key of the button that shows a week's summary; the week follows in lower case."""


def told_of(path: Path, summary: Summary, others: int) -> Notification:
    """Given a weekly summary, its file and how many older ones were written besides, return what tells of them."""
    more = f" {others} earlier {'week has' if others == 1 else 'weeks have'} theirs beside it." * bool(others)
    button = Action(f"{OPEN}{summary.period.name.lower()}", "Open")
    body = f"{headline(summary)} The summary is in {path}.{more}"
    return Notification("Your week of posture", body, Severity.INFO, (button,))


def open_summary(action: str, reports: Path, system: str) -> None:
    """Given the key of a pressed button, the reports folder and `sys.platform`, show the summary if it is there."""
    path = page_path(reports, action.removeprefix(OPEN).upper())
    if path.is_file():
        with suppress(UnavailableError):  # the notification names the file
            open_file(path, system)


def open_file(path: Path, system: str) -> None:
    """Given a file and `sys.platform`, have the desktop show it; nobody waits for that.

    Raise UnavailableError where there is nothing to show it with.
    """
    program = "open" if system == "darwin" else "xdg-open"
    try:
        process = subprocess.Popen(
            [program, path],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError as error:
        raise UnavailableError(
            f"{path}: cannot be opened ({program}: {error.strerror or error})", "Open it in any browser."
        ) from error
    threading.Thread(target=process.wait, daemon=True).start()  # or it would be left as a zombie
