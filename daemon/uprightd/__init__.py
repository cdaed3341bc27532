"""uprightd: a local-only posture monitor."""

__version__ = "0.1.0"
