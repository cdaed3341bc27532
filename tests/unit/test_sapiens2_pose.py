"""The pose head: channels, the mirrored second look, and places in pixels of the picture."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from transformers.models.sapiens2.modeling_sapiens2 import flip_back

from uprightd.domain import Box
from uprightd.sapiens2.checkpoint import read_checkpoint
from uprightd.sapiens2.device import Placement
from uprightd.sapiens2.geometry import to_crop, window_around
from uprightd.sapiens2.names import MIRROR, NEEDED
from uprightd.sapiens2.network import Network, load
from uprightd.sapiens2.pose import PoseHead
from uprightd.sapiens2.preprocess import DEVIATION, MEAN

TINY = Path(__file__).parents[1] / "fixtures" / "sapiens2_tiny"
CPU = Placement("cpu", "float32")
ALL = range(308)
SIZE = (128, 96)


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Iterator[None]:
    """Threads that wait for one another make small networks slow on a busy machine."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def head() -> PoseHead:
    return PoseHead(load(read_checkpoint(TINY / "pose"), CPU), SIZE)


@pytest.fixture(scope="module")
def pixels() -> torch.Tensor:
    return torch.from_numpy(np.load(TINY / "pose" / "expected.npz")["pixel_values"])


@pytest.fixture(scope="module")
def images() -> list[np.ndarray]:
    random = np.random.default_rng(0)
    soft = [
        cv2.GaussianBlur(random.integers(0, 256, (*shape, 3), np.uint8), (0, 0), 3)
        for shape in ((150, 200), (90, 70))
    ]
    return [cv2.normalize(image, image, 0, 255, cv2.NORM_MINMAX) for image in soft]


BOXES = [Box(20.0, 10.0, 90.0, 120.0), Box(0.0, 0.0, 69.0, 89.0)]


def test_all_channels_together_are_metas_heatmaps(head: PoseHead, pixels: torch.Tensor) -> None:
    expected = np.load(TINY / "pose" / "expected.npz")["reference_fp32_rope"]
    found = head.heatmaps(pixels, channels=ALL).numpy()
    assert np.abs(found - expected).max() / np.abs(expected).max() < 1e-4


def test_the_chosen_channels_are_the_same_as_among_all(head: PoseHead, pixels: torch.Tensor) -> None:
    every = head.heatmaps(pixels, channels=ALL)
    some = head.heatmaps(pixels)
    assert some.shape == (1, len(NEEDED), 32, 24)
    assert (some - every[:, list(NEEDED)]).abs().max() < 1e-5
    assert (head.heatmaps(pixels, channels=(307, 0)) - every[:, [307, 0]]).abs().max() < 1e-5


@pytest.mark.parametrize("channels", [ALL, NEEDED, (62,)], ids=["all", "needed", "one wrist"])
def test_the_second_look_is_mirrored_swapped_and_averaged(
    head: PoseHead, pixels: torch.Tensor, channels: range | tuple[int, ...]
) -> None:
    pairs = torch.tensor(json.loads((TINY / "pose" / "config.json").read_text())["flip_pairs"])
    theirs = flip_back(head.heatmaps(pixels.flip(-1), channels=ALL), pairs)
    expected = ((head.heatmaps(pixels, channels=ALL) + theirs) / 2)[:, list(channels)]
    assert (head.heatmaps(pixels, flip=True, channels=channels) - expected).abs().max() < 1e-5


def test_with_the_second_look_a_mirrored_picture_gives_the_mirrored_answer(
    head: PoseHead, pixels: torch.Tensor
) -> None:
    maps = head.heatmaps(pixels, flip=True, channels=ALL)
    mirrored = head.heatmaps(pixels.flip(-1), flip=True, channels=ALL)
    assert (mirrored.flip(-1)[:, list(MIRROR)] - maps).abs().max() < 1e-5
    assert (head.heatmaps(pixels.flip(-1), channels=ALL).flip(-1)[:, list(MIRROR)] - maps).abs().max() > 0.01


def test_people_in_a_batch_are_found_as_if_alone(head: PoseHead, images: list[np.ndarray]) -> None:
    together = head.keypoints(images, BOXES)
    assert together.places.shape == (2, len(NEEDED), 2)
    assert together.scores.shape == (2, len(NEEDED))
    for index in range(2):
        alone = head.keypoints(images[index : index + 1], BOXES[index : index + 1])
        sure = np.abs(alone.places[0] - together.places[index]).max(1) < 0.01
        assert sure.mean() > 0.9  # an untrained map may have two maxima alike
        assert np.abs(alone.scores[0] - together.scores[index]).max() < 1e-4


class Looking:
    """A model whose heatmaps are the red of its input, a quarter the size: where there is light, there is a point."""

    def __init__(self) -> None:
        self.calls: list[tuple[int, ...]] = []
        self.decode_head = SimpleNamespace(
            predictor=SimpleNamespace(weight=torch.ones(308, 1, 1, 1), bias=torch.zeros(308))
        )

    def __call__(self, pixel_values: torch.Tensor) -> Any:
        self.calls.append(tuple(pixel_values.shape))
        red = (pixel_values[:, :1] * DEVIATION[0] + MEAN[0]) / 255
        size = (pixel_values.shape[2] // 4, pixel_values.shape[3] // 4)
        return SimpleNamespace(
            heatmaps=torch.nn.functional.interpolate(red, size, mode="bilinear", align_corners=True)
        )


def looking(resolution: tuple[int, int]) -> tuple[PoseHead, Looking]:
    model = Looking()
    return PoseHead(Network(read_checkpoint(TINY / "pose"), CPU, model), resolution), model


@pytest.mark.parametrize("resolution", [(1024, 768), (768, 576), (512, 384)])
@pytest.mark.parametrize("flip", [False, True])
def test_a_light_in_the_picture_is_found_at_its_pixel(resolution: tuple[int, int], flip: bool) -> None:
    rows, columns = np.mgrid[:480, :640]
    places = [(300.4, 200.7), (181.6, 333.2)]
    images = []
    for x, y in places:
        level = 250 * np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / (2 * 12.0**2))
        images.append(np.rint(level).astype(np.uint8)[..., None].repeat(3, 2))
    head, model = looking(resolution)
    assert MIRROR[0] == 0  # the nose: in the mirrored look it is the same channel
    found = head.keypoints(images, [Box(100, 50, 350, 400)] * 2, flip=flip, channels=(0,))
    assert np.abs(found.places[:, 0] - places).max() < 0.15
    assert found.scores[:, 0] == pytest.approx([0.98, 0.98], abs=0.02)
    assert model.calls == [(2, 3, *resolution)] * (2 if flip else 1)


def test_a_place_outside_the_picture_is_still_in_its_pixels() -> None:
    head, _ = looking(SIZE)
    image = np.zeros((100, 100, 3), np.uint8)
    image[0:3, 0:3] = 255
    box = Box(0, 0, 60, 80)
    found = head.keypoints([image], [box], channels=(0,))
    corner = to_crop(np.array([[[1.0, 1.0]]]), [window_around(box, SIZE)], SIZE)[0, 0]
    assert (corner > 5).all()  # the window begins before the picture
    assert np.abs(found.places[0, 0] - 1).max() < 1


def test_numbers_that_are_not_finite_come_out_as_no_place_and_no_score(images: list[np.ndarray]) -> None:
    network = load(read_checkpoint(TINY / "pose"), CPU)
    with torch.no_grad():
        network.model.decode_head.predictor.bias[0] = float("nan")
    found = PoseHead(network, SIZE).keypoints(images[:1], BOXES[:1], channels=(0, 5))
    assert np.isnan(found.places[0, 0]).all()
    assert found.scores[0, 0] == 0
    assert np.isfinite(found.places[0, 1]).all()


def test_heatmaps_of_a_network_in_half_precision_are_in_single(pixels: torch.Tensor) -> None:
    head = PoseHead(load(read_checkpoint(TINY / "pose"), Placement("cpu", "bfloat16")), SIZE)
    maps = head.heatmaps(pixels)
    assert maps.dtype == torch.float32
    assert not torch.equal(maps, maps.bfloat16().float())


def test_a_network_of_another_task_is_refused() -> None:
    with pytest.raises(ValueError, match="a pose network is needed, got Sapiens2 seg tiny"):
        PoseHead(load(read_checkpoint(TINY / "seg"), CPU))


def test_closing_gives_the_network_back(images: list[np.ndarray]) -> None:
    head = PoseHead(load(read_checkpoint(TINY / "pose"), CPU), SIZE)
    head.close()
    assert head.network.model is None
