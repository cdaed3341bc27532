"""The 29 classes of the segmentation head: names, colours and useful unions.

From Meta's `docs/SEG.md` and `seg_utils.py` (repository sapiens2, commit 3098c14). Left and right are the
subject's own.
"""

from __future__ import annotations

from typing import NamedTuple


class SegmentClass(NamedTuple):
    """A class of the segmentation: its name and the colour (red, green, blue) Meta draws it in."""

    name: str
    colour: tuple[int, int, int]


CLASSES = (
    SegmentClass("Background", (50, 50, 50)),
    SegmentClass("Apparel", (255, 218, 0)),
    SegmentClass("Eyeglass", (14, 204, 182)),
    SegmentClass("Face_Neck", (128, 200, 255)),
    SegmentClass("Hair", (255, 0, 109)),
    SegmentClass("Left_Foot", (189, 0, 204)),
    SegmentClass("Left_Hand", (255, 0, 218)),
    SegmentClass("Left_Lower_Arm", (0, 160, 204)),
    SegmentClass("Left_Lower_Leg", (0, 255, 145)),
    SegmentClass("Left_Shoe", (204, 0, 131)),
    SegmentClass("Left_Sock", (182, 0, 255)),
    SegmentClass("Left_Upper_Arm", (255, 109, 0)),
    SegmentClass("Left_Upper_Leg", (0, 255, 255)),
    SegmentClass("Lower_Clothing", (72, 0, 255)),
    SegmentClass("Right_Foot", (204, 131, 0)),
    SegmentClass("Right_Hand", (255, 0, 0)),
    SegmentClass("Right_Lower_Arm", (72, 255, 0)),
    SegmentClass("Right_Lower_Leg", (189, 204, 0)),
    SegmentClass("Right_Shoe", (182, 255, 0)),
    SegmentClass("Right_Sock", (102, 0, 204)),
    SegmentClass("Right_Upper_Arm", (32, 72, 204)),
    SegmentClass("Right_Upper_Leg", (0, 145, 255)),
    SegmentClass("Torso", (14, 204, 0)),
    SegmentClass("Upper_Clothing", (0, 128, 72)),
    SegmentClass("Lower_Lip", (235, 205, 119)),
    SegmentClass("Upper_Lip", (115, 227, 112)),
    SegmentClass("Lower_Teeth", (157, 113, 143)),
    SegmentClass("Upper_Teeth", (132, 93, 50)),
    SegmentClass("Tongue", (82, 21, 114)),
)
"""The index is the class id."""

BACKGROUND = 0
PERSON = tuple(range(1, 29))
SKIN = (3, 5, 6, 7, 8, 11, 12, 14, 15, 16, 17, 20, 21, 22)
"""Bare body: face and neck, feet, hands, arms, legs, torso."""
CLOTHING = (1, 13, 23)
FOOTWEAR = (9, 10, 18, 19)
"""Shoes and socks."""
BARE_FEET = (5, 14)
HANDS = (6, 15)
MOUTH = (24, 25, 26, 27, 28)
