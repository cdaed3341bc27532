"""Posture in ActivityWatch: against its own server where aw-server is installed, and against its documented API.

`pip install aw-server` in an environment of its own and its bin folder on PATH make the real one run here.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import subprocess
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from tests.fakes.activitywatch_server import FakeActivityWatch
from tests.fakes.outlet import HOSTILE, START, alarm, condition
from tests.fakes.private_bus import DEADLINE, wait_until

from uprightd.domain import Activity, Posture
from uprightd.errors import ConfigError
from uprightd.outlets import activitywatch as module
from uprightd.outlets.activitywatch import ActivityWatch
from uprightd.outlets.base import OutletError

BUCKET = "aw-watcher-uprightd_desk"
GOOD = {"state": "watching", "posture": "good", "profile": "sit"}
POOR = {"state": "watching", "posture": "poor", "profile": "sit"}
PATIENCE = 10.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def fake() -> Iterator[FakeActivityWatch]:
    server = FakeActivityWatch()
    yield server
    server.stop()


@pytest.fixture
def real(tmp_path: Path) -> Iterator[str]:
    """ActivityWatch's own server with an empty database; its URL."""
    program = shutil.which("aw-server")
    if program is None:
        pytest.skip(
            "no real ActivityWatch to test against: pip install aw-server, elsewhere, and put it on PATH"
        )
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    home = {name: str(tmp_path) for name in ("HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME")}
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(
            [program, "--testing", "--host", "127.0.0.1", "--port", str(port), "--storage", "memory"],
            env={**os.environ, **home},
            stdout=log,
            stderr=log,
        )
    try:
        wait_until(lambda: answers(url), "ActivityWatch", process)
        yield url
    finally:
        process.kill()
        process.wait(DEADLINE)


def answers(url: str) -> bool:
    try:
        return get(f"{url}/api/0/info") is not None
    except OSError:
        return False


@pytest.fixture(params=["documented", "real"])
def url(request: pytest.FixtureRequest) -> str:
    """The URL of either server."""
    if request.param == "real":
        return request.getfixturevalue("real")
    return request.getfixturevalue("fake").url


def get(address: str) -> Any:
    with urllib.request.urlopen(address, timeout=PATIENCE) as answer:
        return json.loads(answer.read())


def events(url: str) -> list[tuple[float, float, dict[str, str]]]:
    """Given a server's URL, return our bucket's events, oldest first: seconds since the start, duration, data."""
    found = get(f"{url}/api/0/buckets/{BUCKET}/events")
    told = [
        (datetime.fromisoformat(it["timestamp"]).timestamp() - START, it["duration"], it["data"])
        for it in found
    ]
    return sorted(((round(at, 3), round(long, 3), data) for at, long, data in told), key=lambda it: it[0])


def test_time_in_each_posture_becomes_an_event_without_a_gap(url: str) -> None:
    watch = ActivityWatch("desk", url)
    for second in range(25):
        watch.condition(condition(second, profile="sit"))
    for second in range(25, 40):
        watch.condition(condition(second, posture=Posture.POOR, profile="sit"))
    watch.condition(condition(40, Activity.AWAY, None, profile="sit"))
    assert events(url) == [
        (0, 24, GOOD),
        (25, 14, POOR),
        (40, 0, {"state": "away", "posture": "", "profile": "sit"}),
    ]


def test_time_in_which_nobody_was_watching_is_not_counted(url: str) -> None:
    watch = ActivityWatch("desk", url)
    for second in (0, 10, 20, 3600, 3610):
        watch.condition(condition(second, profile="sit"))
    assert events(url) == [(0, 20, GOOD), (3600, 10, GOOD)]


def test_a_second_start_goes_on_in_the_same_bucket(url: str) -> None:
    ActivityWatch("desk", url).condition(condition(0, profile="sit"))
    ActivityWatch("desk", url).condition(condition(10, profile="sit"))
    assert events(url) == [(0, 10, GOOD)]


def test_a_bucket_that_was_deleted_is_made_again(url: str) -> None:
    watch = ActivityWatch("desk", url)
    watch.condition(condition(0, profile="sit"))
    request = urllib.request.Request(f"{url}/api/0/buckets/{BUCKET}?force=1", method="DELETE")
    with urllib.request.urlopen(request, timeout=PATIENCE):
        pass
    assert watch.condition(condition(5, posture=Posture.POOR, profile="sit"))
    assert events(url)[-1] == (5, 0, POOR)


@pytest.mark.parametrize("text", HOSTILE)
def test_any_profile_and_any_machine_s_name_are_taken(text: str, fake: FakeActivityWatch) -> None:
    watch = ActivityWatch(text, fake.url)
    assert watch.condition(condition(profile=text))
    [name] = fake.buckets
    assert name.startswith("aw-watcher-uprightd_")
    assert fake.buckets[name]["type"] == "app.uprightd.posture"


def test_the_bucket_is_named_after_the_machine_and_says_what_it_holds(url: str) -> None:
    ActivityWatch("desk", url).condition(condition())
    about = get(f"{url}/api/0/buckets/")[BUCKET]
    told = {name: about[name] for name in ("client", "type", "hostname")}
    assert told == {"client": "aw-watcher-uprightd", "type": "app.uprightd.posture", "hostname": "desk"}


def test_while_nothing_changes_the_server_hears_little(fake: FakeActivityWatch) -> None:
    watch = ActivityWatch("desk", fake.url)
    told = [watch.condition(condition(second / 5)) for second in range(500)]
    assert sum(told) == 10
    assert len(fake.requests) == 11  # and one to make the bucket


def test_an_alert_is_not_its_business(fake: FakeActivityWatch) -> None:
    assert not ActivityWatch("desk", fake.url).alert(alarm())
    assert fake.requests == []


def test_no_server_is_said_in_words() -> None:
    port = free_port()
    watch = ActivityWatch("desk", f"http://localhost:{port}")
    with pytest.raises(OutletError, match=f"ActivityWatch at http://localhost:{port} does not answer: "):
        watch.condition(condition())


def test_after_a_failure_the_former_state_keeps_its_time(fake: FakeActivityWatch) -> None:
    watch = ActivityWatch("desk", fake.url)
    for second in range(6):
        watch.condition(condition(second, profile="sit"))
    fake.answer = lambda _path, _content: (500, "disk full")
    with pytest.raises(OutletError, match="answered 500 Internal Server Error: disk full"):
        watch.condition(condition(6, posture=Posture.POOR, profile="sit"))
    fake.answer = None
    assert watch.condition(condition(7, posture=Posture.POOR, profile="sit"))
    assert events(fake.url) == [(0, 5, GOOD), (7, 0, POOR)]


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ((404, "nothing here"), "is not ActivityWatch"),
        ((401, "who\r\nare\x00 you"), "answered 401 Unauthorized: who are you"),
        ((302, "http://192.0.2.1/steal"), "answered 302 Found"),
        ((400, "x" * 200_000), "answered 400"),
    ],
)
def test_an_answer_that_is_none_is_said_in_words(
    answer: tuple[int, str], words: str, fake: FakeActivityWatch
) -> None:
    fake.answer = lambda _path, _content: answer
    with pytest.raises(OutletError, match=words) as error:
        ActivityWatch("desk", fake.url).condition(condition())
    assert len(str(error.value)) < 400
    assert len(fake.requests) == 1, "no redirection is followed"


def test_a_server_that_forgets_the_bucket_at_once_is_not_asked_for_ever(fake: FakeActivityWatch) -> None:
    fake.answer = lambda path, _content: (404, "gone") if "heartbeat" in path else (200, "{}")
    with pytest.raises(OutletError, match="has no bucket"):
        ActivityWatch("desk", fake.url).condition(condition())
    assert len(fake.requests) == 4


def test_a_server_that_never_answers_costs_the_patience_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PATIENCE", 0.2)
    with socket.socket() as mute:
        mute.bind(("127.0.0.1", 0))
        mute.listen()
        started = time.monotonic()
        with pytest.raises(OutletError, match="does not answer: timed out"):
            ActivityWatch("desk", f"http://127.0.0.1:{mute.getsockname()[1]}").condition(condition())
        assert time.monotonic() - started < PATIENCE


def test_an_endless_answer_is_not_read_to_its_end() -> None:
    with socket.socket() as endless:
        endless.bind(("127.0.0.1", 0))
        endless.listen()

        def talk() -> None:
            line, _ = endless.accept()
            with line, contextlib.suppress(OSError):
                line.recv(65_536)
                line.sendall(b"HTTP/1.0 500 No\r\n\r\n")
                while True:
                    line.sendall(b"more " * 1000)

        talking = threading.Thread(target=talk)
        talking.start()
        with pytest.raises(OutletError, match="answered 500 No: more more"):
            ActivityWatch("desk", f"http://127.0.0.1:{endless.getsockname()[1]}").condition(condition())
        talking.join(PATIENCE)
        assert not talking.is_alive()


# ---- posture data stays on this machine --------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "http://192.168.1.5:5600",
        "http://activity.example:5600",
        "http://localhost.example:5600",
        "http://0.0.0.0:5600",
        "http://[2001:db8::1]:5600",
        "http://127.0.0.1.example",
        "http://2130706433:5600",
    ],
)
def test_another_machine_is_refused_unless_allowed_explicitly(url: str) -> None:
    with pytest.raises(ConfigError, match="another machine"):
        ActivityWatch("desk", url)
    ActivityWatch("desk", url, allow_remote=True)


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost:5600",
        "http://127.0.0.1",
        "http://127.8.9.1:1",
        "http://[::1]:5600",
        "https://[::ffff:127.0.0.1]/",
    ],
)
def test_this_machine_by_any_name_is_taken(url: str) -> None:
    ActivityWatch("desk", url)


@pytest.mark.parametrize(
    "url",
    ["", "localhost:5600", "ftp://localhost", "http://", "http://localhost:port", "http://localhost:99999",
     "http://me:secret@localhost", "http://localhost/?a=b", "http://[::1", "file:///etc/passwd"],
)  # fmt: skip
def test_what_is_no_url_of_a_server_is_refused(url: str) -> None:
    with pytest.raises(ConfigError, match="URL"):
        ActivityWatch("desk", url)


def own_address() -> str:
    """This machine's address towards others, "" where it has none. Nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
            return probe.getsockname()[0]
        except OSError:
            return ""


def test_a_localhost_that_leads_elsewhere_is_told_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    address = own_address()
    if not address or address.startswith("127."):
        pytest.skip("this machine has no address but its own loopback")
    elsewhere = FakeActivityWatch(address)
    resolve: Callable[..., Any] = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", lambda _host, *rest, **more: resolve(address, *rest, **more))
    try:
        with pytest.raises(OutletError, match=f"leads to {address}, which is not this machine"):
            ActivityWatch("desk", f"http://localhost:{elsewhere.port}").condition(condition())
        assert elsewhere.requests == []
        ActivityWatch("desk", f"http://localhost:{elsewhere.port}", allow_remote=True).condition(condition())
        assert elsewhere.requests
    finally:
        elsewhere.stop()


def test_a_proxy_in_the_environment_is_not_asked(
    fake: FakeActivityWatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{free_port()}")
    assert ActivityWatch("desk", fake.url).condition(condition())
