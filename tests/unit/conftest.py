"""What several modules of tests share because making it takes seconds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest
from tests.fakes.weeks import write_weeks

from uprightd.report.course import Course, course_of
from uprightd.report.periods import parse
from uprightd.report.summary import Summary, summarise
from uprightd.store.reading import LogReader

Shown = Callable[[str], tuple[Summary, Course | None]]


@pytest.fixture(scope="session")
def weeks_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home whose log holds six weeks at a desk, the last of them 2026-W47."""
    home = tmp_path_factory.mktemp("weeks")
    write_weeks(home / "data" / "uprightd.db", date(2026, 11, 16), 6, periods=(20.0, 60.0))
    return home


@pytest.fixture(scope="session")
def shown(weeks_home: Path) -> Iterator[Shown]:
    """Given a period by name, its summary and course, from those six weeks."""
    with LogReader.open(weeks_home / "data" / "uprightd.db") as reader:

        def of(name: str) -> tuple[Summary, Course | None]:
            period = parse(name, 1_795_348_800.0)  # 2026-11-22 12:00 UTC, the Sunday of that week
            return summarise(reader, period), course_of(reader, period)

        yield of
