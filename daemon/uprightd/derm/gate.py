"""The quality gate: seven checks of a region, each with its number, its limit, and in words what to do better.

Where the limits come from is shown with pictures in docs/DERM.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from uprightd.derm.cover import Cover
from uprightd.derm.light import Light
from uprightd.derm.texture import NO_TEXTURE, NOISY, Texture

MOST_BLUR = 2.0
"""Pixels (sigma) of blur on the skin, at the measured size."""
MOST_SMEAR = 4.0
"""Pixels of a motion's smear, where it is also so many times the blur:"""
SMEAR_OF_BLUR = 2.7
BLUR_TOO_WIDE = 3.0
"""Pixels of blur from which on no direction of it can be told."""
DARKEST, LIGHTEST = 20.0, 88.0
"""L* of skin. The darkest skin, well lit, lies near 25; a limit above would refuse it for what it is."""
DIM, DIM_PICTURE = 40.0, 60.0
"""Skin up to this L* is underexposed when not even 1 % of the whole picture is lighter than the second."""
MOST_CLIPPED = 0.05
"""Share of the skin that is clipped in a channel (red goes first), or crushed to black."""
HUES = (20.0, 88.0)
"""Hue angles of skin, in degrees: set wide around those of measured skin (Xiao et al. 2017, doi 10.1111/srt.12295),
so that only a plain cast falls outside."""
LEAST_COLOUR = 0.07
"""C* over L* under which a picture has no colour."""
MOST_CAST = 10.0
"""C* of the white of a marker in view, which has none in white light."""
FEWEST = 224
"""Pixels of the box's shorter side: what most image classifiers take in."""
MOST_COVERED = 0.25
MOST_CUT = 0.35

CHECKS = ("focus", "motion", "exposure", "clipping", "colour", "size", "occlusion")


@dataclass(frozen=True, slots=True)
class Check:
    """One check. value: the number, None where it could not be measured, and then `passed` is None or False. limit: in
    words, as the value's unit is. finding, advice: sentences; without a fault the advice is empty."""

    name: str
    value: float | None
    unit: str
    limit: str
    passed: bool | None
    finding: str
    advice: str = ""


@dataclass(frozen=True, slots=True)
class Gate:
    """All checks of one region."""

    checks: tuple[Check, ...]

    @property
    def passed(self) -> bool:
        return all(check.passed is not False for check in self.checks)

    @property
    def failed(self) -> tuple[Check, ...]:
        return tuple(check for check in self.checks if check.passed is False)


def judge(
    texture: Texture, light: Light, cover: Cover, size: tuple[int, int], white: float | None = None
) -> Gate:
    """Given what was measured of a region, its box (width, height) in pixels, and the C* of a marker's white where one
    is in view, return the gate's checks in the order of CHECKS."""
    return Gate(
        (
            _focus(texture),
            _motion(texture),
            _exposure(light),
            _clipping(light),
            _colour(light, white),
            _size(size),
            _occlusion(cover),
        )
    )


def _focus(texture: Texture) -> Check:
    limit = f"at most {MOST_BLUR:g}"
    if texture.reason == NO_TEXTURE:
        advice = "Clean the lens, hold the camera further away until it focuses, and take it again."
        return Check("focus", None, "px", limit, False, "No texture is left on the skin.", advice)
    if texture.reason == NOISY:
        advice = "Use more light, best daylight from a window, and take it again."
        return Check("focus", None, "px", limit, False, "Noise drowns the skin's texture.", advice)
    if texture.blur is None:
        return Check("focus", None, "px", limit, None, "Too little skin to tell.")
    finding = f"The skin's texture is blurred over {texture.blur:.1f} px."
    if texture.blur <= MOST_BLUR:
        return Check("focus", texture.blur, "px", limit, True, finding)
    advice = "Tap on the skin to focus, stay 15 cm away or more, and take it again."
    return Check("focus", texture.blur, "px", limit, False, finding, advice)


def _motion(texture: Texture) -> Check:
    limit = f"at most {MOST_SMEAR:g}"
    if texture.smear is None or texture.blur is None or texture.blur > BLUR_TOO_WIDE:
        return Check("motion", None, "px", limit, None, "Cannot be told on so little texture.")
    if texture.smear <= max(MOST_SMEAR, SMEAR_OF_BLUR * texture.blur):
        if texture.blur > MOST_BLUR:
            return Check("motion", None, "px", limit, None, "A motion cannot be told from the blur.")
        return Check("motion", texture.smear, "px", limit, True, "No smear in one direction.")
    finding = f"Smeared over {texture.smear:.0f} px in one direction."
    advice = "Rest the camera and the body on something, use more light, and take it again."
    return Check("motion", texture.smear, "px", limit, False, finding, advice)


def _exposure(light: Light) -> Check:
    limit = f"{DARKEST:g} to {LIGHTEST:g}"
    dim = light.lightness < DIM and light.brightest < DIM_PICTURE
    finding = f"The skin's lightness is {light.lightness:.0f} of 100."
    if light.lightness < DARKEST or dim:
        whole = " The whole picture is dark." if dim else ""
        advice = "Use more light, best daylight from a window, and take it again."
        return Check("exposure", light.lightness, "L*", limit, False, finding + whole, advice)
    if light.lightness > LIGHTEST:
        advice = "Turn the flash off or move away from the lamp, and take it again."
        return Check("exposure", light.lightness, "L*", limit, False, finding, advice)
    return Check("exposure", light.lightness, "L*", limit, True, finding)


def _clipping(light: Light) -> Check:
    lost = light.clipped + light.crushed
    limit = f"at most {100 * MOST_CLIPPED:g}"
    finding = f"{100 * light.clipped:.1f} % of it is clipped to white, {100 * light.crushed:.1f} % to black."
    if lost <= MOST_CLIPPED:
        return Check("clipping", 100 * lost, "%", limit, True, finding)
    advice = (
        "Turn the flash off, take the light from the side, and take it again."
        if light.clipped >= light.crushed
        else "Light the shadows too, best with daylight, and take it again."
    )
    return Check("clipping", 100 * lost, "%", limit, False, finding, advice)


def _colour(light: Light, white: float | None) -> Check:
    advice = "Use daylight or white light of one kind, without a filter or an effect, and take it again."
    if light.chroma < LEAST_COLOUR * light.lightness:
        finding = "The picture has no colour."
        limit = f"at least {LEAST_COLOUR * light.lightness:.1f}"
        return Check("colour", light.chroma, "C*", limit, False, finding, advice)
    if white is not None:
        finding = f"The marker's white has a tint of {white:.0f}."
        passed = white <= MOST_CAST
        limit = f"at most {MOST_CAST:g}"
        return Check("colour", white, "C*", limit, passed, finding, "" if passed else advice)
    limit = f"{HUES[0]:g} to {HUES[1]:g}"
    if HUES[0] <= light.hue <= HUES[1]:
        return Check("colour", light.hue, "°", limit, True, f"The skin's hue is {light.hue:.0f}°.")
    finding = f"The skin's hue is {light.hue:.0f}°: a {_tint(light.hue)} cast lies on it."
    return Check("colour", light.hue, "°", limit, False, finding, advice)


def _tint(hue: float) -> str:
    """Given a hue angle in degrees, return its colour in a word."""
    around = hue % 360
    ends = ((20, "pink"), (90, "red"), (135, "yellow"), (200, "green"), (290, "blue"), (360, "purple"))
    return next(word for end, word in ends if around <= end)


def _size(size: tuple[int, int]) -> Check:
    shorter = min(size)
    limit = f"at least {FEWEST}"
    finding = f"It is {size[0]} by {size[1]} px."
    if shorter >= FEWEST:
        return Check("size", float(shorter), "px", limit, True, finding)
    advice = "Move closer, or use a camera with more pixels."
    return Check("size", float(shorter), "px", limit, False, finding, advice)


def _occlusion(cover: Cover) -> Check:
    limit = f"at most {100 * MOST_COVERED:g}"
    finding = f"{100 * cover.covered:.0f} % of it is covered or not of the skin's colour."
    if cover.covered > MOST_COVERED:
        advice = "Take off what lies over it (hair, jewellery, glasses, cloth), or even out the light."
        return Check("occlusion", 100 * cover.covered, "%", limit, False, finding, advice)
    if cover.cut > MOST_CUT:
        finding = f"The picture's edge cuts {100 * cover.cut:.0f} % of its outline."
        advice = "Move away until all of it is in view."
        return Check("occlusion", 100 * cover.covered, "%", limit, False, finding, advice)
    return Check("occlusion", 100 * cover.covered, "%", limit, True, finding)


def advice_of(gate: Gate) -> Iterator[str]:
    """Given a gate, yield for each check that failed a line: what was found and what to do."""
    for check in gate.failed:
        yield f"{check.name}: {check.finding} {check.advice}"
