"""Talking to the running daemon: a Unix socket in the runtime folder, one JSON line each way.

The socket is 0600 in a 0700 folder, so only its owner can ask.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import socketserver
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from uprightd.errors import InternalError, TryAgainError, UnavailableError, UprightError, UsageError
from uprightd.paths import private_dir

REQUEST_LIMIT = 64 * 1024
ANSWER_WITHIN = 10.0

Answer = Callable[[str, dict[str, Any]], dict[str, Any]]
"""Given a command and its arguments, the daemon's answer. May raise UprightError."""


class ControlServer:
    """Serves requests in threads of its own; `answer` decides."""

    def __init__(self, path: Path, answer: Answer) -> None:
        self._path = path
        self._answer = answer
        self._server: socketserver.ThreadingUnixStreamServer | None = None

    def start(self) -> None:
        """Begin to listen. Only the holder of the instance lock may call this: a leftover socket is removed."""
        private_dir(self._path.parent)
        self._path.unlink(missing_ok=True)
        self._server = _Server(str(self._path), _handler(self._answer))
        self._path.chmod(0o600)
        threading.Thread(target=self._server.serve_forever, name="control", daemon=True).start()

    def stop(self) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None
            self._path.unlink(missing_ok=True)


class _Server(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True
    request_queue_size = 16


def _handler(answer: Answer) -> type[socketserver.StreamRequestHandler]:
    class Handler(socketserver.StreamRequestHandler):
        timeout = ANSWER_WITHIN

        def handle(self) -> None:
            with contextlib.suppress(OSError):  # a client that went away needs no answer
                reply = _reply(answer, self.rfile.readline(REQUEST_LIMIT))
                self.wfile.write(json.dumps(reply).encode() + b"\n")

    return Handler


def _reply(answer: Answer, line: bytes) -> dict[str, Any]:
    try:
        return {"ok": True, "answer": answer(*_request(line))}
    except UprightError as error:
        return {"ok": False, "message": error.message, "hint": error.hint, "exit_code": error.exit_code}
    except Exception as error:  # noqa: BLE001 - whoever asked must not take a fault for a daemon that is not there
        words = f"this is a fault of uprightd: {type(error).__name__}: {error}"
        return {
            "ok": False,
            "message": words,
            "hint": "Please report it.",
            "exit_code": InternalError.exit_code,
        }


def _request(line: bytes) -> tuple[str, dict[str, Any]]:
    """Given one line, return the command and its arguments. Raise UsageError when it is no request."""
    try:
        request = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"not a request: {error}") from error
    fields = request if isinstance(request, dict) else {}
    command, arguments = fields.get("command"), fields.get("arguments", {})
    if not isinstance(command, str) or not isinstance(arguments, dict):
        raise UsageError('not a request: expected {"command": "status", "arguments": {}}')
    return command, arguments


def ask(path: Path, command: str, **arguments: Any) -> dict[str, Any]:
    """Given the daemon's socket and a command, return its answer.

    Raise UnavailableError when no daemon listens, TryAgainError when it does not answer in time, and the
    daemon's own error when it refuses.
    """
    request = json.dumps({"command": command, "arguments": arguments}).encode() + b"\n"
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(ANSWER_WITHIN)
            connection.connect(os.fspath(path))
            connection.sendall(request)
            with connection.makefile("rb") as lines:
                reply = json.loads(lines.readline())
    except TimeoutError as error:
        raise TryAgainError(
            f"the daemon did not answer within {ANSWER_WITHIN:.0f} s",
            "Try again; if it stays so, stop it and look at its log.",
        ) from error
    except (OSError, ValueError) as error:
        raise UnavailableError("no uprightd daemon is running", "Start it with: uprightd run") from error
    if not reply["ok"]:
        refusal = InternalError(reply["message"], reply["hint"])
        refusal.exit_code = reply["exit_code"]
        raise refusal
    return reply["answer"]
