"""What a camera does, in words: each state has its own message and its own next step."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from uprightd.camera.order import SourceKind
from uprightd.camera.source import Source
from uprightd.domain import CameraState
from uprightd.errors import DeniedError, UnavailableError

DENIED_SIGNS = (
    "not authorized",
    "access has been denied",
    "401 unauthorized",
    "403 forbidden",
    "operation not permitted",
    "permission denied",
)
BUSY_SIGNS = ("device or resource busy", "resource temporarily unavailable", "503 service")
ABSENT_SIGNS = (
    "connection refused",
    "no such device",
    "404 not found",
    "failed to resolve",
    "no route to host",
    "network is unreachable",
    "connection timed out",
    "find any attached video input",
    "out device of bound",
)
RETRIED = "It is tried again by itself."


@dataclass(frozen=True, slots=True)
class CameraStatus:
    """The state, one sentence about it that names the source, and what to do next (empty if all is well)."""

    state: CameraState
    message: str
    hint: str = ""


def status_of(
    state: CameraState, source: Source, detail: str = "", platform: str = sys.platform
) -> CameraStatus:
    """Given a state and what is known beyond it, return it in words for this source and system."""
    message = f"{source.label} {_SAYS[state, _sort(source)]}"
    if detail:
        message += f" ({detail})"
    return CameraStatus(state, message, _hint(state, source, platform))


def opening(source: Source) -> CameraStatus:
    """Return the status of a source that was asked to open and has not answered yet."""
    return CameraStatus(CameraState.NO_FRAMES, f"{source.label} is being opened", "")


def another_camera(source: Source, was: str, now: str) -> CameraStatus:
    """Given what the first camera was and what answers now, return the refusal to take its pictures."""
    return CameraStatus(
        CameraState.ABSENT,
        f"another camera answered at {source.label}: {now}, where the first one gave {was}",
        "Its pictures are refused. Plug the first camera in again, or restart uprightd to take this one.",
    )


def error_for(status: CameraStatus) -> DeniedError | UnavailableError:
    """Given the status of a camera that gives no picture, return the error a one-shot command ends with."""
    kind = DeniedError if status.state is CameraState.DENIED else UnavailableError
    return kind(status.message, status.hint.removesuffix(RETRIED).rstrip())


def reported(source: Source, fields: Mapping[str, object], complaints: Iterable[str]) -> CameraStatus:
    """Given the fields of a state message, and what OpenCV and FFmpeg complained about, return the status."""
    state, detail = CameraState(str(fields["state"])), str(fields.get("detail") or "")
    if not fields.get("sure", True):
        state, told = guessed(state, complaints)
        detail = detail or told
    status = status_of(state, source, detail)
    return CameraStatus(
        state, str(fields.get("message") or status.message), str(fields.get("hint") or status.hint)
    )


def guessed(state: CameraState, complaints: Iterable[str]) -> tuple[CameraState, str]:
    """Given a state that is only a guess and what OpenCV and FFmpeg complained about, newest last, return
    the state the complaints tell of and the telling line, or the guess and an empty line."""
    for line in reversed(tuple(complaints)):
        low = line.lower()
        for told, signs in (
            (CameraState.DENIED, DENIED_SIGNS),
            (CameraState.BUSY, BUSY_SIGNS),
            (CameraState.ABSENT, ABSENT_SIGNS),
        ):
            for sign in signs:
                if sign in low:
                    return told, sign
    return state, ""


def _sort(source: Source) -> str:
    if source.kind in (SourceKind.INDEX, SourceKind.NAME):
        return "device"
    return "stream" if source.live else "file"


_SAYS = {
    (CameraState.OK, "device"): "is watching",
    (CameraState.OK, "stream"): "is being received",
    (CameraState.OK, "file"): "is playing",
    (CameraState.ABSENT, "device"): "is not there",
    (CameraState.ABSENT, "stream"): "does not answer",
    (CameraState.ABSENT, "file"): "cannot be played",
    (CameraState.BUSY, "device"): "is in use by another program",
    (CameraState.BUSY, "stream"): "takes no further viewer",
    (CameraState.BUSY, "file"): "is in use by another program",
    (CameraState.DENIED, "device"): "may not be opened by uprightd",
    (CameraState.DENIED, "stream"): "refused the login",
    (CameraState.DENIED, "file"): "may not be read",
    (CameraState.NO_FRAMES, "device"): "gives no pictures",
    (CameraState.NO_FRAMES, "stream"): "sends no pictures",
    (CameraState.NO_FRAMES, "file"): "gives no pictures",
    (CameraState.DARK, "device"): "shows only darkness or one even colour",
    (CameraState.DARK, "stream"): "shows only darkness or one even colour",
    (CameraState.DARK, "file"): "shows only darkness or one even colour",
}


def _hint(state: CameraState, source: Source, platform: str) -> str:
    sort = _sort(source)
    if state is CameraState.OK:
        return ""
    if sort == "file":
        return _FILE_HINTS[state]
    if state is CameraState.DARK:
        return "Open the lens cover or the laptop's lid, or switch on a light. Nobody is judged meanwhile."
    if sort == "stream":
        return _STREAM_HINTS[state]
    return _device_hint(state, source, platform)


_FILE_HINTS = {
    CameraState.ABSENT: "Check the file.",
    CameraState.BUSY: "Close the program that holds it.",
    CameraState.DENIED: "Check who may read it.",
    CameraState.NO_FRAMES: RETRIED,
    CameraState.DARK: "Nobody is judged on such pictures.",
}
_STREAM_HINTS = {
    CameraState.ABSENT: f"Check that the stream runs and that address and port are right. {RETRIED}",
    CameraState.BUSY: f"Close another viewer of this stream. {RETRIED}",
    CameraState.DENIED: "Check user name and password in the address.",
    CameraState.NO_FRAMES: f"Check that the stream runs. {RETRIED}",
}


def _device_hint(state: CameraState, source: Source, platform: str) -> str:
    mac = platform == "darwin"
    node = f"/dev/video{source.target}" if source.kind is SourceKind.INDEX else "/dev/video*"
    if state is CameraState.ABSENT:
        return "Plug it in, or choose another with --source; `uprightd doctor` lists the cameras found."
    if state is CameraState.BUSY:
        if mac:
            return f"Close the program that uses it (a video call, Photo Booth). {RETRIED}"
        return (
            f"`fuser {node}` names the program that uses it; close that. If none does, this node gives no"
            f" pictures: try another index. {RETRIED}"
        )
    if state is CameraState.DENIED:
        if mac:
            return (
                "Allow it under System Settings > Privacy & Security > Camera for the program that runs"
                f" uprightd (your terminal, or uprightd itself as a service). {RETRIED}"
            )
        return f"Add yourself to the group that owns {node}: sudo usermod -aG video $USER, then log in again."
    if mac:
        return (
            "Check System Settings > Privacy & Security > Camera: without the permission macOS may open the"
            f" camera and send nothing. Else unplug it and plug it in again. {RETRIED}"
        )
    return f"Unplug it and plug it in again, or try another USB port. {RETRIED}"
