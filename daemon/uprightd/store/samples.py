"""Stored samples as readings again, to be judged a second time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from uprightd.domain import Instant, Posture, Reading, Reason, Value, View, unknown
from uprightd.store.schema import PARTS

COLUMNS = ("at_ms", "posture", "view", "confidence", "position", "profile")
"""What `readings` wants first in each row; the metrics follow."""

_UNSURE = unknown(Reason.LOW_CONFIDENCE)
_NOBODY = unknown(Reason.NO_PERSON)


class StoredValues(Mapping[str, Value]):
    """The values of one row, each made when it is asked for: rules look at a few of the many that are stored."""

    __slots__ = ("_missing", "_places", "_row")

    def __init__(self, row: tuple, places: Mapping[str, int], missing: Value) -> None:
        self._row = row
        self._places = places
        self._missing = missing

    def __getitem__(self, name: str) -> Value:
        number = self._row[self._places[name]]
        return self._missing if number is None else Value(number / PARTS)

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)


def readings(rows: Iterable[tuple], metrics: Iterable[str]) -> Iterator[Reading]:
    """Given rows of COLUMNS and the metrics' values, and the metrics' names, yield a reading for each.

    Why a value is missing was not stored: it is low_confidence, or no_person where nobody was there. Nor was the
    monotonic clock: the wall clock's time stands on both.
    """
    places = {name: place for place, name in enumerate(metrics, start=len(COLUMNS))}
    views = {view.value: view for view in View}
    for row in rows:
        at_ms, posture, view, confidence, position, profile = row[: len(COLUMNS)]
        seconds = at_ms / 1000
        present = posture != Posture.AWAY.value
        yield Reading(
            Instant(seconds, seconds),
            present,
            views[view],
            StoredValues(row, places, _UNSURE if present else _NOBODY),
            confidence / PARTS,
            position,
            profile or "",
        )
