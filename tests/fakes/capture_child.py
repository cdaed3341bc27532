"""A capture process that plays a script: `capture_child.py SCRIPT FD`. The script is a list of lives, each a
list of steps:

    ["opened", {fields}]          say that the source is open
    ["frames", N, {fields}]       answer N wishes (0: for ever); see `answer_to` for the fields
    ["beats", SECONDS]            say for so long, twenty times a second, that nothing was grabbed
    ["say", KIND, {fields}]       any other message
    ["half"]                      wait for a wish, send half a picture, die by SIGKILL
    ["wrong"]                     wait for a wish, send a picture whose size and bytes disagree
    ["signal", N] ["exit", N]     die
    ["deaf"]                      hang for ever, and hear neither the line closing nor SIGTERM
    ["hold"]                      wait until the line closes
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
import time
from pathlib import Path
from typing import Any

from uprightd.camera.protocol import BEAT, FRAME, OPENED, WANT, Gone, Inbox, packed


def main() -> None:
    script, line = Path(sys.argv[1]), socket.socket(fileno=int(sys.argv[2]))
    played = script.with_suffix(".lives")
    life = len(played.read_text().split()) if played.exists() else 0
    with played.open("a") as file:
        file.write(f"{os.getpid()}\n")
    lives = json.loads(script.read_text())
    inbox = Inbox(line)
    order = inbox.receive()
    with script.with_suffix(".orders").open("a") as file:
        file.write(json.dumps(order.fields["order"] if order else None) + "\n")
    try:
        for step in lives[min(life, len(lives) - 1)]:
            play(step, line, inbox)
    except (Gone, BrokenPipeError, ConnectionResetError):
        pass


def play(step: list[Any], line: socket.socket, inbox: Inbox) -> None:
    what, *rest = step
    if what == "opened":
        line.sendall(packed(OPENED, rest[0] if rest else {}))
    elif what == "say":
        line.sendall(packed(rest[0], rest[1]))
    elif what == "frames":
        count, about = rest[0], rest[1] if len(rest) > 1 else {}
        number = 0
        while not count or number < count:
            answer(line, inbox, number + 1, about)
            number += 1
    elif what == "beats":
        ends = time.monotonic() + rest[0]
        while time.monotonic() < ends:
            line.sendall(packed(BEAT, {"grabbed": 0}))
            time.sleep(0.05)
    elif what == "half":
        header, payload = answer_to(inbox, 1, {})
        line.sendall(header + payload[: len(payload) // 2])
        os.kill(os.getpid(), signal.SIGKILL)
    elif what == "wrong":
        header, payload = answer_to(inbox, 1, {}, claimed=-300)
        line.sendall(header + payload[:-300])
        inbox.receive()
    elif what == "signal":
        os.kill(os.getpid(), rest[0])
    elif what == "exit":
        os._exit(rest[0])
    elif what == "deaf":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        while True:
            time.sleep(60)
    elif what == "hold":
        while True:
            inbox.receive()


def answer(line: socket.socket, inbox: Inbox, number: int, about: dict[str, Any]) -> None:
    header, payload = answer_to(inbox, number, about)
    line.sendall(header + payload)


def answer_to(inbox: Inbox, number: int, about: dict[str, Any], claimed: int = 0) -> tuple[bytes, bytes]:
    """Wait for a wish; return the two parts of the answer, whose header may claim another length."""
    message = inbox.receive()
    while message is not None and message.kind != WANT:
        message = inbox.receive()
    time.sleep(about.get("after", 0.0))
    width, height = about.get("width", 64), about.get("height", 48)
    fields = {
        "width": width,
        "height": height,
        "wall": time.time() - about.get("age", 0.0),
        "mono": time.monotonic() - about.get("age", 0.0),
        "position": about["every"] * (number - 1) + about.get("from", 0.0) if "every" in about else None,
        "mean": about.get("mean", 120.0),
        "spread": about.get("spread", 50.0),
        "grabbed": number,
        "cpu": 0.01 * number,
    }
    payload = bytes([about.get("value", number % 250)]) * (width * height * 3)
    return packed(FRAME, fields, len(payload) + claimed), payload


if __name__ == "__main__":
    main()
