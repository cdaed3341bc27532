"""Keeping libraries from writing to the terminal what is not theirs to say."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator


@contextlib.contextmanager
def quiet_stderr() -> Iterator[None]:
    """Keep what C++ parts print off the terminal while this lasts, where they heed no log level: mediapipe's (0.10.21)
    greetings, and what FFmpeg says when an encoder is asked for that is not there."""
    sys.stderr.flush()
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
