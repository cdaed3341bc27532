"""`uprightd gait` as a person runs it, on a rendered walk whose strikes are known."""

from __future__ import annotations

import json
import os
import signal
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.fakes import videos
from tests.fakes.terminal import NO_ROOM, Finished, Terminal
from tests.fakes.walk import true_events

from uprightd.gait.model import EventKind

FILES = {
    *("annotated.mp4", "report.html", "gait.json", "manifest.json", "series.svg", "cycles.svg"),
    *("series.csv", "events.csv", "steps.csv", "markers.trc", "angles.mot"),
}


@pytest.fixture(scope="module")
def lab() -> Iterator[Terminal]:
    terminal = Terminal()
    videos.clip(terminal.here / "short.mp4", 40, 125)
    videos.written(terminal.here / "empty room.mp4", [videos.frames_of(videos.WALK, 0, 1)[0]] * 12)
    videos.sound(terminal.here / "voice.wav").rename(terminal.here / "voice.mp4")
    yield terminal
    terminal.close()


@pytest.fixture(scope="module")
def measured(lab: Terminal) -> Finished:
    return lab.run(
        "gait",
        videos.WALK,
        "--json",
        "--out",
        lab.here / "walk",
        "--height",
        "175cm",
        "--screen",
        "fall-risk",
    )


def test_every_strike_is_found_on_the_right_foot_at_the_right_time(measured: Finished) -> None:
    assert (measured.code, measured.err) == (0, "")
    found = [(it["t"], it["side"]) for it in measured.json["events"] if it["kind"] == "strike"]
    for event in true_events():
        if event.kind is EventKind.STRIKE and event.t < 5.5:
            assert any(side == event.side.value and abs(t - event.t) < 0.04 for t, side in found)
    parameters = measured.json["parameters"]
    assert parameters["cadence"]["value"] == pytest.approx(111.1, abs=2)
    assert parameters["stride_length"]["value"] == pytest.approx(1.26, rel=0.05)


def test_the_folder_is_whole_private_and_says_what_is_in_it(measured: Finished, lab: Terminal) -> None:
    folder = lab.here / "walk"
    assert {it.name for it in folder.iterdir()} == FILES
    assert {stat.S_IMODE(it.stat().st_mode) for it in folder.iterdir()} == {0o600}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    manifest = json.loads((folder / "manifest.json").read_text())
    assert {it["name"] for it in manifest["files"]} == FILES - {"manifest.json"}
    assert manifest["kind"] == "gait"
    assert manifest["summary"]["cadence"] == pytest.approx(111.1, abs=2)
    assert json.loads((folder / "gait.json").read_text())["parameters"] == measured.json["parameters"]
    assert not list((lab.home / "cache").rglob("*.npz")), "what an interrupted run would need is gone"


def test_the_annotated_video_shows_every_frame(measured: Finished, lab: Terminal) -> None:
    frames = videos.frames_of(lab.here / "walk" / "annotated.mp4")
    assert len(frames) == 180
    plain = videos.frames_of(videos.WALK, 90, 91)[0]
    assert frames[90].shape == plain.shape
    assert (abs(frames[90].astype(int) - plain) > 60).any()


def test_the_same_folder_is_not_written_over(measured: Finished, lab: Terminal) -> None:
    done = lab.run("gait", videos.WALK, "--out", lab.here / "walk")
    assert (done.code, done.out) == (73, "")
    assert "nothing of yours is overwritten" in done.err


def test_a_walk_compared_with_itself_has_not_changed(measured: Finished, lab: Terminal) -> None:
    done = lab.run("gait", "compare", lab.here / "walk", lab.here / "walk" / "gait.json", "--json")
    assert (done.code, done.err) == (0, "")
    assert done.json["exceeds"] == []
    assert done.json["parameters"]["cadence"]["change"] == 0
    shown = lab.run("gait", "compare", lab.here / "walk", lab.here / "walk")
    assert "0 of " in shown.out
    assert "cadence" in shown.out


def test_a_room_without_anybody_is_kept_and_marked(lab: Terminal) -> None:
    done = lab.run("gait", "empty room.mp4", "--json", "--out", "nobody")
    assert done.code == 65
    assert done.err.startswith("uprightd: empty room.mp4: nobody was found")
    assert "What was seen is kept in nobody" in done.err
    assert done.json["partial"]
    assert json.loads((lab.here / "nobody" / "gait.json").read_text())["partial"] == done.json["partial"]


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("voice.mp4",), 65, "sound only"),
        (("nowhere.mp4",), 65, "no such file"),
        (("short.mp4", "--subject", "smallest"), 64, "moving"),
        (("short.mp4", "--height", "9"), 64, "0.5<=x<=2.5"),
        (("short.mp4", "--distance", "2"), 64, "metres and pixels"),
        (("short.mp4", "--camera"), 64, "either a VIDEO or --camera"),
        (("short.mp4", "--rate", "2"), 64, "--live"),
        (("short.mp4", "--screen", "palm-reading"), 78, "palm-reading"),
        ((), 64, "either a VIDEO or --camera"),
        (("compare", "short.mp4", "nowhere"), 65, "short.mp4"),
        (("batch", "nowhere"), 65, "nowhere"),
    ],
)
def test_what_is_wrong_is_told_with_its_exit_code(
    arguments: tuple[str, ...], code: int, words: str, lab: Terminal
) -> None:
    done = lab.run("gait", *(arguments or ("measure",)))
    assert (done.code, done.out) == (code, "")
    assert words in done.err
    assert "Traceback" not in done.err


def test_a_disk_that_fills_up_leaves_nothing_half_written(lab: Terminal) -> None:
    done = lab.run("gait", "short.mp4", "--json", "--out", lab.here / "full", before=NO_ROOM)
    assert (done.code, done.out) == (74, ""), done.err
    assert str(lab.here / "full") in done.err
    assert not [it for it in lab.here.iterdir() if "full" in it.name]


def test_an_interrupted_run_goes_on_and_what_it_kept_is_removed(lab: Terminal) -> None:
    cache = lab.home / "cache" / "gait"
    long = videos.written(lab.here / "long.mp4", videos.frames_of(videos.WALK, 40, 125) * 4)
    running = lab.start("gait", long, "--no-video", "--json", "--out", lab.here / "long")
    running.until(lambda: _looks_at_frames(running.pid), 30)
    code, _ = running.ended_by(signal.SIGINT)
    assert code == 130
    assert len(list(cache.glob("*.npz"))) == 1
    assert not (lab.here / "long").exists()
    done = lab.run("gait", long, "--no-video", "--json", "--out", lab.here / "long")
    assert done.code in (0, 65)
    assert done.json["frames"] == 340
    assert not list(cache.glob("*.npz"))


def _looks_at_frames(pid: int) -> bool:
    """Whether the process has worked well beyond the time that loading takes."""
    spent = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(spent[11]) + int(spent[12])) / os.sysconf("SC_CLK_TCK") > 2.5


def test_a_live_session_announces_steps_and_ends_in_the_same_folder(lab: Terminal) -> None:
    done = lab.run(
        "gait", "--live", "--source", "short.mp4", "--json", "--no-video", "--out", lab.here / "live"
    )
    assert done.code in (0, 65), done.err
    *events, walk = done.events
    looks = [event for event in events if event["event"] == "look"]
    assert len(looks) > 20
    assert [look["t"] for look in looks] == sorted(look["t"] for look in looks)
    assert [it["side"] for look in looks for it in look["fresh"]], "no step was announced"
    assert walk["kind"] == "gait"
    assert {"gait.json", "report.html", "manifest.json"} <= {it.name for it in (lab.here / "live").iterdir()}
    assert not list((lab.home / "cache" / "gait").glob("recording-*")), "its pictures are gone"


def test_a_batch_measures_all_and_one_that_fails_stops_nothing(lab: Terminal) -> None:
    folder = lab.here / "clinic"
    folder.mkdir()
    for name, source in (("a.mp4", "voice.mp4"), ("b.mp4", "short.mp4"), ("c.mp4", "empty room.mp4")):
        (folder / name).write_bytes((lab.here / source).read_bytes())
    done = lab.run("gait", "batch", folder, "--workers", "2", "--no-video", "--json")
    assert done.code == 65
    told = {row["video"]: (row["state"], row["reason"]) for row in done.json["videos"]}
    assert {name: state for name, (state, _) in told.items()} == {
        "a.mp4": "failed",
        "b.mp4": "done",
        "c.mp4": "partial",
    }
    assert "sound only" in told["a.mp4"][1]
    assert "nobody was found" in told["c.mp4"][1]
    assert done.json["videos"][1]["parameters"]["cadence"] == pytest.approx(111, abs=8)
    assert len((lab.here / "clinic-gait" / "summary.csv").read_text().splitlines()) == 4
    again = lab.run("gait", "batch", folder, "--no-video")
    assert "2 measured before, 1 failed of 3" in again.out
