"""Weights placed by hand, and every file checked again."""

from __future__ import annotations

import hashlib
import os
import stat
from pathlib import Path

import pytest
from tests.fakes.hub import PAGE, Listener, pointer, weights

from uprightd.clock import FollowingClock
from uprightd.domain import Instant
from uprightd.errors import DataError, DeniedError, UprightError, UsageError, WriteError
from uprightd.weights.adding import add, identified, weights_in
from uprightd.weights.catalogue import entry
from uprightd.weights.checking import Finding, State, verify
from uprightd.weights.installed import find
from uprightd.weights.licence import SAPIENS2_LICENCE, accept
from uprightd.weights.manifest import BY_HAND, HUB, InstalledModel, read_manifest, record

CLOCK = FollowingClock(Instant(1_795_348_800.0, 0.0))
LATER = FollowingClock(Instant(1_795_348_800.0 + 86_400, 0.0))
POSE = entry("pose", "0.4b")
CONTENT = weights()


@pytest.fixture
def models(tmp_path: Path) -> Path:
    folder = tmp_path / "models"
    accept(folder, SAPIENS2_LICENCE, CLOCK, "0.1.0")
    return folder


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "sapiens2_0.4b_pose.safetensors"
    path.write_bytes(CONTENT)
    return path


def added(path: Path, models: Path, link: bool = False) -> InstalledModel:
    return add(path, POSE, models, link, CLOCK, Listener())


def checked(models: Path) -> list[Finding]:
    return verify(models, LATER, Listener())


# ---- which model a file is


@pytest.mark.parametrize(
    ("name", "task", "size"),
    [
        ("sapiens2_0.4b_pose.safetensors", "pose", "0.4b"),
        ("Sapiens2_1B_Seg.safetensors", "seg", "1b"),
        ("my-sapiens2_5b_pointmap-copy.safetensors", "pointmap", "5b"),
        ("sapiens2-normal-0.8b/model.safetensors", "normal", "0.8b"),
        ("models--facebook--sapiens2-seg-0.4b/snapshots/4f5e/model.safetensors", "seg", "0.4b"),
        ("sapiens2-pose-0.4b/sapiens2_1b_seg.safetensors", "seg", "1b"),
    ],
)
def test_a_file_or_its_folder_tells_by_name_which_model_it_is(
    tmp_path: Path, name: str, task: str, size: str
) -> None:
    assert identified(tmp_path / name, None, None) == entry(task, size)


def test_the_user_s_word_counts_more_than_the_name(tmp_path: Path) -> None:
    assert identified(tmp_path / "sapiens2_1b_seg.safetensors", "0.4b", None) == entry("seg", "0.4b")
    assert identified(tmp_path / "model.safetensors", "0.4b", "pose") == POSE


@pytest.mark.parametrize(
    "name", ["model.safetensors", "sapiens2_0.4b_posed.safetensors", "sapiens_0.3b_pose.pt2"]
)
def test_a_file_whose_name_says_nothing_has_to_be_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="does not tell which model") as caught:
        identified(tmp_path / name, "0.4b", None)
    assert "--task" in caught.value.hint


def test_the_contents_decide_where_they_can_be_read(tmp_path: Path) -> None:
    seg = lambda path: ("0.4b", "seg")  # noqa: E731
    assert identified(tmp_path / "model.safetensors", None, None, seg) == entry("seg", "0.4b")
    with pytest.raises(
        DataError, match=r"named to be pose of size 0\.4b, its contents are seg of size 0\.4b"
    ) as caught:
        identified(tmp_path / "sapiens2_0.4b_pose.safetensors", None, None, seg)
    assert "--size 0.4b --task seg" in caught.value.hint
    assert identified(tmp_path / "sapiens2_0.4b_pose.safetensors", "0.4b", "seg", seg) == entry("seg", "0.4b")


def test_a_copy_of_a_hub_repository_counts_once(tmp_path: Path) -> None:
    folder = tmp_path / "sapiens2-pose-0.4b"
    folder.mkdir()
    for name in ("model.safetensors", "sapiens2_0.4b_pose.safetensors"):
        (folder / name).write_bytes(CONTENT)
    assert weights_in(folder) == [folder / "sapiens2_0.4b_pose.safetensors"]
    (folder / "sapiens2_0.4b_pose.safetensors").unlink()
    assert weights_in(folder) == [folder / "model.safetensors"]


def test_a_folder_of_all_tasks_gives_one_of_each(tmp_path: Path) -> None:
    for task in ("pose", "seg"):
        (tmp_path / task).mkdir()
        (tmp_path / task / f"sapiens2_0.4b_{task}.safetensors").write_bytes(CONTENT)
    assert [path.parent.name for path in weights_in(tmp_path)] == ["pose", "seg"]


def test_a_place_without_weights_is_named(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for path in (tmp_path / "empty", tmp_path / "not-there"):
        with pytest.raises(DataError, match=path.name) as caught:
            weights_in(path)
        assert ".safetensors" in caught.value.hint


# ---- adding


def test_an_added_file_is_copied_listed_and_found(models: Path, file: Path) -> None:
    model = added(file, models)
    path = model.path(models)
    assert path == models / "sapiens2-0.4b-pose" / "sapiens2_0.4b_pose.safetensors"
    assert path.read_bytes() == CONTENT
    assert file.exists()
    assert (model.source, model.repository, model.revision) == (BY_HAND, "", "")
    assert (model.bytes, model.sha256) == (len(CONTENT), hashlib.sha256(CONTENT).hexdigest())
    assert model.licence_accepted_at == "2026-11-22T12:00:00Z"
    assert find(models, "pose") == model
    assert sorted(it.name for it in path.parent.iterdir()) == [".lock", path.name]
    assert [it.state for it in checked(models)] == [State.OK]


def test_everything_among_the_models_is_the_user_s_alone(models: Path, file: Path) -> None:
    before = os.umask(0o022)
    try:
        added(file, models)
        checked(models)
    finally:
        os.umask(before)
    for path in (models, *models.rglob("*")):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path


def test_a_linked_file_takes_no_second_room(models: Path, file: Path) -> None:
    path = added(file, models, link=True).path(models)
    assert path.stat().st_ino == file.stat().st_ino
    assert [it.state for it in checked(models)] == [State.OK]
    added(file, models, link=True)
    assert path.stat().st_ino == file.stat().st_ino


def test_a_file_that_cannot_be_linked_says_how_it_goes_without(
    models: Path, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(os, "link", refuse)
    with pytest.raises(WriteError, match="cross-device") as caught:
        added(file, models, link=True)
    assert "without --link" in caught.value.hint
    assert read_manifest(models) == ()


def test_a_file_put_where_it_belongs_is_listed_without_a_copy(models: Path) -> None:
    path = models / "sapiens2-0.4b-pose" / "sapiens2_0.4b_pose.safetensors"
    path.parent.mkdir(mode=0o755)
    path.write_bytes(CONTENT)
    before = path.stat().st_ino
    assert added(path, models).path(models) == path
    assert path.stat().st_ino == before
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_file_put_anywhere_in_our_folder_is_moved_to_its_place(models: Path) -> None:
    stray = models / "sapiens2_0.4b_pose.safetensors"
    stray.write_bytes(CONTENT)
    added(stray, models)
    assert not stray.exists()
    assert [it.state for it in checked(models)] == [State.OK]


def test_the_file_of_one_model_added_as_another_stays_where_it_is(models: Path, file: Path) -> None:
    pose = added(file, models)
    add(pose.path(models), entry("seg", "0.4b"), models, False, CLOCK, Listener())
    assert [it.state for it in checked(models)] == [State.OK, State.OK]


def test_a_link_of_the_user_s_own_is_followed_when_added(models: Path, file: Path, tmp_path: Path) -> None:
    link = tmp_path / "model.safetensors"
    link.symlink_to(file)
    path = added(link, models).path(models)
    assert not path.is_symlink()
    assert path.read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "empty"),
        (PAGE, "a web page"),
        (pointer(CONTENT), "Git LFS pointer"),
        (CONTENT[:-1], "cut off"),
        (CONTENT[:60], "cut off"),
        (CONTENT + b"\0", "too long"),
        (b"\xff" * 200, "not a safetensors"),
        (b"PK\x03\x04" + bytes(300), "not a safetensors"),
    ],
    ids=["empty", "page", "pointer", "short", "truncated-header", "long", "absurd-length", "zip"],
)
def test_what_is_no_whole_weights_file_is_not_added(
    models: Path, file: Path, content: bytes, says: str
) -> None:
    file.write_bytes(content)
    with pytest.raises(DataError, match=says) as caught:
        added(file, models)
    assert str(file) in caught.value.message
    assert caught.value.exit_code == 65
    assert read_manifest(models) == ()
    assert not list(models.rglob("*.safetensors"))


def test_nothing_is_added_without_the_licence(tmp_path: Path, file: Path) -> None:
    with pytest.raises(UsageError, match="has not been accepted"):
        added(file, tmp_path / "other")
    assert not (tmp_path / "other").exists()


def test_a_linked_folder_planted_among_the_models_is_refused(
    models: Path, file: Path, tmp_path: Path
) -> None:
    (tmp_path / "outside").mkdir()
    (models / POSE.name).symlink_to(tmp_path / "outside")
    with pytest.raises(DeniedError, match="symbolic link") as caught:
        added(file, models)
    assert str(models / POSE.name) in caught.value.message
    assert not list((tmp_path / "outside").iterdir())


# ---- verifying


def test_an_intact_file_is_ok_and_its_date_moves_on(models: Path, file: Path) -> None:
    added(file, models)
    assert checked(models) == [Finding("sapiens2-0.4b-pose/sapiens2_0.4b_pose.safetensors", State.OK, "")]
    assert read_manifest(models)[0].verified_at == "2026-11-23T12:00:00Z"


def test_one_flipped_bit_is_found_and_the_model_is_no_longer_offered(models: Path, file: Path) -> None:
    path = added(file, models).path(models)
    flip(path)
    (finding,) = checked(models)
    assert (finding.state, finding.mend) == (
        State.CHANGED,
        "uprightd models add --size 0.4b --task pose PATH",
    )
    assert find(models, "pose") is None
    flip(path)
    assert [it.state for it in checked(models)] == [State.OK]
    assert find(models, "pose")


def test_a_missing_file_is_named_with_the_command_that_brings_it_back(models: Path, file: Path) -> None:
    model = added(file, models)
    model.path(models).unlink()
    assert [it.state for it in checked(models)] == [State.MISSING]
    fetched = {**{name: getattr(model, name) for name in InstalledModel.__slots__}, "source": HUB}
    record(models, InstalledModel(**fetched))
    assert checked(models)[0].mend == "uprightd models fetch --size 0.4b --task pose"


def test_a_link_in_a_file_s_place_counts_as_changed(models: Path, file: Path) -> None:
    path = added(file, models).path(models)
    path.unlink()
    path.symlink_to(file)
    assert [it.state for it in checked(models)] == [State.CHANGED]


def test_strangers_and_unfinished_downloads_are_named(models: Path, file: Path) -> None:
    folder = added(file, models).path(models).parent
    (folder / "other.safetensors").write_bytes(CONTENT)
    (folder / "sapiens2_0.4b_pose.safetensors.0123.part").write_bytes(b"x")
    (models / "x.part").write_bytes(b"x")
    ok, stranger, begun, left = checked(models)
    assert ok.state is State.OK
    assert (stranger.state, stranger.mend) == (
        State.UNLISTED,
        f"uprightd models add '{folder / 'other.safetensors'}'",
    )
    assert (begun.state, begun.mend) == (State.UNFINISHED, "uprightd models fetch --size 0.4b --task pose")
    assert (left.state.wrong, left.mend) == (False, f"rm '{models / 'x.part'}'")


def test_an_empty_folder_has_nothing_to_verify(models: Path) -> None:
    assert checked(models) == []


def test_a_damaged_manifest_stops_the_check(models: Path) -> None:
    (models / "manifest.json").write_text("{")
    with pytest.raises(UprightError, match="is damaged"):
        checked(models)


def flip(path: Path) -> None:
    """Turn one bit of the last weight over."""
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
