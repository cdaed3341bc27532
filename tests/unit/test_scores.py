"""Scores of neck and trunk: the tables they are informed by, what a view lets them count, and what withholds them."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
from tests.fakes.body import (
    NOW,
    OPTICS,
    SEEN,
    SIZE,
    Places,
    face,
    from_the_left,
    mirrored,
    pose,
    read_whole,
    rotated,
    scene,
    turned,
    upright_scene,
)
from tests.fakes.exact_body import leaning, seated

from uprightd.domain import Reading, Reason, Value, View
from uprightd.metrics import evidence as evidence_module
from uprightd.metrics.definitions import METRICS
from uprightd.metrics.evidence import Evidence, seen_as
from uprightd.metrics.head_pose import HeadTurn
from uprightd.metrics.model import FACING, SAGITTAL, SQUARE
from uprightd.metrics.reading import Terms, read_sight, sight_of
from uprightd.metrics.scores import SCORES, reba_neck, reba_trunk, rula_neck, rula_trunk
from uprightd.service.accuracy.truth import true_value

NAMES = ["rula_neck", "rula_trunk", "reba_neck", "reba_trunk"]


def neck(degrees: float, trunk: float = 0.0, view: View = View.SAGITTAL_LEFT) -> Reading:
    """The reading of a head that has bowed by so much since it was calibrated upright, seen from the side."""
    then, now = from_the_left(), bowed(from_the_left(38.0, trunk), degrees)
    if view is View.SAGITTAL_RIGHT:
        then, now = mirrored(then), mirrored(now)
    return read_whole(view, upright_scene(then, view), now, {}, Terms(optics=OPTICS))


def bowed(places: Places, degrees: float) -> Places:
    """A body that faces the picture's left, its head turned about the nose; chin down is counter-clockwise there."""
    head = {name: at for name, at in places.items() if name.endswith(("nose", "eye", "ear"))}
    return {**places, **turned(head, -degrees, places["nose"])}


def facing(pitch: float = 0.0, yaw: float = 0.0, roll: float = 0.0) -> Reading:
    """The reading of a head turned like this, seen from the front."""
    places, world = SEEN[View.FRONTAL]
    upright = upright_scene(places, View.FRONTAL, world)
    now = {**places, **face(rotated(pitch, yaw, roll), (0.0, -14.0, 20.0))}
    return read_whole(View.FRONTAL, upright, now, world)


# ---- the tables ---------------------------------------------------------------------------------------------

FLEXION: list[tuple[Callable[[float, float, float], float], dict[float, int]]] = [
    (rula_neck, {-40: 4, -5.1: 4, -5: 1, 0: 1, 10: 1, 10.1: 2, 19.9: 2, 20: 3, 60: 3}),
    (reba_neck, {-40: 2, -5.1: 2, -5: 1, 0: 1, 20: 1, 20.1: 2, 60: 2}),
    (rula_trunk, {-30: 1, 0: 1, 5: 1, 5.1: 2, 20: 2, 20.1: 3, 59.9: 3, 60: 4, 90: 4}),
    (
        reba_trunk,
        {-40: 3, -20.1: 3, -20: 2, -5.1: 2, -5: 1, 0: 1, 5: 1, 5.1: 2, 20: 2, 20.1: 3, 60: 3, 60.1: 4},
    ),
]


@pytest.mark.parametrize(
    ("score", "flexion", "expected"),
    [(score, flexion, expected) for score, rows in FLEXION for flexion, expected in rows.items()],
)
def test_flexion_counts_as_its_table_says(
    score: Callable[[float, float, float], float], flexion: float, expected: int
) -> None:
    assert score(flexion, 0.0, 0.0) == expected


@pytest.mark.parametrize("score", [rula_neck, rula_trunk])
def test_rula_adds_one_for_a_turn_and_one_for_a_bend_to_the_side(score: Callable[..., float]) -> None:
    plain = score(3.0, 0.0, 0.0)
    found = [score(3.0, turn, side) - plain for turn, side in ((10, 10), (-10.1, 0), (0, 10.1), (25, -25))]
    assert found == [0, 1, 1, 2]


@pytest.mark.parametrize("score", [reba_neck, reba_trunk])
def test_reba_adds_one_for_a_turn_and_a_bend_together(score: Callable[..., float]) -> None:
    plain = score(3.0, 0.0, 0.0)
    found = [score(3.0, turn, side) - plain for turn, side in ((10, 10), (-10.1, 0), (0, 10.1), (25, -25))]
    assert found == [0, 1, 1, 1]


@pytest.mark.parametrize("score", [rula_neck, rula_trunk, reba_neck, reba_trunk])
@pytest.mark.parametrize("angles", [(math.nan, 0, 0), (0, math.nan, 0), (0, 0, math.nan), (math.inf, 0, 0)])
def test_an_angle_that_is_not_there_has_no_score(
    score: Callable[..., float], angles: tuple[float, ...]
) -> None:
    assert math.isnan(score(*angles))


# ---- what a view lets them count ----------------------------------------------------------------------------


@pytest.mark.parametrize("view", [View.SAGITTAL_LEFT, View.SAGITTAL_RIGHT])
@pytest.mark.parametrize(
    ("bow", "rula", "reba"), [(0.0, 1, 1), (14.0, 2, 1), (32.0, 3, 2), (-12.0, 4, 2), (-4.0, 1, 1)]
)
def test_from_the_side_a_bowed_head_counts(view: View, bow: float, rula: int, reba: int) -> None:
    reading = neck(bow, view=view)
    assert reading.values["head_pitch"].number == pytest.approx(bow, abs=0.01)
    assert (reading.values["rula_neck"].number, reading.values["reba_neck"].number) == (rula, reba)


def test_a_head_that_the_trunk_takes_along_is_no_bent_neck_and_one_left_behind_is_bent_back() -> None:
    along, behind = neck(30.0, trunk=30.0), neck(0.0, trunk=30.0)
    assert along.values["rula_neck"].number == 1
    assert behind.values["rula_neck"].number == 4
    assert [along.values[f"{method}_trunk"].number for method in ("rula", "reba")] == [3, 3]


def test_the_trunk_counts_from_its_calibrated_lean_where_the_neck_is_measured_against_it() -> None:
    """A model that sees an upright trunk 8° forward does so in both pictures."""
    then = from_the_left(38.0, 8.0)
    reading = read_whole(View.SAGITTAL_LEFT, upright_scene(then, View.SAGITTAL_LEFT), then, {})
    assert reading.values["trunk_lean"].number == pytest.approx(8.0)
    assert reading.values["rula_neck"].number == 1
    assert reading.values["rula_trunk"].number == 2, "the trunk's own score is against the vertical"


@pytest.mark.parametrize(
    ("head", "rula", "reba"),
    [
        ((0, 0, 0), 1, 1),
        ((15, 0, 0), 2, 1),
        ((25, 0, 0), 3, 2),
        ((-15, 0, 0), 4, 2),
        ((0, 18, 0), 2, 2),
        ((0, 0, -18), 2, 2),
        ((25, -18, 18), 5, 3),
    ],
)
def test_from_the_front_turn_and_tilt_of_the_head_count_too(
    head: tuple[float, float, float], rula: int, reba: int
) -> None:
    values = facing(*head).values
    assert (values["rula_neck"].number, values["reba_neck"].number) == (rula, reba)


@pytest.mark.parametrize(("lean", "expected"), [(0.0, 1), (9.0, 1), (12.0, 2), (-12.0, 2), (40.0, 2)])
def test_from_the_front_a_trunk_has_a_bend_to_the_side_and_no_flexion(lean: float, expected: int) -> None:
    places, _ = SEEN[View.FRONTAL]
    values = read_whole(View.FRONTAL, None, turned(places, lean), {}).values
    assert (values["rula_trunk"].number, values["reba_trunk"].number) == (expected, expected)


def test_a_face_that_cannot_be_fitted_has_no_neck_score() -> None:
    places, _ = SEEN[View.FRONTAL]
    upright = scene(places, View.FRONTAL, turn=HeadTurn(0, 0, 0, 80))
    assert math.isnan(METRICS["rula_neck"].measure(scene(places, View.FRONTAL, upright=upright)))


# ---- ingredients: known with all of them, and with nothing less ------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_a_score_is_made_of_metrics_that_are_measured_in_its_views(name: str) -> None:
    metric = METRICS[name]
    assert metric.unit == "score"
    assert set(metric.derived) == metric.views
    for view, parts in metric.derived.items():
        assert parts
        for part in parts:
            assert view in METRICS[part].views, (view, part)
            assert set(METRICS[part].needed(view)) <= set(metric.needed(view)), (view, part)
            assert not METRICS[part].relative or metric.relative
            assert METRICS[part].derived == {}


def test_neck_scores_are_read_from_front_angle_and_side_trunk_scores_square_on_only() -> None:
    assert METRICS["rula_neck"].views == METRICS["reba_neck"].views == FACING | SAGITTAL
    assert METRICS["rula_trunk"].views == METRICS["reba_trunk"].views == SQUARE | SAGITTAL


@pytest.mark.parametrize("view", SEEN)
@pytest.mark.parametrize("calibrated", [True, False])
def test_a_score_is_known_just_when_all_it_is_made_of_is(view: View, calibrated: bool) -> None:
    places, world = SEEN[view]
    upright = upright_scene(places, view, world) if calibrated else None
    values = read_whole(view, upright, places, world).values
    for metric in SCORES:
        parts = [values[name] for name in metric.derived.get(view, ())]
        assert values[metric.name].known == (bool(parts) and all(part.known for part in parts))
        reasons = [part.reason for part in parts if part.reason]
        assert values[metric.name].reason == (reasons[0] if reasons else None if parts else Reason.VIEW)


@pytest.mark.parametrize(
    ("name", "view", "part"),
    [
        (metric.name, view, part)
        for metric in SCORES
        for view, parts in metric.derived.items()
        for part in parts
    ],
)
def test_what_does_not_follow_the_truth_takes_its_scores_with_it(
    name: str, view: View, part: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = measured_badly(part, view, monkeypatch)
    assert found[name].reason is Reason.VIEW
    others = {each.name for each in SCORES if part not in each.derived.get(view, ()) and view in each.views}
    assert {each for each in others if not found[each].known} == set()


def measured_badly(part: str, view: View, monkeypatch: pytest.MonkeyPatch) -> dict[str, Value]:
    """The values in a view in which one metric was measured not to follow the truth."""
    table = {("drawn", evidence_module.family(view), seen_as(part, view)): Evidence(9.0, 0.1, 9.0, 99, True)}
    monkeypatch.setattr(evidence_module, "_shipped", lambda: table)
    places, world = SEEN[view]
    shown = pose(places, 0.9, world)
    sight, upright = sight_of(shown, SIZE, 0.5), upright_scene(places, view, world)
    return dict(read_sight(shown, sight, view, upright, SIZE, NOW, Terms(optics=OPTICS)).values)


def test_a_score_is_written_as_a_whole_number_and_its_title_says_what_it_is_informed_by() -> None:
    metric = METRICS["rula_neck"]
    assert (metric.text(3.0), metric.text(1.0, 0.42), metric.limit_text(3)) == ("3", "1 ± 0.42", "3")
    for name in NAMES:
        method = name.split("_")[0].upper()
        assert METRICS[name].title.startswith(f"{method}-informed ")
        assert METRICS[name].source.startswith(f"informed by {method} (")
        assert "conform" not in " ".join((METRICS[name].title, METRICS[name].formula, METRICS[name].source))


# ---- the truth that a bench holds them against ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "view", "lean", "bow", "expected"),
    [
        ("rula_neck", View.SAGITTAL_LEFT, 0, 15, 2),
        ("rula_neck", View.SAGITTAL_LEFT, 30, 15, 2),
        ("rula_neck", View.FRONTAL, 30, 15, 3),
        ("reba_neck", View.SAGITTAL_LEFT, 0, 25, 2),
        ("rula_trunk", View.SAGITTAL_LEFT, 30, 0, 3),
        ("rula_trunk", View.FRONTAL, 30, 0, 1),
        ("reba_trunk", View.SAGITTAL_LEFT, -12, 0, 2),
    ],
)
def test_the_true_score_is_that_of_the_true_angles_which_count_in_the_view(
    name: str, view: View, lean: float, bow: float, expected: int
) -> None:
    """The trunk takes the head along; it bows by `bow` on top of that."""
    now = seated(trunk=leaning(lean), head=leaning(bow))
    assert true_value(name, now, view, seated()) == expected
