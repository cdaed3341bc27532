"""docs/DERM.md and its pictures: the gate's limits, and what they mean on real skin: `make docs`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from uprightd.captures.derm import Maker, record_of
from uprightd.captures.sheet import draw_sheet, value_text
from uprightd.derm import gate as limits
from uprightd.derm.cover import Cover
from uprightd.derm.examine import Asked, examine
from uprightd.derm.gate import Check, judge
from uprightd.derm.light import brightness, measure_light
from uprightd.derm.marker import draw_marker
from uprightd.derm.regions import parse_wanted
from uprightd.derm.texture import measure_texture
from uprightd.pose.skin import SkinFinder, load_light_skin

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from tests.fakes.photographs import astronaut, blurred, darkened, noisy, smeared  # noqa: E402 - beside the docs

PICTURES = HERE / "derm"
CLIP = HERE.parent / "tests" / "clips" / "sit_front_m.mp4"
TILE = 140
QUALITY = 76
GOOD, BAD, INK, PAPER = (38, 122, 80), (184, 66, 38), (24, 31, 42), (255, 255, 255)
DIM = (140, 148, 160)

Change = Callable[[np.ndarray], np.ndarray]


def _blur(width: float, noise: float = 0) -> Change:
    return lambda image: noisy(blurred(image, width), noise)


def _move(length: int) -> Change:
    return lambda image: smeared(image, length, 0) if length else image


def _light(factor: float) -> Change:
    return lambda image: darkened(image, factor)


def _tint(*bgr: float) -> Change:
    return lambda image: np.clip(image * np.array(bgr), 0, 255).astype(np.uint8)


SERIES: dict[str, tuple[str, list[tuple[str, Change]]]] = {
    "focus": ("focus", [(f"blur {width:g} px", _blur(width)) for width in (0, 0.5, 1, 1.5, 2, 3)]),
    "noise": (
        "focus",
        [(f"blur {blur}, noise {noise}", _blur(blur, noise)) for blur in (0, 2) for noise in (0, 4, 8)],
    ),
    "motion": ("motion", [(f"moved {length} px", _move(length)) for length in (0, 2, 4, 6, 8, 12)]),
    "exposure": (
        "exposure",
        [(f"light x {factor:g}", _light(factor)) for factor in (0.2, 0.35, 0.5, 0.7, 1, 1.3)],
    ),
    "colour": (
        "colour",
        [
            ("as it is", _tint(1, 1, 1)),
            ("warm", _tint(0.8, 1, 1.1)),
            ("cold", _tint(1.25, 1, 0.85)),
            ("blue", _tint(1.6, 1, 0.7)),
            ("green", _tint(0.6, 1.25, 0.75)),
            ("purple", _tint(1, 0.6, 1)),
        ],
    ),
}
"""The pictures of the page by name: which check, and the steps it is shown on."""


def skins(finder: SkinFinder) -> list[tuple[str, np.ndarray, np.ndarray]]:
    """Return name, picture and mask of each face that the gate is shown on."""
    reader = cv2.VideoCapture(str(CLIP))
    ok, frame = reader.read()
    reader.release()
    assert ok
    frame = cv2.resize(frame, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)
    found = []
    for name, image in (("the astronaut", astronaut()), ("a rendered face", frame)):
        found.append((name, image, finder.look(image).classes == 3))
    return found


def check_of(image: np.ndarray, mask: np.ndarray, name: str) -> Check:
    """Return one of the gate's checks of a face in a picture."""
    gate = judge(
        measure_texture(image, mask),
        measure_light(image, mask, brightness(image)),
        Cover(0.0, 0.0, 0.0),
        (300, 300),
    )
    return next(check for check in gate.checks if check.name == name)


def series(
    name: str,
    check: str,
    steps: Sequence[tuple[str, Change]],
    faces: Sequence[tuple[str, np.ndarray, np.ndarray]],
) -> list[list[Check]]:
    """Draw the faces through the steps, each with its number, as docs/derm/NAME.jpg; return the checks, row by row."""
    font, small = ImageFont.load_default(17), ImageFont.load_default(14)
    paper = Image.new("RGB", (len(steps) * (TILE + 8) - 8, len(faces) * (TILE + 34) + 24), PAPER)
    draw = ImageDraw.Draw(paper)
    for column, (words, _) in enumerate(steps):
        draw.text((column * (TILE + 8) + TILE / 2, 4), words, INK, small, anchor="ma")
    rows = []
    for row, (_, image, mask) in enumerate(faces):
        x, y, width, height = cv2.boundingRect(mask.astype(np.uint8))
        side = min(width, height)
        window = slice(y + height // 6, y + height // 6 + side), slice(x, x + side)
        checks = []
        for column, (_, change) in enumerate(steps):
            changed = change(image)
            checks.append(check_of(changed, mask, check))
            tile = Image.fromarray(np.ascontiguousarray(changed[window][..., ::-1]))
            left, top = column * (TILE + 8), 24 + row * (TILE + 34)
            paper.paste(tile.resize((TILE, TILE), Image.Resampling.BICUBIC), (left, top))
            colour = {True: GOOD, False: BAD, None: DIM}[checks[-1].passed]
            text = value_text(checks[-1])
            draw.text((left + TILE / 2, top + TILE + 6), text, colour, font, anchor="ma")
        rows.append(checks)
    paper.save(PICTURES / f"{name}.jpg", quality=QUALITY, optimize=True)
    return rows


def sheet(finder: SkinFinder) -> None:
    """Draw the contact sheet of a good and a poor picture as docs/derm/sheet.jpg."""
    good = cv2.resize(astronaut()[:250, 90:340], (1000, 1000), interpolation=cv2.INTER_CUBIC)
    marker = cv2.cvtColor(draw_marker(4, 110), cv2.COLOR_GRAY2BGR)
    good[700 : 700 + len(marker), 30 : 30 + len(marker)] = marker
    poor = darkened(smeared(cv2.resize(good, (500, 500), interpolation=cv2.INTER_AREA), 10, 0), 0.45)
    pictures = []
    for image, name in ((good, "1"), (poor, "2")):
        seen = finder.look(image)
        asked = Asked(parse_wanted("face"), marker_mm=20.0)
        pictures.append(examine(image, name, seen.classes, seen.people, seen.notes, asked))
    record = record_of(pictures, Maker("mediapipe", "cpu", ""), "2026-11-22T14:30:00+01:00", {})
    drawn = Image.fromarray(np.ascontiguousarray(draw_sheet(pictures, record, "Apache-2.0")[..., ::-1]))
    drawn.thumbnail((820, 2000), Image.Resampling.LANCZOS)
    drawn.save(PICTURES / "sheet.jpg", quality=QUALITY, optimize=True)


def limits_table() -> str:
    """Return the gate's limits as the page's table."""
    rows = [
        ("focus", "width (sigma) of the blur on the skin's own texture, px", f"at most {limits.MOST_BLUR:g}"),
        (
            "motion",
            "length of a smear in one direction, px",
            f"at most {limits.MOST_SMEAR:g}, or {limits.SMEAR_OF_BLUR:g} times the blur",
        ),
        (
            "exposure",
            "median lightness L* of the skin",
            f"{limits.DARKEST:g} to {limits.LIGHTEST:g}; up to {limits.DIM:g} only where something in the picture is "
            f"lighter than {limits.DIM_PICTURE:g}",
        ),
        (
            "clipping",
            "share of the skin clipped in a channel, or crushed to black",
            f"at most {100 * limits.MOST_CLIPPED:g} %",
        ),
        (
            "colour",
            "hue angle of the skin; with a marker in view the chroma of its white",
            f"{limits.HUES[0]:g}° to {limits.HUES[1]:g}°; at most {limits.MOST_CAST:g}",
        ),
        ("size", "shorter side of the region's box, px", f"at least {limits.FEWEST}"),
        (
            "occlusion",
            "share of the region that is covered, or not of its colour; share of its outline at the picture's edge",
            f"at most {100 * limits.MOST_COVERED:g} %; at most {100 * limits.MOST_CUT:g} %",
        ),
    ]
    return "\n".join(
        ["| check | what is measured | good enough |", "|---|---|---|"]
        + [f"| {' | '.join(row)} |" for row in rows]
    )


def table(faces: Sequence[str], steps: Sequence[tuple[str, Change]], rows: Sequence[Sequence[Check]]) -> str:
    """Return a series as a table; what does not pass is in bold."""
    lines = [f"| | {' | '.join(words for words, _ in steps)} |", "|---" * (len(steps) + 1) + "|"]
    for name, checks in zip(faces, rows, strict=True):
        cells = [
            f"**{value_text(check)}**" if check.passed is False else value_text(check) for check in checks
        ]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def build() -> None:
    """Write the pictures and the page."""
    PICTURES.mkdir(exist_ok=True)
    finder = load_light_skin()
    faces = skins(finder)
    sheet(finder)
    finder.close()
    names = [name for name, _, _ in faces]
    told = {}
    for name, (check, steps) in SERIES.items():
        told[name] = table(names, steps, series(name, check, steps, faces))
    (HERE / "DERM.md").write_text(PAGE.format(limits=limits_table(), **told), encoding="utf-8")
    size = sum(it.stat().st_size for it in PICTURES.iterdir())
    sys.stdout.write(f"{HERE / 'DERM.md'}: {size / 1000:.0f} kB of pictures\n")


PAGE = """\
<!-- Written by `make docs` from docs/build_derm.py and uprightd/derm; change it there. -->

# Skin regions: `uprightd derm`

    uprightd derm hand.jpg                       # every bare part but the face
    uprightd derm --camera --regions left_hand --marker 20mm
    uprightd derm compare last 2026-10-01        # the same region of two dates, laid over each other
    uprightd derm marker marker.png              # a marker to print, for millimetres

It finds bare skin, keeps the parts of the body and the subject's own left and right apart, and writes for each
region a crop, a copy with what is around it dimmed to 30 %, its mask, and what was measured; a contact sheet (PNG,
and HTML in one file) shows all of them. It says how good the *pictures* are. It says nothing about the skin.

![A contact sheet: a good picture and a poor one](derm/sheet.jpg)

- **The face** is cut out only when `--regions` names it. Where a face would be seen in the crop of another region,
  it is covered with grey; the contact sheet shows where the regions lie as a drawing, not as the picture.
- **Nothing of the camera's** is left in any file: no EXIF, no place; the sheets carry no file name either. Pictures are
  stood up by their EXIF orientation first, and colours of another profile (telephones use Display P3) become sRGB.
- **Sapiens2's segmentation** tells every pixel's part; it is found where its weights are (`uprightd models fetch
  --task seg`). Without it the **light backend**, mediapipe, draws face, neck and hands from landmarks, and says so.
- **Several people** are refused. Sapiens2 counts them with a detector only (`uprightd models fetch --task detect`).
- **Your own classifier**: `--classifier FOLDER` (a Hugging Face image-classification checkpoint, offline) or
  `--classifier-command 'mine {{}}'` (a program, no shell, two minutes). Its output is stored word for word under
  its own name. None is shipped, and nothing is concluded from it.

## The gate

{limits}

`--strict` refuses a picture below any of them and writes nothing. Lengths in px of focus and motion are of the
region scaled down to at most 800 px (the root of its area), so a telephone's 48 megapixels are not held against it.
What cannot be measured (too little skin) refuses nothing and is shown as unknown.

Below, each number on two faces: NASA's photograph of an astronaut (from scikit-image), and a rendered one from the
test clips whose skin is far smoother than anybody's. What is not good enough is red, and bold in the tables.

### Focus

Measured on the skin's own texture inside the mask: two bands of detail an octave apart are compared, medians over
the skin, the sensor's noise taken out. So neither a sharp hair across soft skin nor grain passes for focus, and
smooth skin in focus does not fail. The photograph itself has about 1.6 px of blur.

![Focus under growing blur](derm/focus.jpg)

{focus}

With noise on it; where the noise drowns the texture there is no number, and the advice is more light:

![Focus under blur and noise](derm/noise.jpg)

{noise}

### Motion

Skin as smooth as the rendered one shows a motion as lost focus, and then none is claimed either way.

![Motion by a growing smear](derm/motion.jpg)

{motion}

### Exposure

The lower limit lies below the darkest skin in good light. Skin up to L* {{dim}} is called underexposed only when
nothing in the whole picture is light.

![Exposure from too dark to too light](derm/exposure.jpg)

{exposure}

### Colour

Without a marker only a plain cast is seen: skin itself differs. With a marker in view its white paper decides.

![Colour casts](derm/colour.jpg)

{colour}

## Millimetres, and the same skin again

Print a marker (`uprightd derm marker`, or any ArUco marker), measure its black square, lay it flat beside the skin,
and name its size with `--marker`. The scale holds in the marker's plane; its ± is half the spread of the marker's
sides and diagonals. Skin that curves away from it is larger than it measures.

`uprightd derm compare A B` looks for points on the skin of both, finds an affine or perspective transform that many
of them agree with, and shows both side by side. The residual is not what the search was told to accept: each
quarter of the points is predicted from the others. It is refused when fewer than 12 points or a fifth of them
agree, when they span less than 15 % of the region, when one would have to be mirrored or stretched out of shape, or
beyond 3 px.

## Limits

- The limits are set by eye on these faces and by what the filters can tell; nobody has tried them on many people,
  on many skins or against a dermatologist's judgement of the same pictures.
- Sapiens2's segmentation has only run on a tiny network of random weights here: the way from its classes to regions
  is proved, how well it finds skin is not.
- An outline of the light backend does not see what lies over the skin; the check of colours does, in part.
- Grain that was enlarged with the picture (digital zoom, upscaling) is taken for texture: such a picture reads as sharp
  as it was before. Move closer instead.
""".replace("{{dim}}", f"{limits.DIM:g}")

if __name__ == "__main__":
    build()
