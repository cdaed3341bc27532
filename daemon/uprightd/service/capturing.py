"""A finished capture on its way into the log. The folder is the truth: a log that cannot be written costs a line."""

from __future__ import annotations

from pathlib import Path

from uprightd.captures.folder import NewCapture
from uprightd.captures.shelf import Capture, list_captures, remove_capture
from uprightd.clock import Clock
from uprightd.errors import UprightError
from uprightd.paths import Paths
from uprightd.records import Capture as Logged
from uprightd.service.recording import record_capture, record_removal
from uprightd.store.reading import LogReader

EVER_MS = 1 << 53


def log_capture(paths: Paths, capture: NewCapture, clock: Clock) -> str:
    """Given a capture that is finished, have it logged; return "", or in words why it is not."""
    manifest = capture.manifest
    assert manifest is not None
    logged = Logged(
        manifest.kind,
        str(capture.folder.absolute()),
        len(manifest.files),
        manifest.bytes,
        dict(manifest.summary),
    )
    try:
        record_capture(paths, logged, clock)
    except UprightError as error:
        return f"The capture is complete, but could not be noted in the log: {error.message}"
    return ""


def remove_known(paths: Paths, capture: Capture, clock: Clock) -> str:
    """Given a capture, remove it, and its entry in the log; return "", or in words why the entry is still there.

    Raise DeniedError when something of the capture may not be removed.
    """
    remove_capture(capture, paths.captures)
    try:
        record_removal(paths, str(capture.folder.absolute()), clock)
    except UprightError as error:
        return f"The capture is gone, but still noted in the log: {error.message}"
    return ""


def known_captures(paths: Paths) -> list[Capture]:
    """Return all captures on disk, the oldest first: those among the captures, and those the log knows elsewhere.

    Without a log that can be read, the former alone.
    """
    try:
        with LogReader.open(paths.database) as reader:
            elsewhere = [Path(row.path) for row in reader.captures(0, EVER_MS)]
    except UprightError:
        elsewhere = []
    return list_captures(paths.captures, elsewhere)
