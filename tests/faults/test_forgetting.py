"""What was forgotten stays forgotten, whatever goes on meanwhile; a wish that cannot be carried out costs nothing."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest
from tests.fakes.recorder import Recorder, tables

from uprightd.domain import Activity, MonitorState, Posture
from uprightd.errors import WriteError
from uprightd.rollup import RolledHour
from uprightd.service import upkeep
from uprightd.service.forgetting import OWN
from uprightd.store.reading import LogReader

SEATED = [(float(second), Posture.GOOD) for second in range(100)]


def test_what_is_forgotten_amid_a_roll_up_does_not_come_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The roll-up has read the hour before it is forgotten, and stores it after that was asked for."""
    recorder = Recorder(tmp_path / "log.db")
    recorder.run(SEATED)
    reached, go_on, store = threading.Event(), threading.Event(), recorder.log.put_hour

    def slowly(rolled: RolledHour) -> None:
        reached.set()
        go_on.wait(10)
        store(rolled)

    monkeypatch.setattr(recorder.log, "put_hour", slowly)
    rolling = threading.Thread(target=upkeep.roll_up, args=(recorder.log,))
    forgetting = threading.Thread(target=recorder.log.forget, args=(OWN, None, None))
    rolling.start()
    assert reached.wait(10)
    forgetting.start()
    forgetting.join(0.3)
    go_on.set()
    for thread in (rolling, forgetting):
        thread.join(10)
    assert not any(tables(recorder.log).values())
    recorder.log.close()


def test_a_full_disk_forgets_all_of_it_or_nothing_and_the_log_goes_on(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "log.db")
    recorder.run(SEATED)
    recorder.alert(50.0)
    log = recorder.log
    log.database.execute(
        "CREATE TRIGGER full BEFORE DELETE ON transitions BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END"
    )
    log.add_transition(MonitorState(Activity.WATCHING), recorder.at(0.0))
    with pytest.raises(WriteError, match="cannot forget"):
        log.forget(OWN, None, None)
    with LogReader.open(log.path) as reader:
        counts = reader.counts()
    assert (counts["samples"], counts["alerts"], counts["transitions"]) == (100, 1, 1)
    log.database.execute("DROP TRIGGER full")
    assert log.forget(OWN, None, None)["samples"] == 100
    log.close()


def test_a_reader_that_is_open_meanwhile_keeps_its_view_and_the_rows_go(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "log.db")
    recorder.run(SEATED)
    with LogReader.open(recorder.log.path) as reader:
        assert recorder.log.forget(OWN, None, None)["samples"] == 100
        assert reader.counts()["samples"] == 100
    recorder.log.close()
    with closing(sqlite3.connect(recorder.path)) as database:
        assert database.execute("SELECT count(*) FROM samples").fetchone() == (0,)
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
