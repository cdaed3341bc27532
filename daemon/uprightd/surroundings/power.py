"""Is the machine running on its battery?"""

from __future__ import annotations

from uprightd.surroundings.findings import Topic
from uprightd.surroundings.probe import AbsentError, Found


def battery() -> Found:
    """Return whether the machine runs on its battery, and how full it is. Raise AbsentError without a battery."""
    import psutil

    state = psutil.sensors_battery() if hasattr(psutil, "sensors_battery") else None
    if state is None:
        raise AbsentError("there is no battery")
    return {Topic.BATTERY: f"on battery, {state.percent:.0f} %"} if state.power_plugged is False else {}
