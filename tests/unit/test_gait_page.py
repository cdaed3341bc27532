"""docs/GAIT.md and the code say the same."""

from __future__ import annotations

import re
from pathlib import Path

from uprightd.gait import analysis, course, scale
from uprightd.gait.catalogue import PARAMETERS
from uprightd.gait.precision import FEWEST_STEPS

PAGE = (Path(__file__).parents[2] / "docs" / "GAIT.md").read_text(encoding="utf-8")


def test_every_parameter_is_on_the_page_and_none_that_is_not_measured() -> None:
    table = PAGE[PAGE.index("## Parameters") : PAGE.index("**Scale.**")]
    told = {
        name
        for row in re.findall(r"^\| (`.*?) \|", table, re.MULTILINE)
        for name in re.findall(r"`(\w+)`", row)
    }
    assert told == PARAMETERS.keys()


def test_the_page_s_numbers_are_the_code_s() -> None:
    for words in (
        f"up to {course.ACROSS_UP_TO:.0f}° off the picture",
        f"from {course.TOWARDS_FROM:.0f}° front or rear",
        f"Under {analysis.SLOWEST_RATE:.0f} no step is timed",
        f"usual adult of {scale.USUAL_HEIGHT:g} m",
        f"eyes over the floor are {scale.EYES:g} of the height",
        f"{1000 * analysis.EVENT_ERROR:.0f} ms from the side",
        f"{1000 * analysis.FRONTAL_ERROR:.0f} ms from the front",
    ):
        assert words in PAGE.replace("\n", " "), words
    assert FEWEST_STEPS == 4
