"""`bench rules`: that its day is one in which rules speak, and what its figures are made of. No time is judged here."""

from __future__ import annotations

from itertools import pairwise

import pytest

from uprightd.domain import View
from uprightd.service import bench_rules
from uprightd.service.bench_rules import DAY, a_day, measure_rules, text


def test_the_day_has_somebody_in_several_views_and_away_from_time_to_time() -> None:
    day = a_day()
    assert len(day) == DAY
    assert {reading.view for reading in day} == {View.FRONTAL, View.SAGITTAL_LEFT, View.UNKNOWN}
    assert sum(not reading.present for reading in day) == 8 * 180
    assert all(later.at.mono - earlier.at.mono == 1.0 for earlier, later in pairwise(day))


def test_the_figures_tell_both_measures_and_what_they_are_measured_against(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(bench_rules, "DAY", 600)
    figures = measure_rules(repeats=1)
    assert figures["rules"] == figures["day_of_fifty"]["rules"] == 50
    assert figures["day"]["readings"] == 600
    assert figures["day_of_fifty"]["alerts"] > 0, "rules that never speak would measure nothing"
    assert figures["share_of_allowed"] == pytest.approx(figures["cpu_ms_per_reading"] / 1.0, abs=1e-3)
    for each in (figures["day"], figures["day_of_fifty"]):
        assert each["share_of_allowed"] == pytest.approx(each["cpu_s"] / 2.0, abs=1e-3)
    assert "50 rules on one reading" in text(figures)
