"""What else is told of alerts and of how things stand: sound, command, ActivityWatch, MQTT. An observer of the loop."""

from __future__ import annotations

import platform
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path

from uprightd import __version__
from uprightd.config.schema import Outlets
from uprightd.domain import Activity, Alert, Instant, MonitorState, Posture
from uprightd.errors import ConfigError
from uprightd.notify.base import Outcome
from uprightd.outlets.activitywatch import ActivityWatch
from uprightd.outlets.base import Alarm, Condition, Outlet
from uprightd.outlets.home_assistant import Device, identity_of
from uprightd.outlets.hook import Hook
from uprightd.outlets.mqtt import Broker, Mqtt
from uprightd.outlets.relay import Outlets as Relays
from uprightd.outlets.sound import Sound
from uprightd.rules.engine import base_metric
from uprightd.service.observing import Sample

LAST_WORDS = 2.0
"""Seconds that what is under way gets when the loop ends."""


class Telling:
    """Passes the loop's events to the outlets. Nothing here waits for one."""

    def __init__(self, outlets: Sequence[Outlet], pulse: float, notice: Callable[[str], None]) -> None:
        """`pulse` is the longest time in seconds between two samples that still counts as watched."""
        self._outlets = Relays(outlets)
        self._pulse = pulse
        self._notice = notice
        self._state = MonitorState(Activity.WATCHING, "starting")
        self._last: Sample | None = None
        self._day: date | None = None
        self._today = {Posture.GOOD: 0.0, Posture.POOR: 0.0}

    def on_sample(self, sample: Sample) -> None:
        self._count(sample)
        self._last = sample
        self._pass_on(sample.reading.at)
        for news in self._outlets.news():
            self._notice(news)

    def on_alert(self, alert: Alert) -> None:
        value = self._last.reading.values.get(base_metric(alert.metric)) if self._last else None
        self._outlets.alert(Alarm(alert, value.error if value else None))

    def on_outcome(self, alert: Alert, outcome: Outcome) -> None: ...

    def on_state(self, state: MonitorState, at: Instant) -> None:
        self._state = state
        self._pass_on(at)

    def on_notice(self, text: str) -> None: ...

    def close(self) -> None:
        """Give what is under way its last seconds, then let go of the outlets."""
        self._outlets.close(LAST_WORDS, LAST_WORDS)

    @property
    def standings(self) -> dict[str, str]:
        """How each outlet does, in words, by its name."""
        return {name: it.trouble or f"{it.told} alerts told" for name, it in self._outlets.standings.items()}

    def _count(self, sample: Sample) -> None:
        """Credit the time since the last sample to its posture, as the log does, day by day."""
        today = datetime.fromtimestamp(sample.reading.at.wall).date()  # noqa: DTZ006 - the person's own day
        if today != self._day:
            self._day, self._today = today, dict.fromkeys(self._today, 0.0)
        before = self._last
        if before is not None and before.posture in self._today:
            elapsed = sample.reading.at.mono - before.reading.at.mono
            if 0 < elapsed <= self._pulse:
                self._today[before.posture] += elapsed

    def _pass_on(self, at: Instant) -> None:
        sample = self._last if self._state.activity is Activity.WATCHING else None
        condition = Condition(
            at,
            self._state.activity,
            self._state.reason,
            sample.posture if sample else None,
            sample.violated[0] if sample and sample.violated else "",
            sample.reading.profile if sample else "",
            self._today[Posture.GOOD],
            self._today[Posture.POOR],
        )
        self._outlets.condition(condition)


def outlets_of(settings: Outlets, environ: Mapping[str, str], system: str) -> list[Outlet]:
    """Given the settings, our environment and `sys.platform`, return the outlets that are wanted.

    Raise ConfigError for an address or a password file that cannot be used.
    """
    host = identity_of(platform.node())
    outlets: list[Outlet] = []
    if settings.sound:
        outlets.append(Sound(environ, system))
    if settings.command:
        outlets.append(Hook(settings.command, environ))
    if settings.activitywatch:
        outlets.append(ActivityWatch(host, settings.activitywatch_url))
    if settings.mqtt_host:
        password = _password(settings.mqtt_password_file)
        broker = Broker(
            settings.mqtt_host, settings.mqtt_port, settings.mqtt_user, password, settings.mqtt_tls
        )
        outlets.append(Mqtt(broker, Device(host, f"uprightd on {platform.node()}", __version__)))
    return outlets


def _password(file: str) -> str:
    if not file:
        return ""
    path = Path(file).expanduser()
    try:
        return path.read_text(encoding="utf-8").partition("\n")[0].strip()
    except (OSError, UnicodeError) as error:
        raise ConfigError(
            f"outlets.mqtt_password_file: {path} cannot be read ({error})",
            "Name a text file whose first line is the broker's password.",
        ) from error
