"""What finds skin: Sapiens2's segmentation on the tiny fixture, and the light backend on a photograph and a clip."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from tests.fakes.photographs import astronaut, face_mask
from tests.fakes.weights import install

from uprightd.config.schema import Config
from uprightd.derm.examine import Asked, examine
from uprightd.derm.regions import PARTS, find_regions, parse_wanted
from uprightd.domain import Box
from uprightd.errors import UnavailableError
from uprightd.paths import Paths
from uprightd.pose.skin import SegmentedSkin, SkinFinder, load_light_skin
from uprightd.sapiens2.checkpoint import read_checkpoint
from uprightd.sapiens2.device import Placement
from uprightd.sapiens2.network import load
from uprightd.sapiens2.segmentation import SegmentationHead
from uprightd.service.skin import check_parts, choose_skin, load_skin

TINY = Path(__file__).parents[1] / "fixtures" / "sapiens2_tiny" / "seg" / "model.safetensors"
CLIPS = Path(__file__).parents[1] / "clips"


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    return Paths(*[tmp_path / name for name in ("config", "data", "cache", "logs", "run")])


def config(**pose: object) -> Config:
    return Config.model_validate({"pose": pose})


# ---- which one -----------------------------------------------------------------------------------------------


def test_without_its_segmentation_the_light_backend_looks_and_says_why(paths: Paths) -> None:
    choice = choose_skin(config(), paths)
    assert (choice.name, choice.weights) == ("mediapipe", None)
    assert "no weights of Sapiens2's segmentation" in choice.why
    with pytest.raises(UnavailableError, match="no weights of Sapiens2's segmentation") as caught:
        choose_skin(config(backend="sapiens2"), paths)
    assert "uprightd models fetch --task seg" in caught.value.hint


def test_pose_weights_alone_do_not_make_it_sapiens2(paths: Paths) -> None:
    install(paths.models, TINY, "pose")
    assert choose_skin(config(), paths).name == "mediapipe"
    file = install(paths.models, TINY, "seg")
    assert (choose_skin(config(), paths).name, choose_skin(config(), paths).weights) == ("sapiens2", file)
    assert choose_skin(config(backend="mediapipe"), paths).name == "mediapipe"


def test_what_the_light_backend_cannot_find_is_refused_when_it_was_named(paths: Paths) -> None:
    light = choose_skin(config(), paths)
    check_parts(light, parse_wanted(""), explicit=False)
    check_parts(light, parse_wanted("face,hands"), explicit=True)
    with pytest.raises(UnavailableError, match="feet cannot be found by the light backend"):
        check_parts(light, parse_wanted("hands,feet"), explicit=True)


# ---- Sapiens2 ------------------------------------------------------------------------------------------------


def test_from_the_segmentation_head_to_regions_every_pixel_keeps_its_class(paths: Paths) -> None:
    """The wiring, proved on the tiny network: whatever it says, that is what is cut out."""
    file = install(paths.models, TINY, "seg")
    chosen = config(resolution="512x384", device="cpu", dtype="float32")
    image = cv2.resize(astronaut(), (130, 90))
    finder = load_skin(choose_skin(chosen, paths), chosen)
    seen = finder.look(image)
    finder.close()
    assert (finder.name, finder.parts) == ("sapiens2 tiny", frozenset(PARTS))
    head = SegmentationHead(load(read_checkpoint(file), Placement("cpu", "float32")), (512, 384))
    expected = head.classes(image)
    assert np.array_equal(seen.classes, expected)
    assert seen.people == 1
    assert "no person detector" in seen.notes[0]
    wanted = parse_wanted("all")
    examined = examine(image, "a.png", seen.classes, seen.people, seen.notes, Asked(wanted))
    assert len(examined.found) >= 3
    for found in examined.found:
        ids = PARTS[found.region.part][found.region.side]
        inside = np.zeros(expected.shape, bool)
        inside[found.region.box.window] = found.region.mask
        assert np.isin(expected[inside], ids).all()
        assert inside.sum() == found.region.area


class Head:
    """Stands in for the segmentation: half of the picture is a torso, or nothing is anybody."""

    def __init__(self, share: float) -> None:
        self.share = share

    def classes(self, image: np.ndarray) -> np.ndarray:
        classes = np.zeros(image.shape[:2], np.uint8)
        classes[: round(self.share * len(classes))] = 22
        return classes

    def close(self) -> None: ...


class People:
    """Stands in for the detector."""

    def __init__(self, heights: list[float], fault: str = "") -> None:
        self.heights, self.fault = heights, fault

    def __call__(self, image: np.ndarray) -> list[Box]:
        return [Box(0, 0, 10, height) for height in self.heights]

    def close(self) -> None: ...


@pytest.mark.parametrize(
    ("share", "people", "count"),
    [
        (0.0, People([80]), 0),
        (0.5, People([80]), 1),
        (0.5, People([80, 70]), 2),
        (0.5, People([80, 10]), 1),
        (0.5, People([]), 1),
        (0.5, People([], "numbers that are not finite"), 1),
        (0.5, None, 1),
    ],
    ids=["nobody", "one", "two", "one far behind", "the detector sees nobody", "it fails", "there is none"],
)
def test_people_are_counted_where_a_detector_is_installed(
    share: float, people: People | None, count: int
) -> None:
    seen = SegmentedSkin(Head(share), people, "sapiens2 0.4b", "cpu").look(np.zeros((100, 100, 3), np.uint8))
    assert seen.people == count
    assert bool(seen.notes) == (people is None or bool(people.fault))


# ---- the light backend ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def light() -> Iterator[SkinFinder]:
    finder = load_light_skin()
    yield finder
    finder.close()


def test_the_astronaut_s_face_is_outlined_with_the_neck_and_without_hair_and_suit(light: SkinFinder) -> None:
    seen = light.look(astronaut())
    assert seen.people == 1
    (face,) = find_regions(seen.classes, parse_wanted("all"))
    mask = np.zeros((512, 512), bool)
    mask[face.box.window] = face.mask
    assert (mask & face_mask()).sum() > 0.85 * face_mask().sum()
    assert not mask[:50].any(), "hair"
    assert not mask[200:].any(), "suit"
    assert mask[182:186].any(), "the neck below the chin, down to the black collar"
    assert any("light backend" in note for note in seen.notes)


def test_a_hand_is_found_on_the_subject_s_own_side(light: SkinFinder) -> None:
    reader = cv2.VideoCapture(str(CLIPS / "sit_side_m.mp4"))
    ok, frame = reader.read()
    reader.release()
    assert ok
    for image, name in ((frame, "left_hand"), (frame[:, ::-1].copy(), "right_hand")):
        seen = light.look(image)
        regions = find_regions(seen.classes, parse_wanted("hands"))
        assert [region.name for region in regions] == [name], "he sits with his left side to the camera"
        assert 25 < regions[0].box.width < 90


def test_nobody_and_two_people_are_counted(light: SkinFinder) -> None:
    assert light.look(np.full((240, 320, 3), 127, np.uint8)).people == 0
    pair = np.hstack((astronaut()[:, 100:400], astronaut()[:, 100:400]))
    assert light.look(pair).people == 2
