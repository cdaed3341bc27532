"""Real skin for tests: scikit-image's photograph of an astronaut, made better and worse."""

from __future__ import annotations

import functools
import math

import cv2
import numpy as np
import skimage.data

FACE = (178, 70, 76, 84)
"""Where the astronaut's cheeks, nose and forehead are: x, y, width, height."""


@functools.cache
def astronaut() -> np.ndarray:
    """Return the photograph, BGR uint8 (512, 512, 3)."""
    return np.ascontiguousarray(skimage.data.astronaut()[..., ::-1])


@functools.cache
def face_mask() -> np.ndarray:
    """Return where the face's skin is, bool (512, 512): an ellipse inside its outline."""
    mask = np.zeros((512, 512), np.uint8)
    x, y, width, height = FACE
    cv2.ellipse(
        mask, (x + width // 2, y + height // 2), (width // 2, height // 2), 0, 0, 360, (1,), cv2.FILLED
    )
    return mask > 0


def blurred(image: np.ndarray, width: float) -> np.ndarray:
    """Given a picture and the width (sigma) of a Gaussian in pixels, return it blurred."""
    return image if width == 0 else cv2.GaussianBlur(image, (0, 0), width)


def noisy(image: np.ndarray, level: float, seed: int = 0) -> np.ndarray:
    """Given a picture and grey levels of noise, return it with a sensor's noise on it."""
    noise = np.random.default_rng(seed).normal(0, level, image.shape)
    return np.clip(np.rint(image + noise), 0, 255).astype(np.uint8)


def smeared(image: np.ndarray, length: int, degrees: float) -> np.ndarray:
    """Given a picture, return it as a camera sees it that moved by so many pixels in a direction."""
    kernel = np.zeros((2 * length + 1, 2 * length + 1), np.float32)
    angle = math.radians(degrees)
    for at in np.linspace(-length / 2, length / 2, 8 * length + 1):
        kernel[round(length - at * math.sin(angle)), round(length + at * math.cos(angle))] += 1
    return cv2.filter2D(image, -1, kernel / kernel.sum())


def darkened(image: np.ndarray, factor: float) -> np.ndarray:
    """Given a picture, return it with every value multiplied."""
    return np.clip(np.rint(image * factor), 0, 255).astype(np.uint8)
