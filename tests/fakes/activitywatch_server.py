"""ActivityWatch's server as its REST API is documented, strict about what it is sent: it answers 4xx to anything else.

https://docs.activitywatch.net/en/latest/api/rest.html; the joining of heartbeats is aw-core's heartbeat_merge.
"""

from __future__ import annotations

import contextlib
import json
import re
import threading
from collections.abc import Callable
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

BUCKET = re.compile(r"/api/0/buckets/([^/?]+)(/heartbeat|/events)?")


class FakeActivityWatch:
    """A server on a free port of `address`.

    answer: when set, what answers a POST instead: given path and content, it returns status and text.
    """

    def __init__(self, address: str = "127.0.0.1") -> None:
        self.buckets: dict[str, dict[str, str]] = {}
        self.events: dict[str, list[dict[str, Any]]] = {}
        self.requests: list[str] = []
        self.answer: Callable[[str, Any], tuple[int, str]] | None = None
        fake = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                text = self.rfile.read(int(self.headers["Content-Length"]))
                fake.requests.append(self.path)
                if fake.answer is not None:
                    status, said = fake.answer(self.path, text)
                elif not re.fullmatch(r"(localhost|127\.0\.0\.1)(:\d+)?", self.headers["Host"]):
                    status, said = 400, f"host header is invalid (was {self.headers['Host']})"
                elif self.headers["Content-Type"] != "application/json":
                    status, said = 415, "not JSON"
                else:
                    status, said = fake.post(self.path, json.loads(text))
                self._reply(status, said)

            def do_GET(self) -> None:
                found = BUCKET.fullmatch(urlsplit(self.path).path)
                told = fake.buckets if found is None else fake.events[unquote(found[1])][::-1]
                self._reply(200, json.dumps(told))

            def do_DELETE(self) -> None:
                found = BUCKET.fullmatch(urlsplit(self.path).path)
                assert found is not None
                del fake.buckets[unquote(found[1])]
                self._reply(200, "{}")

            def _reply(self, status: int, said: str) -> None:
                self.send_response(status)
                if 300 < status < 400 and status != 304:
                    self.send_header("Location", said)
                self.send_header("Content-Length", str(len(said)))
                self.end_headers()
                if status != 304:
                    with contextlib.suppress(OSError):  # nobody need read it to its end
                        self.wfile.write(said.encode())

            def log_message(self, format: str, *args: Any) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer((address, 0), Handler)
        self._server.daemon_threads = False  # so that stopping waits for the answers under way
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    @property
    def port(self) -> int:
        return self._server.server_address[1]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def post(self, path: str, content: dict[str, Any]) -> tuple[int, str]:
        """Given a path and what was posted there, return the status and the text of the answer."""
        parts = urlsplit(path)
        found = BUCKET.fullmatch(parts.path)
        if found is None:
            return 404, "no such resource"
        bucket = unquote(found[1])
        if found[2] is None:
            if set(content) != {"client", "type", "hostname"}:
                return 400, f"not a bucket: {content}"
            known = bucket in self.buckets
            self.buckets.setdefault(bucket, content)
            self.events.setdefault(bucket, [])
            return (304, "") if known else (200, "{}")
        if bucket not in self.buckets:
            return 404, f"There's no bucket named {bucket}"
        return self._beat(bucket, content, parse_qs(parts.query))

    def _beat(self, bucket: str, beat: dict[str, Any], query: dict[str, list[str]]) -> tuple[int, str]:
        pulse = query.get("pulsetime")
        at = datetime.fromisoformat(beat["timestamp"])
        if pulse is None or set(beat) != {"timestamp", "duration", "data"} or at.tzinfo is None:
            return 400, f"not a heartbeat: {beat}"
        last = self.events[bucket][-1] if self.events[bucket] else None
        if last is not None and last["data"] == beat["data"]:
            since = (at - datetime.fromisoformat(last["timestamp"])).total_seconds()
            if 0 <= since <= last["duration"] + float(pulse[0]):
                last["duration"] = max(last["duration"], since)
                return 200, "{}"
        self.events[bucket].append(dict(beat))
        return 200, "{}"
