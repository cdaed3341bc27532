"""The settings file: its defaults, its values, and every fault at once with line and next step."""

from __future__ import annotations

from datetime import time
from pathlib import Path

import pytest

from uprightd.config.load import load_config
from uprightd.config.schema import Config
from uprightd.errors import ConfigError
from uprightd.rules.quiet import QuietHours

PACKS = ("demo", "desk")


def _write(folder: Path, text: str) -> Path:
    path = folder / "config.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def _faults(path: Path) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load_config(path, packs=PACKS)
    assert caught.value.exit_code == 78
    assert caught.value.hint == "Put this right, then run: uprightd config check"
    prefix = f"{path}:"
    assert all(line.startswith(prefix) for line in caught.value.message.splitlines())
    return [line.removeprefix(prefix) for line in caught.value.message.splitlines()]


def test_no_file_means_the_defaults() -> None:
    assert load_config() == Config()


def test_the_usual_file_may_be_missing(tmp_path: Path) -> None:
    assert load_config(default=tmp_path / "config.yaml") == Config()


def test_the_usual_file_is_read_when_it_is_there(tmp_path: Path) -> None:
    default = _write(tmp_path, "sampling: {fps: 2}\n")
    assert load_config(default=default).sampling.fps == 2.0


def test_a_usual_file_that_points_nowhere_is_told(tmp_path: Path) -> None:
    default = tmp_path / "config.yaml"
    default.symlink_to(tmp_path / "gone.yaml")
    with pytest.raises(ConfigError, match="no such file"):
        load_config(default=default)


def test_a_named_file_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"mine\.yaml: no such file"):
        load_config(tmp_path / "mine.yaml", default=_write(tmp_path, ""))


def test_a_named_file_goes_before_the_usual_one(tmp_path: Path) -> None:
    named = tmp_path / "named.yaml"
    named.write_text("sampling: {fps: 3}\n")
    assert load_config(named, default=_write(tmp_path, "sampling: {fps: 2}\n")).sampling.fps == 3.0


def test_every_setting_can_be_given(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").touch()
    path = _write(
        tmp_path,
        """
camera: {source: rtsp://door/1, width: 640, height: 480, field_of_view: 78.5, stall_after: 1 min, pace: fast}
sampling: {fps: 0.5}
pose: {backend: mediapipe, pointmap: true, min_score: 1, min_confidence: 0}
calibration: {profile: stand-2, drift_after: 5 min, pupil_distance: 63.5}
rules: {packs: [demo], files: [mine.yaml]}
restraint:
  {alerts_per_hour: 60, quiet_hours: [22:00-07:00, "12:00 – 12:30"], hold_during: [call], pause_during: [],
  escalate_after: 3}
notifications: {enabled: false}
log: {retention_days: 3650}
report: {weekday: Friday, at: 22:00}
""",
    )
    config = load_config(path, packs=PACKS)
    assert config.camera.model_dump() == {
        "source": "rtsp://door/1",
        "width": 640,
        "height": 480,
        "field_of_view": 78.5,
        "stall_after": 60.0,
        "pace": "fast",
    }
    assert config.sampling.fps == 0.5
    assert (config.pose.backend, config.pose.min_score) == ("mediapipe", 1.0)
    assert (config.pose.pointmap, config.pose.min_confidence) == (True, 0.0)
    assert config.calibration.model_dump() == {
        "profile": "stand-2",
        "drift_after": 300.0,
        "pupil_distance": 63.5,
    }
    assert (config.rules.packs, config.rules.files) == (("demo",), (tmp_path / "mine.yaml",))
    restraint = config.restraint
    assert restraint.quiet_hours == (QuietHours(time(22), time(7)), QuietHours(time(12), time(12, 30)))
    assert (restraint.hold_during, restraint.pause_during) == (("call",), ())
    assert (restraint.alerts_per_hour, restraint.escalate_after) == (60, 3)
    assert config.notifications.enabled is False
    assert config.log.retention_days == 3650
    assert (config.report.weekday, config.report.at) == ("friday", time(22, 0))


def test_a_block_whose_lines_are_all_commented_out_has_its_defaults(tmp_path: Path) -> None:
    assert load_config(_write(tmp_path, "camera:\n#  width: 640\nreport:\n")) == Config()


def test_the_settings_cannot_be_changed_once_read() -> None:
    with pytest.raises(ValueError, match="frozen"):
        Config().sampling.fps = 3.0


def test_rule_files_start_at_the_folder_of_the_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "mine.yaml").touch()
    (tmp_path / "home.yaml").touch()
    path = _write(
        tmp_path / "sub", f"rules:\n  files: [mine.yaml, {tmp_path}/sub/../home.yaml, ~/home.yaml]\n"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    files = load_config(path.relative_to(tmp_path)).rules.files
    assert files[0] == tmp_path / "sub" / "mine.yaml"
    assert files[1].samefile(tmp_path / "home.yaml")
    assert files[2] == tmp_path / "home.yaml"


def test_all_faults_are_told_at_once_in_the_order_of_the_lines(tmp_path: Path) -> None:
    path = _write(
        tmp_path,
        """\
camera:
  source: -1
  widht: 640
  height: 99999
  stall_after: 0s
  pace: fsat
sampling:
  fps: fast
  speed: 1
pose: mediapipe
rules:
  packs: [dsk, 7]
  files: [nope.yaml, 3]
notifications:
  enabled: yes
log:
  retention_days: 1.5
report:
  weekday: mnday
  at: 25:00
camra:
  width: 1
camera:
  width: 1
""",
    )
    assert _faults(path) == [
        "2: camera.source: expected a camera index (0, 1, ...), a camera name, a file, a folder or an "
        "rtsp/http URL, got -1",
        "3: camera.widht: unknown key; did you mean 'width'?",
        "4: camera.height: expected a whole number from 120 to 4320, got 99999",
        "5: camera.stall_after: expected a length of time from 1 s to 10 min, such as 90s, 10 min or 1h, "
        'got "0s"',
        "6: camera.pace: expected one of realtime, fast, got \"fsat\"; did you mean 'fast'?",
        '8: sampling.fps: expected a number from 0.1 to 5, got "fast"',
        "9: sampling.speed: unknown key; known here: fps",
        "10: pose: expected a block of keys (backend, size, device, dtype, resolution, flip, rope, people, pointmap, "
        "min_score, min_confidence), "
        'got "mediapipe"',
        "12: rules.packs[0]: expected a rule pack that ships (demo, desk), got \"dsk\"; did you mean 'desk'?",
        "12: rules.packs[1]: expected the name of a rule pack that ships, got 7",
        f"13: rules.files[0]: expected a rule file that is there (there is no {tmp_path}/nope.yaml), "
        'got "nope.yaml"',
        "13: rules.files[1]: expected the path of a rule file, got 3",
        '15: notifications.enabled: expected true or false, got "yes"',
        "17: log.retention_days: expected a whole number from 1 to 3650, got 1.5",
        "19: report.weekday: expected one of monday, tuesday, wednesday, thursday, friday, saturday, sunday, "
        "got \"mnday\"; did you mean 'monday'?",
        "20: report.at: expected a time of day from 00:00 to 23:59, written as hours and minutes such as "
        '22:00, got "25:00"',
        "21: camra: unknown key; did you mean 'camera'?",
        "23: camera: given twice, first on line 1; keep one",
    ]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("sampling: {fps: 0.09}", "expected a number from 0.1 to 5, got 0.09"),
        ("sampling: {fps: 5.01}", "expected a number from 0.1 to 5, got 5.01"),
        ("sampling: {fps: true}", "expected a number from 0.1 to 5, got true"),
        ("sampling: {fps: '1'}", 'expected a number from 0.1 to 5, got "1"'),
        ("sampling: {fps: [1]}", "expected a number from 0.1 to 5, got a list"),
        ("sampling: [fps]", "expected a block of keys (fps), got a list"),
        ("camera: {source: true}", "expected a camera index"),
        ("camera: {source: 0.5}", "expected a camera index"),
        ("camera: {source: ' '}", "expected a camera index"),
        ("camera: {width: 640.5}", "expected a whole number from 160 to 7680, got 640.5"),
        ("camera: {stall_after: 11 min}", "expected a length of time from 1 s to 10 min"),
        ("camera: {stall_after: soon}", "expected a length of time such as 90s, 10 min or 1h, got"),
        ("pose: {min_score: 1.01}", "expected a number from 0 to 1, got 1.01"),
        ("pose: {min_confidence: -0.1}", "expected a number from 0 to 1, got -0.1"),
        ("pose: {pointmap: 1}", "expected true or false, got 1"),
        ("camera: {field_of_view: 19}", "expected a number from 20 to 150, got 19"),
        ("camera: {field_of_view: 180}", "expected a number from 20 to 150, got 180"),
        ("calibration: sit", "expected a block of keys (profile, drift_after, pupil_distance), got"),
        ("calibration: {profile: Sit}", "expected a name of small letters, digits and - such as sit, stand"),
        ("calibration: {profile: ../sit}", "expected a name of small letters, digits and -"),
        ("calibration: {profile: -sit}", "expected a name of small letters, digits and -"),
        ("calibration: {profile: 7}", "expected a name of small letters, digits and -"),
        ("calibration: {profile: ''}", "expected a name of small letters, digits and -"),
        (f"calibration: {{profile: {'a' * 33}}}", "expected a name of small letters, digits and -"),
        ("calibration: {drift_after: 0s}", "expected a length of time from 1 s to 1 h"),
        ("calibration: {drift_after: 61 min}", "expected a length of time from 1 s to 1 h"),
        ("calibration: {pupil_distance: -1}", "expected a number from 0 to 90, got -1"),
        ("calibration: {pupil_distance: 91}", "expected a number from 0 to 90, got 91"),
        ("calibration: {profil: sit}", "unknown key; did you mean 'profile'?"),
        ("pose: {backend: true}", "expected one of auto, mediapipe, sapiens2, got true"),
        ("rules: {packs: desk}", 'expected a list such as [a, b], got "desk"'),
        ("rules: {packs: [desk, desk]}", "expected each item only once, got a list"),
        ("rules: {packs: [[desk]]}", "expected the name of a rule pack that ships, got a list"),
        ("rules: {packs: [../desk]}", "expected a rule pack that ships (demo, desk)"),
        ("rules: {files: ['']}", "expected the path of a rule file"),
        ("restraint: {alerts_per_hour: 0}", "expected a whole number from 1 to 60, got 0"),
        ("restraint: {alerts_per_hour: 61}", "expected a whole number from 1 to 60, got 61"),
        ("restraint: {alerts_per_hour: false}", "expected a whole number from 1 to 60, got false"),
        ("restraint: {escalate_after: -1}", "expected a whole number from 0 to 20, got -1"),
        ("restraint: {quiet_hours: 22:00-07:00}", "quiet_hours: expected a list such as [a, b], got"),
        ("restraint: {quiet_hours: [22:00]}", "[0]: expected two times of day such as 22:00-07:00"),
        ("restraint: {quiet_hours: [22:00-24:00]}", "[0]: expected a time of day from 00:00 to 23:59"),
        ("restraint: {quiet_hours: [7:00-07:00]}", "[0]: expected two different times of day"),
        ("restraint: {quiet_hours: [22:00-07:00, 22:00-7:00]}", "expected each item only once"),
        ("restraint: {hold_during: call}", "hold_during: expected a list such as [a, b]"),
        (
            "restraint: {hold_during: [cal]}",
            "hold_during[0]: expected one of call, sharing, presentation, do_not_disturb, "
            "got \"cal\"; did you mean 'call'?",
        ),
        (
            "restraint: {pause_during: [lock, 3]}",
            "pause_during[1]: expected one of lock, call, battery, quiet_hours, got 3",
        ),
        ("restraint: {pause_during: [sharing]}", "pause_during[0]: expected one of lock, call, battery"),
        ("restraint: {quiet: []}", "unknown key; did you mean 'quiet_hours'?"),
        ("outlets: {command: [say, 7]}", "command[1]: expected text"),
        ("log: {retention_days: 0}", "expected a whole number from 1 to 3650, got 0"),
        ("report: {at: 1320}", "(if minutes after midnight are meant, write 22:00), got 1320"),
        ("report: {at: 8}", "expected a time of day from 00:00 to 23:59"),
        ("report: {at: 24:00}", "expected a time of day from 00:00 to 23:59"),
        ("report: {at: true}", "expected a time of day from 00:00 to 23:59"),
        ("report: {weekday: 1}", "expected one of monday"),
    ],
)
def test_a_wrong_value_is_told_with_what_was_expected(line: str, words: str, tmp_path: Path) -> None:
    faults = _faults(_write(tmp_path, line + "\n"))
    assert len(faults) == 1
    assert words in faults[0]
