"""Requests from other threads: carried out by the loop's thread, answered to whoever asked."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from uprightd.errors import TryAgainError, UsageError
from uprightd.service import inbox as inbox_module
from uprightd.service.inbox import Inbox


@contextmanager
def looping(inbox: Inbox) -> Iterator[threading.Thread]:
    """A loop that handles the inbox, woken like the monitor's."""
    ended = threading.Event()

    def loop() -> None:
        while not ended.is_set():
            inbox.wake.wait(10)
            inbox.handle()

    thread = threading.Thread(target=loop, daemon=True)
    thread.start()
    try:
        yield thread
    finally:
        ended.set()
        inbox.wake.set()
        thread.join(10)
    assert not thread.is_alive()


def test_an_action_runs_on_the_loops_thread_and_its_result_comes_back() -> None:
    inbox = Inbox()
    with looping(inbox) as loop:
        assert inbox.ask(threading.current_thread) is loop


def test_what_an_action_raises_belongs_to_whoever_asked() -> None:
    def refuse() -> None:
        raise UsageError("no such pause")

    inbox = Inbox()
    with looping(inbox):
        with pytest.raises(UsageError, match="no such pause"):
            inbox.ask(refuse)
        assert inbox.ask(lambda: "the loop goes on") == "the loop goes on"


def test_actions_are_carried_out_in_order_and_only_once() -> None:
    inbox, done = Inbox(), []
    for number in range(5):
        inbox.post(lambda number=number: done.append(number))
    assert done == []
    inbox.handle()
    inbox.handle()
    assert done == [0, 1, 2, 3, 4]


def test_waiting_requests_wake_the_loop_until_they_are_handled() -> None:
    inbox = Inbox()
    assert not inbox.wake.is_set()
    inbox.post(lambda: None)
    assert inbox.wake.is_set()
    inbox.handle()
    assert not inbox.wake.is_set()


def test_an_action_posted_by_an_action_is_not_lost() -> None:
    inbox, done = Inbox(), []
    inbox.post(lambda: inbox.post(lambda: done.append("second")))
    inbox.handle()
    if inbox.wake.is_set():
        inbox.handle()
    assert done == ["second"]


def test_a_failed_action_does_not_keep_the_next_from_being_carried_out() -> None:
    inbox, done = Inbox(), []
    failed = inbox.post(lambda: 1 / 0)
    inbox.post(lambda: done.append("next"))
    inbox.handle()
    assert isinstance(failed.exception(), ZeroDivisionError)
    assert done == ["next"]


def test_a_busy_loop_is_said_to_be_busy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inbox_module, "ANSWER_WITHIN", 0.02)
    inbox, done = Inbox(), []
    with pytest.raises(TryAgainError) as error:
        inbox.ask(lambda: done.append("late"))
    assert error.value.hint
    inbox.handle()
    assert done == ["late"], "as the hint says, it is carried out all the same"
