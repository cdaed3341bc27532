"""The console fallback marks its lines and survives any stream."""

from __future__ import annotations

import io
import os

from uprightd.domain import Severity
from uprightd.notify.base import Delivery, Notification
from uprightd.notify.console import ConsoleNotifier

NECK = Notification("Neck bent forward 52° for 1 min", "Limit 46°.", Severity.WARN)


def test_a_printed_notification_is_marked_as_not_shown_on_the_desktop() -> None:
    stream = io.StringIO()
    outcome = ConsoleNotifier(stream).send(NECK)
    assert outcome.status is Delivery.CONSOLE
    assert outcome.told
    assert stream.getvalue() == "[no desktop notification] ⚠ Neck bent forward 52° for 1 min Limit 46°.\n"


def test_each_severity_has_its_sign_and_an_empty_body_leaves_no_blank() -> None:
    stream = io.StringIO()
    for severity in Severity:
        ConsoleNotifier(stream).send(Notification("T", "", severity))
    assert [line.split("] ")[1] for line in stream.getvalue().splitlines()] == ["i T", "⚠ T", "‼ T"]


def test_a_terminal_without_the_characters_shows_question_marks() -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    assert ConsoleNotifier(stream).send(NECK).status is Delivery.CONSOLE
    assert b"? Neck bent forward 52? for 1 min" in raw.getvalue()


def test_a_closed_stream_is_a_failed_outcome() -> None:
    stream = io.StringIO()
    stream.close()
    outcome = ConsoleNotifier(stream).send(NECK)
    assert outcome.status is Delivery.FAILED
    assert not outcome.told


def test_a_stream_whose_reader_has_gone_is_a_failed_outcome() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    stream = os.fdopen(writer, "w", encoding="utf-8")
    outcome = ConsoleNotifier(stream).send(NECK)
    assert outcome.status is Delivery.FAILED
    assert "Broken pipe" in outcome.detail
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())  # so that closing it can flush what it kept
    stream.close()
