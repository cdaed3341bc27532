"""`uprightd run`: one monitor, its lock, its control socket, its jobs and its signals."""

from __future__ import annotations

import contextlib
import math
import os
import signal
import threading
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from uprightd import __version__
from uprightd.clock import FollowingClock
from uprightd.domain import ABSENT, Activity, Reason, Severity
from uprightd.durations import parse_duration
from uprightd.errors import UsageError
from uprightd.notify.base import Notification
from uprightd.paths import Paths
from uprightd.rules.engine import why_asleep
from uprightd.service.calibrated import calibration_words, sleeping
from uprightd.service.composition import Assembly
from uprightd.service.control import ControlServer
from uprightd.service.forgetting import COMMAND as FORGET
from uprightd.service.forgetting import take_forget
from uprightd.service.jobs import Jobs
from uprightd.service.judging import COMMAND as FEEDBACK
from uprightd.service.judging import take_feedback
from uprightd.service.privacy import contacts_of
from uprightd.service.recording import COMMAND as RECORD
from uprightd.service.recording import take_record
from uprightd.service.settings import Settings
from uprightd.service.speech import tomorrow


class Daemon:
    """Runs an assembled monitor as the one daemon of its user. The caller holds the instance lock."""

    def __init__(self, assembly: Assembly, settings: Settings, paths: Paths) -> None:
        self.assembly = assembly
        self.monitor = assembly.monitor
        self._settings = settings
        self._paths = paths
        self._started = self.monitor.parts.clock.now()
        self._jobs = Jobs(self.monitor, assembly.source, settings, paths)
        self._control = ControlServer(paths.socket, self.answer)

    def run(self) -> None:
        """Run until the file ends, a signal or `uprightd stop`. Everything is released before it returns."""
        with self._stopping_on_signals():
            self._control.start()
            self._tell_about_the_log()
            self._note_contacts()
            self.monitor.notice(f"pose backend: {self.assembly.backend} ({self.assembly.backend_why})")
            for words in calibration_words(self.assembly.calibrated, self._settings.rules):
                self.monitor.notice(words)
            try:
                self._jobs.start()
                self.monitor.run()
            finally:
                self._jobs.stop()
                self._control.stop()
                for telling in self.assembly.telling:
                    telling.close()

    def _tell_about_the_log(self) -> None:
        """A log that was damaged and moved aside must not be found out by chance."""
        for notice in self.monitor.parts.log.notices:
            self.monitor.notice(notice)
            self.monitor.tell(Notification("uprightd began a new log", notice, Severity.ALERT))

    def _note_contacts(self) -> None:
        """What the settings let speak to a network is about to: `uprightd privacy` tells of it from now on."""
        log, now = self.monitor.parts.log, self.monitor.parts.clock.now()
        for purpose, address in contacts_of(self._settings.config) if self.monitor.parts.live else ():
            log.add_contact(purpose, address, now)

    def answer(self, command: str, arguments: dict[str, Any]) -> dict[str, Any]:
        """Given a command from the control socket, carry it out and return the status after it."""
        inbox = self.monitor.inbox
        if command in ("pause", "resume") and isinstance(self.monitor.parts.clock, FollowingClock):
            raise UsageError(
                "a file played as fast as it can be read has no time to pause in", "Use: uprightd stop"
            )
        if command == "pause":
            now = self.monitor.parts.clock.now().wall
            until = pause_end(arguments.get("until"), now)
            inbox.ask(lambda: self.monitor.pause(until, _pause_reason(until)))
        elif command == "resume":
            inbox.ask(self.monitor.resume)
        elif command == FEEDBACK:
            log, now = self.monitor.parts.log, self.monitor.parts.clock.now()
            return inbox.ask(lambda: take_feedback(log, arguments, now))
        elif command == RECORD:
            log, now = self.monitor.parts.log, self.monitor.parts.clock.now()
            return inbox.ask(lambda: take_record(log, arguments, now))
        elif command == FORGET:
            log = self.monitor.parts.log
            return inbox.ask(lambda: take_forget(log, arguments))
        elif command == "stop":
            self.monitor.stop()
        elif command != "status":
            raise UsageError(
                f"the daemon knows no command {command!r}", "Use: status, pause, resume or stop."
            )
        return self.status()

    def status(self) -> dict[str, Any]:
        """Return everything a person or a program asks about a running daemon, as plain data."""
        monitor, camera = self.monitor, self.monitor.parts.camera
        state, now, status = monitor.state, monitor.parts.clock.now(), camera.status
        until, paused = monitor.paused_until, state.activity is Activity.PAUSED
        return {
            "version": __version__,
            "pid": os.getpid(),
            "running_s": round(now.mono - self._started.mono, 1),
            "state": state.activity.value,
            "reason": state.reason,
            "paused_until": None if until is None or math.isinf(until) else _iso(until),
            "source": self.assembly.source.text,
            "camera": {
                "state": status.state.value,
                "message": f"{self.assembly.source.label} is released" if paused else status.message,
                "hint": "" if paused else status.hint,
                "size": camera.size,
                "pid": camera.child_pid,
                "restarts": camera.restarts,
                "stalls": camera.stalls,
            },
            "backend": self.assembly.backend,
            "backend_why": self.assembly.backend_why,
            "fps": round(1 / monitor.pace.period, 3),
            "samples": monitor.counts.samples,
            "detected": monitor.counts.detected,
            "alerts": monitor.counts.alerts,
            "lost_rows": monitor.counts.lost_rows,
            "outlets": {
                name: words for telling in self.assembly.telling for name, words in telling.standings.items()
            },
            "hold": monitor.parts.circumstances.hold(),
            "snoozed": [
                {"rule": snooze.rule, "until": None if snooze.until is None else _iso(snooze.until)}
                for snooze in monitor.speech.restraint.snoozed(now)
            ],
            "notifications": {kind.value: count for kind, count in monitor.parts.courier.tally.items()},
            "last": self._last(),
            "rules": [rule.id for rule in monitor.parts.engine.rules],
            "asleep": self._asleep(),
            "profiles": [profile.label for profile in monitor.parts.measuring.profiles],
            "settings_file": str(self._settings.file),
            "settings_fault": self._settings.fault,
            "log": str(self._paths.database),
        }

    def _last(self) -> dict[str, Any] | None:
        sample = self.monitor.last
        if sample is None:
            return None
        return {
            "at": _iso(sample.reading.at.wall),
            "posture": sample.posture.value,
            "view": sample.reading.view.value,
            "confidence": round(sample.reading.confidence, 3),
            "profile": sample.reading.profile,
            "errors": {
                name: round(value.error, 3)
                for name, value in sample.reading.values.items()
                if value.error is not None
            },
            "values": {
                name: round(value.number, 3) for name, value in sample.reading.values.items() if value.known
            },
        }

    def _asleep(self) -> dict[str, str]:
        """Each rule that cannot speak now, and why: by the last reading of somebody, or for want of a calibration."""
        parts, sample = self.monitor.parts, self.monitor.last
        if sample is None or not sample.reading.present:
            without = sleeping(parts.engine.rules, bool(parts.measuring.profiles))
            return {rule.id: ABSENT[Reason.UNCALIBRATED] for rule in without}
        reasons = {rule.id: why_asleep(rule, sample.reading) for rule in parts.engine.rules}
        return {rule: reason for rule, reason in reasons.items() if reason is not None}

    @contextlib.contextmanager
    def _stopping_on_signals(self) -> Iterator[None]:
        """SIGTERM, SIGINT and SIGHUP end the loop after the present turn; a second SIGINT interrupts at once."""

        def stop(number: int, _frame: object) -> None:
            # Not here: this interrupts the loop anywhere, also while it holds the lock that `stop` waits for.
            threading.Thread(target=self.monitor.stop, name="stop", daemon=True).start()
            if number == signal.SIGINT:
                signal.signal(signal.SIGINT, signal.default_int_handler)

        before = {
            number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
        }
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def pause_end(text: str | None, wall: float) -> float:
    """Given "30m", "1h", "tomorrow" or nothing, and the wall time, return when the pause ends (infinity: never).

    Raise UsageError for anything else.
    """
    if text is None:
        return math.inf
    if text == "tomorrow":
        return tomorrow(wall)
    try:
        return wall + parse_duration(text)
    except ValueError as error:
        raise UsageError(
            f"{text!r}: expected {error}, or tomorrow", "For example: uprightd pause 30m"
        ) from error


def _pause_reason(until: float) -> str:
    if math.isinf(until):
        return "by you, until `uprightd resume`"
    return f"by you, until {datetime.fromtimestamp(until).astimezone():%a %H:%M}"


def _iso(wall: float) -> str:
    return datetime.fromtimestamp(wall).astimezone().isoformat(timespec="seconds")
