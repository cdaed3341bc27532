"""The summary as data: stable names, all of them documented."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.fakes.summaries import ALERT, EMPTY, WEEK

from uprightd.report.data import SCHEMA, to_json

DOCUMENT = Path(__file__).parents[2] / "docs" / "SUMMARY.md"
NAMED_BY_OTHERS = {"states", "reasons", "metrics", "decisions"}
"""What holds names of states, reasons, metrics and decisions rather than ours."""


def names_in(data: Any, within: str = "") -> Iterator[str]:
    if isinstance(data, dict):
        for name, value in data.items():
            if within not in NAMED_BY_OTHERS:
                yield name
            yield from names_in(value, "" if within in NAMED_BY_OTHERS else name)
    elif isinstance(data, list):
        for each in data:
            yield from names_in(each)


def as_read(summary: Any) -> dict[str, Any]:
    return json.loads(json.dumps(to_json(summary), allow_nan=False))


def test_every_name_is_documented() -> None:
    data = as_read(replace(WEEK, alerts=(replace(ALERT, verdict="wrong", note="I was reading"),)))
    documented = set(re.findall(r"`(\w+)`", DOCUMENT.read_text(encoding="utf-8").partition("## JSON")[2]))
    assert set(names_in(data)) - documented == set()
    assert f"| `schema` | {SCHEMA} |" in DOCUMENT.read_text(encoding="utf-8")


def test_a_name_that_were_new_would_be_missed() -> None:
    assert set(names_in({"trend": [{"quite_new": 1}], "states": {"paused": {"seconds": 1}}})) == {
        "trend",
        "quite_new",
        "states",
        "seconds",
    }


def test_the_figures_of_a_week() -> None:
    data = as_read(WEEK)
    assert data["seconds"] == {"good": 14_400.0, "poor": 3_600.0, "unreliable": 60.0, "away": 3_540.0}
    assert (data["watched"], data["judged"], data["running"], data["coverage"]) == (
        21_600,
        18_000,
        24_000,
        0.9,
    )
    assert data["best_hour"] == {"day": "2026-11-17", "hour": 9, "judged": 3_600.0, "good": 3_500.0}
    assert data["worst_hour"]["hour"] == 14
    assert data["heat_map"][0] == {
        "weekday": 2,
        "hour": 9,
        "watched": 3_600.0,
        "judged": 3_600.0,
        "good": 3_500.0,
    }
    assert data["sitting"]["longest"] == {"start": "2026-11-17T15:03:10+00:00", "seconds": 5_100.0}
    assert (data["sitting"]["usual"], data["sitting"]["too_long"]) == (4_050.25, 2)
    assert data["after_alerts"] == {
        "recovered": 2,
        "left": 0,
        "stayed": 0,
        "unseen": 0,
        "median_recovery": 31.0,
    }
    assert data["metrics"]["neck_flexion"] == {
        "title": "neck flexion",
        "unit": "°",
        "samples": 18_000,
        "known": 18_000.0,
        "coverage": 0.8333,
        "min": 31.04,
        "median": 38.2,
        "max": 55.0,
        "bands": {"good": 14_000.0, "borderline": 3_000.0, "poor": 1_000.0},
    }
    within = data["trend"][0]
    assert (within["quantity"], within["now"], within["verdict"], within["more_is"]) == (
        "within",
        0.8,
        "noise",
        "better",
    )
    assert [past["value"] for past in within["periods"]] == [0.78, 0.82, None, 0.8, 0.79]
    assert within["periods"][-1]["name"] == "2026-W46"
    assert len(data["sentences"]) == 3


def test_an_alert_has_all_that_is_known_of_it() -> None:
    alert = replace(ALERT, decision="held", cause="in quiet hours", verdict="right", after=None, took=None)
    assert as_read(replace(WEEK, alerts=(alert,)))["alerts"] == [
        {
            "id": 7,
            "at": "2026-11-17T14:03:10+00:00",
            "rule": "neck-flexed",
            "severity": "warn",
            "message": ALERT.message,
            "metric": "neck_flexion",
            "value": 52.3,
            "threshold": 45.0,
            "held": 60.0,
            "view": "oblique",
            "reason": ALERT.reason,
            "position": None,
            "outcome": "delivered",
            "decision": "held",
            "decision_reason": "in quiet hours",
            "feedback": {"verdict": "right", "note": ""},
            "after": None,
            "took": None,
        }
    ]


@pytest.mark.parametrize("name", ["coverage", "detected", "best_hour", "longest_good", "longest_poor"])
def test_what_there_is_none_of_is_null(name: str) -> None:
    assert as_read(EMPTY)[name] is None
