"""What a Linux desktop says over D-Bus: is the screen locked, are notifications off, who keeps the screen awake."""

from __future__ import annotations

import functools
from collections.abc import Iterable

from uprightd.surroundings.bus import Bus, Service
from uprightd.surroundings.command import Commands
from uprightd.surroundings.findings import Topic
from uprightd.surroundings.probe import AbsentError, Found, any_of
from uprightd.surroundings.wakefulness import classify

SESSION = Service(
    "org.freedesktop.login1", "/org/freedesktop/login1/session/auto", "org.freedesktop.login1.Session"
)
"""Ours where we have one, else the user's session at the display, so it also fits a systemd user service."""

SCREEN_SAVERS = (
    Service("org.freedesktop.ScreenSaver", "/org/freedesktop/ScreenSaver"),
    Service("org.gnome.ScreenSaver", "/org/gnome/ScreenSaver"),
)

NOTIFICATIONS = Service("org.freedesktop.Notifications", "/org/freedesktop/Notifications")
DUNST = Service(NOTIFICATIONS.name, NOTIFICATIONS.path, "org.dunstproject.cmd0")
OFF: Found = {Topic.DO_NOT_DISTURB: "notifications are off (do not disturb)"}

GNOME_SESSION = Service("org.gnome.SessionManager", "/org/gnome/SessionManager")
GNOME_INHIBITOR = "org.gnome.SessionManager.Inhibitor"
KDE_POWER = Service("org.kde.Solid.PowerManagement.PolicyAgent", "/org/kde/Solid/PowerManagement/PolicyAgent")
SUSPEND_OR_IDLE = 4 | 8
"""gnome-session's flags: against suspending, which a browser in a call asks for, and against an idle screen."""


def lock(system: Bus, session: Bus) -> Found:
    """Return whether logind or a screen saver says that the screen is locked."""
    savers = [functools.partial(_screen_saver, session, service) for service in SCREEN_SAVERS]
    return any_of(functools.partial(_logind, system), *savers)


def _logind(system: Bus) -> Found:
    return {Topic.LOCK: "the screen is locked"} if system.read(SESSION, "LockedHint") is True else {}


def _screen_saver(session: Bus, service: Service) -> Found:
    return {Topic.LOCK: "the screen saver is on"} if session.call(service, "GetActive") is True else {}


def do_not_disturb(session: Bus, commands: Commands) -> Found:
    """Return whether KDE, dunst or GNOME says that notifications are off."""
    return any_of(
        lambda: OFF if session.read(NOTIFICATIONS, "Inhibited") is True else {},
        # What `dunstctl is-paused` reads.
        lambda: OFF if session.read(DUNST, "paused") is True else {},
        lambda: _gnome_banners(commands),
    )


def _gnome_banners(commands: Commands) -> Found:
    shown = commands.run("gsettings", "get", "org.gnome.desktop.notifications", "show-banners")
    return OFF if shown.strip() == "false" else {}


def kept_awake(session: Bus) -> Found:
    """Return the calls and presentations among the programs that keep a GNOME or KDE session awake."""
    return any_of(
        lambda: classify(_gnome_inhibitors(session)),
        lambda: classify(_pairs(session.call(KDE_POWER, "ListInhibitions"))),
    )


def _gnome_inhibitors(session: Bus) -> list[tuple[str, str]]:
    if session.call(GNOME_SESSION, "IsInhibited", "u", SUSPEND_OR_IDLE) is not True:
        return []
    inhibitors = []
    for path in session.call(GNOME_SESSION, "GetInhibitors") or ():
        one = Service(GNOME_SESSION.name, path, GNOME_INHIBITOR)
        try:
            inhibitors.append((str(session.call(one, "GetAppId")), str(session.call(one, "GetReason"))))
        except AbsentError:  # it ended between the two questions
            continue
    return inhibitors


def _pairs(rows: object) -> Iterable[tuple[str, str]]:
    """Given KDE's answer, a list of (program, reason), return it as pairs of strings."""
    return [(str(row[0]), str(row[1])) for row in rows] if isinstance(rows, list) else []
