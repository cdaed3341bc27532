"""Moments as the person's clock showed them."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone


def by_clock(at_ms: int, offset_min: int) -> datetime:
    """Given a moment and by how many minutes the clock was ahead of UTC, return what that clock showed."""
    return datetime.fromtimestamp(at_ms / 1000, timezone(timedelta(minutes=offset_min)))
