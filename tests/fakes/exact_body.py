"""Bodies in space with exact angles, as a level camera two metres away sees them."""

from __future__ import annotations

import math

import numpy as np

from uprightd.service.accuracy.bodies import Body, Lens

LENS = Lens((640, 360), 500.0, np.array([0.0, 1.0, 0.0]))
LEFT, UP, FORWARD = np.eye(3)
"""The person's own axes; facing the camera, they are the camera's right, up and back."""
HEAD = {
    "nose": (0.0, 0.22, 0.16),
    "left_eye": (0.03, 0.26, 0.13),
    "right_eye": (-0.03, 0.26, 0.13),
    "left_ear": (0.07, 0.24, 0.03),
    "right_ear": (-0.07, 0.24, 0.03),
}
"""About mid-shoulder, in metres."""


def about(axis: np.ndarray, degrees: float) -> np.ndarray:
    """Given an axis of length 1, return the rotation about it (Rodrigues), counter-clockwise as it points at us."""
    x, y, z = axis
    cross = np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
    angle = math.radians(degrees)
    return np.eye(3) + math.sin(angle) * cross + (1 - math.cos(angle)) * cross @ cross


def leaning(lean: float = 0.0, right: float = 0.0) -> np.ndarray:
    """Given degrees forward and towards the subject's right, return that turn of the body about the hips."""
    return about(FORWARD, right) @ about(LEFT, lean)


def seated(
    head: np.ndarray | None = None, trunk: np.ndarray | None = None, facing: float = 0.0, away: float = 2.0
) -> Body:
    """Given how the head turns about mid-shoulder and the trunk with it about the hips, how far the person is turned
    to their left from facing the camera, and how far away they are, return the body. Knees bend by 90°."""
    head, trunk = (np.eye(3) if turn is None else turn for turn in (head, trunk))
    neck = np.array([0.0, 0.5, 0.0])
    upper = {name: neck + head @ np.array(place) for name, place in HEAD.items()}
    lower = {}
    for side, x in (("left", 1.0), ("right", -1.0)):
        upper[f"{side}_shoulder"] = neck + x * 0.19 * LEFT
        upper[f"{side}_elbow"] = neck + x * 0.19 * LEFT - 0.28 * UP
        upper[f"{side}_wrist"] = neck + x * 0.19 * LEFT - 0.28 * UP + 0.25 * FORWARD
        lower[f"{side}_hip"] = x * 0.11 * LEFT
        lower[f"{side}_knee"] = x * 0.11 * LEFT + 0.42 * FORWARD
        lower[f"{side}_ankle"] = x * 0.11 * LEFT + 0.42 * FORWARD - 0.42 * UP
        lower[f"{side}_heel"] = lower[f"{side}_ankle"] - 0.05 * FORWARD
        lower[f"{side}_big_toe"] = lower[f"{side}_ankle"] + 0.2 * FORWARD
    person = {**{name: trunk @ place for name, place in upper.items()}, **lower}
    turn, shift = about(UP, facing), np.array([0.0, -0.4, -away])
    return Body({name: turn @ place + shift for name, place in person.items()}, LENS)


def shifted(body: Body, right: float = 0.0, up: float = 0.0, nearer: float = 0.0) -> Body:
    """Given a body, return it elsewhere, by metres in the camera's axes."""
    shift = np.array([right, up, nearer])
    return Body({name: place + shift for name, place in body.places.items()}, body.lens)
