"""The periodic jobs: weekly summary, retention, taking changed settings and rules.

APScheduler only says when to look. Whether a summary is due is read from the log, so weeks of sleep, a missed
run or a second start change nothing. What touches the loop's own parts is left in its inbox.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from datetime import datetime
from typing import Any

from uprightd.camera.source import Source
from uprightd.config.reload import Watched
from uprightd.config.values import WEEKDAYS
from uprightd.domain import Severity
from uprightd.errors import ConfigError, UprightError
from uprightd.intervals import pulse_for
from uprightd.notify.base import Notification
from uprightd.paths import Paths
from uprightd.report import weekly
from uprightd.service.calibrated import Calibrated, calibration_words, profiles_for, terms_of
from uprightd.service.circumstances import limits_of
from uprightd.service.monitor import Monitor
from uprightd.service.opening import told_of
from uprightd.service.settings import Settings
from uprightd.service.upkeep import roll_up
from uprightd.store.reading import LogReader

RELOAD_SECONDS = 5
ROLL_UP_MINUTES = 5
SUMMARY_MINUTES = 10
"""Whether a summary is due is asked so often; the answer goes by where the person's clock is then."""
RETENTION_MINUTES = 360


class Jobs:
    """The scheduler and its jobs, each harmless to repeat."""

    def __init__(self, monitor: Monitor, source: Source, settings: Settings, paths: Paths) -> None:
        self._monitor = monitor
        self._source = source
        self._settings = settings
        self._paths = paths
        self._started_with = settings.config
        self._shelf_watch = Watched((paths.profiles,))
        self._scheduler: Any = None

    def start(self) -> None:
        """Run each job once now, so that what was missed is made up for, then on schedule."""
        from apscheduler.events import EVENT_JOB_ERROR, EVENT_JOB_MAX_INSTANCES, EVENT_JOB_MISSED
        from apscheduler.schedulers.background import BackgroundScheduler

        logging.getLogger("apscheduler").setLevel(logging.CRITICAL)  # faults come through the listener
        defaults = {"misfire_grace_time": None, "coalesce": True, "max_instances": 1}
        scheduler = BackgroundScheduler(
            executors={"default": _daemon_threads()}, job_defaults=defaults, daemon=True
        )
        scheduler.add_listener(self._on_trouble, EVENT_JOB_ERROR | EVENT_JOB_MAX_INSTANCES | EVENT_JOB_MISSED)
        now = datetime.now().astimezone()
        for job, words, minutes in (
            (self.weekly_summary, "weekly summary", SUMMARY_MINUTES),
            (self.roll_up, "roll-up", ROLL_UP_MINUTES),
            (self.retention, "retention", RETENTION_MINUTES),
        ):
            scheduler.add_job(job, "interval", id=words, minutes=minutes, next_run_time=now)
        scheduler.add_job(self.reload, "interval", id="reload", seconds=RELOAD_SECONDS)
        scheduler.start()
        self._scheduler = scheduler

    def stop(self) -> None:
        """Stop without waiting for a job that hangs."""
        if self._scheduler is not None:
            self._scheduler.shutdown(wait=False)

    def weekly_summary(self) -> None:
        """Write the summaries of past weeks that the log says have not been made, and tell of them once."""
        time.tzset()  # a long process would go on by the zone it was started in
        report, parts = self._settings.config.report, self._monitor.parts
        now = parts.clock.now()
        local = datetime.fromtimestamp(now.wall).astimezone()
        made = parts.log.made_reports(weekly.KIND)
        with LogReader.open(self._paths.database) as reader:
            watched = weekly.watched_weeks(reader, made, local.date())
            due = weekly.due(watched, made, local, WEEKDAYS.index(report.weekday), report.at)
            written = []
            for period in due:
                written.append(weekly.write_weekly(reader, period, self._paths.reports))
                parts.log.add_report(weekly.KIND, period, now, written[-1][0])
        if written:
            path, summary = written[-1]
            self._monitor.tell(told_of(path, summary, len(written) - 1))

    def roll_up(self) -> None:
        """Work out what new samples come to."""
        roll_up(self._monitor.parts.log)

    def retention(self) -> None:
        """Remove samples and minutes that are older than the settings keep them; what they come to stays."""
        parts, kept = self._monitor.parts, self._settings.config.log
        self.roll_up()
        parts.log.retain(kept.retention_days, kept.minutes_days, parts.clock.now())

    def reload(self) -> None:
        """Take changed settings or rules; a bad edit keeps the last good ones and is told once."""
        try:
            changed = self._settings.reread()
        except ConfigError as error:
            self._monitor.notice(f"{error.message}\nThe last good settings stay in force.")
            first = error.message.splitlines()[0]
            self._monitor.tell(Notification("A settings file of uprightd is wrong", first, Severity.WARN))
            return
        if changed:
            self._monitor.inbox.post(self._take_settings)
        if self._shelf_watch.changed() or changed:
            self._look_for_profiles()

    def _look_for_profiles(self) -> None:
        """Have the loop take what `uprightd calibrate` has just written, or what is left of it."""
        try:
            found = profiles_for(self._settings.config, self._paths.profiles, self._source)
        except UprightError as error:
            self._monitor.notice(f"{error.message}\nThe profiles in force stay.")
            return
        if found.profiles != self._monitor.parts.measuring.profiles:
            self._monitor.inbox.post(lambda: self._take_profiles(found))

    def _take_settings(self) -> None:
        config, rules = self._settings.config, self._settings.rules
        self._monitor.take_period(1.0 / config.sampling.fps)
        self._monitor.parts.measuring.terms = terms_of(config)
        if self._monitor.parts.live:
            self._monitor.parts.restraint.limits = limits_of(config)
            self._monitor.parts.circumstances.take(config.restraint)
        self._monitor.parts.engine.replace(rules, pulse_for(self._monitor.pace.period))
        self._monitor.notice(f"settings read again, {len(rules)} rules in force")
        before = self._started_with
        if (config.camera, config.pose.backend) != (before.camera, before.pose.backend):
            self._monitor.notice("the changed camera or pose model is taken at the next start of uprightd")

    def _take_profiles(self, found: Calibrated) -> None:
        self._monitor.parts.measuring.take(found.profiles)
        for words in calibration_words(found, self._settings.rules):
            self._monitor.notice(words)

    def _on_trouble(self, event: Any) -> None:
        fault = getattr(event, "exception", None)
        if isinstance(fault, UprightError):
            words = str(fault)
        else:
            words = repr(fault) if fault else "it was late or still busy"
        self._monitor.notice(f"the job {event.job_id!r} did not run: {words}")


class _Threads:
    """A pool that starts a daemon thread for each job. The standard library's pool is waited for when the process
    ends, so that one hung job would keep it from ending."""

    def submit(self, job: Callable[..., Any], *arguments: Any) -> Future[Any]:
        future: Future[Any] = Future()

        def work() -> None:
            try:
                future.set_result(job(*arguments))
            except BaseException as error:  # noqa: BLE001 - it belongs to the scheduler, as with any pool
                future.set_exception(error)

        threading.Thread(target=work, name="job", daemon=True).start()
        return future

    def shutdown(self, wait: bool = True) -> None:
        """Daemon threads end with the process."""


def _daemon_threads() -> Any:
    from apscheduler.executors.pool import BasePoolExecutor

    class DaemonThreads(BasePoolExecutor):
        def __init__(self) -> None:
            super().__init__(_Threads())

    return DaemonThreads()
