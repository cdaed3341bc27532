"""Sapiens2 as the pose backend: pictures in, named keypoints of one person each out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

import numpy as np

from uprightd.domain import Box, Keypoint, Pose
from uprightd.sapiens2.checkpoint import Checkpoint
from uprightd.sapiens2.device import FLOAT32, Placement, require_libraries
from uprightd.sapiens2.names import NEEDED, OURS
from uprightd.sapiens2.sampling import sampled
from uprightd.sapiens2.subject import box_around, choose, followed, presence, somebody, whole_frame

if TYPE_CHECKING:
    from uprightd.sapiens2.pointmap import Pointmap
    from uprightd.sapiens2.pose import Keypoints

RECOUNT = 10
"""Answers after which a detector counts the people again, while one of them is followed."""


class FindPeople(Protocol):
    """A person detector: `people.detector.People`, or a stand-in for tests."""

    fault: str
    """Why the last answer says nothing; empty when it was sound."""

    def __call__(self, image: np.ndarray) -> list[Box]:
        """Given a picture, BGR uint8 (H, W, 3), return the boxes of all people in it."""
        ...

    def close(self) -> None: ...


class Head(Protocol):
    """What finds keypoints in pictures: `pose.PoseHead`, or a stand-in for tests."""

    def keypoints(
        self, images: Sequence[np.ndarray], boxes: Sequence[Box], flip: bool, channels: Sequence[int]
    ) -> Keypoints: ...

    def close(self) -> None: ...


class Depth(Protocol):
    """What says where in space each pixel lies: `pointmap.PointmapHead`, or a stand-in for tests."""

    def points(self, image: np.ndarray) -> Pointmap: ...

    def close(self) -> None: ...


class Sapiens2Pose:
    """Finds one person per picture. Without a detector the first look is at the whole frame, for one subject in
    front of the camera; with `tracking` the next looks follow their keypoints, until they are lost. With `depth`
    the keypoints that are seen get their places in space."""

    name = "sapiens2"

    def __init__(
        self,
        head: Head,
        device: str,
        tracking: bool,
        flip: bool = False,
        find_people: FindPeople | None = None,
        model: str = "sapiens2",
        depth: Depth | None = None,
    ) -> None:
        self.device = device
        self._model = model
        self._head = head
        self._tracking = tracking
        self._flip = flip
        self._find_people = find_people
        self._depth = depth
        self._people = 1
        self._answers = 0
        self._box: Box | None = None
        """Where to look next; None: everywhere."""
        self._last: Box | None = None
        """Where the subject was last seen."""
        self._shape: tuple[int, ...] = ()
        """Of the pictures these boxes are about."""

    def estimate(self, images: Sequence[np.ndarray]) -> list[Pose | None]:
        """Given pictures, BGR uint8 (H, W, 3), return the subject's pose in each; None where nobody is seen.

        All pictures go through the network as one batch, in a stream with the box known before the first of them.
        A result that is not finite is a pose without any score: somebody may be there, nothing can be said. On a
        single picture the pose is returned whatever its scores, which then say how little it is worth.
        """
        if images and images[0].shape != self._shape:
            self._box = self._last = None
        boxes = [self._where(image) for image in images]
        if self._find_people is not None and self._find_people.fault:
            return [self._broken() for _ in images]
        looked_at = [index for index, box in enumerate(boxes) if box is not None]
        poses: list[Pose | None] = [None] * len(images)
        if looked_at:
            found = self._head.keypoints(
                [images[index] for index in looked_at],
                [box for box in boxes if box is not None],
                flip=self._flip,
                channels=NEEDED,
            )
            for index, places, scores in zip(looked_at, found.places, found.scores, strict=True):
                poses[index] = self._pose(places, scores, images[index])
        if self._tracking:
            self._follow(images, poses)
        return poses

    def _where(self, image: np.ndarray) -> Box | None:
        """Where to look in a picture; with a detector the people are counted anew now and then."""
        self._answers += 1
        if self._box is None or (self._find_people is not None and self._answers % RECOUNT == 0):
            around = self._look_around(image)
            return self._box or around
        return self._box

    def _look_around(self, image: np.ndarray) -> Box | None:
        """Where the subject is in a picture of which nothing is known; None where the detector sees nobody."""
        height, width = image.shape[:2]
        if self._find_people is None:
            return whole_frame(width, height)
        found = self._find_people(image)
        self._people = max(1, len(found))
        return choose(found, width, height, self._last)

    def _pose(self, places: np.ndarray, scores: np.ndarray, image: np.ndarray) -> Pose | None:
        if not (np.isfinite(places).all() and np.isfinite(scores).all()):
            return self._broken()
        row = {channel: index for index, channel in enumerate(NEEDED)}
        keypoints = {
            name: Keypoint(
                float(places[row[channel]][0]),
                float(places[row[channel]][1]),
                float(np.clip(scores[row[channel]], 0.0, 1.0)),
            )
            for name, channel in OURS.items()
        }
        if self._tracking and not somebody(keypoints):
            return None
        return Pose(
            keypoints,
            box_around(keypoints.values()),
            presence(keypoints),
            self._model,
            self._world(image, keypoints),
            self._people,
        )

    def _world(
        self, image: np.ndarray, keypoints: Mapping[str, Keypoint]
    ) -> dict[str, tuple[float, float, float]]:
        return {} if self._depth is None else sampled(self._depth.points(image).points, keypoints)

    def _broken(self) -> Pose:
        """A pose of which nothing is known: a network gave numbers that are not finite."""
        nothing = dict.fromkeys(OURS, Keypoint(0.0, 0.0, 0.0))
        return Pose(nothing, Box(0.0, 0.0, 0.0, 0.0), 0.0, self._model)

    def _follow(self, images: Sequence[np.ndarray], poses: Sequence[Pose | None]) -> None:
        """Look next where the last picture's person is; everywhere when they were lost."""
        if not images:
            return
        pose = poses[-1]
        height, width = images[-1].shape[:2]
        self._box = None if pose is None else followed(pose.box, width, height)
        self._last = self._box or self._last
        self._shape = images[-1].shape

    def close(self) -> None:
        self._head.close()
        if self._find_people is not None:
            self._find_people.close()
        if self._depth is not None:
            self._depth.close()


def load_pose(
    checkpoint: Checkpoint,
    placement: Placement,
    tracking: bool,
    resolution: tuple[int, int] = (1024, 768),
    flip: bool = False,
    rope: str = FLOAT32,
    find_people: FindPeople | None = None,
    pointmap: Checkpoint | None = None,
) -> Sapiens2Pose:
    """Given a pose checkpoint and where to run, load it: `tracking` for a stream, otherwise for single pictures.

    pointmap: a checkpoint that says where in space the keypoints lie; it runs on every picture with somebody in it,
    at the one input size it knows, whatever `resolution` is.

    Raise UnavailableError when torch or transformers is missing or memory does not suffice, DataError when the
    checkpoint is not what it should be.
    """
    require_libraries()
    from uprightd.sapiens2.network import load
    from uprightd.sapiens2.pointmap import PointmapHead
    from uprightd.sapiens2.pose import PoseHead

    head = PoseHead(load(checkpoint, placement, rope), resolution)
    depth = PointmapHead(load(pointmap, placement, rope)) if pointmap else None
    model = f"sapiens2 {checkpoint.size}"
    return Sapiens2Pose(head, str(placement), tracking, flip, find_people, model, depth)
