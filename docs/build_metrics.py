"""docs/METRICS.md and its figures, from the metrics themselves and from what was measured about them: `make docs`."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from drawing.mannequin import HEIGHT, WIDTH
from drawing.metric_figures import FIGURES

from uprightd.domain import ABSENT, Reason, View
from uprightd.metrics.definitions import METRICS
from uprightd.metrics.desk import ACROSS_A_DESK
from uprightd.metrics.evidence import (
    FOLLOWS_FROM,
    STRAYS_BEYOND,
    Evidence,
    Measured,
    evidence,
    family,
    measured_of,
    offered,
    view_of,
)
from uprightd.metrics.head_pose import ANCHORS, FEWEST
from uprightd.metrics.model import ANY, Metric
from uprightd.metrics.scene import Optics
from uprightd.pose.estimator import MEDIAPIPE, SAPIENS2

HERE = Path(__file__).parent
FAMILIES = tuple(dict.fromkeys(family(view) for view in View if view is not View.UNKNOWN))
NOT_MEASURED = "not measured"
NEVER_SEEN = "withheld: never seen to follow"
SIDES = {"left": "near side", "right": "far side"}
"""From the side what counts is which side is near. The table keeps a person as seen from the left."""
PARTS = {
    "big_toe": "big toe",
    "brow_arch": "brow arch",
    "eye_inner": "inner eye corner",
    "eye_outer": "outer eye corner",
    "nose_tip": "tip of the nose",
}
"""Points whose name alone does not say what they are."""
UNITS = {"°": "degrees"}

INTRODUCTION = f"""\
<!-- Written by `make docs` from uprightd/metrics; change it there. -->

# What uprightd measures

uprightd finds named points of your body in a picture and works out the numbers below from where they lie. It measures;
it does not diagnose, and no number here says whether a posture is good or bad.

**The view** is from where the camera sees you: *frontal*, *oblique* (at an angle), *sagittal* (from your left or your
right side) or *rear*. A picture is flat, so each number means something in some views only, and there is none in the
others.

**Calibration**: for the metrics that need it, `uprightd calibrate` looks at you for a few seconds while you sit or
stand upright, and keeps where each point lay. They then count from that pose, your own; without it they sleep.

**The ±** behind a number is one root-mean-square error against rendered people whose joints are known exactly, in this
view and with this pose model, divided by the lowest score among the points that were used: the less sure a point is,
the wider. Without a ± nobody has measured it.

**A metric is withheld** in a view where it was measured not to follow the truth, whatever its geometry promises:
correlation under {FOLLOWS_FROM:g}, or a median error over {STRAYS_BEYOND:g}°. A 3D estimate rests on a guess of depth;
once a pose model was measured, it is withheld with that wherever it was never seen to follow. A score goes with what it
is worked out from. What is withheld reads “{ABSENT[Reason.VIEW]}”, as it does in a view that is not its own. The other
reasons for having no number are “{ABSENT[Reason.OCCLUDED]}” (a point is hidden or outside the picture),
“{ABSENT[Reason.LOW_CONFIDENCE]}” (a point scores too low), “{ABSENT[Reason.UNCALIBRATED]}” (there is nothing of yours
to count from) and “{ABSENT[Reason.NO_PERSON]}” (in the picture).

**Near and far**: from the side, one half of you hides the other. What was measured there is told for the side that is
near to the camera, and for the far one behind it.

**In the figures** orange dots are the points used, a dashed outline is your calibrated pose, R and L are your own right
and left, and + is the direction in which the number grows.

[How the errors were measured](#how-the-errors-were-measured) and [what is left over](#what-is-left-over) stand at the
end.
"""

METHOD = """\
## How the errors were measured

`uprightd bench accuracy --clips DIR` runs the real pose model and the metrics' own code over clips of rendered people,
frame by frame, and holds each number against the same thing worked out from the exact joints: the angle of the body in
space where the metric means the body, the place in the picture where it means the picture. The camera's angle of view
and the distance of the pupils are the clip's own. The ± is pooled over all frames of a view; the correlation is the
lowest of any clip in which the truth moved, the median error the largest of any.

{clips}

The clips are CC0 1.0; [small copies of them](../tests/clips/README.md) come with the source. *~turned* is a clip whose
picture swings from side to side, as if the camera rolled, so that tilts move too; *~mirrored* has left and right
exchanged, so that the other side is measured.

What that does not show:

- One rendered face and body sits, and two bodies walk. Nobody real was filmed; beards, glasses, loose clothes, dim
  rooms and other bodies may do worse.
- Few movements: the neck bends, the trunk leans forward, people walk. What stands still in every clip has an error but
  no correlation.
{unmeasured}
## What is left over

{withheld}- Where “the truth stood still”, nobody knows yet whether the metric follows: only how far off it is at rest.
  A 3D estimate is withheld there.
- A pose model's joints are not an anatomist's: its shoulders sit higher than the joint, so an angle can be off by a
  constant. Metrics that count from your calibrated pose are free of that.
- The vertical is the picture's. A camera that is not level adds its own tilt to every angle against it, one that looks
  up or down adds its own to the 3D estimates.
- From the front a trunk that leans forward is all but invisible: nothing turns in the plane, and mediapipe's estimate
  of depth hardly moves with it. There, `head_drop`, `forward_head` and `screen_distance` tell more than
  `trunk_lean_3d`.
- Head pitch from the front rests on a face of average depth; its length and width are taken from yours. A face 15 %
  flatter or wider reads about a tenth too little of each movement, one as much deeper or narrower a tenth too much.
- `lateral_lean` and the distances cannot tell a lean from a chair that was moved.
- `screen_distance_cm` is as right as the angle of view it is told: {field_of_view:g}° unless the settings say
  otherwise. Beyond {across:g} cm there is none: the pupils are too few pixels apart.
- Walking past a camera, left and right leg change places for some frames.
"""


def documents() -> dict[Path, str]:
    """Return the page and its figures as they should be, by path."""
    table = json.loads(files("uprightd.metrics").joinpath("evidence.json").read_text(encoding="utf-8"))
    figures = {HERE / "metrics" / f"{name}.svg": figure.svg() for name, figure in FIGURES.items()}
    return {HERE / "METRICS.md": page(table), **figures}


def page(table: Mapping[str, Any]) -> str:
    """Given the table of evidence.json, empty or full, return the page in Markdown."""
    measured = measured_of(table)
    backends = list(dict.fromkeys([MEDIAPIPE, SAPIENS2, *table["backends"]]))
    sections = [_section(group, metrics, backends, measured) for group, metrics in groups().items()]
    return "\n".join([INTRODUCTION, _contents(measured), *sections, _method(table, backends, measured)])


def groups() -> dict[str, list[Metric]]:
    """Return the metrics that share a section and a figure: the left and the right joint, every other alone."""
    found: dict[str, list[Metric]] = {}
    for metric in METRICS.values():
        found.setdefault(_without_side(metric.name), []).append(metric)
    return found


def _contents(measured: Measured) -> str:
    rows = [
        "## At a glance",
        "",
        "| metric | | unit | calibration | views |",
        "|---|---|---|---|---|",
    ]
    for metrics in groups().values():
        heading, first = _heading(metrics), metrics[0]
        needs = "needed" if first.relative else "distance of the pupils" if first.scaled else ""
        views = ", ".join(_view_in_contents(view, metrics, measured) for view in _families(first))
        title = _without_side(first.title)
        rows.append(f"| [{heading}](#{slug(heading)}) | {title} | {_unit(first)} | {needs} | {views} |")
    return "\n".join([*rows, "", "## One by one", ""])


def _view_in_contents(view: str, metrics: Sequence[Metric], measured: Measured) -> str:
    """A view, and with which backends what of the metrics is withheld there."""
    notes = []
    for backend in _measured_backends(measured):
        held = [metric for metric in metrics if not _offered(metric, backend, view, measured)]
        if held:
            side = "" if len(held) == len(metrics) else f"{_side(held[0], view)} "
            notes.append(f"{side}not with {backend}")
    return f"{view} ({', '.join(notes)})" if notes else view


def _offered(metric: Metric, backend: str, view: str, measured: Measured) -> bool:
    return offered(backend, view_of(view), metric, measured) and not _held_parts(
        metric, backend, view, measured
    )


def _held_parts(metric: Metric, backend: str, view: str, measured: Measured) -> list[str]:
    """What a score is worked out from in a view, as far as that is withheld there."""
    parts = metric.derived.get(view_of(view), ())
    return [name for name in parts if not offered(backend, view_of(view), METRICS[name], measured)]


def _measured_backends(measured: Measured) -> list[str]:
    return list(dict.fromkeys(backend for backend, _, _ in measured))


def _side(metric: Metric, view: str) -> str:
    """The side of one of two joints: from the side near or far, else the person's own."""
    side = metric.name.split("_")[0]
    return SIDES[side] if view == "sagittal" else side


def _section(group: str, metrics: Sequence[Metric], backends: Sequence[str], measured: Measured) -> str:
    first = metrics[0]
    sided = len(metrics) > 1
    errors = [words for backend in backends for words in _errors(metrics, backend, measured)]
    unclear = ", and when the view is not clear" if first.views == ANY else ""
    lines = [
        f"### {_heading(metrics)}",
        "",
        *_figure(group, first),
        f"- **Definition:** {first.formula}",
        f"- **Unit and sign:** {_unit(first)}; {first.sign}",
        f"- **Points:** {_points(first, sided)}",
        f"- **Views:** {', '.join(_families(first))}{unclear}",
        f"- **Calibration:** {_calibration(first)}",
        "- **Measured error:**",
        *(f"  - {words}" for words in errors),
        f"- **Source:** {first.source}",
        "",
        '<br clear="right">',
        "",
    ]
    return "\n".join(lines)


def _figure(group: str, metric: Metric) -> list[str]:
    """Lines with the figure and its caption, and the metrics it is worked out from, which have their own."""
    names = dict.fromkeys(name for parts in metric.derived.values() for name in parts)
    worked_out = f"Worked out from {', '.join(f'[`{name}`](#{name})' for name in names)}."
    size, title = f'width="{WIDTH}" height="{HEIGHT}"', _without_side(metric.title)
    image = f'<img align="right" {size} src="metrics/{group}.svg" alt="{title} on a drawn person">'
    return [image, "", FIGURES[group].caption, "", *([worked_out, ""] if names else [])]


def _calibration(metric: Metric) -> str:
    if metric.relative:
        return "counts from your calibrated pose"
    return "no pose; needs the distance between your pupils" if metric.scaled else "not needed"


def _errors(metrics: Sequence[Metric], backend: str, measured: Measured) -> Iterable[str]:
    """Yield what was measured with a backend in each of the metrics' views."""
    places = [(view, metric) for view in _families(metrics[0]) for metric in metrics]
    found = [evidence(backend, view_of(view), metric.name, measured) for view, metric in places]
    if not any(found) and all(_offered(metric, backend, view, measured) for view, metric in places):
        yield f"{backend}: {NOT_MEASURED}"
        return
    for (view, metric), entry in zip(places, found, strict=True):
        side = f", {_side(metric, view)}" if len(metrics) > 1 else ""
        parts = _held_parts(metric, backend, view, measured)
        words = f"withheld with {_listed(parts)}" if parts else _error(metric, backend, view, entry, measured)
        yield f"{backend}, {view}{side}: {words}"


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _error(metric: Metric, backend: str, view: str, entry: Evidence | None, measured: Measured) -> str:
    may = offered(backend, view_of(view), metric, measured)
    if entry is None:
        return NOT_MEASURED if may else NEVER_SEEN
    reasons, correlation = [], "the truth stood still"
    if entry.correlation is not None:
        # Rounded down, so that what is withheld never seems to reach the limit.
        correlation = f"correlation {math.floor(entry.correlation * 100) / 100:.2f}"
    if entry.degrees and entry.median_error > STRAYS_BEYOND:
        reasons.append(f"median error {entry.median_error:.1f}°")
    reasons.append(correlation)
    frames = f"over {entry.n} frames"
    if not entry.follows:
        return f"withheld: {', '.join(reasons)} {frames}"
    if not may:
        return f"{NEVER_SEEN}, {correlation} {frames}"
    unit = f" {metric.unit}" if metric.text(0.5)[-1].isdigit() else ""
    return f"± {metric.text(entry.rms)}{unit}, {correlation} {frames}"


def _method(table: Mapping[str, Any], backends: Sequence[str], measured: Measured) -> str:
    source = table.get("generated_by", "")
    clips = f"The figures above come from `{source}`." if measured else "Nothing has been measured yet."
    unmeasured = [backend for backend in backends if backend not in _measured_backends(measured)]
    return METHOD.format(
        clips=clips,
        unmeasured="".join(f"- {_UNMEASURED.get(backend, backend)}\n" for backend in unmeasured),
        withheld="".join(f"- {words}\n" for words in _withheld(measured)),
        field_of_view=Optics().field_of_view,
        across=ACROSS_A_DESK,
    )


_UNMEASURED = {
    MEDIAPIPE: "mediapipe has not been measured.",
    SAPIENS2: "Sapiens2 has not been measured: its weights were not at hand.",
}


def _withheld(measured: Measured) -> Iterable[str]:
    """Yield for each backend and view what is withheld there."""
    for backend in _measured_backends(measured):
        for view in FAMILIES:
            names = [
                words for metrics in groups().values() for words in _held(metrics, backend, view, measured)
            ]
            if names:
                yield f"Withheld with {backend}, {view}: {', '.join(names)}."


def _held(metrics: Sequence[Metric], backend: str, view: str, measured: Measured) -> Iterable[str]:
    """Yield those of one group that are withheld: both joints, or the one of a side."""
    held = [metric for metric in metrics if not _offered(metric, backend, view, measured)]
    if held and view in _families(metrics[0]):
        side = "" if len(held) == len(metrics) else f" of the {_side(held[0], view)}"
        yield " and ".join(f"`{metric.name}`" for metric in metrics) + side


def _families(metric: Metric) -> list[str]:
    """The views in which the metric means something; left and right side are one."""
    return [name for name in FAMILIES if any(family(view) == name for view in metric.views)]


def _heading(metrics: Sequence[Metric]) -> str:
    return _listed(metric.name for metric in metrics)


def slug(heading: str) -> str:
    """Given a heading, return the anchor that GitHub makes of it."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def _unit(metric: Metric) -> str:
    return UNITS.get(metric.unit, metric.unit)


def _points(metric: Metric, sided: bool) -> str:
    words = _words(metric.keypoints, sided) + (" of that side" if sided else "")
    if metric.relative and set(ANCHORS) <= set(metric.keypoints):
        words += f", and others of the face, {FEWEST} of it in all"
    if metric.sideways:
        words += f"; from the side: {_words(metric.sideways, sided)}"
    if metric.places:
        same = set(metric.places) == set(metric.keypoints)
        words += ", each with its place in space" if same else f"; in space: {_words(metric.places, sided)}"
    return words


def _words(names: Iterable[str], sided: bool) -> str:
    """Points in words, a left and a right one as both."""
    words = []
    for name in names:
        part = _without_side(name)
        word = PARTS.get(part, part.replace("_", " "))
        both = part != name and not sided
        words.append(f"both {word}{'es' if word.endswith('h') else 's'}" if both else word)
    return ", ".join(dict.fromkeys(words))


def _without_side(name: str) -> str:
    return re.sub(r"^(left|right)[_ ]", "", name)


def main() -> None:
    """Write the page and its figures, and remove figures that are no longer used."""
    wanted = documents()
    (HERE / "metrics").mkdir(exist_ok=True)
    for path, text in wanted.items():
        path.write_text(text, encoding="utf-8", newline="\n")
    for path in set((HERE / "metrics").glob("*.svg")) - set(wanted):
        path.unlink()


if __name__ == "__main__":
    main()
