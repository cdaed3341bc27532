"""The contact sheet as a picture: every region with its size, its checks and what to do better, ready to be sent."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from uprightd.derm.examine import Examined, Found
from uprightd.derm.gate import Check
from uprightd.derm.marker import Scale

Colour = tuple[int, int, int]

PAPER, CARD, INK, DIM, LINE = (255, 255, 255), (246, 247, 249), (24, 31, 42), (98, 108, 122), (222, 226, 232)
GOOD, BAD, UNKNOWN = (38, 122, 80), (184, 66, 38), (140, 148, 160)
SKIN_ON_MAP, FRAME_ON_MAP = (214, 140, 110), (232, 235, 240)
"""RGB."""
WIDTHS = (960, 1240, 1640)
"""Of a sheet with one, two or three cards beside each other."""
EDGE, GAP = 56, 32
PICTURE_HEIGHT = 420
PAD = 22
TITLE, HEADING, TEXT, SMALL = 44, 27, 20, 18
"""Letter heights in pixels."""
MAP_HEIGHT = 100
BARS = (1, 2, 5, 10, 20, 50, 100, 200)
"""Lengths of the bar that shows the scale, in millimetres."""
FOOT = "Measurements of pictures; no diagnosis. Left and right are the subject's own."


@dataclass(frozen=True, slots=True, eq=False)
class _Entry:
    """A region as its card shows it. picture: its number, 0 where there is one only."""

    found: Found
    picture: int
    scale: Scale | None

    @property
    def advice(self) -> list[str]:
        return [f"{check.finding} {check.advice}" for check in self.found.gate.failed]


@dataclass(frozen=True, slots=True)
class _Layout:
    """Where everything has its place."""

    columns: int

    @property
    def width(self) -> int:
        return WIDTHS[self.columns - 1]

    @property
    def card(self) -> int:
        return (self.width - 2 * EDGE - (self.columns - 1) * GAP) // self.columns

    @property
    def letters(self) -> int:
        """How many letters a line of a card holds."""
        return round((self.card - 2 * PAD) / (0.5 * SMALL))


def draw_sheet(examined: Sequence[Examined], record: Mapping[str, Any], licence: str) -> np.ndarray:
    """Given the pictures examined, the record of the capture and the model's licence, return the sheet, BGR uint8."""
    entries = [
        _Entry(found, index * (len(examined) > 1), picture.scale)
        for index, picture in enumerate(examined, 1)
        for found in picture.found
    ]
    layout = _Layout(min(len(WIDTHS), len(entries)))
    rows = [entries[at : at + layout.columns] for at in range(0, len(entries), layout.columns)]
    talls = [max(_card_height(entry, layout) for entry in row) for row in rows]
    notes = [
        part
        for note in dict.fromkeys(note for picture in examined for note in picture.notes)
        for part in textwrap.wrap(note, round((layout.width - 2 * EDGE) / (0.5 * SMALL)))
    ]
    head = EDGE + TITLE + SMALL * 3 + (SMALL + 8) * len(notes)
    height = head + len(examined) * (MAP_HEIGHT + 16) + GAP + sum(tall + GAP for tall in talls) + SMALL * 4
    sheet = Image.new("RGB", (layout.width, height), PAPER)
    draw = ImageDraw.Draw(sheet)
    _head(draw, record, notes)
    y = head
    for index, picture in enumerate(examined, 1):
        _strip(sheet, draw, y, index * (len(examined) > 1), picture)
        y += MAP_HEIGHT + 16
    y += GAP
    for row, tall in zip(rows, talls, strict=True):
        for column, entry in enumerate(row):
            _card(sheet, draw, (EDGE + column * (layout.card + GAP), y), tall, entry, layout)
        y += tall + GAP
    _foot(draw, sheet.size, record, licence)
    return np.ascontiguousarray(np.asarray(sheet)[..., ::-1])


# ---- head, strip of a picture, foot --------------------------------------------------------------------------


def _head(draw: ImageDraw.ImageDraw, record: Mapping[str, Any], notes: Sequence[str]) -> None:
    draw.text((EDGE, EDGE), "Skin regions", INK, _font(TITLE))
    regions = [region for picture in record["pictures"] for region in picture["regions"]]
    good = sum(region["passed"] for region in regions)
    when = datetime.fromisoformat(record["at"])
    told = f"{when.day} {when:%B %Y, %H:%M}   ·   {good} of {len(regions)} good enough   ·   "
    told += f"found by {record['backend']}"
    draw.text((EDGE, EDGE + TITLE + 16), told, DIM, _font(TEXT))
    for number, note in enumerate(notes):
        y = EDGE + TITLE + SMALL * 3 - 6 + number * (SMALL + 8)
        draw.text((EDGE, y), note, DIM, _font(SMALL))


def _strip(sheet: Image.Image, draw: ImageDraw.ImageDraw, y: int, number: int, picture: Examined) -> None:
    """Where the regions lie in the picture, which itself is not shown: it may show more than was asked for."""
    small = _map(picture)
    sheet.paste(small, (EDGE, y + 16))
    x, top = EDGE + small.width + 24, y + 16
    width, height = picture.size
    title = f"Picture {number}" if number else "Where they lie"
    draw.text((x, top), title, INK, _font(HEADING))
    draw.text((x, top + HEADING + 12), f"{width} by {height} px", DIM, _font(SMALL))
    draw.text((x, top + HEADING + SMALL + 22), scale_text(picture), DIM, _font(SMALL))


def scale_text(picture: Examined) -> str:
    """Given an examined picture, return its scale in words, or why there is none."""
    scale = picture.scale
    if scale is None:
        return picture.scale_note or "No scale: no marker was named."
    return f"{scale.mm_per_px:.3f} mm per pixel ± {100 * scale.uncertainty:.1f} %, in the marker's plane"


def _map(picture: Examined) -> Image.Image:
    width, height = picture.size
    by = min(MAP_HEIGHT / height, 2 * MAP_HEIGHT / width)
    small = Image.new("RGB", (max(8, round(width * by)), max(8, round(height * by))), FRAME_ON_MAP)
    for found in picture.found:
        box = found.region.box
        size = (max(1, round(box.width * by)), max(1, round(box.height * by)))
        mask = Image.fromarray(found.region.mask.astype(np.uint8) * 255).resize(size, Image.Resampling.BOX)
        small.paste(SKIN_ON_MAP, (round(box.x * by), round(box.y * by)), mask)
    return small


def _foot(draw: ImageDraw.ImageDraw, size: tuple[int, int], record: Mapping[str, Any], licence: str) -> None:
    width, y = size[0], size[1] - SMALL * 3
    draw.line((EDGE, y - 14, width - EDGE, y - 14), LINE, 2)
    draw.text((EDGE, y), FOOT, DIM, _font(SMALL - 2))
    made = f"uprightd {record['uprightd']}, {record['backend']} ({licence})"
    draw.text((width - EDGE, y), made, DIM, _font(SMALL - 2), anchor="ra")


# ---- one card ------------------------------------------------------------------------------------------------


def _card_height(entry: _Entry, layout: _Layout) -> int:
    lines = sum(len(textwrap.wrap(line, layout.letters)) for line in entry.advice)
    checks = (len(entry.found.gate.checks) + 1) // 2
    text = HEADING + 8 + SMALL + 18 + checks * (SMALL + 12) + 8
    return PICTURE_HEIGHT + text + lines * (SMALL + 7) + len(entry.advice) * 8 + 2 * PAD


def _card(
    sheet: Image.Image,
    draw: ImageDraw.ImageDraw,
    at: tuple[int, int],
    height: int,
    entry: _Entry,
    layout: _Layout,
) -> None:
    x, y = at
    width, found = layout.card, entry.found
    draw.rounded_rectangle((x, y, x + width, y + height), 14, fill=CARD, outline=LINE)
    _picture(sheet, draw, (x, y), entry, width)
    left, top = x + PAD, y + PICTURE_HEIGHT + PAD
    draw.text((left, top), found.region.title, INK, _font(HEADING))
    word, colour = ("good", GOOD) if found.gate.passed else ("take again", BAD)
    draw.text((x + width - PAD, top + 5), word, colour, _font(TEXT), anchor="ra")
    top += HEADING + 8
    draw.text((left, top), _size_text(entry), DIM, _font(SMALL))
    top += SMALL + 18
    for number, check in enumerate(found.gate.checks):
        place = (left + (number % 2) * (width // 2 - PAD // 2), top + (number // 2) * (SMALL + 12))
        _check(draw, place, check)
    top += (len(found.gate.checks) + 1) // 2 * (SMALL + 12) + 8
    for line in entry.advice:
        for part in textwrap.wrap(line, layout.letters):
            draw.text((left, top), part, INK, _font(SMALL))
            top += SMALL + 7
        top += 8


def _picture(
    sheet: Image.Image, draw: ImageDraw.ImageDraw, at: tuple[int, int], entry: _Entry, width: int
) -> None:
    """The crop, what is around the region dimmed, as large as it fits, with a bar where the scale is known."""
    shown = Image.fromarray(np.ascontiguousarray(entry.found.crop.dimmed[..., ::-1]))
    by = min((width - 2) / shown.width, (PICTURE_HEIGHT - 2) / shown.height)
    size = (max(1, round(shown.width * by)), max(1, round(shown.height * by)))
    how = Image.Resampling.LANCZOS if by < 1 else Image.Resampling.BICUBIC
    ground = Image.new("RGB", (width - 2, PICTURE_HEIGHT - 2), INK)
    ground.paste(shown.resize(size, how), ((width - 2 - size[0]) // 2, (PICTURE_HEIGHT - 2 - size[1]) // 2))
    corners = Image.new("L", ground.size, 0)
    ImageDraw.Draw(corners).rounded_rectangle((0, 0, width - 3, PICTURE_HEIGHT + 20), 13, fill=255)
    sheet.paste(ground, (at[0] + 1, at[1] + 1), corners)
    if entry.scale is not None:
        draw_bar(draw, (at[0] + PAD, at[1] + PICTURE_HEIGHT - PAD), by / entry.scale.mm_per_px, 0.4 * size[0])


def draw_bar(draw: ImageDraw.ImageDraw, at: tuple[float, float], px_per_mm: float, longest: float) -> None:
    """Given where its left end lies, the scale on the paper and the most pixels it may take, draw a scale bar."""
    bar = max((mm for mm in BARS if mm * px_per_mm <= longest), default=None)
    if bar is None:
        return
    (x, y), end = at, at[0] + bar * px_per_mm
    for colour, thick in ((INK, 8), (PAPER, 4)):
        draw.line((x, y, end, y), colour, thick)
    draw.text((x, y - 10), f"{bar} mm", PAPER, _font(SMALL), anchor="ls", stroke_width=3, stroke_fill=INK)


def _size_text(entry: _Entry) -> str:
    region, scale = entry.found.region, entry.scale
    text = f"{region.box.width} by {region.box.height} px"
    if scale is not None:
        width, height = (side * scale.mm_per_px for side in (region.box.width, region.box.height))
        text = f"{width:.0f} by {height:.0f} mm ± {100 * scale.uncertainty:.1f} %, {text}"
    else:
        text += f", {100 * region.share:.1f} % of the picture"
    return f"Picture {entry.picture}: {text}" if entry.picture else text


def _check(draw: ImageDraw.ImageDraw, at: tuple[int, int], check: Check) -> None:
    """A dot with a tick, a cross or a question mark in it, the check's name, its number."""
    x, y, r = at[0], at[1], SMALL // 2
    middle = (x + r, y + r + 1)
    colour = {True: GOOD, False: BAD, None: UNKNOWN}[check.passed]
    draw.ellipse((middle[0] - r, middle[1] - r, middle[0] + r, middle[1] + r), colour)
    cx, cy = middle
    if check.passed:
        draw.line((cx - 4, cy, cx - 1, cy + 4, cx + 5, cy - 4), PAPER, 2, joint="curve")
    elif check.passed is False:
        draw.line((cx - 3, cy - 3, cx + 4, cy + 4), PAPER, 2)
        draw.line((cx - 3, cy + 4, cx + 4, cy - 3), PAPER, 2)
    else:
        draw.text((cx, cy), "?", PAPER, _font(14), anchor="mm")
    draw.text((x + SMALL + 9, y), check.name, INK, _font(SMALL))
    draw.text((x + 126, y), value_text(check), DIM, _font(SMALL))


def value_text(check: Check) -> str:
    """Given a check, return its number with the unit, or that there is none."""
    if check.value is None:
        return "unknown" if check.passed is None else "none"
    digits = 0 if check.unit in ("°", "L*") or check.name == "size" else 1
    gap = "" if check.unit == "°" else " "
    return f"{check.value:.{digits}f}{gap}{check.unit}"


def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)
