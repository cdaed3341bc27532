"""Amounts of bytes and moments, as the files here and the command line write them."""

from __future__ import annotations

from datetime import UTC, datetime

from uprightd.clock import Clock


def amount(count: int) -> str:
    """Given a number of bytes, return it as people say it: "1.70 GB", "12 kB". Powers of ten, as hubs count."""
    if count >= 1_000_000_000:
        return f"{count / 1e9:.2f} GB"
    if count >= 1_000_000:
        return f"{count / 1e6:.0f} MB"
    if count >= 1_000:
        return f"{count / 1e3:.0f} kB"
    return f"{count} bytes"


def moment(clock: Clock) -> str:
    """Given the clock, return this moment in UTC as files keep it: "2026-11-22T09:30:00Z"."""
    return datetime.fromtimestamp(clock.now().wall, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
