"""Metres: how large a pixel is at the walker, from a known distance, the body height, or a usual body."""

from __future__ import annotations

import numpy as np

from uprightd.gait.course import Course
from uprightd.gait.model import KnownDistance, Scale
from uprightd.gait.motion import Motion

EYES = 0.936
"""Height of the eyes over body height, standing (Drillis and Contini 1966, after Winter 2009)."""
WALKING = 0.983
"""Height of the head when walking over standing: about 3 cm lower, on bent knees and between two legs apart."""
LEGS = 0.491
"""Thigh and shank over body height (Winter 2009)."""
BODY_ERROR = 0.03
"""Relative standard error of a scale from the body's height: landmarks, build, and how upright one walks."""
LEGS_ERROR = 0.06
"""The same where the eyes are not seen, from the legs' lengths: hip marks differ by centimetres between models."""
USUAL_HEIGHT = 1.69
"""Metres. An adult of whom nothing is known; women and men differ by 12-13 cm (NCD-RisC 2016)."""
USUAL_HEIGHT_ERROR = 0.06
"""Its relative standard deviation among adults: 10 cm."""
DISTANCE_ERROR = 0.02
"""Relative standard error of a known distance: where its ends are in the picture, and how near the walk it lies."""


def read_scale(
    motion: Motion, course: Course, height: float | None, distance: KnownDistance | None
) -> Scale | None:
    """Given a motion seen from the side and what is known of its size, return the scale; None without a whole body.

    Of a known distance and a body height the distance is taken.
    """
    if distance is not None:
        return Scale(
            distance.metres / distance.pixels, DISTANCE_ERROR, f"a known distance of {distance.metres:g} m"
        )
    pixels, error, how = _body_height(motion, course)
    if not pixels or pixels <= 0:
        return None
    if height is not None:
        return Scale(height / pixels, error, f"the body height of {height:g} m, {how}")
    total = float(np.hypot(error, USUAL_HEIGHT_ERROR))
    return Scale(
        USUAL_HEIGHT / pixels, total, f"a usual adult of {USUAL_HEIGHT:g} m, {how}: give the body height"
    )


def _body_height(motion: Motion, course: Course) -> tuple[float | None, float, str]:
    """Return the body's height in pixels as it would stand, the relative error of that, and how it was read."""
    inside = (motion.grid >= course.begin) & (motion.grid <= course.end)
    eyes = [motion.xy[name][inside, 1] for name in ("left_eye", "right_eye") if name in motion.xy]
    feet = [
        motion.xy[f"{side}_{part}"][inside, 1]
        for side in ("left", "right")
        for part in ("heel", "big_toe")
        if f"{side}_{part}" in motion.xy
    ]
    if eyes and len(feet) == 4:
        # The lower foot stands on the floor at any time of a walk.
        tall = np.max(feet, axis=0) - np.mean(eyes, axis=0)
        if np.isfinite(tall).any():
            return float(np.nanmean(tall)) / (EYES * WALKING), BODY_ERROR, "eyes over the floor"
    limbs = []
    for side in ("left", "right"):
        hip, knee, ankle = (motion.xy[f"{side}_{part}"][inside] for part in ("hip", "knee", "ankle"))
        limbs.append(np.hypot(*(hip - knee).T) + np.hypot(*(knee - ankle).T))
    if np.isfinite(limbs).any():
        return float(np.nanmedian(limbs)) / LEGS, LEGS_ERROR, "length of the legs"
    return None, 0.0, ""
