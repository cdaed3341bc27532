"""Programs that keep the machine awake, told apart by their own words: a call, a presentation, or neither.

A video player, a download or a tool like caffeine keeps it awake too. Those are nobody's reason for silence.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from uprightd.surroundings.findings import Topic
from uprightd.surroundings.probe import Found, spoken

CALL = re.compile(
    r"\b(webrtc|zoom|(ms)?teams|webex|facetime|avconferenced|google meet|jitsi|skype|slack|discord)\b",
    re.IGNORECASE,
)
"""Programs whose very work is calls; "WebRTC has active PeerConnections" is every Chromium's reason in a call."""
PRESENTATION = re.compile(
    r"\b(presentation|presenting|slide ?show|keynote|powerpoint|impress|pdfpc)\b", re.IGNORECASE
)


def classify(holders: Iterable[tuple[str, str]]) -> Found:
    """Given (program, reason) of all that keep the machine awake, return the call and the presentation in it."""
    found: dict[Topic, str] = {}
    for program, reason in holders:
        words = f"{program} {reason}"
        if CALL.search(words):
            found.setdefault(Topic.CALL, f"a call is on in {spoken(program)}")
        elif PRESENTATION.search(words):
            found.setdefault(Topic.PRESENTATION, f"{spoken(program)} shows a presentation")
    return found
