"""A batch on a real Dask cluster of this machine, one of whose workers dies in the middle."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Iterator

import psutil
import pytest
from tests.fakes import videos
from tests.fakes.terminal import Terminal

from uprightd.errors import UprightError
from uprightd.service.gait import cluster as cluster_run

pytest.importorskip("distributed", reason="the extra cluster is not installed")

VIDEOS = 3
DASK = (sys.executable, "-m", "dask")


class Cluster:
    """A scheduler and two workers, each a process with one thread."""

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal
        self.processes: list[subprocess.Popen[bytes]] = []
        scheduler = self._start("scheduler", "--host", "127.0.0.1", "--port", "0")
        self.address = self._said(scheduler, rb"Scheduler at:\s+(tcp://[\d.:]+)")
        options = (self.address, "--no-nanny", "--nthreads", "1")
        self.workers = [self._start("worker", *options) for _ in range(2)]
        for worker in self.workers:
            self._said(worker, rb"Registered to:\s+(tcp://[\d.:]+)")

    def _start(self, *words: str) -> subprocess.Popen[bytes]:
        log = self._terminal.root / f"dask-{len(self.processes)}"
        with log.open("wb") as file:
            process = subprocess.Popen(
                [*DASK, *words, "--no-dashboard"],
                cwd=self._terminal.here,
                env=self._terminal.environment,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
            )
        self.processes.append(process)
        return process

    def _said(self, process: subprocess.Popen[bytes], words: bytes) -> str:
        log = self._terminal.root / f"dask-{self.processes.index(process)}"
        deadline = time.monotonic() + 40
        while not (found := re.search(words, log.read_bytes())):
            assert time.monotonic() < deadline, log.read_text()
            assert process.poll() is None, log.read_text()
            time.sleep(0.05)
        return found[1].decode()

    def close(self) -> None:
        for process in reversed(self.processes):
            process.kill()
            process.wait()


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    terminal = Terminal()
    cluster = Cluster(terminal)
    yield cluster
    cluster.close()
    terminal.close()


def works(worker: subprocess.Popen[bytes]) -> bool:
    """Whether a worker measures a video: in a process of its own."""
    return bool(psutil.Process(worker.pid).children())


def test_a_worker_that_dies_loses_nothing_and_nothing_is_done_twice(cluster: Cluster) -> None:
    terminal = cluster._terminal
    folder = terminal.here / "walks"
    folder.mkdir()
    clip = videos.clip(folder / "0.mp4", 60, 115)
    for number in range(1, VIDEOS):
        (folder / f"{number}.mp4").write_bytes(clip.read_bytes())
    running = terminal.start(
        "gait",
        "batch",
        folder,
        "--scheduler",
        cluster.address,
        "--no-video",
        "--json",
        "--out",
        terminal.here / "out",
    )
    running.until(lambda: works(cluster.workers[0]), 60)
    cluster.workers[0].kill()
    code = running.ended(100)
    results = running.events[0]
    rows = results["videos"]
    assert [row["video"] for row in rows] == [f"{number}.mp4" for number in range(VIDEOS)]
    assert {row["state"] for row in rows} <= {"done", "partial"}, rows
    assert code == (0 if {row["state"] for row in rows} == {"done"} else 65)
    assert {it.name for it in (terminal.here / "out").iterdir()} == {
        *(f"{number}-mp4" for number in range(VIDEOS)),
        "summary.csv",
    }, "each result once, and nothing half-made"
    assert len({str(row["parameters"]) for row in rows}) == 1, (
        "the same walk gives the same figures everywhere"
    )
    for number in range(VIDEOS):
        assert (terminal.here / "out" / f"{number}-mp4" / "manifest.json").exists()


@pytest.mark.parametrize(
    ("address", "code", "words"),
    [("localhost:8786", 64, "expected an address"), ("tcp://127.0.0.1:1", 69, "no Dask scheduler answers")],
)
def test_a_scheduler_that_is_not_there_is_told(
    address: str, code: int, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster_run, "CONNECT_WITHIN", 0.5)
    with pytest.raises(UprightError, match=words) as caught:
        cluster_run.run_on(address, [], lambda *_: None)
    assert caught.value.exit_code == code
