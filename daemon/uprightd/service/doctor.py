"""`uprightd doctor`: every part probed for real, in words."""

from __future__ import annotations

import sqlite3
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import numpy as np

from uprightd.camera.devices import list_devices
from uprightd.camera.source import parse_source
from uprightd.config.schema import Config
from uprightd.domain import Severity
from uprightd.errors import UnavailableError, UprightError
from uprightd.notify.base import Delivery, Notification
from uprightd.notify.chain import build_notifier
from uprightd.paths import Paths, private_dir
from uprightd.pose.estimator import PoseEstimator
from uprightd.service.backends import choose_backend, load_backend
from uprightd.service.calibrated import profiles_for, sleeping
from uprightd.service.control import ask
from uprightd.service.settings import read_config, rule_packs, rules_in_force
from uprightd.service.still import take_still
from uprightd.store.reading import LogReader
from uprightd.weights.licence import SAPIENS2_LICENCE, accepted

SAFE_SQLITE = (3, 51, 3)
"""First version without the WAL-reset bug (two connections that write or checkpoint at the same instant)."""
TIMED_RUNS = 5
SLOW = 1.0
"""Seconds of a look after which one has to do."""


class Finding(StrEnum):
    OK = "ok"
    NOTE = "note"
    FAULT = "fault"


@dataclass(frozen=True, slots=True)
class Check:
    """One part: how it is, in words, and what to do about it."""

    part: str
    finding: Finding
    words: str
    hint: str = ""


def examine(paths: Paths, config_file: Path | None) -> Iterator[Check]:
    """Given the user's folders and a settings file, yield one check after the other, as each is done."""
    yield Check("python", Finding.OK, f"{sys.version.split()[0]} on {sys.platform}")
    yield _guarded("folders", lambda: _folders(paths))
    config = Config()
    try:
        config = read_config(config_file, paths.config_file)
        there = config_file or (paths.config_file if paths.config_file.exists() else None)
        words = (
            str(there) if there else f"none, the defaults are in force ({paths.config_file} would be read)"
        )
        yield Check("settings", Finding.OK, words)
    except UprightError as error:
        yield Check("settings", Finding.FAULT, error.message, error.hint)
    yield _guarded("rules", lambda: _rules(config))
    yield _guarded("log", lambda: _log(paths))
    yield _guarded("camera", lambda: _camera(config, paths))
    yield _guarded("profiles", lambda: _calibration(config, paths))
    yield _guarded("backend", lambda: _backend(config, paths))
    yield _guarded("notices", lambda: _notifications(config))


def _guarded(part: str, probe: Callable[[], Check]) -> Check:
    try:
        return probe()
    except UprightError as error:
        return Check(part, Finding.FAULT, error.message, error.hint)


def _folders(paths: Paths) -> Check:
    for folder in (paths.config, paths.data, paths.runtime):
        private_dir(folder)
    return Check("folders", Finding.OK, f"settings {paths.config}, data {paths.data}")


def _rules(config: Config) -> Check:
    packs = rule_packs(config)
    count = sum(len(pack.rules) for pack in packs)
    return Check(
        "rules", Finding.OK, f"{count} in force, from {', '.join(pack.name for pack in packs) or 'nowhere'}"
    )


def _log(paths: Paths) -> Check:
    version = tuple(int(part) for part in sqlite3.sqlite_version.split("."))
    try:
        with LogReader.open(paths.database) as reader:
            words = f"{paths.database}, {reader.counts()['samples']} samples"
    except UnavailableError:
        words = f"none yet ({paths.database})"
    if version < SAFE_SQLITE:
        return Check(
            "log",
            Finding.NOTE,
            f"{words}; SQLite {sqlite3.sqlite_version}",
            "SQLite before 3.51.3 can damage a file that two programs write at the same instant. uprightd lets only "
            "one write; do not write to the log with other tools while it runs.",
        )
    return Check("log", Finding.OK, f"{words}; SQLite {sqlite3.sqlite_version}")


def _camera(config: Config, paths: Paths) -> Check:
    found = (
        ", ".join(f"{device.index}: {device.name}" for device in list_devices()) or "none found by the system"
    )
    try:
        status = ask(paths.socket, "status")
    except UprightError:
        status = None
    if status is not None:
        camera = status["camera"]
        finding = Finding.OK if camera["state"] == "ok" else Finding.FAULT
        return Check(
            "camera", finding, f"{camera['message']} by the running daemon; cameras: {found}", camera["hint"]
        )
    try:
        image, label = take_still(config)
    except UprightError as error:
        return Check("camera", Finding.FAULT, f"{error.message}; cameras: {found}", error.hint)
    return Check("camera", Finding.OK, f"{label} gives {image.shape[1]} × {image.shape[0]}; cameras: {found}")


def _calibration(config: Config, paths: Paths) -> Check:
    source = parse_source(config.camera.source)
    found = profiles_for(config, paths.profiles, source)
    if found.faults:
        return Check("profiles", Finding.FAULT, "; ".join(found.faults))
    if found.profiles:
        return Check("profiles", Finding.OK, ", ".join(profile.label for profile in found.profiles))
    asleep = ", ".join(rule.id for rule in sleeping(rules_in_force(config), calibrated=False))
    words = f"none for {source.label}" + (f"; asleep without one: {asleep}" if asleep else "")
    return Check("profiles", Finding.NOTE, words, "Sit as you like to sit, and run: uprightd calibrate")


def _backend(config: Config, paths: Paths) -> Check:
    backend = choose_backend(config, paths)
    estimator = load_backend(backend, config, tracking=True)
    try:
        spent = _timed(estimator)
    finally:
        estimator.close()
    licence = accepted(paths.models, SAPIENS2_LICENCE)
    weights = f", weights {backend.weights}" if backend.weights else ""
    if backend.weights:
        weights += f", licence accepted {licence.accepted_at[:10]}" if licence else ", licence not accepted"
    why = f"{backend.why}{weights}"
    words = f"{backend.name} on {estimator.device} ({why}), {spent * 1000:.0f} ms for an empty 720p picture"
    return Check("backend", Finding.OK, words)


def _timed(estimator: PoseEstimator) -> float:
    """Return the seconds one look takes. The first prepares the model and counts only where a look is slow."""
    blank = [np.zeros((720, 1280, 3), np.uint8)]
    spent = 0.0
    for _ in range(TIMED_RUNS):
        began = time.perf_counter()
        estimator.estimate(blank)
        spent = time.perf_counter() - began
        if spent > SLOW:
            break
    return spent


def _notifications(config: Config) -> Check:
    if not config.notifications.enabled:
        return Check("notices", Finding.NOTE, "switched off in the settings")
    with open("/dev/null", "w", encoding="utf-8") as nowhere:
        notifier = build_notifier(True, nowhere, sys.platform)
        try:
            outcome = notifier.send(
                Notification("uprightd doctor", "Notifications reach you. That is all.", Severity.INFO)
            )
        finally:
            notifier.close()
    if outcome.status is Delivery.DELIVERED:
        return Check("notices", Finding.OK, "a test notification was delivered to your desktop")
    return Check(
        "notices",
        Finding.FAULT,
        f"no desktop notification could be sent ({outcome.detail})",
        "Alerts are printed to the terminal or the service log instead. Run this in your desktop session.",
    )
