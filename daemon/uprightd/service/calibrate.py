"""`uprightd calibrate`: pictures of somebody who sits upright, gathered into a profile once they are good enough."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from uprightd.calibration.baseline import Baseline
from uprightd.calibration.collecting import SHORT, Collector, Fault, Progress
from uprightd.camera.devices import Device, find_device, list_devices
from uprightd.camera.frame_source import FrameSource
from uprightd.camera.light import light_of
from uprightd.camera.order import SourceKind
from uprightd.camera.settings import CameraSettings
from uprightd.camera.source import Source, check_source, parse_source
from uprightd.camera.states import error_for
from uprightd.camera.supervisor import Camera
from uprightd.clock import Clock, FollowingClock, SystemClock
from uprightd.config.schema import Config
from uprightd.config.values import profile_name
from uprightd.domain import Activity, CameraState, Frame, Pose
from uprightd.durations import duration_text
from uprightd.errors import DataError, TryAgainError, UnavailableError, UprightError, UsageError
from uprightd.metrics.definitions import METRICS
from uprightd.metrics.evidence import offered
from uprightd.metrics.model import Metric
from uprightd.metrics.reading import Terms
from uprightd.paths import Paths
from uprightd.pose.estimator import PoseEstimator
from uprightd.profiles.profile import Profile
from uprightd.profiles.shelf import save
from uprightd.service.backends import choose_backend, load_backend
from uprightd.service.control import ask
from uprightd.service.pace import Pace

AUTO = "auto"
USUAL = "sit"
"""The profile that is made when neither the person nor the settings name one."""
PERIOD = 0.1
"""Seconds from look to look, or as long as the model takes."""
POLL = 0.25
GIVE_UP = 60.0
"""Seconds, of a file those of its own time, after which no more is tried."""
ENOUGH_LOOKS = 20
"""Looks until which a slow model goes on all the same."""
DIM = 25.0
"""Mean luminance, 0–255, under which it is for want of light that nobody is found."""
FROM_A_FILE = (
    "A file has to begin with somebody who sits upright and still for a second, in five pictures or more; or it shows"
    " that for five seconds anywhere."
)

Tell = Callable[[Progress], None]


def calibrate(
    config: Config, paths: Paths, terms: Terms, name: str | None, seconds: float, tell: Tell
) -> Profile:
    """Given the settings, the folders, on what terms points are seen, the profile's name (None: the usual one) and
    how many good seconds to collect, take them from the settings' source and return the profile as it is stored.

    Nothing is written before all of them are there. Raise UprightError with what stood in the way.
    """
    name = chosen_name(name, config)
    source = parse_source(config.camera.source)
    check_source(source)
    estimator = load_backend(choose_backend(config, paths), config, tracking=True)
    clock = SystemClock() if source.live else FollowingClock(SystemClock().now())
    size = CameraSettings(width=config.camera.width, height=config.camera.height, pace="fast")
    try:
        baseline = collected(Camera(source, size, clock), source, estimator, clock, terms, seconds, tell)
    except UnavailableError as error:
        raise held_by_ourselves(source, paths.socket) or error from error
    finally:
        estimator.close()
    made_at = datetime.fromtimestamp(SystemClock().now().wall, UTC).isoformat(timespec="seconds")
    return save(paths.profiles, name, camera_key(source), made_at, baseline)


def chosen_name(name: str | None, config: Config) -> str:
    """Given the name the person gave (or None) and the settings, return the profile's name: theirs, else that which
    the settings count from, else the usual one. Raise UsageError for what is no name."""
    if name is None:
        return USUAL if config.calibration.profile == AUTO else config.calibration.profile
    try:
        profile_name(name)
    except ValueError as error:
        raise UsageError(f"--profile {name!r}: expected {error}", "For example: --profile stand") from error
    if name == AUTO:
        raise UsageError(
            "--profile auto: that word stands for whichever profile fits", "Choose another name."
        )
    return name


def camera_key(source: Source, devices: Callable[[], Sequence[Device]] = list_devices) -> str:
    """Given a source, return by what its profiles are found again: a file's full path, a camera's name where the
    system tells it, an address without secrets."""
    if source.kind is SourceKind.URL:
        return source.text
    if source.kind is SourceKind.INDEX:
        names = {device.index: device.name for device in devices()}
        return names.get(int(source.target), source.label)
    if source.kind is SourceKind.NAME:
        try:
            return find_device(str(source.target), devices()).name
        except UprightError:
            return source.text
    return str(source.target)


def collected(
    camera: FrameSource,
    source: Source,
    estimator: PoseEstimator,
    clock: Clock,
    terms: Terms,
    seconds: float,
    tell: Tell,
) -> Baseline:
    """Given a camera, its source, a model and a clock, look until there are so many good seconds; return their pose.

    A file may give fewer. Raise TryAgainError when a live source gives none within GIVE_UP seconds, DataError when a
    file holds none, and the camera's own error. The camera is closed in any case.
    """
    collector = Collector(terms, seconds, None if source.live else SHORT)
    pace, wake, began = Pace(clock, PERIOD), threading.Event(), clock.now().mono
    camera.open()
    try:
        while not (collector.done or camera.finished or _in_vain(collector, clock.now().mono - began)):
            if not pace.wait(wake, POLL):
                continue
            frame = camera.poll(POLL, pace.position)
            if frame is not None:
                pace.sampled(frame)
                tell(_seen(frame, estimator.estimate([frame.image])[0], collector))
            elif camera.status.state is CameraState.DARK:
                tell(collector.miss(Fault.DARK, clock.now().mono))
            elif camera.status.state is not CameraState.OK and not camera.opening:
                raise error_for(camera.status)
    finally:
        camera.close()
    if not source.live:
        collector.end()
    if not collector.done:
        raise _refusal(source, collector)
    return collector.baseline()


def _in_vain(collector: Collector, elapsed: float) -> bool:
    return elapsed >= GIVE_UP and collector.looks >= ENOUGH_LOOKS


def _seen(frame: Frame, pose: Pose | None, collector: Collector) -> Progress:
    if pose is None and light_of(frame.image).mean < DIM:
        return collector.miss(Fault.DARK, frame.at.mono)
    return collector.see(pose, (frame.width, frame.height), frame.at.mono)


def _refusal(source: Source, collector: Collector) -> UprightError:
    """Return in words what stood in the way of so many good seconds, the worst of it first."""
    faults = sorted(collector.hindrances.items(), key=lambda found: -found[1])
    listed = [f"{fault} ({duration_text(lost)})" if lost >= PERIOD else fault for fault, lost in faults]
    message = (
        f"{source.label} cannot be calibrated from: at most {collector.longest:.1f} s in a row were good;"
        f" in the way: {', '.join(listed) or 'it is too short'}"
    )
    advice = faults[0][0].advice if faults else ""
    if source.live:
        return TryAgainError(message, f"{advice} Nothing was stored; try again.".strip())
    return DataError(message, FROM_A_FILE if not advice else f"{advice} {FROM_A_FILE}")


def held_by_ourselves(source: Source, socket: Path) -> UprightError | None:
    """Given a source that could not be had and our daemon's socket, return the advice if it is the daemon that holds a
    camera, else None."""
    devices = (SourceKind.INDEX, SourceKind.NAME)
    try:
        status = ask(socket, "status") if source.kind in devices else {}
        holds = status and parse_source(status["source"]).kind in devices
    except UprightError:
        return None
    if not holds or status["state"] == Activity.PAUSED:
        return None
    return TryAgainError(
        f"{source.label} cannot be had while uprightd watches through it (pid {status['pid']})",
        "Run `uprightd pause`, calibrate, then `uprightd resume`.",
    )


def counting_from(baseline: Baseline) -> list[Metric]:
    """Given a baseline, return the metrics that count from it: those that need an upright pose, can be told in its view
    by its backend, and whose points it has."""
    return [
        metric
        for metric in METRICS.values()
        if metric.relative
        and metric.told_by(baseline.view, baseline.points, baseline.world)
        and offered(baseline.backend, baseline.view, metric)
    ]
