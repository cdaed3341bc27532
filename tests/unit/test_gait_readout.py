"""The live readout of a walk in a terminal, in a pipe, and for a program."""

from __future__ import annotations

import io
import json
import re
from typing import Any

import pytest

from uprightd.cli.gait_live import Lines, Looks, Strips, figures
from uprightd.domain import View
from uprightd.gait.live import LiveReadout, Quality
from uprightd.gait.model import Event, EventKind, Side
from uprightd.service.gait.session import Look


def look(t: float, **changes: Any) -> Look:
    fields: dict[str, Any] = {
        "steps": 4,
        "fresh": (),
        "cadence": 111.2,
        "asymmetry": -0.013,
        "trunk_lean": 3.4,
        "sway": 1.2,
        "head_x": 0.02,
        "stride_asymmetry": 0.03,
        "quality": Quality.GOOD,
        "why": "",
        "rate": 25.0,
        "view": View.SAGITTAL_LEFT,
    }
    return Look(True, LiveReadout(t, **{**fields, **changes}))


def step(t: float, side: Side) -> Event:
    return Event(t, side, EventKind.STRIKE, 1.0)


def shown(text: str) -> list[str]:
    """What a terminal shows of it: lines, with those drawn over gone."""
    lines, row = [""], 0
    for part in re.split(r"(\x1b\[\d*[A-Za-z]|\n|\r)", text):
        if part == "\n":
            row += 1
            lines += [""] * (row + 1 - len(lines))
        elif found := re.fullmatch(r"\x1b\[(\d*)([AJK])", part):
            if found[2] == "A":
                row -= int(found[1])
                assert row >= 0
            else:
                lines[row] = ""
                if found[2] == "J":
                    del lines[row + 1 :]
        elif not re.fullmatch(r"\r|\x1b\[[\d;]*m", part):
            lines[row] += part
    return lines


def test_steps_stand_above_a_block_that_is_drawn_anew() -> None:
    stream = io.StringIO()
    strips = Strips(stream)
    for number in range(30):
        fresh = (step(number / 10, Side.LEFT if number % 2 else Side.RIGHT),) if number in (9, 20) else ()
        strips.on_look(look(number / 10, stride_asymmetry=0.02 * (-1) ** number, fresh=fresh))
    lines = shown(stream.getvalue())
    assert [line.strip() for line in lines[:2]] == ["◀ left 0.90 s", "▶ right 2.00 s"]
    assert len(lines) == 6, "four lines, however often they are drawn"
    assert "4 steps  cadence 111 /min  right − left -0.01 s  lean +3°  sway 1.2°" in lines[2]
    assert re.search("[▁▂▃▄▅▆▇█]", lines[3])
    assert lines[3].rstrip().endswith("L R")
    assert "● good  25 looks a second, seen from the left" in lines[5]


def test_what_is_not_known_has_no_number() -> None:
    unknown = look(0.0, cadence=None, asymmetry=None, trunk_lean=None, sway=None, rate=0.0)
    assert figures(unknown.readout) == ["4 steps", "cadence – /min", "right − left – s", "lean –°", "sway –°"]


def test_at_few_looks_a_second_it_is_the_posture_that_is_read() -> None:
    assert figures(look(0.0, rate=2.0).readout) == ["lean +3°", "head x +2.0 %", "ankles +3.0 %"]


def test_a_pipe_gets_each_step_and_a_line_a_second() -> None:
    stream = io.StringIO()
    lines = Lines(stream)
    for number in range(31):
        lines.on_look(look(number / 10, fresh=(step(1.23, Side.LEFT),) if number == 15 else ()))
    written = stream.getvalue().splitlines()
    assert len(written) == 5
    assert "  1.23 s  left step" in written


def test_a_program_gets_every_look_as_json() -> None:
    stream = io.StringIO()
    looks = Looks(stream)
    looks.on_look(look(1.5, cadence=None, fresh=(step(1.2, Side.RIGHT),)))
    looks.on_notice("the camera is busy")
    first, second = (json.loads(line) for line in stream.getvalue().splitlines())
    assert (first["event"], first["t"], first["cadence"]) == ("look", 1.5, None)
    assert first["fresh"] == [{"t": 1.2, "side": "right"}]
    assert (first["quality"], first["view"], first["rate"]) == ("good", "sagittal-left", 25.0)
    assert second == {"event": "notice", "text": "the camera is busy"}


@pytest.mark.parametrize("count", [0, 1])
def test_ending_leaves_the_terminal_on_a_fresh_line(count: int) -> None:
    stream = io.StringIO()
    strips = Strips(stream)
    for number in range(count):
        strips.on_look(look(float(number)))
    strips.finish()
    assert stream.getvalue().endswith("\n") == bool(count)
