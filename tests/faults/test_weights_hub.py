"""Weights over a network that breaks, lies and fills the disk: nothing wrong gets its name, nothing comes twice (F29).

The hub is a real server on this machine; what it does wrong is said in each test.
"""

from __future__ import annotations

import http.client
import io
import json
import os
import resource
import socket
import stat
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from tests.fakes.hub import COMMIT, PAGE, FakeHub, Listener, pointer, weights

from uprightd.clock import FollowingClock
from uprightd.domain import Instant
from uprightd.errors import (
    ConfigError,
    DataError,
    DeniedError,
    TryAgainError,
    UnavailableError,
    UprightError,
    UsageError,
    WriteError,
)
from uprightd.weights.adding import add
from uprightd.weights.catalogue import Entry, entry
from uprightd.weights.fetching import Fetched, fetch
from uprightd.weights.hub import Hub, _Redirects, hub_from
from uprightd.weights.installed import find
from uprightd.weights.licence import SAPIENS2_LICENCE, accept
from uprightd.weights.manifest import BY_HAND, HUB, read_manifest

CLOCK = FollowingClock(Instant(1_795_348_800.0, 0.0))
POSE = entry("pose", "0.4b")
SEG = entry("seg", "0.4b")
POINTMAP = entry("pointmap", "0.4b")
OLD = "9" * 40


@pytest.fixture
def models(tmp_path: Path) -> Path:
    folder = tmp_path / "models"
    accept(folder, SAPIENS2_LICENCE, CLOCK, "0.1.0")
    return folder


@pytest.fixture
def hub() -> Iterator[FakeHub]:
    """A hub that holds a file of 16 kB and behaves, as long as a test does not tell it otherwise."""
    with FakeHub(commit=POSE.revision).running() as hub:
        yield hub


def fetched(
    hub: FakeHub, models: Path, model: Entry = POSE, listener: Listener | None = None, timeout: float = 5.0
) -> Fetched:
    return fetch(model, models, Hub(hub.endpoint, timeout=timeout), CLOCK, listener or Listener())


def refused(hub: FakeHub, models: Path, kind: type[UprightError], model: Entry = POSE) -> UprightError:
    """Fetch, and return the error of that kind it must end with; nothing may be installed then."""
    with pytest.raises(kind) as caught:
        fetched(hub, models, model)
    assert caught.value.hint, "says what to do next"
    assert find(models, model.task) is None
    assert not (models / model.name / model.file).exists()
    return caught.value


def part(models: Path, model: Entry = POSE) -> Path:
    (found,) = (models / model.name).glob("*.part")
    return found


def ranges(hub: FakeHub) -> list[str]:
    return [sent.range for sent in hub.requests if sent.path.startswith("/blob/")]


# ---- as it should be


def test_a_model_comes_once_is_checked_named_and_listed(hub: FakeHub, models: Path) -> None:
    before = os.umask(0o022)
    try:
        listener = Listener()
        done = fetched(hub, models, listener=listener)
    finally:
        os.umask(before)
    assert done.path == models / "sapiens2-0.4b-pose" / "sapiens2_0.4b_pose.safetensors"
    assert done.path.read_bytes() == hub.content
    assert done.came == hub.file_bytes == len(hub.content)
    assert find(models, "pose") == done.model
    record = json.loads((models / "manifest.json").read_text())["models"][0]
    assert record == {
        "name": "sapiens2-0.4b-pose",
        "task": "pose",
        "size": "0.4b",
        "file": "sapiens2-0.4b-pose/sapiens2_0.4b_pose.safetensors",
        "bytes": len(hub.content),
        "sha256": hub.sha256,
        "source": "hub",
        "repository": "facebook/sapiens2-pose-0.4b",
        "revision": POSE.revision,
        "installed_at": "2026-11-22T12:00:00Z",
        "verified_at": "2026-11-22T12:00:00Z",
        "licence": "Sapiens2 License",
        "licence_accepted_at": "2026-11-22T12:00:00Z",
    }
    assert listener.steps[-1][1:] == (len(hub.content), len(hub.content))
    for path in (models, *models.rglob("*")):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path
    assert sorted(it.name for it in done.path.parent.iterdir()) == [".lock", done.path.name]


def test_an_intact_model_is_fetched_again_without_a_word_on_the_network(hub: FakeHub, models: Path) -> None:
    fetched(hub, models)
    before = len(hub.requests)
    assert fetched(hub, models).came == 0
    assert len(hub.requests) == before


def test_a_model_without_a_pin_is_pinned_by_the_manifest_and_that_is_said(hub: FakeHub, models: Path) -> None:
    assert POINTMAP.revision == ""
    hub.commit = COMMIT
    listener = Listener()
    done = fetched(hub, models, POINTMAP, listener)
    assert done.model.revision == COMMIT
    assert any(COMMIT in words and "pinned" in words for words in listener.said)
    done.path.write_bytes(b"changed")
    hub.commit = OLD  # `main` has moved on
    with pytest.raises(UnavailableError, match="pinned commit"):
        fetched(hub, models, POINTMAP)
    hub.commit = COMMIT
    assert fetched(hub, models, POINTMAP).model.revision == COMMIT
    assert done.path.read_bytes() == hub.content


def test_a_changed_file_is_mended_by_fetching_it_again(hub: FakeHub, models: Path) -> None:
    path = fetched(hub, models).path
    path.write_bytes(hub.content[:-1] + b"!")
    assert fetched(hub, models).came == len(hub.content)
    assert path.read_bytes() == hub.content


def test_what_a_crash_left_between_name_and_manifest_is_not_downloaded_again(
    hub: FakeHub, models: Path
) -> None:
    fetched(hub, models)
    (models / "manifest.json").unlink()
    done = fetched(hub, models)
    assert done.came == 0
    assert hub.file_bytes == len(hub.content)
    assert find(models, "pose") == done.model


@pytest.mark.parametrize("model", [POSE, POINTMAP], ids=["pinned", "unpinned"])
def test_a_file_placed_by_hand_gives_way_to_the_hub_s(
    hub: FakeHub, models: Path, tmp_path: Path, model: Entry
) -> None:
    own = tmp_path / model.file
    own.write_bytes(weights(seed=7))
    assert add(own, model, models, False, CLOCK, Listener()).source == BY_HAND
    done = fetched(hub, models, model)
    assert (done.model.source, done.path.read_bytes()) == (HUB, hub.content)


# ---- interrupted


def test_an_interrupted_download_goes_on_and_no_byte_comes_twice(hub: FakeHub, models: Path) -> None:
    hub.cut_after = [5000, 1]
    listener = Listener()
    done = fetched(hub, models, listener=listener)
    assert done.path.read_bytes() == hub.content
    assert ranges(hub) == ["", "bytes=5000-", "bytes=5001-"]
    assert hub.file_bytes == done.came == len(hub.content)
    assert any("broke off" in words for words in listener.said)


def test_a_download_given_up_stays_a_part_and_the_next_command_goes_on(hub: FakeHub, models: Path) -> None:
    hub.cut_after = [6000, 0, 0, 0, 0]
    error = refused(hub, models, UnavailableError)
    assert "6 kB" in error.message
    assert "goes on" in error.hint
    assert part(models).read_bytes() == hub.content[:6000]
    assert stat.S_IMODE(part(models).stat().st_mode) == 0o600
    hub.cut_after = []
    listener = Listener()
    done = fetched(hub, models, listener=listener)
    assert done.came == len(hub.content) - 6000
    assert hub.file_bytes == len(hub.content)
    assert listener.said[0].endswith("safetensors") or "going on at 6 kB" in " ".join(listener.said)
    assert not list(models.rglob("*.part"))


def test_a_server_killed_in_the_middle_ends_in_an_error_and_its_successor_goes_on(
    hub: FakeHub, models: Path
) -> None:
    dying = FakeHub(commit=POSE.revision, cut_after=[7000])
    running = dying.running()
    running.__enter__()

    class Undertaker(Listener):
        def say(self, words: str) -> None:
            super().say(words)
            if "broke off" in words:
                running.__exit__(None, None, None)

    with pytest.raises(UnavailableError, match="no connection") as caught:
        fetched(dying, models, listener=Undertaker())
    assert caught.value.exit_code == 69
    assert find(models, "pose") is None
    assert part(models).stat().st_size == 7000
    assert fetched(hub, models).came == len(hub.content) - 7000
    assert ranges(hub) == ["bytes=7000-"]


def test_a_connection_that_stalls_is_given_up_and_gone_on_with(models: Path) -> None:
    with FakeHub(commit=POSE.revision, delay=3.0).running() as hub:
        done = fetched(hub, models, timeout=0.15)
        assert done.path.read_bytes() == hub.content
        assert ranges(hub)[:2] == ["", "bytes=4096-"]


def test_a_server_that_cannot_go_on_in_the_middle_starts_over(hub: FakeHub, models: Path) -> None:
    hub.cut_after, hub.ranges = [5000], False
    listener = Listener()
    done = fetched(hub, models, listener=listener)
    assert done.path.read_bytes() == hub.content
    assert done.came == 5000 + len(hub.content)
    assert any("starts over" in words for words in listener.said)


def test_a_part_of_another_commit_is_never_gone_on_with(hub: FakeHub, models: Path) -> None:
    with FakeHub(
        content=weights(seed=1), commit=POSE.revision, cut_after=[6000, 0, 0, 0, 0]
    ).running() as old:
        refused(old, models, UnavailableError)
    assert fetched(hub, models).came == len(hub.content)
    assert ranges(hub) == [""]
    assert not list(models.rglob("*.part"))


def test_a_part_longer_than_the_file_is_thrown_away(hub: FakeHub, models: Path) -> None:
    hub.cut_after = [6000, 0, 0, 0, 0]
    refused(hub, models, UnavailableError)
    with part(models).open("ab") as file:
        file.write(bytes(20_000))
    hub.cut_after = []
    assert fetched(hub, models).path.read_bytes() == hub.content


def test_a_part_damaged_on_this_disk_is_found_out_and_thrown_away(hub: FakeHub, models: Path) -> None:
    hub.cut_after = [6000, 0, 0, 0, 0]
    refused(hub, models, UnavailableError)
    part(models).write_bytes(bytes(6000))
    hub.cut_after = []
    assert "wrong bytes" in refused(hub, models, DataError).message
    assert not list(models.rglob("*.part"))
    assert fetched(hub, models).path.read_bytes() == hub.content


# ---- wrong content


def test_wrong_bytes_of_the_right_length_are_thrown_away(hub: FakeHub, models: Path) -> None:
    hub.served = hub.content[:-1] + b"!"
    error = refused(hub, models, DataError)
    assert error.exit_code == 65
    assert hub.sha256[:12] in error.message
    assert "again" in error.hint
    assert not list(models.rglob("*.part"))
    hub.served = None
    assert fetched(hub, models).path.read_bytes() == hub.content


@pytest.mark.parametrize(
    ("served", "says"),
    [
        (weights()[:9000], "9000 bytes"),
        (weights() + b"more", "bytes"),
        (PAGE, "a web page"),
        (pointer(weights()), "a Git LFS pointer"),
        (b"", "0 bytes"),
    ],
    ids=["short", "long", "page", "pointer", "empty"],
)
def test_another_file_than_the_hub_speaks_of_is_refused_at_once(
    hub: FakeHub, models: Path, served: bytes, says: str
) -> None:
    hub.served = served
    error = refused(hub, models, DataError)
    assert says in error.message
    assert f"{len(hub.content)} bytes" in error.message
    assert len(ranges(hub)) == 1, "trying again would bring the same"


def test_a_body_that_is_too_short_without_saying_so_is_no_file(hub: FakeHub, models: Path) -> None:
    hub.served, hub.lengths, hub.ranges = hub.content[:9000], False, False
    error = refused(hub, models, UnavailableError)
    assert "broke off at 9 kB of 17 kB" in error.message


def test_a_body_that_is_too_long_without_saying_so_is_judged_by_its_hash(hub: FakeHub, models: Path) -> None:
    hub.served, hub.lengths = hub.content[:-4] + b"much more", False
    assert "wrong bytes" in refused(hub, models, DataError).message


def test_a_login_page_in_the_middle_does_not_cost_what_is_already_here(hub: FakeHub, models: Path) -> None:
    hub.cut_after = [6000, 0, 0, 0, 0]
    refused(hub, models, UnavailableError)
    hub.cut_after, hub.page_as_file = [], True
    assert "a web page" in refused(hub, models, DataError).message
    hub.page_as_file = False
    assert fetched(hub, models).came == len(hub.content) - 6000


@pytest.mark.parametrize(
    "content",
    [weights()[:60], weights()[:-1], PAGE, pointer(weights())],
    ids=["header", "tail", "page", "pointer"],
)
def test_a_file_damaged_on_the_hub_itself_is_refused_although_its_hash_is_right(
    hub: FakeHub, models: Path, content: bytes
) -> None:
    hub.content = content
    error = refused(hub, models, DataError)
    assert error.exit_code == 65
    assert not list(models.rglob("*.part"))


def test_a_hub_that_names_another_hash_than_the_known_one_is_not_believed(hub: FakeHub, models: Path) -> None:
    hub.commit = SEG.revision
    error = refused(hub, models, DataError, SEG)
    assert SEG.sha256[:12] in error.message
    assert hub.endpoint in error.message
    assert hub.file_bytes == 0


def test_a_hub_that_answers_with_another_commit_is_not_believed(hub: FakeHub, models: Path) -> None:
    hub.commit, hub.faithless = OLD, True
    assert OLD in refused(hub, models, DataError).message
    assert hub.file_bytes == 0


@pytest.mark.parametrize("names", ["", "f" * 63, "main"])
def test_a_hub_without_a_hash_is_not_believed(hub: FakeHub, models: Path, names: str) -> None:
    hub.names, hub.announced = names or "nothing", len(hub.content)
    assert "SHA-256" in refused(hub, models, DataError).message
    assert hub.file_bytes == 0


def test_a_page_instead_of_the_hub_s_answer_is_named(hub: FakeHub, models: Path) -> None:
    hub.page_as_answer = True
    error = refused(hub, models, DataError)
    assert "a web page" in error.message
    assert "login page" in error.hint


# ---- not there, not allowed, not working


@pytest.mark.parametrize(
    ("status", "code", "says", "hint"),
    [
        (404, "RepoNotFound", "does not have it", "update uprightd"),
        (401, "RepoNotFound", "does not have it", "models add"),
        (404, "RevisionNotFound", "the pinned commit", "update uprightd"),
        (404, "EntryNotFound", "its file", "models add"),
        (404, "", "what was asked for", "models add"),
        (403, "GatedRepo", "who asks", "HF_TOKEN"),
        (401, "", "who asks", "HF_TOKEN"),
        (403, "", "who asks", "https"),
        (410, "", "HTTP 410", "models add"),
    ],
)
@pytest.mark.parametrize("where", ["statuses", "file_statuses"])
def test_a_refusal_of_the_hub_is_said_in_words(
    hub: FakeHub, models: Path, status: int, code: str, says: str, hint: str, where: str
) -> None:
    setattr(hub, where, [(status, code)])
    error = refused(hub, models, UnavailableError)
    assert error.exit_code == 69
    assert says in error.message
    assert str(status) in error.message
    assert POSE.repository in error.message
    assert hint.replace("https", hub.endpoint) in error.hint


def test_a_repository_without_the_file_is_named(
    hub: FakeHub, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FakeHub, "description", lambda *_: {"sha": POSE.revision, "siblings": []})
    assert POSE.file in refused(hub, models, UnavailableError).message


@pytest.mark.parametrize("status", [500, 503, 429])
def test_trouble_that_passes_is_waited_out(hub: FakeHub, models: Path, status: int) -> None:
    hub.statuses, hub.file_statuses = [(status, ""), (status, "")], [(status, ""), (status, "")]
    listener = Listener()
    assert fetched(hub, models, listener=listener).came == len(hub.content)
    assert len([words for words in listener.said if "trying again" in words]) == 4


def test_trouble_that_stays_ends_after_four_attempts(hub: FakeHub, models: Path) -> None:
    hub.statuses = [(500, "")] * 9
    assert "HTTP 500" in refused(hub, models, UnavailableError).message
    assert len(hub.requests) == 4


def test_nobody_listening_is_no_network(models: Path) -> None:
    with closing(socket.socket()) as unused:
        unused.bind(("127.0.0.1", 0))
        hub = FakeHub(port=unused.getsockname()[1])
    error = refused(hub, models, UnavailableError)
    assert "no connection" in error.message
    assert hub.endpoint in error.message
    assert "Check the network" in error.hint


def test_a_server_that_never_answers_is_given_up(models: Path) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        hub = FakeHub(port=silent.getsockname()[1])
        with pytest.raises(UnavailableError, match="no answer in time"):
            fetched(hub, models, timeout=0.1)


def test_a_server_that_speaks_no_http_is_given_up(models: Path) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:

        def babble() -> None:
            for _ in range(4):
                connection, _ = server.accept()
                connection.recv(1000)
                connection.sendall(b"220 mail.example ready\r\n")
                connection.close()

        threading.Thread(target=babble, daemon=True).start()
        hub = FakeHub(port=server.getsockname()[1])
        with pytest.raises(UnavailableError, match="no connection"):
            fetched(hub, models)


# ---- this machine


def test_a_disk_that_is_too_small_is_named_before_anything_comes(hub: FakeHub, models: Path) -> None:
    hub.announced = 10**15
    error = refused(hub, models, WriteError)
    assert error.exit_code == 74
    assert "1000000.00 GB" in error.message
    assert hub.file_bytes == 0


def test_a_disk_that_fills_up_keeps_the_part_and_goes_on_when_there_is_room(
    hub: FakeHub, models: Path
) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, hard))
    try:
        error = refused(hub, models, WriteError)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert error.exit_code == 74
    assert "Free some space" in error.hint
    assert part(models).read_bytes() == hub.content[:10_000]
    done = fetched(hub, models)
    assert done.came == len(hub.content) - 10_000
    assert done.path.read_bytes() == hub.content


def test_nothing_is_sent_before_the_licence_is_accepted(hub: FakeHub, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="has not been accepted") as caught:
        fetched(hub, tmp_path / "other")
    assert caught.value.exit_code == 64
    assert hub.requests == []
    assert not (tmp_path / "other").exists()


def test_the_same_model_is_fetched_by_one_at_a_time(models: Path) -> None:
    with FakeHub(commit=POSE.revision, delay=0.1).running() as hub:
        first = threading.Thread(target=fetched, args=(hub, models))
        first.start()
        assert hub.file_began.wait(5)
        with pytest.raises(TryAgainError, match=r"sapiens2-0\.4b-pose is being fetched") as caught:
            fetched(hub, models)
        assert caught.value.exit_code == 75
        first.join(10)
        assert hub.file_bytes == len(hub.content)
    assert find(models, "pose")


def test_two_models_at_the_same_time_both_get_into_the_manifest(models: Path) -> None:
    with FakeHub(commit=POSE.revision, delay=0.02).running() as one, FakeHub(delay=0.02).running() as two:
        both = [
            threading.Thread(target=fetched, args=(one, models)),
            threading.Thread(target=fetched, args=(two, models, POINTMAP)),
        ]
        for thread in both:
            thread.start()
        for thread in both:
            thread.join(10)
    assert [it.task for it in read_manifest(models)] == ["pointmap", "pose"]


@pytest.mark.parametrize("place", ["folder", "part", "file", "lock", "manifest"])
def test_a_planted_link_is_refused_and_what_it_points_to_stays(
    hub: FakeHub, models: Path, tmp_path: Path, place: str
) -> None:
    precious = tmp_path / "precious"
    precious.write_text("precious")
    (tmp_path / "outside").mkdir()
    folder = models / POSE.name
    if place == "folder":
        folder.symlink_to(tmp_path / "outside")
    else:
        folder.mkdir(mode=0o700)
        name = {
            "part": folder / f"{POSE.file}.{hub.sha256[:12]}.part",
            "file": folder / POSE.file,
            "lock": folder / ".lock",
            "manifest": models / "manifest.json",
        }[place]
        name.symlink_to(precious)
    with pytest.raises(DeniedError, match="symbolic link") as caught:
        fetched(hub, models)
    assert caught.value.exit_code == 77
    assert precious.read_text() == "precious"
    assert not list((tmp_path / "outside").iterdir())


# ---- the address, the token


def test_the_token_is_shown_to_the_hub_and_to_nobody_else(models: Path) -> None:
    with FakeHub(commit=POSE.revision).running() as network, FakeHub(commit=POSE.revision).running() as hub:
        hub.elsewhere = network.endpoint
        fetch(POSE, models, Hub(hub.endpoint, token="hf_secret"), CLOCK, Listener())
        assert {sent.token for sent in hub.requests} == {"Bearer hf_secret"}
        assert [sent.token for sent in network.requests] == [""]
        assert "hf_secret" not in (models / "manifest.json").read_text()


def test_a_redirect_from_https_to_http_is_not_followed() -> None:
    request = urllib.request.Request("https://hub.example/file")
    with pytest.raises(UnavailableError, match=r"sends on to http://cdn\.example, which is not protected"):
        _Redirects().redirect_request(
            request, io.BytesIO(), 302, "Found", http.client.HTTPMessage(), "http://cdn.example/file"
        )


@pytest.mark.parametrize("value", ["1", "true", "ON", " yes "])
def test_offline_means_offline(models: Path, hub: FakeHub, value: str) -> None:
    offline = hub_from({"HF_ENDPOINT": hub.endpoint, "HF_HUB_OFFLINE": value})
    with pytest.raises(UnavailableError, match="HF_HUB_OFFLINE"):
        fetch(POSE, models, offline, CLOCK, Listener())
    assert hub.requests == []


@pytest.mark.parametrize(
    "endpoint",
    [
        "ftp://a/b",
        "http://mirror.example",
        "file:///etc",
        "hub.example",
        "https://",
        "https://[::1",
        "https://h/?x",
    ],
)
def test_an_address_without_protection_is_refused(endpoint: str) -> None:
    with pytest.raises(ConfigError, match="HF_ENDPOINT") as caught:
        hub_from({"HF_ENDPOINT": endpoint})
    assert "https" in caught.value.hint


def test_a_token_that_is_none_is_refused_without_being_shown() -> None:
    with pytest.raises(ConfigError, match="HF_TOKEN") as caught:
        hub_from({"HF_TOKEN": "hf_secret\nX-Header: 1"})
    assert "secret" not in str(caught.value)


def test_a_redirect_to_nowhere_is_an_answer_without_sense(hub: FakeHub, models: Path) -> None:
    hub.elsewhere = "http://[nowhere"
    assert "an address that is none" in refused(hub, models, DataError).message


def test_without_settings_it_is_the_public_hub() -> None:
    assert hub_from({}).endpoint == "https://huggingface.co"
    assert hub_from({"HF_ENDPOINT": "https://mirror.example/"}).endpoint == "https://mirror.example"
