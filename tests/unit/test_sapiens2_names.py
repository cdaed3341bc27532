"""The 308 keypoints, their mirror pairs and our names for them; the 29 segmentation classes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from uprightd import domain
from uprightd.domain import COCO_17, FEET
from uprightd.sapiens2 import classes
from uprightd.sapiens2.names import FACE, FLIP_PAIRS, GROUPS, MIRROR, NAMES, NEEDED, OURS

TINY = Path(__file__).parents[1] / "fixtures" / "sapiens2_tiny"
CONFIG = json.loads((TINY / "pose" / "config.json").read_text())
SEG_CONFIG = json.loads((TINY / "seg" / "config.json").read_text())

COCO_CHANNELS = (0, 1, 2, 3, 4, 5, 6, 7, 8, 62, 41, 9, 10, 11, 12, 13, 14)
FEET_CHANNELS = (17, 20, 15, 18, 16, 19)


def test_the_names_are_those_of_the_checkpoint_in_its_order() -> None:
    assert list(NAMES) == [CONFIG["id2label"][str(index)] for index in range(308)]
    assert len(set(NAMES)) == 308


def test_the_mirror_pairs_are_those_of_the_checkpoint() -> None:
    assert [list(pair) for pair in FLIP_PAIRS] == CONFIG["flip_pairs"]
    assert len(FLIP_PAIRS) == 146


def test_mirroring_twice_changes_nothing_and_swaps_left_and_right() -> None:
    assert [MIRROR[MIRROR[index]] for index in range(308)] == list(range(308))
    assert sum(MIRROR[index] == index for index in range(308)) == 16
    assert NAMES[MIRROR[NAMES.index("left_wrist")]] == "right_wrist"
    assert NAMES[MIRROR[NAMES.index("r_outer_corner_of_mouth")]] == "l_outer_corner_of_mouth"


def test_the_seventeen_coco_points_and_the_feet_are_where_metas_file_says() -> None:
    assert tuple(OURS[name] for name in COCO_17) == COCO_CHANNELS
    assert tuple(OURS[name] for name in FEET) == FEET_CHANNELS
    assert [OURS[name] for name in ("neck", "left_acromion", "right_acromion")] == [69, 67, 68]


@pytest.mark.parametrize(
    ("ours", "metas"),
    [
        ("glabella", "center_of_glabella"),
        ("nose_root", "center_of_nose_root"),
        ("nose_tip", "tip_of_nose"),
        ("chin_tip", "tip_of_chin"),
        ("left_eye_inner", "l_inner_end_of_upper_lash_line"),
        ("right_eye_outer", "r_outer_end_of_upper_lash_line"),
        ("left_mouth_corner", "l_outer_corner_of_mouth"),
        ("right_nose_wing", "r_outer_corner_of_nose"),
        ("left_tragus", "l_protruding_point_of_tragus"),
        ("right_ear_lobe", "r_bottom_connecting_point_of_ear_lobe"),
        ("left_brow_inner", "upper_startpoint_of_l_eyebrow"),
        ("right_brow_arch", "upper_midpoint_1_of_r_eyebrow"),
        ("left_brow_outer", "end_of_l_eyebrow"),
    ],
)
def test_our_face_points_are_metas_points_of_the_same_place(ours: str, metas: str) -> None:
    assert NAMES[FACE[ours]] == metas


def test_every_face_point_that_backends_share_is_there() -> None:
    assert set(domain.FACE) - set(OURS) == set()


def test_left_and_right_of_our_names_are_mirror_pairs() -> None:
    for name, channel in OURS.items():
        if name.startswith("left_"):
            assert MIRROR[channel] == OURS[name.replace("left_", "right_")], name


def test_each_of_our_names_has_a_channel_of_its_own() -> None:
    assert len(set(OURS.values())) == len(OURS) == len(NEEDED) == 53
    assert len(FACE) >= 20


def test_the_groups_share_out_all_channels() -> None:
    assert sorted(channel for group in GROUPS.values() for channel in group) == list(range(308))
    assert {name: len(group) for name, group in GROUPS.items()} == {
        "body": 24,
        "feet": 6,
        "hands": 40,
        "face": 238,
    }


def test_the_segmentation_has_as_many_classes_as_the_checkpoint_each_with_its_own_colour() -> None:
    assert len(classes.CLASSES) == len(SEG_CONFIG["id2label"]) == 29
    assert len({it.colour for it in classes.CLASSES}) == 29
    assert classes.CLASSES[3] == ("Face_Neck", (128, 200, 255))
    assert classes.CLASSES[15] == ("Right_Hand", (255, 0, 0))
    assert classes.CLASSES[28] == ("Tongue", (82, 21, 114))


def test_the_unions_of_classes_hold_what_they_say() -> None:
    def named(ids: tuple[int, ...]) -> set[str]:
        return {classes.CLASSES[it].name for it in ids}

    assert classes.CLASSES[classes.BACKGROUND].name == "Background"
    assert len(classes.PERSON) == 28
    assert named(classes.FOOTWEAR) == {"Left_Shoe", "Right_Shoe", "Left_Sock", "Right_Sock"}
    assert named(classes.BARE_FEET) == {"Left_Foot", "Right_Foot"}
    assert named(classes.HANDS) == {"Left_Hand", "Right_Hand"}
    assert named(classes.CLOTHING) == {"Apparel", "Lower_Clothing", "Upper_Clothing"}
    assert named(classes.MOUTH) == {"Lower_Lip", "Upper_Lip", "Lower_Teeth", "Upper_Teeth", "Tongue"}
    assert named(classes.SKIN) >= {"Face_Neck", "Torso"} | named(classes.HANDS) | named(classes.BARE_FEET)
    assert len(classes.SKIN) == 14
