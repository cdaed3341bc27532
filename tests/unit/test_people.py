"""The person detector: exact boxes, the subject among several people, named errors, and nothing from the network.

`detector_tiny` is a D-FINE with random weights, written by transformers 4.53.3 in the form of the published
checkpoints, with what that version gives on `picture()`, resized by Pillow 13.
"""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from uprightd.domain import Box
from uprightd.errors import DataError, UnavailableError
from uprightd.sapiens2 import device
from uprightd.sapiens2.estimator import Sapiens2Pose
from uprightd.sapiens2.header import read_header
from uprightd.sapiens2.people.checkpoint import NAME, PUBLISHED, SIDE, read_detector
from uprightd.sapiens2.people.detector import Found, People, boxes_of, load_people
from uprightd.sapiens2.subject import choose, whole_frame

TINY = Path(__file__).parents[1] / "fixtures" / "detector_tiny"
CHAIR, PERSON, CAT = range(3)
WIDE, HIGH = 400, 200
PUBLISHED_BYTES = {"nano": 15_278_996, "small": 41_497_620}
"""Lengths of model.safetensors in the published repositories."""


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("something reached for the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the tiny detector that a test may damage."""
    return Path(shutil.copytree(TINY, tmp_path / "detector"))


def picture() -> np.ndarray:
    """The picture of the expected numbers: BGR uint8 (270, 480, 3)."""
    rows, columns = np.mgrid[0:270, 0:480]
    red = (columns * 7 + rows * 3) // 5
    green = ((rows - 90) ** 2 + (columns - 300) ** 2) // 200
    blue = rows * columns // 97
    return np.stack([blue % 256, green % 256, red % 256], -1).astype(np.uint8)


def black(width: int = WIDE, height: int = HIGH) -> np.ndarray:
    return np.zeros((height, width, 3), np.uint8)


def answer(*rows: tuple[int, float, tuple[float, float, float, float]]) -> Found:
    """Given class, score and relative box (centre, size) of each place, return what the network would say."""
    logits = np.full((len(rows), 3), -9.0, np.float32)
    for index, (kind, score, _) in enumerate(rows):
        logits[index, kind] = np.log(score / (1 - score))
    return Found(logits, np.array([box for *_, box in rows], np.float32).reshape(-1, 4))


class Scripted:
    """A network that says what it is told to."""

    def __init__(self, *answers: Found) -> None:
        self.answers = list(answers)
        self.closed = False

    def __call__(self, image: np.ndarray) -> Found:
        return self.answers.pop(0)

    def close(self) -> None:
        self.closed = True


# ---- from numbers to boxes --------------------------------------------------------------------------------


def test_a_box_is_scaled_from_shares_of_the_stretched_square_to_pixels_of_the_picture() -> None:
    found = answer((PERSON, 0.9, (0.5, 0.5, 0.25, 0.5)))
    assert boxes_of(found, PERSON, WIDE, HIGH) == [Box(150.0, 50.0, 100.0, 100.0)]


def test_people_come_surest_first_and_only_above_the_threshold() -> None:
    found = answer(
        (PERSON, 0.6, (0.25, 0.5, 0.1, 0.5)),
        (PERSON, 0.49, (0.5, 0.5, 0.1, 0.5)),
        (PERSON, 0.5, (0.5, 0.5, 0.2, 0.5)),
        (PERSON, 0.8, (0.75, 0.5, 0.1, 0.5)),
    )
    assert [box.x for box in boxes_of(found, PERSON, WIDE, HIGH)] == pytest.approx([280.0, 80.0], abs=1e-4)


def test_other_classes_are_ignored_even_where_a_person_is_likely_too() -> None:
    found = answer((CHAIR, 0.99, (0.2, 0.5, 0.1, 0.5)), (CAT, 0.99, (0.8, 0.5, 0.1, 0.5)))
    assert boxes_of(found, PERSON, WIDE, HIGH) == []
    found.logits[0, PERSON] = 0.1
    assert len(boxes_of(found, PERSON, WIDE, HIGH)) == 1


def test_a_box_over_the_edge_ends_at_the_last_row_and_column() -> None:
    found = answer((PERSON, 0.9, (0.5, 0.5, 3.0, 3.0)))
    assert boxes_of(found, PERSON, WIDE, HIGH) == [whole_frame(WIDE, HIGH)]


@pytest.mark.parametrize(
    "box", [(1.5, 0.5, 0.2, 0.5), (0.5, -1.0, 0.2, 0.5), (0.5, 0.5, 0.0, 0.5), (0.5, 0.5, -0.2, 0.5)]
)
def test_a_box_outside_the_picture_or_without_extent_is_nobody(
    box: tuple[float, float, float, float],
) -> None:
    assert boxes_of(answer((PERSON, 0.9, box)), PERSON, WIDE, HIGH) == []


def test_nobody_is_an_empty_list_and_no_fault() -> None:
    people = People(Scripted(answer(), answer((PERSON, 0.1, (0.5, 0.5, 0.2, 0.5)))), PERSON)
    assert (people(black()), people(black()), people.fault) == ([], [], "")


def test_an_enormous_logit_neither_overflows_nor_changes_the_order() -> None:
    found = answer(*((PERSON, 0.9, (place, 0.5, 0.1, 0.5)) for place in (0.2, 0.5, 0.8)))
    found.logits[:, PERSON] = 1.0, 3e38, -3e38
    assert [box.x for box in boxes_of(found, PERSON, WIDE, HIGH)] == pytest.approx([180.0, 60.0], abs=1e-4)


@pytest.mark.parametrize("number", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("part", ["logits", "boxes"])
def test_numbers_that_are_not_finite_give_nobody_and_say_so_until_the_next_sound_answer(
    number: float, part: str
) -> None:
    sound = answer((PERSON, 0.9, (0.5, 0.5, 0.2, 0.5)), (CAT, 0.9, (0.5, 0.5, 0.2, 0.5)))
    broken = Found(sound.logits.copy(), sound.boxes.copy())
    getattr(broken, part)[1, 0] = number
    people = People(Scripted(broken, sound), PERSON)
    assert people(black()) == []
    assert people.fault == "the person detector gave numbers that are not finite"
    assert len(people(black())) == 1
    assert people.fault == ""


# ---- the subject among several ----------------------------------------------------------------------------


def test_of_several_people_the_largest_and_most_central_is_chosen_then_kept() -> None:
    small, central, large = (0.1, 0.5, 0.1, 0.3), (0.5, 0.5, 0.3, 0.8), (0.85, 0.5, 0.3, 0.9)
    passing = (0.5, 0.5, 0.9, 1.0)
    people = People(
        Scripted(
            answer((PERSON, 0.99, small), (PERSON, 0.6, central), (PERSON, 0.9, large)),
            answer((PERSON, 0.99, passing), (PERSON, 0.6, (0.52, 0.5, 0.3, 0.8))),
        ),
        PERSON,
    )
    first = choose(people(black()), WIDE, HIGH)
    assert first is not None
    assert first == pytest.approx(Box(140.0, 20.0, 120.0, 160.0), abs=1e-3)
    assert choose(people(black()), WIDE, HIGH, first) == pytest.approx(
        Box(148.0, 20.0, 120.0, 160.0), abs=1e-3
    )


class Head:
    """A pose head that sees somebody filling the box it is given, or nobody when told so."""

    def __init__(self) -> None:
        self.boxes: list[Box] = []
        self.blind = False

    def keypoints(self, images: Any, boxes: Any, flip: bool, channels: Any) -> Any:
        self.boxes += boxes
        places = np.array(
            [
                [
                    (box.x + (index % 2) * box.width, box.y + (index % 3) / 2 * box.height)
                    for index in range(len(channels))
                ]
                for box in boxes
            ]
        )
        return SimpleNamespace(places=places, scores=np.full(places.shape[:2], 0.0 if self.blind else 0.9))

    def close(self) -> None:
        pass


def test_the_pose_looks_at_the_detected_subject_follows_it_and_asks_again_only_when_it_is_lost() -> None:
    left, right = (0.25, 0.5, 0.2, 0.8), (0.7, 0.5, 0.3, 0.9)
    network = Scripted(
        answer((PERSON, 0.99, left), (PERSON, 0.7, right), (CHAIR, 0.99, (0.5, 0.5, 1, 1))),
        answer((PERSON, 0.9, (0.5, 0.5, 0.9, 1.0)), (PERSON, 0.7, right)),
        answer((CAT, 0.9, left)),
    )
    head = Head()
    pose = Sapiens2Pose(head, "cpu", tracking=True, find_people=People(network, PERSON))
    assert pose.estimate([black()])[0] is not None
    chosen = Box(220.0, 10.0, 120.0, 180.0)
    assert head.boxes[-1] == pytest.approx(chosen, abs=1e-3)
    head.blind = True
    assert pose.estimate([black()]) == [None]  # followed without the detector, and lost
    assert len(network.answers) == 2
    head.blind = False
    assert pose.estimate([black()])[0] is not None
    assert head.boxes[-1] == pytest.approx(chosen, abs=1e-3), "a larger person passing by took over"
    head.blind = True
    pose.estimate([black()])
    looks = len(head.boxes)
    assert pose.estimate([black()]) == [None]
    assert len(head.boxes) == looks, "nobody was detected: there is nothing to look at"


def test_closing_gives_the_network_back() -> None:
    network = Scripted()
    People(network, PERSON).close()
    assert network.closed


# ---- what is on the disk ----------------------------------------------------------------------------------


@pytest.mark.parametrize("missing", ["", "nowhere", f"nowhere/{NAME}"])
def test_without_weights_it_says_what_decides_instead_and_how_to_get_some(
    missing: str, tmp_path: Path
) -> None:
    with pytest.raises(UnavailableError, match="no person detector here") as raised:
        load_people(tmp_path / missing)
    hint = raised.value.hint
    assert "the whole picture counts as one person" in hint
    assert "last keypoints" in hint
    assert "uprightd models fetch --task detect" in hint
    assert "uprightd models add --task detect PATH" in hint


def cut(folder: Path) -> None:
    path = folder / NAME
    path.write_bytes(path.read_bytes()[:-1000])


def replaced(name: str, content: bytes) -> Callable[[Path], None]:
    def replace(folder: Path) -> None:
        (folder / name).write_bytes(content)

    return replace


def flipped(folder: Path) -> None:
    path = folder / NAME
    content = bytearray(path.read_bytes())
    content[40] ^= 0xFF
    path.write_bytes(content)


def described(**changes: object) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        path = folder / "config.json"
        path.write_text(json.dumps({**json.loads(path.read_bytes()), **changes}))

    return change


def prepared(**settings: object) -> Callable[[Path], None]:
    return replaced("preprocessor_config.json", json.dumps(settings).encode())


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (cut, "cut off"),
        (flipped, "its header is damaged"),
        (replaced(NAME, b""), "the file is empty"),
        (replaced(NAME, b"<!doctype html><title>Sign in</title>"), "a web page"),
        (replaced(NAME, b"version https://git-lfs.github.com/spec/v1\n" + b"0" * 80), "Git LFS pointer"),
        (replaced(NAME, bytes(200_000)), "filled with zeros"),
        (replaced("config.json", b'{"model_type": "d_fine"'), "cannot be read as JSON"),
        (replaced("config.json", b"[]"), "holds no JSON object"),
        (described(model_type="rt_detr"), 'model_type is "rt_detr".* it is "d_fine"'),
        (described(model_type="sapiens2"), 'model_type is "sapiens2"'),
        (described(use_timm_backbone=True), "use_timm_backbone is true"),
        (described(backbone_config={"model_type": "resnet"}), 'model_type is "resnet".*"hgnet_v2"'),
        (described(backbone_config="hgnet_v2"), "backbone_config is no mapping"),
        (described(use_focal_loss=False), "use_focal_loss is false"),
        (described(anchor_image_size=[320, 320]), r"anchor_image_size is \[320, 320\]"),
        (described(id2label={"0": "chair", "1": "dog"}), "0 of its 2 classes are named person"),
        (described(id2label={"0": "person", "1": "Person "}), "2 of its 2 classes"),
        (described(id2label={"1": "person"}), "numbered from 0"),
        (described(id2label=None), "numbered from 0"),
        (prepared(size={"height": 320, "width": 320}), r'size is \{"height": 320'),
        (prepared(do_normalize=True), "do_normalize is true"),
    ],
)
def test_a_damaged_or_foreign_detector_is_named_and_refused_before_torch_is_needed(
    folder: Path, damage: Callable[[Path], None], words: str
) -> None:
    damage(folder)
    with pytest.raises(DataError, match=words) as raised:
        read_detector(folder)
    assert str(folder) in raised.value.message
    assert "models fetch --task detect" in raised.value.hint


def test_a_sapiens2_checkpoint_is_no_detector() -> None:
    with pytest.raises(DataError, match="not a person detector: expected the weights of a D-FINE network"):
        read_detector(TINY.parent / "sapiens2_tiny" / "pose")


def test_an_unknown_network_without_its_description_is_refused_rather_than_guessed(folder: Path) -> None:
    (folder / "config.json").unlink()
    with pytest.raises(DataError, match="not one of the networks known without a description") as raised:
        read_detector(folder)
    assert "Place the config.json" in raised.value.hint


def test_the_class_of_people_is_found_by_its_name_wherever_it_stands() -> None:
    assert read_detector(TINY).person == PERSON
    assert read_detector(TINY / NAME) == read_detector(TINY)


def test_without_torch_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device, "find_spec", lambda name: None if name == "torch" else object())
    with pytest.raises(UnavailableError, match="torch"):
        load_people(TINY)


def test_nothing_heavy_is_loaded_before_a_detector_is() -> None:
    code = (
        "import sys, uprightd.sapiens2.people.detector; print({'torch', 'transformers'} & sys.modules.keys())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8", timeout=60)
    assert (done.stdout.strip(), done.returncode) == ("set()", 0), done.stderr


# ---- the network itself -----------------------------------------------------------------------------------


@pytest.fixture
def transformers() -> Iterator[Any]:
    """The library; torch on one thread, as its threads wait for each other on a busy machine."""
    torch = pytest.importorskip("torch")
    library = pytest.importorskip("transformers")
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield library
    torch.set_num_threads(threads)


@pytest.fixture
def expected() -> Any:
    return np.load(TINY / "expected.npz")


@pytest.mark.parametrize(("part", "enlarged_by"), [("enlarged", 1), ("reduced", 4)])
def test_the_input_is_what_pillow_makes_of_the_picture(
    transformers: Any, expected: Any, part: str, enlarged_by: int
) -> None:
    from uprightd.sapiens2.people.network import input_of

    image = np.kron(picture(), np.ones((enlarged_by, enlarged_by, 1), np.uint8))
    pixels = input_of(image)
    assert pixels.shape == (1, 3, SIDE, SIDE)
    ours = (pixels[0].permute(1, 2, 0).numpy() * 255)[::16, ::16]
    assert np.abs(ours - expected[part]).max() <= 1.01
    assert np.abs(ours - expected[part]).mean() < 0.02


@pytest.mark.parametrize("shape", [(1, 1), (37, 1000), (1080, 1920)])
def test_the_input_has_one_shape_whatever_the_picture(transformers: Any, shape: tuple[int, int]) -> None:
    from uprightd.sapiens2.people.network import input_of

    image = np.full((*shape, 3), (10, 20, 30), np.uint8)
    image.setflags(write=False)
    pixels = input_of(image)
    assert pixels.shape == (1, 3, SIDE, SIDE)
    assert pixels.mean((0, 2, 3)).tolist() == pytest.approx([30 / 255, 20 / 255, 10 / 255])


def test_a_checkpoint_in_the_published_form_gives_the_numbers_it_gave_when_it_was_written(
    transformers: Any, expected: Any
) -> None:
    from uprightd.sapiens2.people.network import load

    found = load(read_detector(TINY), "cpu")(picture())
    np.testing.assert_allclose(found.logits, expected["logits"], atol=1e-3)
    np.testing.assert_allclose(found.boxes, expected["boxes"], atol=1e-3)


def test_from_files_to_boxes_alike_every_time(transformers: Any, expected: Any) -> None:
    people = load_people(TINY)
    boxes = people(picture())
    reference = boxes_of(Found(expected["logits"], expected["boxes"]), PERSON, 480, 270)
    assert len(boxes) == (expected["logits"][:, PERSON] > 0).sum() == 7
    for ours, theirs in zip(boxes, reference, strict=True):
        assert ours == pytest.approx(theirs, abs=0.5)
    assert people(picture()) == boxes == load_people(TINY / NAME)(picture())
    assert choose(boxes, 480, 270) in boxes
    people.close()


def test_loading_is_silent(transformers: Any, capfd: pytest.CaptureFixture[str]) -> None:
    load_people(TINY)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("size", PUBLISHED)
def test_the_networks_known_by_heart_are_byte_for_byte_as_long_as_the_published_files(
    transformers: Any, size: str, tmp_path: Path
) -> None:
    from uprightd.sapiens2.network import silence

    config = transformers.DFineConfig.from_dict({**PUBLISHED[size], "num_labels": 80})
    with silence():
        transformers.DFineForObjectDetection(config).save_pretrained(tmp_path)
    assert (tmp_path / NAME).stat().st_size == PUBLISHED_BYTES[size]


def test_a_published_network_needs_no_description(transformers: Any, tmp_path: Path) -> None:
    from uprightd.sapiens2.network import silence

    config = transformers.DFineConfig.from_dict({**PUBLISHED["nano"], "num_labels": 80})
    model = transformers.DFineForObjectDetection(config)
    for weights in model.parameters():  # no two alike, none of them zero, as in trained ones
        weights.data += 0.01 * weights.new_empty(weights.shape).uniform_(-1, 1)
    with silence():
        model.save_pretrained(tmp_path)
    (tmp_path / "config.json").unlink()
    path = (tmp_path / NAME).rename(tmp_path / "dfine-nano.safetensors")
    assert read_detector(path).person == 0
    load_people(path).close()


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (described(decoder_layers=3), "missing_keys: "),
        (described(num_denoising=0), "unexpected_keys: "),
        (described(decoder_ffn_dim=24), "mismatched_keys: "),
        (described(d_model="wide"), "cannot load it"),
        (described(decoder_attention_heads=5), "cannot load it"),
        (described(num_queries=10**6), "does not run as its config.json describes it"),
    ],
)
def test_a_description_of_another_network_is_refused_while_loading(
    transformers: Any, folder: Path, damage: Callable[[Path], None], words: str
) -> None:
    damage(folder)
    with pytest.raises(DataError, match=words):
        load_people(folder)


def overwritten(folder: Path, name: str, content: Callable[[bytes], bytes]) -> None:
    """Change the bytes of one tensor in the folder's weights."""
    path = folder / NAME
    tensor = read_header(path)[name]
    data = bytearray(path.read_bytes())
    data[tensor.begin : tensor.end] = content(bytes(data[tensor.begin : tensor.end]))
    path.write_bytes(data)


def test_weights_that_give_nonsense_are_refused_while_loading(transformers: Any, folder: Path) -> None:
    not_a_number = np.float32(np.nan).tobytes()
    overwritten(
        folder, "model.decoder.class_embed.1.bias", lambda old: not_a_number * (len(old) // len(not_a_number))
    )
    with pytest.raises(DataError, match="numbers that are not finite"):
        load_people(folder)


def test_the_faulty_first_conversion_is_recognised(transformers: Any, folder: Path) -> None:
    attention = "model.decoder.layers.0.self_attn"
    values = read_header(folder / NAME)[f"{attention}.v_proj.weight"]
    copy = (folder / NAME).read_bytes()[values.begin : values.end]
    overwritten(folder, f"{attention}.k_proj.weight", lambda _: copy)
    with pytest.raises(DataError, match="the faulty first conversion of D-FINE"):
        load_people(folder)
