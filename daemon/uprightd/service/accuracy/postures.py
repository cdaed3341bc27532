"""When a seated person sits upright, bends the neck, or leans: the parts of a clip that its figures are told for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from uprightd.domain import View
from uprightd.service.accuracy.bodies import Body, mean_body
from uprightd.service.accuracy.truth import head_turn, trunk_lean_3d

UPRIGHT, FLEXED, LEANED = "upright", "flexed", "leaned"
UPRIGHT_WITHIN = 1.0
"""Degrees by which head and trunk may be turned from the upright pose and still be upright."""
PLATEAU = 0.9
"""Share of the largest angle from which on a movement is at its peak."""
LEAST = 5.0
"""Degrees under which nobody bends or leans."""

Frames = Mapping[str, frozenset[int]]
"""Frame numbers by posture."""


def postures(bodies: Sequence[Body], upright: int) -> Frames:
    """Given a clip's bodies and how many from the start on sit upright, return the frames of each posture.

    Flexed: the head's pitch beyond the trunk's lean, which is the neck's, at its peak. Leaned: the trunk's lean
    forward at its peak. What is neither is on its way. None at all without an upright start.
    """
    if not upright:
        return {}
    start = mean_body(bodies[:upright])
    leans = [_lean(body) - _lean(start) for body in bodies]
    pitches = [head_turn(body, start).pitch for body in bodies]
    necks = [pitch - lean for pitch, lean in zip(pitches, leans, strict=True)]
    found = {
        UPRIGHT: frozenset(
            frame
            for frame, angles in enumerate(zip(pitches, leans, strict=True))
            if max(map(abs, angles)) <= UPRIGHT_WITHIN
        ),
        FLEXED: _peak(necks),
        LEANED: _peak(leans),
    }
    return {name: frames for name, frames in found.items() if frames}


def _lean(body: Body) -> float:
    return trunk_lean_3d(body, View.UNKNOWN, None)


def _peak(angles: Sequence[float]) -> frozenset[int]:
    limit = max(PLATEAU * max(angles), LEAST)
    return frozenset(frame for frame, angle in enumerate(angles) if angle >= limit)
