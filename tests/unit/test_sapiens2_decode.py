"""Heatmaps to keypoints: against Meta's own decoder, at borders, on broken and on flat maps."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from uprightd.sapiens2.decode import FARTHEST, decode

META = np.load(Path(__file__).parents[1] / "fixtures" / "sapiens2_tiny" / "decode.npz")
HEATMAPS = META["heatmaps"].astype(np.float32)
HEIGHT, WIDTH = 256, 192


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Iterator[None]:
    """Threads that wait for one another make small networks slow on a busy machine."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def decoded(maps: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    places, scores = decode(torch.from_numpy(maps)[None])
    return places[0].double().numpy(), scores[0].numpy()


def bump(x: float, y: float, peak: float = 1.0, sigma: float = 6.0) -> np.ndarray:
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    return (peak * np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / (2 * sigma**2))).astype(np.float32)


def reference(heatmap: np.ndarray) -> np.ndarray:
    """The published algorithm step by step, the whole map blurred by OpenCV: an independent second opinion."""
    row, column = divmod(int(heatmap.argmax()), WIDTH)
    blurred = cv2.GaussianBlur(np.pad(heatmap, 5), (11, 11), 0)[5:-5, 5:-5]
    blurred *= heatmap.max() / blurred.max()
    around = np.pad(np.log(np.clip(blurred, 1e-3, 50)), 1, mode="edge")[row : row + 3, column : column + 3]
    slope = [(around[1, 2] - around[1, 0]) / 2, (around[2, 1] - around[0, 1]) / 2]
    twist = around[2, 2] - around[1, 2] - around[2, 1] + 2 * around[1, 1]
    twist = (twist - around[1, 0] - around[0, 1] + around[0, 0]) / 2
    bends = [around[1, 2] - 2 * around[1, 1] + around[1, 0], around[2, 1] - 2 * around[1, 1] + around[0, 1]]
    hessian = np.array([[bends[0], twist], [twist, bends[1]]], np.float64)
    hessian += np.finfo(np.float32).eps * np.eye(2)
    return np.array([column, row]) - np.linalg.inv(hessian) @ np.array(slope)


def test_metas_decoder_gives_the_same_keypoints_and_scores() -> None:
    places, scores = decoded(HEATMAPS)
    in_input = places / [WIDTH - 1, HEIGHT - 1] * [768, 1024]
    assert np.abs(in_input - META["keypoints"]).max() < 0.01
    assert np.abs(scores - META["scores"]).max() < 1e-6


def test_bumps_of_any_height_and_width_give_what_the_published_steps_give() -> None:
    random = np.random.default_rng(1)
    maps = []
    for _ in range(120):
        peak = random.choice([1.0, 0.5, 0.1, 0.02, 0.004, 0.0005])
        noise = random.normal(0, peak * random.choice([0, 0.01, 0.05]), (HEIGHT, WIDTH))
        x, y = random.uniform(-1, WIDTH), random.uniform(-1, HEIGHT)
        maps.append(bump(x, y, peak, random.uniform(1, 7)) + noise.astype(np.float32))
    expected = np.array([reference(heatmap) for heatmap in maps])
    places, _ = decoded(np.array(maps))
    assert np.abs(places - expected).max() * 4 < 0.01  # four input pixels per heatmap pixel


def test_a_clean_bump_is_found_to_a_thousandth_of_a_pixel() -> None:
    places, scores = decoded(bump(71.37, 120.81)[None])
    assert places[0] == pytest.approx([71.37, 120.81], abs=1e-3)
    assert scores[0] == pytest.approx(0.99, abs=0.01)


@pytest.mark.parametrize("corner", [(0, 0), (191, 0), (0, 255), (191, 255), (0, 77), (100, 255)])
def test_a_maximum_on_the_border_is_refined_by_half_a_pixel_at_most(corner: tuple[int, int]) -> None:
    heatmap = bump(*corner)
    places, _ = decoded(heatmap[None])
    assert np.abs(places[0] - corner).max() <= 0.5 + 1e-4
    assert places[0] == pytest.approx(reference(heatmap), abs=1e-3)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("where", [(128, 96), (0, 0), (255, 191)])
def test_a_map_that_is_not_finite_gives_no_place_and_score_zero(bad: float, where: tuple[int, int]) -> None:
    maps = np.stack([bump(50, 60), bump(50, 60), bump(90, 20)])
    maps[1][where] = bad
    places, scores = decoded(maps)
    assert np.isnan(places[1]).all()
    assert scores[1] == 0
    untouched, _ = decoded(maps[[0, 2]])
    assert np.array_equal(places[[0, 2]], untouched)


@pytest.mark.parametrize("level", [0.0, 0.4, -2.0, 1e-6, 60.0])
def test_a_flat_map_gives_its_first_pixel_and_never_something_far_away(level: float) -> None:
    places, scores = decoded(np.full((1, HEIGHT, WIDTH), level, np.float32))
    assert np.isfinite(places).all()
    assert np.abs(places[0]).max() <= FARTHEST
    assert scores[0] == pytest.approx(level)


def test_a_ragged_map_keeps_its_maximum_within_reach() -> None:
    maps = np.random.default_rng(0).random((40, HEIGHT, WIDTH)).astype(np.float32)
    places, scores = decoded(maps)
    first = np.array([divmod(int(heatmap.argmax()), WIDTH)[::-1] for heatmap in maps])
    assert np.abs(places - first).max() <= FARTHEST
    assert np.array_equal(scores, maps.max((1, 2)))


def test_a_negative_map_keeps_its_maximum_and_its_negative_score() -> None:
    heatmap = bump(30, 40) - 5
    places, scores = decoded(heatmap[None])
    assert places[0].tolist() == [30, 40]
    assert scores[0] < 0


def test_of_equal_maxima_the_first_counts_as_in_metas_decoder() -> None:
    places, _ = decoded((bump(120, 200) + bump(40, 50))[None])
    assert places[0] == pytest.approx([40, 50], abs=0.01)


def test_people_and_channels_keep_their_places() -> None:
    maps = torch.from_numpy(HEATMAPS).view(2, 4, HEIGHT, WIDTH)
    places, scores = decode(maps)
    assert places.shape == (2, 4, 2)
    assert torch.equal(places.view(8, 2), decode(maps.view(1, 8, HEIGHT, WIDTH))[0][0])
    assert scores.dtype == torch.float32


def test_half_precision_maps_are_decoded_in_single() -> None:
    half = torch.from_numpy(META["heatmaps"])[None]
    assert half.dtype == torch.float16
    assert torch.equal(decode(half)[0], decode(half.float())[0])
