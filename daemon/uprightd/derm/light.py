"""How skin is lit: how light it is, how much of it is clipped, and whether its colour can be skin's in white light.

Lightness, hue and chroma are CIELAB's (D65), on what is taken for sRGB.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from uprightd import opencv

CLIPPED, CRUSHED = 250, 5
"""8-bit values from which a channel holds no more light, and up to which all three hold none."""
MOST = 400_000
"""Pixels that are looked at; of more, every n-th."""
BRIGHT = 99.0
"""Percentile of the whole picture's lightness that says how light it is exposed at all."""


@dataclass(frozen=True, slots=True)
class Light:
    """lightness: median L* of the skin, 0-100; brightest: L* that 1 % of the whole picture exceeds. clipped, crushed:
    shares of the skin. hue: degrees; chroma: C*, of the skin's median colour."""

    lightness: float
    brightest: float
    clipped: float
    crushed: float
    hue: float
    chroma: float


def measure_light(picture: np.ndarray, mask: np.ndarray, brightest: float) -> Light:
    """Given a picture BGR uint8 (h, w, 3), a mask of skin (h, w) and the whole picture's `brightness`, return both."""
    pixels = _some(picture[mask])
    lab = to_lab(pixels)
    lightness, a, b = (float(number) for number in np.median(lab, axis=0))
    return Light(
        lightness,
        brightest,
        float((pixels >= CLIPPED).any(axis=1).mean()),
        float((pixels <= CRUSHED).all(axis=1).mean()),
        math.degrees(math.atan2(b, a)),
        math.hypot(a, b),
    )


def brightness(image: np.ndarray) -> float:
    """Given a picture BGR uint8 (H, W, 3), return the L* that 1 % of it exceeds."""
    return float(np.percentile(to_lab(_some(image.reshape(-1, 3)))[:, 0], BRIGHT))


def to_lab(pixels: np.ndarray) -> np.ndarray:
    """Given BGR uint8 (N, 3), return CIELAB, float32 (N, 3)."""
    cv2 = opencv.load()
    return cv2.cvtColor(np.ascontiguousarray(pixels)[None].astype(np.float32) / 255, cv2.COLOR_BGR2LAB)[0]


def _some(pixels: np.ndarray) -> np.ndarray:
    return pixels[:: max(1, len(pixels) // MOST)]
