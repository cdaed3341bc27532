"""Kinds of value the settings are written in. The text of a ValueError ends the sentence "expected ..."."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from datetime import time
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, BeforeValidator, InstanceOf, ValidationInfo

from uprightd.durations import parse_duration
from uprightd.problems import UnknownNameError
from uprightd.rules.quiet import QuietHours

_Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]

WEEKDAYS: tuple[str, ...] = get_args(_Weekday)
"""In the order of datetime.weekday()."""

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,31}", re.ASCII)
_TIME = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])", re.ASCII)
_DAY_MINUTES = 24 * 60


@dataclass(frozen=True, slots=True)
class Expected:
    """How a kind of number is named after "expected" in an error; {bounds} stands for its bounds."""

    words: str


def _time_of_day(value: Any) -> time:
    """Given "22:00" or a time, return the time of day. Raise ValueError for anything else."""
    if isinstance(value, time):
        return value
    match = _TIME.fullmatch(value.strip()) if isinstance(value, str) else None
    if match:
        return time(int(match[1]), int(match[2]))
    words = "a time of day from 00:00 to 23:59"
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < _DAY_MINUTES:
        raise ValueError(
            f"{words} (if minutes after midnight are meant, write {value // 60:02}:{value % 60:02})"
        )
    raise ValueError(f"{words}, written as hours and minutes such as 22:00")


def _source(value: Any) -> int | str:
    """Given a camera index or text that names a source, return it. Raise ValueError for anything else."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 99:
        return value
    if isinstance(value, str) and value.strip():
        return value.strip()
    raise ValueError("a camera index (0, 1, ...), a camera name, a file, a folder or an rtsp/http URL")


def _quiet_span(value: Any) -> QuietHours:
    """Given "22:00-07:00", return it as quiet hours. Raise ValueError for anything else."""
    if isinstance(value, QuietHours):
        return value
    parts = value.replace("–", "-").split("-") if isinstance(value, str) else []
    if len(parts) != 2:
        raise ValueError("two times of day such as 22:00-07:00, in quotes")
    start, end = (_time_of_day(part) for part in parts)
    if start == end:
        raise ValueError("two different times of day such as 22:00-07:00")
    return QuietHours(start, end)


def profile_name(value: Any) -> str:
    """Given the name of a calibrated profile, return it. Raise ValueError for what is none."""
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        raise ValueError("a name of small letters, digits and - such as sit, stand, laptop or monitor")
    return value


def _pack(value: Any, info: ValidationInfo) -> str:
    """Given the name of a shipped pack, return it. The context may list the `packs` that ship."""
    if not isinstance(value, str):
        raise ValueError("the name of a rule pack that ships")
    packs = (info.context or {}).get("packs")
    if packs is not None and value not in packs:
        raise UnknownNameError(f"a rule pack that ships ({', '.join(sorted(packs))})", packs)
    return value


def _rule_file(value: Any, info: ValidationInfo) -> Path:
    """Given the path of a file that is there, return it; a relative one starts at the context's `folder`."""
    if not isinstance(value, str) or not value.strip():
        raise ValueError("the path of a rule file")
    try:
        path = (info.context or {}).get("folder", Path()) / Path(value.strip()).expanduser()
    except RuntimeError as error:
        raise ValueError("a path without ~, as no home folder is known") from error
    if not os.path.exists(path):  # Path.exists raises on a name that is too long
        raise ValueError(f"a rule file that is there (there is no {path})")
    return path


def _once(items: tuple[Any, ...]) -> tuple[Any, ...]:
    if len(set(items)) < len(items):
        raise ValueError("each item only once")
    return items


def _lower(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


Seconds = Annotated[
    float,
    BeforeValidator(parse_duration),
    Expected("a length of time{bounds}, such as 90s, 10 min or 1h"),
]
Weekday = Annotated[_Weekday, BeforeValidator(_lower)]
TimeOfDay = Annotated[time, BeforeValidator(_time_of_day)]
Source = Annotated[int | str, BeforeValidator(_source)]
ProfileName = Annotated[str, BeforeValidator(profile_name)]
PackNames = Annotated[tuple[Annotated[str, BeforeValidator(_pack)], ...], AfterValidator(_once)]
QuietSpans = Annotated[
    tuple[Annotated[InstanceOf[QuietHours], BeforeValidator(_quiet_span)], ...], AfterValidator(_once)
]
RuleFiles = Annotated[tuple[Annotated[Path, BeforeValidator(_rule_file)], ...], AfterValidator(_once)]
