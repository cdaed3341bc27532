"""Which calibrated profiles are in force, and what sleeps without them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from uprightd.camera.source import Source
from uprightd.config.schema import Config
from uprightd.errors import UsageError
from uprightd.metrics.reading import Terms
from uprightd.metrics.scene import Optics
from uprightd.profiles.profile import Profile
from uprightd.profiles.shelf import read_all
from uprightd.rules.conditions import needs_calibration
from uprightd.rules.model import Rule
from uprightd.service.calibrate import camera_key

AUTO = "auto"


class Calibrated(NamedTuple):
    """The profiles to count from, and what was wrong with files that could not be read."""

    profiles: tuple[Profile, ...]
    faults: tuple[str, ...]


def terms_of(config: Config) -> Terms:
    """Given the settings, return on what terms values are read."""
    optics = Optics(config.camera.field_of_view, config.calibration.pupil_distance)
    return Terms(config.pose.min_score, config.pose.min_confidence, optics)


def profiles_for(config: Config, folder: Path, source: Source) -> Calibrated:
    """Given the settings, the folder of the profiles and the source, return the profiles in force: those of this
    camera, or the one the settings name. A named one may stem from another camera, when only one has that name.

    Raise UsageError when there is none of that name.
    """
    shelf, name = read_all(folder), config.calibration.profile
    if not shelf.profiles and name == AUTO:
        return Calibrated((), shelf.faults)
    key = camera_key(source)
    here = [profile for profile in shelf.profiles if profile.camera == key]
    if name == AUTO:
        return Calibrated(tuple(here), shelf.faults)
    chosen = [profile for profile in here if profile.name == name] or [
        profile for profile in shelf.profiles if profile.name == name
    ]
    if not chosen:
        there = ", ".join(sorted({profile.name for profile in shelf.profiles})) or "none yet"
        raise UsageError(
            f"there is no calibrated profile {name!r} (there: {there})",
            f"Make it with: uprightd calibrate --profile {name}",
        )
    return Calibrated(tuple(chosen), shelf.faults)


def sleeping(rules: Iterable[Rule], calibrated: bool) -> tuple[Rule, ...]:
    """Given the rules in force and whether there is a calibration, return the rules that cannot speak without one."""
    return tuple(rule for rule in rules if needs_calibration(rule) and not calibrated)


def calibration_words(calibrated: Calibrated, rules: Iterable[Rule]) -> list[str]:
    """Given the profiles in force and the rules, return what the person should know of them, a line each."""
    words = list(calibrated.faults)
    if calibrated.profiles:
        words.append(f"calibrated: {', '.join(profile.label for profile in calibrated.profiles)}")
    asleep = [rule.id for rule in sleeping(rules, bool(calibrated.profiles))]
    if asleep:
        words.append(f"these rules sleep until you run `uprightd calibrate`: {', '.join(asleep)}")
    return words
