"""What changed against the periods before, in figures and a word: the table, and what a picture says beside it."""

from __future__ import annotations

from uprightd.report.sentences import noun
from uprightd.report.summary import Summary
from uprightd.report.table import Column, Figure, Kind, Table, row, words
from uprightd.report.trend import ALERTS, FEWEST, WITHIN, Change
from uprightd.report.words import NOTHING, named, percent, points, spark


def against_those_before(summary: Summary) -> Table:
    """Given a summary, return the table of what changed; without rows where nothing can be compared."""
    kind = noun(summary.period)
    columns = (
        Column("Quantity", Kind.NAME),
        *(Column(name) for name in ("now", "before", "±", "change")),
        Column(kind.split()[0], aside=True),
        Column("course", Kind.SPARK, aside=True),
    )
    rows = [_change(change) for change in summary.trend]
    note = (
        f"Before: the mean of the {kind} before of which an hour or more was judged, {FEWEST} at least. "
        f"±: by how much such {kind} differ by themselves, nineteen times out of twenty (the minimal "
        "detectable change); less is noise, and of twenty figures one will look changed by chance."
    )
    return Table("trend", f"Against the {kind} before", columns, tuple(rows), None, note)


def _change(change: Change) -> tuple[Figure, ...]:
    values = [past.value for past in change.past]
    known = sum(value is not None for value in values)
    before = (NOTHING, NOTHING)
    if change.mean is not None and change.mdc is not None:
        before = (amount(change, change.mean), spread(change))
    return row(
        title_of(change),
        *words(amount(change, change.now), *before, verdict(change), str(known)),
        Figure(spark([*values, change.now])),
    )


def title_of(change: Change) -> str:
    """Given a change, return what changed, for a heading."""
    fixed = {WITHIN: "within your limits", ALERTS: "alerts an hour judged"}
    return fixed.get(change.quantity) or f"{named(change.quantity.name)}, in poor"


def amount(change: Change, value: float) -> str:
    """Given a change and one of its values, return the value with its unit."""
    return f"{value:.1f}" if change.quantity == ALERTS else percent(value)


def spread(change: Change) -> str:
    """Given a change whose minimal detectable change is known, return that with its unit."""
    assert change.mdc is not None
    return f"{change.mdc:.1f}" if change.quantity == ALERTS else points(change.mdc)


def verdict(change: Change) -> str:
    """Given a change, return what it is, in a word or two."""
    if change.good is None:
        return change.verdict.value
    return "better" if change.good else "worse"
