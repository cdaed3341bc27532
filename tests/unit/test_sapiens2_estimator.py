"""Sapiens2 as pose backend: names, presence, following the subject, batches."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from uprightd.domain import COCO_17, FEET, Box
from uprightd.errors import UnavailableError
from uprightd.sapiens2 import estimator
from uprightd.sapiens2.checkpoint import read_checkpoint
from uprightd.sapiens2.device import Placement
from uprightd.sapiens2.estimator import Sapiens2Pose, load_pose
from uprightd.sapiens2.names import NEEDED, OURS
from uprightd.sapiens2.pointmap import Pointmap
from uprightd.sapiens2.pose import Keypoints
from uprightd.sapiens2.subject import whole_frame

TINY = Path(__file__).parents[1] / "fixtures" / "sapiens2_tiny"
FRAME = np.zeros((480, 640, 3), np.uint8)
WHOLE = whole_frame(640, 480)


class Head:
    """A head that sees somebody standing in `person`, as sure as `score`."""

    def __init__(self, score: float = 0.9) -> None:
        self.person = Box(200, 100, 120, 300)
        self.score = score
        self.looks: list[list[Box]] = []
        self.flips: list[bool] = []
        self.broken: set[int] = set()
        self.closed = False

    def keypoints(
        self, images: Sequence[np.ndarray], boxes: Sequence[Box], flip: bool, channels: Sequence[int]
    ) -> Keypoints:
        self.looks.append(list(boxes))
        self.flips.append(flip)
        spread = np.linspace(0, 1, len(channels))
        x, y, width, height = self.person
        places = np.stack((x + spread * width, y + spread[::-1] * height), 1)
        places = places[None].repeat(len(images), 0)
        scores = np.full((len(images), len(channels)), self.score, np.float32)
        for index in self.broken:
            scores[index, 3], places[index, 3] = 0, math.nan
        return Keypoints(places, scores)

    def close(self) -> None:
        self.closed = True


def backend(head: Head, tracking: bool = True, **more: object) -> Sapiens2Pose:
    return Sapiens2Pose(head, "cpu", tracking, **more)  # type: ignore[arg-type]


def test_a_pose_has_our_names_pixels_and_scores() -> None:
    (pose,) = backend(Head()).estimate([FRAME])
    assert pose is not None
    assert set(pose.keypoints) == set(OURS) >= {*COCO_17, *FEET, "neck", "left_acromion", "chin_tip"}
    assert pose.backend == "sapiens2"
    assert pose.box == pytest.approx(Box(200, 100, 120, 300))
    assert pose.score == pytest.approx(0.9)
    assert all(type(number) is float for point in pose.keypoints.values() for number in point)
    nose, left_wrist = pose.keypoints["nose"], pose.keypoints["left_wrist"]
    assert nose.x == pytest.approx(200)
    assert left_wrist.x == pytest.approx(200 + 120 * NEEDED.index(62) / (len(NEEDED) - 1))


@pytest.mark.parametrize(("raw", "score"), [(1.3, 1.0), (0.4, 0.4)])
def test_scores_are_kept_between_nought_and_one(raw: float, score: float) -> None:
    (pose,) = backend(Head(score=raw)).estimate([FRAME])
    assert pose is not None
    assert pose.keypoints["nose"].score == pytest.approx(score)


@pytest.mark.parametrize("score", [0.2, 0.0, -1.0])
def test_nobody_is_there_when_no_body_point_is_seen(score: float) -> None:
    assert backend(Head(score=score)).estimate([FRAME]) == [None]


def test_an_answer_that_is_not_finite_says_nothing_about_that_picture_only() -> None:
    """Somebody may be there, so it is no absence; without any score it is no posture either."""
    head = Head()
    head.broken = {1}
    poses = backend(head).estimate([FRAME] * 3)
    scores = [max(point.score for point in pose.keypoints.values()) if pose else None for pose in poses]
    assert scores[1] == 0.0
    assert all(score is not None and score > 0.3 for score in (scores[0], scores[2]))
    assert all(map(math.isfinite, (number for point in poses[1].keypoints.values() for number in point)))  # type: ignore[union-attr]


def test_a_single_picture_gets_its_pose_whatever_the_scores() -> None:
    head = Head()
    head.score = 0.1
    still = Sapiens2Pose(head, "cpu", tracking=False)
    (pose,) = still.estimate([FRAME])
    assert pose is not None
    assert pose.score < 0.3


def test_the_first_look_is_at_the_whole_frame_the_next_follows_the_person() -> None:
    head = Head()
    stream = backend(head)
    stream.estimate([FRAME])
    stream.estimate([FRAME])
    assert head.looks[0] == [WHOLE]
    assert head.looks[1] == [pytest.approx(Box(182, 55, 156, 390))]


def test_a_lost_person_is_looked_for_everywhere() -> None:
    head = Head()
    stream = backend(head)
    stream.estimate([FRAME])
    head.score = 0.1
    assert stream.estimate([FRAME]) == [None]
    stream.estimate([FRAME])
    assert [look == [WHOLE] for look in head.looks] == [True, False, True]


def test_pictures_of_another_size_are_looked_at_whole() -> None:
    head = Head()
    stream = backend(head)
    stream.estimate([FRAME])
    stream.estimate([FRAME[:240, :320]])
    assert head.looks[1] == [whole_frame(320, 240)]


def test_single_pictures_are_each_looked_at_whole() -> None:
    head = Head()
    single = backend(head, tracking=False)
    single.estimate([FRAME])
    single.estimate([FRAME])
    assert head.looks == [[WHOLE], [WHOLE]]


def test_several_pictures_are_one_batch() -> None:
    head = Head()
    stream = backend(head)
    assert len(stream.estimate([FRAME] * 4)) == 4
    assert head.looks == [[WHOLE] * 4]
    assert stream.estimate([]) == []
    assert len(head.looks) == 1


def test_the_second_mirrored_look_is_asked_for_only_when_wanted() -> None:
    head = Head()
    backend(head).estimate([FRAME])
    backend(head, flip=True).estimate([FRAME])
    assert head.flips == [False, True]


class Detector:
    """A detector that sees people in pictures that are not all black, or in all of them."""

    def __init__(self, *boxes: Box, dark_too: bool = True) -> None:
        self.boxes, self.dark_too = list(boxes), dark_too
        self.fault = ""
        self.asked = 0
        self.closed = False

    def __call__(self, image: np.ndarray) -> list[Box]:
        self.asked += 1
        return self.boxes if self.dark_too or image.any() else []

    def close(self) -> None:
        self.closed = True


TWO = (Box(0, 0, 100, 300), Box(270, 90, 100, 300))


def test_a_detector_is_asked_when_nobody_is_followed_and_its_subject_is_chosen() -> None:
    head, detector = Head(), Detector(*TWO)
    stream = backend(head, find_people=detector)
    stream.estimate([FRAME])
    stream.estimate([FRAME])
    assert detector.asked == 1
    assert head.looks[0] == [TWO[1]]
    stream.close()
    assert detector.closed


def test_several_people_are_told_and_counted_anew_while_one_is_followed() -> None:
    detector = Detector(*TWO)
    stream = backend(Head(), find_people=detector)
    (first,) = stream.estimate([FRAME])
    assert first is not None
    assert first.people == 2
    detector.boxes = [TWO[1]]
    counts = [pose.people for pose in stream.estimate([FRAME]) if pose]
    for _ in range(estimator.RECOUNT):
        (pose,) = stream.estimate([FRAME])
        counts.append(pose.people if pose else 0)
    assert (counts[0], counts[-1]) == (2, 1)


def test_a_detector_that_gives_no_finite_number_is_no_absence() -> None:
    detector = Detector()
    detector.fault = "the person detector gave numbers that are not finite"
    (pose,) = backend(Head(), find_people=detector).estimate([FRAME])
    assert pose is not None
    assert pose.score == 0.0


def test_a_detector_that_sees_nobody_is_believed() -> None:
    head = Head()
    stream = backend(head, find_people=Detector())
    assert stream.estimate([FRAME, FRAME]) == [None, None]
    assert head.looks == []


def test_a_detector_that_sees_somebody_in_one_picture_only_gives_one_pose() -> None:
    head, bright = Head(), np.full_like(FRAME, 255)
    stream = backend(head, find_people=Detector(WHOLE, dark_too=False))
    poses = stream.estimate([FRAME, bright])
    assert [pose is None for pose in poses] == [True, False]
    assert head.looks == [[WHOLE]]


class Depth:
    """A wall two metres away, each pixel a centimetre; the nth picture's is `n` metres further."""

    def __init__(self) -> None:
        self.asked: list[np.ndarray] = []
        self.closed = False

    def points(self, image: np.ndarray) -> Pointmap:
        self.asked.append(image)
        rows, columns = np.mgrid[: image.shape[0], : image.shape[1]].astype(np.float32)
        away = np.full_like(rows, 1.0 + len(self.asked))
        return Pointmap(np.stack((columns / 100, rows / 100, away), 2), 1.0)

    def close(self) -> None:
        self.closed = True


def test_without_a_pointmap_a_pose_has_no_places_in_space() -> None:
    (pose,) = backend(Head()).estimate([FRAME])
    assert pose is not None
    assert pose.world == {}


def test_with_a_pointmap_each_pose_has_its_places_in_metres_about_the_mid_hip() -> None:
    depth, bright = Depth(), np.full_like(FRAME, 255)
    poses = backend(Head(), depth=depth).estimate([FRAME, bright])
    assert [image is told for image, told in zip(depth.asked, (FRAME, bright), strict=True)] == [True, True]
    for pose in poses:
        assert pose is not None
        assert set(pose.world) == set(OURS)
        left, right = pose.keypoints["left_hip"], pose.keypoints["right_hip"]
        for name, point in pose.keypoints.items():
            aside, down = (point.x - (left.x + right.x) / 2) / 100, (point.y - (left.y + right.y) / 2) / 100
            x, y, z = pose.world[name]
            assert (math.hypot(x, z), y) == pytest.approx((abs(aside), down), abs=0.0101), name
        assert all(type(number) is float for place in pose.world.values() for number in place)


def test_the_pointmap_is_not_asked_about_nobody_or_about_a_broken_answer() -> None:
    head, depth = Head(score=0.1), Depth()
    assert backend(head, depth=depth).estimate([FRAME]) == [None]
    head.score, head.broken = 0.9, {0}
    (pose,) = backend(head, depth=depth).estimate([FRAME])
    assert pose is not None
    assert pose.world == {}
    assert depth.asked == []


def test_closing_closes_the_head_and_the_pointmap() -> None:
    head, depth = Head(), Depth()
    backend(head, depth=depth).close()
    assert head.closed
    assert depth.closed


def test_a_checkpoint_becomes_a_backend_that_answers() -> None:
    loaded = load_pose(
        read_checkpoint(TINY / "pose"), Placement("cpu", "float32"), tracking=True, resolution=(128, 96)
    )
    image = np.random.default_rng(0).integers(0, 256, (120, 160, 3), np.uint8)
    poses = loaded.estimate([image, image])
    assert len(poses) == 2
    assert (loaded.name, loaded.device) == ("sapiens2", "cpu, float32")
    loaded.close()


def test_without_its_libraries_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> None:
        raise UnavailableError("Sapiens2 needs torch, not installed here", "pip install")

    monkeypatch.setattr(estimator, "require_libraries", missing)
    with pytest.raises(UnavailableError, match="needs torch"):
        load_pose(read_checkpoint(TINY / "pose"), Placement("cpu", "float32"), tracking=True)
