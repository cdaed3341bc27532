"""The camera as the monitor loop sees it: asks for the newest picture, and keeps the capture process alive.

No call here waits longer than it was told to, whatever the driver does. Deadlines are counted on the real
monotonic clock, since a clock that follows a file stands still.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from uprightd.camera.light import Light
from uprightd.camera.order import SourceKind
from uprightd.camera.protocol import BEAT, END, ERROR, FRAME, NOTE, STATE, Gone, Message, ProtocolError
from uprightd.camera.restarts import CRASHES, Notices, Restarts
from uprightd.camera.run import Run, Spent
from uprightd.camera.screening import Look, Screening, Verdict
from uprightd.camera.settings import CameraSettings
from uprightd.camera.source import EXPECTED_FOLDER, EXPECTED_VIDEO, Source
from uprightd.camera.states import CameraStatus, another_camera, opening, reported, status_of
from uprightd.clock import Clock
from uprightd.domain import CameraState, Frame, Instant

CHECK = 0.25
"""Seconds between two looks at the deadlines while nothing comes."""
GIVE_UP = 5
"""Runs in a row without a picture after which a file is given up."""
SKIP = 1.0
"""Seconds of a file left out after a run that died without a picture: the same spot may kill the next."""


class Camera:
    """A source under supervision; FrameSource says what each public member promises.

    command: what to start as the capture process instead of the real one (tests).
    """

    def __init__(
        self,
        source: Source,
        settings: CameraSettings,
        clock: Clock,
        command: Sequence[str] | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.source = source
        self.status = opening(source)
        self.opening = False
        self.finished = False
        self.size: tuple[int, int] | None = None
        self.restarts = 0
        self.stalls = 0
        self._settings = settings
        self._clock = clock
        self._command = tuple(command) if command else None
        self._monotonic = monotonic
        self._attempts = Restarts(settings.backoff_first, settings.backoff_max)
        self._screening = Screening(source.live, settings.dark_after)
        self._notices = Notices()
        self._watching = status_of(CameraState.OK, source)
        self._open = False
        self._start: Instant | None = None
        self._run: Run | None = None
        self._restart_at = 0.0
        self._polls = 0
        self._reached: float | None = None
        self._fruitless = 0
        self._spent_before = Spent()

    @property
    def child_pid(self) -> int | None:
        return self._run.process.pid if self._run else None

    @property
    def _spent(self) -> Spent:
        return self._spent_before + self._run.cpu if self._run else self._spent_before

    @property
    def child_cpu_seconds(self) -> float:
        return self._spent.total

    @property
    def child_read_cpu_seconds(self) -> float:
        return self._spent.read

    @property
    def child_transfer_cpu_seconds(self) -> float:
        return self._spent.transfer

    def take_events(self) -> list[str]:
        return self._notices.take()

    def open(self) -> None:
        if self._open:
            return
        self._open = True
        self._start = self._start or self._clock.now()
        if not self.finished:
            self.status = opening(self.source)
            self.opening = True
            self._screening.restart()
            self._launch()

    def close(self) -> None:
        self._open = False
        self.opening = False
        self._end_run(grace=1.0)

    def poll(self, timeout: float, not_before: float | None = None) -> Frame | None:
        self._polls += 1
        deadline = self._monotonic() + timeout
        while self._open and not self.finished:
            left = deadline - self._monotonic()
            run = self._run
            if run is None:
                if not self._revive(left):
                    return None
                continue
            run.ask(self._polls, not_before)
            message = self._hear(run, max(0.0, min(left, CHECK)))
            if message is not None and message.kind == FRAME:
                verdict, frame = self._screened(run, message, not_before)
                if verdict is not Verdict.OLD:
                    return frame
            elif message is None and left <= 0:
                return None
        return None

    def _launch(self) -> None:
        try:
            self._run = Run(self.source, self._settings, self._reached, self._command, self._monotonic())
        except OSError as error:
            detail = f"its process cannot start: {error.strerror}"
            self._fail(status_of(CameraState.NO_FRAMES, self.source, detail), self._attempts.failed())

    def _revive(self, left: float) -> bool:
        """Wait for the next attempt and make it; return False when less than that is `left`."""
        until = self._restart_at - self._monotonic()
        if until <= 0:
            self.restarts += 1
            self._launch()
        elif left <= 0:
            return False
        else:
            time.sleep(min(left, until))
        return True

    def _end_run(self, grace: float) -> None:
        if self._run is not None:
            self._spent_before += self._run.cpu
            self._run.end(grace)
            self._run = None

    def _hear(self, run: Run, timeout: float) -> Message | None:
        """Return the next message after acting on it, or None; a run that is over or stuck is ended."""
        try:
            message = run.process.receive(timeout)
        except Gone:
            self._died(run, run.process.ending())
            return None
        except ProtocolError as error:
            self._died(run, f"it sent {error}")
            return None
        now = self._monotonic()
        if message is not None:
            run.note(message, now)
            self._act(run, message)
        if self._run is run and (what := run.overdue(now)):
            self._stalled(what)
            return None
        return message

    def _act(self, run: Run, message: Message) -> None:
        """Given a message that is no picture, draw the consequence."""
        fields = message.fields
        if message.kind == BEAT:
            self._reach(fields.get("position"))
        elif message.kind == NOTE:
            self._notices.tell("note", str(fields.get("text", "")))
        elif message.kind == STATE:
            self._fail(reported(self.source, fields, run.process.complaints), self._attempts.failed())
        elif message.kind == ERROR:
            expected = EXPECTED_FOLDER if self.source.kind is SourceKind.FOLDER else EXPECTED_VIDEO
            text = f"{self.source.label}: {fields.get('detail', '')}"
            self._finish(CameraStatus(CameraState.ABSENT, text, expected))
        elif message.kind == END:
            self._finish(None)

    def _screened(self, run: Run, message: Message, not_before: float | None) -> tuple[Verdict, Frame | None]:
        """Given a picture, return the verdict on it, and the picture itself if it is good."""
        fields, now = message.fields, self._monotonic()
        asked_earlier = run.answered() != self._polls
        look = Look(int(fields["width"]), int(fields["height"]), run.device)
        light = Light(float(fields["mean"]), float(fields["spread"]))
        at, position = Instant(float(fields["wall"]), float(fields["mono"])), None
        if self.source.live:
            verdict = self._screening.of_live(look, light, now - at.mono, asked_earlier)
        else:
            position = float(fields.get("position") or 0.0)
            self._reach(position)
            verdict = self._screening.of_file(position, light, not_before)
            if self._settings.pace == "fast" and self._start is not None:
                at = Instant(self._start.wall + position, self._start.mono + position)
        image = run.picture(message) if verdict is Verdict.GOOD else None
        self._take_on(verdict, look, now)
        return verdict, Frame(image, at, self.source.text, position) if image is not None else None

    def _take_on(self, verdict: Verdict, look: Look, now: float) -> None:
        """Given the verdict on a picture, let state and counters follow it."""
        if verdict is Verdict.FOREIGN:
            status = another_camera(self.source, str(self._screening.first_look), str(look))
            self._notices.tell("another camera", status.message)
            self._fail(status, self._attempts.failed())
        elif verdict is Verdict.DARK and self._screening.dark:
            self.opening = False
            self.status = status_of(CameraState.DARK, self.source)
        elif verdict is Verdict.GOOD:
            self.opening = False
            self.status = self._watching
            self.size = (look.width, look.height)
        if verdict in (Verdict.GOOD, Verdict.DARK):
            self._fruitless = 0
            if self._attempts.good(now):
                self._notices.forget()

    def _reach(self, position: float | None) -> None:
        if position is not None and not self.source.live:
            self._reached = max(self._reached or 0.0, float(position))

    def _stalled(self, what: str) -> None:
        self.stalls += 1
        delay = self._attempts.failed()
        text = f"{self.source.label} {what}: process killed, restarting in {delay:.2g} s"
        self._notices.tell("stall", text)
        self._fail(status_of(CameraState.NO_FRAMES, self.source, what), delay)

    def _died(self, run: Run, how: str) -> None:
        delay, often = self._attempts.crashed(self._monotonic())
        if often:
            text = f"camera process died {CRASHES} times within a minute ({how}), next try in {delay:.3g} s"
            self._notices.tell("crashes", text)
        else:
            self._notices.tell(how, f"camera process died ({how}), restarting in {delay:.2g} s")
        if not run.pictures and self._reached is not None:
            self._reached += SKIP
        self._fail(status_of(CameraState.NO_FRAMES, self.source, f"its process died: {how}"), delay)
        # One that gave pictures until then most likely gives them again in a moment: no fault of the camera yet.
        self.opening = bool(run.pictures) and not often and not self.finished

    def _fail(self, status: CameraStatus, delay: float) -> None:
        """End the run with this status; try again in `delay` seconds, or give a hopeless file up."""
        self._end_run(grace=0.0)
        self.status, self.opening = status, False
        self._restart_at = self._monotonic() + delay
        self._fruitless += 1
        if not self.source.live and self._fruitless >= GIVE_UP:
            self.finished = True
            text = f"{self.source.label} given up after {GIVE_UP} attempts without a picture"
            self._notices.tell("given up", text)

    def _finish(self, failed: CameraStatus | None) -> None:
        """End for good: the file is over, or (with a status) it cannot be read."""
        self.finished, self.opening = True, False
        self.status = failed or self.status
        self._end_run(grace=0.2)
