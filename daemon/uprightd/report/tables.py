"""The tables of a summary, the same for every format. Beside every figure stands on how much time it rests."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from statistics import median

from uprightd.domain import Posture
from uprightd.durations import duration_text
from uprightd.report.alerts import DROPPED, HELD, SPOKEN, WITHIN_S, After, SummaryAlert
from uprightd.report.changes import against_those_before
from uprightd.report.measures import Measure
from uprightd.report.sitting import ADVISED_S, Stretch
from uprightd.report.slices import slices_of
from uprightd.report.summary import HourFigure, Summary
from uprightd.report.table import Column, Figure, Kind, Table, about, part, row, share, time, words
from uprightd.report.words import (
    NOTHING,
    count,
    duration,
    hour,
    measured,
    named,
    on,
    percent,
    plain,
)

SHOWN_REASONS = 4
SHOWN_HOURS = 3
STATELESS = "starting, asleep, or samples no longer kept"
_OF_WATCHED = Column("of watched", aside=True)
_OF_RAN = Column("of ran", aside=True)


def tables_of(summary: Summary) -> list[Table]:
    """Given a summary, return its tables, those with nothing in them left out."""
    makers = (_postures, _slices, _hours, _bands, _values, _sitting, _alerts, against_those_before, _states)
    made = (make(summary) for make in makers)
    return [table for table in made if table is not None and table.rows]


def coverage_words(summary: Summary) -> str:
    """Given a summary, return in a sentence what its figures rest on."""
    return (
        f"Watched for {duration(summary.watched)} in {count(summary.runs, 'run')}, "
        f"{percent(summary.coverage)} of the {duration(summary.running)} the monitor ran; "
        f"{count(summary.samples, 'sample')}, a person in {percent(summary.detected)} of them."
    )


def _postures(summary: Summary) -> Table | None:
    if not summary.watched:
        return None
    rows = [row(it.value, time(sec), part(sec, summary.watched)) for it, sec in summary.seconds.items()]
    columns = (Column("Posture", Kind.NAME), Column("time", Kind.TIME), _OF_WATCHED)
    total = row("watched", time(summary.watched), share(1.0))
    return Table("postures", "Time watched", columns, tuple(rows), total, coverage_words(summary))


def _slices(summary: Summary) -> Table | None:
    slices = slices_of(summary)
    if not summary.watched or (slices.of_an_hour and len(slices.parts) < 2):
        return None
    columns = (
        Column(slices.each, Kind.NAME),
        *(Column(name, Kind.TIME) for name in ("good", "poor", "not judged", "watched")),
        Column("within", aside=True),
        Column("of the hour", aside=True) if slices.of_an_hour else _OF_RAN,
    )
    rows = [
        row(
            it.label,
            *map(time, (it.good, it.poor, it.unjudged, it.watched)),
            *map(share, (it.within, it.coverage)),
        )
        for it in slices.parts
    ]
    good, poor = summary.seconds[Posture.GOOD], summary.seconds[Posture.POOR]
    unjudged = round(summary.watched - summary.judged, 3)
    total = row(
        "all",
        *map(time, (good, poor, unjudged, summary.watched)),
        part(good, summary.judged),
        Figure(NOTHING) if slices.of_an_hour else share(summary.coverage),
    )
    note = "Within: the share of good in what could be judged, good and poor."
    return Table("parts", f"By the {slices.each.lower()}", columns, tuple(rows), total, note)


def _hours(summary: Summary) -> Table | None:
    hours = summary.hours
    if len(hours) < 2:
        return None
    best, worst = hours[: min(SHOWN_HOURS, len(hours) // 2)], hours[-min(SHOWN_HOURS, len(hours) // 2) :]
    one_day = len(summary.period.days) == 1

    def named_hour(of: HourFigure) -> str:
        return hour(of.hour) if one_day else f"{on(of.day)} {hour(of.hour)}"

    rows = [
        row(named_hour(of), Figure(kind), share(of.share), time(of.judged), part(of.judged, 3600.0))
        for kind, group in (("best", best), ("hardest", reversed(worst)))
        for of in group
    ]
    columns = (
        Column("Hour", Kind.NAME),
        Column("which"),
        Column("within"),
        Column("judged", Kind.TIME),
        Column("of the hour", aside=True),
    )
    note = "Hours of which less than 20 minutes could be judged are not compared."
    return Table("hours", "Best and hardest hours", columns, tuple(rows), None, note)


def _bands(summary: Summary) -> Table | None:
    columns = (
        Column("Measure", Kind.NAME),
        *(Column(name, Kind.TIME) for name in ("good", "borderline", "poor", "known")),
        _OF_WATCHED,
    )
    rows = [
        row(named(name), *map(time, (*of.bands, of.known)), part(of.known, summary.watched))
        for name, of in banded(summary).items()
        if of.bands
    ]
    note = (
        "Known: in view and sure enough to be measured. The limits are yardsticks, no statement about health."
    )
    return Table("bands", "Measures, time in each band", columns, tuple(rows), None, note)


def banded(summary: Summary) -> Mapping[str, Measure]:
    """Given a summary, return its measures that have bands."""
    return {name: of for name, of in summary.metrics.items() if of.bands is not None}


def _values(summary: Summary) -> Table | None:
    columns = (
        Column("Measure", Kind.NAME),
        *(Column(name) for name in ("median", "least", "most")),
        Column("known", Kind.TIME),
        _OF_WATCHED,
    )
    rows = [
        row(
            named(name),
            *words(*(measured(name, value) for value in (of.median, of.low, of.high))),
            time(of.known),
            part(of.known, summary.watched),
        )
        for name, of in summary.metrics.items()
    ]
    return Table("values", "Measures, values", columns, tuple(rows))


def _sitting(summary: Summary) -> Table | None:
    sitting = summary.sitting
    rows = [
        _stretches(name, stretches, usual, summary.watched)
        for name, stretches, usual in (
            ("at the desk", sitting.stretches, sitting.usual),
            ("breaks", sitting.breaks, sitting.usual_break),
        )
        if stretches
    ]
    columns = (
        Column("Sitting", Kind.NAME),
        Column("times"),
        *(Column(name, Kind.TIME) for name in ("usually", "longest", "together")),
        _OF_WATCHED,
    )
    long = sitting.too_long
    note = "Away for two minutes or more is a break; usually is the median." + (
        f" {count(long, 'time')} longer than {duration_text(ADVISED_S)} without one." if long else ""
    )
    return Table("sitting", "Sitting and breaks", columns, tuple(rows), None, note)


def _stretches(
    name: str, stretches: tuple[Stretch, ...], usual: float | None, watched: float
) -> tuple[Figure, ...]:
    together = sum(each.seconds for each in stretches)
    longest = max(each.seconds for each in stretches)
    figures = (Figure(str(len(stretches))), *map(about, (usual, longest, together)))
    return row(name, *figures, part(min(together, watched), watched))


# ---- alerts -------------------------------------------------------------------------------------------------


def _alerts(summary: Summary) -> Table | None:
    by_rule: defaultdict[str, list[SummaryAlert]] = defaultdict(list)
    for alert in summary.alerts:
        by_rule[plain(alert.rule)].append(alert)
    columns = (
        Column("Rule", Kind.NAME),
        *(Column(name) for name in (SPOKEN, HELD, DROPPED, "wrong", "right")),
        Column("back", aside=True),
        Column("usually in", Kind.TIME, aside=True),
    )
    rows = [row(rule, *_of_alerts(alerts)) for rule, alerts in sorted(by_rule.items())]
    total = row("all", *_of_alerts(list(summary.alerts))) if len(rows) > 1 else None
    note = (
        f"Back: after how many posture was within the limits again in {duration_text(WITHIN_S)}, of those "
        "whose next minutes were watched. Wrong and right: in your judgement."
    )
    return Table("alerts", "Alerts", columns, tuple(rows), total, note)


def _of_alerts(alerts: list[SummaryAlert]) -> Iterator[Figure]:
    for decision in (SPOKEN, HELD, DROPPED):
        yield Figure(str(sum(alert.decision == decision for alert in alerts)))
    for verdict in ("wrong", "right"):
        yield Figure(str(sum(alert.verdict == verdict for alert in alerts)))
    recovered = [alert.took for alert in alerts if alert.after is After.RECOVERED and alert.took is not None]
    followed = sum(alert.after not in (None, After.UNSEEN) for alert in alerts)
    yield Figure(f"{len(recovered)} of {followed}" if followed else NOTHING)
    yield about(median(recovered) if recovered else None)


# ---- the monitor --------------------------------------------------------------------------------------------


def _states(summary: Summary) -> Table | None:
    told = {activity: reasons for activity, reasons in summary.states.items() if reasons}
    if not told:
        return None
    rows = [
        row("" if place else activity.value, time(seconds), part(seconds, summary.running), Figure(why))
        for activity, reasons in told.items()
        for place, (why, seconds) in enumerate(few(reasons))
    ]
    if summary.stateless:
        rows.append(
            row("none", time(summary.stateless), part(summary.stateless, summary.running), Figure(STATELESS))
        )
    columns = (
        Column("State", Kind.NAME),
        Column("time", Kind.TIME, aside=True),
        _OF_RAN,
        Column("why", Kind.WORDS),
    )
    added = round(sum(cells[1].seconds or 0.0 for cells in rows), 3)
    total = row("ran", time(added), part(added, summary.running), Figure(""))
    return Table("states", "What the monitor did", columns, tuple(rows), total)


def few(reasons: Mapping[str, float]) -> list[tuple[str, float]]:
    """Given seconds by reason, the longest first, return the first few and the rest as one."""
    shown = [(plain(why), seconds) for why, seconds in reasons.items()]
    if len(shown) > SHOWN_REASONS:
        rest = shown[SHOWN_REASONS - 1 :]
        shown[SHOWN_REASONS - 1 :] = [("other reasons", round(sum(seconds for _, seconds in rest), 3))]
    return shown
