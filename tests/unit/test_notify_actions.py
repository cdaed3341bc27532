"""Actions are named well or not at all, and every notifier but the desktop leaves them out."""

from __future__ import annotations

import io

import pytest
from tests.fakes.notifier import RecordingNotifier

from uprightd.domain import Severity
from uprightd.notify.base import Action, Notification
from uprightd.notify.console import ConsoleNotifier
from uprightd.notify.courier import Courier
from uprightd.notify.osascript import command_for

PLAIN = Notification("Neck", "Sit up", Severity.WARN)
WITH = Notification("Neck", "Sit up", Severity.WARN, (Action("snooze-15", "15 min"),))


@pytest.mark.parametrize(
    "key", ["", "Snooze", "snooze 15", "snooze_15", "-", "default", "inline-reply", "é", "a\n"]
)
def test_a_key_that_a_server_could_misread_is_refused(key: str) -> None:
    with pytest.raises(ValueError, match="key"):
        Action(key, "15 min")


@pytest.mark.parametrize("title", ["", " \n", "\x00"])
def test_a_button_without_anything_to_read_is_refused(title: str) -> None:
    with pytest.raises(ValueError, match="no title"):
        Action("snooze-15", title)


def test_a_title_is_made_plain_and_short() -> None:
    assert Action("snooze-15", "15\nmin\x00").title == "15 min"
    assert len(Action("snooze-15", "long " * 100).title) <= 40


def test_two_actions_with_one_key_are_refused() -> None:
    with pytest.raises(ValueError, match="same key"):
        Notification("Neck", "", Severity.WARN, (Action("a", "One"), Action("a", "Two")))


def test_the_courier_names_the_notification_and_changes_nothing_else() -> None:
    notifier = RecordingNotifier()
    courier = Courier(notifier)
    courier.post(41, WITH)
    assert courier.flush(10.0)
    courier.close()
    assert notifier.sent == [WITH]
    assert [(sent.key, sent.actions) for sent in notifier.sent] == [(41, WITH.actions)]


def test_the_fall_backs_leave_the_actions_out() -> None:
    assert command_for(WITH) == command_for(PLAIN)
    shown = []
    for notification in (WITH, PLAIN):
        stream = io.StringIO()
        ConsoleNotifier(stream).send(notification)
        shown.append(stream.getvalue())
    assert shown[0] == shown[1]
