"""A working day by script, through the real loop: lines such as "09:10  head down for 3 min", and what came of them.

Real are the loop, the log, the rules, the restraint, the measuring and the courier; the camera, the model, the
notifier, the clocks and the surroundings are fakes. A script's times are those of a clock that is right: while the
computer's own is set wrong, what it writes and says is off by as much.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache, partial
from pathlib import Path
from typing import NamedTuple

from tests.fakes.body import (
    FACE_AT,
    FRONT,
    SIZE,
    Places,
    body_in_space,
    face,
    from_the_left,
    moved,
    pose,
    rotated,
)
from tests.fakes.loop import Around, ClockedCamera, JumpingClock, ScriptedModel, Witness, open_log
from tests.fakes.notifier import RecordingNotifier

from uprightd.calibration.baseline import averaged
from uprightd.config.schema import Config
from uprightd.domain import CameraState, Instant, Pose, Posture, View
from uprightd.durations import parse_duration
from uprightd.intervals import pulse_for
from uprightd.metrics.reading import sight_of
from uprightd.notify.base import Notification
from uprightd.notify.courier import Courier
from uprightd.profiles.profile import Profile
from uprightd.rules.engine import RuleEngine
from uprightd.rules.model import Rule
from uprightd.rules.restraint import Restraint
from uprightd.service.calibrated import terms_of
from uprightd.service.circumstances import Circumstances, limits_of
from uprightd.service.measuring import Measuring
from uprightd.service.monitor import Monitor, Parts
from uprightd.service.observing import Sample
from uprightd.service.watchdog import Watchdog
from uprightd.surroundings.findings import Findings

UPRIGHT, HEAD_DOWN, TOO_CLOSE, AWAY = POSTURES = ("upright", "head down", "too close", "away")
STOPPED, ASLEEP = "uprightd stopped", "laptop asleep"
PERIOD, HOUR = 1.0, 3600.0
BOOTED = (1_000.0, 77.0)
"""What the monotonic clock shows when the first and the second run begin: the machine was started anew in between."""


class Line(NamedTuple):
    """What happens at a moment (seconds since the epoch), and for how many seconds; 0 for until something else does."""

    at: float
    what: str
    lasts: float


def script_of(text: str, date: str) -> list[Line]:
    """Given a script and the date of its first line, return its lines. A time that goes back is of the next day."""
    lines: list[Line] = []
    for written in filter(None, map(str.strip, text.splitlines())):
        clock, rest = written.split(maxsplit=1)
        what, _, lasts = rest.partition(" for ")
        at = datetime.fromisoformat(f"{date}T{clock}").timestamp()
        while lines and at < lines[-1].at:
            at += 86_400.0
        lines.append(Line(at, what, parse_duration(lasts) if lasts else 0.0))
    return lines


# ---- who is seen --------------------------------------------------------------------------------------------


@cache
def seen(posture: str, sideways: bool, turned_aside: bool) -> Pose | None:
    """Given how somebody sits, and whether the camera sees them from the left and has been turned, return what a pose
    model finds of them."""
    if posture == AWAY:
        return None
    places = _from_the_side(posture) if sideways else _from_the_front(posture)
    body = moved(places, lambda x, y: (x + 130, y)) if turned_aside else places
    return pose(body, 0.9, body_in_space(yaw=90 if sideways else 0))


def _from_the_side(posture: str) -> Places:
    return from_the_left(60.0 if posture == HEAD_DOWN else 38.0)


def _from_the_front(posture: str) -> Places:
    """Who leans towards the screen looks larger, the face by more than the shoulders."""
    nearer, larger = (1.3, 1.2) if posture == TOO_CLOSE else (1.0, 1.0)
    body = moved(FRONT, lambda x, y: (320 + (x - 320) * larger, 480 + (y - 480) * larger))
    at = (FACE_AT[0] / nearer, FACE_AT[1] / nearer, FACE_AT[2] / nearer)
    return {**body, **face(rotated(pitch=32.0 if posture == HEAD_DOWN else 0.0), at)}


def calibrated(name: str, view: View) -> Profile:
    """Given a name and a view, return the upright pose as calibrated in it."""
    upright = seen(UPRIGHT, view is not View.FRONTAL, False)
    assert upright is not None
    baseline = averaged([sight_of(upright, SIZE, 0.5)] * 5, view, SIZE, "drawn", 5.0)
    return Profile(name, "camera 0", "2026-11-20T08:00:00Z", 1, baseline)


# ---- what is kept of it -------------------------------------------------------------------------------------


class Seen(NamedTuple):
    """One sample: its moment, its run, what was said of it."""

    at: Instant
    run: int
    posture: Posture
    profile: str


class Told(NamedTuple):
    """A notification, and what the computer's clock showed when it was handed to the courier."""

    wall: float
    notification: Notification


@dataclass
class Diary(Witness):
    """Keeps of the samples only what does not fill the memory in a day."""

    seen: list[Seen] = field(default_factory=list)
    run: int = 0

    def on_sample(self, sample: Sample) -> None:
        self.seen.append(Seen(sample.reading.at, self.run, sample.posture, sample.reading.profile))


class DatedCourier(Courier):
    """A courier that notes when it was handed what."""

    def __init__(self, notifier: RecordingNotifier, clock: JumpingClock, told: list[Told]) -> None:
        super().__init__(notifier)
        self._clock, self._told = clock, told

    def post(self, key: int, notification: Notification) -> None:
        self._told.append(Told(self._clock.now().wall, notification))
        super().post(key, notification)


# ---- living through it --------------------------------------------------------------------------------------


@dataclass
class Desk:
    """How things stand, whether or not anybody watches."""

    posture: str = AWAY
    sideways: bool = False
    turned_aside: bool = False
    unplugged: bool = False
    call: str | None = None
    lock: str | None = None
    clock_fast_by: float = 0.0


@dataclass
class Run:
    """One run of the monitor. Its camera's times are seconds since `clock.start`."""

    monitor: Monitor
    clock: JumpingClock
    camera: ClockedCamera
    model: ScriptedModel
    around: Around
    notifier: RecordingNotifier

    def show(self, desk: Desk) -> None:
        """Given how things stand, let them be seen so."""
        self.model.pose = seen(desk.posture, desk.sideways, desk.turned_aside)
        self.camera.state = CameraState.ABSENT if desk.unplugged else CameraState.OK
        self.around.findings = Findings(call=desk.call, lock=desk.lock)


@dataclass
class Day:
    """A script, what it runs with, and what came of it."""

    folder: Path
    script: Sequence[Line]
    config: Config
    rules: Sequence[Rule]
    profiles: Sequence[Profile]
    desk: Desk = field(default_factory=Desk)
    diary: Diary = field(default_factory=Diary)
    told: list[Told] = field(default_factory=list)
    runs: list[Run] = field(default_factory=list)

    def live(self) -> Day:
        """Live through the script, in as many runs of the monitor as it takes."""
        happenings = sorted(self._happenings(), key=lambda it: it[0])
        begin = self.script[0].at
        for stop in [line for line in self.script if line.what == STOPPED]:
            self._watch(begin, [it for it in happenings if begin <= it[0] < stop.at], stop.at)
            begin = stop.at + stop.lasts
            for _, line, begins in [it for it in happenings if stop.at <= it[0] < begin]:
                self._happen(line, begins)
        return self

    def _happenings(self) -> Iterator[tuple[float, Line, bool]]:
        """Yield when a line begins or ends, the line, and whether it begins."""
        for line in self.script:
            if line.what != STOPPED:
                yield line.at, line, True
                if line.lasts:
                    yield line.at + line.lasts, line, False

    def _watch(self, begin: float, happenings: list[tuple[float, Line, bool]], stop: float) -> None:
        """Given what happens from one moment to another, let a monitor run meanwhile."""
        run = self._begun(begin)
        slept = 0.0
        for at, line, begins in happenings:
            run.clock.at(at - begin - slept, partial(self._happen, line, begins))
            slept += line.lasts if line.what == ASLEEP and begins else 0.0
        run.clock.at(stop - begin - slept, run.monitor.stop)
        run.show(self.desk)
        run.monitor.run()

    def _begun(self, begin: float) -> Run:
        """Return a monitor that is ready to run, made as service.composition makes one."""
        number, config = len(self.runs), self.config
        clock = JumpingClock(Instant(begin + self.desk.clock_fast_by, BOOTED[number]))
        camera, model, around = ClockedCamera(clock, math.inf), ScriptedModel(None), Around()
        circumstances, notifier = Circumstances(around), RecordingNotifier()
        circumstances.take(config.restraint)
        parts = Parts(
            camera=camera,
            load_estimator=lambda: model,
            measuring=Measuring(terms_of(config), self.profiles, config.calibration.drift_after),
            circumstances=circumstances,
            restraint=Restraint(limits_of(config)),
            engine=RuleEngine(self.rules, pulse_for(PERIOD)),
            log=open_log(self.folder, clock),
            courier=DatedCourier(notifier, clock, self.told),
            clock=clock,
            watchdog=Watchdog(),
        )
        self.diary.run = number
        self.runs.append(Run(Monitor(parts, PERIOD, (self.diary,)), clock, camera, model, around, notifier))
        return self.runs[-1]

    def _happen(self, line: Line, begins: bool) -> None:
        desk, run = self.desk, self.runs[-1]
        match line.what:
            case what if what in POSTURES:
                desk.posture = what if begins else UPRIGHT
            case "seen from the left":
                desk.sideways = begins
            case "camera turned aside":
                desk.turned_aside = begins
            case "camera unplugged":
                desk.unplugged = begins
            case "in a call":
                desk.call = "a video call" if begins else None
            case "screen locked":
                desk.lock = "the screen is locked" if begins else None
            case "clock an hour fast":
                self._set_clock(HOUR if begins else -HOUR)
            case "laptop asleep":
                run.clock.step(line.lasts if begins else 0.0)
            case "paused":
                self._pause(line) if begins else None
            case _:
                raise ValueError(f"nobody knows how this happens: {line.what!r}")
        run.show(desk)

    def _set_clock(self, by: float) -> None:
        self.desk.clock_fast_by += by
        self.runs[-1].clock.step(by)

    def _pause(self, line: Line) -> None:
        """The person pauses it; when the time has come it goes on by itself."""
        until, monitor = line.at + line.lasts, self.runs[-1].monitor
        monitor.inbox.post(lambda: monitor.pause(until, "by you"))
