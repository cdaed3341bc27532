"""The gate on real skin made worse step by step: its numbers keep the order, its verdicts fall where they should."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from tests.fakes.photographs import astronaut, blurred, darkened, face_mask, noisy, smeared

from uprightd.derm import gate as limits
from uprightd.derm.cover import Cover, measure_cover
from uprightd.derm.gate import CHECKS, Check, advice_of, judge
from uprightd.derm.light import Light, brightness, measure_light
from uprightd.derm.regions import Rect, Region, find_regions, parse_wanted
from uprightd.derm.texture import NO_TEXTURE, NOISY, TOO_LITTLE, Texture, measure_texture
from uprightd.pose.skin import SkinFinder, load_light_skin

CLIPS = Path(__file__).parents[1] / "clips"
SHARP = Texture(1.0, 1.0, 0.0, 1.0, 1.0, 5000)
LIT = Light(65.0, 95.0, 0.0, 0.0, 55.0, 20.0)
BARE = Cover(0.0, 0.02, 0.0)
LARGE = (300, 400)


@pytest.fixture(scope="module")
def light_backend() -> Iterator[SkinFinder]:
    finder = load_light_skin()
    yield finder
    finder.close()


@pytest.fixture(scope="module")
def skins(light_backend: SkinFinder) -> list[tuple[str, np.ndarray, np.ndarray]]:
    """Name, picture and mask of faces: the astronaut's, and a rendered one of the clips, enlarged twofold."""
    reader = cv2.VideoCapture(str(CLIPS / "sit_front_m.mp4"))
    ok, frame = reader.read()
    reader.release()
    assert ok
    frame = cv2.resize(frame, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)
    seen = light_backend.look(frame)
    assert seen.people == 1
    (face,) = find_regions(seen.classes, parse_wanted("face"))
    mask = np.zeros(frame.shape[:2], bool)
    mask[face.box.window] = face.mask
    return [("astronaut", astronaut(), face_mask()), ("clip", frame, mask)]


def checked(
    texture: Texture = SHARP,
    light: Light = LIT,
    cover: Cover = BARE,
    size: tuple[int, int] = LARGE,
    white: float | None = None,
) -> dict[str, Check]:
    return {check.name: check for check in judge(texture, light, cover, size, white).checks}


# ---- focus ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("noise", [0, 2, 5, 8])
def test_more_blur_on_real_skin_is_always_measured_as_more_whatever_the_noise(
    skins: list[tuple[str, np.ndarray, np.ndarray]], noise: float
) -> None:
    for name, image, mask in skins:
        measured = [measure_texture(noisy(blurred(image, width), noise), mask) for width in (0, 1, 2, 3)]
        if (
            name == "clip" and noise
        ):  # so smooth a skin, rendered, that any noise drowns it: no number is made up
            assert {each.reason for each in measured} == {NOISY}
            assert checked(texture=measured[0])["focus"].passed is False
            continue
        found = [each.blur for each in measured if each.blur is not None]
        assert len(found) == len(measured), name
        assert found == sorted(found), (name, found)
        assert found[2] - found[0] > 0.6, (name, found)


def test_noise_alone_makes_no_picture_sharp() -> None:
    soft = blurred(astronaut(), 3)
    for level in (0, 3, 6, 12, 25):
        found = measure_texture(noisy(soft, level), face_mask())
        assert checked(texture=found)["focus"].passed is False, (level, found)


def test_focus_is_judged_alike_in_less_light_and_less_contrast() -> None:
    full = measure_texture(astronaut(), face_mask()).blur
    for factor in (0.7, 0.5, 0.3):
        assert measure_texture(darkened(astronaut(), factor), face_mask()).blur == pytest.approx(
            full, abs=0.15
        )


def test_an_edge_in_the_region_does_not_pass_for_sharp_skin_as_a_laplacian_s_variance_does() -> None:
    soft = blurred(astronaut(), 2.5)
    edged = soft.copy()
    edged[100:104, 180:250] = 20  # a hair across it, in focus
    x, y = slice(90, 130), slice(185, 245)
    variance = [float(cv2.Laplacian(it[x, y], cv2.CV_64F).var()) for it in (astronaut(), soft, edged)]
    assert variance[2] > variance[0] > variance[1], "the Laplacian is fooled"
    blur = measure_texture(edged, face_mask()).blur
    assert blur is not None
    assert blur > limits.MOST_BLUR


def test_the_original_photograph_passes_and_a_blur_of_one_more_pixel_does_not() -> None:
    sharp, soft = (measure_texture(blurred(astronaut(), width), face_mask()) for width in (0, 1))
    assert checked(texture=sharp)["focus"].passed is True
    assert checked(texture=soft)["focus"].passed is False
    assert "focus" in checked(texture=soft)["focus"].advice


def test_skin_without_any_texture_fails_and_too_little_of_it_is_unknown() -> None:
    flat = np.full((200, 200, 3), (120, 150, 200), np.uint8)
    none = measure_texture(flat, np.ones((200, 200), bool))
    assert (none.blur, none.reason) == (None, NO_TEXTURE)
    assert checked(texture=none)["focus"].passed is False
    little = measure_texture(flat[:30, :30], np.ones((30, 30), bool))
    assert checked(texture=little)["focus"].passed is None


def test_a_large_region_is_measured_at_a_fixed_size() -> None:
    large = cv2.resize(astronaut(), None, fx=16, fy=16, interpolation=cv2.INTER_CUBIC)[1100:2500, 2800:4100]
    found = measure_texture(large, np.ones(large.shape[:2], bool))
    assert found.scale == pytest.approx(800 / np.sqrt(1400 * 1300))


# ---- motion --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("degrees", [0, 45, 90])
def test_a_straight_motion_is_told_from_a_soft_focus_and_from_stillness(degrees: float) -> None:
    moved = measure_texture(smeared(astronaut(), 8, degrees), face_mask())
    assert moved.direction == degrees
    assert checked(texture=moved)["motion"].passed is False
    for width in (0, 0.5, 1):
        still = measure_texture(blurred(astronaut(), width), face_mask())
        expected = None if width == 1 else True  # out of focus as it is then, nothing can be said
        assert checked(texture=still)["motion"].passed is expected


# ---- light and colour ----------------------------------------------------------------------------------------


def lit(image: np.ndarray) -> Light:
    return measure_light(image, face_mask(), brightness(image))


def test_darker_and_lighter_pictures_of_real_skin_keep_their_order_and_fail_at_both_ends() -> None:
    series = [lit(darkened(astronaut(), factor)) for factor in (0.1, 0.2, 0.3, 0.5, 0.7, 1.0, 1.15)]
    levels = [each.lightness for each in series]
    assert levels == sorted(levels)
    assert len(set(levels)) == len(levels)
    assert [checked(light=each)["exposure"].passed for each in series] == [False] * 4 + [True, True, True]
    assert checked(light=lit(darkened(astronaut(), 1.5)))["exposure"].passed is False


def test_clipping_grows_with_exposure_and_with_crushed_shadows() -> None:
    clipped = [lit(darkened(astronaut(), factor)).clipped for factor in (1.0, 1.15, 1.3, 1.5)]
    assert clipped == sorted(clipped)
    assert checked(light=lit(astronaut()))["clipping"].passed is True
    assert checked(light=lit(darkened(astronaut(), 1.3)))["clipping"].passed is False
    assert "flash" in checked(light=lit(darkened(astronaut(), 1.3)))["clipping"].advice
    assert checked(light=lit(darkened(astronaut(), 0.02)))["clipping"].passed is False


def test_dark_skin_in_good_light_is_not_called_underexposed() -> None:
    dark = Light(27.0, 95.0, 0.0, 0.0, 50.0, 14.0)
    assert checked(light=dark)["exposure"].passed is True
    assert checked(light=Light(27.0, 40.0, 0.0, 0.0, 50.0, 14.0))["exposure"].passed is False


@pytest.mark.parametrize(
    ("change", "passed", "words"),
    [
        ((1.0, 1.0, 1.0), True, "hue is"),
        ((1.6, 1.0, 0.7), False, "cast lies on it"),
        ((0.5, 1.25, 0.7), False, "cast lies on it"),
        ((1.0, 0.6, 1.0), False, "cast lies on it"),
        (None, False, "no colour"),
    ],
    ids=["as it is", "blue", "green", "purple", "grey"],
)
def test_a_colour_cast_and_a_grey_picture_are_seen(
    change: tuple[float, float, float] | None, passed: bool, words: str
) -> None:
    if change is None:
        image = np.repeat(cv2.cvtColor(astronaut(), cv2.COLOR_BGR2GRAY)[..., None], 3, axis=2)
    else:
        image = np.clip(astronaut() * np.array(change), 0, 255).astype(np.uint8)
    check = checked(light=lit(image))["colour"]
    assert check.passed is passed
    assert words in check.finding


def test_a_marker_s_white_decides_over_the_hue() -> None:
    reddish = Light(65.0, 95.0, 0.0, 0.0, 10.0, 30.0)
    assert checked(light=reddish)["colour"].passed is False
    assert checked(light=reddish, white=2.0)["colour"].passed is True
    assert checked(light=LIT, white=25.0)["colour"].passed is False


# ---- size and occlusion --------------------------------------------------------------------------------------


def test_the_shorter_side_decides_about_the_size() -> None:
    assert checked(size=(224, 900))["size"].passed is True
    assert checked(size=(900, 223))["size"].passed is False


def region_of(mask: np.ndarray) -> Region:
    return Region(
        "left_arm", "arms", "left", Rect(0, 0, mask.shape[1], mask.shape[0]), mask, int(mask.sum()), 0.1
    )


def test_holes_strange_colours_and_the_picture_s_edge_are_told_apart() -> None:
    skin = np.full((100, 100, 3), (120, 150, 200), np.uint8)
    mask = np.zeros((100, 100), bool)
    mask[20:80, 20:80] = True
    classes = np.where(mask, 5, 0).astype(np.uint8)
    bare = measure_cover(skin, classes, region_of(mask))
    assert (bare.holes, bare.unlike, bare.cut) == (0, 0, 0)
    holed = mask.copy()
    holed[35:65, 35:65] = False
    assert measure_cover(skin, classes, region_of(holed)).holes == pytest.approx(900 / 3600)
    lips = np.where(mask & ~holed, 24, classes)
    assert measure_cover(skin, lips, region_of(holed)).holes == 0, "a mouth covers nothing"
    green = skin.copy()
    green[20:44, 20:80] = (40, 200, 40)
    assert measure_cover(green, classes, region_of(mask)).unlike == pytest.approx(24 / 60)
    whole = np.ones((100, 100), bool)
    assert measure_cover(skin, whole.astype(np.uint8), region_of(whole)).cut == 1


def test_what_covers_and_what_cuts_have_advice_of_their_own() -> None:
    assert "jewellery" in checked(cover=Cover(0.3, 0.0, 0.0))["occlusion"].advice
    assert "Move away" in checked(cover=Cover(0.0, 0.0, 0.6))["occlusion"].advice
    assert checked()["occlusion"].passed is True


# ---- the whole -----------------------------------------------------------------------------------------------


def test_a_good_region_passes_every_check_and_needs_no_advice() -> None:
    gate = judge(SHARP, LIT, BARE, LARGE)
    assert tuple(check.name for check in gate.checks) == CHECKS
    assert gate.passed
    assert all(check.passed and not check.advice and check.value is not None for check in gate.checks)
    assert list(advice_of(gate)) == []


FAULTS: dict[str, Callable[[], dict[str, Check]]] = {
    "focus": lambda: checked(texture=Texture(2.9, 1.0, 0.0, 1.0, 1.0, 5000)),
    "motion": lambda: checked(texture=Texture(1.5, 9.0, 0.0, 1.0, 1.0, 5000)),
    "exposure": lambda: checked(light=Light(10.0, 30.0, 0.0, 0.0, 55.0, 20.0)),
    "clipping": lambda: checked(light=Light(80.0, 99.0, 0.3, 0.0, 55.0, 20.0)),
    "colour": lambda: checked(light=Light(65.0, 95.0, 0.0, 0.0, 200.0, 20.0)),
    "size": lambda: checked(size=(50, 50)),
    "occlusion": lambda: checked(cover=Cover(0.5, 0.0, 0.0)),
}


@pytest.mark.parametrize("name", FAULTS)
def test_each_fault_fails_its_own_check_alone_and_says_what_to_do(name: str) -> None:
    checks = FAULTS[name]()
    assert [each.name for each in checks.values() if each.passed is False] == [name]
    assert checks[name].finding.endswith(".")
    assert checks[name].advice.endswith(".")


def test_what_cannot_be_told_refuses_nothing() -> None:
    unknown = judge(Texture(None, None, None, 0.0, 1.0, 10, TOO_LITTLE), LIT, BARE, LARGE)
    assert unknown.passed
    assert [check.passed for check in unknown.checks[:2]] == [None, None]
