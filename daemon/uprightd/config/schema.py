"""Every setting: its kind, bounds, default and what it does. Frozen once read; unknown keys are errors."""

from __future__ import annotations

from datetime import time
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from uprightd.config.values import (
    PackNames,
    ProfileName,
    QuietSpans,
    RuleFiles,
    Seconds,
    Source,
    TimeOfDay,
    Weekday,
)


class Block(BaseModel):
    """A block of settings, one level of the file."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    @model_validator(mode="before")
    @classmethod
    def _empty_block(cls, data: Any) -> Any:
        """Take a block whose lines are all commented out as one with every default."""
        return {} if data is None else data


class Camera(Block):
    source: Source = Field(
        default=0, description="Camera index or name, video file, image folder or rtsp/http URL."
    )
    width: int = Field(
        default=1280, ge=160, le=7680, description="Picture width asked of a camera, in pixels."
    )
    height: int = Field(
        default=720, ge=120, le=4320, description="Picture height asked of a camera, in pixels."
    )
    field_of_view: float = Field(
        default=65.0, ge=20, le=150, description="The camera's horizontal angle of view, in degrees."
    )
    stall_after: Seconds = Field(
        default=10.0,
        ge=1,
        le=600,
        description="Without a new picture for this long, the camera is started again.",
    )
    pace: Literal["realtime", "fast"] = Field(
        default="realtime", description="How a file plays: at its own speed, or as fast as it can be read."
    )


class Sampling(Block):
    fps: float = Field(default=1.0, ge=0.1, le=5, description="Pictures looked at per second.")


class Pose(Block):
    backend: Literal["auto", "mediapipe", "sapiens2"] = Field(
        default="auto",
        description="Pose model. auto takes sapiens2 when its weights are there, else mediapipe.",
    )
    size: Literal["auto", "0.4b", "0.8b", "1b", "5b"] = Field(
        default="auto", description="Which Sapiens2 weights; auto takes the smallest that are installed."
    )
    device: Literal["auto", "cpu", "cuda", "mps"] = Field(
        default="auto", description="Where Sapiens2 runs; auto takes mps, then cuda, then cpu."
    )
    dtype: Literal["auto", "float32", "float16", "bfloat16"] = Field(
        default="auto", description="Its number type; auto takes what suits the device."
    )
    resolution: Literal["1024x768", "768x576", "512x384"] = Field(
        default="1024x768",
        description="Height and width of its input. Lower is faster; its accuracy is unknown.",
    )
    flip: bool = Field(
        default=False, description="Look a second time at the mirrored picture, as Meta's own demo does."
    )
    rope: Literal["float32", "bfloat16"] = Field(
        default="float32", description="Rounding of its rotary embedding; bfloat16 is Meta's own."
    )
    people: Literal["auto", "whole", "detect"] = Field(
        default="auto",
        description="Whether a detector finds the people first; auto uses one that is installed.",
    )
    pointmap: bool = Field(
        default=False,
        description="Whether Sapiens2's pointmap places the points in space, for the *_3d metrics.",
    )
    min_score: float = Field(
        default=0.5, ge=0, le=1, description="A body point scored lower than this counts as not seen."
    )
    min_confidence: float = Field(
        default=0.6,
        ge=0,
        le=1,
        description="A reading whose core points score lower on average counts for nobody.",
    )


class Calibration(Block):
    profile: ProfileName = Field(
        default="auto", description="Which calibrated pose values count from; auto takes the one that fits."
    )
    drift_after: Seconds = Field(
        default=90.0,
        ge=1,
        le=3600,
        description="How long the picture must lie away from the calibrated one before a new calibration is suggested.",
    )
    pupil_distance: float = Field(
        default=0.0,
        ge=0,
        le=90,
        description="Millimetres between your pupils, for the screen distance in cm; 0 when you do not know.",
    )


class Rules(Block):
    packs: PackNames = Field(default=("desk",), strict=False, description="Shipped rule packs in force.")
    files: RuleFiles = Field(
        default=(),
        strict=False,
        description="Rule files of your own; a relative path starts at the settings file.",
    )


class Restraint(Block):
    alerts_per_hour: int = Field(
        default=4,
        ge=1,
        le=60,
        description="Notifications in any hour; what comes beyond is told in one summary.",
    )
    quiet_hours: QuietSpans = Field(
        default=(), strict=False, description="Times of day in which nothing is said, such as 22:00-07:00."
    )
    hold_during: tuple[Literal["call", "sharing", "presentation", "do_not_disturb"], ...] = Field(
        default=("call", "sharing", "presentation", "do_not_disturb"),
        strict=False,
        description="What alerts are held back during, and told of afterwards.",
    )
    pause_during: tuple[Literal["lock", "call", "battery", "quiet_hours"], ...] = Field(
        default=("lock",), strict=False, description="When nothing is watched and the camera is released."
    )
    escalate_after: int = Field(
        default=0,
        ge=0,
        le=20,
        description="A rule that spoke so often within an hour speaks louder; 0 for never.",
    )


class Notifications(Block):
    enabled: bool = Field(default=True, description="Whether alerts are shown on the desktop.")


class Outlets(Block):
    sound: bool = Field(default=False, description="Whether an alert also plays a soft sound.")
    command: tuple[str, ...] = Field(
        default=(), strict=False, description="A program of yours and its arguments, run for each alert."
    )
    activitywatch: bool = Field(default=False, description="Whether ActivityWatch on this machine is told.")
    activitywatch_url: str = Field(default="http://localhost:5600", description="Where ActivityWatch is.")
    mqtt_host: str = Field(default="", description="MQTT broker to tell, for Home Assistant; empty for none.")
    mqtt_port: int = Field(default=1883, ge=1, le=65535, description="The broker's port.")
    mqtt_user: str = Field(default="", description="Who uprightd is to the broker; empty for nobody.")
    mqtt_password_file: str = Field(
        default="", description="File whose first line is the password; it belongs in no settings file."
    )
    mqtt_tls: bool = Field(default=False, description="Whether the broker is spoken to over TLS.")


class Log(Block):
    retention_days: int = Field(
        default=14,
        ge=1,
        le=3650,
        description="Samples are deleted after this many days; what they come to by the hour stays.",
    )
    minutes_days: int = Field(
        default=60, ge=1, le=3650, description="So long each measure is also kept by the minute."
    )


class Report(Block):
    weekday: Weekday = Field(default="monday", description="Day on which the weekly summary is made.")
    at: TimeOfDay = Field(default=time(8, 0), description="Local time of day from which it is due.")


class Config(Block):
    """All settings. `Config()` holds the defaults."""

    camera: Camera = Field(default=Camera(), description="Where pictures come from.")
    sampling: Sampling = Field(default=Sampling(), description="How often the monitor looks.")
    pose: Pose = Field(default=Pose(), description="Which model finds the person.")
    calibration: Calibration = Field(
        default=Calibration(), description="The upright pose that relative metrics count from."
    )
    rules: Rules = Field(default=Rules(), description="When the monitor speaks.")
    restraint: Restraint = Field(default=Restraint(), description="When the monitor keeps to itself.")
    notifications: Notifications = Field(default=Notifications(), description="How the monitor speaks.")
    outlets: Outlets = Field(default=Outlets(), description="What else is told of alerts.")
    log: Log = Field(default=Log(), description="What is kept.")
    report: Report = Field(default=Report(), description="The weekly summary.")
