"""Regions and crops of drawn masks, exact to the pixel."""

from __future__ import annotations

import numpy as np
import pytest

from uprightd.derm.crops import HIDDEN, cut, dim, with_margin
from uprightd.derm.examine import Asked, examine
from uprightd.derm.regions import DEFAULT, PARTS, Rect, find_regions, parse_wanted, parts_in
from uprightd.errors import DataError, UsageError
from uprightd.sapiens2.classes import CLASSES, SKIN

ID = {each.name: index for index, each in enumerate(CLASSES)}
SIZE = (200, 300)
"""Height and width."""


def drawn(**boxes: tuple[int, int, int, int]) -> np.ndarray:
    """Given classes by name and (x, y, width, height), return class ids with them drawn in this order."""
    classes = np.zeros(SIZE, np.uint8)
    for name, box in boxes.items():
        classes[Rect(*box).window] = ID[name.rstrip("0123456789")]
    return classes


def names(classes: np.ndarray, wanted: str = "all") -> list[str]:
    return [region.name for region in find_regions(classes, parse_wanted(wanted))]


# ---- what is asked for ---------------------------------------------------------------------------------------


def test_every_skin_class_but_the_face_s_belongs_to_a_default_part_and_the_face_has_to_be_asked_for() -> None:
    of = {part: {ident for ids in sides.values() for ident in ids} for part, sides in PARTS.items()}
    assert set().union(*(of[part] for part in DEFAULT)) == set(SKIN) - {ID["Face_Neck"]}
    assert not parse_wanted("").face
    assert parse_wanted("face").face
    assert parse_wanted("all").face


def test_parts_and_single_sides_can_be_asked_for_in_any_order_once_each() -> None:
    assert parse_wanted("hands, left foot,left_hand").pairs == (
        ("hands", "left"),
        ("hands", "right"),
        ("feet", "left"),
    )


@pytest.mark.parametrize(("text", "near"), [("hand", "hands"), ("left_hnd", "left_hand"), ("tors", "torso")])
def test_an_unknown_region_names_the_nearest(text: str, near: str) -> None:
    with pytest.raises(UsageError, match=f"did you mean '{near}'"):
        parse_wanted(text)


# ---- regions -------------------------------------------------------------------------------------------------


def test_a_region_s_box_mask_area_and_share_are_exact() -> None:
    classes = drawn(Left_Hand=(40, 50, 30, 20))
    classes[50, 40] = 0
    (region,) = find_regions(classes, parse_wanted("hands"))
    assert (region.name, region.part, region.side, region.title) == (
        "left_hand",
        "hands",
        "left",
        "Left hand",
    )
    assert region.box == Rect(40, 50, 30, 20)
    assert (region.area, region.share) == (599, 599 / 60_000)
    assert region.mask.shape == (20, 30)
    assert region.mask.sum() == 599
    assert not region.mask[0, 0]


def test_left_and_right_that_touch_stay_apart() -> None:
    classes = drawn(Left_Hand=(100, 50, 40, 40), Right_Hand=(140, 50, 40, 40))
    left, right = find_regions(classes, parse_wanted("hands"))
    assert (left.name, left.box, left.area) == ("left_hand", Rect(100, 50, 40, 40), 1600)
    assert (right.name, right.box, right.area) == ("right_hand", Rect(140, 50, 40, 40), 1600)


def test_upper_and_lower_arm_are_one_region_until_a_sleeve_parts_them() -> None:
    joined = drawn(Left_Upper_Arm=(10, 10, 20, 60), Left_Lower_Arm=(10, 70, 20, 50))
    (arm,) = find_regions(joined, parse_wanted("arms"))
    assert (arm.name, arm.box) == ("left_arm", Rect(10, 10, 20, 110))
    parted = drawn(
        Left_Upper_Arm=(10, 10, 20, 60), Upper_Clothing=(10, 70, 20, 5), Left_Lower_Arm=(10, 75, 20, 50)
    )
    assert [(it.name, it.area) for it in find_regions(parted, parse_wanted("arms"))] == [
        ("left_arm", 1200),
        ("left_arm_2", 1000),
    ]


def test_pieces_that_touch_by_a_corner_are_one() -> None:
    assert names(drawn(Torso1=(10, 10, 20, 20), Torso2=(30, 30, 20, 20))) == ["torso"]


def test_small_islands_are_dropped_by_the_frame_s_and_the_largest_piece_s_area() -> None:
    smallest = 30  # 0.0005 of 60,000
    assert names(drawn(Torso1=(10, 10, 6, 5))) == ["torso"], f"{smallest} pixels are enough"
    assert names(drawn(Torso1=(10, 10, 29, 1))) == []
    twenty_fifth = drawn(Torso1=(10, 10, 100, 100), Torso2=(150, 10, 20, 24))
    assert names(twenty_fifth) == ["torso"], "480 of 10,000 is an island"
    assert names(drawn(Torso1=(10, 10, 100, 100), Torso2=(150, 10, 20, 25))) == ["torso", "torso_2"]


def test_lips_belong_to_the_face_and_hair_and_clothes_to_nothing() -> None:
    classes = drawn(
        Face_Neck=(50, 20, 60, 80), Upper_Lip=(70, 70, 20, 5), Hair=(50, 5, 60, 15), Apparel=(0, 150, 300, 50)
    )
    (face,) = find_regions(classes, parse_wanted("all"))
    assert (face.name, face.area) == ("face", 4800)
    assert parts_in(classes) == ["face"]


# ---- crops ---------------------------------------------------------------------------------------------------

IMAGE = np.random.default_rng(0).integers(0, 256, (*SIZE, 3), np.uint8)


def test_the_margin_is_a_share_of_the_longer_side_and_ends_at_the_picture_s_edge() -> None:
    assert with_margin(Rect(100, 50, 40, 20), 0.1, (*SIZE, 3)) == Rect(96, 46, 48, 28)
    assert with_margin(Rect(100, 50, 40, 20), 0.0, (*SIZE, 3)) == Rect(100, 50, 40, 20)
    assert with_margin(Rect(2, 0, 40, 20), 0.1, (*SIZE, 3)) == Rect(0, 0, 46, 24)
    assert with_margin(Rect(270, 185, 30, 15), 0.5, (*SIZE, 3)) == Rect(255, 170, 45, 30)


def test_a_crop_holds_the_picture_s_own_pixels_and_around_the_region_three_tenths_of_them() -> None:
    classes = drawn(Left_Foot=(100, 50, 40, 20))
    (region,) = find_regions(classes, parse_wanted("feet"))
    crop = cut(IMAGE, region, classes, 0.1)
    assert crop.frame == Rect(96, 46, 48, 28)
    assert np.array_equal(crop.picture, IMAGE[46:74, 96:144])
    assert crop.mask.sum() == 800
    assert crop.mask[4:24, 4:44].all()
    assert np.array_equal(crop.dimmed[crop.mask], crop.picture[crop.mask])
    outside = crop.picture[~crop.mask].astype(float)
    assert np.abs(crop.dimmed[~crop.mask] - 0.3 * outside).max() <= 0.5
    assert crop.hidden == 0


def test_dimming_is_exact_for_every_value() -> None:
    ramp = np.repeat(np.arange(256, dtype=np.uint8)[:, None, None], 3, axis=2)
    assert dim(ramp, np.zeros((256, 1), bool))[[0, 10, 100, 255], 0, 0].tolist() == [0, 3, 30, 76]
    assert np.array_equal(dim(ramp, np.ones((256, 1), bool)), ramp)


def test_a_face_nobody_asked_for_is_covered_in_the_crop_of_its_neighbour() -> None:
    classes = drawn(Torso=(100, 60, 60, 60), Face_Neck=(115, 20, 30, 40), Left_Hand=(100, 100, 20, 20))
    torso, face = find_regions(classes, parse_wanted("torso,face"))
    crop = cut(IMAGE, torso, classes, 0.5)
    covered = (crop.picture == HIDDEN).all(axis=2)
    seen = classes[crop.frame.window] == ID["Face_Neck"]
    assert covered[seen].all()
    assert np.array_equal(crop.picture[crop.mask], IMAGE[crop.frame.window][crop.mask]), (
        "the skin itself is whole"
    )
    assert crop.hidden >= seen.sum() > 0
    assert cut(IMAGE, face, classes, 0.5).hidden == 0


# ---- who and what is in the picture --------------------------------------------------------------------------


def test_nobody_several_people_no_skin_and_other_skin_are_told_apart() -> None:
    asked = Asked(parse_wanted(""))
    hand, face = drawn(Left_Hand=(100, 60, 60, 60)), drawn(Face_Neck=(100, 60, 60, 60))
    cases = (
        (hand, 0, "nobody was found in this picture"),
        (hand, 2, "2 people are in this picture"),
        (drawn(Apparel=(50, 50, 100, 100)), 1, "no bare skin is in view"),
        (face, 1, "there is face"),
    )
    for classes, people, words in cases:
        with pytest.raises(DataError, match=words) as caught:
            examine(IMAGE, "a.jpg", classes, people, (), asked)
        assert caught.value.message.startswith("a.jpg: ")
        assert caught.value.hint
    assert [it.region.name for it in examine(IMAGE, "a.jpg", hand, 1, (), asked).found] == ["left_hand"]


@pytest.mark.parametrize("name", ["neck", "Face_Neck", "face-neck"])
def test_the_class_of_face_and_neck_has_its_other_names(name: str) -> None:
    assert parse_wanted(name) == parse_wanted("face")
