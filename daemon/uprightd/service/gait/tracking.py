"""From pictures to a walker's track: find the walker, follow them, keep what the pose model says of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from uprightd import opencv
from uprightd.domain import FACE, PROFILE, Box, Pose
from uprightd.gait.model import Track
from uprightd.pose.estimator import FindPeople, PoseEstimator
from uprightd.service.gait.footage import Shot
from uprightd.service.gait.subject import Follower, Part, Subject, chosen, motion_in

LARGEST_SIDE = 1280
"""Pixels of the longer side of what the model is shown; more makes it slower and no more right."""
SEARCH_EVERY = 0.5
"""Seconds between two searches for the walker while nobody was found."""
MOTION_OVER = 0.4
"""Seconds over which it is told who moves."""
BATCH = 8
"""Frames that go through a model on a GPU together."""
UNKEPT = frozenset((*FACE, *PROFILE))

Rows = list[np.ndarray]


class Tracking:
    """Given frame after frame, the track of one walker in them.

    finder: loads what finds everybody in a picture, asked for when it is needed; None looks at the whole picture and
    takes whom the pose model sees.
    """

    def __init__(
        self, estimator: PoseEstimator, subject: Subject, finder: Callable[[], FindPeople] | None
    ) -> None:
        self._estimator = estimator
        self._subject = subject
        self._load_finder = finder
        self._finder: FindPeople | None = None
        self._follower: Follower | None = None
        self._searched_at: float | None = None
        self._earlier: Shot | None = None
        self.size: tuple[int, int] | None = None
        self.people = 0
        """The most people that were seen at once."""
        self.names: tuple[str, ...] = ()
        self.times: list[float] = []
        self.rows: Rows = []
        """For each time (names, 6) float32: x, y, score, and the place in space; NaN where nobody was seen."""
        self._backend = estimator.name

    @property
    def batch(self) -> int:
        """How many frames are best given at once."""
        return BATCH if self._estimator.device.startswith("cuda") else 1

    @property
    def box(self) -> Box | None:
        """Where the walker is looked for, None while nobody is followed."""
        return self._follower and Box(*map(float, self._follower.part))

    def see(self, shots: Sequence[Shot]) -> list[Pose | None]:
        """Given the next frames, return the walker's pose in each, in pixels of the whole picture."""
        height, width = shots[0].image.shape[:2]
        if self.size is None:
            self.size = (width, height)
        poses = self._whole(shots) if self._load_finder is None else self._followed(shots)
        for shot, pose in zip(shots, poses, strict=True):
            self._keep(shot.t, pose)
        return poses

    def resume(self, track: Track, box: Box | None) -> None:
        """Given what was kept of an interrupted run and where the walker was, go on behind it."""
        self.size, self.names, self.times = track.size, tuple(track.points), [float(t) for t in track.times]
        self._backend = track.backend
        empty = np.full((track.count, 3), np.nan)
        kept = [np.hstack([track.points[name], track.world.get(name, empty)]) for name in self.names]
        self.rows = list(np.stack(kept, axis=1).astype(np.float32)) if kept else []
        self._follower = Follower(track.size, box) if box is not None else None

    def track(self) -> Track:
        """Return all that was seen so far; no points at all where nobody ever was."""
        size = self.size or (0, 0)
        times = np.array(self.times, float)
        if not self.names:
            return Track(times, {}, size, self._backend)
        unseen = np.full((len(self.names), 6), np.nan, np.float32)
        table = np.stack([row if row.size else unseen for row in self.rows]).astype(float)
        points = {name: np.ascontiguousarray(table[:, i, :3]) for i, name in enumerate(self.names)}
        placed = np.isfinite(table[:, :, 3:]).any()
        world = (
            {name: np.ascontiguousarray(table[:, i, 3:]) for i, name in enumerate(self.names)}
            if placed
            else {}
        )
        return Track(times, points, size, self._backend, world)

    def close(self) -> None:
        if self._finder is not None:
            self._finder.close()

    # ---- looking ---------------------------------------------------------------------------------------------

    def _whole(self, shots: Sequence[Shot]) -> list[Pose | None]:
        height, width = shots[0].image.shape[:2]
        return self._looked(shots, Part(0, 0, width, height))

    def _followed(self, shots: Sequence[Shot]) -> list[Pose | None]:
        if self._follower is None:
            found = [self._search(shot) for shot in shots[:1]]
            return [*found, *(self._followed(shots[1:]) if len(shots) > 1 else [])]
        follower = self._follower
        poses = self._looked(shots, follower.part)
        return [pose if follower.see(shot.t, pose) else None for shot, pose in zip(shots, poses, strict=True)]

    def _search(self, shot: Shot) -> Pose | None:
        """Look for the walker: with a quick look at every frame, by the finder now and then or when that saw one."""
        [pose] = self._whole([shot])
        due = self._searched_at is None or shot.t >= self._searched_at + SEARCH_EVERY
        if self._subject.rule == "moving" and (
            self._earlier is None or shot.t > self._earlier.t + 2 * MOTION_OVER
        ):
            self._earlier = shot
        if not due and (pose is None or self._subject.rule != "largest"):
            return None
        if self._subject.rule == "moving":
            assert self._earlier is not None
            if shot.t < self._earlier.t + MOTION_OVER:
                return None
        self._searched_at = shot.t
        box = self._found(shot)
        if box is None:
            return None
        self._follower = Follower((shot.image.shape[1], shot.image.shape[0]), box)
        return self._followed([shot])[0]

    def _found(self, shot: Shot) -> Box | None:
        assert self._load_finder is not None
        self._finder = self._finder or self._load_finder()
        boxes = sorted(self._finder(shot.image), key=lambda box: box.x + box.width / 2)
        self.people = max(self.people, len(boxes))
        motion = (
            motion_in(boxes, self._earlier.image, shot.image)
            if self._earlier is not None
            else [0.0] * len(boxes)
        )
        box = chosen(self._subject, boxes, motion)
        self._earlier = None if box is not None or self._subject.rule != "moving" else shot
        return box

    def _looked(self, shots: Sequence[Shot], part: Part) -> list[Pose | None]:
        cv2 = opencv.load()
        scale = min(1.0, LARGEST_SIDE / max(part.width, part.height))
        pictures = []
        for shot in shots:
            picture = part.of(shot.image)
            if scale < 1:
                size = (round(part.width * scale), round(part.height * scale))
                picture = cv2.resize(
                    picture, size, interpolation=cv2.INTER_LINEAR if scale > 0.5 else cv2.INTER_AREA
                )
            pictures.append(np.ascontiguousarray(picture))
        poses = self._estimator.estimate(pictures)
        self.people = max([self.people, *(pose.people for pose in poses if pose is not None)])
        return [pose and _moved(pose, part, 1 / scale) for pose in poses]

    def _keep(self, t: float, pose: Pose | None) -> None:
        self.times.append(t)
        if pose is None:
            self.rows.append(np.empty(0, np.float32))
            return
        if not self.names:
            self.names = tuple(name for name in pose.keypoints if name not in UNKEPT)
            self._backend = pose.backend
        self.rows.append(np.array([_row(pose, name) for name in self.names], np.float32))


def _row(pose: Pose, name: str) -> tuple[float, ...]:
    nowhere = (np.nan, np.nan, np.nan)
    return (*pose.keypoints.get(name, nowhere), *pose.world.get(name, nowhere))


def _moved(pose: Pose, part: Part, scale: float) -> Pose:
    """Given a pose in a scaled part of a picture, return it in pixels of the whole."""
    moved: Mapping = {
        name: point._replace(x=part.left + point.x * scale, y=part.top + point.y * scale)
        for name, point in pose.keypoints.items()
    }
    box = pose.box
    return replace(
        pose,
        keypoints=moved,
        box=Box(part.left + box.x * scale, part.top + box.y * scale, box.width * scale, box.height * scale),
    )
