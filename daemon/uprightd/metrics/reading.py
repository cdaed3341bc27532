"""From a pose to a reading: every metric a number with its ±, or NaN with the reason."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

from uprightd.domain import Instant, Keypoint, Pose, Reading, Reason, Value, View, unknown
from uprightd.metrics.definitions import METRICS
from uprightd.metrics.evidence import Evidence, evidence, offered
from uprightd.metrics.geometry import Point
from uprightd.metrics.model import FACING, Metric
from uprightd.metrics.scene import USUAL_OPTICS, Optics, Scene
from uprightd.metrics.views import bearing_of, estimate_view

CORE = ("nose", "left_shoulder", "right_shoulder", "left_hip", "right_hip")
"""The points whose mean score is the reading's confidence, as far as they are in sight."""


@dataclass(frozen=True, slots=True)
class Terms:
    """On what terms values are read.

    min_score: a point scored lower counts as not seen. min_confidence: under it the whole reading is unreliable.
    withhold: whether a metric that was measured not to follow the truth is kept back; a bench asks for all.
    """

    min_score: float = 0.5
    min_confidence: float = 0.0
    optics: Optics = USUAL_OPTICS
    withhold: bool = True


USUAL_TERMS = Terms()


@dataclass(frozen=True, slots=True)
class Sight:
    """What is seen of a pose: usable points, why each other is not, and places in space of the usable ones."""

    points: Mapping[str, Point]
    faults: Mapping[str, Reason | None]
    world: Mapping[str, tuple[float, float, float]]


def sight_of(pose: Pose, size: tuple[int, int], min_score: float) -> Sight:
    """Given a pose and the frame's (width, height), return what is seen of it.

    A keypoint counts as seen when it lies inside the frame, is finite and scores at least `min_score`.
    """
    faults = {name: _fault(point, size, min_score) for name, point in pose.keypoints.items()}
    points = {name: Point(point.x, point.y) for name, point in pose.keypoints.items() if faults[name] is None}
    world = {
        name: place for name, place in pose.world.items() if name in points and all(map(math.isfinite, place))
    }
    return Sight(points, faults, world)


def read_pose(
    pose: Pose | None,
    size: tuple[int, int],
    at: Instant,
    terms: Terms = USUAL_TERMS,
    position: float | None = None,
) -> Reading:
    """Given a pose (None when nobody is seen), the frame's (width, height) and moment, return the reading of this
    picture alone: nothing is calibrated, and the view is this picture's."""
    if pose is None:
        return nobody(at, position)
    sight = sight_of(pose, size, terms.min_score)
    bearing = bearing_of(sight.points, size[0], terms.optics.focal(size[0]))
    view = estimate_view(sight.points, sight.world, bearing)
    return read_sight(pose, sight, view, None, size, at, terms, position)


def nobody(at: Instant, position: float | None = None) -> Reading:
    """Return the reading of a picture in which nobody is seen."""
    return Reading(
        at, False, View.UNKNOWN, dict.fromkeys(METRICS, unknown(Reason.NO_PERSON)), position=position
    )


def read_sight(
    pose: Pose,
    sight: Sight,
    view: View,
    upright: Scene | None,
    size: tuple[int, int],
    at: Instant,
    terms: Terms,
    position: float | None = None,
) -> Reading:
    """Given what is seen of a pose, the view, and the calibrated upright scene for frames of this size (or None),
    return the reading.

    A metric is NaN with a reason outside its views, when one of its points is not seen, without the calibration it
    needs, where it was measured not to follow the truth, and where the geometry is undefined.
    """
    confidence = _confidence(pose, sight.points)
    if confidence < terms.min_confidence:
        unsure = dict.fromkeys(METRICS, unknown(Reason.LOW_CONFIDENCE))
        return Reading(at, True, view, unsure, confidence, position)
    scene = Scene(sight.points, size, view, sight.world, terms.optics, fitting(upright, view))
    if scene.upright is not None and scene.upright.face is not None and view in FACING:
        scene = replace(scene, turn=scene.upright.face.turned(scene.points, size, scene.focal))
    values = {metric.name: _value(metric, scene, sight, pose, terms) for metric in METRICS.values()}
    return Reading(at, True, view, values, confidence, position)


def values_at_rest(upright: Scene) -> dict[str, float]:
    """Given a calibrated upright scene, return what the metrics that count from nothing read in it: rules may count
    their limits from there."""
    found = {
        metric.name: metric.measure(upright)
        for metric in METRICS.values()
        if not (metric.relative or metric.scaled or metric.derived)
        and metric.told_by(upright.view, upright.points, upright.world)
    }
    return {name: number for name, number in found.items() if math.isfinite(number)}


def fitting(upright: Scene | None, view: View) -> Scene | None:
    """Given the calibrated scene and the view now, return it when the one can be held against the other.

    From the front and at an angle they are; a side only against the same side.
    """
    if upright is None or view is upright.view or (view in FACING and upright.view in FACING):
        return upright
    return None


def _fault(point: Keypoint, size: tuple[int, int], min_score: float) -> Reason | None:
    """Return why a keypoint cannot be used, or None when it can."""
    if not all(math.isfinite(number) for number in point):
        return Reason.OCCLUDED
    if not (0 <= point.x <= size[0] and 0 <= point.y <= size[1]):
        return Reason.OCCLUDED
    return None if point.score >= min_score else Reason.LOW_CONFIDENCE


def _value(metric: Metric, scene: Scene, sight: Sight, pose: Pose, terms: Terms) -> Value:
    here = scene.view in metric.views and (
        not terms.withhold or offered_whole(metric, scene.view, pose.backend)
    )
    reason = _missing(metric, scene, sight, here)
    if reason is not None:
        return unknown(reason)
    if not _calibrated(metric, scene):
        return unknown(Reason.UNCALIBRATED)
    number = metric.measure(scene)
    if not math.isfinite(number):
        return unknown(Reason.LOW_CONFIDENCE)
    known = evidence(pose.backend, scene.view, metric.name)
    return Value(number, error=_error(known, metric, scene, pose))


def offered_whole(metric: Metric, view: View, backend: str) -> bool:
    """Given a metric, a view and a backend, return whether it and all that it is worked out from may be offered."""
    parts = [METRICS[name] for name in metric.derived.get(view, ())]
    return all(offered(backend, view, each) for each in (metric, *parts))


def _missing(metric: Metric, scene: Scene, sight: Sight, here: bool) -> Reason | None:
    """Return what of the metric's needs is not there, None when all is; `here` tells whether it is offered in this
    view. A view that is not known is no reason while a point is: the point is why the view is not known."""
    if not here and scene.view is not View.UNKNOWN:
        return Reason.VIEW
    for name in metric.needed(scene.view):
        fault = sight.faults.get(name, Reason.OCCLUDED)
        if fault is not None:
            return fault
    if any(name not in scene.world for name in metric.places):
        return Reason.OCCLUDED
    return None if here else Reason.VIEW


def _calibrated(metric: Metric, scene: Scene) -> bool:
    """Whether what the metric counts from is known: the pupils' distance, or an upright pose seen as the metric needs
    it, since a point that was hidden then has no place to count from."""
    if metric.scaled and scene.optics.pupil_distance <= 0:
        return False
    upright = scene.upright
    return not metric.relative or (
        upright is not None and metric.told_by(upright.view, upright.points, upright.world)
    )


def _error(known: Evidence | None, metric: Metric, scene: Scene, pose: Pose) -> float | None:
    """The measured error, larger as the least sure point is scored lower; None where nobody has measured it."""
    if known is None:
        return None
    scores = [pose.keypoints[name].score for name in metric.needed(scene.view)]
    return known.rms / max(0.1, min(1.0, *scores))


def _confidence(pose: Pose, points: Mapping[str, Point]) -> float:
    scores = [pose.keypoints[name].score for name in CORE if name in points]
    return sum(scores) / len(scores) if scores else 0.0
