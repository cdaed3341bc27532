"""docs/LOG.md says of the log and the summary what the program does."""

from __future__ import annotations

import math
import re
from pathlib import Path

import pytest

from uprightd.config.schema import Config
from uprightd.metrics.bands import BANDS
from uprightd.metrics.definitions import METRICS
from uprightd.report import alerts, sitting, trend
from uprightd.store.tables import TABLES

PAGE = (Path(__file__).parents[2] / "docs" / "LOG.md").read_text(encoding="utf-8")


def limits(metric: str, low: float, high: float) -> str:
    """A range as the page writes it."""
    least, most = METRICS[metric].limit_text(low), METRICS[metric].limit_text(high)
    if math.isinf(low):
        return f"up to {most}"
    return f"from {least}" if math.isinf(high) else f"{least} to {most}"


@pytest.mark.parametrize("metric", BANDS)
def test_every_band_stands_on_the_page_with_its_source(metric: str) -> None:
    bands = BANDS[metric]
    row = f"| `{metric}` | {limits(metric, *bands.good)} | {limits(metric, *bands.poor)} | {bands.source} |"
    assert row in PAGE


def test_no_band_stands_there_that_is_none() -> None:
    listed = re.findall(r"^\| `(\w+)` \| (?:up to|from|-?\d)", PAGE, re.MULTILINE)
    assert sorted(listed) == sorted(BANDS)


def test_every_table_is_on_the_page() -> None:
    first_cells = [line.split("|")[1] for line in PAGE.splitlines() if line.startswith("| `")]
    named = {name for cell in first_cells for name in re.findall(r"`(\w+)`", cell)}
    assert set(TABLES) <= named


def test_the_numbers_on_the_page_are_those_of_the_program() -> None:
    kept = Config().log
    for words in (
        f"`log.retention_days`, {kept.retention_days} days",
        f"`log.minutes_days`, {kept.minutes_days} days",
    ):
        assert words in PAGE
    assert (sitting.BREAK_S, sitting.ADVISED_S) == (120, 3000)
    assert (alerts.WITHIN_S, alerts.STAYS_S) == (600, 10)
    assert (trend.PERIODS, trend.FEWEST, trend.ENOUGH_S) == (8, 3, 3600)
    assert (trend.SMALLEST_SHARE, trend.SMALLEST_RATE) == (0.01, 0.1)
