"""Each clip as it is, turned, and mirrored: what its person does not do, the picture can, and the truth exactly so.

~turned: the picture swings slowly about its centre, as if the camera rolled on its axis. Nobody in the clips tilts
head or shoulders; here all tilts move, for they are measured against the picture's vertical. It stands still for
the first second, which is the upright pose. Of people seen from the front.
~mirrored: left and right exchanged, so that the other side is measured too. Of people who sit, seen from the side.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from uprightd import opencv
from uprightd.service.accuracy.bodies import Body
from uprightd.service.accuracy.clips import Clip

if TYPE_CHECKING:
    import numpy as np

SWING = 12.0
"""Degrees to either side."""
UPRIGHT_FOR = 1.0
"""Seconds from the start that make the upright pose."""
STILL = 0.03
"""Metres by which nose and shoulders may move in that time."""
FRONT_UP_TO, SIDE_FROM = 45.0, 65.0
"""Degrees by which the shoulders are turned away from the camera."""


@dataclass(frozen=True, slots=True)
class Variant:
    """A clip, and what is done to the pictures and the bodies of it; `turn` gives the degrees at a time in seconds."""

    name: str
    clip: Clip
    turn: Callable[[float], float] | None = None
    mirrored: bool = False

    def picture(self, image: np.ndarray, number: int) -> np.ndarray:
        """Given a frame's picture, BGR uint8 (H, W, 3), and its number, return the variant's."""
        if self.turn is not None:
            return turned(image, self.turn(self.clip.times[number]))
        return opencv.load().flip(image, 1) if self.mirrored else image

    @property
    def bodies(self) -> list[Body]:
        """The body in each of its frames."""
        if self.turn is not None:
            pairs = zip(self.clip.bodies, self.clip.times, strict=True)
            return [body.turned(self.turn(time)) for body, time in pairs]
        return [body.mirrored() if self.mirrored else body for body in self.clip.bodies]

    @property
    def upright(self) -> int:
        """How many frames from the start on show the upright pose: none where the person moves then."""
        return upright_frames(self.clip)


def variants(clip: Clip, all_of_them: bool) -> list[Variant]:
    """Given a clip, return it as it is and, if asked for, the variants that show something new."""
    found = [Variant(clip.name, clip)]
    if not all_of_them or clip.times[-1] <= UPRIGHT_FOR:
        return found
    aside = _turned_away(clip.bodies[0])
    if aside <= FRONT_UP_TO:
        found.append(Variant(f"{clip.name}~turned", clip, turn=swing(clip.times[-1])))
    if SIDE_FROM <= aside <= 180 - SIDE_FROM and upright_frames(clip):
        found.append(Variant(f"{clip.name}~mirrored", clip, mirrored=True))
    return found


def swing(seconds: float) -> Callable[[float], float]:
    """Given a clip's length, return its swing: one whole period of a sine after the upright second."""

    def degrees(time: float) -> float:
        share = max(0.0, time - UPRIGHT_FOR) / (seconds - UPRIGHT_FOR)
        return SWING * math.sin(2 * math.pi * share)

    return degrees


def turned(image: np.ndarray, degrees: float) -> np.ndarray:
    """Given a picture, return it turned clockwise on the screen about its centre, its border drawn out."""
    cv2 = opencv.load()
    height, width = image.shape[:2]
    matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), -degrees, 1.0)
    return cv2.warpAffine(
        image, matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )


def upright_frames(clip: Clip) -> int:
    """Given a clip, return how many frames its upright second has; 0 when head or shoulders move in it."""
    count = sum(time <= UPRIGHT_FOR for time in clip.times)
    for name in ("nose", "left_shoulder", "right_shoulder"):
        places = [body.places[name] for body in clip.bodies[:count]]
        if max(math.dist(place, places[0]) for place in places) > STILL:
            return 0
    return count


def _turned_away(body: Body) -> float:
    """How far the shoulders are turned: 0° faces the camera, 90° stands sideways, 180° shows its back."""
    left = body.leftward("shoulder")
    return abs(math.degrees(math.atan2(left[2], left[0])))
