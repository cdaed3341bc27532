"""The snooze button, from the rule that fires to the silence it asks for, pressed on dunst under Xvfb."""

from __future__ import annotations

import asyncio
import html
import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
from tests.contract.test_notify_real_server import (  # noqa: F401 - screen and session are fixtures
    DUNST,
    displayed,
    history,
    screen,
    session,
)
from tests.fakes.loop import FLEXED, NECK, UPRIGHT, Rig, rig, sitting
from tests.fakes.private_bus import PrivateBus, call, wait_until

from uprightd.config.schema import Config
from uprightd.domain import Alert, Severity, View
from uprightd.notify.desktop import DesktopNotifier
from uprightd.paths import Paths
from uprightd.service.composition import _Buttons, assemble
from uprightd.store.reading import LogReader

pytestmark = pytest.mark.real_server

NOD = replace(NECK, hold=2.0, cooldown=0.0, message="Head down {value}")
OTHER = replace(NOD, id="other", message="Too close {value}")
QUARTER, HOUR = 900.0, 3600.0


class Desk:
    """A monitor on a clock that jumps, whose notifications a real server shows and whose buttons a person presses."""

    def __init__(self, folder: Path, bus: PrivateBus, lasts: float) -> None:
        self.bus = bus
        buttons = _Buttons(folder)
        self.desktop = DesktopNotifier(on_action=buttons.pressed)
        self.setup: Rig = rig(folder, lasts, rules=(NOD, OTHER), notifier=cast("Any", self.desktop))
        buttons.monitor = self.setup.monitor

    def nod(self, *moments: float) -> None:
        """Let the head go down for six seconds at each of these, by a degree more each time: both rules fire."""
        for deeper, moment in enumerate(moments):
            down = sitting(FLEXED + deeper)
            self.setup.clock.at(moment, lambda down=down: setattr(self.setup.model, "pose", down))
            self.setup.clock.at(moment + 6, lambda: setattr(self.setup.model, "pose", sitting(UPRIGHT)))

    def press(self, moment: float, choice: str) -> None:
        """Let the person choose, of all buttons on the screen, the one with these words, two alerts being shown."""
        self.setup.clock.at(moment, lambda: self._press(choice))

    def _press(self, choice: str) -> None:
        assert self.setup.monitor.parts.courier.flush(20)
        wait_until(lambda: asyncio.run(displayed(self.bus.address)) == 2, "two alerts on the screen")
        choose(self.bus, choice, self.setup.monitor.inbox.wake.is_set)


def choose(bus: PrivateBus, choice: str, told: Callable[[], bool]) -> None:
    """Given the words of a button and of its notification, press it, as `dunstctl context` lets a person do."""
    (bus.folder / "choice").write_text(choice)
    asyncio.run(call(bus.address, "ContextMenuCall", interface=DUNST))
    wait_until(told, f"the press of {choice}")


def decisions(folder: Path, rule: str) -> list[tuple[float, str]]:
    """Each alert of the rule: the seconds since the first sample, and what was decided."""
    with LogReader.open(folder / "uprightd.db") as reader:
        start = next(reader.samples(0, 10**15)).at_ms
        rows = reader.alerts(0, 10**15)
    return [((row.at_ms - start) / 1000, row.decision) for row in rows if row.rule == rule]


@pytest.mark.parametrize(
    ("button", "lasts"), [("Snooze 15 min", QUARTER), ("1 h", HOUR)], ids=["15 minutes", "1 hour"]
)
def test_a_snooze_pressed_on_dunst_silences_its_rule_for_that_time(
    button: str,
    lasts: float,
    session: PrivateBus,  # noqa: F811
    tmp_path: Path,
) -> None:
    desk = Desk(tmp_path, session, 30.0 + lasts + 60)
    desk.nod(20.0, 200.0, 30.0 + lasts - 20, 30.0 + lasts + 5)
    desk.press(30.0, f"{button} (Head down 55.0°)")
    desk.setup.monitor.run()
    assert [kind for _, kind in decisions(tmp_path, "neck")] == ["spoken", "dropped", "dropped", "spoken"]
    assert [kind for _, kind in decisions(tmp_path, "other")] == ["spoken"] * 4, "the other rule goes on"
    shown = [html.unescape(entry["summary"]) for entry in asyncio.run(history(session.address))]
    necks, others = ("55.0°", "58.0°"), ("55.0°", "56.0°", "57.0°", "58.0°")
    assert sorted(shown) == [
        *[f"Head down {value}" for value in necks],
        *[f"Too close {value}" for value in others],
    ]
    assert next(text for text in desk.setup.witness.notices if "snoozed until" in text).startswith("neck: ")


def test_that_was_wrong_pressed_on_dunst_is_stored_with_its_alert(
    session: PrivateBus,  # noqa: F811
    tmp_path: Path,
) -> None:
    desk = Desk(tmp_path, session, 90.0)
    desk.nod(20.0, 60.0)
    desk.press(30.0, "That was wrong (Too close 55.0°)")
    desk.setup.monitor.run()
    with LogReader.open(tmp_path / "uprightd.db") as reader:
        (verdict,) = reader.feedback(0, 10**15)
        alert = reader.alert(verdict.alert_id)
    assert alert is not None
    assert (verdict.verdict, alert.rule) == ("wrong", "other")
    assert [kind for _, kind in decisions(tmp_path, "other")] == ["spoken"] * 2


def test_a_button_leads_to_the_monitor_as_the_program_itself_is_put_together(
    session: PrivateBus,  # noqa: F811
    tmp_path: Path,
) -> None:
    """The composition root's own notifier, courier and buttons; only the loop's turn is ours."""
    folders = Paths(*[tmp_path / name for name in ("config", "data", "cache", "logs", "run")])
    monitor = assemble(Config(), (NECK,), folders, stream=io.StringIO()).monitor
    now = monitor.parts.clock.now()
    words = ("neck", Severity.WARN, "Head down", "neck_flexion", 55.0, 50.0, 5.0)
    monitor.speech.alert(Alert(*words, now, now, "why", View.SAGITTAL_LEFT, 0.9))
    assert monitor.parts.courier.flush(20)
    choose(session, "1 h (Head down)", monitor.inbox.wake.is_set)
    monitor.inbox.handle()
    (snooze,) = monitor.speech.restraint.snoozed(monitor.parts.clock.now())
    assert (snooze.rule, snooze.left(now)) == ("neck", pytest.approx(HOUR, abs=60.0))
    monitor.parts.courier.close()
    monitor.parts.log.close()
