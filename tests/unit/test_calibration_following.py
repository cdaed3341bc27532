"""Which calibrated pose counts from moment to moment, and when none does any more. Time is the test's."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import pytest
from tests.fakes.body import FRONT, REAR, SIZE, Places, from_the_left, mirrored, moved, turned
from tests.fakes.recorded import CLIPS, MIDDLE, looks, upright, view_of
from tests.fakes.recorded import SIZE as PICTURE

from uprightd.calibration.following import Following, Standing
from uprightd.domain import View
from uprightd.metrics.geometry import Point
from uprightd.metrics.scene import Scene

DRIFT_AFTER, SWITCH_AFTER = 60.0, 10.0


def scene(places: Places, view: View = View.FRONTAL) -> Scene:
    return Scene({name: Point(*place) for name, place in places.items()}, SIZE, view)


def enlarged(places: Places, by: float) -> Places:
    return moved(places, lambda x, y: (320 + (x - 320) * by, 480 + (y - 480) * by))


SIT = scene(FRONT)
STAND = scene(moved(FRONT, lambda x, y: (x, y - 100)))
NEAR = scene(enlarged(FRONT, 1.12))
LEFT = scene(from_the_left(), View.SAGITTAL_LEFT)
RIGHT = scene(mirrored(from_the_left()), View.SAGITTAL_RIGHT)
BEHIND = scene(REAR, View.REAR)
TURNED = scene(turned(FRONT, 9))
ELSEWHERE = scene(moved(FRONT, lambda x, y: (x + 130, y)))
UNCLEAR = Scene(SIT.points, SIZE, View.UNKNOWN)
HIDDEN = scene({name: place for name, place in FRONT.items() if "shoulder" not in name})


class Stream:
    """Scenes one after the other, and the time they take."""

    def __init__(
        self, uprights: Mapping[str, Scene], drift_after: float = DRIFT_AFTER, every: float = 1.0
    ) -> None:
        self.following = Following(uprights, drift_after, SWITCH_AFTER)
        self.every = every
        self.now = 1000.0
        self.standing = Standing(None, False)

    def see(self, shown: Scene, seconds: float = 0.0) -> Standing:
        """Show a scene once, and again until so many seconds have passed."""
        end = self.now + seconds
        self.standing = self.following.see(shown, self.now)
        while self.now < end - 1e-9:
            self.now += self.every
            self.standing = self.following.see(shown, self.now)
        self.now += self.every
        return self.standing

    def until(self, shown: Scene, drifted: bool, at_most: float = 300.0) -> float:
        """Show a scene until the standing is so; return after how many seconds."""
        began = self.now
        while self.see(shown).drifted is not drifted:
            assert self.now - began < at_most
        return self.now - self.every - began


# ---- choosing


def test_without_profiles_there_is_none_and_nothing_drifts() -> None:
    stream = Stream({})
    assert stream.see(SIT, 200) == Standing(None, False, "")


def test_the_first_sample_takes_the_nearest() -> None:
    poses = {"sit": SIT, "stand": STAND}
    assert Stream(poses).see(STAND).profile == "stand"
    assert Stream(poses).see(SIT).profile == "sit"
    halfway = scene(moved(FRONT, lambda x, y: (x, y - 60)))
    assert Stream(poses).see(halfway).profile == "stand"


def test_the_only_profile_is_taken_whether_it_fits_or_not() -> None:
    assert Stream({"sit": SIT}).see(ELSEWHERE) == Standing("sit", False)


def test_before_anybody_is_seen_clearly_no_profile_is_taken() -> None:
    stream = Stream({"sit": SIT})
    assert stream.see(UNCLEAR, 30).profile is None
    assert stream.see(HIDDEN, 30).profile is None
    assert stream.see(SIT).profile == "sit"


def test_standing_up_changes_the_profile_after_a_while_and_sitting_down_again() -> None:
    stream = Stream({"sit": SIT, "stand": STAND})
    assert stream.see(SIT, 30).profile == "sit"
    assert stream.see(STAND, SWITCH_AFTER - 1).profile == "sit"
    assert stream.see(STAND, 1).profile == "stand"
    assert stream.see(SIT, SWITCH_AFTER + 1).profile == "sit"


def test_a_moment_elsewhere_changes_nothing() -> None:
    stream = Stream({"sit": SIT, "stand": STAND})
    stream.see(SIT, 30)
    for _ in range(20):
        assert stream.see(STAND, 4).profile == "sit"
        assert stream.see(SIT, 6).profile == "sit"


def test_one_sample_after_another_s_pause_is_not_ten_seconds_of_standing() -> None:
    stream = Stream({"sit": SIT, "stand": STAND})
    stream.see(SIT, 30)
    stream.now += SWITCH_AFTER
    assert stream.see(STAND).profile == "sit"
    stream.now += 3600
    assert stream.see(STAND).profile == "sit"
    assert stream.see(STAND, SWITCH_AFTER).profile == "stand"


def test_a_turn_to_the_side_begins_the_wait_for_another_profile_anew() -> None:
    stream = Stream({"sit": SIT, "stand": STAND, "side": LEFT})
    stream.see(SIT, 30)
    stream.see(STAND, SWITCH_AFTER - 1)
    assert stream.see(LEFT, 3).profile == "side"
    assert stream.see(SIT).profile == "sit"
    assert stream.see(STAND, 3).profile == "sit"


def test_leaning_forward_is_not_taken_for_a_pose_nearer_to_the_screen() -> None:
    """Otherwise the profile would follow the very slump that it is there to measure."""
    stream = Stream({"sit": SIT, "laptop": NEAR})
    stream.see(SIT, 5)
    assert stream.see(NEAR, 120).profile == "sit"


def test_a_pose_that_fits_takes_the_place_of_one_that_does_not_though_it_is_hardly_nearer() -> None:
    stream = Stream({"sit": SIT, "laptop": scene(enlarged(FRONT, 1.1))})
    stream.see(SIT, 5)
    assert stream.see(scene(enlarged(FRONT, 1.33)), SWITCH_AFTER).profile == "laptop"


def test_another_view_takes_the_profile_made_in_it_at_once() -> None:
    stream = Stream({"sit": SIT, "side": LEFT, "other side": RIGHT})
    assert stream.see(SIT, 5).profile == "sit"
    assert stream.see(LEFT).profile == "side"
    assert stream.see(RIGHT).profile == "other side"
    assert stream.see(SIT).profile == "sit"


def test_an_unknown_view_or_hidden_shoulders_change_nothing() -> None:
    stream = Stream({"sit": SIT, "side": LEFT})
    stream.see(SIT, 5)
    assert stream.see(UNCLEAR, 20).profile == "sit"
    assert stream.see(HIDDEN, 20).profile == "sit"


def test_a_view_that_no_profile_covers_leaves_the_present_one() -> None:
    stream = Stream({"sit": SIT, "side": LEFT})
    stream.see(SIT, 5)
    assert stream.see(RIGHT, 10) == Standing("sit", False)


def test_at_an_angle_and_from_the_front_the_same_profile_counts() -> None:
    stream = Stream({"sit": SIT, "side": LEFT})
    stream.see(SIT, 5)
    assert stream.see(Scene(SIT.points, SIZE, View.OBLIQUE)).profile == "sit"


# ---- drifting


@pytest.mark.parametrize("every", [0.2, 1.0, 10.0])
def test_a_moved_camera_is_noticed_after_so_long_at_any_pace(every: float) -> None:
    stream = Stream({"sit": SIT}, every=every)
    stream.see(SIT, 20)
    assert stream.until(TURNED, drifted=True) == pytest.approx(DRIFT_AFTER, abs=every + 0.01)
    assert stream.standing == Standing("sit", True, "the picture is turned by 9°")


def test_what_is_off_is_said_as_it_is_now() -> None:
    stream = Stream({"sit": SIT})
    stream.see(TURNED, 100)
    assert stream.see(scene(enlarged(FRONT, 1.5))).why == "you are 50% larger"
    assert stream.see(ELSEWHERE).why == "you have moved by 1.1 shoulder widths"


def test_while_the_profile_fits_nothing_is_said() -> None:
    stream = Stream({"sit": SIT})
    assert stream.see(TURNED, DRIFT_AFTER - 5) == Standing("sit", False, "")
    assert stream.see(SIT, 3) == Standing("sit", False, "")


def test_moving_about_for_less_than_that_is_no_drift() -> None:
    stream = Stream({"sit": SIT})
    for _ in range(20):
        stream.see(ELSEWHERE, 40)
        assert not stream.see(SIT, 6).drifted


def test_single_pictures_that_seem_to_fit_do_not_hide_a_moved_camera() -> None:
    stream = Stream({"sit": SIT})
    for _ in range(8):
        stream.see(SIT, 1)
        stream.see(TURNED, 10)
    assert stream.standing.drifted


def test_single_pictures_that_do_not_fit_never_add_up() -> None:
    stream = Stream({"sit": SIT})
    for _ in range(400):
        stream.see(ELSEWHERE, 1)
        assert not stream.see(SIT, 3).drifted


def test_nobody_there_counts_neither_for_nor_against() -> None:
    stream = Stream({"sit": SIT})
    stream.see(SIT, 30)
    stream.now += 1800  # gets up, moves the camera, comes back
    assert not stream.see(TURNED, 40).drifted
    stream.now += 7200
    assert stream.until(TURNED, drifted=True) == pytest.approx(DRIFT_AFTER - 40, abs=1.01)


def test_time_that_goes_back_counts_for_nothing() -> None:
    stream = Stream({"sit": SIT})
    stream.see(TURNED, 30)
    stream.now -= 500
    assert not stream.see(TURNED, 20).drifted
    assert stream.until(TURNED, drifted=True) <= 12


def test_pictures_that_tell_nothing_count_neither_for_nor_against() -> None:
    stream = Stream({"sit": SIT})
    stream.see(TURNED, 40)
    stream.see(UNCLEAR, 100)
    assert not stream.see(HIDDEN, 100).drifted
    assert stream.until(TURNED, drifted=True) == pytest.approx(20, abs=1.01)


def test_the_drift_ends_when_the_profile_has_fitted_again_for_some_seconds() -> None:
    stream = Stream({"sit": SIT})
    stream.see(TURNED, 80)
    assert stream.see(SIT, 2).drifted
    assert stream.see(TURNED, 2).drifted
    assert stream.until(SIT, drifted=False) == pytest.approx(5)
    assert stream.standing == Standing("sit", False, "")
    assert stream.until(TURNED, drifted=True) == pytest.approx(DRIFT_AFTER, abs=1.01)


def test_after_a_drift_the_profile_that_fits_counts_at_once() -> None:
    stream = Stream({"sit": SIT, "stand": STAND})
    stream.see(SIT, 20)
    stream.see(TURNED, 80)
    assert stream.standing.drifted
    stream.until(STAND, drifted=False)
    assert stream.standing == Standing("stand", False, "")


def test_while_another_profile_fits_nothing_has_drifted() -> None:
    stream = Stream({"sit": SIT, "stand": STAND})
    stream.see(SIT, 20)
    assert stream.see(STAND, 200) == Standing("stand", False, "")


def test_new_profiles_end_the_drift_and_begin_anew() -> None:
    stream = Stream({"sit": SIT})
    stream.see(TURNED, 80)
    assert stream.standing.drifted
    stream.following.replace({"sit": TURNED, "stand": STAND})
    assert stream.see(TURNED) == Standing("sit", False, "")
    stream.following.replace({})
    assert stream.see(TURNED, 80) == Standing(None, False, "")


@pytest.mark.parametrize(
    ("shown", "words"),
    [(RIGHT, "seen from the right"), (LEFT, "seen from the left"), (BEHIND, "seen from behind")],
)
def test_a_view_that_no_profile_covers_for_long_is_a_moved_camera_too(shown: Scene, words: str) -> None:
    stream = Stream({"sit": SIT})
    stream.see(SIT, 5)
    assert stream.until(shown, drifted=True) == pytest.approx(DRIFT_AFTER, abs=1.01)
    assert stream.standing == Standing("sit", True, f"you are {words}, which no profile covers")
    assert stream.until(SIT, drifted=False) == pytest.approx(5)


def test_a_profile_of_another_camera_s_view_is_never_taken_but_the_drift_is_told() -> None:
    stream = Stream({"side": LEFT})
    assert stream.see(SIT, 30) == Standing(None, False, "")
    assert stream.see(SIT, 40) == Standing(None, True, "you are seen from the front, which no profile covers")


@pytest.mark.parametrize("drift_after", [1.0, 300.0])
def test_how_long_it_takes_is_set(drift_after: float) -> None:
    stream = Stream({"sit": SIT}, drift_after)
    stream.see(SIT, 5)
    assert stream.until(TURNED, drifted=True, at_most=400) == pytest.approx(drift_after, abs=1.01)


def test_postures_of_an_hour_are_no_drift() -> None:
    """Bent, slumped, leaning: what alerts are for must not silence them."""
    head = ("nose", "left_eye", "right_eye", "left_ear", "right_ear")
    above_hips = (*head, "left_shoulder", "right_shoulder")
    turn = partial(turned, centre=(320.0, 374.0))
    stream = Stream({"sit": SIT}, every=5.0)
    for change, names in (
        (lambda it: moved(it, lambda x, y: (x, y + 22)), head),
        (lambda it: moved(it, lambda x, y: (x, y + 24)), above_hips),
        (lambda it: turn(it, 10), above_hips),
        (lambda it: turn(it, -10), above_hips),
    ):
        leant = {**FRONT, **change({name: FRONT[name] for name in names})}
        assert stream.see(scene(leant), 900) == Standing("sit", False, "")


# ---- a pose model's own points, with their scatter


@pytest.mark.parametrize("clip", CLIPS)
@pytest.mark.parametrize(("degrees", "drifted"), [(0, False), (9, True), (-9, True)])
def test_a_recorded_person_who_bends_and_leans_has_not_moved_the_camera_until_it_is_turned(
    clip: str, degrees: float, drifted: bool
) -> None:
    """Eight seconds over and over, for two minutes: now upright, now the neck bent, now leaning forward."""
    pose = Scene({name: Point(*place) for name, place in upright(clip).items()}, PICTURE, view_of(clip))
    following, now = Following({"sit": pose}, drift_after=30), 0.0
    standing = Standing(None, False)
    for _ in range(15):
        for look in looks(clip):
            places = turned(look.places, degrees, MIDDLE)
            seen = Scene({name: Point(*place) for name, place in places.items()}, PICTURE, view_of(clip))
            standing = following.see(seen, now + look.second)
            assert drifted or not standing.drifted
        now += 8.0
    assert standing.drifted is drifted
