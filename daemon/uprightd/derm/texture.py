"""How sharp skin is, measured on its own texture: the width of the blur that lies on it, and the smear of a motion.

The variance of a Laplacian says how much contrast there is: little on smooth skin however sharp, much on a hard edge or
on noise. Here two bands of detail, an octave apart, are compared with each other instead. In an unblurred picture
neighbouring octaves hold about the same energy (spectra of natural textures fall as 1/f², Field 1987, doi
10.1364/JOSAA.4.002379); a Gaussian blur takes from the finer one more than from the coarser one, so their ratio tells
its width, whatever the contrast, the light and the colour of the skin. The energies are medians over the skin, which a
few edges do not move, and the sensor's noise (after Immerkær 1996, doi 10.1006/cviu.1996.0060) is taken out.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass

import numpy as np

from uprightd import opencv

FULL = 800.0
"""Largest measured size, the root of a region's area in pixels; larger regions are scaled down to it."""
FINE, MIDDLE, COARSE = 0.7, 1.4, 2.8
"""Widths (sigma, pixels) of the Gaussians whose differences are the two bands."""
EDGE = 0.03
"""How much of the region is left out along its outline, as a share of its size,"""
LEAST_EDGE = 6
"""and at least so many pixels, about what the coarsest filter reaches."""
FEWEST = 600
"""Pixels of skin needed for an answer."""
DARKEST, LIGHTEST = 8, 248
"""Grey levels beyond which nothing can be told; highlights count among them."""
ROUNDING = 0.35
"""Grey levels of noise that rounding alone leaves: to whole numbers in three channels, and again in their grey."""
FLOOR = 0.02
"""Energy (grey levels²) of the coarser band under which there is no texture."""
DROWNED = 6.0
"""How many times the noise in the finer band the texture in the coarser one must be, to be told from it."""
WIDEST = 8.0
"""Blur in pixels from which on it is only "at least"."""
TOO_LITTLE, NO_TEXTURE, NOISY = "too little skin", "no texture", "noise drowns the texture"
"""Why there is no answer."""
DIRECTIONS = (0.0, 45.0, 90.0, 135.0)
_TO_SIGMA = 1.4826


@dataclass(frozen=True, slots=True)
class Texture:
    """What was measured on a region's skin. Where `blur` is None there was too little of it, or no texture at all.

    blur: width (sigma) of the blur in pixels of the measured size. smear: length of a straight motion's smear in the
    same pixels, along `direction` in degrees (0 along a row, counter-clockwise). noise: grey levels. scale: measured
    pixels per picture pixel. pixels: how many were used.
    """

    blur: float | None
    smear: float | None
    direction: float | None
    noise: float
    scale: float
    pixels: int
    reason: str = ""


def measure_texture(picture: np.ndarray, mask: np.ndarray) -> Texture:
    """Given a picture BGR uint8 (h, w, 3) and a mask of skin, bool (h, w), return how sharp its texture is."""
    cv2 = opencv.load()
    grey = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY).astype(np.float32)
    scale = min(1.0, FULL / math.sqrt(max(1, np.count_nonzero(mask))))
    if scale < 1:
        size = (max(1, round(mask.shape[1] * scale)), max(1, round(mask.shape[0] * scale)))
        grey = cv2.resize(grey, size, interpolation=cv2.INTER_AREA)
        mask = cv2.resize(mask.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0
    skin = _inner(grey, mask)
    count = int(np.count_nonzero(skin))
    if count < FEWEST:
        return Texture(None, None, None, 0.0, scale, count, TOO_LITTLE)
    noise = _noise(grey, skin)
    fine, coarse = (_energy(grey, kernel, skin, noise) for kernel in _bands())
    blur = _blur(fine, coarse, table=_expected())
    if blur is None:
        return Texture(None, None, None, noise, scale, count, NO_TEXTURE)
    if _is_drowned(coarse, noise, _bands()):
        return Texture(None, None, None, noise, scale, count, NOISY)
    along = []
    for degrees in DIRECTIONS:
        lines = _lines(degrees)
        fine, coarse = (_energy(grey, kernel, skin, noise) for kernel in lines)
        drowned = _is_drowned(coarse, noise, lines)
        along.append(None if drowned else _blur(fine, coarse, table=_expected_along()))
    smear, direction = _smear(along)
    return Texture(blur, smear, direction, noise, scale, count)


def _inner(grey: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """The skin without its outline, and without what is too dark or too light to show texture."""
    cv2 = opencv.load()
    by = max(LEAST_EDGE, round(EDGE * math.sqrt(max(1, np.count_nonzero(mask)))))
    kernel = np.ones((2 * by + 1, 2 * by + 1), np.uint8)
    inner = cv2.erode(mask.astype(np.uint8), kernel, borderType=cv2.BORDER_CONSTANT, borderValue=0)
    lost = ((grey < DARKEST) | (grey > LIGHTEST)).astype(np.uint8)
    return (inner > 0) & (cv2.dilate(lost, np.ones((7, 7), np.uint8)) == 0)


def _noise(grey: np.ndarray, skin: np.ndarray) -> float:
    """Immerkær's estimate, in grey levels, robust: the median of what is left by the difference of two Laplacians."""
    cv2 = opencv.load()
    kernel = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)
    response = cv2.filter2D(grey, cv2.CV_32F, kernel)[skin]
    return max(ROUNDING, float(np.median(np.abs(response))) * _TO_SIGMA / 6)


def _is_drowned(coarse: float, noise: float, kernels: tuple[np.ndarray, np.ndarray]) -> bool:
    """Whether the texture in the coarser band cannot be told from noise in the finer one."""
    return coarse < DROWNED * noise**2 * float(np.sum(kernels[0] ** 2))


def _energy(grey: np.ndarray, kernel: np.ndarray, skin: np.ndarray, noise: float) -> float:
    """The energy of a band on the skin, in grey levels², without the noise's share of it."""
    cv2 = opencv.load()
    response = cv2.filter2D(grey, cv2.CV_32F, kernel)[skin]
    median = float(np.median(np.abs(response))) * _TO_SIGMA
    return max(0.0, median**2 - noise**2 * float(np.sum(kernel**2)))


def _blur(fine: float, coarse: float, table: tuple[np.ndarray, np.ndarray]) -> float | None:
    """Given the energies of both bands, return the width of the blur; None where there is no texture to tell by."""
    if coarse < FLOOR:
        return None
    ratios, widths = table
    return float(np.interp(-fine / coarse, -ratios, widths))


def _smear(along: list[float | None]) -> tuple[float | None, float | None]:
    """Given the blur along each direction, return the length of a motion's smear and its direction.

    A straight smear of length L has the variance L²/12 along its direction and none across.
    """
    if None in along:
        return None, None
    widths = [width for width in along if width is not None]
    most = max(range(len(widths)), key=lambda index: widths[index])
    across = widths[(most + 2) % len(widths)]
    return math.sqrt(12 * max(0.0, widths[most] ** 2 - across**2)), DIRECTIONS[most]


# ---- the filters, and what a blur does to their ratio --------------------------------------------------------


@functools.cache
def _bands() -> tuple[np.ndarray, np.ndarray]:
    """The finer and the coarser band, as kernels."""
    narrow, middle, wide = (_gaussian(width) for width in (FINE, MIDDLE, COARSE))
    return narrow - middle, middle - wide


@functools.cache
def _lines(degrees: float) -> tuple[np.ndarray, np.ndarray]:
    """The same along one direction only."""
    narrow, middle, wide = (_gaussian(width, degrees) for width in (FINE, MIDDLE, COARSE))
    return narrow - middle, middle - wide


def _gaussian(width: float, degrees: float | None = None) -> np.ndarray:
    """A Gaussian's kernel, round, or drawn along one direction and FINE across it."""
    reach = math.ceil(3 * COARSE)
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1].astype(np.float32)
    if degrees is None:
        kernel = np.exp(-(x**2 + y**2) / (2 * width**2))
    else:
        angle = math.radians(degrees)
        along, across = x * math.cos(angle) - y * math.sin(angle), x * math.sin(angle) + y * math.cos(angle)
        kernel = np.exp(-(along**2) / (2 * width**2) - across**2 / (2 * FINE**2))
    return (kernel / kernel.sum()).astype(np.float32)


@functools.cache
def _expected() -> tuple[np.ndarray, np.ndarray]:
    return _table(_bands())


@functools.cache
def _expected_along() -> tuple[np.ndarray, np.ndarray]:
    return _table(_lines(0.0))


def _table(kernels: tuple[np.ndarray, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """The ratio of the bands' energies for a 1/f² spectrum under each width of blur, falling, and the widths."""
    size = 128
    spectra = [np.abs(np.fft.fft2(kernel, (size, size))) ** 2 for kernel in kernels]
    fy, fx = np.meshgrid(np.fft.fftfreq(size), np.fft.fftfreq(size), indexing="ij")
    squared = fx**2 + fy**2
    texture = 1 / np.maximum(squared, 1 / size**2)
    widths = np.linspace(0.0, WIDEST, 161)
    ratios = []
    for width in widths:
        seen = texture * np.exp(-4 * math.pi**2 * squared * width**2)
        ratios.append(float((seen * spectra[0]).sum() / (seen * spectra[1]).sum()))
    return np.array(ratios), widths
