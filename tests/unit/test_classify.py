"""The hook for a classifier: its output is kept word for word, whatever it is; nothing hangs and no shell is run."""

from __future__ import annotations

import json
import os
import shlex
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from tests.fakes.terminal import gone
from transformers import ViTConfig, ViTForImageClassification

from uprightd.classify.program import Program
from uprightd.errors import DataError, UsageError
from uprightd.service.skin import load_classifier


@pytest.fixture
def crop(tmp_path: Path) -> Path:
    image = np.random.default_rng(0).integers(0, 256, (40, 60, 3), np.uint8)
    assert cv2.imwrite(str(tmp_path / "left hand.png"), image)
    return tmp_path / "left hand.png"


def python(code: str) -> str:
    return f"{shlex.quote(sys.executable)} -c {shlex.quote(code)}"


def program(code: str, deadline: float = 20.0) -> Program:
    return Program(python(code) + " {}", os.environ, deadline)


# ---- a program -----------------------------------------------------------------------------------------------


def test_a_program_gets_the_crop_and_facts_and_its_output_is_kept_verbatim(crop: Path) -> None:
    code = "import os, sys; print(sys.argv[1]); print('  {\"ü\": 1}  \\n', os.environ['UPRIGHTD_REGION'])"
    said = program(code).look(crop, {"region": "left_hand"})
    assert said.output == f'{crop}\n  {{"ü": 1}}  \n left_hand\n'
    assert said.fault == ""


def test_without_a_place_for_it_the_crop_comes_last_and_no_shell_sees_the_words(crop: Path) -> None:
    code = "import sys; print(sys.argv[1:])"
    said = Program(python(code) + " '$HOME; ls' '*'", os.environ).look(crop, {})
    assert said.output.strip() == repr(["$HOME; ls", "*", str(crop)])


def test_a_program_that_fails_is_told_with_its_last_complaint_and_what_it_said_is_kept(crop: Path) -> None:
    code = "import sys; print('half'); print('no model', file=sys.stderr); sys.exit(3)"
    said = program(code).look(crop, {})
    assert (said.output, said.fault) == ("half\n", "exit code 3: no model")


def test_a_program_that_hangs_is_killed_with_all_it_started(crop: Path, tmp_path: Path) -> None:
    code = (
        "import subprocess, sys, time; child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']);"
        "print(child.pid, flush=True); time.sleep(60)"
    )
    began = time.monotonic()
    said = program(code, deadline=1.0).look(crop, {})
    assert time.monotonic() - began < 20
    assert "did not end within 1 s" in said.fault
    assert gone(int(said.output), 5)


def test_a_program_that_never_stops_talking_is_stopped(crop: Path) -> None:
    said = program("while True: print('x' * 10000)").look(crop, {})
    assert "more than 1 MiB" in said.fault
    assert len(said.output) == 1 << 20


@pytest.mark.parametrize("command", ["", "   ", "'open", "/no/such/program {}", "no-such-program-anywhere"])
def test_a_command_that_cannot_run_is_refused_before_anything_else(command: str) -> None:
    with pytest.raises(UsageError) as caught:
        Program(command, os.environ)
    assert "--classifier-command" in caught.value.hint


# ---- a model folder ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A vision transformer for three labels, tiny and random, saved as its trainer would."""
    folder = tmp_path_factory.mktemp("models") / "my-classifier"
    torch.manual_seed(0)
    labels = {0: "a", 1: "b ü", 2: "c"}
    settings = ViTConfig(
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
        image_size=32,
        patch_size=16,
        id2label=labels,
        label2id={name: index for index, name in labels.items()},
    )
    ViTForImageClassification(settings).save_pretrained(folder)
    processor = {
        "image_processor_type": "ViTImageProcessor",
        "do_normalize": True,
        "do_resize": True,
        "do_rescale": True,
        "image_mean": [0.5, 0.5, 0.5],
        "image_std": [0.5, 0.5, 0.5],
        "size": {"height": 32, "width": 32},
        "resample": 2,
        "rescale_factor": 1 / 255,
    }
    (folder / "preprocessor_config.json").write_text(json.dumps(processor))
    return folder


def test_a_checkpoint_s_logits_are_kept_with_its_own_labels_in_its_own_order(
    checkpoint: Path, crop: Path
) -> None:
    looker = load_classifier(checkpoint, None)
    assert looker is not None
    assert looker.name == "my-classifier"
    said = looker.look(crop, {})
    answer = json.loads(said.output)
    assert [each["label"] for each in answer] == ["a", "b ü", "c"]
    rgb = cv2.cvtColor(cv2.resize(cv2.imread(str(crop)), (32, 32)), cv2.COLOR_BGR2RGB)  # type: ignore[arg-type]
    pixels = torch.from_numpy(rgb.astype(np.float32) / 127.5 - 1).permute(2, 0, 1)[None]
    model = ViTForImageClassification.from_pretrained(checkpoint, local_files_only=True)
    with torch.inference_mode():
        expected = model(pixel_values=pixels).logits[0].tolist()
    assert [each["logit"] for each in answer] == pytest.approx(expected, abs=0.05), (
        "RGB, scaled as it was trained"
    )


def test_a_folder_without_a_model_and_one_that_was_never_trained_are_refused(
    checkpoint: Path, tmp_path: Path
) -> None:
    with pytest.raises(DataError, match=r"no config\.json"):
        load_classifier(tmp_path, None)
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(DataError, match="cannot be loaded as a classifier"):
        load_classifier(tmp_path, None)
    from safetensors.torch import load_file, save_file

    bare = tmp_path / "bare"
    bare.mkdir()
    for name in ("config.json", "preprocessor_config.json"):
        (bare / name).write_bytes((checkpoint / name).read_bytes())
    tensors = load_file(checkpoint / "model.safetensors")
    headless = {name: tensor for name, tensor in tensors.items() if not name.startswith("classifier")}
    save_file(headless, bare / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(DataError, match=r"untrained: its weights lack classifier\.bias"):
        load_classifier(bare, None)


def test_without_either_there_is_none() -> None:
    assert load_classifier(None, None) is None
