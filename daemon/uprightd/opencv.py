"""The one place that imports OpenCV, on first use, so that commands without pictures start fast."""

from __future__ import annotations

from types import ModuleType

from uprightd.errors import UnavailableError


def load() -> ModuleType:
    """Return the `cv2` module. Raise UnavailableError with the missing system library when it cannot load."""
    try:
        import cv2
    except ImportError as error:
        raise UnavailableError(
            f"OpenCV cannot be loaded: {error}",
            "On Debian or Ubuntu run: sudo apt-get install libgl1 libglib2.0-0; else reinstall uprightd.",
        ) from error
    return cv2
