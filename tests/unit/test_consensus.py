"""Several looks at one picture: what comes out turns and mirrors with the picture, and is never surer than it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import cv2
import numpy as np
import pytest

from uprightd.domain import Box, Keypoint, Pose
from uprightd.pose.consensus import (
    FIRST_TURNS,
    NEAR_TURNS,
    SCALES,
    TURNS,
    box_around,
    consensus,
    near_consensus,
)

Places = dict[str, tuple[float, float]]

WIDTH, HEIGHT = 240, 200
COLOURS = {"nose": (255, 0, 0), "eye": (0, 255, 0), "shoulder": (0, 0, 255)}
FACE: Places = {
    "nose": (118, 80),
    "right_eye": (108, 66),
    "left_eye": (130, 66),
    "right_shoulder": (80, 130),
    "left_shoulder": (158, 126),
}
"""Seen from the front; a little askew, so that nothing comes out right by symmetry."""


def drawn(places: Places, turn: float = 0.0) -> np.ndarray:
    """Given places, return a grey picture with a coloured dot in each; turned clockwise by some degrees."""
    image = np.full((HEIGHT, WIDTH, 3), 128, np.uint8)
    for name, (x, y) in turned(places, turn).items():
        at = (round(x * 16), round(y * 16))
        cv2.circle(image, at, 5 * 16, COLOURS[name.split("_")[-1]], -1, cv2.LINE_AA, shift=4)
    return image


def turned(places: Places, degrees: float) -> Places:
    x0, y0 = (WIDTH - 1) / 2, (HEIGHT - 1) / 2
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    return {
        name: (x0 + (x - x0) * cos - (y - y0) * sin, y0 + (x - x0) * sin + (y - y0) * cos)
        for name, (x, y) in places.items()
    }


class DotFinder:
    """An estimator that finds the dots. As a model does, it calls left what looks like a left side: the dot of a
    pair that lies further to the picture's right.

    `bias` moves what it finds, in the picture it was shown; `score` is how sure it is of the nth look.
    """

    def __init__(
        self,
        bias: Callable[[Keypoint], Keypoint] = lambda point: point,
        score: Callable[[int], float] = lambda look: 0.8,
        sees: Callable[[int], bool] = lambda look: True,
    ) -> None:
        self._bias, self._score, self._sees = bias, score, sees
        self.looks = 0

    def __call__(self, image: np.ndarray) -> Pose | None:
        look, self.looks = self.looks, self.looks + 1
        assert image.shape == (HEIGHT, WIDTH, 3)
        assert image.flags["C_CONTIGUOUS"], "models take nothing else"
        if not self._sees(look):
            return None
        points: dict[str, Keypoint] = {}
        for part, colour in COLOURS.items():
            dots = found(image, colour)
            names = ["nose"] if part == "nose" else [f"right_{part}", f"left_{part}"]
            if len(dots) < len(names):
                return None
            for name, (x, y) in zip(names, dots, strict=False):
                points[name] = self._bias(Keypoint(x, y, self._score(look)))
        return Pose(points, Box(0, 0, 1, 1), self._score(look), "dots", {"nose": (look, 0.0, 0.0)})


def found(image: np.ndarray, colour: tuple[int, int, int]) -> list[tuple[float, float]]:
    """The middles of the dots of one colour inside the picture, from left to right; reflections at the border are
    smaller than 40 pixels or farther than the dots from the middle."""
    close = (np.abs(image.astype(int) - colour).max(axis=2) < 100).astype(np.uint8)
    count, _, stats, middles = cv2.connectedComponentsWithStats(close)
    whole = [i for i in range(1, count) if stats[i, cv2.CC_STAT_AREA] >= 40]
    return sorted((float(x), float(y)) for x, y in middles[whole])


def off(pose: Pose | None, places: Places) -> float:
    """The largest distance of a keypoint from where it was drawn."""
    assert pose is not None
    assert set(pose.keypoints) == set(places)
    return max(math.dist(pose.keypoints[name][:2], place) for name, place in places.items())


def test_what_was_drawn_is_found_where_it_was_drawn() -> None:
    assert off(consensus(DotFinder(), drawn(FACE)), FACE) < 0.4


@pytest.mark.parametrize("degrees", [-20.0, -10.0, 10.0, 20.0])
def test_the_result_turns_with_the_picture(degrees: float) -> None:
    assert off(consensus(DotFinder(), drawn(FACE, degrees)), turned(FACE, degrees)) < 0.5


def test_the_result_mirrors_with_the_picture() -> None:
    """What was the left side looks like a right one."""
    image = np.ascontiguousarray(drawn(FACE)[:, ::-1])
    other = {"left": "right", "right": "left"}
    mirrored = {}
    for name, (x, y) in FACE.items():
        side, _, part = name.partition("_")
        mirrored[f"{other[side]}_{part}" if part else name] = (WIDTH - 1 - x, y)
    assert off(consensus(DotFinder(), image), mirrored) < 0.5


def test_a_bias_to_one_side_is_cancelled_by_the_mirror_images() -> None:
    def to_the_right(point: Keypoint) -> Keypoint:
        return point._replace(x=point.x + 6)

    assert off(DotFinder(to_the_right)(drawn(FACE)), FACE) > 5.5
    assert off(consensus(DotFinder(to_the_right), drawn(FACE)), FACE) < 0.5


@pytest.mark.parametrize("degrees", [-15.0, 0.0, 15.0])
def test_a_model_that_pulls_everything_level_is_shown_the_face_level(degrees: float) -> None:
    """It squeezes heights by a quarter: seen once, a turned line comes out too flat; seen level, it does not."""

    def flattened(point: Keypoint) -> Keypoint:
        return point._replace(y=HEIGHT / 2 + (point.y - HEIGHT / 2) * 0.75)

    def agreed(image: np.ndarray) -> Pose | None:
        return consensus(DotFinder(flattened), image)

    level = {**FACE, "left_eye": (130.0, 66.0), "left_shoulder": (158.0, 130.0)}

    def tilt(pose: Pose | None) -> float:
        assert pose is not None
        left, right = pose.keypoints["left_shoulder"], pose.keypoints["right_shoulder"]
        return math.degrees(math.atan2(left.y - right.y, left.x - right.x))

    together, once = (tilt(look(drawn(level, degrees))) for look in (agreed, DotFinder(flattened)))
    assert together == pytest.approx(degrees, abs=1.0)
    assert not degrees or abs(once - degrees) > 3 * abs(together - degrees)


def test_nobody_is_nobody_and_costs_only_the_first_looks() -> None:
    finder = DotFinder(sees=lambda look: False)
    assert consensus(finder, drawn(FACE)) is None
    assert finder.looks == 1 + 2 * len(FIRST_TURNS)


def test_somebody_takes_a_bounded_number_of_looks() -> None:
    finder = DotFinder()
    consensus(finder, drawn(FACE))
    assert finder.looks == 1 + 2 * len(FIRST_TURNS) + 2 * len(TURNS) * len(SCALES)


@pytest.mark.parametrize(
    ("seen", "expected"), [(len(FIRST_TURNS) - 1, False), (len(FIRST_TURNS), True)], ids=["fewer", "half"]
)
def test_somebody_missed_at_first_must_be_seen_in_half_of_the_looks(seen: int, expected: bool) -> None:
    finder = DotFinder(sees=lambda look: 0 < look <= seen or look > 2 * len(FIRST_TURNS))
    pose = consensus(finder, drawn(FACE))
    assert (pose is not None) is expected
    if pose is not None:
        assert off(pose, FACE) < 0.5


def test_somebody_seen_only_as_is_is_taken_as_seen() -> None:
    plain = DotFinder()(drawn(FACE))
    assert consensus(DotFinder(sees=lambda look: look == 0), drawn(FACE)) == plain


def test_the_score_is_never_surer_than_the_picture_as_it_is() -> None:
    unsure = consensus(DotFinder(score=lambda look: 0.9 if look else 0.3), drawn(FACE))
    assert unsure is not None
    assert {round(point.score, 6) for point in unsure.keypoints.values()} == {0.3}
    assert unsure.score == pytest.approx(0.3)


def test_the_score_is_the_mean_of_the_looks_where_they_are_less_sure() -> None:
    first = 1 + 2 * len(FIRST_TURNS)
    pose = consensus(
        DotFinder(score=lambda look: 0.9 if look < first else 0.4 + 0.2 * (look % 2)), drawn(FACE)
    )
    assert pose is not None
    assert pose.keypoints["nose"].score == pytest.approx(0.5)


def test_the_box_holds_the_keypoints_and_the_rest_is_of_the_plain_look() -> None:
    pose = consensus(DotFinder(), drawn(FACE))
    assert pose is not None
    assert pose.box == box_around(pose.keypoints.values())
    assert (pose.box.x, pose.box.y) == pytest.approx((80, 66), abs=0.5)
    assert (pose.box.width, pose.box.height) == pytest.approx((78, 64), abs=0.7)
    assert pose.backend == "dots"
    assert pose.world == {"nose": (0, 0.0, 0.0)}


SIDE = {
    "nose": ((92, 80), (255, 0, 0)),
    "left_eye": ((101, 62), (0, 255, 0)),
    "right_eye": ((103, 74), (255, 0, 255)),
    "left_shoulder": ((118, 160), (0, 0, 255)),
    "right_shoulder": ((132, 150), (0, 255, 255)),
}
"""From the side: the eyes stand all but over one another, so that their line says nothing of the head's level."""


def test_a_face_from_the_side_is_not_levelled_by_its_eyes() -> None:
    image = np.full((HEIGHT, WIDTH, 3), 128, np.uint8)
    for (x, y), colour in SIDE.values():
        cv2.circle(image, (x, y), 5, colour, -1)
    turns = []

    def estimate(look: np.ndarray) -> Pose:
        dots = {name: found(look, colour)[0] for name, (_, colour) in SIDE.items()}
        nose, one, other = dots["nose"], dots["left_shoulder"], dots["right_shoulder"]
        across = (one[0] - nose[0]) * (other[1] - nose[1]) - (one[1] - nose[1]) * (other[0] - nose[0])
        if across > 0:  # the mirror image, in which the left side looks like a right one
            names = {"left": "right", "right": "left"}
            dots = {
                "_".join(names.get(word, word) for word in name.split("_")): at for name, at in dots.items()
            }
        else:
            trunk = math.degrees(math.atan2(one[1] - nose[1], one[0] - nose[0]))
            turns.append(round(trunk - math.degrees(math.atan2(80, 26))))
        return Pose({name: Keypoint(*at, 0.8) for name, at in dots.items()}, Box(0, 0, 1, 1), 0.8, "dots")

    assert consensus(estimate, image) is not None
    assert set(turns[1 + len(FIRST_TURNS) :]) == {round(turn) for turn in TURNS}, "about the picture as it is"


# ---- points near a pose ------------------------------------------------------------------------------------


class NearFinder:
    """Finds the eyes' dots near the pose it is given, under names of their own; in the nth look if `sees` it."""

    def __init__(self, sees: Callable[[str, int], bool] = lambda name, look: True) -> None:
        self._sees = sees
        self.looks = 0
        self.astray = 0.0
        self.lines: list[float] = []
        """How far the eyes were turned in each look, clockwise in degrees."""

    def __call__(self, image: np.ndarray, pose: Mapping[str, Keypoint]) -> dict[str, Keypoint]:
        look, self.looks = self.looks, self.looks + 1
        right, left = found(image, COLOURS["eye"])
        (nose,) = found(image, COLOURS["nose"])
        self.lines.append(math.degrees(math.atan2(left[1] - right[1], left[0] - right[0])))
        told = [pose[name][:2] for name in ("right_eye", "left_eye", "nose")]
        self.astray = max([self.astray, *map(math.dist, (right, left, nose), told)])
        points = {"left_lid": left, "right_lid": right, "tip": nose}
        return {name: Keypoint(*at, 0.6) for name, at in points.items() if self._sees(name, look)}


def posed(degrees: float = 0.0) -> Pose:
    points = {name: Keypoint(*at, 0.9) for name, at in turned(FACE, degrees).items()}
    return Pose(points, Box(0, 0, 1, 1), 0.9, "dots")


LIDS: Places = {"left_lid": FACE["left_eye"], "right_lid": FACE["right_eye"], "tip": FACE["nose"]}


@pytest.mark.parametrize("degrees", [0.0, 15.0, -15.0])
def test_points_near_a_pose_are_found_where_they_are_and_looked_for_where_the_look_has_the_pose(
    degrees: float,
) -> None:
    finder = NearFinder()
    points = near_consensus(finder, drawn(FACE, degrees), posed(degrees))
    assert finder.looks == 2 * len(NEAR_TURNS)
    assert finder.astray < 1.0
    shown = sorted(abs(line) for line in finder.lines)
    assert shown == pytest.approx(sorted(abs(turn) for turn in NEAR_TURNS for _ in range(2)), abs=1.5)
    assert set(points) == set(LIDS)
    for name, place in turned(LIDS, degrees).items():
        assert math.dist(points[name][:2], place) < 0.5
        assert points[name].score == pytest.approx(0.6)


def test_a_point_near_a_pose_that_fewer_than_half_of_the_looks_have_is_left_out() -> None:
    """A mirrored look has the other side's point under this name: of the left lid it sees the right one's dot."""
    most = len(NEAR_TURNS)

    def sees(name: str, look: int) -> bool:
        return look < (most if name == "tip" else most - 1)

    points = near_consensus(NearFinder(sees), drawn(FACE), posed())
    assert set(points) == {"tip"}
    assert math.dist(points["tip"][:2], FACE["nose"]) < 0.5


def test_near_a_pose_there_may_be_nothing() -> None:
    assert near_consensus(lambda image, pose: {}, drawn(FACE), posed()) == {}
