"""From a stream of poses to readings: one view at a time, the profile that fits, values with and without jitter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from uprightd.calibration.following import Following, Standing
from uprightd.domain import COCO_17, FEET, Instant, Pose, Reading, View, backend_family
from uprightd.metrics.definitions import METRICS
from uprightd.metrics.reading import Terms, nobody, read_sight, sight_of, values_at_rest
from uprightd.metrics.scene import Scene
from uprightd.metrics.smoothing import Smoother
from uprightd.metrics.views import ViewTracker, bearing_of
from uprightd.profiles.profile import Profile

BODY = frozenset((*COCO_17, *FEET))
DEGREE, SHARE = 1.0, 0.01
"""What counts as one step when jitter is smoothed: a degree or a centimetre, a hundredth of a proportion."""


class Measured(NamedTuple):
    """A reading, and how the calibrated pose stands to it."""

    reading: Reading
    standing: Standing


class Measuring:
    """Reads one person's stream. Values count from the profile that fits; while none does, from none."""

    def __init__(self, terms: Terms, profiles: Sequence[Profile] = (), drift_after: float = 60.0) -> None:
        """`profiles` are those of this camera; `drift_after` is in seconds."""
        self.terms = terms
        self.profiles: tuple[Profile, ...] = ()
        self._view = ViewTracker()
        self._smoother = Smoother(
            {metric.name: DEGREE if metric.unit in ("°", "cm") else SHARE for metric in METRICS.values()}
        )
        self._standing = Standing(None, False, "")
        self._read_as = (View.UNKNOWN, "")
        self._following = Following({}, drift_after)
        self._shown_in: tuple[tuple[int, int], str] | None = None
        """Frame size and backend for which the upright scenes were made."""
        self._uprights: dict[str, Scene] = {}
        self._labels: dict[str, str] = {}
        self._baselines: dict[str, dict[str, float]] = {}
        self.take(profiles)

    def take(self, profiles: Sequence[Profile]) -> None:
        """Given the profiles to count from, use them from the next reading on."""
        self.profiles = tuple(profiles)
        self._shown_in = None

    def see(
        self, pose: Pose | None, size: tuple[int, int], at: Instant, position: float | None = None
    ) -> Measured:
        """Given the pose in a frame (None: nobody) of (width, height) and its moment, return what it says."""
        if pose is None:
            return Measured(nobody(at, position), self._standing)
        sight = sight_of(pose, size, self.terms.min_score)
        bearing = bearing_of(sight.points, size[0], self.terms.optics.focal(size[0]))
        view = self._view.see(sight.points, sight.world, at.mono, bearing)
        self._make_uprights(size, backend_family(pose.backend))
        scene = Scene(sight.points, size, view, sight.world, self.terms.optics)
        standing = self._standing = self._following.see(scene, at.mono)
        upright = None if standing.drifted else self._uprights.get(standing.profile or "")
        reading = read_sight(pose, sight, view, upright, size, at, self.terms, position)
        used = self._labels.get(standing.profile or "", "") if upright is not None else ""
        if (view, used) != self._read_as:  # a value read otherwise is another value
            self._read_as = (view, used)
            self._smoother.forget()
        smoothed = self._smoother.see(reading.values, at.mono)
        baseline = self._baselines.get(standing.profile or "", {}) if upright is not None else {}
        scores = {name: point.score for name, point in pose.keypoints.items() if name in BODY}
        reading = replace(reading, profile=used, smoothed=smoothed, baseline=baseline, scores=scores)
        return Measured(reading, standing)

    def forget(self) -> None:
        """The stream was interrupted: what was seen before says nothing about what comes."""
        self._view.forget()
        self._smoother.forget()

    def _make_uprights(self, size: tuple[int, int], backend: str) -> None:
        if self._shown_in == (size, backend):
            return
        self._shown_in = (size, backend)
        usable = [
            profile
            for profile in self.profiles
            if profile.baseline.fits_frame(size) and profile.family == backend
        ]
        self._uprights = {it.name: it.baseline.scene(size, self.terms.optics) for it in usable}
        self._labels = {it.name: it.label for it in usable}
        self._baselines = {name: values_at_rest(upright) for name, upright in self._uprights.items()}
        self._following.replace(self._uprights)
