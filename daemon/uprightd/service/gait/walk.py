"""`uprightd gait VIDEO`: the whole way from a video to a folder of results."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from uprightd.captures.folder import NewCapture, check_place, new_capture
from uprightd.captures.gait import plots
from uprightd.captures.gait.document import Film, document
from uprightd.captures.gait.folder import drawn, write_all
from uprightd.captures.gait.overlay import Overlay
from uprightd.captures.gait.report import Picture
from uprightd.captures.manifest import Facts, model_used
from uprightd.errors import DataError, DeniedError
from uprightd.gait.analysis import GaitError, analyse
from uprightd.gait.model import Analysis, Track
from uprightd.paths import Paths
from uprightd.service.gait.album import Album
from uprightd.service.gait.annotating import VIDEO, annotate
from uprightd.service.gait.filming import Filmed, film
from uprightd.service.gait.footage import EXPECTED, Footage, Shot
from uprightd.service.gait.kept import Kept, key_of
from uprightd.service.gait.request import Eyes, Request, Tell, silent

KIND = "gait"


@dataclass(frozen=True, slots=True)
class Walk:
    """What became of a walk: gait.json's content, the finished capture, and why it is partial; None: it is whole."""

    found: dict[str, Any]
    capture: NewCapture
    problem: GaitError | None

    @property
    def folder(self) -> Path:
        return self.capture.folder


def measure_video(
    video: Path, request: Request, load_eyes: Callable[[], Eyes], paths: Paths, at: str, tell: Tell = silent
) -> Walk:
    """Given a video, what is asked, what loads the pose model, the folders and this moment (ISO 8601), return the walk.

    Raise DataError when the file is no video, UnavailableError when the model is not there, WriteError and its kin
    when the results cannot be written. That nobody walks in it is no error here: what was seen is kept, and `problem`
    tells.
    """
    check_file(video)
    check_place(request.out or paths.captures)
    with Footage(video):
        pass  # before the model is loaded, which takes longer
    album = Album() if request.video else None
    eyes = load_eyes()
    try:
        tracking = eyes.tracking(request)
        try:
            key = key_of(video, request.settings())
            kept = Kept(paths.cache / "gait", key)
            threading.Thread(target=plots.warm_up, daemon=True).start()
            filmed = film(video, tracking, request.every, kept, tell, album)
        finally:
            tracking.close()
    finally:
        eyes.close()
    check_frames(video, filmed)
    told = Film(
        source=str(video),
        at=at,
        backend=filmed.track.backend,
        subject="whole picture" if request.whole or eyes.find_people is None else str(request.subject),
        duration=filmed.duration,
        frames=filmed.frames,
        fps_asked=request.fps,
        cut_off=filmed.cut_off,
        broken=filmed.broken,
        people=filmed.people,
        height_m=request.height_m,
        notes=film_notes(filmed, request),
    )

    def frames() -> Iterable[Shot]:
        return (album or Album()).shots(video, request.every)

    walk = write_walk(filmed.track, told, request, frames, paths, tell, key)
    kept.forget()
    return walk


def write_walk(
    track: Track,
    told: Film,
    request: Request,
    frames: Callable[[], Iterable[Shot]],
    paths: Paths,
    tell: Tell,
    key: str = "",
) -> Walk:
    """Given a track, how it was watched, what is asked, what gives the frames again, the folders and whom to tell how
    far it is, analyse it and write the folder; key: what tells this video and these settings from others. Raise as
    `measure_video`."""
    analysis, problem = analysed(track, request)
    if problem is not None and not request.whole and track.points:
        problem.hint = f"{problem.hint} If the walker was somebody else, say who: --subject moving.".strip()
    found = document(told, track, analysis, problem.message if problem else None, request.screen)
    with new_capture(paths.captures, KIND, told.at, request.out) as capture, ThreadPoolExecutor(1) as beside:
        plotted = beside.submit(
            drawn, analysis
        )  # the video's pass is OpenCV's work, which leaves Python free
        pictures: list[Picture] = []
        found["files"] = {"folder": str(capture.folder)}
        if request.video and track.count > 1:
            overlay = Overlay(track, analysis, f"uprightd gait · {told.backend}")
            pictures, codec = annotate(frames(), overlay, track.times, analysis, capture.file(VIDEO), tell)
            found["files"]["video"] = VIDEO
            found["files"]["video_codec"] = codec
        write_all(capture.path, found, analysis, plotted.result(), pictures)
        settings = {**request.settings(), "key": key}
        capture.finish(Facts(told.source, (model_used(told.backend),), settings, summary_of(found)))
    return Walk(found, capture, problem)


def analysed(track: Track, request: Request) -> tuple[Analysis | None, GaitError | None]:
    """Given a track, return its analysis as far as there is one, and why it is not whole."""
    try:
        found = analyse(track, height_m=request.height_m, distance=request.distance)
    except GaitError as error:
        return error.analysis, error
    return found, GaitError(found.partial, analysis=found) if found.partial else None


def summary_of(found: dict[str, Any]) -> dict[str, Any]:
    """Given gait.json's content, return the few values that a list of captures shows."""
    values = {name: it["value"] for name, it in found["parameters"].items() if name in ("cadence", "speed")}
    steps = sum(event["kind"] == "strike" for event in found["events"])
    return {"view": found["view"], "strikes": steps, "partial": found["partial"], **values}


def film_notes(filmed: Filmed, request: Request) -> tuple[str, ...]:
    """Given how the filming went, return what a reader of the numbers should know of it."""
    notes = []
    if filmed.cut_off:
        notes.append(
            f"The file ends {filmed.cut_off:.1f} s before it says it does: it is cut off or damaged."
        )
    if filmed.broken:
        notes.append(f"{filmed.broken} frames could not be decoded and were left out.")
    if filmed.people > 1 and not request.whole:
        notes.append(
            f"{filmed.people} people were in view; the one followed was chosen by: {request.subject}."
        )
    return tuple(notes)


def check_file(video: Path) -> None:
    """Given what the user named, raise DataError or DeniedError when it is no file that can be read."""
    try:
        if not video.exists():
            raise DataError(f"{video}: no such file", EXPECTED)
        if not video.is_file():
            raise DataError(f"{video}: not a file", EXPECTED)
        if not video.stat().st_size:
            raise DataError(f"{video}: the file is empty", EXPECTED)
        with video.open("rb"):
            return
    except PermissionError as error:
        raise DeniedError(
            f"{video}: you may not read this", f"Run: chmod u+r '{video}', or ask its owner."
        ) from error
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise DataError(f"{video}: {reason}", EXPECTED) from error


def check_frames(video: Path, filmed: Filmed) -> None:
    """Raise DataError when not one frame could be looked at, or there is only one: a still."""
    if not filmed.frames or filmed.broken == filmed.frames:
        raise DataError(f"{video}: no frame in it can be decoded", "Copy or download it again.")
    if filmed.frames == 1:
        raise DataError(f"{video}: a single frame; nobody walks in it", EXPECTED)
