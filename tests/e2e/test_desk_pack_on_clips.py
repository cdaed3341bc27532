"""The desk pack on the seated clips, minutes taken for seconds: it tells of the bent neck, of sitting upright never."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from tests.fakes.loop import Witness

from uprightd.config.schema import Config
from uprightd.domain import Alert, Posture, Reading
from uprightd.metrics.definitions import METRICS
from uprightd.paths import Paths, shipped, user_paths
from uprightd.rules.loading import load_pack
from uprightd.rules.model import Rule, Sitting
from uprightd.service.calibrate import calibrate
from uprightd.service.calibrated import terms_of
from uprightd.service.composition import assemble

CLIPS = Path(__file__).parents[1] / "clips"
MINUTE = 60.0
UPRIGHT = ((0.0, 1.2), (4.6, 5.2))
"""Seconds of the clips in which the person sits upright; then the trunk leans, which the pack may mind."""
BENT = (1.2, 4.6)
"""From the first movement of the neck to the last."""
RULE = {"sit_front_m": "head-down", "sit_side_m": "neck-flexion"}
"""Which rule of the pack measures a bent neck in a clip's view."""


def in_seconds(rule: Rule, **more: float) -> Rule:
    """Given a rule, return it with a second for every minute."""
    times = {name: getattr(rule, name) / MINUTE for name in ("hold", "within", "clear_for", "cooldown")}
    if isinstance(rule.term, Sitting):
        term = Sitting(rule.term.limit / MINUTE, rule.term.pause / MINUTE)
        return replace(rule, term=term, threshold=term.limit, **{**times, **more})
    return replace(rule, **{**times, **more})


@pytest.fixture(scope="module", params=sorted(RULE))
def clip(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, Config, Paths]:
    """One of the clips, calibrated on its upright beginning."""
    source = str(CLIPS / f"{request.param}.mp4")
    config = Config.model_validate(
        {
            "camera": {"source": source, "pace": "fast"},
            "sampling": {"fps": 5.0},
            "notifications": {"enabled": False},
        }
    )
    paths = user_paths({"UPRIGHTD_HOME": str(tmp_path_factory.mktemp(request.param))})
    calibrate(config, paths, terms_of(config), None, 5.0, lambda progress: None)
    return request.param, config, paths


@pytest.mark.parametrize("cooldown", [{}, {"cooldown": 0.0}], ids=["as in the pack", "without a cooldown"])
def test_the_bent_neck_is_told_once_and_sitting_upright_never(
    clip: tuple[str, Config, Paths], cooldown: dict[str, float]
) -> None:
    name, config, paths = clip
    pack = load_pack(shipped("rules") / "desk.yaml", METRICS)
    witness = Witness()
    rules = tuple(in_seconds(rule, **cooldown) for rule in pack.rules)
    assemble(config, rules, paths, (witness,)).monitor.run()
    assert {sample.reading.profile for sample in witness.samples} == {"sit r1"}
    bent = [alert for alert in witness.alerts if BENT[0] <= position(alert) < BENT[1]]
    assert [(alert.rule, alert.held) for alert in bent] == [(RULE[name], pytest.approx(1.0))]
    assert position(bent[0]) == pytest.approx(2.0, abs=0.3), "the first picture past the limit"
    assert not [alert for alert in witness.alerts if upright(position(alert))]
    upright_samples = [sample for sample in witness.samples if upright(position(sample.reading))]
    assert len(upright_samples) >= 9
    assert {(sample.posture, sample.violated) for sample in upright_samples} == {(Posture.GOOD, ())}


def position(of: Alert | Reading) -> float:
    assert of.position is not None
    return of.position


def upright(seconds: float) -> bool:
    return any(start <= seconds <= end for start, end in UPRIGHT)


def test_a_neck_bent_for_less_than_the_holding_time_is_not_told_of(clip: tuple[str, Config, Paths]) -> None:
    """It is past its limit from about 2 s on, and comes back from 3.6 s on."""
    name, config, paths = clip
    pack = load_pack(shipped("rules") / "desk.yaml", METRICS)
    witness = Witness()
    rules = tuple(in_seconds(rule, hold=2.5) for rule in pack.rules if rule.id == RULE[name])
    assemble(config, rules, paths, (witness,)).monitor.run()
    assert not witness.alerts
