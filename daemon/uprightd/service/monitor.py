"""The loop: newest frame → pose → reading → verdict → log → notification, once per period.

One thread owns the model, the rules and the log. Other threads (control socket, scheduler, notifier) only
leave requests in its inbox. It never opens a camera itself and never waits for a notification.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from uprightd.clock import Clock, FollowingClock, step_between
from uprightd.domain import (
    Activity,
    Alert,
    CameraState,
    Frame,
    Instant,
    MonitorState,
    Pose,
    Posture,
    Reading,
    Severity,
)
from uprightd.errors import UprightError, WriteError
from uprightd.metrics.reading import read_pose
from uprightd.notify.base import Notification, Outcome
from uprightd.rules.engine import RuleEngine
from uprightd.service.activity import ActivityTracker
from uprightd.service.inbox import Inbox
from uprightd.service.watchdog import Watchdog

if TYPE_CHECKING:
    from uprightd.camera.frame_source import FrameSource
    from uprightd.notify.courier import Courier
    from uprightd.pose.estimator import PoseEstimator
    from uprightd.store.log import Log

POLL = 0.25
"""Seconds the loop waits for a frame before it looks at its inbox again."""
MODEL_RETRY = 300.0
"""Seconds after which a model that would not load is tried again."""
HUNG_AFTER = 60.0
LOADING_MAY_TAKE = 300.0
LAST_WORDS = 2.0
"""Seconds that notifications under way get when the loop ends."""
NO_ALERT = 0
"""Key of a notification that belongs to no row of the log."""
TROUBLE_AFTER = 30.0
"""Seconds a fault must last before it is worth a notification."""
TROUBLE_SILENCE = 3600.0
"""Seconds before the same fault is notified again."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One turn of the loop as observers see it. `row` is its id in the log, None when it could not be written."""

    frame: Frame
    pose: Pose | None
    reading: Reading
    posture: Posture
    violated: tuple[str, ...]
    row: int | None


class Observer(Protocol):
    """Somebody who watches the loop: a live readout, a JSON stream, a bench."""

    def on_sample(self, sample: Sample) -> None: ...
    def on_alert(self, alert: Alert) -> None: ...
    def on_outcome(self, alert: Alert, outcome: Outcome) -> None: ...
    def on_state(self, state: MonitorState, at: Instant) -> None: ...
    def on_notice(self, text: str) -> None: ...


@dataclass(slots=True)
class Parts:
    """What the loop is made of; built in one place (service.composition)."""

    camera: FrameSource
    load_estimator: Callable[[], PoseEstimator]
    engine: RuleEngine
    log: Log
    courier: Courier
    clock: Clock
    watchdog: Watchdog


@dataclass(slots=True)
class Counts:
    """What happened since the start."""

    samples: int = 0
    detected: int = 0
    alerts: int = 0
    lost_rows: int = 0
    notified: int = 0
    not_notified: int = 0


class Monitor:
    """Runs until the file ends or `stop` is asked for. `period` is in seconds."""

    def __init__(
        self, parts: Parts, period: float, min_score: float, observers: tuple[Observer, ...] = ()
    ) -> None:
        self.parts = parts
        self.period = period
        self.min_score = min_score
        self.counts = Counts()
        self.inbox = Inbox()
        self.last: Sample | None = None
        self._observers = observers
        self._activity = ActivityTracker()
        self._state: MonitorState | None = None
        self._state_since = Instant(0.0, 0.0)
        self._told_of: dict[str, float] = {}
        self._estimator: PoseEstimator | None = None
        self._model_retry_at = 0.0
        self._next_due = 0.0
        self._next_position = 0.0
        self._last_tick: Instant | None = None
        self._paused_until: float | None = None
        self._stopping = threading.Event()
        self._sent: dict[int, Alert] = {}

    # ---- what other threads may call ------------------------------------------------------------------

    def stop(self) -> None:
        """Ask the loop to end after the present turn."""
        self._stopping.set()
        self.inbox.wake.set()

    @property
    def state(self) -> MonitorState:
        return self._activity.state or MonitorState(Activity.WATCHING, "starting")

    @property
    def backend(self) -> str:
        return self._estimator.name if self._estimator else ""

    @property
    def paused_until(self) -> float | None:
        """Wall time at which a pause ends; None when not paused, infinity when only `resume` ends it."""
        return self._paused_until

    # ---- the loop --------------------------------------------------------------------------------------

    def run(self) -> None:
        """Run to the end of the file, or until stopped. Camera, model and log are released in any case."""
        self.parts.watchdog.start()
        try:
            self.parts.camera.open()
            while not self._stopping.is_set() and not self.parts.camera.finished:
                self.parts.watchdog.stamp("waiting for a frame", HUNG_AFTER)
                self.inbox.handle()
                self._collect_outcomes()
                self._tick()
                self._announce_state()
        finally:
            self._release()

    def _tick(self) -> None:
        parts, now = self.parts, self.parts.clock.now()
        self._notice_step(now)
        if self._paused(now):
            parts.clock.wait(self.inbox.wake, min(POLL * 4, max(0.0, self._paused_until - now.wall)))  # type: ignore[operator]
            return
        if not self._model_ready(now):
            parts.clock.wait(self.inbox.wake, POLL * 4)
            return
        following = isinstance(parts.clock, FollowingClock)
        if not following and parts.clock.wait(self.inbox.wake, min(self._next_due - now.mono, POLL * 4)):
            return
        if not following and parts.clock.now().mono < self._next_due:
            return
        frame = parts.camera.poll(POLL, self._next_position if following else None)
        self._watch_camera()
        if frame is not None:
            self._schedule_next(frame)
            self._sample(frame)

    def _schedule_next(self, frame: Frame) -> None:
        clock = self.parts.clock
        if isinstance(clock, FollowingClock):
            clock.follow(frame.at)
            self._next_position = (frame.position or 0.0) + self.period
        # Keep the beat after a small delay; after a long one begin a new beat instead of catching up.
        now = clock.now().mono
        late = now - self._next_due
        self._next_due = (self._next_due if late < self.period else now) + self.period

    def _sample(self, frame: Frame) -> None:
        self.parts.watchdog.stamp("estimating the pose", HUNG_AFTER)
        assert self._estimator is not None
        pose = self._estimator.estimate([frame.image])[0]
        self.parts.watchdog.stamp("judging and writing", HUNG_AFTER)
        reading = read_pose(pose, (frame.width, frame.height), frame.at, self.min_score, frame.position)
        verdict = self.parts.engine.judge(reading)
        row = self._write(lambda: self.parts.log.add_sample(reading, verdict.posture))
        self._activity.see(verdict.posture, frame.at.mono)
        self.counts.samples += 1
        self.counts.detected += reading.present
        self.counts.lost_rows += row is None
        self.last = Sample(frame, pose, reading, verdict.posture, verdict.violated, row)
        for observer in self._observers:
            observer.on_sample(self.last)
        for alert in verdict.alerts:
            self._raise_alert(alert)

    def _raise_alert(self, alert: Alert) -> None:
        self.counts.alerts += 1
        row = self._write(lambda: self.parts.log.add_alert(alert))
        key = row if row is not None else -self.counts.alerts
        self._sent[key] = alert
        self.parts.courier.post(key, Notification(alert.message, alert.reason, alert.severity))
        for observer in self._observers:
            observer.on_alert(alert)

    def _collect_outcomes(self) -> None:
        for key, outcome in self.parts.courier.collect():
            alert = self._sent.pop(key, None)
            if alert is None:
                continue
            self.counts.notified += outcome.told
            self.counts.not_notified += not outcome.told
            if key > 0:
                self._write(lambda key=key, outcome=outcome: self._store_outcome(key, outcome))
            for observer in self._observers:
                observer.on_outcome(alert, outcome)

    def _end_run(self) -> int:
        self.parts.log.end_run(self.parts.clock.now())
        return 0

    def _store_outcome(self, key: int, outcome: Outcome) -> int:
        self.parts.log.set_outcome(key, outcome.status.value, outcome.detail)
        return key

    # ---- faults and states -----------------------------------------------------------------------------

    def _notice_step(self, now: Instant) -> None:
        """After sleep or a step of the clock no violation goes on, and the camera is opened anew."""
        step = step_between(self._last_tick, now) if self._last_tick else 0.0
        self._last_tick = now
        if step:
            self.notice(f"the clock moved by {step:+.0f} s against the running time (sleep or a clock step)")
            self.parts.engine.interrupt()
            self._next_due = now.mono
            if not self._paused_until:
                self.parts.camera.close()
                self.parts.camera.open()

    def _model_ready(self, now: Instant) -> bool:
        if self._estimator is not None:
            return True
        if now.mono < self._model_retry_at:
            return False
        self.parts.watchdog.stamp("loading the pose model", LOADING_MAY_TAKE)
        try:
            self._estimator = self.parts.load_estimator()
        except UprightError as error:
            self._activity.model = error.message
            self._model_retry_at = now.mono + MODEL_RETRY
            self.notice(str(error))
            self.parts.camera.close()
            return False
        if self._activity.model:
            self._activity.model = ""
            self.parts.camera.open()
        return True

    def _watch_camera(self) -> None:
        for text in self.parts.camera.take_events():
            self.notice(text)
        status = self.parts.camera.status
        fine = status.state is CameraState.OK or self.parts.camera.opening
        self._activity.camera = "" if fine else status.message

    def _write(self, write: Callable[[], int]) -> int | None:
        """Run one write; a full disk or a locked file costs that row, is counted, and mends by itself."""
        try:
            row = write()
        except WriteError as error:
            self._activity.store = error.message
            return None
        self._activity.store = ""
        return row

    def _announce_state(self) -> None:
        state, now = self._activity.state, self.parts.clock.now()
        if state is None:
            return
        self._tell_of_trouble(state, now)
        if state == self._state:
            return
        self._state, self._state_since = state, now
        self._write(lambda: self.parts.log.add_transition(state, now))
        for observer in self._observers:
            observer.on_state(state, now)
        if state.activity is Activity.DEGRADED and self._activity.camera:
            self.notice(self.parts.camera.status.hint)

    def _tell_of_trouble(self, state: MonitorState, now: Instant) -> None:
        """One notification for a fault that lasts, so that nobody believes to be watched over; then silence."""
        if state.activity is not Activity.DEGRADED or state != self._state:
            return
        told = self._told_of.get(state.reason, -TROUBLE_SILENCE)
        if now.mono - self._state_since.mono < TROUBLE_AFTER or now.mono - told < TROUBLE_SILENCE:
            return
        self._told_of[state.reason] = now.mono
        self.tell(Notification("uprightd cannot watch", state.reason, Severity.WARN))

    def tell(self, notification: Notification) -> None:
        """Given something that is no alert, notify the person; nobody waits for it. Any thread may call this."""
        self.parts.courier.post(NO_ALERT, notification)

    def notice(self, text: str) -> None:
        """Given a line for the person at the terminal or in the service log, pass it on. Any thread may call this."""
        for observer in self._observers:
            observer.on_notice(text)

    # ---- pausing ---------------------------------------------------------------------------------------

    def pause(self, until: float, reason: str) -> None:
        """Given a wall time (infinity: until resumed) and a reason, release the camera and rest till then."""
        self._paused_until = until
        self._activity.paused = reason
        self.parts.engine.interrupt()
        self.parts.camera.close()

    def resume(self) -> None:
        """End a pause."""
        if self._paused_until is None:
            return
        self._paused_until = None
        self._activity.paused = ""
        self._next_due = self.parts.clock.now().mono
        self.parts.camera.open()

    def _paused(self, now: Instant) -> bool:
        if self._paused_until is not None and now.wall >= self._paused_until:
            self.resume()
        return self._paused_until is not None

    def _release(self) -> None:
        self.parts.watchdog.stamp("ending", HUNG_AFTER)
        self.parts.camera.close()
        self.parts.courier.flush(LAST_WORDS)
        self._collect_outcomes()
        self.parts.courier.close(LAST_WORDS)
        if self._estimator is not None:
            self._estimator.close()
        self._write(self._end_run)
        self.parts.log.close()
        self.parts.watchdog.stop()
