"""What the log needs from time to time: its new samples rolled up."""

from __future__ import annotations

from uprightd.store.log import Log
from uprightd.store.reading import LogReader


def roll_up(log: Log) -> None:
    """Given the open log, work out what new samples come to and store it, hour by hour.

    Reading and reckoning go by a connection of their own, out of the way of whoever writes; only storing an hour takes
    its turn. Samples that come meanwhile are left for the next time. Raise WriteError when an hour could not be stored;
    nothing is lost by it.
    """
    with log.upkeep, LogReader.open(log.path) as reader:
        fresh = reader.fresh()
        for hour in fresh.hours:
            log.put_hour(reader.rolled(hour))
        if fresh.hours:
            log.rolled_up_to(fresh.sample_id)
