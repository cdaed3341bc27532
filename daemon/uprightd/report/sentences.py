"""A summary in two or three sentences, in plain words."""

from __future__ import annotations

from collections.abc import Iterator

from uprightd.domain import Activity, Posture
from uprightd.report.alerts import DROPPED, HELD, SPOKEN, After
from uprightd.report.periods import Period, is_week
from uprightd.report.sitting import Stretch
from uprightd.report.summary import HourFigure, Summary
from uprightd.report.trend import ALERTS, ENOUGH_S, WITHIN, Change, Verdict
from uprightd.report.words import count, duration, hour, on, percent, plain, points

TOO_WIDE = 0.5
"""A noise band of more than half of everything says no more than that nothing can be said."""
ONE_WEEK = 7
"""Days in which a weekday says which day is meant."""
NEARLY_ALL = 0.95
CALIBRATE = "To have it judged, sit upright and run: uprightd calibrate."


def headline(summary: Summary) -> str:
    """Given a summary, return its first sentence, for a notification."""
    return next(sentences(summary))


def sentences(summary: Summary) -> Iterator[str]:
    """Given a summary, yield what there is to say about it, the most important first."""
    if not summary.watched:
        yield from _nothing(summary)
        return
    if not summary.judged:
        yield from _unjudged(summary)
        if summary.alerts:
            yield f"{_told(summary)}."
        return
    good = summary.seconds[Posture.GOOD]
    yield (
        f"Posture was within your limits for {duration(good)} of the {duration(summary.judged)} "
        f"that could be judged ({percent(good / summary.judged)}), "
        f"and {percent(summary.coverage)} of the time the monitor ran was watched."
    )
    yield _alerts(summary)
    yield from _trend(summary)


def noun(period: Period) -> str:
    """Given a period, return what several of its kind are called: weeks, days, stretches of 10 days."""
    days = len(period.days)
    if is_week(period.first, period.last):
        return "weeks"
    return "days" if days == 1 else f"stretches of {days} days"


# ---- alerts -------------------------------------------------------------------------------------------------


def _alerts(summary: Summary) -> str:
    told, recovered = _told(summary), summary.went_on(After.RECOVERED)
    followed = recovered + summary.went_on(After.LEFT) + summary.went_on(After.STAYED)
    if recovered and summary.recovery is not None:
        usually = f"{'usually ' if recovered > 1 else ''}in {duration(round(summary.recovery))}"
        after = "it" if followed == 1 else f"{recovered} of the {followed} that were followed up"
        if recovered == followed > 1:
            after = "each that was followed up"
        return f"{told}; after {after}, posture was back within your limits, {usually}."
    if summary.longest_poor:
        return f"{told}; the longest time outside them was {_since(summary.longest_poor, summary.period)}."
    if summary.longest_good:
        return f"{told}; the longest time within them was {_since(summary.longest_good, summary.period)}."
    return f"{told}."


def _told(summary: Summary) -> str:
    """What became of the alerts: "2 alerts", "No alert, 3 held back"."""
    spoken, held, dropped = (summary.decided(it).total() for it in (SPOKEN, HELD, DROPPED))
    parts = [count(spoken, "alert") if spoken else "No alert"]
    parts += [f"{held} held back"] * bool(held) + [f"{dropped} dropped"] * bool(dropped)
    return " and ".join(", ".join(parts).rsplit(", ", 1)) if len(parts) > 2 else ", ".join(parts)


def _since(stretch: Stretch, period: Period) -> str:
    days = len(period.days)
    when = f"{stretch.start:%H:%M}"
    if days > 1:
        when = f"{stretch.start:%a} {when}" if days <= ONE_WEEK else f"{on(stretch.start)} {when}"
    return f"{duration(stretch.seconds)}, from {when}"


# ---- what changed -------------------------------------------------------------------------------------------


def _trend(summary: Summary) -> Iterator[str]:
    if summary.judged < ENOUGH_S:
        yield "That is little to go by: shares of less than an hour say hardly anything."
        return
    changes = {change.quantity: change for change in summary.trend}
    within = changes.get(WITHIN)
    if within is None or within.verdict is Verdict.TOO_FEW:
        yield from _hours(summary, too_few=within is not None)
        return
    alerts = _alerts_changed(changes.get(ALERTS))
    yield f"{_changed(within, noun(summary.period))}{alerts}."


def _changed(change: Change, kind: str) -> str:
    """What became of the time within the limits, against the periods before."""
    assert change.mean is not None
    assert change.mdc is not None
    known = sum(past.value is not None for past in change.past)
    before = f"the {known} {kind} before ({percent(change.mean)} on average)"
    if change.mdc > TOO_WIDE:
        return f"It cannot be held against {before}: they differ too much among themselves"
    if change.verdict is Verdict.NOISE:
        return (
            f"Against {before} nothing has changed: such {kind} differ by up to "
            f"{points(change.mdc)} by themselves, and less than that is noise"
        )
    way = "more" if change.verdict is Verdict.MORE else "less"
    return (
        f"That is {way} than in {before}, and by more than the {points(change.mdc)} "
        f"by which such {kind} differ by themselves"
    )


def _alerts_changed(change: Change | None) -> str:
    if change is None or change.mean is None or change.verdict not in (Verdict.MORE, Verdict.LESS):
        return ""
    way = "more" if change.verdict is Verdict.MORE else "fewer"
    return f"; alerts were {way}, {change.now:.1f} an hour instead of {change.mean:.1f}"


def _hours(summary: Summary, *, too_few: bool) -> Iterator[str]:
    few = f"Too few {noun(summary.period)} before were watched to tell a change from noise"
    hours = summary.hours
    if len(hours) > 1 and hours[0].share > hours[-1].share:
        best, worst = (_hour(each, summary.period) for each in (hours[0], hours[-1]))
        found = f"the best hour was {best}, the hardest {worst}."
        yield f"{few}; {found}" if too_few else found[0].upper() + found[1:]
    elif too_few:
        yield f"{few}."


def _hour(figure: HourFigure, period: Period) -> str:
    days = len(period.days)
    day = "" if days == 1 else f"{figure.day:%a} " if days <= ONE_WEEK else f"{on(figure.day)} "
    return f"{day}{hour(figure.hour)} ({percent(figure.share)} of {duration(figure.judged)})"


# ---- nothing to judge ---------------------------------------------------------------------------------------


def _nothing(summary: Summary) -> Iterator[str]:
    yield f"Nothing was watched {summary.period.around}."
    idle = {it: sum(summary.states[it].values()) for it in (Activity.PAUSED, Activity.DEGRADED)}
    if summary.samples:
        yield f"The log holds {count(summary.samples, 'sample')}, too few or too far apart to make up a time."
    elif summary.running and sum(idle.values()) >= NEARLY_ALL * summary.running:
        longest = max(idle, key=lambda it: idle[it])
        how = "was paused" if longest is Activity.PAUSED else "could not measure"
        yield f"The monitor ran for {duration(summary.running)}, but {how}: {_main_reason(summary, longest)}."
    elif summary.running or summary.alerts:
        yield "The monitor ran, but the log holds no samples: none were taken, or they are no longer kept."
    else:
        yield "A summary needs the monitor to run: uprightd run."


def _unjudged(summary: Summary) -> Iterator[str]:
    watched = duration(summary.watched)
    if summary.seconds[Posture.AWAY] >= NEARLY_ALL * summary.watched:
        yield f"{watched} were watched, and nobody was in view."
        return
    unsure = {it: sum(summary.states[it].values()) for it in (Activity.UNCALIBRATED, Activity.UNRELIABLE)}
    longest = max(unsure, key=lambda it: unsure[it])
    reason = f": {_main_reason(summary, longest)}" if unsure[longest] else ""
    yield f"{watched} were watched, but posture could not be judged in any of it{reason}."
    if longest is Activity.UNCALIBRATED and unsure[longest]:
        yield CALIBRATE


def _main_reason(summary: Summary, activity: Activity) -> str:
    return plain(next(iter(summary.states[activity]), "")).rstrip("?.") or activity.value
