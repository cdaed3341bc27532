"""Whether a rule can speak with the present camera and calibration, and what it waits for if not.

A running daemon knows of the rules in force: by its last look at somebody. For every other rule the calibrated poses
tell: each is read as if the person sat in it now, by the code that reads the camera. Without either, it depends on
from where the camera sees you.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple

from uprightd.config.schema import Config
from uprightd.domain import ABSENT, FACE, Box, Instant, Keypoint, Pose, Reading, Reason, View
from uprightd.errors import UprightError
from uprightd.metrics.definitions import METRICS
from uprightd.metrics.model import SAGITTAL, Metric
from uprightd.paths import Paths
from uprightd.rules.conditions import needs_calibration, of_profile, reason_asleep
from uprightd.rules.model import Rule
from uprightd.service.control import ask

if TYPE_CHECKING:
    from uprightd.profiles.profile import Profile

CALIBRATE = "uprightd calibrate"
ANYWHERE = frozenset(View) - {View.UNKNOWN}


class Can(StrEnum):
    """yes; no; or it depends on what the camera will see."""

    YES = "yes"
    NO = "no"
    DEPENDS = "depends"


class Readiness(NamedTuple):
    """why: what it waits for, or by what it is known that it can."""

    can: Can
    why: str


class Needs(NamedTuple):
    """What a rule needs: points in sight from the front and from the side (each empty where it does not count there),
    views, a calibration, the pupils' distance, a profile of a certain name."""

    facing: tuple[str, ...]
    aside: tuple[str, ...]
    views: frozenset[View]
    calibration: bool
    pupil_distance: bool
    profile: str


@dataclass(frozen=True, slots=True)
class Present:
    """What is known now: the settings, each calibrated pose with the reading it gives, what the daemon says (None: no
    daemon runs), and what was wrong with profiles or settings."""

    config: Config
    poses: Sequence[tuple[Profile, Reading]]
    status: dict[str, Any] | None
    faults: tuple[str, ...] = ()


def needs_of(rule: Rule) -> Needs:
    """Given a rule, return what it needs."""
    metrics = [METRICS[name] for name in rule.metrics]
    views = _views(rule, metrics)
    return Needs(
        facing=_points(metrics, views - SAGITTAL),
        aside=_points(metrics, views & SAGITTAL),
        views=views,
        calibration=needs_calibration(rule),
        pupil_distance=any(metric.scaled for metric in metrics),
        profile=rule.profile,
    )


def present(config: Config, paths: Paths) -> Present:
    """Given the settings and the user's folders, return what is known now."""
    try:
        status = ask(paths.socket, "status")
    except UprightError:
        status = None
    try:
        poses, faults = _calibrated_poses(config, paths)
    except UprightError as error:  # settings that name a source or a profile which is not there
        poses, faults = (), (error.message,)
    return Present(config, poses, status, faults)


def readiness(rule: Rule, now: Present) -> Readiness:
    """Given a rule and what is known now, return whether it can speak."""
    told = _told_by_daemon(rule, now.status)
    if told is not None:
        return told
    needs, poses = needs_of(rule), now.poses
    if not needs.views:
        return Readiness(Can.NO, "its metrics and its views have no view in common")
    if needs.pupil_distance and now.config.calibration.pupil_distance <= 0:
        return Readiness(Can.NO, "needs calibration.pupil_distance in the settings")
    if needs.profile:
        poses = [each for each in poses if of_profile(rule, each[0].label)]
        if not poses:
            words = f"needs a profile of the name {needs.profile}: {CALIBRATE} --profile {needs.profile}"
            return Readiness(Can.NO, words)
    if needs.calibration and not poses:
        return Readiness(Can.NO, f"needs a calibration: {CALIBRATE}")
    if not rule.metric and not rule.views:
        return Readiness(Can.YES, "counts time alone")
    return _by_poses(rule, needs, poses) if poses else Readiness(Can.DEPENDS, _if_seen(needs.views))


def _told_by_daemon(rule: Rule, status: dict[str, Any] | None) -> Readiness | None:
    """What the running daemon says; None when none runs, it has other rules, or nobody was there at its last look."""
    if status is None or rule.id not in status["rules"]:
        return None
    last, asleep = status["last"], status["asleep"].get(rule.id)
    if last is None or last["posture"] == "away" or asleep == ABSENT[Reason.NO_PERSON]:
        return None
    seen = View(last["view"]).words
    return (
        Readiness(Can.NO, f"{asleep} now ({seen})") if asleep else Readiness(Can.YES, f"watching now, {seen}")
    )


def _by_poses(rule: Rule, needs: Needs, poses: Sequence[tuple[Profile, Reading]]) -> Readiness:
    """What the calibrated poses say: one in which the rule can speak is enough."""
    reasons = [(profile, reading, reason_asleep(rule, reading)) for profile, reading in poses]
    able = [f"{profile.name}, {reading.view.words}" for profile, reading, reason in reasons if reason is None]
    if able:
        return Readiness(Can.YES, f"as calibrated: {'; '.join(able)}")
    return Readiness(Can.NO, "; ".join(_obstacle(rule, needs, *each) for each in reasons))


def _obstacle(rule: Rule, needs: Needs, profile: Profile, reading: Reading, reason: Reason | None) -> str:
    """Why a rule cannot speak in a calibrated pose."""
    seen = f"{profile.name}: {reading.view.words}"
    if reading.view not in needs.views:
        return f"{seen}, where it does not count"
    points = needs.aside if reading.view in SAGITTAL else needs.facing
    hidden = [name for name in points if name not in profile.baseline.points]
    if hidden:
        return f"{seen}, with {point_words(hidden)} out of sight"
    if reason is Reason.VIEW:
        return f"{seen}, where {' and '.join(rule.metrics)} was measured not to follow the truth"
    return f"{seen}, {ABSENT[reason] if reason else ''}"


def _calibrated_poses(config: Config, paths: Paths) -> tuple[list[tuple[Profile, Reading]], tuple[str, ...]]:
    """Return the profiles in force, each with the reading of somebody who sits in it now, and unreadable files."""
    if not paths.profiles.is_dir():
        return [], ()
    # Not above: with a calibration come the camera's and OpenCV's modules, which nobody else waits for.
    from uprightd.camera.source import parse_source
    from uprightd.service.calibrated import profiles_for, terms_of
    from uprightd.service.measuring import Measuring

    found = profiles_for(config, paths.profiles, parse_source(config.camera.source))
    poses = []
    for profile in found.profiles:
        upright = profile.baseline
        points = {name: Keypoint(*point, 1.0) for name, point in upright.points.items()}
        pose = Pose(points, Box(0, 0, *upright.size), 1.0, upright.backend, upright.world)
        reading = Measuring(terms_of(config), [profile]).see(pose, upright.size, Instant(0.0, 0.0)).reading
        # In the upright pose, what is read now is what a rule on the baseline counts from.
        upright_values = {name: value.number for name, value in reading.values.items() if value.known}
        poses.append((profile, replace(reading, baseline=upright_values)))
    return poses, found.faults


def _views(rule: Rule, metrics: Iterable[Metric]) -> frozenset[View]:
    views = rule.views or ANYWHERE
    for metric in metrics:
        views &= metric.views
    return views - {View.UNKNOWN}


def _points(metrics: Sequence[Metric], views: Iterable[View]) -> tuple[str, ...]:
    return tuple(
        dict.fromkeys(
            name
            for view in sorted(views)
            for metric in metrics
            for name in (*metric.needed(view), *metric.places)
        )
    )


def point_words(names: Iterable[str]) -> str:
    """Given points, return them as a person says them: left and right of one part together, the face as one."""
    parts = []
    for name in names:
        side, _, part = name.partition("_")
        parts.append(
            "face" if name in FACE else f"{part.replace('_', ' ')}s" if side in ("left", "right") else name
        )
    return ", ".join(dict.fromkeys(parts))


def view_words(views: frozenset[View]) -> str:
    """Given views, return from where that is: "from the front or from the side"."""
    if views >= ANYWHERE:
        return "from anywhere"
    named = [
        ("front", View.FRONTAL in views),
        ("side", bool(views & SAGITTAL)),
        ("behind", View.REAR in views),
    ]
    words = [f"from {'' if name == 'behind' else 'the '}{name}" for name, there in named if there]
    if View.OBLIQUE in views:
        words.insert(1 if View.FRONTAL in views else 0, "at an angle")
    return f"{', '.join(words[:-1])} or {words[-1]}" if len(words) > 1 else "".join(words)


def _if_seen(views: frozenset[View]) -> str:
    return (
        "counts wherever you are seen"
        if views >= ANYWHERE
        else f"counts if your camera sees you {view_words(views)}"
    )
