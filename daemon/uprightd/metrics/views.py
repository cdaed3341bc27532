"""From where the camera sees the person: one frame's keypoints, and a live stream without flicker."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import NamedTuple

from uprightd.domain import View
from uprightd.metrics.geometry import Point, midpoint
from uprightd.metrics.scene import Places, Points

TORSO_PER_SHOULDER_WIDTH = 1.45
"""Mid-hip→mid-shoulder length over shoulder width of a person seen square on (pose-model landmarks)."""
NECK_PER_SHOULDER_WIDTH = 0.62
"""Mid-shoulder→nose length over shoulder width, likewise; used when the hips are out of sight."""

FACING_FROM = 0.75
"""Share of its full width from which the shoulder line counts as square to the camera (about 40° of turn)."""
SIDEWAYS_UP_TO = 0.42
"""Share up to which the person counts as seen from the side (about 65° of turn)."""

SQUARE_UP_TO = 30.0
"""Degrees of turn, read in space, up to which the trunk is square to the camera; likewise 150–180 from behind."""
SIDEWAYS_FROM = 65.0
"""Degrees of turn, read in space, from which the trunk stands sideways, up to 115; between lies oblique."""
SHORTEST_SHOULDERS = 0.15
"""Metres from shoulder to shoulder on the floor plan under which no turn is read from them. Nobody is that narrow:
the model wavers between front and rear, or the far shoulder's depth is that of the near one, which hides it."""

HEAD_PER_SHOULDERS = 0.22
"""A head seen from the front spans at least this share of the shoulder line: from ear to ear (0.31–0.39), or when it
is turned from the ears to the nose. Where a model takes a back for a front the face falls together (under 0.18)."""
NOSE_TELLS_FROM = 0.08
"""Share of the shoulders' full width by which the nose must stand off the ears to tell left from right."""

MARGIN = 5.0
"""Degrees beyond a border until which the present view stays."""
CONFIRMED_AFTER = 0.75
"""Seconds which a new view must last: at one sample a second the second one confirms, at thirty about 23."""
HELD_FOR = 2.5
"""Seconds for which a view stays while frames say nothing clear."""
LOST_AFTER = 5.0
"""Seconds without a clear frame after which the next one is believed at once."""


class _Turn(NamedTuple):
    """How far the trunk is turned: 0° faces the camera, 90° stands sideways, 180° shows its back.

    `side` is the side that would be seen, UNKNOWN if that is unclear; `in_space` tells the source.
    """

    degrees: float
    side: View
    in_space: bool

    @property
    def square(self) -> float:
        """Degrees up to which this source calls the trunk square to the camera."""
        return SQUARE_UP_TO if self.in_space else math.degrees(math.acos(FACING_FROM))

    @property
    def sideways(self) -> float:
        """Degrees from which this source calls it sideways."""
        return SIDEWAYS_FROM if self.in_space else math.degrees(math.acos(SIDEWAYS_UP_TO))

    @property
    def aside(self) -> float:
        """The turn away from the nearer of front and back, 0–90°."""
        return min(self.degrees, 180 - self.degrees)

    def shows(self, view: View, margin: float = 0.0) -> bool:
        """Given a view, return whether this turn lies within its borders, widened by a margin in degrees."""
        match view:
            case View.FRONTAL:
                return self.degrees <= self.square + margin
            case View.REAR:
                return self.degrees >= 180 - self.square - margin
            case View.SAGITTAL_LEFT | View.SAGITTAL_RIGHT:
                return self.aside >= self.sideways - margin and self.side is view
            case View.OBLIQUE:
                return self.square - margin <= self.aside <= self.sideways + margin
        return False


def estimate_view(points: Points, world: Places | None = None, bearing: float = 0.0) -> View:
    """Given the visible keypoints by name (pixels), where known in space too, return the view; UNKNOWN if unclear.

    In space the turn of the trunk is that of the line from shoulder to shoulder on the floor plan. `bearing` is
    subtracted from it: models that look at a crop give places relative to the line of sight (see `bearing_of`).

    Without the shoulders' places in space the picture tells: the shoulder line is as wide as the person is turned
    to the camera. Its width over the length of the trunk (or of the neck, where a desk hides the hips) is the
    cosine of the turn, which shoulder stands at the image's left tells front from rear, the nose left from right.

    No single source decides between front and rear, or left and right. With places in space, the shoulders' order
    in the image must agree, a front needs a nose, and a side must be the one to which the nose points where it
    points clearly. A front needs ears and nose as far apart as a head is wide, where they are seen; a back must
    not have a face's order of the ears. A contradiction is UNKNOWN.
    """
    turn = _turn(points, world or {}, bearing)
    return View.UNKNOWN if turn is None else _view(turn)


def bearing_of(points: Points, width: float, focal: float) -> float:
    """Given keypoints, the picture's width and the focal length in pixels, return where the shoulders lie.

    The angle between the line of sight to them and the optical axis in degrees, positive to the image's right;
    0 without shoulders. A model that looks at a crop gives places in space relative to this line, whereas
    angles in the image are true for a person turned sideways to the image plane: a walker who passes a fixed
    camera is turned by 60–120° to the line of sight, and by 90° to the plane all the time.
    """
    if "left_shoulder" not in points or "right_shoulder" not in points:
        return 0.0
    return math.degrees(math.atan2(_mid_shoulders(points).x - width / 2, focal))


@dataclass(slots=True)
class ViewTracker:
    """The view of a live stream: steady at the borders, slow to believe a jump, never read in the wrong view.

    A present view has margins: it is left only when the estimate lies MARGIN degrees beyond the border, so scatter
    about a border changes nothing. A new view must then last CONFIRMED_AFTER seconds; a view that waits for it
    has the same margins, so scatter at its border does not make it wait for ever. Meanwhile a neighbour of
    oblique keeps its name, since the borders are soft and what it measures is hardly wrong a few degrees beyond;
    between front, sides and rear the answer is UNKNOWN, because a value read in the wrong view is worse than none.

    A frame that says nothing clear (contradictions, shoulders hidden) speaks for no other view: the present one is
    held for HELD_FOR seconds, then UNKNOWN. The first estimate is believed at once, also after LOST_AFTER
    seconds without a clear frame: whoever comes back may sit anywhere.
    """

    _present: View = field(default=View.UNKNOWN, init=False)
    _next: View = field(default=View.UNKNOWN, init=False)
    """The new view that waits to be confirmed, since `_next_from`; UNKNOWN when none does."""
    _next_from: float = field(default=-math.inf, init=False)
    _clear_at: float = field(default=-math.inf, init=False)

    def see(self, points: Points, world: Places | None, mono: float, bearing: float = 0.0) -> View:
        """Given a frame with a person as for `estimate_view` and its moment in seconds, return the view."""
        if not 0 <= mono - self._clear_at <= LOST_AFTER:
            self.forget()
        turn = _turn(points, world or {}, bearing)
        seen = View.UNKNOWN if turn is None else self._near(turn)
        if seen is View.UNKNOWN:
            return self._answer() if mono - self._clear_at <= HELD_FOR else View.UNKNOWN
        self._clear_at = mono
        if seen is self._present or self._confirmed(seen, mono):
            self._present, self._next = seen, View.UNKNOWN
        return self._answer()

    def forget(self) -> None:
        """Begin anew with the next frame: another person, another camera."""
        self._present = self._next = View.UNKNOWN

    def _near(self, turn: _Turn) -> View:
        """Return the view of a turn, in favour of the present one, then of the one that waits."""
        for view in (self._present, self._next):
            if turn.shows(view, MARGIN):
                return view
        return _view(turn)

    def _confirmed(self, seen: View, mono: float) -> bool:
        """Given a view that is not the present one, let it wait; return whether it is to be believed now."""
        if seen is not self._next:
            self._next, self._next_from = seen, mono
        return self._present is View.UNKNOWN or mono - self._next_from >= CONFIRMED_AFTER

    def _answer(self) -> View:
        neighbours = View.OBLIQUE in (self._present, self._next)
        return self._present if self._next is View.UNKNOWN or neighbours else View.UNKNOWN


def _view(turn: _Turn) -> View:
    """Return the view of a turn without margins; a border belongs to the front, the rear, the side."""
    for view in (View.FRONTAL, View.REAR, turn.side):
        if turn.shows(view):
            return view
    return View.OBLIQUE if turn.aside < turn.sideways else View.UNKNOWN


def _turn(points: Points, world: Places, bearing: float) -> _Turn | None:
    """Return how the trunk is turned; None when nothing tells, or front and rear are contradicted."""
    if "left_shoulder" not in points or "right_shoulder" not in points:
        return None
    turn = _turn_in_space(points, world, bearing) or _turn_in_picture(points)
    if turn is not None and turn.aside <= turn.square + MARGIN and not _is_square(turn, points):
        return None
    return turn


def _turn_in_space(points: Points, world: Places, bearing: float) -> _Turn | None:
    """Return the turn of the shoulder line on the floor plan; None without both ends, or with one place for both."""
    if "left_shoulder" not in world or "right_shoulder" not in world:
        return None
    left, right = world["left_shoulder"], world["right_shoulder"]
    across, away = left[0] - right[0], left[2] - right[2]
    if not SHORTEST_SHOULDERS <= math.hypot(across, away) < math.inf:
        return None
    yaw = math.remainder(math.degrees(math.atan2(away, across)) - bearing, 360)
    side = View.SAGITTAL_LEFT if yaw < 0 else View.SAGITTAL_RIGHT
    contradicted = _side_of_face(points) not in (side, View.UNKNOWN)
    return _Turn(abs(yaw), View.UNKNOWN if contradicted else side, in_space=True)


def _turn_in_picture(points: Points) -> _Turn | None:
    """Return the turn which the shoulder line's width tells; None when there is no length to compare it with."""
    full_width = _square_on_width(points)
    if full_width <= 0:
        return None
    share = (points["left_shoulder"].x - points["right_shoulder"].x) / full_width
    return _Turn(math.degrees(math.acos(max(-1.0, min(share, 1.0)))), _side_of_face(points), in_space=False)


def _is_square(turn: _Turn, points: Points) -> bool:
    """Given a turn that shows front or back, return whether the picture has nothing to say against it."""
    front = turn.degrees < 90
    shoulders = points["left_shoulder"].x - points["right_shoulder"].x
    if (shoulders > 0) is not front or (front and turn.in_space and "nose" not in points):
        return False
    if not {"nose", "left_ear", "right_ear"} <= points.keys():
        return True
    left, right = points["left_ear"], points["right_ear"]
    ears = (left.x - right.x) / shoulders
    nose = (points["nose"].x - midpoint(left, right).x) / shoulders
    if front:
        return math.hypot(ears, nose) >= HEAD_PER_SHOULDERS
    return ears > -HEAD_PER_SHOULDERS


def _side_of_face(points: Points) -> View:
    """Return which side is seen: a face that looks to the image's left shows the left one. UNKNOWN if unclear."""
    if "nose" not in points:
        return View.UNKNOWN
    ears = [points[name].x for name in ("left_ear", "right_ear") if name in points]
    behind = sum(ears) / len(ears) if ears else _mid_shoulders(points).x
    forward = points["nose"].x - behind
    if abs(forward) < NOSE_TELLS_FROM * _square_on_width(points):
        return View.UNKNOWN
    return View.SAGITTAL_LEFT if forward < 0 else View.SAGITTAL_RIGHT


def _square_on_width(points: Points) -> float:
    """Return how wide the shoulders would be if turned to the camera, in pixels; 0 when nothing tells."""
    shoulders = _mid_shoulders(points)
    if "left_hip" in points and "right_hip" in points:
        hips = midpoint(points["left_hip"], points["right_hip"])
        return math.dist(hips, shoulders) / TORSO_PER_SHOULDER_WIDTH
    if "nose" in points:
        return math.dist(points["nose"], shoulders) / NECK_PER_SHOULDER_WIDTH
    return 0.0


def _mid_shoulders(points: Points) -> Point:
    return midpoint(points["left_shoulder"], points["right_shoulder"])
