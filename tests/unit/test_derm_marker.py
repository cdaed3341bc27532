"""The scale from a marker of known size, on pictures where it is known exactly."""

from __future__ import annotations

import stat
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from uprightd.captures.marker import write_marker
from uprightd.derm.marker import draw_marker, find_scale
from uprightd.errors import CannotCreateError


def table(
    number: int = 7, side: int = 90, tilt: float = 0.0, tint: tuple[int, int, int] = (235, 235, 235)
) -> np.ndarray:
    """A marker on a brown table, BGR uint8 (500, 700, 3): its black square `side` px wide, its right side narrower."""
    marker = draw_marker(number, side)
    paper = np.where(marker[..., None] > 127, np.array(tint), np.array((30, 30, 30))).astype(np.uint8)
    image = np.full((500, 700, 3), (70, 90, 120), np.uint8)
    whole = paper.shape[0]
    corners = np.array([[0, 0], [whole, 0], [whole, whole], [0, whole]], np.float32)
    to = corners + np.array([300, 200], np.float32)
    to[1, 1] += tilt * whole
    to[2, 1] -= tilt * whole
    turn = cv2.getPerspectiveTransform(corners, to)
    cover = cv2.warpPerspective(np.ones((whole, whole), np.uint8), turn, (700, 500))
    return np.where(cover[..., None] > 0, cv2.warpPerspective(paper, turn, (700, 500)), image)


@pytest.mark.parametrize("side", [40, 90, 200])
def test_millimetres_per_pixel_come_from_the_black_square(side: int) -> None:
    scale, why = find_scale(table(side=side), 20.0)
    assert scale is not None, why
    assert (scale.marker, scale.family) == (7, "DICT_4X4_50")
    assert scale.mm_per_px == pytest.approx(20 / side, rel=0.02)
    assert abs(scale.mm_per_px - 20 / side) <= scale.uncertainty * scale.mm_per_px * 2
    length, error = scale.millimetres(2 * side)
    assert length == pytest.approx(40, rel=0.02)
    assert error == pytest.approx(length * scale.uncertainty)


def test_a_marker_seen_at_an_angle_is_less_certain_and_one_seen_too_much_so_refused() -> None:
    straight, tilted = find_scale(table(), 20.0)[0], find_scale(table(side=160, tilt=0.06), 20.0)[0]
    assert straight is not None
    assert tilted is not None
    assert tilted.uncertainty > 2 * straight.uncertainty
    steep, why = find_scale(table(side=160, tilt=0.2), 20.0)
    assert steep is None
    assert "from the side" in why


def test_without_a_marker_the_reason_says_what_to_do() -> None:
    scale, why = find_scale(np.full((300, 300, 3), 128, np.uint8), 20.0)
    assert scale is None
    assert "Lay it flat beside the skin" in why


def test_of_several_markers_the_largest_counts() -> None:
    image = table()
    small = draw_marker(3, 40)
    image[20 : 20 + len(small), 20 : 20 + len(small)] = small[..., None]
    scale, _ = find_scale(image, 20.0)
    assert scale is not None
    assert scale.marker == 7


def test_in_a_large_picture_the_marker_is_found_with_its_size() -> None:
    large = cv2.resize(table(), None, fx=6, fy=6, interpolation=cv2.INTER_LINEAR)
    scale, why = find_scale(large, 20.0)
    assert scale is not None, why
    assert scale.side_px == pytest.approx(540, rel=0.01)


def test_the_white_around_it_tells_the_light_s_tint() -> None:
    white, yellow = find_scale(table(), 20.0)[0], find_scale(table(tint=(150, 215, 235)), 20.0)[0]
    assert white is not None
    assert yellow is not None
    assert white.white is not None
    assert yellow.white is not None
    assert white.white < 2
    assert yellow.white > 20


def test_the_marker_to_print_has_its_size_on_paper_and_is_found(tmp_path: Path) -> None:
    write_marker(tmp_path / "marker.png", 5, 236, 300)
    with Image.open(tmp_path / "marker.png") as printed:
        assert printed.info["dpi"] == pytest.approx((300, 300), abs=0.1)
        dark = np.argwhere(np.asarray(printed) < 128)
        assert (dark.max(axis=0) - dark.min(axis=0) + 1).tolist() == [236, 236]
        image = np.repeat(np.asarray(printed)[..., None], 3, axis=2)
    scale, why = find_scale(image, 20.0)
    assert scale is not None, why
    assert scale.marker == 5
    assert stat.S_IMODE((tmp_path / "marker.png").stat().st_mode) == 0o600
    with pytest.raises(CannotCreateError, match="is there already"):
        write_marker(tmp_path / "marker.png", 5, 236, 300)
    with pytest.raises(CannotCreateError, match=r"ends in \.png"):
        write_marker(tmp_path / "marker.jpg", 5, 236, 300)
