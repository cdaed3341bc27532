"""The 308 keypoints of the pose head: their names in channel order, mirror pairs, groups, and our names for some.

From Meta's `configs/_base_/keypoints308.py` (repository sapiens2, commit 3098c14). Left and right are the
subject's own. The numbering is not COCO's: the wrists are 62 and 41, the hips begin at 9.
"""

from __future__ import annotations

from uprightd.domain import COCO_17, FEET

_IN_ORDER = """
nose left_eye right_eye left_ear right_ear left_shoulder right_shoulder left_elbow right_elbow left_hip
right_hip left_knee right_knee left_ankle right_ankle left_big_toe left_small_toe left_heel right_big_toe
right_small_toe right_heel right_thumb4 right_thumb3 right_thumb2 right_thumb_third_joint
right_forefinger4 right_forefinger3 right_forefinger2 right_forefinger_third_joint right_middle_finger4
right_middle_finger3 right_middle_finger2 right_middle_finger_third_joint right_ring_finger4
right_ring_finger3 right_ring_finger2 right_ring_finger_third_joint right_pinky_finger4
right_pinky_finger3 right_pinky_finger2 right_pinky_finger_third_joint right_wrist left_thumb4 left_thumb3
left_thumb2 left_thumb_third_joint left_forefinger4 left_forefinger3 left_forefinger2
left_forefinger_third_joint left_middle_finger4 left_middle_finger3 left_middle_finger2
left_middle_finger_third_joint left_ring_finger4 left_ring_finger3 left_ring_finger2
left_ring_finger_third_joint left_pinky_finger4 left_pinky_finger3 left_pinky_finger2
left_pinky_finger_third_joint left_wrist left_olecranon right_olecranon left_cubital_fossa
right_cubital_fossa left_acromion right_acromion neck center_of_glabella center_of_nose_root
tip_of_nose_bridge midpoint_1_of_nose_bridge midpoint_2_of_nose_bridge midpoint_3_of_nose_bridge
center_of_labiomental_groove tip_of_chin upper_startpoint_of_r_eyebrow lower_startpoint_of_r_eyebrow
end_of_r_eyebrow upper_midpoint_1_of_r_eyebrow lower_midpoint_1_of_r_eyebrow upper_midpoint_2_of_r_eyebrow
upper_midpoint_3_of_r_eyebrow lower_midpoint_2_of_r_eyebrow lower_midpoint_3_of_r_eyebrow
upper_startpoint_of_l_eyebrow lower_startpoint_of_l_eyebrow end_of_l_eyebrow upper_midpoint_1_of_l_eyebrow
lower_midpoint_1_of_l_eyebrow upper_midpoint_2_of_l_eyebrow upper_midpoint_3_of_l_eyebrow
lower_midpoint_2_of_l_eyebrow lower_midpoint_3_of_l_eyebrow l_inner_end_of_upper_lash_line
l_outer_end_of_upper_lash_line l_centerpoint_of_upper_lash_line l_midpoint_2_of_upper_lash_line
l_midpoint_1_of_upper_lash_line l_midpoint_6_of_upper_lash_line l_midpoint_5_of_upper_lash_line
l_midpoint_4_of_upper_lash_line l_midpoint_3_of_upper_lash_line l_outer_end_of_upper_eyelid_line
l_midpoint_6_of_upper_eyelid_line l_midpoint_2_of_upper_eyelid_line l_midpoint_5_of_upper_eyelid_line
l_centerpoint_of_upper_eyelid_line l_midpoint_4_of_upper_eyelid_line l_midpoint_1_of_upper_eyelid_line
l_midpoint_3_of_upper_eyelid_line l_midpoint_6_of_upper_crease_line l_midpoint_2_of_upper_crease_line
l_midpoint_5_of_upper_crease_line l_centerpoint_of_upper_crease_line l_midpoint_4_of_upper_crease_line
l_midpoint_1_of_upper_crease_line l_midpoint_3_of_upper_crease_line r_inner_end_of_upper_lash_line
r_outer_end_of_upper_lash_line r_centerpoint_of_upper_lash_line r_midpoint_1_of_upper_lash_line
r_midpoint_2_of_upper_lash_line r_midpoint_3_of_upper_lash_line r_midpoint_4_of_upper_lash_line
r_midpoint_5_of_upper_lash_line r_midpoint_6_of_upper_lash_line r_outer_end_of_upper_eyelid_line
r_midpoint_3_of_upper_eyelid_line r_midpoint_1_of_upper_eyelid_line r_midpoint_4_of_upper_eyelid_line
r_centerpoint_of_upper_eyelid_line r_midpoint_5_of_upper_eyelid_line r_midpoint_2_of_upper_eyelid_line
r_midpoint_6_of_upper_eyelid_line r_midpoint_3_of_upper_crease_line r_midpoint_1_of_upper_crease_line
r_midpoint_4_of_upper_crease_line r_centerpoint_of_upper_crease_line r_midpoint_5_of_upper_crease_line
r_midpoint_2_of_upper_crease_line r_midpoint_6_of_upper_crease_line l_inner_end_of_lower_lash_line
l_outer_end_of_lower_lash_line l_centerpoint_of_lower_lash_line l_midpoint_2_of_lower_lash_line
l_midpoint_1_of_lower_lash_line l_midpoint_6_of_lower_lash_line l_midpoint_5_of_lower_lash_line
l_midpoint_4_of_lower_lash_line l_midpoint_3_of_lower_lash_line l_outer_end_of_lower_eyelid_line
l_midpoint_6_of_lower_eyelid_line l_midpoint_2_of_lower_eyelid_line l_midpoint_5_of_lower_eyelid_line
l_centerpoint_of_lower_eyelid_line l_midpoint_4_of_lower_eyelid_line l_midpoint_1_of_lower_eyelid_line
l_midpoint_3_of_lower_eyelid_line r_inner_end_of_lower_lash_line r_outer_end_of_lower_lash_line
r_centerpoint_of_lower_lash_line r_midpoint_1_of_lower_lash_line r_midpoint_2_of_lower_lash_line
r_midpoint_3_of_lower_lash_line r_midpoint_4_of_lower_lash_line r_midpoint_5_of_lower_lash_line
r_midpoint_6_of_lower_lash_line r_outer_end_of_lower_eyelid_line r_midpoint_3_of_lower_eyelid_line
r_midpoint_1_of_lower_eyelid_line r_midpoint_4_of_lower_eyelid_line r_centerpoint_of_lower_eyelid_line
r_midpoint_5_of_lower_eyelid_line r_midpoint_2_of_lower_eyelid_line r_midpoint_6_of_lower_eyelid_line
tip_of_nose bottom_center_of_nose r_outer_corner_of_nose l_outer_corner_of_nose inner_corner_of_r_nostril
outer_corner_of_r_nostril upper_corner_of_r_nostril inner_corner_of_l_nostril outer_corner_of_l_nostril
upper_corner_of_l_nostril r_outer_corner_of_mouth l_outer_corner_of_mouth center_of_cupid_bow
center_of_lower_outer_lip midpoint_1_of_upper_outer_lip midpoint_2_of_upper_outer_lip
midpoint_1_of_lower_outer_lip midpoint_2_of_lower_outer_lip midpoint_3_of_upper_outer_lip
midpoint_4_of_upper_outer_lip midpoint_5_of_upper_outer_lip midpoint_6_of_upper_outer_lip
midpoint_3_of_lower_outer_lip midpoint_4_of_lower_outer_lip midpoint_5_of_lower_outer_lip
midpoint_6_of_lower_outer_lip r_inner_corner_of_mouth l_inner_corner_of_mouth center_of_upper_inner_lip
center_of_lower_inner_lip midpoint_1_of_upper_inner_lip midpoint_2_of_upper_inner_lip
midpoint_1_of_lower_inner_lip midpoint_2_of_lower_inner_lip midpoint_3_of_upper_inner_lip
midpoint_4_of_upper_inner_lip midpoint_5_of_upper_inner_lip midpoint_6_of_upper_inner_lip
midpoint_3_of_lower_inner_lip midpoint_4_of_lower_inner_lip midpoint_5_of_lower_inner_lip
midpoint_6_of_lower_inner_lip l_top_end_of_inferior_crus l_top_end_of_superior_crus l_start_of_antihelix
l_end_of_antihelix l_midpoint_1_of_antihelix l_midpoint_1_of_inferior_crus l_midpoint_2_of_antihelix
l_midpoint_3_of_antihelix l_point_1_of_inner_helix l_point_2_of_inner_helix l_point_3_of_inner_helix
l_point_4_of_inner_helix l_point_5_of_inner_helix l_point_6_of_inner_helix l_point_7_of_inner_helix
l_highest_point_of_antitragus l_bottom_point_of_tragus l_protruding_point_of_tragus l_top_point_of_tragus
l_start_point_of_crus_of_helix l_deepest_point_of_concha l_tip_of_ear_lobe l_midpoint_between_22_15
l_bottom_connecting_point_of_ear_lobe l_top_connecting_point_of_helix l_point_8_of_inner_helix
r_top_end_of_inferior_crus r_top_end_of_superior_crus r_start_of_antihelix r_end_of_antihelix
r_midpoint_1_of_antihelix r_midpoint_1_of_inferior_crus r_midpoint_2_of_antihelix
r_midpoint_3_of_antihelix r_point_1_of_inner_helix r_point_8_of_inner_helix r_point_3_of_inner_helix
r_point_4_of_inner_helix r_point_5_of_inner_helix r_point_6_of_inner_helix r_point_7_of_inner_helix
r_highest_point_of_antitragus r_bottom_point_of_tragus r_protruding_point_of_tragus r_top_point_of_tragus
r_start_point_of_crus_of_helix r_deepest_point_of_concha r_tip_of_ear_lobe r_midpoint_between_22_15
r_bottom_connecting_point_of_ear_lobe r_top_connecting_point_of_helix r_point_2_of_inner_helix
l_center_of_iris l_border_of_iris_3 l_border_of_iris_midpoint_1 l_border_of_iris_12
l_border_of_iris_midpoint_4 l_border_of_iris_9 l_border_of_iris_midpoint_3 l_border_of_iris_6
l_border_of_iris_midpoint_2 r_center_of_iris r_border_of_iris_3 r_border_of_iris_midpoint_1
r_border_of_iris_12 r_border_of_iris_midpoint_4 r_border_of_iris_9 r_border_of_iris_midpoint_3
r_border_of_iris_6 r_border_of_iris_midpoint_2 l_center_of_pupil l_border_of_pupil_3
l_border_of_pupil_midpoint_1 l_border_of_pupil_12 l_border_of_pupil_midpoint_4 l_border_of_pupil_9
l_border_of_pupil_midpoint_3 l_border_of_pupil_6 l_border_of_pupil_midpoint_2 r_center_of_pupil
r_border_of_pupil_3 r_border_of_pupil_midpoint_1 r_border_of_pupil_12 r_border_of_pupil_midpoint_4
r_border_of_pupil_9 r_border_of_pupil_midpoint_3 r_border_of_pupil_6 r_border_of_pupil_midpoint_2
"""
NAMES = tuple(_IN_ORDER.split())
"""Keypoint names; the index is the channel of the heatmap."""

_MIRRORED_RUNS = (
    *((1, 2, 1), (3, 4, 1), (5, 6, 1), (7, 8, 1), (9, 10, 1), (11, 12, 1), (13, 14, 1), (15, 18, 3)),
    *((21, 42, 21), (63, 64, 1), (65, 66, 1), (67, 68, 1), (78, 87, 5), (83, 93, 1), (84, 92, 1)),
    *((85, 95, 1), (86, 94, 1), (96, 120, 24), (144, 161, 17), (180, 181, 1), (182, 185, 3), (188, 189, 1)),
    *((192, 193, 1), (194, 195, 1), (196, 199, 1), (197, 198, 1), (200, 203, 1), (201, 202, 1)),
    *((204, 205, 1), (208, 209, 1), (210, 211, 1), (212, 215, 1), (213, 214, 1), (216, 219, 1)),
    *((217, 218, 1), (220, 246, 26), (272, 281, 1), (273, 286, 1), (274, 285, 1), (275, 284, 1)),
    *((276, 283, 1), (277, 282, 1), (278, 289, 1), (279, 288, 1), (280, 287, 1), (290, 299, 1)),
    *((291, 304, 1), (292, 303, 1), (293, 302, 1), (294, 301, 1), (295, 300, 1), (296, 307, 1)),
    *((297, 306, 1), (298, 305, 1)),
)
"""(first, partner, how many in a row): what swaps with what when the picture is mirrored."""

FLIP_PAIRS = tuple(
    (first + step, partner + step) for first, partner, count in _MIRRORED_RUNS for step in range(count)
)
_PARTNER = {**dict(FLIP_PAIRS), **{right: left for left, right in FLIP_PAIRS}}
MIRROR = tuple(_PARTNER.get(index, index) for index in range(len(NAMES)))
"""For each channel the one that shows the same point in a mirrored picture; its own where unpaired."""

BODY = {name: NAMES.index(name) for name in COCO_17}
FEET_POINTS = {name: NAMES.index(name) for name in FEET}
TORSO = {name: NAMES.index(name) for name in ("neck", "left_acromion", "right_acromion")}
FACE = {
    "glabella": 70,
    "nose_root": 71,
    "nose_bridge": 74,
    "nose_bridge_tip": 72,
    "nose_tip": 178,
    "nose_base": 179,
    "left_nose_wing": 181,
    "right_nose_wing": 180,
    "left_eye_inner": 96,
    "left_eye_outer": 97,
    "right_eye_inner": 120,
    "right_eye_outer": 121,
    "left_mouth_corner": 189,
    "right_mouth_corner": 188,
    "chin_tip": 77,
    "left_brow_inner": 87,
    "right_brow_inner": 78,
    "left_brow_arch": 90,
    "right_brow_arch": 81,
    "left_brow_outer": 89,
    "right_brow_outer": 80,
    "left_tragus": 237,
    "right_tragus": 263,
    "left_ear_top": 244,
    "right_ear_top": 270,
    "left_ear_lobe": 243,
    "right_ear_lobe": 269,
}
"""Face points that keep their place on the skull well enough for a head pose, and the tragus, the ear's landmark
of posture measurement. Mouth corners and chin move with the jaw and are here for the face's lower end, the brows
(points of their upper edge) for its width."""

OURS = {**BODY, **FEET_POINTS, **TORSO, **FACE}
"""Our keypoint names and their channels: all that a pose of ours is made of."""
NEEDED = tuple(sorted(OURS.values()))
"""The channels behind our names, in ascending order."""

GROUPS = {
    "body": (*BODY.values(), *range(63, 70)),
    "feet": tuple(range(15, 21)),
    "hands": (*range(21, 41), *range(42, 62)),
    "face": tuple(range(70, 308)),
}
"""All 308 channels by the part of the person they lie on; wrists count as body."""
