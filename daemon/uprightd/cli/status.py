"""The status of the daemon, for a person."""

from __future__ import annotations

from typing import Any

from uprightd.durations import duration_text
from uprightd.metrics.definitions import METRICS


def status_text(status: dict[str, Any]) -> str:
    """Given the daemon's answer, return it as aligned lines."""
    rows = [
        ("state", f"{status['state']}: {status['reason']}"),
        (
            "running",
            f"{duration_text(status['running_s'])} (pid {status['pid']}, uprightd {status['version']})",
        ),
        ("camera", status["camera"]["message"] + _size(status["camera"]["size"])),
        ("", status["camera"]["hint"]),
        ("restarts", _restarts(status["camera"])),
        ("backend", f"{status['backend']} at {status['fps']:g} samples per second ({status['backend_why']})"),
        ("samples", f"{status['samples']}, {status['detected']} with someone in view{_lost(status)}"),
        ("last", _last(status["last"])),
        ("profiles", ", ".join(status["profiles"])),
        ("rules", _rules(status["rules"], status["asleep"])),
        ("silence", _silence(status["hold"], status["snoozed"])),
        ("alerts", f"{status['alerts']}{_notifications(status['notifications'])}"),
        ("outlets", ", ".join(f"{name}: {words}" for name, words in status["outlets"].items())),
        ("settings", status["settings_file"]),
        (
            "",
            status["settings_fault"]
            and f"The file is wrong, older settings are in force: {status['settings_fault']}",
        ),
        ("log", status["log"]),
    ]
    return "\n".join(f"{name:<9} {text}" for name, text in rows if text)


def _size(size: list[int] | None) -> str:
    return f", {size[0]} × {size[1]}" if size else ""


def _restarts(camera: dict[str, Any]) -> str:
    return (
        f"{camera['restarts']} of the camera, {camera['stalls']} after a stall" if camera["restarts"] else ""
    )


def _lost(status: dict[str, Any]) -> str:
    return f"; {status['lost_rows']} could not be written" if status["lost_rows"] else ""


def _last(last: dict[str, Any] | None) -> str:
    if last is None:
        return ""
    values = ", ".join(
        f"{METRICS[name].title} {METRICS[name].text(value, last['errors'].get(name))}"
        for name, value in last["values"].items()
    )
    against = f", against {last['profile']}" if last["profile"] else ""
    return f"{last['posture']}, {last['view']} view{against}: {values or 'nothing measured'}"


def _silence(hold: str, snoozed: list[dict[str, Any]]) -> str:
    """What keeps alerts back now."""
    parts = [f"alerts are held while you are {hold}"] if hold else []
    for snooze in snoozed:
        until = f"until {snooze['until'][11:16]}" if snooze["until"] else "until you lift it"
        parts.append(f"{snooze['rule'] or 'all rules'} snoozed {until}")
    return "; ".join(parts)


def _rules(rules: list[str], asleep: dict[str, str]) -> str:
    """Each rule, with why it says nothing now where it does."""
    return (
        ", ".join(f"{rule} (asleep: {asleep[rule]})" if rule in asleep else rule for rule in rules) or "none"
    )


def _notifications(outcomes: dict[str, int]) -> str:
    told = ", ".join(f"{count} {name}" for name, count in outcomes.items())
    return f" (notifications: {told})" if told else ""
