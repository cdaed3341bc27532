"""Segmentation, normals and pointmap: what is made of the networks' raw maps."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn.functional import interpolate

from uprightd.errors import UsageError
from uprightd.sapiens2.architecture import Task
from uprightd.sapiens2.checkpoint import read_checkpoint
from uprightd.sapiens2.device import Placement
from uprightd.sapiens2.geometry import Inlay
from uprightd.sapiens2.network import load
from uprightd.sapiens2.normals import NormalHead, unit_normals
from uprightd.sapiens2.pointmap import PointmapHead, fits, scaled_points
from uprightd.sapiens2.preprocess import inlaid, stretched
from uprightd.sapiens2.random_weights import full_size
from uprightd.sapiens2.segmentation import SegmentationHead, class_ids, class_probabilities

TINY = Path(__file__).parents[1] / "fixtures" / "sapiens2_tiny"
CPU = Placement("cpu", "float32")
IMAGE = np.random.default_rng(0).integers(0, 256, (90, 130, 3), np.uint8)
SHAPE = (90, 130)


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Iterator[None]:
    """Threads that wait for one another make small networks slow on a busy machine."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


# ---- segmentation ------------------------------------------------------------------------------------------


def test_each_pixel_gets_the_class_of_its_largest_resized_logit() -> None:
    logits = torch.from_numpy(np.random.default_rng(1).normal(size=(1, 29, 32, 24)).astype(np.float32))
    expected = interpolate(logits, SHAPE, mode="bilinear", align_corners=False)[0].argmax(0)
    found = class_ids(logits, SHAPE)
    assert found.dtype == np.uint8
    assert np.array_equal(found, expected.numpy())


def test_of_equal_logits_the_first_class_counts_and_nan_is_background() -> None:
    logits = torch.zeros(1, 4, 6, 8)
    logits[:, 2:] = 1.0
    assert (class_ids(logits, (6, 8)) == 2).all()
    logits[0, 3, 2, 3] = math.nan
    found = class_ids(logits, (6, 8))
    assert found[2, 3] == 0
    assert (found == 2).sum() == 47


def test_probabilities_sum_to_one_and_agree_with_the_classes() -> None:
    logits = torch.from_numpy(np.random.default_rng(2).normal(size=(1, 29, 16, 12)).astype(np.float32) * 3)
    probabilities = class_probabilities(logits, SHAPE)
    assert probabilities.shape == (29, *SHAPE)
    assert np.abs(probabilities.sum(0) - 1).max() < 1e-5
    assert np.array_equal(probabilities.argmax(0), class_ids(logits, SHAPE))


def test_a_picture_is_segmented_at_its_own_size() -> None:
    network = load(read_checkpoint(TINY / "seg"), CPU)
    head = SegmentationHead(network, (128, 96))
    found = head.classes(IMAGE)
    assert np.array_equal(found, class_ids(network(stretched(IMAGE, (128, 96))).logits, SHAPE))
    assert len(np.unique(found)) > 3
    assert head.probabilities(IMAGE).shape == (29, *SHAPE)


# ---- normals -----------------------------------------------------------------------------------------------


def test_normals_are_unit_vectors_before_and_after_they_are_resized() -> None:
    raw = torch.zeros(1, 3, 4, 6)
    raw[0, 0, :, :3] = 5.0  # to the right, long
    raw[0, 2, :, 3:] = -0.01  # to the camera, short
    found = unit_normals(raw, Inlay(1, 0, 4, 4), (4, 8))
    assert np.abs(np.linalg.norm(found, axis=-1) - 1).max() < 1e-6
    assert found[0, 0].tolist() == [1, 0, 0]
    assert found[0, 7].tolist() == [0, 0, -1]
    # Between them at 3/4: were the longer one not made unit length first, it would win.
    assert found[0, 3] == pytest.approx([3 / math.sqrt(10), 0, -1 / math.sqrt(10)], abs=1e-6)


def test_outside_the_mask_and_without_a_direction_there_is_no_normal() -> None:
    raw = torch.zeros(1, 3, 4, 4)
    raw[0, 1] = 2.0
    raw[0, :, 0, 0] = 0.0
    raw[0, 0, 3, 3] = math.inf
    mask = np.zeros((4, 4), np.uint8)
    mask[:, :3] = 7
    found = unit_normals(raw, Inlay(0, 0, 4, 4), (4, 4), mask)
    assert np.isnan(found[:, 3]).all()
    assert np.isnan(found[0, 0]).all()
    assert found[1, 1].tolist() == [0, 1, 0]
    assert np.isnan(unit_normals(raw, Inlay(0, 0, 4, 4), (4, 4))[3, 3]).all()


def test_a_picture_gets_normals_at_its_own_size() -> None:
    network = load(read_checkpoint(TINY / "normal"), CPU)
    found = NormalHead(network, (128, 96)).normals(IMAGE)
    assert found.shape == (*SHAPE, 3)
    assert found.dtype == np.float32
    assert np.abs(np.linalg.norm(found, axis=-1) - 1).max() < 1e-5
    pixels, inlay = inlaid(IMAGE, (128, 96))
    assert np.array_equal(found, unit_normals(network(pixels).normals, inlay, SHAPE))


# ---- pointmap ----------------------------------------------------------------------------------------------


def test_points_are_taken_out_of_the_padding_and_divided_by_their_scale() -> None:
    raw = torch.full((1, 3, 6, 4), 100.0)
    raw[0, :, 2:4, :] = torch.tensor([1.0, -2.0, 6.0])[:, None, None]
    found = scaled_points(raw, torch.tensor([[0.5]]), Inlay(0, 2, 4, 2), (5, 10))
    assert found.scale == 0.5
    assert found.points.shape == (5, 10, 3)
    assert np.abs(found.points - [2.0, -4.0, 12.0]).max() < 1e-5


@pytest.mark.parametrize("scale", [0.0, -0.3, math.nan, math.inf])
def test_without_a_sensible_scale_there_are_no_points(scale: float) -> None:
    found = scaled_points(torch.ones(1, 3, 4, 4), torch.tensor([[scale]]), Inlay(0, 0, 4, 4), (4, 4))
    assert np.isnan(found.points).all()
    assert math.isnan(found.scale)


def test_outside_the_mask_there_are_no_points() -> None:
    mask = np.eye(4, dtype=bool)
    found = scaled_points(torch.ones(1, 3, 4, 4), torch.ones(1, 1), Inlay(0, 0, 4, 4), (4, 4), mask)
    assert np.array_equal(np.isnan(found.points).all(-1), ~mask)


def test_a_picture_gets_points_at_its_own_size() -> None:
    network = load(read_checkpoint(TINY / "pointmap"), CPU)
    with torch.no_grad():
        network.model.scale_head.predictor.proj.bias += 1.0  # the fixture's own scale is negative
    found = PointmapHead(network, (256, 192)).points(IMAGE)
    pixels, inlay = inlaid(IMAGE, (256, 192))
    output = network(pixels)
    assert found.scale == pytest.approx(output.scales.item())
    assert np.array_equal(found.points, scaled_points(output.pointmaps, output.scales, inlay, SHAPE).points)
    assert np.isfinite(found.points).all()


def test_a_closed_pointmap_holds_its_network_no_longer() -> None:
    head = PointmapHead(load(read_checkpoint(TINY / "pointmap"), CPU), (256, 192))
    head.close()
    assert head.network.model is None


def test_the_pointmap_works_at_the_size_its_scale_was_trained_at_only() -> None:
    net = full_size("0.4b", Task.POINTMAP)
    assert fits(net, (1024, 768))
    assert not fits(net, (768, 576))
    assert not fits(net, (512, 384))
    with pytest.raises(UsageError, match="does not work at 512x384"):
        PointmapHead(load(read_checkpoint(TINY / "pointmap"), CPU), (512, 384))


@pytest.mark.parametrize(
    ("head", "words"),
    [(SegmentationHead, "segmentation"), (NormalHead, "normal"), (PointmapHead, "pointmap")],
)
def test_a_network_of_another_task_is_refused(head: type, words: str) -> None:
    with pytest.raises(ValueError, match=f"a {words} network is needed, got Sapiens2 pose tiny"):
        head(load(read_checkpoint(TINY / "pose"), CPU))
