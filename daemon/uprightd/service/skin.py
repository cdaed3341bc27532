"""Which model looks for skin, and why; loading it; and the classifier the user may bring."""

from __future__ import annotations

import os
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from uprightd.classify.base import Classifier
from uprightd.config.schema import Config
from uprightd.derm.regions import Wanted
from uprightd.errors import DataError, UnavailableError
from uprightd.paths import Paths
from uprightd.pose.estimator import MEDIAPIPE, SAPIENS2
from uprightd.pose.skin import SkinFinder, load_light_skin, load_sapiens2_skin
from uprightd.sapiens2.device import runtime_environment
from uprightd.service.backends import AUTO, options_of
from uprightd.weights.installed import find, offline_environment

FETCH = "Fetch its segmentation with `uprightd models fetch --task seg`, or place it with `uprightd models add PATH`."
LIGHT_PARTS = ("face", "hands")


@dataclass(frozen=True, slots=True)
class SkinChoice:
    """The choice: its name, the reason in words, and the weights it needs."""

    name: str
    why: str
    weights: Path | None = None
    detector: Path | None = None


def choose_skin(config: Config, paths: Paths) -> SkinChoice:
    """Given the settings and folders, return what looks for skin: `auto` prefers Sapiens2 where it can run.

    Raise DataError when the manifest of the weights is damaged, UnavailableError when Sapiens2 is asked for and its
    segmentation is not there.
    """
    wanted, size = config.pose.backend, None if config.pose.size == AUTO else config.pose.size
    if wanted == MEDIAPIPE:
        return SkinChoice(MEDIAPIPE, "as configured")
    model = find(paths.models, "seg", size)
    if model is None:
        if wanted == SAPIENS2:
            raise UnavailableError("there are no weights of Sapiens2's segmentation", FETCH)
        return SkinChoice(MEDIAPIPE, "no weights of Sapiens2's segmentation are installed")
    if wanted == AUTO and (find_spec("torch") is None or find_spec("transformers") is None):
        return SkinChoice(
            MEDIAPIPE, 'Sapiens2 is here, but not its libraries: pip install "uprightd[sapiens2]"'
        )
    detector = None if config.pose.people == "whole" else find(paths.models, "detect")
    return SkinChoice(
        SAPIENS2,
        f"its segmentation of size {model.size} is installed",
        model.path(paths.models),
        detector.path(paths.models) if detector else None,
    )


def check_parts(choice: SkinChoice, wanted: Wanted, explicit: bool) -> None:
    """Given the choice and what is wanted, raise UnavailableError when the light backend cannot find it.

    explicit: whether the user named the regions; of the default ones it does what it can.
    """
    parts = dict.fromkeys(part for part, _ in wanted.pairs)
    beyond = [part for part in parts if part not in LIGHT_PARTS]
    if choice.name == MEDIAPIPE and beyond and (explicit or len(beyond) == len(parts)):
        raise UnavailableError(
            f"{' and '.join(beyond)} cannot be found by the light backend, mediapipe: it knows "
            f"{' and '.join(LIGHT_PARTS)}",
            FETCH,
        )


def load_skin(choice: SkinChoice, config: Config) -> SkinFinder:
    """Given the choice and the settings, load it. Raise UnavailableError or DataError, naming what mends it."""
    if choice.weights is None:
        return load_light_skin()
    os.environ.update(offline_environment() | runtime_environment())  # before the libraries are loaded
    return load_sapiens2_skin(choice.weights, choice.detector, options_of(config))


def load_classifier(folder: Path | None, command: str | None) -> Classifier | None:
    """Given a model folder or a command of the user's own, return it ready, None where neither is given.

    Raise DataError or UnavailableError for a folder that cannot be used, UsageError for a command.
    """
    if command is not None:
        from uprightd.classify.program import Program

        return Program(command, os.environ)
    if folder is None:
        return None
    if not (folder / "config.json").is_file():
        raise DataError(
            f"{folder}: no model folder: it holds no config.json",
            "Expected a folder that transformers saved for image classification.",
        )
    if find_spec("torch") is None or find_spec("transformers") is None:
        raise UnavailableError(
            "a model folder needs torch and transformers",
            'Install them with: pip install "uprightd[sapiens2]"',
        )
    os.environ.update(offline_environment() | runtime_environment())
    from uprightd.classify.checkpoint import Checkpoint

    return Checkpoint(folder)
