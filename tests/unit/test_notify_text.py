"""What reaches a notification is plain, printable and short."""

from __future__ import annotations

import pytest

from uprightd.domain import Severity
from uprightd.notify.base import BODY_LIMIT, TITLE_LIMIT, Notification
from uprightd.notify.text import escape_markup, plain


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("Neck bent forward 52° for 1 min", "Neck bent forward 52° for 1 min"),
        ("two\nlines\tand\r\nmore", "two lines and more"),
        ("a NUL \x00 breaks D-Bus", "a NUL breaks D-Bus"),
        ("\x1b[31mred\x1b[0m \x07bell", "[31mred [0m bell"),
        ("a lone surrogate \ud800.", "a lone surrogate ."),
        ("turned \u202egnp.exe\u202c", "turned gnp.exe"),
        ("line\u2028separator", "line separator"),
        ("  blanks   around  ", "blanks around"),
        ("ĝ 姿勢 🪑 stay", "ĝ 姿勢 🪑 stay"),
        ("", ""),
    ],
)
def test_control_characters_never_reach_a_notification(given: str, shown: str) -> None:
    assert plain(given, 100) == shown


def test_a_long_text_is_cut_at_the_limit_and_says_so() -> None:
    assert plain("x" * 11, 10) == "x" * 9 + "…"
    assert plain("x" * 10, 10) == "x" * 10
    assert plain("four four four", 6) == "four…"


def test_a_notification_is_plain_and_short_whatever_it_was_made_from() -> None:
    told = Notification("t\x00" * 1000, "b\n" * 100_000, Severity.WARN)
    assert len(told.title) <= TITLE_LIMIT
    assert len(told.body) <= BODY_LIMIT
    assert "\x00" not in told.title
    assert "\n" not in told.body


def test_markup_is_escaped_so_that_the_same_characters_are_seen() -> None:
    assert escape_markup("<b>46</b> & more > less") == "&lt;b&gt;46&lt;/b&gt; &amp; more &gt; less"
