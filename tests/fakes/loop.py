"""All that the monitor's loop stands on, for tests: a clock that jumps, a camera on that clock, a model by script."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from tests.fakes.body import SIZE, from_the_left, pose
from tests.fakes.notifier import RecordingNotifier

from uprightd.camera.source import parse_source
from uprightd.camera.states import opening, status_of
from uprightd.clock import Clock
from uprightd.domain import Alert, CameraState, Frame, Instant, MonitorState, Pose, Severity
from uprightd.metrics.definitions import METRICS
from uprightd.metrics.reading import Terms
from uprightd.notify.base import Outcome
from uprightd.notify.courier import Courier
from uprightd.pose.estimator import PoseEstimator
from uprightd.profiles.profile import Profile
from uprightd.rules.engine import RuleEngine
from uprightd.rules.model import Operator, Rule
from uprightd.rules.restraint import Limits, Restraint
from uprightd.service.circumstances import Circumstances
from uprightd.service.measuring import Measuring
from uprightd.service.monitor import Monitor, Parts
from uprightd.service.observing import Sample
from uprightd.service.watchdog import Watchdog
from uprightd.store.log import Log
from uprightd.surroundings.findings import Findings

START = Instant(1_795_348_800.0, 1_000.0)  # Sunday 2026-11-22 12:00:00 UTC
IMAGE = np.full((SIZE[1], SIZE[0], 3), 90, np.uint8)
UPRIGHT, FLEXED = 38.0, 55.0
"""Degrees of neck flexion on the good and the bad side of `NECK`'s limit."""
MOST_WAITS = 100_000

NECK = Rule(
    id="neck",
    metric="neck_flexion",
    operator=Operator.ABOVE,
    threshold=50.0,
    hold=5.0,
    clear=45.0,
    cooldown=600.0,
    severity=Severity.WARN,
    message="Look up: {value} for {held}.",
)


class JumpingClock:
    """Moves only when somebody waits. `step` moves the wall clock alone, as a sleep or a set clock does."""

    def __init__(self, start: Instant = START) -> None:
        self.start = self._now = start
        self._due: list[tuple[float, int, Callable[[], object]]] = []
        self._waits = 0

    @property
    def elapsed(self) -> float:
        """Monotonic seconds since the start."""
        return self._now.mono - self.start.mono

    def now(self) -> Instant:
        return self._now

    def at(self, seconds: float, action: Callable[[], object]) -> None:
        """Given seconds after the start, carry the action out when the clock gets there."""
        self._due.append((seconds, len(self._due), action))
        self._due.sort(key=lambda due: due[:2])

    def step(self, seconds: float) -> None:
        self._now = Instant(self._now.wall + seconds, self._now.mono)

    def wait(self, wake: threading.Event, seconds: float) -> bool:
        self._waits += 1
        assert self._waits < MOST_WAITS, "the loop spins"
        end = self.elapsed + max(0.0, seconds)
        while not wake.is_set() and self._due and self._due[0][0] <= end:
            self._move_to(self._due[0][0])
            self._due.pop(0)[2]()
        if not wake.is_set():
            self._move_to(end)
        return wake.is_set()

    def _move_to(self, elapsed: float) -> None:
        forward = max(0.0, elapsed - self.elapsed)
        self._now = Instant(self._now.wall + forward, self._now.mono + forward)


class ClockedCamera:
    """A FrameSource that has a picture for every poll while its `state` is OK, and is over after `lasts` seconds."""

    def __init__(self, clock: JumpingClock, lasts: float) -> None:
        self._clock = clock
        self._lasts = lasts
        self._source = parse_source(0)
        self.state = CameraState.OK
        self.slow = 0.0
        """Seconds that each picture takes to come."""
        self.status = opening(self._source)
        self.opening = self.is_open = False
        self.size: tuple[int, int] | None = None
        self.restarts = self.stalls = 0
        self.child_pid: int | None = None
        self.child_cpu_seconds = self.child_read_cpu_seconds = self.child_transfer_cpu_seconds = 0.0
        self.opened: list[float] = []
        self.closed: list[float] = []
        self.taken: list[float] = []
        """Seconds after the start at which it was opened, closed, and gave a picture."""
        self.events: list[str] = []

    @property
    def finished(self) -> bool:
        return self._clock.elapsed >= self._lasts

    def open(self) -> None:
        if not self.is_open:
            self.is_open = self.opening = True
            self.opened.append(self._clock.elapsed)

    def close(self) -> None:
        if self.is_open:
            self.is_open = self.opening = False
            self.closed.append(self._clock.elapsed)

    def poll(self, timeout: float, not_before: float | None = None) -> Frame | None:
        assert self.is_open, "a closed camera was asked for a picture"
        if self.finished:
            return None
        self.opening = False
        self.status = status_of(self.state, self._source)
        if self.state is not CameraState.OK:
            self._clock.wait(threading.Event(), timeout)
            return None
        self.size = (IMAGE.shape[1], IMAGE.shape[0])
        self._clock.wait(threading.Event(), self.slow)
        self.taken.append(self._clock.elapsed)
        return Frame(IMAGE, self._clock.now(), "camera 0")

    def take_events(self) -> list[str]:
        events, self.events = self.events, []
        return events


def sitting(neck: float) -> Pose:
    """Given degrees of neck flexion, return the pose of somebody who sits so, seen from the side."""
    return pose(from_the_left(neck))


class ScriptedModel:
    """A PoseEstimator that finds what `pose` holds at the moment."""

    name = "scripted"
    device = "none"

    def __init__(self, pose: Pose | None) -> None:
        self.pose = pose
        self.closed = 0

    def estimate(self, images: Sequence[np.ndarray]) -> list[Pose | None]:
        return [self.pose for _ in images]

    def close(self) -> None:
        self.closed += 1


@dataclass
class Witness:
    """An observer that keeps everything."""

    samples: list[Sample] = field(default_factory=list)
    alerts: list[Alert] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)
    states: list[MonitorState] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)

    def on_sample(self, sample: Sample) -> None:
        self.samples.append(sample)

    def on_alert(self, alert: Alert) -> None:
        self.alerts.append(alert)

    def on_outcome(self, alert: Alert, outcome: Outcome) -> None:
        self.outcomes.append(outcome)

    def on_state(self, state: MonitorState, at: Instant) -> None:
        self.states.append(state)

    def on_notice(self, text: str) -> None:
        self.notices.append(text)


class Around:
    """What looks around the person, for tests: finds what `findings` holds."""

    def __init__(self) -> None:
        self.findings = Findings()
        self.started = self.closed = 0

    def start(self) -> None:
        self.started += 1

    def look(self) -> Findings:
        return self.findings

    def faults(self) -> list[str]:
        return []

    def close(self) -> None:
        self.closed += 1


@dataclass
class Rig:
    """A monitor and what it stands on."""

    monitor: Monitor
    clock: JumpingClock
    camera: ClockedCamera
    model: ScriptedModel
    notifier: RecordingNotifier
    witness: Witness
    log: Log


def rig(
    folder: Path,
    lasts: float = 60.0,
    *,
    neck: float = UPRIGHT,
    rules: tuple[Rule, ...] = (NECK,),
    fps: float = 1.0,
    start: Instant = START,
    notifier: RecordingNotifier | None = None,
    load: Callable[[], PoseEstimator] | None = None,
    profiles: Sequence[Profile] = (),
    around: Around | None = None,
    alerts_per_hour: int = 1000,
) -> Rig:
    """Given a folder for the log and how many seconds the camera lasts, return a monitor ready to run.

    `load` stands for the loading of the model. The log is a real one, except that it does not wait for the disk.
    """
    clock = JumpingClock(start)
    circumstances = Circumstances(around)
    camera, model, witness = ClockedCamera(clock, lasts), ScriptedModel(sitting(neck)), Witness()
    log = open_log(folder, clock)
    teller = notifier or RecordingNotifier()
    parts = Parts(
        camera=camera,
        load_estimator=load or (lambda: model),
        measuring=Measuring(Terms(), profiles, drift_after=60.0),
        circumstances=circumstances,
        restraint=Restraint(Limits(alerts_per_hour)),
        engine=RuleEngine(rules, pulse=5.0),
        log=log,
        courier=Courier(teller),
        clock=clock,
        watchdog=Watchdog(),
    )
    monitor = Monitor(parts, 1.0 / fps, (witness,))
    return Rig(monitor, clock, camera, model, teller, witness, log)


def open_log(folder: Path, clock: Clock) -> Log:
    """Given a folder, return a real log in it with a run begun, which does not wait for the disk."""
    log = Log.open(folder / "uprightd.db", metrics=METRICS, clock=clock)
    log.database.execute("PRAGMA synchronous = OFF")
    log.begin_run("camera 0", "scripted", clock.now(), 1.0)
    return log
