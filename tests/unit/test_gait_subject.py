"""Whom to follow, and the part of the picture that follows them."""

from __future__ import annotations

import numpy as np
import pytest

from uprightd.domain import Box, Keypoint, Pose
from uprightd.errors import UsageError
from uprightd.service.gait.subject import Follower, Subject, chosen, motion_in, parse_subject

SIZE = (1280, 720)
CHILD, WALKER, BYSTANDER = Box(100, 400, 60, 150), Box(500, 200, 120, 320), Box(1000, 180, 100, 300)
PEOPLE = [CHILD, WALKER, BYSTANDER]


@pytest.mark.parametrize(
    ("text", "subject"),
    [
        ("largest", Subject("largest")),
        ("moving", Subject("moving")),
        ("2", Subject("number", number=2)),
        ("640,360", Subject("point", point=(640, 360))),
        ("12.5, 7", Subject("point", point=(12.5, 7))),
    ],
)
def test_a_subject_as_it_is_written(text: str, subject: Subject) -> None:
    assert parse_subject(text) == subject
    assert parse_subject(str(subject)) == subject


@pytest.mark.parametrize("text", ["", "0", "-1", "smallest", "1,2,3", "nan,1", "1,", "1e5"])
def test_what_is_nobody_is_refused_with_what_is_expected(text: str) -> None:
    with pytest.raises(UsageError, match="nobody") as caught:
        parse_subject(text)
    assert "moving" in caught.value.hint


@pytest.mark.parametrize(
    ("subject", "motion", "box"),
    [
        ("largest", [9, 9, 9], WALKER),
        ("moving", [1, 2, 30], BYSTANDER),
        ("moving", [1, 2, 3], None),
        ("1", [0, 0, 0], CHILD),
        ("3", [0, 0, 0], BYSTANDER),
        ("4", [0, 0, 0], None),
        ("1010,200", [0, 0, 0], BYSTANDER),
        ("10,10", [0, 0, 0], None),
    ],
)
def test_whom_of_several_people(subject: str, motion: list[float], box: Box | None) -> None:
    assert chosen(parse_subject(subject), PEOPLE, motion) == box
    assert chosen(parse_subject(subject), [], []) is None


def test_motion_is_told_where_it_is() -> None:
    before = np.full((720, 1280, 3), 90, np.uint8)
    after = before.copy()
    after[300:400, 520:580] = 200
    still, moving, other = motion_in(PEOPLE, before, after)
    assert (still, other) == (0, 0)
    assert moving > 10


def pose_at(x: float, y: float = 360.0, tall: float = 300.0, score: float = 0.9) -> Pose:
    """Somebody whose body's middle is there."""
    points = {
        f"point_{i}": Keypoint(x + dx, y - tall / 2 + tall * i / 7, score)
        for i, dx in enumerate((0, -40, 40, -30, 30, -50, 50, 0))
    }
    return Pose(points, Box(x - 50, y - tall / 2, 100, tall), score, "fake")


def test_the_part_follows_a_walker_and_holds_them_whole_at_every_moment() -> None:
    follower = Follower(SIZE, Box(1100, 210, 100, 300))
    parts = set()
    for number in range(180):
        x = 1150 - 6.0 * number
        part = follower.part
        parts.add(part)
        if 60 < x < 1220:
            assert part.left <= x - 50 or part.left == 0
            assert x + 50 <= part.left + part.width or part.left + part.width == 1280
        assert follower.see(number / 30, pose_at(x))
        assert part.left >= 0
        assert part.left + part.width <= 1280
    assert len(parts) < 60, "it moves in steps, as a model that tracks wants the picture to stay"


def test_somebody_who_passes_is_not_the_walker() -> None:
    follower = Follower(SIZE, Box(600, 210, 100, 300))
    assert follower.see(0.0, pose_at(650))
    part = follower.part
    assert not follower.see(1 / 30, pose_at(1000))
    assert follower.part == part
    assert follower.see(2 / 30, pose_at(660))


def test_a_walker_who_is_lost_is_looked_for_in_a_growing_part() -> None:
    follower = Follower(SIZE, Box(600, 210, 100, 300))
    follower.see(0.0, pose_at(650))
    small = follower.part.width
    for number in range(1, 60):
        assert not follower.see(number / 30, None)
    assert follower.part.width > 2 * small
    assert follower.see(61 / 30, pose_at(900)), "after two seconds they may be there"
    assert follower.part.width < 2 * small


def test_points_that_are_hardly_seen_are_nobody() -> None:
    follower = Follower(SIZE, Box(600, 210, 100, 300))
    assert not follower.see(0.0, pose_at(650, score=0.1))
