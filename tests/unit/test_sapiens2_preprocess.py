"""From pictures to a network's input and back: windows, crops, whole pictures inside black ones."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
import pytest
import torch
from torch.nn.functional import grid_sample

from uprightd.domain import Box
from uprightd.sapiens2.geometry import Inlay, Window, inlay_of, to_crop, to_picture, window_around
from uprightd.sapiens2.preprocess import DEVIATION, MEAN, crops, inlaid, stretched, taken_out

SMALL = (64, 48)


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Iterator[None]:
    """Threads that wait for one another make small networks slow on a busy machine."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def picture(height: int, width: int, seed: int = 0) -> np.ndarray:
    """A picture with soft structure at all places."""
    noise = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    soft = cv2.GaussianBlur(noise, (0, 0), 2.5).astype(np.float32)
    return ((soft - soft.min()) / (soft.max() - soft.min()) * 255).astype(np.uint8)


def spot(height: int, width: int, x: float, y: float, sigma: float = 6.0) -> np.ndarray:
    """A round white spot at (x, y) on black."""
    rows, columns = np.mgrid[:height, :width]
    level = 255 * np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / (2 * sigma**2))
    return np.rint(level).astype(np.uint8)[..., None].repeat(3, axis=2)


def levels(pixels: torch.Tensor) -> np.ndarray:
    """Undo the normalisation: RGB from 0 to 255, (N, H, W, 3)."""
    return pixels.permute(0, 2, 3, 1).numpy() * np.array(DEVIATION) + np.array(MEAN)


def centre_of_mass(grey: np.ndarray) -> tuple[float, float]:
    rows, columns = np.mgrid[: grey.shape[0], : grey.shape[1]]
    return float((grey * columns).sum() / grey.sum()), float((grey * rows).sum() / grey.sum())


# ---- windows -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("box", "window"),
    [
        (Box(100, 50, 300, 400), Window(250, 250, 375, 500)),
        (Box(0, 0, 639, 479), Window(319.5, 239.5, 798.75, 1065)),
        (Box(10, 10, 20, 400), Window(20, 210, 375, 500)),
        (Box(-5, -7, 0, 0), Window(-5, -7, 1.25, 1.25 / 0.75)),
    ],
    ids=["of the aspect", "wide", "tall", "a point"],
)
def test_the_window_is_a_quarter_larger_and_of_the_aspect_of_the_input(box: Box, window: Window) -> None:
    assert window_around(box, (1024, 768)) == pytest.approx(window)


@pytest.mark.parametrize("resolution", [(1024, 768), (768, 576), (512, 384), (256, 192)])
def test_points_go_to_the_crop_and_back_unchanged(resolution: tuple[int, int]) -> None:
    points = np.random.default_rng(0).uniform(-500, 4000, (3, 50, 2))
    windows = [
        window_around(Box(x, y, w, h), resolution)
        for x, y, w, h in [(0, 0, 3839, 2159), (700.3, 12.7, 313.9, 801.2), (5, 6, 2, 9)]
    ]
    back = to_picture(to_crop(points, windows, resolution), windows, resolution)
    assert np.abs(back - points).max() < 1e-8


def test_first_and_last_pixel_centres_of_the_crop_are_the_windows_edges() -> None:
    window = Window(200.0, 300.0, 150.0, 200.0)
    corners = np.array([[[0.0, 0.0], [767.0, 1023.0]]])
    assert to_picture(corners, [window], (1024, 768)).tolist() == [[[125.0, 200.0], [275.0, 400.0]]]


# ---- crops -------------------------------------------------------------------------------------------------


def test_a_window_as_large_as_the_crop_is_cut_out_pixel_for_pixel() -> None:
    image = picture(100, 120)
    cut = crops([image], [Window(30 + 47 / 2, 20 + 63 / 2, 47, 63)], SMALL)
    assert np.abs(levels(cut)[0, :, :, ::-1] - image[20:84, 30:78]).max() < 1e-4


def test_outside_the_picture_the_crop_is_black() -> None:
    image = np.full((40, 40, 3), 200, np.uint8)
    cut = levels(crops([image], [Window(20, 20, 47 * 2, 63 * 2)], SMALL))[0]
    inside = np.zeros(SMALL, bool)
    inside[22:42, 14:34] = True  # samples lie at −43 + 2·row and −27 + 2·column
    assert np.abs(cut[inside] - 200).max() < 1e-3
    assert np.abs(cut[~inside]).max() < 100.01  # at most half of a border pixel
    assert np.abs(cut[:20]).max() < 1e-3


@pytest.mark.parametrize(
    "box",
    [Box(600, 100, 500, 900), Box(20, 30, 60, 70), Box(-80, -50, 300, 400), Box(0, 0, 1279, 959)],
    ids=["shrinking", "enlarging", "over the edge", "whole frame"],
)
def test_crops_agree_with_torchs_sampling_and_nearly_with_opencvs_in_whole_levels(box: Box) -> None:
    image, resolution = picture(960, 1280), (256, 192)
    window = window_around(box, resolution)
    scales = [
        (side - 1) / extent for side, extent in zip(resolution, (window.height, window.width), strict=True)
    ]
    cut = levels(crops([image], [window], resolution))[0, :, :, ::-1]

    rows, columns = np.mgrid[: resolution[0], : resolution[1]].astype(np.float64)
    at = [
        2 * (columns / scales[1] + window.x - window.width / 2) / 1279 - 1,
        2 * (rows / scales[0] + window.y - window.height / 2) / 959 - 1,
    ]
    theirs = grid_sample(
        torch.from_numpy(image).double().permute(2, 0, 1)[None],
        torch.from_numpy(np.stack(at, -1))[None],
        mode="bilinear" if min(scales) < 1 else "bicubic",
        padding_mode="zeros",
        align_corners=True,
    )[0].permute(1, 2, 0)
    assert np.abs(cut - theirs.clamp(0, 255).numpy()).max() < 1e-3

    left, top = window.x - window.width / 2, window.y - window.height / 2
    matrix = np.array([[scales[1], 0, -scales[1] * left], [0, scales[0], -scales[0] * top]])
    how = cv2.INTER_AREA if min(scales) < 1 else cv2.INTER_CUBIC
    warped = cv2.warpAffine(image, matrix, (resolution[1], resolution[0]), flags=how)
    assert np.abs(cut - warped).max() < 8  # OpenCV samples at 32nds of a pixel
    assert np.abs(cut - warped).mean() < 0.6


def test_enlarging_a_hard_edge_stays_between_black_and_white() -> None:
    image = np.zeros((40, 40, 3), np.uint8)
    image[:, 20:] = 255
    cut = levels(crops([image], [Window(20, 20, 12, 16)], SMALL))
    assert cut.min() > -1e-3
    assert cut.max() < 255.001
    assert 20 < cut[0, 30, 22, 0] < 235  # an edge, not a step


@pytest.mark.parametrize(
    "box", [Box(100, 40, 500, 640), Box(240.5, 200.25, 90, 130)], ids=["shrunk", "enlarged"]
)
def test_a_spot_lands_where_the_mapping_says(box: Box) -> None:
    place = np.array([[[283.4, 261.7]]])
    image = spot(720, 960, 283.4, 261.7)
    window = window_around(box, (512, 384))
    grey = levels(crops([image], [window], (512, 384)))[0].mean(-1)
    expected = to_crop(place, [window], (512, 384))[0, 0]
    assert centre_of_mass(grey) == pytest.approx(expected, abs=0.01)
    back = to_picture(np.array([[centre_of_mass(grey)]]), [window], (512, 384))
    assert np.abs(back - place).max() < 0.01


def test_several_pictures_of_several_sizes_make_one_batch_each_as_if_alone() -> None:
    images = [picture(300, 400, 1), picture(100, 80, 2)]
    windows = [Window(200, 150, 300, 400), Window(40, 50, 30, 40)]
    batch = crops(images, windows, SMALL)
    assert batch.shape == (2, 3, *SMALL)
    for index in range(2):
        alone = crops(images[index : index + 1], windows[index : index + 1], SMALL)
        assert torch.equal(batch[index], alone[0])


def test_the_input_is_red_green_blue_and_normalised_as_imagenet() -> None:
    image = np.zeros((80, 80, 3), np.uint8)
    image[:] = (10, 128, 250)  # blue, green, red
    cut = crops([image], [Window(40, 40, 30, 40)], SMALL)
    expected = [(250 - 123.675) / 58.395, (128 - 116.28) / 57.12, (10 - 103.53) / 57.375]
    assert cut[0, :, 32, 24].tolist() == pytest.approx(expected, abs=1e-5)


def test_a_picture_that_may_not_be_written_or_lies_scattered_is_cut_all_the_same() -> None:
    image = picture(100, 120)
    window = [Window(50, 50, 40, 60)]
    plain = crops([image], window, SMALL)
    locked = image.copy()
    locked.flags.writeable = False
    assert torch.equal(crops([locked], window, SMALL), plain)
    scattered = np.ascontiguousarray(image[:, ::-1])[:, ::-1]
    assert torch.equal(crops([scattered], window, SMALL), plain)


# ---- whole pictures ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shape", "inlay"),
    [
        ((1024, 768), Inlay(0, 0, 768, 1024)),
        ((1080, 1920), Inlay(0, 296, 768, 432)),
        ((1920, 1080), Inlay(96, 0, 576, 1024)),
        ((480, 641), Inlay(0, 224, 768, 575)),
        ((4000, 3), Inlay(383, 0, 1, 1024)),
    ],
)
def test_a_whole_picture_fits_centred_inside_the_input(shape: tuple[int, int], inlay: Inlay) -> None:
    assert inlay_of(shape, (1024, 768)) == inlay


def test_the_padding_is_black_before_it_is_normalised_as_in_training() -> None:
    image = np.full((30, 60, 3), 255, np.uint8)
    pixels, inlay = inlaid(image, SMALL)
    assert inlay == (0, 20, 48, 24)
    grey = levels(pixels)[0]
    assert np.abs(grey[20:44] - 255).max() < 1e-3
    assert np.abs(grey[:20]).max() < 1e-3
    assert np.abs(grey[44:]).max() < 1e-3


def test_maps_of_a_padded_picture_are_taken_out_at_its_place_and_size() -> None:
    _, inlay = inlaid(np.zeros((30, 60, 3), np.uint8), SMALL)
    rows, columns = torch.meshgrid(torch.arange(64.0), torch.arange(48.0), indexing="ij")
    maps = torch.stack((columns, rows))[None]
    out = taken_out(maps, inlay, (30, 60))
    assert out.shape == (1, 2, 30, 60)
    # A pixel of the picture lies at (pixel + 0.5) · 48 / 60 − 0.5 inside the inlay.
    assert out[0, 0, 7, 1:-1].numpy() == pytest.approx((np.arange(1, 59) + 0.5) * 0.8 - 0.5, abs=1e-4)
    assert out[0, 1, 1:-1, 9].numpy() == pytest.approx((np.arange(1, 29) + 0.5) * 0.8 - 0.5 + 20, abs=1e-4)


@pytest.mark.parametrize(("shape", "how"), [((200, 100), cv2.INTER_AREA), ((30, 40), cv2.INTER_CUBIC)])
def test_for_segmentation_the_picture_is_stretched_as_metas_code_does(
    shape: tuple[int, int], how: int
) -> None:
    image = picture(*shape)
    expected = cv2.resize(image, (48, 64), interpolation=how)
    assert np.abs(levels(stretched(image, SMALL))[0, :, :, ::-1] - expected).max() < 1e-3
