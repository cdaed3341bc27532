"""A stream of poses: the profile it counts from, what a moved camera means for it, values without jitter."""

from __future__ import annotations

import pytest
from tests.fakes.body import FRONT, SIZE, face, from_the_left, moved, pose, rotated

from uprightd.calibration.baseline import Baseline, averaged
from uprightd.domain import Instant, Pose, Reason, View
from uprightd.metrics.reading import Terms, sight_of
from uprightd.profiles.profile import Profile
from uprightd.service.measuring import Measuring

HEAD_AT = (0.0, -14.0, 20.0)
BODY = {**FRONT, **face(rotated(), HEAD_AT)}
UPRIGHT = pose(BODY)
ASIDE = pose(moved(BODY, lambda x, y: (x + 110, y)))
"""The same person, seen by a camera that has been turned."""
DRIFT_AFTER = 30.0


def baseline(shown: Pose, view: View) -> Baseline:
    sights = [sight_of(shown, SIZE, 0.5)] * 10
    return averaged(sights, view, SIZE, shown.backend, 5.0)


def profile(
    name: str = "sit", shown: Pose = UPRIGHT, view: View = View.FRONTAL, revision: int = 2
) -> Profile:
    return Profile(name, "camera", "2026-11-22T12:00:00Z", revision, baseline(shown, view))


def measuring(*profiles: Profile) -> Measuring:
    return Measuring(Terms(), profiles, DRIFT_AFTER)


def at(seconds: float) -> Instant:
    return Instant(1_795_348_800.0 + seconds, 100.0 + seconds)


def test_values_count_from_the_profile_and_say_from_which() -> None:
    reading, standing = measuring(profile()).see(UPRIGHT, SIZE, at(0))
    assert (reading.profile, standing.profile, standing.drifted) == ("sit r2", "sit", False)
    assert reading.values["head_pitch"].number == pytest.approx(0, abs=0.01)
    assert reading.values["screen_distance"].number == pytest.approx(1)


def test_without_a_profile_relative_values_are_uncalibrated_and_the_others_are_there() -> None:
    reading, _ = measuring().see(UPRIGHT, SIZE, at(0))
    assert reading.profile == ""
    assert reading.values["head_pitch"].reason is Reason.UNCALIBRATED
    assert reading.values["shoulder_tilt"].known


def test_a_profile_of_another_backend_or_picture_shape_is_not_counted_from() -> None:
    other = Pose(UPRIGHT.keypoints, UPRIGHT.box, UPRIGHT.score, "sapiens2 0.4b")
    assert measuring(profile()).see(other, SIZE, at(0))[0].profile == ""
    assert measuring(profile()).see(UPRIGHT, (SIZE[0] * 2, SIZE[1]), at(0))[0].profile == ""


def test_of_two_profiles_of_one_name_the_one_that_serves_is_named() -> None:
    other = Pose(UPRIGHT.keypoints, UPRIGHT.box, UPRIGHT.score, "sapiens2 0.4b")
    stream = measuring(profile(revision=7), profile(shown=other, revision=3))
    assert stream.see(UPRIGHT, SIZE, at(0))[0].profile == "sit r7"


def test_a_profile_serves_pictures_of_another_size_and_the_same_shape() -> None:
    places = {name: (x / 2, y / 2) for name, (x, y) in BODY.items()}
    reading, _ = measuring(profile()).see(pose(places), (SIZE[0] // 2, SIZE[1] // 2), at(0))
    assert reading.profile == "sit r2"
    assert reading.values["screen_distance"].number == pytest.approx(1, abs=1e-6)
    assert reading.values["head_drop"].number == pytest.approx(0, abs=1e-6)


def test_a_new_profile_is_taken_with_the_next_reading() -> None:
    stream = measuring()
    stream.see(UPRIGHT, SIZE, at(0))
    stream.take([profile(revision=3)])
    assert stream.see(UPRIGHT, SIZE, at(1))[0].profile == "sit r3"


def test_once_the_camera_has_moved_nothing_counts_from_the_profile_until_it_fits_again() -> None:
    stream = measuring(profile())
    seen = [stream.see(ASIDE, SIZE, at(second)) for second in range(40)]
    assert [drifted for _, (_, drifted, _) in seen].index(True) == DRIFT_AFTER
    reading, standing = seen[-1]
    assert standing.why
    assert (reading.profile, reading.values["head_pitch"].reason) == ("", Reason.UNCALIBRATED)
    again = [stream.see(UPRIGHT, SIZE, at(40 + second)) for second in range(10)]
    assert (again[-1].reading.profile, again[-1].standing.drifted) == ("sit r2", False)


def test_an_empty_chair_does_not_make_a_moved_camera_right() -> None:
    stream = measuring(profile())
    for second in range(40):
        stream.see(ASIDE, SIZE, at(second))
    reading, standing = stream.see(None, SIZE, at(41))
    assert not reading.present
    assert standing.drifted


def test_smoothed_values_lag_and_raw_ones_do_not() -> None:
    stream = measuring(profile())
    for second in range(10):
        stream.see(UPRIGHT, SIZE, at(second))
    down = pose({**FRONT, **face(rotated(pitch=20), HEAD_AT)})
    reading, _ = stream.see(down, SIZE, at(10))
    assert reading.values["head_pitch"].number == pytest.approx(20, abs=0.5)
    assert 0 < reading.smoothed["head_pitch"] < 20


def test_smoothing_begins_anew_in_another_view_and_after_a_break() -> None:
    stream = measuring()
    for second in range(5):
        stream.see(pose(from_the_left(38)), SIZE, at(second))
    assert 38 < stream.see(pose(from_the_left(60)), SIZE, at(5))[0].smoothed["neck_flexion"] < 60
    stream.forget()
    assert stream.see(pose(from_the_left(60)), SIZE, at(6))[0].smoothed["neck_flexion"] == pytest.approx(60)


def test_the_side_and_the_front_each_have_their_profile() -> None:
    side = pose(from_the_left(38))
    stream = measuring(profile(), profile("side", side, View.SAGITTAL_LEFT, 1))
    assert stream.see(UPRIGHT, SIZE, at(0))[0].profile == "sit r2"
    seen = [stream.see(side, SIZE, at(1 + second))[0].profile for second in range(4)]
    assert seen[-1] == "side r1"


def test_a_value_that_is_read_another_way_is_not_smoothed_into_the_last_one() -> None:
    stream = measuring(profile(), profile("side", pose(from_the_left(38)), View.SAGITTAL_LEFT, 1))
    for second in range(5):
        stream.see(pose({**FRONT, **face(rotated(pitch=30), HEAD_AT)}), SIZE, at(second))
    seen = [stream.see(pose(from_the_left(38)), SIZE, at(5 + second))[0] for second in range(4)]
    first = next(reading for reading in seen if reading.profile == "side r1")
    assert first.smoothed["head_pitch"] == first.values["head_pitch"].number == pytest.approx(0, abs=0.01)
