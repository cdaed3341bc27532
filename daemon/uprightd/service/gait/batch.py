"""`uprightd gait batch`: every video of a folder, each measured by a process of its own.

A video that crashes a decoder or fails takes its own process with it and nothing else. A result is one folder that
appears whole, so it does not matter who made it, or whether two did: the second finds the first one's.
"""

from __future__ import annotations

import csv
import io
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from uprightd.camera.source import VIDEO_SUFFIXES
from uprightd.captures.folder import check_place
from uprightd.captures.gait.comparing import read_document
from uprightd.captures.manifest import MANIFEST, read_manifest
from uprightd.errors import CannotCreateError, DataError, DeniedError, TryAgainError, UprightError
from uprightd.paths import private_dir
from uprightd.service.gait.kept import key_of
from uprightd.service.gait.request import Request
from uprightd.whole_file import write_whole

SUMMARY = "summary.csv"
SHOWN = ("cadence", "stride_time", "stride_length", "speed", "step_time_left", "step_time_right")
OTHERS_MAY_TAKE = 300.0
"""Seconds to wait for a result that another process is just writing."""
Row = dict[str, Any]
Told = Callable[[int, int, str], None]


@dataclass(frozen=True, slots=True)
class Job:
    """One video: its name in the folder, its path, where its results go, the words for `gait measure`, and the key of
    video and settings; again: measure it even where that key is there; before: whether it was there from the start."""

    name: str
    video: str
    out: str
    arguments: tuple[str, ...]
    key: str
    again: bool = False
    before: bool = False


def plan(folder: Path, request: Request, arguments: tuple[str, ...], again: bool) -> list[Job]:
    """Given a folder, what is asked (its `out` is the folder of all results), the same as words, and whether to measure
    anew, return the jobs by name. Raise DataError where there is no video, DeniedError where it may not be read."""
    try:
        names = sorted(
            path.name
            for path in folder.iterdir()
            if path.suffix.lower() in VIDEO_SUFFIXES and path.is_file() and not path.name.startswith(".")
        )
    except PermissionError as error:
        raise DeniedError(f"{folder}: you may not look into this folder", "Ask its owner.") from error
    except OSError as error:
        raise DataError(f"{folder}: {error.strerror}", "Expected a folder of videos.") from error
    if not names:
        raise DataError(
            f"{folder}: no videos in this folder", f"Expected files such as {', '.join(VIDEO_SUFFIXES[:5])}."
        )
    assert request.out is not None
    out = request.out.absolute()
    check_place(out)
    if not out.is_dir():
        private_dir(out)
    return [_job(folder / name, out / name.replace(".", "-"), request, arguments, again) for name in names]


def _job(video: Path, out: Path, request: Request, arguments: tuple[str, ...], again: bool) -> Job:
    key = _key(video, request)
    return Job(video.name, str(video.absolute()), str(out), arguments, key, again, _there(out, key))


def _key(video: Path, request: Request) -> str:
    with suppress(OSError):
        return key_of(video, request.settings())
    return ""  # whoever measures it tells why it cannot be read


def run_here(jobs: Sequence[Job], workers: int, told: Told) -> Row:
    """Given the jobs, how many run at a time and whom to tell after each, run them all and return the results."""
    rows: dict[str, Row] = {}
    with ThreadPoolExecutor(workers) as pool:
        pending = {pool.submit(measure_one, job): job for job in jobs}
        try:
            while pending:
                for future in wait(pending, return_when=FIRST_COMPLETED).done:
                    job = pending.pop(future)
                    rows[job.name] = future.result()
                    told(len(rows), len(jobs), job.name)
        except KeyboardInterrupt:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return results_of(jobs, rows.values())


def measure_one(job: Job) -> Row:
    """Given a job, measure its video in a process of its own and return its row; never raise for what a video does."""
    out = Path(job.out)
    if not job.again and _there(out, job.key):
        return _row(job, "kept" if job.before else "done", "")
    try:
        _clear(out)
    except OSError as error:
        return _row(job, "failed", f"{out}: the old results cannot be removed ({error.strerror})")
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "uprightd",
            "gait",
            "measure",
            job.video,
            "--json",
            "--out",
            job.out,
            *job.arguments,
        ],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        env={**os.environ, "PYTHONUTF8": "1"},
        check=False,
    )
    if done.returncode == 0:
        return _row(job, "done", "")
    words = _words(done.stderr) or f"it ended with code {done.returncode}"
    if done.returncode in (CannotCreateError.exit_code, TryAgainError.exit_code) and _comes(out, job.key):
        return _row(job, "done", "")
    if done.returncode == DataError.exit_code and _there(out, job.key):
        return _row(job, "partial", words)
    return _row(job, "failed", words)


def _there(out: Path, key: str) -> bool:
    """Whether whole results of this video and these settings lie there."""
    with suppress(UprightError):
        return bool(key) and read_manifest(out).settings.get("key") == key
    return False


def _comes(out: Path, key: str) -> bool:
    """Whether another process, which writes to the same place, brings the results."""
    deadline = time.monotonic() + OTHERS_MAY_TAKE
    while not _there(out, key):
        if time.monotonic() > deadline or not list(out.parent.glob(f".{out.name}.*")):
            return _there(out, key)
        time.sleep(0.2)
    return True


def _clear(out: Path) -> None:
    """Remove older results; a folder that is none of ours is left alone, and refused by whoever writes there."""
    if (out / MANIFEST).is_file():
        with suppress(UprightError):
            if read_manifest(out).kind == "gait":
                shutil.rmtree(out)


def _words(complaint: str) -> str:
    lines = complaint.strip().splitlines()
    return "\n".join(lines).rpartition("uprightd: ")[2].strip() if lines else ""


def _row(job: Job, state: str, reason: str) -> Row:
    row: Row = {
        "video": job.name,
        "state": state,
        "reason": reason,
        "folder": None,
        "strikes": None,
        "parameters": {},
    }
    with suppress(UprightError):
        found = read_document(Path(job.out)) if state != "failed" else None
        if found is not None:
            row["folder"] = job.out
            row["strikes"] = sum(event["kind"] == "strike" for event in found["events"])
            row["parameters"] = {name: it["value"] for name, it in found["parameters"].items()}
            row["reason"] = reason or found["partial"] or ""
            row["state"] = "partial" if found["partial"] and state == "done" else state
    return row


def results_of(jobs: Sequence[Job], rows: Iterable[Row]) -> Row:
    """Given the jobs and their rows in any order, write summary.csv beside the results and return them all."""
    by_name = {row["video"]: row for row in rows}
    ordered = [by_name[job.name] for job in jobs]
    folder = Path(jobs[0].out).parent
    counts = {
        state: sum(row["state"] == state for row in ordered)
        for state in ("done", "kept", "partial", "failed")
    }
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["video", "state", "strikes", *SHOWN, "reason"])
    for row in ordered:
        values = [row["parameters"].get(name) for name in SHOWN]
        writer.writerow(
            [row["video"], row["state"], row["strikes"], *values, " ".join(row["reason"].split())]
        )
    write_whole(folder / SUMMARY, out.getvalue().encode())
    return {"folder": str(folder), "counts": counts, "videos": ordered}


def finish_code(results: Row) -> int:
    """Given results, return the exit code: 0 when every video was measured, else that of bad data."""
    return DataError.exit_code if results["counts"]["failed"] or results["counts"]["partial"] else 0
