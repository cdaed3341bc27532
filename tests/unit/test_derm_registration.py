"""Two pictures of one region laid over each other where the truth is known; and refused where there is none."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest
from tests.fakes.photographs import FACE, astronaut, blurred, darkened, face_mask, noisy

from uprightd.derm.registration import Fit, Misfit, Skin, lay_over, register


def skin(image: np.ndarray, mask: np.ndarray) -> Skin:
    x, y, width, height = cv2.boundingRect(mask.astype(np.uint8))
    window = slice(y, y + height), slice(x, x + width)
    return Skin(image[window].copy(), mask[window].copy())


def large() -> tuple[np.ndarray, np.ndarray]:
    """The astronaut's face three times enlarged, and its mask."""
    size = (1536, 1536)
    return (
        cv2.resize(astronaut(), size, interpolation=cv2.INTER_CUBIC),
        cv2.resize(face_mask().astype(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0,
    )


def moved(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The same, moved by a 3x3 matrix."""
    image, mask = large()
    return (
        cv2.warpPerspective(image, matrix, (1536, 1536)),
        cv2.warpPerspective(mask.astype(np.uint8), matrix, (1536, 1536), flags=cv2.INTER_NEAREST) > 0,
    )


def turned(degrees: float, size: float) -> np.ndarray:
    x, y, width, height = (3 * number for number in FACE)
    return np.vstack((cv2.getRotationMatrix2D((x + width / 2, y + height / 2), degrees, size), (0, 0, 1)))


@pytest.mark.parametrize(("degrees", "size"), [(0, 1.0), (12, 1.1), (-25, 0.85)])
def test_a_turned_darker_noisy_second_date_is_laid_where_it_belongs(degrees: float, size: float) -> None:
    image, mask = large()
    truth = turned(degrees, size)
    other, other_mask = moved(truth)
    a, b = skin(image, mask), skin(noisy(darkened(other, 0.8), 3), other_mask)
    fit = register(a, b)
    assert isinstance(fit, Fit), fit
    assert fit.residual < 3.0
    at_a, at_b = (cv2.boundingRect(it.astype(np.uint8))[:2] for it in (mask, other_mask))
    middle = np.array([b.mask.shape[1] / 2, b.mask.shape[0] / 2, 1.0])
    whole = np.linalg.inv(truth) @ (middle + np.array((*at_b, 0)))
    expected = whole[:2] / whole[2] - at_a
    found = fit.matrix @ middle
    assert math.dist(found[:2] / found[2], expected) < 2.0
    assert fit.overlap.sum() > 0.9 * a.mask.sum()


def test_the_second_lies_over_the_first_pixel_by_pixel() -> None:
    image, mask = large()
    other, other_mask = moved(turned(12, 1.1))
    a, b = skin(image, mask), skin(other, other_mask)
    fit = register(a, b)
    assert isinstance(fit, Fit)
    laid = lay_over(b.picture, fit.matrix, a.mask.shape)
    apart = np.abs(laid[fit.overlap].astype(int) - a.picture[fit.overlap]).mean()
    unaligned = np.abs(
        cv2.resize(b.picture, a.mask.shape[::-1])[a.mask].astype(int) - a.picture[a.mask]
    ).mean()
    assert apart < 3 < unaligned


def test_a_view_from_another_angle_is_allowed_for_where_it_explains_more() -> None:
    image, mask = large()
    bent = np.array([[1, 0.05, 0], [0, 1, 0], [3e-4, 1e-4, 1]])
    other, other_mask = moved(bent)
    fit = register(skin(image, mask), skin(other, other_mask))
    assert isinstance(fit, Fit)
    assert fit.residual < 1.5


def test_other_skin_a_mirror_image_blur_and_emptiness_are_refused_with_the_reason() -> None:
    image, mask = large()
    a = skin(image, mask)
    flipped = Skin(a.picture[:, ::-1].copy(), a.mask[:, ::-1].copy())
    random = np.random.default_rng(0).integers(0, 256, a.picture.shape, np.uint8)
    for b in (
        flipped,
        Skin(random, a.mask),
        Skin(blurred(a.picture, 25), a.mask),
        Skin(np.full_like(a.picture, 128), a.mask),
        Skin(a.picture, np.zeros_like(a.mask)),
    ):
        misfit = register(a, b)
        assert isinstance(misfit, Misfit)
        assert misfit.reason


def test_what_agrees_on_a_corner_only_is_no_fit() -> None:
    image, mask = large()
    a = skin(image, mask)
    corner = np.random.default_rng(1).integers(90, 160, a.picture.shape, np.uint8)
    corner[100:160, 40:110] = a.picture[100:160, 40:110]
    assert isinstance(register(a, Skin(corner, a.mask)), Misfit)


def test_the_same_pictures_give_the_same_answer() -> None:
    image, mask = large()
    other, other_mask = moved(turned(5, 1.0))
    a, b = skin(image, mask), skin(noisy(other, 4), other_mask)
    first, second = register(a, b), register(a, b)
    assert isinstance(first, Fit)
    assert isinstance(second, Fit)
    assert np.array_equal(first.matrix, second.matrix)
    assert first.residual == second.residual
