"""Which profiles are in force for a camera, and what sleeps without one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from tests.fakes.body import FRONT, SIZE, pose
from tests.fakes.loop import NECK

from uprightd.calibration.baseline import averaged
from uprightd.camera.source import parse_source
from uprightd.config.schema import Config
from uprightd.domain import View
from uprightd.errors import UsageError
from uprightd.metrics.reading import Terms, sight_of
from uprightd.metrics.scene import Optics
from uprightd.profiles.shelf import save
from uprightd.rules.model import Rule
from uprightd.service.calibrate import camera_key
from uprightd.service.calibrated import Calibrated, calibration_words, profiles_for, sleeping, terms_of

HERE, ELSEWHERE = parse_source("rtsp://desk/cam"), parse_source("rtsp://hall/cam")
PITCH: Rule = replace(NECK, id="pitch", metric="abs(head_pitch)")
UPRIGHT = averaged([sight_of(pose(FRONT), SIZE, 0.5)] * 5, View.FRONTAL, SIZE, "drawn", 5.0)


def put(folder: Path, name: str, source=HERE) -> None:
    save(folder, name, camera_key(source), "2026-11-22T12:00:00Z", UPRIGHT)


def settings(profile: str = "auto") -> Config:
    return Config.model_validate({"calibration": {"profile": profile}})


def in_force(folder: Path, profile: str = "auto") -> list[str]:
    return [it.name for it in profiles_for(settings(profile), folder, HERE).profiles]


def test_auto_takes_all_of_this_camera_and_none_of_another(tmp_path: Path) -> None:
    put(tmp_path, "sit")
    put(tmp_path, "stand")
    put(tmp_path, "laptop", ELSEWHERE)
    assert in_force(tmp_path) == ["sit", "stand"]


def test_without_a_folder_there_is_none_and_no_fault(tmp_path: Path) -> None:
    assert profiles_for(settings(), tmp_path / "not there", HERE) == Calibrated((), ())


def test_a_named_profile_is_the_only_one(tmp_path: Path) -> None:
    put(tmp_path, "sit")
    put(tmp_path, "stand")
    assert in_force(tmp_path, "stand") == ["stand"]


def test_a_named_profile_may_stem_from_another_camera_but_this_ones_goes_first(tmp_path: Path) -> None:
    put(tmp_path, "sit", ELSEWHERE)
    assert in_force(tmp_path, "sit") == ["sit"]
    put(tmp_path, "sit")
    (found,) = profiles_for(settings("sit"), tmp_path, HERE).profiles
    assert found.camera == camera_key(HERE)


def test_a_name_that_is_none_says_which_there_are(tmp_path: Path) -> None:
    put(tmp_path, "sit")
    with pytest.raises(UsageError, match=r"no calibrated profile 'stand' \(there: sit\)"):
        in_force(tmp_path, "stand")
    with pytest.raises(UsageError, match="none yet"):
        in_force(tmp_path / "empty", "stand")


def test_a_damaged_profile_is_told_and_the_others_are_in_force(tmp_path: Path) -> None:
    put(tmp_path, "sit")
    (tmp_path / "stand.json").write_text("{")
    found = profiles_for(settings(), tmp_path, HERE)
    assert [it.name for it in found.profiles] == ["sit"]
    assert len(found.faults) == 1
    assert "stand.json" in calibration_words(found, [])[0]


def test_rules_on_relative_metrics_sleep_without_a_calibration_and_the_person_is_told(tmp_path: Path) -> None:
    assert sleeping([NECK, PITCH], calibrated=False) == (PITCH,)
    assert sleeping([NECK, PITCH], calibrated=True) == ()
    assert calibration_words(Calibrated((), ()), [NECK, PITCH]) == [
        "these rules sleep until you run `uprightd calibrate`: pitch"
    ]
    put(tmp_path, "sit")
    assert calibration_words(profiles_for(settings(), tmp_path, HERE), [PITCH]) == ["calibrated: sit r1"]


def test_the_settings_are_the_terms() -> None:
    config = Config.model_validate(
        {
            "camera": {"field_of_view": 80},
            "pose": {"min_score": 0.4, "min_confidence": 0.7},
            "calibration": {"pupil_distance": 63},
        }
    )
    assert terms_of(config) == Terms(0.4, 0.7, Optics(80.0, 63.0))
