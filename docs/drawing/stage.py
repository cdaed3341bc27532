"""A figure of a metric: one or two panes, each a mannequin seen by a camera, with marks on it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from drawing.mannequin import HEIGHT, WIDTH, Camera, Place, Posture, Spot, features, number, shapes

GROUND, EDGE = "#f6f8fa", "#d0d7de"
TONES = {"head": "#c6cdd6", "trunk": "#b4bdc9", "arm": "#a8b2bf", "leg": "#a0abb8"}
GHOST, FADED, FEATURE = "#e6eaef", "#b6c0cb", "#69747f"
STYLE = (
    f".body{{stroke:{GROUND};stroke-width:2.4;paint-order:stroke}}"
    f".ghost{{fill:{GHOST};stroke:{FADED};stroke-width:2;stroke-dasharray:3 3;paint-order:stroke}}"
    f".was{{fill:none;stroke:{GROUND};stroke-width:1.2;stroke-dasharray:3 3}}"
)
EYE, EAR, STROKE = 0.75, 1.7, 0.45
"""Radii and thickness of the face's features, in centimetres."""


@dataclass(frozen=True, slots=True)
class Stage:
    """What marks can refer to: points of the body by name, as a camera sees them."""

    camera: Camera
    points: Mapping[str, Place]
    upright: Mapping[str, Place]

    def place(self, name: str) -> Place:
        """Given a point's name, return its place. "shoulder" is the middle of both; "upright nose" the ghost's."""
        points = self.upright if name.startswith("upright ") else self.points
        name = name.removeprefix("upright ")
        if name in points:
            return points[name]
        a, b = points[f"left_{name}"], points[f"right_{name}"]
        return (a[0] + b[0]) / 2, (a[1] + b[1]) / 2, (a[2] + b[2]) / 2

    def spot(self, at: str | Spot) -> Spot:
        """Given a point's name, or a spot, return where it is seen, in pixels."""
        return self.camera.sees(self.place(at))[:2] if isinstance(at, str) else at


Mark = Callable[[Stage], str]


@dataclass(frozen=True, slots=True)
class Pane:
    """ghost: the upright posture, if it stands behind. behind: marks under the body, such as furniture."""

    camera: Camera
    posture: Posture
    marks: Sequence[Mark]
    ghost: Posture | None = None
    behind: Sequence[Mark] = ()

    def svg(self) -> list[str]:
        """Return the pane's elements: what stands in the room, and the marks over it."""
        ghost = self.ghost.points() if self.ghost else {}
        stage = Stage(self.camera, self.posture.points(), ghost)
        room = [mark(stage) for mark in self.behind]
        if ghost:
            outline = "".join(shape.outline for shape in shapes(ghost, self.camera))
            room.append(f'<path class="ghost" d="{outline}"/>')
        for shape in shapes(stage.points, self.camera):
            # The stroke lies under the fill, so it parts a limb from what is behind it and nothing within.
            room.append(f'<path fill="{TONES[shape.kind]}" class="body" d="{shape.outline}"/>')
        room += self._face(stage)
        return [*room, *(mark(stage) for mark in self.marks)]

    def _face(self, stage: Stage) -> list[str]:
        seen, scale = features(stage.points, stage.camera), stage.camera.scale
        circle = '<circle cx="{}" cy="{}" r="{}" {}/>'
        thin = (
            f'fill="none" stroke="{FEATURE}" stroke-width="{number(STROKE * scale)}" stroke-linecap="round"'
        )
        strokes = [
            f'<path {thin} d="M{"L".join(f"{number(x)} {number(y)}" for x, y in stroke)}"/>'
            for stroke in seen.strokes
        ]
        eyes = [
            circle.format(number(x), number(y), number(EYE * scale), f'fill="{FEATURE}"')
            for x, y in seen.eyes
        ]
        ears = [circle.format(number(x), number(y), number(EAR * scale), thin) for x, y in seen.ears]
        return [*strokes, *eyes, *ears]


@dataclass(frozen=True, slots=True)
class Figure:
    """caption: what the metric tells, in a sentence."""

    caption: str
    panes: Sequence[Pane]

    def svg(self) -> str:
        """Return the figure as an SVG file."""
        width = WIDTH / len(self.panes)
        panes = []
        for index, pane in enumerate(self.panes):
            rect = f'<rect x="{number(index * width)}" width="{number(width)}" height="{HEIGHT}"/>'
            panes += [
                f'<clipPath id="pane{index}">{rect}</clipPath>',
                f'<g clip-path="url(#pane{index})">',
                *pane.svg(),
                "</g>",
            ]
            if index:
                panes.append(f'<path d="M{number(index * width)} 14V{HEIGHT - 14}" stroke="{EDGE}"/>')
        size = f'width="{WIDTH}" height="{HEIGHT}"'
        lines = [
            f'<svg xmlns="http://www.w3.org/2000/svg" {size} viewBox="0 0 {WIDTH} {HEIGHT}" role="img">',
            f"<title>{self.caption}</title>",
            f"<style>{STYLE}</style>",
            f'<clipPath id="panel"><rect {size} rx="12"/></clipPath>',
            '<g clip-path="url(#panel)">',
            f'<rect {size} fill="{GROUND}"/>',
            *panes,
            "</g>",
            f'<rect x=".5" y=".5" width="{WIDTH - 1}" height="{HEIGHT - 1}" rx="11.5" fill="none" stroke="{EDGE}"/>',
            "</svg>",
        ]
        return "\n".join(lines) + "\n"
