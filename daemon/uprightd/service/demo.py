"""`uprightd demo`: the bundled clip through the real loop, in a folder of its own."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from uprightd import stills
from uprightd.captures.card import rows
from uprightd.captures.drawing import draw_pose
from uprightd.config.schema import Config
from uprightd.domain import Alert, Instant, MonitorState, Posture
from uprightd.notify.base import Outcome
from uprightd.paths import Paths, private_dir, shipped_clip
from uprightd.report.data import to_json
from uprightd.report.periods import stretch
from uprightd.report.summary import Summary, summarise
from uprightd.report.text import render
from uprightd.service.composition import assemble
from uprightd.service.observing import Observer, Sample
from uprightd.service.settings import rules_in_force
from uprightd.store.reading import LogReader
from uprightd.whole_file import write_whole

FPS = 5.0


@dataclass(frozen=True, slots=True)
class Demo:
    """What the demo did: `facts` for a program, `summary` and its text for a person."""

    facts: dict[str, Any]
    summary: Summary
    text: str


class Witness:
    """Remembers the alerts and the picture that belongs to the first one."""

    def __init__(self) -> None:
        self.alerts: list[Alert] = []
        self.outcomes: list[Outcome] = []
        self.seen: Sample | None = None
        self._latest: Sample | None = None

    def on_sample(self, sample: Sample) -> None:
        self._latest = sample
        if self.seen is None and sample.posture is Posture.POOR:
            self.seen = sample  # until the alert comes, so that a demo without one still has a picture

    def on_alert(self, alert: Alert) -> None:
        if not self.alerts:
            self.seen = self._latest
        self.alerts.append(alert)

    def on_outcome(self, alert: Alert, outcome: Outcome) -> None:  # noqa: ARG002 - the observer's signature
        self.outcomes.append(outcome)

    def on_state(self, state: MonitorState, at: Instant) -> None: ...

    def on_notice(self, text: str) -> None: ...

    @property
    def picture_of(self) -> Sample | None:
        return self.seen or self._latest


def demo_config(backend: str = "auto", source: str | None = None) -> Config:
    """Return the demo's settings: the bundled clip (or another source), short holding times, five samples a second."""
    return Config.model_validate(
        {
            "camera": {"source": source or str(shipped_clip())},
            "sampling": {"fps": FPS},
            "pose": {"backend": backend},
            "rules": {"packs": ["demo"]},
        }
    )


def run_demo(config: Config, folder: Path, observers: tuple[Observer, ...], stream: TextIO) -> Demo:
    """Given the demo's settings, a folder and who watches, run it and write log, report and picture there."""
    paths = Paths(folder, folder, folder, folder, private_dir(folder / "run"))
    witness = Witness()
    rules = rules_in_force(config)
    assembly = assemble(config, rules, paths, (witness, *observers), stream)
    clock = assembly.monitor.parts.clock
    began = clock.now()
    assembly.monitor.run()
    ended = clock.now()
    with LogReader.open(paths.database) as reader:
        summary = summarise(reader, stretch(began.wall - 1, ended.wall + 1, "Eight seconds at a desk"))
    text = render(summary)
    report = folder / "report.txt"
    write_whole(report, text.encode())
    facts = {
        "samples": assembly.monitor.counts.samples,
        "detected": assembly.monitor.counts.detected,
        "backend": assembly.backend,
        "seconds": to_json(summary)["seconds"],
        "alerts": [
            {
                "rule": alert.rule,
                "start": round(alert.position or 0.0, 3),
                "reason": alert.reason,
                "message": alert.message,
                "value": round(alert.value, 2),
                "held": round(alert.held, 2),
            }
            for alert in witness.alerts
        ],
        "notifications": [
            {"outcome": outcome.status.value, "detail": outcome.detail} for outcome in witness.outcomes
        ],
        "log": str(paths.database),
        "report": str(report),
        "picture": str(_write_picture(witness, folder)) if witness.picture_of else None,
    }
    return Demo(facts, summary, text)


def demo_folder() -> Path:
    """Return a fresh folder for the demo, kept afterwards so that its results can be looked at."""
    return Path(tempfile.mkdtemp(prefix="uprightd-demo-"))


def _write_picture(witness: Witness, folder: Path) -> Path:
    sample = witness.picture_of
    assert sample is not None
    reading = sample.reading
    drawn = draw_pose(sample.frame.image, sample.pose, reading, rows(reading), reading.view.words)
    path = folder / "posture.png"
    stills.write_image(path, drawn)
    return path
