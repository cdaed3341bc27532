"""The capture process: `python -m uprightd.camera.child FD`, started by the daemon and by nobody else.

It owns the device, so that a driver that hangs or crashes takes this process with it and not the daemon.
Started with the number of an inherited socket, over which the order comes (see `protocol`).
"""

from __future__ import annotations

import os
import signal
import socket
import sys

from uprightd.camera.line import Line
from uprightd.camera.order import Order, SourceKind
from uprightd.camera.protocol import ERROR, OPENED, START, STATE, Gone, Inbox, ProtocolError
from uprightd.domain import CameraState
from uprightd.errors import UprightError

PARENT = os.getppid()
QUIET = {
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    # Warnings name the HTTP status by which a refused login is told from a missing stream.
    "OPENCV_FFMPEG_LOGLEVEL": "24",
    # A camera that gives nothing for so long is reported; the usual 10 s would look like a hang.
    "OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT": "3",
}


def main(arguments: list[str]) -> None:
    """Given the socket's number, take the order and carry it out until the line closes or the source ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.environ.update(QUIET)
    connection = socket.socket(fileno=int(arguments[0]))
    inbox = Inbox(connection)
    try:
        first = inbox.receive()
    except (Gone, ProtocolError):
        return
    if first is None or first.kind != START:
        return
    line = Line(connection, inbox, PARENT)
    line.serve()
    line.beat({})
    try:
        carry_out(Order.of(first.fields["order"]), first.fields.get("canvas"), line)
    except UprightError as error:
        line.say(STATE, state=CameraState.ABSENT, message=error.message, hint=error.hint)
    line.flush()
    line.leave()


def carry_out(order: Order, canvas: int | None, line: Line) -> None:
    """Given the order and the descriptor of memory to show pictures in, play the source to the line and say
    how it ended."""
    # Imported here, after the line is served: loading OpenCV takes a moment, and may hang like anything else.
    from uprightd import opencv
    from uprightd.camera.canvas import Canvas
    from uprightd.camera.playback import Playback
    from uprightd.camera.reader import BadFile, CannotWatch, LiveReader, open_file, open_live

    opencv.load().setNumThreads(1)
    if canvas is not None:
        line.share(Canvas(canvas))
    reader = None
    try:
        reader = open_live(order) if order.kind.live else open_file(order, line.note)
        playback = Playback(line)
        line.say(OPENED, fps=reader.fps, device=getattr(reader, "device", ""))
        if isinstance(reader, LiveReader):
            playback.watch(reader, device=order.kind in (SourceKind.INDEX, SourceKind.NAME))
        elif order.probe:
            playback.probe(reader)
        else:
            if order.start_at is not None:
                reader.seek(order.start_at)
            play = playback.follow if order.pace == "fast" else playback.present
            play(reader, order.start_at)
        playback.ended()
    except CannotWatch as fault:
        line.say(STATE, state=fault.state, detail=fault.detail, message=fault.message, sure=fault.sure)
    except BadFile as fault:
        line.say(ERROR, detail=str(fault))
    finally:
        if reader is not None:
            reader.release()


if __name__ == "__main__":
    main(sys.argv[1:])
