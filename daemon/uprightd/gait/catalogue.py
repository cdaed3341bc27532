"""Every parameter by name: its unit and what it is, in words. Reports, the screen and docs/GAIT.md read it here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from uprightd.gait.model import Side


@dataclass(frozen=True, slots=True)
class Definition:
    """label: for a table's row. words: what is measured, from where to where."""

    name: str
    unit: str
    label: str
    words: str


_BOTH = (
    ("step_time", "s", "step time", "from the strike of the other foot to the strike of this one"),
    ("stride_time", "s", "stride time", "from a foot's strike to its next strike"),
    ("stance", "s", "stance time", "from a foot's strike to its toe-off"),
    ("swing", "s", "swing time", "from a foot's toe-off to its next strike"),
    ("step_length", "m", "step length", "from where the other foot stands to where this one is set down"),
    ("stride_length", "m", "stride length", "between two places of one foot on the floor"),
)
_SIDED = (
    ("stance_percent", "%", "stance", "stance time over stride time"),
    ("swing_percent", "%", "swing", "swing time over stride time"),
    ("hip_range", "deg", "hip range", "highest minus lowest hip angle within a stride"),
    ("knee_range", "deg", "knee range", "highest minus lowest knee angle within a stride"),
    ("ankle_range", "deg", "ankle range", "highest minus lowest ankle angle within a stride"),
    ("arm_swing", "deg", "arm swing", "how far shoulder to wrist swings against the trunk within a stride"),
)
_WHOLE = (
    ("cadence", "steps/min", "cadence", "60 over the mean step time"),
    ("speed", "m/s", "speed", "stride length over stride time"),
    ("double_support", "s", "double support", "from a foot's strike to the other's toe-off"),
    (
        "double_support_percent",
        "%",
        "double support",
        "both double supports of a stride over the stride time",
    ),
    ("step_time_cv", "%", "step time variability", "standard deviation of the step times over their mean"),
    (
        "stride_time_cv",
        "%",
        "stride time variability",
        "standard deviation of the stride times over their mean",
    ),
    (
        "trunk_lean",
        "deg",
        "trunk lean",
        "mean lean of mid-hip to mid-shoulder: forwards from the side, else to the subject's right",
    ),
    ("trunk_lean_range", "deg", "trunk lean range", "highest minus lowest trunk lean within a stride"),
    (
        "trunk_sway",
        "%",
        "trunk sway",
        "rms of mid-shoulder about its way, over body height: up and down from the side, else sideways",
    ),
    ("head_sway", "%", "head sway", "the same of the nose"),
    ("arm_swing_symmetry_index", "%", "arm swing asymmetry", "difference of the arm swings over their mean"),
)
_COMPARED = ("step_time", "stance", "swing", "step_length")


def _every() -> list[Definition]:
    found = [Definition(*row) for row in _WHOLE]
    for name, unit, label, words in _BOTH:
        found.append(Definition(name, unit, label, words))
        found += [
            Definition(f"{name}_{side}", unit, f"{label} {side}", f"{words}, {side} foot") for side in Side
        ]
        if name in _COMPARED:
            found.append(Definition(f"{name}_difference", unit, f"{label} difference", "right minus left"))
            index = Definition(
                f"{name}_symmetry_index",
                "%",
                f"{label} asymmetry",
                "|R - L| / (0.5 (R + L)) x 100 (Robinson)",
            )
            found.append(index)
    for name, unit, label, words in _SIDED:
        found += [Definition(f"{name}_{side}", unit, f"{label} {side}", words) for side in Side]
    return found


PARAMETERS: Mapping[str, Definition] = {it.name: it for it in _every()}
