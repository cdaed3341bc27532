"""Gait from video with the real model: what it must reach on the clips whose truth is known, one event at a time."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest
from tests.fakes.walker import CLIPS, Walk, limping, matched, mirrored, retimed, true_walk

from uprightd import opencv
from uprightd.domain import Keypoint, View
from uprightd.gait.analysis import analyse
from uprightd.gait.live import LiveGait
from uprightd.gait.model import Analysis, EventKind, Side, Track
from uprightd.pose.mediapipe import LANDMARKS, MediapipePose

HEIGHT = {"m": 1.76, "f": 1.66}
SEEN = (0.75, 5.5)
"""Seconds between which the walker of walk_side is in the picture as a whole."""
SIDES = ("walk_side_m", "walk_side_m mirrored")


def tracked(name: str, mirror: bool) -> Walk:
    """What the model sees in a clip, or in its mirror image, with the truth's events."""
    cv2 = opencv.load()
    reader, estimator = cv2.VideoCapture(str(CLIPS / f"{name}.mp4")), MediapipePose(tracking=True)
    rows: dict[str, list[tuple[float, ...]]] = {part: [] for part in LANDMARKS}
    try:
        while reader.grab():
            ok, image = reader.retrieve()
            assert ok
            [pose] = estimator.estimate([np.ascontiguousarray(image[:, ::-1]) if mirror else image])
            for part, row in rows.items():
                row.append(tuple(pose.keypoints[part]) if pose else (np.nan, np.nan, np.nan))
    finally:
        estimator.close()
        reader.release()
    truth = mirrored(true_walk(name)) if mirror else true_walk(name)
    points = {part: np.array(row) for part, row in rows.items()}
    return Walk(Track(truth.track.times, points, truth.track.size, "mediapipe"), truth.events)


@pytest.fixture(scope="module")
def walks() -> Mapping[str, Walk]:
    whole = {name: tracked(name, mirror=False) for name in ("walk_side_m", "walk_front_m", "walk_rear_f")}
    return {**whole, "walk_side_m mirrored": tracked("walk_side_m", mirror=True)}


@pytest.fixture(scope="module")
def analyses(walks: Mapping[str, Walk]) -> Mapping[str, Analysis]:
    heights = {name: HEIGHT[name.split()[0][-1]] for name in walks}
    return {name: analyse(walk.track, height_m=heights[name]) for name, walk in walks.items()}


@pytest.mark.parametrize("name", SIDES)
@pytest.mark.parametrize("kind", EventKind)
def test_from_the_side_every_event_is_found_on_its_foot_and_none_too_many(
    name: str, kind: EventKind, walks: Mapping[str, Walk], analyses: Mapping[str, Analysis]
) -> None:
    match = matched(analyses[name].events, walks[name], kind, within=SEEN)
    assert (match.missed, match.extra) == ((), ())
    assert len(match.off) >= 8
    assert abs(match.bias) <= 0.025
    assert match.sd <= 0.015


@pytest.mark.parametrize("name", SIDES)
def test_from_the_side_cadence_and_lengths_are_those_of_the_walk(
    name: str, analyses: Mapping[str, Analysis]
) -> None:
    analysis, mirror = analyses[name], "mirrored" in name
    told = {name: it.value for name, it in analysis.parameters.items()}
    assert analysis.view is (View.SAGITTAL_RIGHT if mirror else View.SAGITTAL_LEFT)
    assert told["cadence"] == pytest.approx(111.1, abs=2.0)
    assert told["stride_length"] == pytest.approx(1.26, rel=0.05)
    assert told["speed"] == pytest.approx(1.167, rel=0.05)
    for side in Side:
        assert told[f"step_time_{side}"] == pytest.approx(0.54, abs=0.02)
        assert told[f"stance_{side}"] == pytest.approx(0.67, abs=0.04)
        assert told[f"step_length_{side}"] == pytest.approx(0.63, abs=0.05)
    assert told["trunk_lean"] == pytest.approx(5, abs=5)


@pytest.mark.parametrize("name", SIDES)
def test_the_legs_the_model_exchanged_are_put_back(
    name: str, walks: Mapping[str, Walk], analyses: Mapping[str, Analysis]
) -> None:
    """Held against the true legs in all frames in which they are clearly apart."""
    truth = true_walk("walk_side_m")
    truth = mirrored(truth) if "mirrored" in name else truth
    told = analyses[name].track.points
    inside = (truth.track.times >= SEEN[0]) & (truth.track.times <= SEEN[1])
    places = {part: truth.track.points[part][:, :2] for part in ("left_ankle", "right_ankle")}
    apart = np.hypot(*(places["left_ankle"] - places["right_ankle"]).T)
    clear = inside & (apart > 20) & np.isfinite(told["left_ankle"][:, 0])
    off = {part: np.hypot(*(told[part][:, :2] - places[part]).T)[clear] for part in places}
    assert clear.sum() > 80
    assert all((it < apart[clear] / 2).all() for it in off.values())
    raw = walks[name].track.points["left_ankle"]
    assert (np.hypot(*(raw[:, :2] - places["left_ankle"]).T)[clear] > apart[clear] / 2).sum() >= 5


@pytest.mark.parametrize("share", [-0.08, 0.08])
@pytest.mark.parametrize("name", SIDES)
def test_a_limp_is_told_on_its_side_within_three_hundredths(
    name: str, share: float, walks: Mapping[str, Walk]
) -> None:
    mirror = "mirrored" in name
    told = analyse(retimed(walks[name], limping(share)).track).parameters["step_time_difference"].value
    true = (-1 if mirror else 1) * 2 * share * 0.54
    assert told is not None
    assert told == pytest.approx(true, abs=0.03)
    assert told * true > 0


@pytest.mark.parametrize(("name", "view"), [("walk_front_m", View.FRONTAL), ("walk_rear_f", View.REAR)])
def test_from_the_front_and_from_behind_strikes_and_cadence_and_no_length_ever(
    name: str, view: View, walks: Mapping[str, Walk], analyses: Mapping[str, Analysis]
) -> None:
    analysis, walk = analyses[name], walks[name]
    begin, end = walk.track.times[walk.track.detected][[0, -1]]
    match = matched(analysis.events, walk, EventKind.STRIKE, within=(begin, end), tolerance=0.15)
    assert analysis.view is view
    assert len(match.off) >= 0.8 * (len(match.off) + len(match.missed))
    assert match.extra == ()
    assert match.sd <= 0.04
    assert analysis.parameters["cadence"].value == pytest.approx(111.1, abs=4.0)
    assert analysis.scale is None
    assert [
        it.name for it in analysis.parameters.values() if it.unit in ("m", "m/s") and it.value is not None
    ] == []


def test_live_the_steps_come_as_they_are_made(walks: Mapping[str, Walk]) -> None:
    walk = walks["walk_side_m"]
    live, events, readout = LiveGait(walk.track.size), [], None
    for frame, t in enumerate(walk.track.times):
        row = {name: Keypoint(*array[frame]) for name, array in walk.track.points.items()}
        readout = live.see(float(t), {name: it for name, it in row.items() if np.isfinite(it.x)})
        events += readout.fresh
    match = matched(events, walk, EventKind.STRIKE, within=(1.0, 5.1))
    assert (match.missed, match.extra) == ((), ())
    assert readout is not None
    assert readout.cadence == pytest.approx(111.1, abs=2.0)
