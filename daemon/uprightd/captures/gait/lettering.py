"""Text on video frames: letters are drawn once by Pillow and then laid onto each frame, which is quick enough."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from PIL import Image, ImageDraw, ImageFont

Colour = tuple[int, int, int]


@lru_cache(maxsize=512)
def _letters(text: str, size: int) -> np.ndarray:
    """Return the text's cover, float32 (h, w, 1) in 0-1."""
    font = ImageFont.load_default(size)
    width = max(1, round(font.getlength(text)) + 2)
    image = Image.new("L", (width, round(size * 1.35)), 0)
    ImageDraw.Draw(image).text((0, size), text, 255, font, anchor="ls")
    return (np.asarray(image, np.float32) / 255)[:, :, None]


def width_of(text: str, size: int) -> int:
    """Given text and the size of its letters in pixels, return its width in pixels."""
    return _letters(text, size).shape[1]


def write(
    canvas: np.ndarray, at: tuple[int, int], text: str, size: int, colour: Colour, right: bool = False
) -> None:
    """Given a picture BGR uint8 (H, W, 3), a place (x, y of the base line), text, its size in pixels and its colour
    (BGR), write it there; with `right`, x is its right-hand end. What lies outside the picture is left out."""
    cover = _letters(text, size)
    height, width = cover.shape[:2]
    left, top = at[0] - (width if right else 0), at[1] - size
    x0, y0, x1, y1 = (
        max(0, left),
        max(0, top),
        min(canvas.shape[1], left + width),
        min(canvas.shape[0], top + height),
    )
    if x1 <= x0 or y1 <= y0:
        return
    part = canvas[y0:y1, x0:x1]
    share = cover[y0 - top : y1 - top, x0 - left : x1 - left]
    part[...] = (part + (np.array(colour, np.float32) - part) * share + 0.5).astype(np.uint8)


def shade(canvas: np.ndarray, left: int, top: int, width: int, height: int) -> None:
    """Given a picture, darken a rectangle of it, so that light letters can be read there."""
    part = canvas[max(0, top) : top + height, max(0, left) : left + width]
    part[...] = (part >> 2) + np.uint8(10)
