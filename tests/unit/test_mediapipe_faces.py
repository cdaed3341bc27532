"""Points of the face beside the pose: which model is asked when, about which part of the picture, and what of it
is believed; and mediapipe's own models on people whose truth is known."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pytest

from uprightd.domain import FACE, PROFILE, Keypoint, Pose
from uprightd.pose.faces import (
    DETECTED,
    HEAD,
    MESH,
    OWN,
    SMALLEST,
    SQUARES,
    STEADY,
    Faces,
    head_of,
    head_turn,
)
from uprightd.pose.mediapipe import MediapipePose

CLIPS = Path(__file__).parents[1] / "clips"
SHAPE = (200, 300, 3)

Keypoints = dict[str, Keypoint]
Place = tuple[float, float]


def head(yaw: float, x: float = 150.0, y: float = 100.0, size: float = 40.0) -> Keypoints:
    """Keypoints of a head turned by `yaw` degrees to the image's right, around a place; frontal it is `size` wide."""
    cos, sin = math.cos(math.radians(yaw)), math.sin(math.radians(yaw))
    # The subject's left, up, ahead; in half distances of the ears.
    model = {
        "nose": (0.0, -0.3, 1.6),
        "left_eye": (0.45, 0.2, 1.2),
        "right_eye": (-0.45, 0.2, 1.2),
        "left_ear": (1.0, 0.0, 0.0),
        "right_ear": (-1.0, 0.0, 0.0),
    }
    return {
        name: Keypoint(x + (across * cos + ahead * sin) * size / 2, y - up * size / 2, 0.9)
        for name, (across, up, ahead) in model.items()
    }


def shades() -> np.ndarray:
    """A picture whose pixels tell where they are: green is the column, red the row."""
    image = np.zeros(SHAPE, np.uint8)
    image[..., 1] = np.minimum(np.arange(SHAPE[1]), 255)
    image[..., 2] = np.arange(SHAPE[0])[:, None]
    return image


class Model:
    """A face model that answers as told, and remembers what it was shown."""

    def __init__(self, answer: Callable[[np.ndarray], Any] = lambda rgb: None) -> None:
        self.answer = answer
        self.shown: list[np.ndarray] = []
        self.closed = False

    def look(self, rgb: np.ndarray) -> Any:
        assert rgb.flags["C_CONTIGUOUS"], "mediapipe takes nothing else"
        self.shown.append(rgb)
        return self.answer(rgb)

    def close(self) -> None:
        self.closed = True

    @property
    def places(self) -> list[tuple[int, ...]]:
        """Left, top, width, height of the parts of `shades` it was shown."""
        return [(int(rgb[0, 0, 1]), int(rgb[0, 0, 0]), rgb.shape[1], rgb.shape[0]) for rgb in self.shown]


def mesh_at(x: float, y: float) -> Callable[[np.ndarray], Any]:
    """A mesh all of whose points lie at one place, in shares of what it is shown."""
    place = SimpleNamespace(x=x, y=y, z=0.0)
    return lambda rgb: [SimpleNamespace(landmark=[place] * 468)]


def detected(places: Sequence[Place], score: float = 0.8) -> Any:
    points = [SimpleNamespace(x=x, y=y) for x, y in places]
    return SimpleNamespace(score=[score], location_data=SimpleNamespace(relative_keypoints=points))


def faces(mesh: Model | None = None, detector: Model | None = None, tracking: bool = True) -> Faces:
    return Faces(mesh or Model(), detector or Model(), tracking)


# ---- how the head is turned --------------------------------------------------------------------------------


@pytest.mark.parametrize("yaw", [0, 30, 60, 90, 120, 150, 180])
@pytest.mark.parametrize("side", [1, -1])
def test_the_turn_of_a_head_is_read_from_its_nose_and_ears(yaw: float, side: int) -> None:
    assert head_turn(head(side * yaw)) == pytest.approx(yaw, abs=1e-6)


@pytest.mark.parametrize(
    ("yaw", "meshes", "looks"),
    [(0, 1, 0), (-40, 1, 0), (55, 1, 2 * len(SQUARES)), (90, 0, 2 * len(SQUARES)), (140, 0, 0), (180, 0, 0)],
)
def test_only_the_model_that_can_see_something_is_asked(yaw: float, meshes: int, looks: int) -> None:
    mesh, detector = Model(), Model()
    assert faces(mesh, detector).points(shades(), head(yaw)) == {}
    assert (len(mesh.shown), len(detector.shown)) == (meshes, looks)


def test_a_head_too_small_to_say_anything_is_left_alone() -> None:
    mesh = Model()
    faces(mesh).points(shades(), head(0, size=SMALLEST - 1))
    assert mesh.shown == []
    faces(mesh).points(shades(), head(0, size=SMALLEST + 1))
    assert len(mesh.shown) == 1


@pytest.mark.parametrize("yaw", [0, 90])
def test_a_head_outside_the_picture_has_no_face(yaw: float) -> None:
    mesh, detector = Model(), Model()
    assert faces(mesh, detector).points(shades(), head(yaw, x=-400)) == {}
    assert mesh.shown == detector.shown == []


def test_closing_closes_both_models() -> None:
    mesh, detector = Model(), Model()
    faces(mesh, detector).close()
    assert mesh.closed
    assert detector.closed


# ---- the mesh ----------------------------------------------------------------------------------------------


def test_the_mesh_is_shown_a_square_around_the_head_and_its_points_are_pixels_of_the_picture() -> None:
    mesh = Model(mesh_at(0.5, 0.5))
    pose = head(0)
    middle = head_of(pose)
    found = faces(mesh).points(shades(), pose)
    assert set(found) == set(FACE) == set(MESH)
    left, top, width, height = mesh.places[0]
    assert (width, height) == pytest.approx((SQUARES[0] * 40, SQUARES[0] * 40), abs=1)
    assert (left + width / 2, top + height / 2) == pytest.approx(middle[:2], abs=1)
    assert found["chin_tip"][:2] == pytest.approx(middle[:2], abs=1)


def test_at_the_picture_s_edge_the_mesh_is_shown_what_is_there() -> None:
    mesh = Model(mesh_at(0.5, 0.5))
    faces(mesh).points(shades(), head(0, x=20, y=190))
    left, top, width, height = mesh.places[0]
    assert (left, top + height) == (0, SHAPE[0])
    assert width < SQUARES[0] * 40
    assert height < SQUARES[0] * 40


def test_face_points_are_as_sure_as_the_pose_s_nose() -> None:
    pose = head(0)
    pose["nose"] = pose["nose"]._replace(score=0.7)
    found = faces(Model(mesh_at(0.5, 0.5))).points(shades(), pose)
    assert {point.score for point in found.values()} == {0.7}


@pytest.mark.parametrize(("off", "own"), [(OWN - 0.1, True), (OWN + 0.1, False)])
def test_somebody_else_s_face_is_not_taken_and_let_go(off: float, own: bool) -> None:
    pose = head(0)
    nose, middle = pose["nose"], head_of(pose)
    side = SQUARES[0] * middle.size
    x = 0.5 + (nose.x - middle.x + off * middle.size) / side
    mesh = Model(mesh_at(x, 0.5 + (nose.y - middle.y) / side))
    found = faces(mesh).points(shades(), pose)
    assert bool(found) is own
    assert [bool(rgb.any()) for rgb in mesh.shown] == ([True] if own else [True, False])


@pytest.mark.parametrize("name", ["nose_tip", "chin_tip"])
def test_a_mesh_that_is_not_finite_is_no_face(name: str) -> None:
    (face,) = mesh_at(0.5, 0.5)(shades())
    face.landmark[MESH[name]] = SimpleNamespace(x=0.5, y=math.nan)
    assert faces(Model(lambda rgb: [face])).points(shades(), head(0)) == {}


def test_the_square_holds_still_while_the_pose_trembles_and_follows_a_head_that_moves() -> None:
    mesh = Model(mesh_at(0.5, 0.5))
    stream = faces(mesh)
    for x, size in ((150, 40), (155, 42), (146, 37), (152, 40), (175, 40), (178, 41)):
        stream.points(shades(), head(0, x=x, size=size))
    first, *trembling, moved, again = mesh.places
    assert trembling == [first] * 3
    assert moved[0] == first[0] + 25
    assert again == moved


@pytest.mark.parametrize(("before", "after"), [(30, 45), (45, 30)])
def test_the_square_follows_a_head_that_comes_closer_or_goes_away(before: float, after: float) -> None:
    mesh = Model(mesh_at(0.5, 0.5))
    stream = faces(mesh)
    for size in [before] * 3 + [after] * STEADY:
        stream.points(shades(), head(0, size=size))
    assert mesh.places[2][2] == pytest.approx(SQUARES[0] * before, abs=1)
    assert mesh.places[-1][2] == pytest.approx(SQUARES[0] * after, abs=1)


def test_still_pictures_each_have_a_square_of_their_own() -> None:
    mesh = Model(mesh_at(0.5, 0.5))
    stills = faces(mesh, tracking=False)
    for x in (150, 153):
        stills.points(shades(), head(0, x=x))
    assert mesh.places[1][0] == mesh.places[0][0] + 3


# ---- the profile -------------------------------------------------------------------------------------------

SIDE: dict[str, tuple[Place, tuple[int, int, int]]] = {
    "right_profile_eye": ((160, 88), (255, 0, 0)),
    "left_profile_eye": ((168, 91), (255, 0, 0)),
    "profile_nose": ((181, 104), (0, 255, 0)),
    "profile_mouth": ((172, 118), (0, 0, 255)),
    "right_profile_ear": ((140, 97), (255, 255, 0)),
    "left_profile_ear": ((149, 99), (255, 255, 0)),
}
"""Where the dots of a drawn profile lie and their colours, blue, green, red."""


def drawn() -> np.ndarray:
    image = np.zeros(SHAPE, np.uint8)
    for place, colour in SIDE.values():
        cv2.circle(image, (int(place[0]), int(place[1])), 2, colour, -1)
    return image


def dots(rgb: np.ndarray) -> Any:
    """A detector that finds the dots. Of two of a colour it calls left what lies further right, as a model does."""
    height, width = rgb.shape[:2]
    places = []
    for colour in ((255, 0, 0), (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 0), (255, 255, 0)):
        same = (rgb[..., ::-1] == colour).all(axis=2).astype(np.uint8)
        _, _, _, middles = cv2.connectedComponentsWithStats(same)
        found = sorted((float(x), float(y)) for x, y in middles[1:])
        places.append(found[-1] if DETECTED[len(places)].startswith("left_") else found[0])
    return [detected([((x + 0.5) / width, (y + 0.5) / height) for x, y in places])]


def side_head() -> Keypoints:
    return {**head(90, x=155, y=100), "nose": Keypoint(180, 106, 0.9)}


def test_the_six_points_of_a_profile_are_found_where_they_are_and_mirrored_looks_are_undone() -> None:
    detector = Model(dots)
    found = faces(detector=detector).points(drawn(), side_head())
    assert list(found) == list(DETECTED)
    assert set(found) == set(PROFILE)
    for name, (place, _) in SIDE.items():
        assert found[name][:2] == pytest.approx((place[0] + 0.5, place[1] + 0.5), abs=1e-6), name
    widths = [rgb.shape[1] for rgb in detector.shown]
    size = head_of(side_head()).size
    assert widths == pytest.approx([sides * size for sides in SQUARES for _ in range(2)], abs=1)
    assert np.array_equal(detector.shown[0][:, ::-1], detector.shown[1])


@pytest.mark.parametrize(("seen", "enough"), [(len(SQUARES), True), (len(SQUARES) - 1, False)])
def test_half_of_the_looks_must_find_the_profile(seen: int, enough: bool) -> None:
    looks = iter(range(2 * len(SQUARES)))
    detector = Model(lambda rgb: dots(rgb) if next(looks) < seen else None)
    assert bool(faces(detector=detector).points(drawn(), side_head())) is enough


def test_a_profile_is_as_sure_as_the_looks_are_on_average() -> None:
    scores = iter([0.6, 0.9] * len(SQUARES))

    def answer(rgb: np.ndarray) -> Any:
        (face,) = dots(rgb)
        face.score = [next(scores)]
        return [face]

    found = faces(detector=Model(answer)).points(drawn(), side_head())
    assert {round(point.score, 9) for point in found.values()} == {0.75}


def test_of_several_profiles_the_one_whose_nose_is_the_pose_s_is_taken() -> None:
    def crowd(rgb: np.ndarray) -> Any:
        return [detected([(0.9, 0.9)] * 6, 0.99), *dots(rgb)]

    found = faces(detector=Model(crowd)).points(drawn(), side_head())
    assert found["profile_nose"][:2] == pytest.approx((181.5, 104.5))


def test_a_profile_far_from_the_pose_s_nose_is_somebody_else() -> None:
    detector = Model(lambda rgb: [detected([(0.95, 0.95)] * 6)])
    assert faces(detector=detector).points(drawn(), side_head()) == {}


# ---- mediapipe's own models --------------------------------------------------------------------------------


def frames(clip: str, count: int) -> list[np.ndarray]:
    film = cv2.VideoCapture(str(CLIPS / f"{clip}.mp4"))
    images = [film.read()[1] for _ in range(count)]
    film.release()
    return images


def truth(clip: str, names: Sequence[str]) -> np.ndarray:
    """Where joints are in each frame, in pixels: (frames, names, 2)."""
    told = json.loads((CLIPS / f"{clip}.json").read_text())
    rows = [told["joints"].index(name) for name in names]
    return np.array([[frame["uv"][row] for row in rows] for frame in told["frames"]])


@pytest.fixture(scope="module")
def stream() -> Iterator[MediapipePose]:
    estimator = MediapipePose(tracking=True)
    yield estimator
    estimator.close()


@pytest.fixture(scope="module")
def frontal(stream: MediapipePose) -> list[Pose]:
    return [pose for pose in stream.estimate(frames("sit_front_m", 30)) if pose]


@pytest.fixture(scope="module")
def sideways() -> Iterator[list[Pose]]:
    estimator = MediapipePose(tracking=True)
    yield [pose for pose in estimator.estimate(frames("sit_side_m", 40)) if pose]
    estimator.close()


def places(poses: Sequence[Pose], names: Sequence[str]) -> np.ndarray:
    return np.array([[pose.keypoints[name][:2] for name in names] for pose in poses])


def test_somebody_at_a_desk_has_a_face_and_no_profile_in_every_frame(frontal: list[Pose]) -> None:
    assert len(frontal) == 30
    for pose in frontal:
        assert set(pose.keypoints) >= set(FACE)
        assert not set(pose.keypoints) & set(PROFILE)
        assert pose.keypoints["nose_tip"].score == pose.keypoints["nose"].score


def test_the_face_is_put_together_as_faces_are(frontal: list[Pose]) -> None:
    """In the picture of somebody who looks at us; the subject's left is at the picture's right."""
    at = frontal[0].keypoints
    midline = ["glabella", "nose_root", "nose_bridge", "nose_bridge_tip", "nose_tip", "nose_base", "chin_tip"]
    assert [at[name].y for name in midline] == sorted(at[name].y for name in midline)
    rising = ["eye_outer", "eye_inner"], ["brow_outer", "brow_arch", "brow_inner"]
    for row in rising:
        names = [f"right_{name}" for name in row] + [f"left_{name}" for name in reversed(row)]
        assert [at[name].x for name in names] == sorted(at[name].x for name in names)
    for side in ("left", "right"):
        assert at[f"{side}_brow_arch"].y < at[f"{side}_brow_inner"].y < at[f"{side}_eye_inner"].y
        assert at["nose_bridge"].y < at[f"{side}_nose_wing"].y < at[f"{side}_mouth_corner"].y
        assert math.dist(at[f"{side}_eye_outer"][:2], at[f"{side}_eye"][:2]) < 12
        inner, arch, outer = (at[f"{side}_brow_{part}"].x for part in ("inner", "arch", "outer"))
        assert 0.4 < (arch - inner) / (outer - inner) < 0.8
        mouth = at[f"{side}_mouth_corner"].y
        assert at["chin_tip"].y - mouth > mouth - at["nose_base"].y
    assert at["right_mouth_corner"].x < at["right_nose_wing"].x < at["nose_tip"].x < at["left_nose_wing"].x
    assert at["left_nose_wing"].x < at["left_mouth_corner"].x


def test_the_face_lies_on_the_person_s_face(frontal: list[Pose]) -> None:
    off = places(frontal, ["nose_tip"]) - truth("sit_front_m", ["nose"])[: len(frontal)]
    assert np.hypot(*off.reshape(-1, 2).T).max() < 12  # of a head 65 pixels wide


def test_the_body_s_box_score_and_places_in_space_are_as_without_a_face(frontal: list[Pose]) -> None:
    pose = frontal[0]
    body = [point for name, point in pose.keypoints.items() if name not in FACE]
    assert pose.score == pytest.approx(sum(point.score for point in body) / len(body))
    assert (pose.box.x, pose.box.y) == (min(point.x for point in body), min(point.y for point in body))
    assert set(pose.world) == set(pose.keypoints) - set(FACE)


def test_somebody_seen_from_the_side_has_a_profile_and_no_face_in_every_frame(sideways: list[Pose]) -> None:
    assert len(sideways) == 40
    for pose in sideways:
        assert set(pose.keypoints) >= set(PROFILE)
        assert not set(pose.keypoints) & set(FACE)
        assert all(0.5 <= pose.keypoints[name].score <= 1 for name in PROFILE)


def test_with_the_profile_a_nod_is_seen_better_than_with_the_pose_s_points_alone(
    sideways: list[Pose],
) -> None:
    """The head, here 22 pixels deep, nods by 34° from frame 12 to 22."""
    nod = turned(truth("sit_side_m", HEAD)[:40])
    own, profile = turned(places(sideways, HEAD)), turned(places(sideways, PROFILE))
    both = (own + profile) / 2
    assert np.corrcoef(both, nod)[0, 1] > 0.98
    peak = slice(24, 36)
    assert nod[peak].mean() == pytest.approx(34.0, abs=1.0)
    assert abs(both[peak] - nod[peak]).mean() < 6.0 < abs(own[peak] - nod[peak]).mean()
    assert abs(both[:11]).max() < 7.0


def turned(points: np.ndarray) -> np.ndarray:
    """How far points (frames, K, 2) of a head that looks to the image's left have turned chin-down, in degrees.

    Least squares, against their median over the first ten frames.
    """
    base = np.median(points[:10], axis=0)
    a, b = base - base.mean(axis=0), points - points.mean(axis=1, keepdims=True)
    across = (a[:, 0] * b[..., 1] - a[:, 1] * b[..., 0]).sum(axis=1)
    turn = -np.degrees(np.arctan2(across, (a * b).sum(axis=(1, 2))))
    return turn - np.median(turn[:10])


def test_a_face_two_metres_away_is_found(stream: MediapipePose) -> None:
    """The detector inside the mesh sees no face so small in a whole frame, only in a part of it."""
    small = []
    for image in frames("sit_front_m", 5):
        canvas = cv2.GaussianBlur(image, (0, 0), 20)
        canvas[90:270, 160:480] = cv2.resize(image, (320, 180), interpolation=cv2.INTER_AREA)
        small.append(canvas)
    poses = stream.estimate(small)
    assert all(pose and set(pose.keypoints) >= set(FACE) for pose in poses)


@pytest.mark.parametrize(("clip", "names"), [("sit_front_m", FACE), ("sit_side_m", PROFILE)])
def test_a_still_picture_has_its_face_points_where_the_stream_has_them(
    clip: str, names: Sequence[str], request: pytest.FixtureRequest
) -> None:
    streamed: Pose = request.getfixturevalue("frontal" if clip == "sit_front_m" else "sideways")[5]
    estimator = MediapipePose(tracking=False)
    (still,) = estimator.estimate([frames(clip, 6)[5]])
    estimator.close()
    assert still is not None
    assert set(still.keypoints) == set(streamed.keypoints)
    off = places([still], names) - places([streamed], names)
    assert np.hypot(*off.reshape(-1, 2).T).max() < 0.15 * head_of(streamed.keypoints).size


def test_nothing_is_greeted_on_the_terminal_and_no_drawing_library_is_loaded(tmp_path: Path) -> None:
    """In a process of its own: some greetings come once."""
    images = [*frames("sit_front_m", 3), *frames("sit_side_m", 3)]
    np.save(tmp_path / "images.npy", np.stack(images))
    code = (
        "import sys, numpy as np\n"
        "from uprightd.pose.mediapipe import MediapipePose\n"
        "for tracking in (True, False):\n"
        "    estimator = MediapipePose(tracking)\n"
        "    poses = estimator.estimate(list(np.load(sys.argv[1]))[:: 1 if tracking else 3])\n"
        "    estimator.close()\n"
        "    assert 'chin_tip' in poses[0].keypoints and 'profile_nose' in poses[-1].keypoints\n"
        "print('matplotlib' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "images.npy")],
        capture_output=True,
        encoding="utf-8",
        timeout=60,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "False\n", "")
