"""macOS fallback: `osascript` shows the notification when Python has no app bundle of its own.

Homebrew, conda and uv Pythons carry no bundle, so macOS gives them no notification centre
(desktop-notifier issue 253). The text travels as arguments of the script and never inside it. Nobody has run
this on a Mac yet; the tests run it against a stand-in executable.
"""

from __future__ import annotations

import subprocess

from uprightd.notify.base import SEND_DEADLINE, Delivery, Notification, Outcome

SCRIPT = (
    "on run argv",
    "display notification (item 3 of argv) with title (item 1 of argv) subtitle (item 2 of argv)",
    "end run",
)


def command_for(notification: Notification) -> list[str]:
    """Given a notification, return the argument list that shows it.

    The first argument after the script is a fixed word: option parsing ends there, so a title that begins
    with a hyphen is never read as an option. macOS shows the notification as one of Script Editor's, so the
    title line carries our name and the subtitle what happened.
    """
    lines = [part for line in SCRIPT for part in ("-e", line)]
    return ["osascript", *lines, "uprightd", notification.title, notification.body]


class OsascriptNotifier:
    """Shows notifications through macOS's own script runner, one short process each."""

    def __init__(self, deadline: float = SEND_DEADLINE) -> None:
        self._deadline = deadline

    def send(self, notification: Notification) -> Outcome:
        """Given a notification, show it: unavailable without osascript, failed if it fails or hangs."""
        try:
            done = subprocess.run(
                command_for(notification),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=self._deadline,
                check=False,
            )
        except FileNotFoundError:
            return Outcome(Delivery.UNAVAILABLE, "osascript is not there")
        except subprocess.TimeoutExpired:
            return Outcome(Delivery.FAILED, f"osascript did not answer within {self._deadline:g} s")
        except OSError as error:
            return Outcome(Delivery.FAILED, f"osascript cannot be started: {error.strerror or error}")
        if done.returncode == 0:
            return Outcome(Delivery.DELIVERED)
        said = done.stderr.decode("utf-8", errors="replace").strip().splitlines()
        why = said[0] if said else f"exit code {done.returncode}"
        return Outcome(Delivery.FAILED, f"osascript: {why}")

    def close(self) -> None:
        """Nothing to let go of: every notification is a process of its own."""
