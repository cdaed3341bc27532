"""The state of things as heartbeats in a bucket of ActivityWatch, the time tracker that runs on the user's machine.

Its server joins equal heartbeats that follow within the pulse time into one event, so time in which nobody told
anything (asleep, stopped) is never counted: https://docs.activitywatch.net/en/latest/api/rest.html
"""

from __future__ import annotations

import contextlib
import http.client
import ipaddress
import json
from typing import Any
from urllib.parse import quote, urlsplit

from uprightd.domain import Instant
from uprightd.errors import ConfigError
from uprightd.outlets.base import Alarm, Condition, OutletError, one_line, utc

URL = "http://localhost:5600"
CLIENT = "aw-watcher-uprightd"
BUCKET_TYPE = "app.uprightd.posture"
BEAT_EVERY = 10.0
"""Seconds between heartbeats while nothing changes."""
PULSE_TIME = 30.0
"""Seconds between two equal heartbeats that still make one event. At the slowest sampling they come every 20 s."""
PATIENCE = 3.0
"""Seconds for one answer. The server is on this machine."""
ANSWER_LIMIT = 65_536

MISSING, UNCHANGED = 404, 304


class ActivityWatch:
    """Sends heartbeats with the data {state, posture, profile} to a bucket of its own.

    url: the server's, http or https. host: this machine's name, a part of the bucket's. Posture data stays on this
    machine: any other server is refused unless allow_remote is set. Raise ConfigError for a URL that cannot be used.
    """

    name = "activitywatch"

    def __init__(self, host: str, url: str = URL, allow_remote: bool = False) -> None:
        self._secure, self._host, self._port, self._path = parts_of(url)
        self._url = url
        self._allow_remote = allow_remote
        if not allow_remote and not (self._host == "localhost" or is_loopback(self._host)):
            raise ConfigError(
                f"{url} is another machine's: posture data stays on this one",
                f"Use {URL}, or allow another server explicitly.",
            )
        self._hostname = one_line(host, 100)
        self._bucket = quote(f"{CLIENT}_{self._hostname}", safe="")
        self._ready = False
        self._told: dict[str, str] | None = None
        self._told_at = self._latest_at = Instant(0.0, 0.0)

    def alert(self, alarm: Alarm) -> bool:  # noqa: ARG002 - the seam's signature
        """Nothing: the bucket holds what was, minute by minute, and an alert is a moment."""
        return False

    def condition(self, condition: Condition) -> bool:
        """Send a heartbeat when something changed, or the last one is some seconds old.

        Before a change the former state is confirmed up to its last moment, so that no seconds are lost.
        """
        data = {
            "state": condition.activity.value,
            "posture": condition.posture.value if condition.posture else "",
            "profile": one_line(condition.profile, 100),
        }
        changed = data != self._told
        if not changed and condition.at.mono - self._told_at.mono < BEAT_EVERY:
            self._latest_at = condition.at
            return False
        if changed and self._told is not None and self._latest_at != self._told_at:
            self._beat(self._latest_at, self._told)
        self._beat(condition.at, data)
        self._told, self._told_at, self._latest_at = data, condition.at, condition.at
        return True

    def interrupt(self) -> None:
        """Nothing waits longer than one answer may take."""

    def close(self) -> None:
        """Nothing to let go of: every request is a connection of its own."""

    def _beat(self, at: Instant, data: dict[str, str]) -> None:
        beat = {"timestamp": utc(at), "duration": 0, "data": data}
        where = f"/api/0/buckets/{self._bucket}/heartbeat?pulsetime={PULSE_TIME:g}"
        for _ in range(2):
            self._make_bucket()
            if self._post(where, beat) != MISSING:
                return
            self._ready = False  # it was deleted, or the server has another database now
        raise OutletError(f"{self._url} has no bucket {self._bucket} although it was just made")

    def _make_bucket(self) -> None:
        if self._ready:
            return
        about = {"client": CLIENT, "type": BUCKET_TYPE, "hostname": self._hostname}
        if self._post(f"/api/0/buckets/{self._bucket}", about) == MISSING:
            raise OutletError(f"{self._url} is not ActivityWatch: it knows no /api/0/buckets")
        self._ready = True

    def _post(self, where: str, content: dict[str, Any]) -> int:
        """Given a path and what to send there, return the status: 200, "unchanged" or "missing".

        Raise OutletError for any other, and when there is no answer in time.
        """
        make = http.client.HTTPSConnection if self._secure else http.client.HTTPConnection
        connection = make(self._host, self._port, timeout=PATIENCE)
        with contextlib.closing(connection):
            try:
                connection.connect()
                self._stay_here(connection)
                body = json.dumps(content).encode()
                connection.request("POST", self._path + where, body, {"Content-Type": "application/json"})
                with connection.getresponse() as answer:
                    said = answer.read(ANSWER_LIMIT)
            except (OSError, http.client.HTTPException) as error:
                self._ready = False  # whoever answers next may not know the bucket
                why = getattr(error, "strerror", None) or str(error) or type(error).__name__
                raise OutletError(f"ActivityWatch at {self._url} does not answer: {why}") from error
        if answer.status in (200, UNCHANGED, MISSING):
            return answer.status
        words = one_line(said.decode("utf-8", errors="replace"), 200)
        raise OutletError(f"ActivityWatch at {self._url} answered {answer.status} {answer.reason}: {words}")

    def _stay_here(self, connection: http.client.HTTPConnection) -> None:
        """Raise OutletError when "localhost" led to another machine. Nothing has been sent by then."""
        address = connection.sock.getpeername()[0]
        if not self._allow_remote and not is_loopback(address):
            raise OutletError(f"{self._url} leads to {address}, which is not this machine")


def parts_of(url: str) -> tuple[bool, str, int, str]:
    """Given a URL, return whether it is https, its host, port and path. Raise ConfigError when it is none."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise ConfigError(f"{url} is not a URL: {error}", f"Write it as {URL}.") from error
    if parts.scheme not in ("http", "https") or not host or parts.query or parts.fragment or parts.username:
        raise ConfigError(f"{url} is not the URL of a server", f"Write it as {URL}.")
    secure = parts.scheme == "https"
    return secure, host, port or (443 if secure else 80), parts.path.rstrip("/")


def is_loopback(host: str) -> bool:
    """Given a host as it is written, return whether it is an address of this machine that no other can reach."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback
