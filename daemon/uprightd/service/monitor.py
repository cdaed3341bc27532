"""The loop: newest frame → pose → reading → verdict → log → notification, once per period.

One thread owns the model, the rules and the log. Other threads (control socket, scheduler, notifier) only
leave requests in its inbox. It never opens a camera itself and never waits for a notification.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from uprightd.clock import Clock, step_between
from uprightd.domain import Activity, Alert, CameraState, Frame, Instant, MonitorState, Posture
from uprightd.errors import UprightError, WriteError
from uprightd.notify.base import Notification, Outcome
from uprightd.rules.engine import RuleEngine, Verdict
from uprightd.rules.restraint import Kind, Restraint
from uprightd.service.activity import ActivityTracker
from uprightd.service.circumstances import Circumstances
from uprightd.service.delivery import Delivery
from uprightd.service.inbox import Inbox
from uprightd.service.measuring import Measured, Measuring
from uprightd.service.memory import MemoryCeiling
from uprightd.service.observing import Counts, Observer, Sample
from uprightd.service.pace import Pace
from uprightd.service.rest import Rest
from uprightd.service.speech import Speech
from uprightd.service.watchdog import Watchdog

if TYPE_CHECKING:
    from uprightd.camera.frame_source import FrameSource
    from uprightd.notify.courier import Courier
    from uprightd.pose.estimator import PoseEstimator
    from uprightd.store.log import Log

POLL = 0.25
"""Seconds the loop waits for a frame before it looks at its inbox again."""
REST = 1.0
"""Seconds it rests at a time while there is nothing to sample."""
MODEL_RETRY = 300.0
"""Seconds after which a model that would not load is tried again."""
HUNG_AFTER = 60.0
LOADING_MAY_TAKE = 300.0
"""Seconds a turn, and loading the model, may take before the watchdog ends the process."""

Written = TypeVar("Written")


@dataclass(slots=True)
class Parts:
    """What the loop is made of; built in one place (service.composition)."""

    camera: FrameSource
    load_estimator: Callable[[], PoseEstimator]
    measuring: Measuring
    circumstances: Circumstances
    restraint: Restraint
    engine: RuleEngine
    log: Log
    courier: Courier
    clock: Clock
    watchdog: Watchdog
    memory: MemoryCeiling = field(default_factory=MemoryCeiling)
    live: bool = True
    """Whether the source is a camera, worth waiting for with what is broken; a file is not."""


class Monitor:
    """Runs until the file ends or `stop` is asked for. `period` is in seconds."""

    def __init__(self, parts: Parts, period: float, observers: tuple[Observer, ...] = ()) -> None:
        self.parts = parts
        self.pace = Pace(parts.clock, period)
        self.counts = Counts()
        self.inbox = Inbox()
        self.last: Sample | None = None
        self._observers = observers
        self._delivery = Delivery(parts.log, parts.courier, self._write)
        self.speech = Speech(parts, self._delivery, self.notice)
        self._activity = ActivityTracker()
        self._state: MonitorState | None = None
        self._state_since = Instant(0.0, 0.0)
        self._estimator: PoseEstimator | None = None
        self._model_retry_at = -math.inf
        self._last_tick: Instant | None = None
        self._rest = Rest(parts.circumstances, parts.log, self._write, parts.live)
        self._stopping = threading.Event()

    # ---- what other threads may call ------------------------------------------------------------------

    def stop(self) -> None:
        """Ask the loop to end after the present turn."""
        self._stopping.set()
        self.inbox.wake.set()

    def tell(self, notification: Notification) -> None:
        """Given something that is no alert, notify the person; nobody waits for it."""
        self._delivery.tell(notification)

    def notice(self, text: str) -> None:
        """Given a line for the person at the terminal or in the service log, pass it on."""
        for observer in self._observers:
            observer.on_notice(text)

    @property
    def state(self) -> MonitorState:
        return self._activity.state or MonitorState(Activity.WATCHING, "starting")

    @property
    def paused_until(self) -> float | None:
        """Wall time at which a pause ends; None when not paused, infinity when only `resume` ends it."""
        return self._rest.until

    # ---- the loop --------------------------------------------------------------------------------------

    def run(self) -> None:
        """Run to the end of the file, or until stopped. Camera, model and log are released in any case."""
        self.parts.watchdog.start()
        self.parts.circumstances.start()
        try:
            self._restore()
            self._open_camera()
            while not self._stopping.is_set() and not self.parts.camera.finished:
                self.parts.watchdog.stamp("waiting for a frame", HUNG_AFTER)
                self.inbox.handle()
                self._show_outcomes(self._delivery.collect())
                for fault in self.parts.circumstances.faults():
                    self.notice(f"cannot tell what goes on around you ({fault})")
                self.speech.beat(bool(self._rest.reason(self.parts.clock.now())))
                self._tick()
                self._announce_state()
        finally:
            self._release()

    def _tick(self) -> None:
        parts, now = self.parts, self.parts.clock.now()
        self._notice_step(now)
        if self._paused(now):
            left = math.inf if self._rest.until is None else self._rest.until - now.wall
            parts.clock.wait(self.inbox.wake, min(REST, left))
        elif not self._model_ready(now):
            parts.clock.wait(self.inbox.wake, REST)
        elif self.pace.wait(self.inbox.wake, REST):
            frame = parts.camera.poll(POLL, self.pace.position)
            self._watch_camera()
            # The machine may have slept while this waited: no picture from after it goes with one from before.
            if frame is not None and not self._notice_step(parts.clock.now()):
                self.pace.sampled(frame)
                self._sample(frame)

    def _sample(self, frame: Frame) -> None:
        self.parts.watchdog.stamp("estimating the pose", HUNG_AFTER)
        assert self._estimator is not None
        pose = self._estimator.estimate([frame.image])[0]
        self.parts.watchdog.stamp("judging and writing", HUNG_AFTER)
        size = (frame.width, frame.height)
        measured = self.parts.measuring.see(pose, size, frame.at, frame.position)
        reading, verdict = measured.reading, self._judge(measured)
        row = self._write(lambda: self.parts.log.add_sample(reading, verdict.posture))
        if row is not None:
            self._activity.store = ""
        self._activity.see(verdict.posture, frame.at.mono, pose.people if pose else 0)
        self.counts.samples += 1
        self.counts.detected += reading.present
        self.counts.lost_rows += row is None
        self.last = Sample(frame, pose, reading, verdict.posture, verdict.violated, row)
        for observer in self._observers:
            observer.on_sample(self.last)
        for alert in verdict.alerts:
            if self.speech.alert(alert).kind is Kind.SPEAK:
                self.counts.alerts += 1
                for observer in self._observers:
                    observer.on_alert(alert)
        self.parts.memory.check()

    def _judge(self, measured: Measured) -> Verdict:
        """Hold the reading against the rules; while the camera stands otherwise than calibrated, against none."""
        reading, standing = measured
        if standing.drifted != self._activity.drifted:
            self._activity.drifted = standing.drifted
            self.parts.engine.interrupt()
            if standing.drifted:
                self._delivery.tell_of_drift(standing.why, reading.at)
        if standing.drifted and reading.present:
            return Verdict(Posture.UNRELIABLE, (), ())
        return self.parts.engine.judge(reading)

    def _show_outcomes(self, ended: list[tuple[Alert, Outcome]]) -> None:
        for alert, outcome in ended:
            for observer in self._observers:
                observer.on_outcome(alert, outcome)

    # ---- faults and states -----------------------------------------------------------------------------

    def _open_camera(self) -> None:
        """Open the camera unless nothing would be sampled: paused, or without a model."""
        self._activity.forget_seen()
        if not self._activity.paused and not self._activity.model:
            self.parts.camera.open()

    def _notice_step(self, now: Instant) -> bool:
        """Return whether the machine slept or its clock stepped: no violation goes on, the camera is opened anew."""
        step = step_between(self._last_tick, now) if self._last_tick else 0.0
        self._last_tick = now
        if step:
            self.notice(f"the clock moved by {step:+.0f} s against the running time (sleep or a clock step)")
            self._break_off()
            self.pace.restart()
            self.parts.camera.close()
            self._open_camera()
        return bool(step)

    def _break_off(self) -> None:
        """What was going on before a pause or a sleep does not go on after it."""
        self.parts.engine.interrupt()
        self.parts.measuring.forget()

    def _model_ready(self, now: Instant) -> bool:
        if self._estimator is not None:
            return True
        if now.mono < self._model_retry_at:
            return False
        self.parts.watchdog.stamp("loading the pose model", LOADING_MAY_TAKE)
        try:
            self._estimator = self.parts.load_estimator()
        except UprightError as error:
            if not self.parts.live:
                raise
            self._activity.model = error.message
            self._model_retry_at = now.mono + MODEL_RETRY
            self.notice(str(error))
            self.parts.camera.close()
            return False
        if self._activity.model:
            self._activity.model = ""
            self._open_camera()
        return True

    def _watch_camera(self) -> None:
        for text in self.parts.camera.take_events():
            self.notice(text)
        status = self.parts.camera.status
        fine = status.state is CameraState.OK or self.parts.camera.opening
        self._activity.camera = "" if fine else status.message

    def _write(self, write: Callable[[], Written]) -> Written | None:
        """Run one write; a full disk or a locked file costs that row. The log is whole again with the next sample."""
        try:
            return write()
        except WriteError as error:
            self._activity.store = self._activity.store or error.message
            return None

    def _announce_state(self) -> None:
        state, now = self._activity.state, self.parts.clock.now()
        if state is None:
            return
        if state == self._state:
            self._delivery.tell_of_trouble(state, self._state_since, now)
            return
        self._state, self._state_since = state, now
        self._write(lambda: self.parts.log.add_transition(state, now))
        for observer in self._observers:
            observer.on_state(state, now)
        if state.activity is Activity.DEGRADED and self._activity.camera:
            self.notice(self.parts.camera.status.hint)

    # ---- pausing ---------------------------------------------------------------------------------------

    def pause(self, until: float, reason: str) -> None:
        """Given a wall time (infinity: until resumed) and a reason, release the camera and rest till then."""
        self._rest.ask(until, reason, self.parts.clock.now())
        self._be_paused(reason)

    def take_period(self, period: float) -> None:
        """Given a new period in seconds, sample by it; the log counts by it from here on, as a run of its own."""
        if period == self.pace.period:
            return
        self.pace.period = period
        now, state = self.parts.clock.now(), self._state
        self._write(lambda: self.parts.log.continue_run(now, period))
        if state is not None:
            self._write(lambda: self.parts.log.add_transition(state, now))

    def resume(self) -> None:
        """End a pause that somebody asked for; what else keeps it from watching still does."""
        if self._rest.until is not None:
            now = self.parts.clock.now()
            self._rest.lift(now)
            self._be_paused(self._rest.reason(now))

    def _paused(self, now: Instant) -> bool:
        self._be_paused(self._rest.reason(now))
        return bool(self._activity.paused)

    def _be_paused(self, reason: str) -> None:
        """Given why nothing should be watched, "" for no reason, let go of the camera or take it again."""
        before, self._activity.paused = self._activity.paused, reason
        if reason and not before:
            self._break_off()
            self.parts.camera.close()
        elif before and not reason:
            self.pace.restart()
            self._open_camera()

    def _restore(self) -> None:
        """Go on from what an earlier run left in the log. A file begins afresh."""
        if self.parts.live:
            self.speech.restore()
            self._rest.restore(self.parts.clock.now())
            self._activity.paused = self._rest.reason(self.parts.clock.now())

    def _release(self) -> None:
        self.parts.watchdog.stamp("ending", HUNG_AFTER)
        self.parts.camera.close()
        self.parts.circumstances.close()
        self.speech.keep()
        self._show_outcomes(self._delivery.close())
        if self._estimator is not None:
            self._estimator.close()
        self._write(lambda: self.parts.log.end_run(self.parts.clock.now()))
        self.parts.log.close()
        self.parts.watchdog.stop()
