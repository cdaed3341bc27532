"""Where things live, whatever the environment looks like (F40), and folders that only their owner can enter (F36)."""

from __future__ import annotations

import os
import pwd
import socket
import stat
import sys
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest

from uprightd.errors import ConfigError, DeniedError
from uprightd.paths import SOCKET_PATH_LIMIT, Paths, private_dir, shipped, user_paths

ON_LINUX = pytest.mark.skipif(sys.platform == "darwin", reason="macOS has folders of its own")
XDG = {
    "XDG_CONFIG_HOME": "config",
    "XDG_DATA_HOME": "data",
    "XDG_CACHE_HOME": "cache",
    "XDG_STATE_HOME": "logs",
    "XDG_RUNTIME_DIR": "runtime",
}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home folder, and an environment in which nothing else says where things live."""
    for name in (*XDG, "UPRIGHTD_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def open_umask() -> Iterator[None]:
    """The usual umask, which leaves new folders open to all readers."""
    before = os.umask(0o022)
    yield
    os.umask(before)


def here() -> Paths:
    return user_paths(os.environ)


def folders(paths: Paths) -> dict[str, Path]:
    return {field.name: getattr(paths, field.name) for field in fields(Paths)}


def socket_in(runtime: Path) -> Path:
    elsewhere = Path("/elsewhere")
    return Paths(elsewhere, elsewhere, elsewhere, elsewhere, runtime).socket


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


# ---- UPRIGHTD_HOME ------------------------------------------------------------------------------------------


def test_one_variable_puts_everything_in_one_folder(tmp_path: Path) -> None:
    paths = user_paths({"UPRIGHTD_HOME": str(tmp_path), "XDG_DATA_HOME": "/elsewhere"})
    assert {path.parent for path in folders(paths).values()} == {tmp_path}
    assert len(set(folders(paths).values())) == len(folders(paths))
    assert not list(tmp_path.iterdir()), "asking makes nothing"


def test_it_may_begin_at_the_home_folder(home: Path) -> None:
    assert user_paths({"UPRIGHTD_HOME": "~/posture"}).data == home / "posture" / "data"


@pytest.mark.parametrize("value", ["posture", "./posture", "../posture", "~nobody-of-this-name/posture"])
def test_it_must_be_an_absolute_path(value: str) -> None:
    with pytest.raises(ConfigError) as error:
        user_paths({"UPRIGHTD_HOME": value})
    assert "UPRIGHTD_HOME" in error.value.message
    assert value in error.value.message
    assert error.value.hint


@pytest.mark.parametrize("blank", ["", " ", "\t"])
def test_blank_is_the_same_as_unset(blank: str, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usual = here()
    monkeypatch.setenv("UPRIGHTD_HOME", blank)
    assert here() == usual


# ---- the usual folders --------------------------------------------------------------------------------------


@ON_LINUX
def test_the_usual_folders_lie_in_the_home_folder(home: Path) -> None:
    assert folders(here()) == {
        "config": home / ".config" / "uprightd",
        "data": home / ".local" / "share" / "uprightd",
        "cache": home / ".cache" / "uprightd",
        "logs": home / ".local" / "state" / "uprightd" / "log",
        "runtime": home / ".local" / "share" / "uprightd" / "run",
    }


@ON_LINUX
@pytest.mark.parametrize("name", XDG)
def test_an_xdg_variable_moves_its_folder(
    name: str, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = folders(here())
    (tmp_path / "given").mkdir(mode=0o700)
    monkeypatch.setenv(name, str(tmp_path / "given"))
    moved = folders(here())
    assert moved.pop(XDG[name]).is_relative_to(tmp_path / "given" / "uprightd")
    del usual[XDG[name]]
    if name == "XDG_DATA_HOME":
        assert moved.pop("runtime").is_relative_to(tmp_path / "given" / "uprightd"), "without a session's own"
        del usual["runtime"]
    assert moved == usual


@ON_LINUX
@pytest.mark.parametrize("name", XDG)
@pytest.mark.parametrize("value", ["", "  ", "relative", "./here", "~/tilde"])
def test_a_blank_or_relative_xdg_variable_is_ignored(
    name: str, value: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = here()
    monkeypatch.setenv(name, value)
    assert here() == usual


@ON_LINUX
@pytest.mark.parametrize("value", ["/nowhere/to/be/found", "/proc/self/mem/below-a-file"])
def test_a_runtime_folder_that_is_not_there_is_ignored(
    value: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", value)
    assert here().runtime == here().data / "run"


@ON_LINUX
def test_a_runtime_folder_of_somebody_else_is_ignored(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As under sudo, which keeps the variable of the one who called it."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    assert here().runtime == tmp_path / "uprightd"
    monkeypatch.setattr(os, "getuid", lambda: tmp_path.stat().st_uid + 1)
    assert here().runtime == here().data / "run"


@ON_LINUX
def test_without_home_the_password_file_knows_it(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HOME")
    assert here().data.is_relative_to(pwd.getpwuid(os.getuid()).pw_dir)


@ON_LINUX
def test_without_any_home_it_says_so(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(_uid: int) -> None:
        raise KeyError("no such user")

    monkeypatch.delenv("HOME")
    monkeypatch.setattr(pwd, "getpwuid", unknown)
    with pytest.raises(ConfigError) as error:
        here()
    assert "HOME" in error.value.hint
    assert "UPRIGHTD_HOME" in error.value.hint


@ON_LINUX
def test_no_folder_is_ever_relative(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "relative").mkdir()
    monkeypatch.chdir(tmp_path)
    for name in XDG:
        monkeypatch.setenv(name, "relative")
    assert all(path.is_absolute() for path in folders(here()).values())


# ---- the socket ---------------------------------------------------------------------------------------------


def test_the_socket_lies_in_the_runtime_folder() -> None:
    assert socket_in(Path("/run/user/1000/uprightd")) == Path("/run/user/1000/uprightd/control.sock")


@pytest.mark.parametrize(
    "folder",
    ["/" + "x" * 200, "/" + "ö" * 60, "/" + "x" * (SOCKET_PATH_LIMIT - len("/control.sock"))],
    ids=["long", "long in bytes", "one byte too long"],
)
def test_a_path_too_long_for_a_socket_gets_a_short_one(folder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", "/" + "t" * 150)
    path = socket_in(Path(folder))
    assert len(os.fsencode(path)) <= SOCKET_PATH_LIMIT
    assert path.name == "control.sock"
    assert str(os.getuid()) in path.parent.name, "no two users meet there"
    other = socket_in(Path(folder + "/other"))
    assert other != path, "nor two daemons of one user"
    monkeypatch.setenv("TMPDIR", "/elsewhere")
    assert socket_in(Path(folder)) == path, "a shell and a service find the same one"


def test_a_path_just_short_enough_stays() -> None:
    folder = Path("/" + "x" * (SOCKET_PATH_LIMIT - len("//control.sock")))
    path = socket_in(folder)
    assert path.parent == folder
    assert len(os.fsencode(path)) == SOCKET_PATH_LIMIT


def test_a_socket_can_really_be_bound_at_the_limit(tmp_path: Path) -> None:
    room = SOCKET_PATH_LIMIT - len(os.fsencode(tmp_path)) - 1
    if room < 1:
        pytest.skip("the temporary folder's path is longer than a socket's may be")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(os.fspath(tmp_path / ("s" * room)))


# ---- private folders ----------------------------------------------------------------------------------------


def test_a_private_folder_is_made_with_its_parents_for_the_owner_only(
    tmp_path: Path, open_umask: None
) -> None:
    made = private_dir(tmp_path / "a" / "b" / "c")
    assert made == tmp_path / "a" / "b" / "c"
    assert [mode(tmp_path / name) for name in ("a", "a/b", "a/b/c")] == [0o700] * 3


def test_an_open_folder_is_closed_and_its_parent_left_alone(tmp_path: Path, open_umask: None) -> None:
    (tmp_path / "parent" / "data").mkdir(parents=True)
    private_dir(tmp_path / "parent" / "data")
    assert (mode(tmp_path / "parent"), mode(tmp_path / "parent" / "data")) == (0o755, 0o700)


def test_a_private_folder_stays_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir(mode=0o700)
    (tmp_path / "data" / "kept").write_text("kept")
    assert private_dir(private_dir(tmp_path / "data")).joinpath("kept").read_text() == "kept"


def test_a_shared_temporary_folder_is_never_closed(tmp_path: Path) -> None:
    shared = tmp_path / "tmp"
    shared.mkdir()
    shared.chmod(0o1777)
    private_dir(shared)
    assert mode(shared) == 0o1777


def test_a_file_in_the_way_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "file", tmp_path / "file" / "data" / "deeper"):
        with pytest.raises(DeniedError) as error:
            private_dir(path)
        assert str(path) in error.value.message
        assert error.value.hint


def test_a_folder_of_somebody_else_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    owner = tmp_path.stat().st_uid
    monkeypatch.setattr(os, "getuid", lambda: owner + 1)
    with pytest.raises(DeniedError, match=f"belongs to another user \\(uid {owner}\\)"):
        private_dir(tmp_path)


def test_a_folder_that_may_not_be_written_is_refused_with_the_way_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    locked = tmp_path / "locked"
    locked.mkdir(mode=0o500)
    if os.getuid() == 0:  # root may write everywhere
        monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(DeniedError) as error:
        private_dir(locked)
    assert f"chmod u+rwx {locked}" in error.value.hint


def test_what_ships_is_found_from_a_checkout() -> None:
    assert (shipped("rules") / "desk.yaml").is_file()
    assert shipped("config.example.yaml").is_file()
