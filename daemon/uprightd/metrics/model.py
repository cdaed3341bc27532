"""What a metric is: name, unit, formula, what it needs, where it is valid, sign, source."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass, field

from uprightd.domain import View
from uprightd.metrics.scene import Scene

ANY = frozenset(View)
KNOWN = ANY - {View.UNKNOWN}
SQUARE = frozenset({View.FRONTAL})
FACING = frozenset({View.FRONTAL, View.OBLIQUE})
SAGITTAL = frozenset({View.SAGITTAL_LEFT, View.SAGITTAL_RIGHT})

SHOULDERS = ("left_shoulder", "right_shoulder")
HIPS = ("left_hip", "right_hip")


@dataclass(frozen=True, slots=True)
class Metric:
    """One measurable thing. `measure` takes a scene in which everything that it needs is there, and may return NaN.

    keypoints: seen points it needs; in a side view those of `sideways` instead, where given.
    places: points whose place in space it needs.
    views: where its geometry makes sense. What a backend really sees there is another matter: see `evidence`.
    relative: whether it counts from the calibrated upright pose, and so needs a calibration.
    scaled: whether it needs the distance of the person's pupils.
    estimated: whether it rests on a guess of depth, and so is offered only where it was measured to follow the truth.
    derived: the metrics whose values of the same scene it is worked out from, by view; it is withheld with any of them.
    """

    name: str
    title: str
    unit: str
    formula: str
    keypoints: tuple[str, ...]
    views: frozenset[View]
    sign: str
    source: str
    measure: Callable[[Scene], float]
    sideways: tuple[str, ...] | None = None
    places: tuple[str, ...] = ()
    relative: bool = False
    scaled: bool = False
    estimated: bool = False
    derived: Mapping[View, tuple[str, ...]] = field(default_factory=dict, hash=False)

    def needed(self, view: View) -> tuple[str, ...]:
        """Given the view, return the points that must be seen."""
        return self.sideways if self.sideways is not None and view in SAGITTAL else self.keypoints

    def told_by(self, view: View, points: Container[str], places: Container[str]) -> bool:
        """Given a view, the points that are seen and those whose place in space is known, return whether the metric can
        be told from them."""
        return (
            view in self.views
            and all(name in points for name in self.needed(view))
            and all(name in places for name in self.places)
        )

    def text(self, number: float, error: float | None = None) -> str:
        """Given a value, and how far it is off as a rule where that is known, return it with its unit as a person
        reads it: 52.3°, 61 cm, 0.041 or 52.3° ± 2.1°."""
        form = _FORMATS.get(self.unit, "{:z.3f}")
        return form.format(number) + (f" ± {form.format(error)}" if error is not None else "")

    def limit_text(self, number: float) -> str:
        """Given a limit somebody set, return it with its unit as they wrote it: 46°."""
        return f"{number:g}{_SUFFIXES.get(self.unit, '')}"


_FORMATS = {"°": "{:z.1f}°", "cm": "{:z.0f} cm", "score": "{:z.2g}"}
"""With z, what rounds to zero has no minus."""
_SUFFIXES = {"°": "°", "cm": " cm"}
