"""A model hub on this machine: a real HTTP server that speaks as the hub does, and misbehaves as networks do.

What it answers follows the hub's own client: `/api/models/REPO/revision/REV?blobs=true` names commit, sizes and
hashes; `/REPO/resolve/COMMIT/FILE` redirects to another address (as to the hub's content network), which serves ranges.
"""

from __future__ import annotations

import hashlib
import json
import re
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

COMMIT = "0123456789abcdef0123456789abcdef01234567"
PAGE = b"<!DOCTYPE html><html><body>Welcome to the hotel's network. Please log in.</body></html>"


def weights(values: int = 4096, seed: int = 0) -> bytes:
    """Given a number of float32 values, return a small but real safetensors file with them."""
    data = hashlib.shake_256(bytes([seed])).digest(values * 4)
    header = {
        "__metadata__": {"format": "pt"},
        "a": {"dtype": "F32", "shape": [values // 2], "data_offsets": [0, values * 2]},
        "b": {"dtype": "F32", "shape": [2, values // 4], "data_offsets": [values * 2, values * 4]},
    }
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def pointer(content: bytes) -> bytes:
    """Given a file's content, return the Git LFS pointer that stands for it."""
    digest = hashlib.sha256(content).hexdigest()
    return f"version https://git-lfs.github.com/spec/v1\noid sha256:{digest}\nsize {len(content)}\n".encode()


@dataclass
class Sent:
    """One request that was answered: its path, the Range it asked for, the token it showed, and the bytes sent."""

    path: str
    range: str
    token: str
    status: int
    bytes: int = 0


@dataclass
class FakeHub:
    """What the hub holds and how it behaves.

    content: what its metadata speak of. served: what it really sends, the same if None. names, announced: another
    hash or length in its metadata. commit: the one that `main` is at; faithless: it answers with that one whatever is
    asked for. cut_after: bytes after which each answer with a file breaks off, one entry per answer, then none.
    statuses, file_statuses: what it answers first instead, one entry per request, with its X-Error-Code. ranges,
    lengths: whether it honours Range and tells Content-Length. elsewhere: the host that files are redirected to.
    delay: seconds after each piece of 4096 bytes.
    """

    content: bytes = field(default_factory=weights)
    served: bytes | None = None
    names: str = ""
    announced: int | None = None
    commit: str = COMMIT
    faithless: bool = False
    cut_after: list[int] = field(default_factory=list)
    statuses: list[tuple[int, str]] = field(default_factory=list)
    file_statuses: list[tuple[int, str]] = field(default_factory=list)
    ranges: bool = True
    lengths: bool = True
    page_as_answer: bool = False
    page_as_file: bool = False
    delay: float = 0.0
    elsewhere: str = ""
    port: int = 0
    requests: list[Sent] = field(default_factory=list)
    file_began: threading.Event = field(default_factory=threading.Event)

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()

    @property
    def file_bytes(self) -> int:
        """Bytes of the file that were sent in all answers together."""
        return sum(sent.bytes for sent in self.requests if sent.path.startswith("/blob/"))

    def description(self, repository: str) -> dict[str, Any]:
        task, size = re.fullmatch(r"facebook/sapiens2-([a-z]+)-([0-9.]+b)", repository).groups()  # type: ignore
        digest = self.names or self.sha256
        length = len(self.content) if self.announced is None else self.announced
        lfs = {"size": length, "sha256": digest, "pointerSize": 135}
        weights = [
            {"rfilename": name, "size": length, "blobId": "f" * 40, "lfs": lfs}
            for name in ("model.safetensors", f"sapiens2_{size}_{task}.safetensors")
        ]
        readme = {"rfilename": "README.md", "size": 12, "blobId": "e" * 40}
        return {"id": repository, "sha": self.commit, "siblings": [readme, *weights]}

    @contextmanager
    def running(self) -> Iterator[FakeHub]:
        """Serve on a free port meanwhile."""
        server = _Server(self)
        self.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            server.shutdown()
            server.server_close()
            thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, hub: FakeHub) -> None:
        self.hub = hub
        super().__init__(("127.0.0.1", 0), _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that go away are part of the game."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    @property
    def hub(self) -> FakeHub:
        assert isinstance(self.server, _Server)
        return self.server.hub

    def log_message(self, format: str, *args: Any) -> None:
        """Keep quiet."""

    def do_GET(self) -> None:
        hub = self.hub
        self._sent = Sent(self.path, self.headers.get("Range", ""), self.headers.get("Authorization", ""), 0)
        hub.requests.append(self._sent)
        is_file = not self.path.startswith("/api/")
        planned = hub.file_statuses if is_file else hub.statuses
        if planned and not self.path.startswith("/blob/"):
            status, code = planned.pop(0)
            self._answer(status, b"refused", {"X-Error-Code": code} if code else {})
        elif hub.page_as_answer or (hub.page_as_file and self.path.startswith("/blob/")):
            self._answer(200, PAGE, {"Content-Type": "text/html"})
        elif found := re.fullmatch(r"/api/models/(.+)/revision/([^/?]+)\?blobs=true", self.path):
            self._describe(found[1], found[2])
        elif found := re.fullmatch(r"/(facebook/[^/]+)/resolve/([^/]+)/(.+)", self.path):
            linked = {"X-Repo-Commit": found[2], "X-Linked-Etag": f'"{hub.sha256}"'}
            self._answer(
                302, b"Found", {"Location": f"{hub.elsewhere or hub.endpoint}/blob/{found[3]}", **linked}
            )
        elif self.path.startswith("/blob/"):
            self._file()
        else:
            self._answer(404, b"nothing", {"X-Error-Code": "RepoNotFound"})

    def _describe(self, repository: str, revision: str) -> None:
        hub = self.hub
        if revision not in ("main", hub.commit) and not hub.faithless:
            self._answer(404, b"{}", {"X-Error-Code": "RevisionNotFound"})
            return
        self._answer(
            200, json.dumps(hub.description(repository)).encode(), {"Content-Type": "application/json"}
        )

    def _file(self) -> None:
        hub = self.hub
        content = hub.content if hub.served is None else hub.served
        start, status, headers = 0, 200, {}
        asked = re.fullmatch(r"bytes=(\d+)-", self._sent.range)
        if asked and hub.ranges:
            start, status = int(asked[1]), 206
            if start >= len(content):
                self._answer(416, b"", {"Content-Range": f"bytes */{len(content)}"})
                return
            headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
        body = content[start:]
        self._sent.status = status
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if hub.lengths:
            self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        self._pour(body[: hub.cut_after.pop(0)] if hub.cut_after else body)

    def _pour(self, body: bytes) -> None:
        hub = self.hub
        step = 4096
        for at in range(0, len(body), step):
            piece = body[at : at + step]
            self.wfile.write(piece)
            self._sent.bytes += len(piece)
            hub.file_began.set()
            if hub.delay:
                time.sleep(hub.delay)

    def _answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self._sent.status = status
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@dataclass
class Listener:
    """A watcher that remembers."""

    said: list[str] = field(default_factory=list)
    steps: list[tuple[str, int, int]] = field(default_factory=list)

    def say(self, words: str) -> None:
        self.said.append(words)

    def progress(self, what: str, done: int, total: int) -> None:
        self.steps.append((what, done, total))
