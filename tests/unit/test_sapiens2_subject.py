"""Whom the pose is of: who counts as there, who is chosen among several, where to look next."""

from __future__ import annotations

import pytest

from uprightd.domain import COCO_17, Box, Keypoint
from uprightd.sapiens2.subject import (
    ENOUGH,
    box_around,
    choose,
    followed,
    overlap,
    presence,
    somebody,
    whole_frame,
)

WIDE, HIGH = 1280, 720
MIDDLE, CORNER = Box(540, 160, 200, 400), Box(0, 0, 200, 400)


def points(**scores: float) -> dict[str, Keypoint]:
    """All body points at (100, 200), unseen but for those given."""
    return {name: Keypoint(100.0, 200.0, scores.get(name, 0.05)) for name in COCO_17}


def seen(count: int, score: float = 0.6) -> dict[str, Keypoint]:
    return points(**dict.fromkeys(COCO_17[:count], score))


def test_a_head_and_shoulders_at_a_desk_are_somebody() -> None:
    assert somebody(seen(7))


def test_fewer_than_five_seen_points_are_nobody() -> None:
    assert somebody(seen(ENOUGH))
    assert not somebody(seen(ENOUGH - 1, 0.95))
    assert not somebody(seen(17, 0.29))


def test_how_sure_it_is_comes_from_the_points_that_are_seen() -> None:
    assert presence(seen(7, 0.8)) == pytest.approx(0.8)
    assert presence(seen(0)) == pytest.approx(0.05)


def test_the_box_holds_the_points_that_are_seen() -> None:
    held = box_around([Keypoint(10, 20, 0.9), Keypoint(30, 80, 0.3), Keypoint(500, 900, 0.1)])
    assert held == Box(10, 20, 20, 60)
    assert box_around([Keypoint(10, 20, 0.1), Keypoint(30, 80, 0.0)]) == Box(10, 20, 20, 60)


def test_the_next_look_is_a_little_wider_and_inside_the_picture() -> None:
    assert followed(Box(400, 200, 200, 300), WIDE, HIGH) == pytest.approx(Box(370, 155, 260, 390))
    assert followed(Box(-50, 600, 200, 300), WIDE, HIGH) == pytest.approx(Box(0, 555, 180, 164))


@pytest.mark.parametrize("box", [Box(400, 200, 3, 3), Box(2000, 100, 300, 300), Box(100, 100, 500, 1)])
def test_a_box_too_small_or_outside_means_looking_everywhere(box: Box) -> None:
    assert followed(box, WIDE, HIGH) is None


def test_the_whole_frame_is_metas_from_first_to_last_pixel() -> None:
    assert whole_frame(640, 480) == Box(0, 0, 639, 479)


def test_overlap_is_intersection_over_union() -> None:
    assert overlap(MIDDLE, MIDDLE) == 1
    assert overlap(MIDDLE, CORNER) == 0
    assert overlap(Box(0, 0, 10, 10), Box(5, 0, 10, 10)) == pytest.approx(1 / 3)
    assert overlap(Box(0, 0, 0, 0), Box(0, 0, 0, 0)) == 0


def test_of_equally_large_people_the_central_one_is_chosen() -> None:
    assert choose([CORNER, MIDDLE], WIDE, HIGH) == MIDDLE


def test_a_person_close_to_the_camera_wins_over_a_small_central_one() -> None:
    near, far = Box(100, 50, 500, 650), Box(600, 300, 80, 160)
    assert choose([far, near], WIDE, HIGH) == near


def test_the_person_followed_so_far_stays_the_subject() -> None:
    moved = CORNER._replace(x=40)
    assert choose([MIDDLE, moved], WIDE, HIGH, previous=CORNER) == moved


def test_when_the_person_followed_is_gone_the_choice_starts_anew() -> None:
    assert choose([MIDDLE], WIDE, HIGH, previous=CORNER) == MIDDLE


def test_without_people_there_is_no_subject() -> None:
    assert choose([], WIDE, HIGH, previous=CORNER) is None
