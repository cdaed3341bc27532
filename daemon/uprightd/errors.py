"""Every error a user can see, with its exit code.

A message says what was wrong, where (file:line, key path, device), what was expected; the hint says what to
do next. Only these errors reach the command line as one message; anything else is a bug and exits 70.
"""

from __future__ import annotations


class UprightError(Exception):
    """Given a message and a hint, the error the command line prints. `exit_code` follows sysexits.h."""

    exit_code = 70
    kind = "error"

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\n  {self.hint}" if self.hint else self.message


class UsageError(UprightError):
    """The command was called wrongly."""

    exit_code = 64
    kind = "usage"


class DataError(UprightError):
    """A file is not what it should be: not a video, no frames, nobody in the picture, damaged."""

    exit_code = 65
    kind = "bad data"


class UnavailableError(UprightError):
    """Something the command needs is not there: camera, pose backend, running daemon."""

    exit_code = 69
    kind = "unavailable"


class InternalError(UprightError):
    """A fault of ours or of a library under us."""

    exit_code = 70
    kind = "internal"


class CannotCreateError(UprightError):
    """An output file or folder cannot be made."""

    exit_code = 73
    kind = "cannot create"


class WriteError(UprightError):
    """Writing failed half-way: disk full, device gone."""

    exit_code = 74
    kind = "cannot write"


class TryAgainError(UprightError):
    """Not now: another daemon runs, a resource is busy."""

    exit_code = 75
    kind = "try again"


class DeniedError(UprightError):
    """The system refused: camera permission, file modes."""

    exit_code = 77
    kind = "permission"


class ConfigError(UprightError):
    """A configuration or rule file is wrong."""

    exit_code = 78
    kind = "config"
