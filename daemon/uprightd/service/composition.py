"""The composition root: from settings to a monitor that can run. Nothing else builds adapters."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from uprightd.camera.source import Source, check_source, parse_source
from uprightd.camera.supervisor import Camera, CameraSettings
from uprightd.clock import Clock, FollowingClock, SystemClock
from uprightd.config.schema import Config
from uprightd.intervals import pulse_for
from uprightd.metrics.definitions import METRICS
from uprightd.notify.chain import build_notifier
from uprightd.notify.courier import Courier
from uprightd.paths import Paths
from uprightd.pose.estimator import PoseEstimator
from uprightd.rules.engine import RuleEngine
from uprightd.rules.model import Rule
from uprightd.rules.restraint import Limits, Restraint
from uprightd.service.backends import choose_backend, load_backend
from uprightd.service.calibrated import Calibrated, profiles_for, terms_of
from uprightd.service.circumstances import Circumstances, limits_of
from uprightd.service.measuring import Measuring
from uprightd.service.monitor import Monitor, Parts
from uprightd.service.observing import Observer
from uprightd.service.opening import OPEN, open_summary
from uprightd.service.telling import Telling, outlets_of
from uprightd.service.watchdog import Watchdog
from uprightd.store.log import Log
from uprightd.surroundings.watch import surroundings_for

EVERY_ALERT = 1_000_000
"""Alerts per hour of a file: it is played to see them all."""


@dataclass(frozen=True, slots=True)
class Assembly:
    """A monitor and what it was made from, for whoever reports on it."""

    monitor: Monitor
    source: Source
    backend: str
    backend_why: str
    calibrated: Calibrated
    telling: tuple[Telling, ...] = ()


def assemble(
    config: Config,
    rules: tuple[Rule, ...],
    paths: Paths,
    observers: tuple[Observer, ...] = (),
    stream: TextIO = sys.stderr,
    wrap_estimator: Callable[[PoseEstimator], PoseEstimator] = lambda estimator: estimator,
) -> Assembly:
    """Given settings, rules and folders, build the monitor. `stream` takes what no desktop would show.

    `wrap_estimator` lets a bench stand between the loop and the model. Raise UprightError when the source or
    the log cannot be used; nothing is left open then.
    """
    source = parse_source(config.camera.source)
    check_source(source)
    following = config.camera.pace == "fast" and not source.live
    clock: Clock = FollowingClock(SystemClock().now()) if following else SystemClock()
    period = 1.0 / config.sampling.fps
    backend = choose_backend(config, paths)
    calibrated = profiles_for(config, paths.profiles, source)
    engine = RuleEngine(rules, pulse_for(period))
    log = Log.open(paths.database, metrics=METRICS, clock=clock)
    log.begin_run(source.text, backend.name, clock.now(), period)
    if source.live:
        for rule, wall in log.last_alerts().items():
            engine.remember_alert(rule, clock.now().wall - wall, clock.now())
    buttons = _Buttons(paths.reports)
    measuring = Measuring(terms_of(config), calibrated.profiles, config.calibration.drift_after)
    parts = Parts(
        camera=Camera(source, _camera_settings(config), clock),
        load_estimator=lambda: wrap_estimator(load_backend(backend, config, tracking=True)),
        measuring=measuring,
        circumstances=_circumstances(config, source.live, clock),
        restraint=Restraint(limits_of(config) if source.live else Limits(alerts_per_hour=EVERY_ALERT)),
        engine=engine,
        log=log,
        courier=Courier(
            build_notifier(config.notifications.enabled, stream, sys.platform, on_action=buttons.pressed)
        ),
        clock=clock,
        watchdog=Watchdog(),
        live=source.live,
    )
    telling = _telling(config, source.live, period, observers)
    monitor = Monitor(parts, period, (*observers, *telling))
    buttons.monitor = monitor
    return Assembly(monitor, source, backend.name, backend.why, calibrated, telling)


class _Buttons:
    """Where a notification's button leads: to the monitor, which is made after its notifier."""

    def __init__(self, reports: Path) -> None:
        self.monitor: Monitor | None = None
        self._reports = reports

    def pressed(self, key: int, action: str) -> None:
        """Called on the notifier's thread; the loop's own does what it says about alerts."""
        monitor = self.monitor
        if action.startswith(OPEN):
            open_summary(action, self._reports, sys.platform)
        elif monitor is not None:
            monitor.inbox.post(lambda: monitor.speech.pressed(key, action))


def _telling(
    config: Config, live: bool, period: float, observers: tuple[Observer, ...]
) -> tuple[Telling, ...]:
    """What else is told; nobody is told of what happens in a file."""
    outlets = outlets_of(config.outlets, os.environ, sys.platform) if live else []

    def notice(text: str) -> None:
        for observer in observers:
            observer.on_notice(text)

    return (Telling(outlets, pulse_for(period), notice),) if outlets else ()


def _circumstances(config: Config, live: bool, clock: Clock) -> Circumstances:
    """What goes on around the person; around a file nothing does."""
    if not live:
        return Circumstances()
    circumstances = Circumstances(surroundings_for(sys.platform, os.environ, clock))
    circumstances.take(config.restraint)
    return circumstances


def _camera_settings(config: Config) -> CameraSettings:
    camera = config.camera
    return CameraSettings(
        width=camera.width, height=camera.height, pace=camera.pace, stall_after=camera.stall_after
    )
