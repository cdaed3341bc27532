"""`bench pose`: that the reference is Meta's result, that stages are ours, and what the figures are made of."""

from __future__ import annotations

import json
import os
import signal
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers.models.sapiens2")

import torch

from uprightd.domain import Box
from uprightd.errors import DataError, UnavailableError, WriteError
from uprightd.sapiens2 import names, preprocess
from uprightd.sapiens2 import reference as reference_pose
from uprightd.sapiens2.checkpoint import read_checkpoint
from uprightd.sapiens2.decode import decode
from uprightd.sapiens2.device import FLOAT32, Placement
from uprightd.sapiens2.geometry import window_around
from uprightd.sapiens2.network import load
from uprightd.sapiens2.pose import PoseHead
from uprightd.sapiens2.reference import OurPose, ReferencePose, Runner, decode_in_numpy, peaked_maps
from uprightd.sapiens2.subject import whole_frame
from uprightd.service import bench_pose
from uprightd.service.bench_pose import (
    EXACT,
    REFERENCE,
    Contender,
    Route,
    clip_pictures,
    measure,
    routes_on,
    table,
)

TINY = Path(__file__).parents[1] / "fixtures" / "sapiens2_tiny"
WEIGHTS = TINY / "pose" / "model.safetensors"
CPU = Placement("cpu", FLOAT32)
LARGE, SMALL = (128, 96), (64, 48)
BALLAST = 1_500_000_000
"""Bytes that the process that asks holds, more than a tiny network's process ever has."""


@pytest.fixture(scope="module")
def picture() -> np.ndarray:
    return clip_pictures(1)[0]


# ---- the reference -----------------------------------------------------------------------------------------


def test_numpys_decoder_finds_what_metas_own_code_found() -> None:
    stored = np.load(TINY / "decode.npz")
    places, scores = decode_in_numpy(stored["heatmaps"].astype(np.float32))
    height, width = stored["heatmaps"].shape[1:]
    in_input = places / (width - 1, height - 1) * (768, 1024)
    assert np.abs(in_input - stored["keypoints"]).max() < 0.01
    assert np.abs(scores - stored["scores"]).max() < 1e-6


@pytest.mark.parametrize("box", [Box(0, 0, 853, 479), Box(300, 100, 60, 70)], ids=["smaller", "larger"])
def test_the_references_crop_is_ours_but_for_grey_levels(picture: np.ndarray, box: Box) -> None:
    network = load(read_checkpoint(WEIGHTS), CPU)
    window = window_around(box, LARGE)
    theirs = ReferencePose(network, LARGE).crop([picture], [window])
    ours = preprocess.crops([picture], [window], LARGE)
    levels = (theirs - ours).abs() * torch.tensor(preprocess.DEVIATION).view(1, 3, 1, 1)
    assert levels.max() < 8, "OpenCV samples at 1/32 of a pixel"
    assert levels.mean() < 0.5


def test_the_references_heatmaps_are_ours_with_flip_and_all_channels(picture: np.ndarray) -> None:
    pixels = torch.randn(1, 3, *LARGE, generator=torch.Generator().manual_seed(0))
    theirs = ReferencePose(load(read_checkpoint(WEIGHTS), CPU), LARGE).heatmaps(pixels)
    ours = PoseHead(load(read_checkpoint(WEIGHTS), CPU), LARGE).heatmaps(
        pixels, flip=True, channels=range(len(names.NAMES))
    )
    assert theirs.shape == (1, 308, 32, 24)
    assert torch.allclose(theirs, ours, atol=1e-5)


def test_both_decoders_find_the_peaks_of_the_maps_made_for_them() -> None:
    maps = peaked_maps(torch.empty(1, 308, 64, 48))
    theirs, heights = decode_in_numpy(maps[0].numpy())
    ours = decode(maps)
    assert heights.min() > 0.2
    inside = ((theirs > 4) & (theirs < (43, 59))).all(1)  # a border cuts the blur
    assert inside.sum() > 200
    assert np.abs(theirs - ours[0][0].numpy())[inside].max() < 0.01


# ---- ours --------------------------------------------------------------------------------------------------


def test_our_stages_in_a_row_are_what_the_program_runs(picture: np.ndarray) -> None:
    box = whole_frame(picture.shape[1], picture.shape[0])
    path = OurPose(load(read_checkpoint(WEIGHTS), CPU), LARGE)
    window = window_around(box, LARGE)
    staged = path.keypoints_of(path.heatmaps(path.crop([picture], [window])), [window])
    whole = path.keypoints([picture], [box])
    assert np.array_equal(staged.places, whole.places)
    assert np.array_equal(staged.scores, whole.scores)


def test_frames_per_second_are_told_for_each_batch_that_fits(
    picture: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reference_pose, "LONG_ENOUGH", 0.0)
    monkeypatch.setattr(reference_pose, "BATCHES", (1, 2, 4))
    runner = Runner(WEIGHTS, SMALL, CPU, ours=True)
    assert [*runner.throughput(picture)] == [1, 2, 4]
    crop = runner._path.crop

    def crop_of_a_small_device(images: Any, windows: Any) -> Any:
        if len(images) > 2:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 MiB.")
        return crop(images, windows)

    monkeypatch.setattr(runner._path, "crop", crop_of_a_small_device)
    rates = runner.throughput(picture)
    assert [*rates] == [1, 2]
    assert min(rates.values()) > 0


# ---- the figures -------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def measured(
    picture: np.ndarray, tmp_path_factory: pytest.TempPathFactory
) -> tuple[dict[str, Any], list[str]]:
    """The figures for the tiny network, and what was told meanwhile."""
    told: list[str] = []
    ballast = np.ones(BALLAST, np.uint8)
    scratch = tmp_path_factory.mktemp("scratch")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tempfile.tempdir", str(scratch))
        patch.setenv(
            "OMP_NUM_THREADS", "1"
        )  # on a busy machine threads wait for each other longer than they work
        routes = routes_on(CPU, LARGE, (LARGE, SMALL))
        figures = measure(read_checkpoint(WEIGHTS).architecture, routes, [picture] * 2, told.append)
    assert ballast.all()
    assert list(scratch.iterdir()) == [], "the weights are gone"
    return json.loads(json.dumps(figures)), told


def test_the_figures_hold_every_path_stage_and_clock(measured: tuple[dict[str, Any], list[str]]) -> None:
    figures, _ = measured
    assert figures["size"] == "tiny"
    assert (figures["device"], figures["dtype"], figures["resolution"]) == ("cpu", "float32", "128x96")
    assert figures["machine"]["cores"] == os.cpu_count()
    assert figures["machine"]["name"]
    assert figures["repetitions"] == {REFERENCE: 2, EXACT: 4, "r64x48": 16}
    for name in (REFERENCE, EXACT, "r64x48"):
        stages = figures["seconds"][name]
        assert [*stages] == ["crop", "forward", "decode", "frame"]
        for clock in ("cpu", "wall"):
            parts = [stages[stage][clock] for stage in ("crop", "forward", "decode")]
            assert min(parts) > 0
            assert stages["frame"][clock] == pytest.approx(sum(parts))


def test_ratios_are_the_references_seconds_over_ours(measured: tuple[dict[str, Any], list[str]]) -> None:
    figures, _ = measured
    seconds, ratios = figures["seconds"], figures["ratios"]
    assert {*ratios} == {EXACT, "r64x48", "decode", "decode_threads", "decode_noise"}
    assert figures["ratios_of"] == "cpu"
    for name in (EXACT, "r64x48"):
        quotient = seconds[REFERENCE]["frame"]["cpu"] / seconds[name]["frame"]["cpu"]
        assert ratios[name] == pytest.approx(quotient, abs=1e-3)
    for name in ("decode", "decode_threads", "decode_noise"):
        quotient = seconds[name]["numpy"]["cpu"] / seconds[name]["ours"]["cpu"]
        assert ratios[name] == pytest.approx(quotient, abs=1e-3)


def test_paths_take_turns_with_ours_on_both_sides_of_the_reference(
    measured: tuple[dict[str, Any], list[str]],
) -> None:
    _, told = measured
    turns = [line.partition(":")[0] for line in told if "a frame" in line]
    ours = [EXACT, *4 * ["r64x48"]]
    assert turns == 2 * [*ours, REFERENCE, *ours]


def test_peak_memory_is_each_paths_own_and_not_that_of_the_process_that_asks(
    measured: tuple[dict[str, Any], list[str]],
) -> None:
    figures, _ = measured
    peaks = figures["peak_memory_mb"]
    assert {*peaks} == {REFERENCE, EXACT, "r64x48"}
    assert max(peaks.values()) < BALLAST / 1e6
    assert min(peaks.values()) > 50


def test_the_table_says_what_was_compared_and_what_is_unknown(
    measured: tuple[dict[str, Any], list[str]],
) -> None:
    figures, _ = measured
    text = table(figures)
    assert "reference 128x96 float32" in text
    assert f"{figures['ratios']['r64x48']:.2f}×" in text
    assert f": {figures['ratios']['decode']:.1f}×" in text
    assert "random weights" in text
    assert "Meta's demo" in text
    assert "cannot be said without the real weights" in text
    assert "frames/s" not in text


def test_the_table_of_a_cuda_machine_has_frames_per_second_and_says_what_ran_uncompiled(
    measured: tuple[dict[str, Any], list[str]],
) -> None:
    rates = {"batch_1": 40.0, "best_batch": 8, "best": 95.5, "by_batch": {"1": 40.0, "8": 95.5}}
    figures = {
        **measured[0],
        "ratios_of": "wall",
        "frames_per_second": {"bfloat16": rates},
        "compile_failures": {EXACT: "no C compiler"},
    }
    text = table(figures)
    assert "bfloat16: 40.0 frames/s, 95.5 in batches of 8" in text
    assert f"{EXACT} ran uncompiled: no C compiler" in text
    assert "CPU time" not in text


def test_on_cuda_ours_runs_in_both_number_types_and_the_reference_in_float32_uncompiled() -> None:
    routes = routes_on(Placement("cuda", "bfloat16", True), LARGE, (LARGE, SMALL))
    assert [(it.name, str(it.placement)) for it in routes] == [
        (REFERENCE, "cuda, float32"),
        (EXACT, "cuda, bfloat16, compiled"),
        ("exact_single_pass_float32", "cuda, float32, compiled"),
        ("r64x48", "cuda, bfloat16, compiled"),
    ]


def test_a_smaller_input_is_measured_against_the_reference_at_its_own_size() -> None:
    assert [it.size for it in routes_on(CPU, SMALL, (LARGE, SMALL))] == ["64x48", "64x48"]


def test_pictures_come_from_the_shipped_clip_and_begin_again_at_its_end() -> None:
    first, second, *_ = pictures = clip_pictures(5000)
    assert len(pictures) == 5000
    assert first.std() > 10, "it shows something"
    assert not np.array_equal(first, second)
    assert any(picture is first for picture in pictures[1:])


# ---- what goes wrong ---------------------------------------------------------------------------------------


def test_a_path_that_fails_says_why(tmp_path: Path) -> None:
    with (
        closing(Contender(Route(EXACT, SMALL, CPU), tmp_path / "none.safetensors")) as contender,
        pytest.raises((DataError, UnavailableError), match=r"none\.safetensors") as caught,
    ):
        contender.ask("state")
    assert caught.value.hint, "it has come over the line"


def test_a_path_whose_process_is_killed_says_so_instead_of_waiting() -> None:
    with closing(Contender(Route(EXACT, SMALL, CPU), WEIGHTS)) as contender:
        pid = contender._process.pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        with pytest.raises(UnavailableError, match="exit code -9"):
            contender.ask("state")


def test_weights_that_do_not_fit_on_the_disk_are_named_with_what_helps(
    picture: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write_to_a_full_disk(path: Path, net: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(bench_pose, "write", write_to_a_full_disk)
    net = read_checkpoint(WEIGHTS).architecture
    with pytest.raises(WriteError, match="No space left on device") as caught:
        measure(net, routes_on(CPU, SMALL, ()), [picture], lambda _: None)
    assert "TMPDIR" in caught.value.hint
