"""Laying a region of one date over the same region of another: only when they fit, and with how far they are apart.

Points are SIFT's (Lowe 2004, doi 10.1023/B:VISI.0000029664.99615.94), the transform is found by RANSAC. Its quality is
not what RANSAC was told to accept: each half of the agreeing points is predicted by a transform of the other half.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from uprightd import opencv

LONGEST = 1200
"""Pixels of the longer side in which points are matched."""
POINTS = 4000
DISTINCT = 0.8
"""A match counts when the second best is this much further (Lowe's ratio)."""
TOLERANCE = 3.0
"""Pixels, at the matched size, within which a match agrees with the transform."""
FEWEST = 12
"""Agreeing points needed;"""
LEAST_SHARE = 0.2
"""among the matches this share;"""
LEAST_SPREAD = 0.15
"""and the part of the region that they span. Fewer could agree by chance, or on one mole."""
SCALES = (0.25, 4.0)
"""Sizes of one against the other that are believed."""
MOST_RESIDUAL = 3.0
"""Pixels at the matched size: more is no fit."""
FOR_HOMOGRAPHY = 40
"""Agreeing points from which on a change of perspective is allowed for as well."""
GAIN, WORTH = 0.8, 0.3
"""and taken when it leaves at most this share of a residual of more than so many pixels."""
FOLDS = 4

_Fitting = Callable[[np.ndarray, np.ndarray], np.ndarray]


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """How B lies over A. matrix: 3x3, from pixels of B to pixels of A. kind: "affine" or "perspective". residual: rms
    distance in pixels of A of points that had no part in the transform. points agreed of matches; overlap: bool mask
    of A (h, w) where both have skin."""

    matrix: np.ndarray
    kind: str
    residual: float
    points: int
    matches: int
    overlap: np.ndarray


@dataclass(frozen=True, slots=True)
class Misfit:
    """That two regions do not fit, and why, in words."""

    reason: str


@dataclass(frozen=True, slots=True, eq=False)
class Skin:
    """A region to be compared: picture BGR uint8 (h, w, 3) and mask bool (h, w)."""

    picture: np.ndarray
    mask: np.ndarray


def register(a: Skin, b: Skin) -> Fit | Misfit:
    """Given the same region of two dates, return how B lies over A, or why it does not."""
    scale_a, points_a, looks_a = _points(a)
    scale_b, points_b, looks_b = _points(b)
    if min(len(points_a), len(points_b)) < FEWEST:
        return Misfit(
            f"{min(len(points_a), len(points_b))} distinct points on the skin, at least {FEWEST} are needed"
        )
    pairs = _matches(looks_a, looks_b)
    if len(pairs) < FEWEST:
        return Misfit(f"{len(pairs)} points look alike, at least {FEWEST} are needed")
    to, of = points_a[pairs[:, 0]], points_b[pairs[:, 1]]
    chosen = _choose(of, to)
    if isinstance(chosen, Misfit):
        return chosen
    kind, matrix, agreed, residual = chosen
    fault = _fault(matrix, agreed, to, a, scale_a)
    if fault or residual > MOST_RESIDUAL:
        return Misfit(
            fault or f"what agrees is still {residual:.1f} px apart, at most {MOST_RESIDUAL:g} are a fit"
        )
    whole = _scaled(1 / scale_a) @ matrix @ _scaled(scale_b)
    overlap = lay_over(b.mask.astype(np.uint8), whole, a.mask.shape, smooth=False) > 0
    return Fit(whole, kind, residual / scale_a, int(np.count_nonzero(agreed)), len(pairs), overlap & a.mask)


def lay_over(
    picture: np.ndarray, matrix: np.ndarray, shape: tuple[int, ...], smooth: bool = True
) -> np.ndarray:
    """Given something of B's size, the matrix of a fit and A's shape, return it as it lies in A; 0 outside."""
    cv2 = opencv.load()
    how = cv2.INTER_LINEAR if smooth else cv2.INTER_NEAREST
    return cv2.warpPerspective(picture, matrix, (shape[1], shape[0]), flags=how)


def _points(skin: Skin) -> tuple[float, np.ndarray, np.ndarray]:
    """The scale they were found at, their places (N, 2) at that size, and what they look like (N, 128)."""
    cv2 = opencv.load()
    by = min(1.0, LONGEST / max(skin.mask.shape))
    size = (max(1, round(skin.mask.shape[1] * by)), max(1, round(skin.mask.shape[0] * by)))
    grey = cv2.cvtColor(skin.picture, cv2.COLOR_BGR2GRAY)
    grey = cv2.resize(grey, size, interpolation=cv2.INTER_AREA) if by < 1 else grey
    mask = cv2.resize(skin.mask.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST)
    even = cv2.createCLAHE(3.0, (8, 8)).apply(grey)
    # The outline is the background's as much as the skin's, and changes with the pose.
    inner = cv2.erode(mask, np.ones((3, 3), np.uint8), iterations=3)
    found, looks = cv2.SIFT_create(POINTS, contrastThreshold=0.02).detectAndCompute(even, inner * 255)
    if looks is None:
        return by, np.zeros((0, 2)), np.zeros((0, 128), np.float32)
    root = np.sqrt(looks / np.maximum(looks.sum(axis=1, keepdims=True), 1e-9))  # RootSIFT
    return by, np.array([point.pt for point in found]), root.astype(np.float32)


def _matches(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Indices into both, (N, 2), of points that are each other's best match, and distinctly so."""
    cv2 = opencv.load()
    matcher = cv2.BFMatcher(cv2.NORM_L2)
    best = {
        match[0].queryIdx: match[0].trainIdx
        for match in matcher.knnMatch(a, b, k=2)
        if len(match) == 2 and match[0].distance < DISTINCT * match[1].distance
    }
    back = {match.queryIdx: match.trainIdx for match in matcher.match(b, a)}
    return np.array([(i, j) for i, j in best.items() if back[j] == i]).reshape(-1, 2)


def _choose(of: np.ndarray, to: np.ndarray) -> tuple[str, np.ndarray, np.ndarray, float] | Misfit:
    """The kind of transform, its matrix, which matches agree with it, and the residual of unseen points."""
    affine = _affine(of, to)
    if affine is None:
        return Misfit("no transform lays one over the other")
    matrix, agreed = affine
    count, least = int(np.count_nonzero(agreed)), max(FEWEST, math.ceil(LEAST_SHARE * len(of)))
    if count < least:
        return Misfit(f"{count} of {len(of)} points agree, at least {least} are needed")
    best = ("affine", matrix, agreed, _unseen(of[agreed], to[agreed], _least_squares))
    if count >= FOR_HOMOGRAPHY:
        bent = _homography(of, to)
        if bent is not None and np.count_nonzero(bent[1]) >= count:
            residual = _unseen(of[agreed], to[agreed], _bent_squares)
            if best[3] > WORTH and residual < GAIN * best[3]:
                best = ("perspective", bent[0], bent[1], residual)
    return best


def _affine(of: np.ndarray, to: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
    cv2 = opencv.load()
    cv2.setRNGSeed(0)  # the same pictures give the same answer
    matrix, agreed = cv2.estimateAffine2D(
        of, to, method=cv2.RANSAC, ransacReprojThreshold=TOLERANCE, maxIters=5000, confidence=0.999
    )
    return None if matrix is None else (np.vstack((matrix, (0, 0, 1))), agreed.ravel() > 0)


def _homography(of: np.ndarray, to: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
    cv2 = opencv.load()
    cv2.setRNGSeed(0)
    matrix, agreed = cv2.findHomography(of, to, cv2.RANSAC, TOLERANCE, maxIters=5000, confidence=0.999)
    return None if matrix is None else (matrix, agreed.ravel() > 0)


def _unseen(of: np.ndarray, to: np.ndarray, fit: _Fitting) -> float:
    """The rms distance of each fold's points from where a transform of the other folds puts them."""
    squares = []
    for fold in range(FOLDS):
        out = np.arange(len(of)) % FOLDS == fold
        matrix = fit(of[~out], to[~out])
        squares.append(((_moved(of[out], matrix) - to[out]) ** 2).sum(axis=1))
    return math.sqrt(float(np.concatenate(squares).mean()))


def _least_squares(of: np.ndarray, to: np.ndarray) -> np.ndarray:
    solved, *_ = np.linalg.lstsq(np.column_stack((of, np.ones(len(of)))), to, rcond=None)
    return np.vstack((solved.T, (0, 0, 1)))


def _bent_squares(of: np.ndarray, to: np.ndarray) -> np.ndarray:
    cv2 = opencv.load()
    matrix, _ = cv2.findHomography(of, to, 0)
    return _least_squares(of, to) if matrix is None else matrix


def _fault(matrix: np.ndarray, agreed: np.ndarray, to: np.ndarray, a: Skin, scale: float) -> str:
    """Why a transform is not to be believed, in words; empty when it is."""
    cv2 = opencv.load()
    stretch = np.linalg.svd(matrix[:2, :2], compute_uv=False)
    if np.linalg.det(matrix[:2, :2]) <= 0:
        return "one would have to be mirrored"
    if not SCALES[0] <= stretch[1] <= stretch[0] <= SCALES[1] or stretch[0] > 2.5 * stretch[1]:
        return "one would have to be stretched out of shape"
    hull = cv2.contourArea(cv2.convexHull(to[agreed].astype(np.float32)))
    spread = hull / max(1.0, np.count_nonzero(a.mask) * scale**2)
    if spread < LEAST_SPREAD:
        least = f"at least {100 * LEAST_SPREAD:g} % are needed"
        return f"the points that agree span {100 * spread:.0f} % of the region, {least}"
    return ""


def _moved(points: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    moved = np.column_stack((points, np.ones(len(points)))) @ matrix.T
    return moved[:, :2] / moved[:, 2:]


def _scaled(by: float) -> np.ndarray:
    return np.diag((by, by, 1.0))
