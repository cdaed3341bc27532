"""One clip or variant, measured: for each frame and metric the value that the product reads, and the truth."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from uprightd.calibration.baseline import averaged
from uprightd.domain import Instant, Pose, Reading, Reason, View
from uprightd.errors import DataError
from uprightd.metrics.definitions import METRICS
from uprightd.metrics.reading import Sight, Terms, nobody, offered_whole, read_sight, sight_of
from uprightd.metrics.scene import Scene
from uprightd.metrics.views import ViewTracker, bearing_of
from uprightd.pose.estimator import PoseEstimator
from uprightd.service.accuracy.bodies import Body, mean_body
from uprightd.service.accuracy.clips import open_video
from uprightd.service.accuracy.postures import Frames, postures
from uprightd.service.accuracy.statistics import moved
from uprightd.service.accuracy.truth import true_value
from uprightd.service.accuracy.variants import Variant

if TYPE_CHECKING:
    import numpy as np

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Look:
    """One metric in one frame. NaN where it is not known, with the reason; the truth is NaN where there is none.

    offered: whether the product gives the value, in this view by this backend.
    """

    value: float
    reason: Reason | None
    truth: float
    view: View
    offered: bool

    @property
    def counts(self) -> bool:
        """Whether value and truth can be held against each other."""
        return self.reason is None and math.isfinite(self.truth)


@dataclass(frozen=True, slots=True)
class Series:
    """A variant, frame by frame. `upright`: how many frames from the start on show the upright pose.

    tells: the metrics about which it is evidence. A turned picture moves the truth of some; for the others it is the
    same movement once more, in a picture that nobody takes.
    """

    variant: Variant
    backend: str
    upright: int
    detected: tuple[bool, ...]
    in_sight: tuple[bool, ...]
    views: tuple[View, ...]
    looks: Mapping[str, tuple[Look, ...]]
    postures: Frames
    tells: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Seen:
    """One frame: its moment, the pose and what is seen of it (None for nobody), and the view."""

    at: Instant
    pose: Pose | None
    sight: Sight | None
    view: View


def measure_series(variant: Variant, estimator: PoseEstimator, terms: Terms, tell: Tell) -> Series:
    """Given a variant and an estimator that tracks and has seen nothing yet, run it over every frame.

    The camera's angle of view and the pupils' distance are the clip's own. Values that the product withholds are
    read too, and marked.
    """
    bodies, size = variant.bodies, variant.clip.lens.size
    terms = replace(terms, optics=bodies[0].optics(), withhold=False)
    frames = list(_watched(variant, estimator, size, terms, tell))
    upright = _upright(frames[: variant.upright], size, terms)
    readings = [_reading(frame, upright, size, terms) for frame in frames]
    looks = {name: tuple(_looks(name, readings, variant, estimator.name)) for name in METRICS}
    return Series(
        variant,
        estimator.name,
        variant.upright,
        tuple(frame.pose is not None for frame in frames),
        tuple(body.in_sight() for body in bodies),
        tuple(frame.view for frame in frames),
        looks,
        postures(variant.clip.bodies, variant.upright),
        frozenset(name for name in METRICS if variant.turn is None or _moved(name, looks[name], variant)),
    )


def _watched(
    variant: Variant, estimator: PoseEstimator, size: tuple[int, int], terms: Terms, tell: Tell
) -> Iterator[_Seen]:
    """Yield what is seen in each frame, in order; the view is that of a live stream."""
    tracker = ViewTracker()
    for number, picture in enumerate(_pictures(variant)):
        time = variant.clip.times[number]
        tell(f"{variant.name}: frame {number + 1} of {len(variant.clip.times)}")
        pose = estimator.estimate([picture])[0]
        sight = sight_of(pose, size, terms.min_score) if pose else None
        view = View.UNKNOWN
        if sight:
            bearing = bearing_of(sight.points, size[0], terms.optics.focal(size[0]))
            view = tracker.see(sight.points, sight.world, time, bearing)
        yield _Seen(Instant(time, time), pose, sight, view)


def _pictures(variant: Variant) -> Iterator[np.ndarray]:
    reader = open_video(variant.clip.video)
    try:
        for number in range(len(variant.clip.times)):
            picture = reader.retrieve(None) if reader.grab() is not None else None
            if picture is None:
                raise DataError(
                    f"{variant.clip.video}: frame {number} cannot be decoded", "Copy or download it again."
                )
            yield variant.picture(picture, number)
    finally:
        reader.release()


def _upright(frames: Sequence[_Seen], size: tuple[int, int], terms: Terms) -> Scene | None:
    """Given the frames of the upright pose, return it as calibrated; None when nobody is seen in them."""
    seen = [(frame.sight, frame.pose.backend, frame.view) for frame in frames if frame.sight and frame.pose]
    if not seen:
        return None
    sights, backends, views = zip(*seen, strict=True)
    view = Counter(views).most_common(1)[0][0]
    baseline = averaged(sights, view, size, backends[0], frames[-1].at.mono - frames[0].at.mono)
    return baseline.scene(size, terms.optics)


def _reading(frame: _Seen, upright: Scene | None, size: tuple[int, int], terms: Terms) -> Reading:
    if frame.pose is None or frame.sight is None:
        return nobody(frame.at)
    return read_sight(frame.pose, frame.sight, frame.view, upright, size, frame.at, terms)


def _looks(metric: str, readings: Sequence[Reading], variant: Variant, backend: str) -> Iterator[Look]:
    views = [reading.view for reading in readings]
    truths = _truths(metric, variant.bodies, views, variant.upright)
    for reading, truth in zip(readings, truths, strict=True):
        value = reading.values[metric]
        may = value.known and offered_whole(METRICS[metric], reading.view, backend)
        yield Look(value.number, value.reason, truth, reading.view, may)


def _truths(metric: str, bodies: Sequence[Body], views: Sequence[View], upright: int) -> list[float]:
    start = mean_body(bodies[:upright]) if upright else None
    return [true_value(metric, body, view, start) for body, view in zip(bodies, views, strict=True)]


def _moved(metric: str, looks: Sequence[Look], variant: Variant) -> bool:
    """Return whether the turn of the picture moves the truth, against the clip as it is."""
    plain = _truths(metric, variant.clip.bodies, [look.view for look in looks], variant.upright)
    shifts = [look.truth - truth for look, truth in zip(looks, plain, strict=True) if look.counts]
    return moved([shift for shift in shifts if math.isfinite(shift)], METRICS[metric].unit)
