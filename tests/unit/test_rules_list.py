"""`uprightd rules list`: every pack, what its rules need, and whether they can speak with what is there now."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from tests.fakes.body import SEEN, SIZE, pose

from uprightd.calibration.baseline import averaged
from uprightd.camera.source import parse_source
from uprightd.cli.main import uprightd
from uprightd.domain import View
from uprightd.errors import UsageError
from uprightd.metrics import evidence as evidence_module
from uprightd.metrics.evidence import Evidence
from uprightd.metrics.reading import sight_of
from uprightd.paths import Paths, user_paths
from uprightd.profiles.shelf import save
from uprightd.service.calibrate import camera_key
from uprightd.service.control import ControlServer

SOURCE = "rtsp://desk/cam"
Listing = Callable[..., dict[str, dict[str, Any]]]


@pytest.fixture
def paths(monkeypatch: pytest.MonkeyPatch) -> Iterator[Paths]:
    """A home of one's own, whose path is short enough for a socket, with settings that name a camera."""
    with tempfile.TemporaryDirectory() as home:
        monkeypatch.setenv("UPRIGHTD_HOME", home)
        found = user_paths()
        settle(found)
        yield found


@pytest.fixture(autouse=True)
def unmeasured(monkeypatch: pytest.MonkeyPatch) -> dict[tuple[str, str, str], Evidence]:
    table: dict[tuple[str, str, str], Evidence] = {}
    monkeypatch.setattr(evidence_module, "_shipped", lambda: table)
    return table


def settle(paths: Paths, more: str = "") -> None:
    paths.config_file.parent.mkdir(parents=True, exist_ok=True)
    paths.config_file.write_text(f"camera:\n  source: {SOURCE}\n{more}", encoding="utf-8")


def calibrate(paths: Paths, name: str, view: View, hidden: str = "") -> None:
    places, world = SEEN[view]
    shown = pose({point: at for point, at in places.items() if not hidden or hidden not in point}, 0.9, world)
    upright = averaged([sight_of(shown, SIZE, 0.5)] * 5, view, SIZE, "drawn", 5.0)
    key = camera_key(parse_source(SOURCE))
    save(paths.profiles, name, key, "2026-11-22T12:00:00Z", upright)


def printed(*arguments: str) -> str:
    done = CliRunner().invoke(uprightd, ["rules", "list", *arguments], catch_exceptions=False)
    assert done.exit_code == 0
    return done.output


def ready() -> dict[str, tuple[str, str]]:
    """For each rule whether it can speak, and why."""
    packs = json.loads(printed("--json"))
    return {
        rule["id"]: (rule["ready"]["can"], rule["ready"]["why"]) for pack in packs for rule in pack["rules"]
    }


# ---- with nothing calibrated ----------------------------------------------------------------------------------


def test_without_a_calibration_what_counts_from_one_cannot_speak_and_the_rest_depends_on_the_view(
    paths: Paths,
) -> None:
    found = ready()
    assert found["head-down"] == ("no", "needs a calibration: uprightd calibrate")
    assert found["rula-neck"] == ("no", "needs a calibration: uprightd calibrate")
    assert found["iso-trunk-backward"] == ("no", "needs a calibration: uprightd calibrate"), "by its baseline"
    assert found["neck-flexion"] == ("depends", "counts if your camera sees you from the side")
    assert found["sitting"] == ("yes", "counts time alone")
    assert found["sit-break"] == (
        "no",
        "needs a profile of the name sit: uprightd calibrate --profile sit",
    )
    assert found["rosa-too-close"] == ("no", "needs calibration.pupil_distance in the settings")


def test_a_pupil_distance_in_the_settings_is_what_centimetres_wait_for(paths: Paths) -> None:
    settle(paths, "calibration:\n  pupil_distance: 63\n")
    can, why = ready()["rosa-too-close"]
    assert (can, why) == ("depends", "counts if your camera sees you from the front or at an angle")


# ---- with calibrated poses ------------------------------------------------------------------------------------


def test_a_pose_calibrated_from_the_front_tells_what_the_front_shows(paths: Paths) -> None:
    calibrate(paths, "sit", View.FRONTAL)
    found = ready()
    for rule in ("head-down", "shoulder-tilt", "iso-side-bend", "rula-neck", "sit-static"):
        assert found[rule] == ("yes", "as calibrated: sit, seen from the front"), rule
    assert found["neck-flexion"] == ("no", "sit: seen from the front, where it does not count")
    assert found["sit-break"] == ("yes", "counts time alone")
    assert found["iso-trunk-backward"][0] == "no"
    assert found["stand-static"][0] == "no"


def test_a_pose_calibrated_from_the_side_tells_what_the_side_shows(paths: Paths) -> None:
    calibrate(paths, "sit", View.SAGITTAL_LEFT)
    found = ready()
    for rule in ("neck-flexion", "iso-head-inclination", "rula-trunk", "reba-trunk"):
        assert found[rule] == ("yes", "as calibrated: sit, seen from the left"), rule
    assert found["head-down"] == ("no", "sit: seen from the left, where it does not count")


def test_what_counts_from_a_baseline_can_speak_once_there_is_one(paths: Paths) -> None:
    calibrate(paths, "sit", View.SAGITTAL_LEFT)
    for rule in ("iso-trunk-backward", "iso-neck-flexion", "en-neck-flexion"):
        assert ready()[rule][0] == "yes", rule


def test_what_was_out_of_sight_when_calibrated_is_named(paths: Paths) -> None:
    calibrate(paths, "sit", View.FRONTAL, hidden="hip")
    found = ready()
    assert found["iso-side-bend"] == ("no", "sit: seen from the front, with hips out of sight")
    assert found["head-down"][0] == "yes"


def test_what_was_measured_not_to_follow_the_truth_is_said_of_its_backend(
    paths: Paths, unmeasured: dict[tuple[str, str, str], Evidence]
) -> None:
    unmeasured["drawn", "frontal", "head_roll"] = Evidence(9.0, 0.1, 9.0, 99, True)
    calibrate(paths, "sit", View.FRONTAL)
    found = ready()
    words = "sit: seen from the front, where head_roll was measured not to follow the truth"
    assert found["head-tilt"] == ("no", words)
    assert found["rula-neck"][0] == "no", "it is made of it"
    assert found["head-down"][0] == "yes"


def test_one_pose_in_which_a_rule_can_speak_is_enough(paths: Paths) -> None:
    calibrate(paths, "sit", View.FRONTAL)
    calibrate(paths, "stand", View.SAGITTAL_RIGHT)
    found = ready()
    assert found["neck-flexion"] == ("yes", "as calibrated: stand, seen from the right")
    both = "as calibrated: sit, seen from the front; stand, seen from the right"
    assert found["iso-head-inclination"][1] == both


def test_a_profile_file_that_cannot_be_read_is_told_of_and_the_list_goes_on(paths: Paths) -> None:
    calibrate(paths, "sit", View.FRONTAL)
    (paths.profiles / "odd.json").write_text("{", encoding="utf-8")
    text = printed()
    assert "odd.json" in text
    assert "✓ head-down" in text


def test_settings_that_name_a_profile_which_is_not_there_say_so(paths: Paths) -> None:
    calibrate(paths, "sit", View.FRONTAL)
    settle(paths, "calibration:\n  profile: desk\n")
    assert "there is no calibrated profile 'desk'" in printed()


# ---- with a running daemon --------------------------------------------------------------------------------------


@pytest.fixture
def daemon(paths: Paths) -> Iterator[dict[str, Any]]:
    """A control socket that answers `status` with what the test puts here."""
    status: dict[str, Any] = {"rules": [], "asleep": {}, "last": None}
    server = ControlServer(paths.socket, lambda _command, _arguments: status)
    server.start()
    yield status
    server.stop()


def test_a_running_daemon_tells_of_its_rules_what_its_last_look_showed(
    paths: Paths, daemon: dict[str, Any]
) -> None:
    calibrate(paths, "sit", View.FRONTAL)
    daemon |= {
        "rules": ["head-down", "neck-flexion"],
        "asleep": {"head-down": "out of sight"},
        "last": {"posture": "good", "view": "sagittal-left"},
    }
    found = ready()
    assert found["head-down"] == ("no", "out of sight now (seen from the left)")
    assert found["neck-flexion"] == ("yes", "watching now, seen from the left")
    assert found["shoulder-tilt"] == ("yes", "as calibrated: sit, seen from the front"), "not its rule"


@pytest.mark.parametrize("last", [None, {"posture": "away", "view": "unknown"}])
def test_a_daemon_that_sees_nobody_leaves_it_to_the_calibrated_poses(
    paths: Paths, daemon: dict[str, Any], last: dict[str, Any] | None
) -> None:
    calibrate(paths, "sit", View.FRONTAL)
    daemon |= {"rules": ["head-down"], "asleep": {}, "last": last}
    assert ready()["head-down"] == ("yes", "as calibrated: sit, seen from the front")


# ---- what is printed --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("names", [(), ("desk", "iso11226", "rosa", "sit-stand", "tele-rehab")])
def test_the_list_fits_into_80_columns(
    paths: Paths, names: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    calibrate(paths, "sit", View.FRONTAL)
    lines = printed(*names).splitlines()
    assert [line for line in lines if len(line) > 80] == []
    assert sum(line.startswith("★") for line in lines[1:]) == 1, "desk is in force, and no other pack"


def test_all_packs_are_listed_those_in_force_first(paths: Paths) -> None:
    settle(paths, "rules:\n  packs: [rula]\n")
    packs = json.loads(printed("--json"))
    assert [pack["name"] for pack in packs if pack["in_force"]] == [packs[0]["name"]] == ["rula"]
    assert len(packs) == 9


def test_of_a_named_pack_everything_is_told(paths: Paths) -> None:
    text, short = printed("rosa"), printed()
    assert "desk" not in text.splitlines()[2]
    for words in ("source: Informed by ROSA", "says: {value} from the screen", "then silent for 10 min"):
        assert words in text
        assert words not in short
    assert "rosa-too-close: distance to the screen < 40 cm for 1 min" in short
    assert "your pupil distance" in short


def test_a_file_of_ones_own_is_listed_with_its_hours_days_and_profile(paths: Paths) -> None:
    own = paths.config_file.parent / "own.yaml"
    own.write_text(
        "name: own\nrules:\n  - id: late\n    metric: trunk_lean\n    operator: '>'\n    threshold: 30\n"
        "    for: 1 min\n    within: 5 min\n    message: Sit back.\n    hours: 09:00-18:00\n    days: [mon, fri]\n"
        "    profile: sit\n    views: [sagittal]\n",
        encoding="utf-8",
    )
    settle(paths, f"rules:\n  packs: [desk]\n  files: [{own}]\n")
    text = " ".join(printed("own").split())
    assert "★ own" in text
    assert "late: trunk lean > 30° for 1 min within 5 min" in text
    assert "needs: seen from the side; shoulders, hips; the profile sit" in text
    assert "warn, only 09:00-18:00, on mon fri, then silent for 10 min" in text
    assert "source: none given" in text
    (pack,) = [pack for pack in json.loads(printed("--json")) if pack["name"] == "own"]
    (rule,) = pack["rules"]
    assert (rule["hours"], rule["days"], rule["within_s"]) == (["09:00-18:00"], ["mon", "fri"], 300.0)
    assert rule["needs"] == {
        "points": {
            "facing": [],
            "from_the_side": ["left_shoulder", "right_shoulder", "left_hip", "right_hip"],
        },
        "views": ["sagittal-left", "sagittal-right"],
        "calibration": True,
        "pupil_distance": False,
        "profile": "sit",
    }


def test_points_are_told_apart_where_front_and_side_need_others(paths: Paths) -> None:
    words = " ".join(printed("iso11226").split())
    assert (
        "needs: seen from the front, at an angle or from the side; face (from the side: nose); a calibration"
        in words
    )


def test_each_kind_of_rule_has_its_own_fields_for_a_program(paths: Paths) -> None:
    rules = {rule["id"]: rule for pack in json.loads(printed("--json")) for rule in pack["rules"]}
    assert rules["iso-head-inclination"]["budget"] == [[25.0, 480.0], [85.0, 60.0]]
    assert (rules["sitting"]["sitting_s"], rules["sitting"]["break_s"]) == (3000.0, 120.0)
    assert (rules["rula-static"]["static_s"], rules["rula-static"]["band"]) == (600.0, 5.0)
    assert "band" not in rules["head-down"]


def test_a_pack_that_is_not_there_is_named_with_the_nearest(paths: Paths) -> None:
    with pytest.raises(UsageError, match=r"no pack 'rulo'.*did you mean 'rula'"):
        CliRunner().invoke(uprightd, ["rules", "list", "rulo"], catch_exceptions=False, standalone_mode=False)


def test_listing_writes_nothing(paths: Paths) -> None:
    home = Path(paths.config_file).parent
    before = sorted(path for path in home.rglob("*"))
    printed()
    assert sorted(path for path in home.rglob("*")) == before
