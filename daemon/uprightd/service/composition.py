"""The composition root: from settings to a monitor that can run. Nothing else builds adapters."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
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
from uprightd.service.backends import choose_backend, load_backend
from uprightd.service.calibrated import Calibrated, profiles_for, terms_of
from uprightd.service.measuring import Measuring
from uprightd.service.monitor import Monitor, Parts
from uprightd.service.observing import Observer
from uprightd.service.watchdog import Watchdog
from uprightd.store.log import Log


@dataclass(frozen=True, slots=True)
class Assembly:
    """A monitor and what it was made from, for whoever reports on it."""

    monitor: Monitor
    source: Source
    backend: str
    backend_why: str
    calibrated: Calibrated


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
    measuring = Measuring(terms_of(config), calibrated.profiles, config.calibration.drift_after)
    parts = Parts(
        camera=Camera(source, _camera_settings(config), clock),
        load_estimator=lambda: wrap_estimator(load_backend(backend, config, tracking=True)),
        measuring=measuring,
        engine=engine,
        log=log,
        courier=Courier(build_notifier(config.notifications.enabled, stream, sys.platform)),
        clock=clock,
        watchdog=Watchdog(),
        live=source.live,
    )
    monitor = Monitor(parts, period, observers)
    return Assembly(monitor, source, backend.name, backend.why, calibrated)


def _camera_settings(config: Config) -> CameraSettings:
    camera = config.camera
    return CameraSettings(
        width=camera.width, height=camera.height, pace=camera.pace, stall_after=camera.stall_after
    )
