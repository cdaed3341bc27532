"""What to watch: a camera index, a camera name, a video file, a picture folder, a stream's address."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote

from uprightd.camera.order import Order, SourceKind
from uprightd.camera.pictures import pictures_in
from uprightd.camera.process import CaptureProcess
from uprightd.camera.protocol import END, ERROR, STATE, Gone, ProtocolError
from uprightd.errors import DataError, DeniedError, InternalError, UnavailableError, UprightError, UsageError
from uprightd.stills import PICTURE_SUFFIXES

VIDEO_SUFFIXES = (
    ".mp4",
    ".mov",
    ".mkv",
    ".avi",
    ".webm",
    ".m4v",
    ".mpg",
    ".mpeg",
    ".ts",
    ".wmv",
    ".flv",
    ".mjpeg",
)
SCHEMES = ("rtsp", "rtsps", "rtmp", "rtmps", "http", "https", "udp", "tcp", "rtp", "srt")
EXPECTED_VIDEO = "Expected a video that OpenCV can decode: mp4, mov, mkv, avi, webm."
EXPECTED_FOLDER = f"Expected a folder with pictures in it: {', '.join(s[1:] for s in PICTURE_SUFFIXES)}."
EXPECTED_SOURCE = (
    "Expected a camera index (0), part of a camera's name, a video file, a folder of pictures,"
    " or an rtsp:// or http:// address."
)
HIGHEST_INDEX = 99
PROBE_TIMEOUT = 10.0

_DEVICE = re.compile(r"/dev/video([0-9]{1,2})")
_ADDRESS = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Source:
    """A source that was understood. `text` is safe to show; `target` may hold a password."""

    kind: SourceKind
    text: str
    target: str | int = field(repr=False)

    @property
    def live(self) -> bool:
        return self.kind.live

    @property
    def label(self) -> str:
        """How a sentence names it: camera 0, camera "Logitech", a path or an address."""
        if self.kind is SourceKind.INDEX:
            return f"camera {self.target}"
        if self.kind is SourceKind.NAME:
            return f'camera "{self.text}"'
        return self.text


def parse_source(text: str | int) -> Source:
    """Given what the user wrote, return the source.

    Raise DataError for a path that leads to nothing usable, DeniedError for one that may not be read,
    UsageError for anything that cannot be a source. Nothing is opened.
    """
    written = str(text).strip()
    if not written or isinstance(text, bool):
        raise UsageError(f"{text!r} is not a source", EXPECTED_SOURCE)
    if re.fullmatch(r"-?[0-9]+", written):
        return _index(written)
    if address := _ADDRESS.fullmatch(written):
        if address[1].lower() == "file":
            return _from_path(Path(unquote(address[2])), written)
        return _url(address[1].lower(), written)
    if device := _DEVICE.fullmatch(written):
        return _index(device[1])
    path = Path(written).expanduser() if written.startswith("~") else Path(written)
    looks_like_path = "/" in written or path.suffix.lower() in VIDEO_SUFFIXES + PICTURE_SUFFIXES
    if looks_like_path or os.path.lexists(path):
        return _from_path(path, written)
    return Source(SourceKind.NAME, written, written)


def _index(digits: str) -> Source:
    if len(digits) > 4 or not 0 <= int(digits) <= HIGHEST_INDEX:
        raise UsageError(f"camera index {digits[:20]}: expected 0 to {HIGHEST_INDEX}", EXPECTED_SOURCE)
    return Source(SourceKind.INDEX, str(int(digits)), int(digits))


def _url(scheme: str, written: str) -> Source:
    shown = without_secrets(written)
    if scheme not in SCHEMES:
        raise UsageError(
            f"{shown}: an address that starts with {scheme}:// cannot be watched",
            f"Expected one of {', '.join(f'{name}://' for name in SCHEMES)}.",
        )
    if not written.split("://", 1)[1].strip("/"):
        raise UsageError(f"{shown}: the address names no host", EXPECTED_SOURCE)
    return Source(SourceKind.URL, shown, written)


def without_secrets(address: str) -> str:
    """Given an address, return it without user, password and query, which may hold them too."""
    scheme, _, rest = address.partition("://")
    rest, query, _ = rest.partition("?")
    host, slash, path = rest.partition("/")
    if "@" in host:
        host = host.rpartition("@")[2]
    elif "@" in path and ":" in host and not host.rpartition(":")[2].isdigit():
        # A password with a slash in it: what looks like the path still belongs to the login.
        host, slash, path = rest.rpartition("@")[2].partition("/")
    return f"{scheme}://{host}{slash}{path}{'?…' if query else ''}"


def _from_path(path: Path, written: str) -> Source:
    try:
        mode = os.stat(path).st_mode
    except PermissionError as error:
        raise _unreadable(written) from error
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise DataError(f"{written}: {reason or 'no such file'}", EXPECTED_SOURCE) from error
    if stat.S_ISDIR(mode):
        return _readable(SourceKind.FOLDER, path, written)
    if stat.S_ISREG(mode):
        return _readable(SourceKind.VIDEO, path, written)
    if stat.S_ISFIFO(mode) or stat.S_ISCHR(mode):
        return _readable(SourceKind.STREAM, path, written)
    raise DataError(f"{written}: neither a file, a folder nor a stream", EXPECTED_SOURCE)


def _readable(kind: SourceKind, path: Path, written: str) -> Source:
    if not os.access(path, os.R_OK | (os.X_OK if kind is SourceKind.FOLDER else 0)):
        raise _unreadable(written)
    return Source(kind, written, os.path.abspath(path))


def _unreadable(written: str) -> DeniedError:
    return DeniedError(f"{written}: you may not read this", f"Run: chmod u+r {written!r}, or ask its owner.")


def check_source(source: Source, command: Sequence[str] | None = None) -> None:
    """Given a source, look into it once if it is a file or a folder, in a process of its own.

    Raise DataError when no picture can be read from it. A live source is not opened: its state is told
    while it is watched.
    """
    if source.live:
        return
    path = Path(str(source.target))
    try:
        if source.kind is SourceKind.VIDEO and not path.stat().st_size:
            raise DataError(f"{source.text}: the file is empty", EXPECTED_VIDEO)
        if source.kind is SourceKind.FOLDER and not pictures_in(path):
            raise DataError(f"{source.text}: no pictures in this folder", EXPECTED_FOLDER)
        fault = _probe(source, command)
    except OSError as error:
        raise UnavailableError(f"{source.text}: cannot be looked into ({error})", "Try again.") from error
    if fault is not None:
        raise fault


def _probe(source: Source, command: Sequence[str] | None) -> UprightError | None:
    """Given a file or folder, return what is wrong with it, or None."""
    expected = EXPECTED_FOLDER if source.kind is SourceKind.FOLDER else EXPECTED_VIDEO
    process = CaptureProcess(Order(source.kind, source.target, probe=True), command)
    try:
        while (message := process.receive(PROBE_TIMEOUT)) is not None:
            if message.kind == END:
                return None
            if message.kind == ERROR:
                return DataError(f"{source.text}: {message.fields.get('detail', '')}", expected)
            if message.kind == STATE:
                return UnavailableError(*(str(message.fields.get(part, "")) for part in ("message", "hint")))
    except Gone:
        return DataError(f"{source.text}: the decoder gave up on this file ({process.ending()})", expected)
    except ProtocolError as error:
        return InternalError(f"{source.text}: the capture process sent {error}")
    finally:
        process.stop(grace=0.2)
    return DataError(f"{source.text}: no picture within {PROBE_TIMEOUT:.0f} s", expected)
