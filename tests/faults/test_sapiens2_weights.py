"""Faults of checkpoints: missing, foreign, cut off, damaged, of another task or size. Nothing is half loaded."""

from __future__ import annotations

import json
import os
import random
import shutil
from pathlib import Path
from typing import Any

import pytest

from uprightd.errors import DataError, DeniedError, UnavailableError, UprightError
from uprightd.sapiens2.architecture import Task
from uprightd.sapiens2.checkpoint import read_checkpoint
from uprightd.sapiens2.device import Placement
from uprightd.sapiens2.network import load

TINY = Path(__file__).parents[1] / "fixtures" / "sapiens2_tiny"
WHOLE = (TINY / "pose" / "model.safetensors").read_bytes()
LENGTH = int.from_bytes(WHOLE[:8], "little")
HEADER: dict[str, Any] = json.loads(WHOLE[8 : 8 + LENGTH])
DATA = WHOLE[8 + LENGTH :]
NAME = "sapiens2_tiny_pose.safetensors"
QUERY = "backbone.blocks.3.attn.wq.weight"

FETCH, VERIFY = "uprightd models fetch", "uprightd models verify"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / NAME


def packed(header: dict[str, Any], data: bytes = DATA) -> bytes:
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + data


def changed(name: str, **entry: object) -> bytes:
    """The checkpoint with a changed entry in its header."""
    return packed({**HEADER, name: {**HEADER[name], **entry}})


def without(name: str) -> bytes:
    """A sound file that lacks a tensor."""
    begin, end = HEADER[name]["data_offsets"]
    kept = {key: dict(entry) for key, entry in HEADER.items() if key != name}
    for entry in kept.values():
        if entry["data_offsets"][0] >= end:
            entry["data_offsets"] = [offset - (end - begin) for offset in entry["data_offsets"]]
    return packed(kept, DATA[:begin] + DATA[end:])


def added(name: str) -> bytes:
    """A sound file with a tensor too many."""
    entry = {"dtype": "F32", "shape": [2, 2], "data_offsets": [len(DATA), len(DATA) + 16]}
    return packed({**HEADER, name: entry}, DATA + bytes(range(16)))


def renamed(old: str, new: str) -> bytes:
    """The checkpoint with other names for the tensors that begin with `old`."""
    return packed({key.replace(old, new) if key.startswith(old) else key: HEADER[key] for key in HEADER})


def zeroed(begin: int) -> bytes:
    return WHOLE[:begin] + bytes(len(WHOLE) - begin)


BROKEN: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "empty"),
    "one byte": (b"\x08", "cut off"),
    "zeros": (bytes(5000), "filled with zeros"),
    "web page": (b"\n<!DOCTYPE html><html><title>Sign in</title></html>" + b" " * 900, "a web page"),
    "html": (b"<HTML><body>404</body></HTML>", "a web page"),
    "git lfs pointer": (
        b"version https://git-lfs.github.com/spec/v1\noid sha256:ab12\nsize 1702709456\n",
        "Git LFS pointer",
    ),
    "another format": (b"PK\x03\x04" + bytes(range(256)) * 4, "not a safetensors file"),
    "json": (b'{"error": "Repository not found"}', "not a safetensors file"),
    "endless header": (b"\xff" * 8 + b"{" + bytes(100), "not a safetensors file"),
    "cut in the length": (WHOLE[:6], "cut off"),
    "cut in the header": (WHOLE[: LENGTH // 2], "cut off within its header"),
    "cut before the weights": (WHOLE[: 8 + LENGTH], "cut off: "),
    "cut in the weights": (WHOLE[:-1], f"cut off: {len(WHOLE) - 1:,} bytes of {len(WHOLE):,}"),
    "too long": (WHOLE + b"\0", "too long"),
    "interrupted, space reserved": (zeroed(len(WHOLE) // 2), "zeros where the tensor"),
    "only its header": (zeroed(8 + LENGTH), "zeros where the tensor"),
    "header no json": (WHOLE[:20] + b"\xff\xfe" + WHOLE[22:], "its header is damaged"),
    "header a list": (packed([]) + b"", "not a safetensors file"),  # type: ignore[arg-type]
    "header nested without end": ((20000).to_bytes(8, "little") + b'{"a":' + b"[" * 19995, "damaged"),
    "header with text for a tensor": (packed({**HEADER, "x": "y"}), "the entry for x cannot be read"),
    "negative shape": (changed(QUERY, shape=[-32, -32]), f"{QUERY} has shape"),
    "true for a number": (changed(QUERY, shape=[True, 1024]), f"{QUERY} has shape"),
    "unknown number type": (changed(QUERY, dtype="F33"), f"the entry for {QUERY} cannot be read"),
    "gap": (changed(QUERY, data_offsets=[0, 4096]), "do not follow one another"),
    "no tensors": (packed({}, b""), "not Sapiens2's tensors"),
    "integers": (changed(QUERY, dtype="I32"), f"not F32, F16 or BF16 for pose tiny: {QUERY} is I32"),
    "shape turned": (
        changed(QUERY, shape=[16, 64]),
        f"wrong shape for pose tiny: {QUERY} is [16, 64], expected [32, 32]",
    ),
    "missing tensor": (without(QUERY), f"missing for pose tiny: {QUERY}"),
    "missing layer": (without("backbone.blocks.17.ln1.weight"), "17 layers"),
    "missing bias": (
        without("decode_head.conv_pose.bias"),
        "missing for pose tiny: decode_head.conv_pose.bias",
    ),
    "left over tensor": (added("backbone.extra"), "do not belong here for pose tiny: backbone.extra"),
    "renamed tensor": (renamed(QUERY, "blocks.3.q"), f"missing for pose tiny: {QUERY}"),
    "another head": (
        renamed("decode_head.conv_pose.", "decode_head.conv_albedo."),
        "it has the head conv_albedo; expected one of pose, seg, normal, pointmap",
    ),
    "no head": (renamed("decode_head.", "head."), "no head, only a backbone"),
    "transformers' own names": (
        renamed("backbone.", "model."),
        "the tensor backbone.patch_embed.projection.weight is missing",
    ),
    "half a last layer": (without("decode_head.conv_pose.weight"), "decode_head.conv_pose.weight"),
    "other keypoints": (
        changed("decode_head.conv_pose.weight", shape=[154, 32, 1, 1]),
        "decode_head.conv_pose.weight is [154, 32, 1, 1], expected [308, 16, 1, 1]",
    ),
    "another kernel": (
        changed("decode_head.conv_layers.3.weight", shape=[24, 6, 2, 2]),
        "widths or kernels that no Sapiens2 network has",
    ),
    "no heads at all": (
        changed("backbone.blocks.0.attn.q_norm.weight", shape=[8, 1]),
        "shapes that no Sapiens2",
    ),
    "another width": (
        changed("backbone.patch_embed.projection.weight", shape=[64, 3, 16, 8]),
        "64 wide with 18 layers and 8 heads is of no known size",
    ),
}


@pytest.mark.parametrize("fault", BROKEN)
def test_a_broken_file_is_named_with_what_is_wrong_and_what_mends_it(fault: str, path: Path) -> None:
    content, words = BROKEN[fault]
    path.write_bytes(content)
    with pytest.raises(DataError) as raised:
        read_checkpoint(path)
    assert raised.value.exit_code == 65
    assert raised.value.message.startswith(f"{path}: ")
    assert words in raised.value.message
    assert FETCH in raised.value.hint
    assert VERIFY in raised.value.hint


def test_what_is_sound_is_read_under_the_same_conditions(path: Path) -> None:
    path.write_bytes(packed(HEADER))
    assert read_checkpoint(path).task is Task.POSE
    path.write_bytes(packed({**HEADER, "__metadata__": {"format": "pt"}}))
    assert read_checkpoint(path).size == "tiny"


def test_any_flipped_byte_in_the_header_is_refused_or_changes_nothing(path: Path) -> None:
    path.write_bytes(WHOLE)
    sound = read_checkpoint(path)
    choice = random.Random(3)
    refused = []
    for _ in range(250):
        at, bit = choice.randrange(8 + LENGTH), 1 << choice.randrange(8)
        path.write_bytes(WHOLE[:at] + bytes([WHOLE[at] ^ bit]) + WHOLE[at + 1 :])
        try:
            assert read_checkpoint(path) == sound, f"byte {at}, bit {bit}"
        except DataError as error:
            refused.append(error.message)
    assert len(refused) > 200
    assert all(message.startswith(f"{path}: ") for message in refused)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"task": Task.SEG}, "a checkpoint for pose, expected one for seg"),
        ({"size": "0.4b"}, "a checkpoint of size tiny, expected 0.4b"),
    ],
)
def test_a_checkpoint_of_another_task_or_size_is_refused(
    given: dict[str, Any], words: str, path: Path
) -> None:
    path.write_bytes(WHOLE)
    with pytest.raises(DataError, match=words) as raised:
        read_checkpoint(path, **given)
    assert FETCH in raised.value.hint


def test_a_folder_is_not_searched_for_a_task_that_its_only_file_is_not_for(tmp_path: Path) -> None:
    shutil.copy(TINY / "pose" / "model.safetensors", tmp_path)
    with pytest.raises(DataError, match="a checkpoint for pose, expected one for normal"):
        read_checkpoint(tmp_path, Task.NORMAL)


@pytest.mark.parametrize("where", ["nothing.safetensors", "no/folder/at/all.safetensors"])
def test_a_missing_file_is_unavailable_with_the_command_that_gets_it(where: str, tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match="no such file") as raised:
        read_checkpoint(tmp_path / where)
    assert raised.value.exit_code == 69
    assert str(tmp_path / where) in raised.value.message
    assert FETCH in raised.value.hint


def test_an_empty_folder_is_unavailable(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match="no weights") as raised:
        read_checkpoint(tmp_path)
    assert FETCH in raised.value.hint


def test_a_dangling_link_is_a_missing_file(path: Path) -> None:
    path.symlink_to("gone")
    with pytest.raises(UnavailableError, match="no such file"):
        read_checkpoint(path)


def test_what_is_no_file_is_not_waited_for(path: Path) -> None:
    os.mkfifo(path)
    with pytest.raises(DataError, match="not a file"):
        read_checkpoint(path)


def test_another_ending_is_refused(tmp_path: Path) -> None:
    (tmp_path / "weights.bin").write_bytes(WHOLE)
    with pytest.raises(DataError, match=r"expected a name that ends in \.safetensors"):
        read_checkpoint(tmp_path / "weights.bin")


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_file_that_may_not_be_read_is_denied(path: Path) -> None:
    path.write_bytes(WHOLE)
    path.chmod(0)
    with pytest.raises(DeniedError, match="may not be read"):
        read_checkpoint(path)


# ---- config.json -------------------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copytree(TINY / "pose", tmp_path, dirs_exist_ok=True)
    return tmp_path


@pytest.mark.parametrize(
    "content", [b"", b"{", b"\xff\xfe\x00", b"[" * 100_000], ids=["empty", "cut", "binary", "deep"]
)
def test_a_damaged_config_is_named_and_said_not_to_be_needed(content: bytes, folder: Path) -> None:
    (folder / "config.json").write_bytes(content)
    with pytest.raises(DataError, match=r"config\.json: cannot be read as JSON") as raised:
        read_checkpoint(folder)
    assert "not needed: remove it" in raised.value.hint


@pytest.mark.parametrize(
    ("key", "value"),
    [("hidden_size", 64), ("rope_theta", 10000.0), ("hidden_act", "gelu"), ("patch_size", [14, 14])],
)
def test_a_config_that_contradicts_the_weights_is_refused(key: str, value: object, folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, key: value}))
    with pytest.raises(DataError, match=f"{key} is .*, the weights beside it need"):
        read_checkpoint(folder)


@pytest.mark.parametrize(
    "content", ["[]", "null", '{"architectures": 3}', '{"architectures": ["ViT"], "hidden_size": 7}']
)
def test_a_config_about_something_else_is_left_alone(content: str, folder: Path) -> None:
    (folder / "config.json").write_text(content)
    assert read_checkpoint(folder).task is Task.POSE


# ---- changed between being read and being loaded -----------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (WHOLE[:-100], "transformers cannot load it"),
        (b"", "transformers cannot load it"),
        (added("backbone.extra"), "unexpected_keys: .*extra"),
        (without(QUERY), "missing_keys: .*q_proj"),
        (changed(QUERY, shape=[16, 64]), "mismatched_keys: .*q_proj"),
    ],
    ids=["cut off", "emptied", "tensor too many", "tensor missing", "other shape"],
)
def test_a_file_exchanged_after_it_was_recognised_is_still_not_half_loaded(
    content: bytes, words: str, path: Path
) -> None:
    path.write_bytes(WHOLE)
    checkpoint = read_checkpoint(path)
    path.unlink()
    path.write_bytes(content)
    with pytest.raises(DataError, match=words) as raised:
        load(checkpoint, Placement("cpu", "float32"))
    assert str(path) in raised.value.message
    assert FETCH in raised.value.hint


def test_a_file_removed_after_it_was_recognised_is_an_error_of_ours(path: Path) -> None:
    path.write_bytes(WHOLE)
    checkpoint = read_checkpoint(path)
    path.unlink()
    with pytest.raises(UprightError, match=NAME):
        load(checkpoint, Placement("cpu", "float32"))


def test_a_config_with_settings_of_its_own_is_compared_and_never_obeyed(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text())
    config |= {"transformers_weights": "../elsewhere.safetensors", "auto_map": {"AutoModel": "foreign.Model"}}
    (folder / "config.json").write_text(json.dumps(config))
    assert load(read_checkpoint(folder), Placement("cpu", "float32")).checkpoint.task is Task.POSE
