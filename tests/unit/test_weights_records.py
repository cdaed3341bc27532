"""What is kept beside the weights: the licence's acceptance, the manifest, and the catalogue they speak of."""

from __future__ import annotations

import json
import os
import re
import stat
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from uprightd.clock import FollowingClock
from uprightd.domain import Instant
from uprightd.errors import DataError, DeniedError, TryAgainError, UsageError
from uprightd.weights.catalogue import CATALOGUE, SIZES, TASKS, entry, smallest
from uprightd.weights.files import locked, open_plain
from uprightd.weights.installed import find, offline_environment
from uprightd.weights.licence import SAPIENS2_LICENCE, Licence, accept, accepted, require_acceptance
from uprightd.weights.manifest import HUB, InstalledModel, read_manifest, record, recorded
from uprightd.weights.wording import amount

NOON = FollowingClock(Instant(1_795_348_800.0, 0.0))
APACHE = Licence("Apache-2.0", "2.0", "https://www.apache.org/licenses/LICENSE-2.0", "")


@pytest.fixture
def models(tmp_path: Path) -> Path:
    return tmp_path / "data" / "models"


def installed(
    models: Path, size: str = "0.4b", task: str = "pose", verified_at: str = "2026-11-22T12:00:00Z"
) -> InstalledModel:
    """Put a file of ten bytes among the models and into the manifest."""
    name = f"sapiens2-{size}-{task}"
    model = InstalledModel(
        name=name,
        task=task,
        size=size,
        file=f"{name}/sapiens2_{size}_{task}.safetensors",
        bytes=10,
        sha256="a" * 64,
        source=HUB,
        repository=f"facebook/sapiens2-{task}-{size}",
        revision="b" * 40,
        installed_at="2026-11-22T12:00:00Z",
        verified_at=verified_at,
        licence="Sapiens2 License",
        licence_accepted_at="2026-11-22T12:00:00Z",
    )
    record(models, model)
    model.path(models).parent.mkdir(exist_ok=True)
    model.path(models).write_bytes(b"0123456789")
    return model


# ---- the catalogue


def test_every_task_has_every_size_under_a_name_of_its_own() -> None:
    sapiens2 = [(task, size) for task in TASKS if task != "detect" for size in SIZES if size.endswith("b")]
    assert [(it.task, it.size) for it in CATALOGUE] == [*sapiens2, ("detect", "nano"), ("detect", "small")]
    assert [smallest(task) for task in TASKS] == ["0.4b"] * 4 + ["nano"]
    assert len({it.name for it in CATALOGUE}) == len({it.repository for it in CATALOGUE}) == len(CATALOGUE)


@pytest.mark.parametrize("it", CATALOGUE, ids=lambda it: it.name)
def test_an_entry_lies_where_the_backend_looks_and_its_pins_are_whole(it) -> None:
    if it.task == "detect":
        assert it.repository == f"ustc-community/dfine-{it.size}-coco"
        assert not it.licence.words, "nothing to accept"
    else:
        assert it.repository == f"facebook/sapiens2-{it.task}-{it.size}"
        assert it.file == f"sapiens2_{it.size}_{it.task}.safetensors"
        assert 1.5e9 < it.about_bytes < 22e9
    assert re.fullmatch("([0-9a-f]{40})?", it.revision)
    assert re.fullmatch("([0-9a-f]{64})?", it.sha256)
    assert not it.sha256 or it.revision, "a hash belongs to a commit"


def test_the_default_model_is_pinned_to_the_commit_that_the_facts_name() -> None:
    assert entry("pose", "0.4b").revision == "73572e121602e8a6eb40eb841732e88f386d250b"


def test_a_model_that_does_not_exist_is_refused_with_the_list() -> None:
    with pytest.raises(UsageError, match="pose of size 2b") as caught:
        entry("pose", "2b")
    assert "uprightd models list" in caught.value.hint


# ---- the licence


@pytest.mark.parametrize(
    "word",
    [
        "surveillance",
        "biometric processing",
        "health",
        "consents",
        "practise medicine",
        "copy of it",
        "indemnify",
        "change the terms",
        "no legal advice",
    ],
)
def test_the_licence_s_plain_words_name_what_matters(word: str) -> None:
    assert word in SAPIENS2_LICENCE.words


def test_an_acceptance_is_kept_with_its_date_and_the_version_and_only_for_the_user(models: Path) -> None:
    assert accepted(models, SAPIENS2_LICENCE) is None
    accept(models, SAPIENS2_LICENCE, NOON, "0.1.0")
    found = accepted(models, SAPIENS2_LICENCE)
    assert found
    assert (found.accepted_at, found.uprightd, found.licence) == (
        "2026-11-22T12:00:00Z",
        "0.1.0",
        "Sapiens2 License",
    )
    assert found.link == SAPIENS2_LICENCE.link
    assert require_acceptance(models, SAPIENS2_LICENCE) == found.accepted_at
    assert stat.S_IMODE((models / "licence.json").stat().st_mode) == 0o600
    assert stat.S_IMODE(models.stat().st_mode) == 0o700


def test_another_text_of_the_licence_has_to_be_accepted_again_and_the_old_record_stays(models: Path) -> None:
    accept(models, SAPIENS2_LICENCE, NOON, "0.1.0")
    newer = replace(SAPIENS2_LICENCE, version="2027-01-01")
    assert accepted(models, newer) is None
    accept(models, newer, NOON, "0.2.0")
    assert accepted(models, SAPIENS2_LICENCE)
    assert accepted(models, newer)


def test_without_an_acceptance_the_message_says_how_to_give_it(models: Path) -> None:
    with pytest.raises(UsageError, match="has not been accepted") as caught:
        require_acceptance(models, SAPIENS2_LICENCE)
    assert "--accept-license" in caught.value.hint
    assert SAPIENS2_LICENCE.link in caught.value.hint


def test_a_licence_that_asks_for_nothing_needs_no_acceptance(models: Path) -> None:
    assert require_acceptance(models, APACHE) == ""


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"accepted": 1}', '{"accepted": [{"licence": "x"}]}', '{"accepted": [3]}']
)
def test_a_damaged_record_is_no_acceptance_and_is_replaced_by_the_next(models: Path, text: str) -> None:
    models.mkdir(parents=True)
    (models / "licence.json").write_text(text)
    assert accepted(models, SAPIENS2_LICENCE) is None
    accept(models, SAPIENS2_LICENCE, NOON, "0.1.0")
    assert accepted(models, SAPIENS2_LICENCE)


# ---- the manifest


def test_the_manifest_gives_back_what_was_recorded_and_only_to_the_user(models: Path) -> None:
    one, two = installed(models, "1b", "seg"), installed(models)
    assert read_manifest(models) == (two, one)
    assert recorded(models, one.name) == one
    assert recorded(models, "sapiens2-5b-seg") is None
    assert stat.S_IMODE((models / "manifest.json").stat().st_mode) == 0o600


def test_a_model_recorded_again_takes_its_own_place(models: Path) -> None:
    old = installed(models)
    record(models, replace(old, revision="c" * 40))
    assert [it.revision for it in read_manifest(models)] == ["c" * 40]


def test_a_record_made_on_an_old_reading_does_not_undo_a_newer_one(models: Path) -> None:
    old = installed(models)
    newer = replace(old, revision="c" * 40)
    record(models, newer)
    record(models, replace(old, verified_at=""), instead_of=old)
    assert read_manifest(models) == (newer,)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "[" * 5000,
        '{"version": 1}',
        '{"version": 1, "models": [3]}',
        '{"version": 1, "models": [{"name": "x"}]}',
        "x" * (2 << 20),
    ],
    ids=["empty", "cut", "list", "deep", "no-models", "number", "half", "huge"],
)
def test_a_damaged_manifest_is_named_with_the_way_out(models: Path, text: str) -> None:
    models.mkdir(parents=True)
    (models / "manifest.json").write_text(text)
    with pytest.raises(DataError, match=r"manifest\.json: is damaged") as caught:
        read_manifest(models)
    assert "uprightd models fetch" in caught.value.hint


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("file", "/etc/passwd"),
        ("file", "../../x"),
        ("sha256", "short"),
        ("bytes", "10"),
        ("bytes", True),
        ("name", 3),
    ],
)
def test_a_manifest_with_an_impossible_value_is_not_followed(models: Path, key: str, value: object) -> None:
    model = installed(models)
    (models / "manifest.json").write_text(
        json.dumps({"version": 1, "models": [{**asdict(model), key: value}]})
    )
    with pytest.raises(DataError, match=r"manifest\.json: is damaged"):
        read_manifest(models)


def test_a_manifest_of_a_newer_uprightd_is_left_alone(models: Path) -> None:
    models.mkdir(parents=True)
    (models / "manifest.json").write_text('{"version": 2, "models": []}')
    with pytest.raises(DataError, match="version 2, this uprightd reads version 1"):
        read_manifest(models)


# ---- what a backend may load


def test_the_smallest_installed_model_of_a_task_is_found_unless_a_size_is_asked_for(models: Path) -> None:
    assert find(models, "pose") is None
    large, small = installed(models, "1b"), installed(models, "0.4b")
    installed(models, "0.4b", "seg")
    assert find(models, "pose") == small
    assert find(models, "pose", "1b") == large
    assert find(models, "pose", "5b") is None
    assert find(models, "normal") is None


def test_a_file_that_is_gone_shorter_or_a_link_is_not_offered(models: Path, tmp_path: Path) -> None:
    model = installed(models)
    path = model.path(models)
    path.write_bytes(b"012345678")
    assert find(models, "pose") is None
    path.unlink()
    assert find(models, "pose") is None
    (tmp_path / "elsewhere").write_bytes(b"0123456789")
    path.symlink_to(tmp_path / "elsewhere")
    assert find(models, "pose") is None


def test_a_file_found_changed_is_not_offered(models: Path) -> None:
    installed(models, verified_at="")
    assert find(models, "pose") is None


def test_the_daemon_s_environment_keeps_hugging_face_s_libraries_off_the_network() -> None:
    assert offline_environment() == {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1"}


# ---- files


def test_a_planted_link_or_pipe_is_not_opened(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.write_text("precious")
    (tmp_path / "link").symlink_to(target)
    os.mkfifo(tmp_path / "pipe")
    os.link(target, tmp_path / "second-name")
    for name in ("link", "pipe", "second-name"):
        with pytest.raises(DeniedError, match=name) as caught:
            open_plain(tmp_path / name, os.O_RDWR | os.O_CREAT)
        assert "remove it" in caught.value.hint
    assert target.read_text() == "precious"


def test_a_lock_held_here_refuses_the_next_and_is_free_afterwards(tmp_path: Path) -> None:
    with (
        locked(tmp_path / "l", "busy with it"),
        pytest.raises(TryAgainError, match="busy with it"),
        locked(tmp_path / "l", "busy with it"),
    ):
        pass
    with locked(tmp_path / "l", "busy with it"):
        pass


@pytest.mark.parametrize(
    ("count", "words"),
    [(0, "0 bytes"), (999, "999 bytes"), (2048, "2 kB"), (5_500_000, "6 MB"), (1_702_709_456, "1.70 GB")],
)
def test_an_amount_is_said_as_people_say_it(count: int, words: str) -> None:
    assert amount(count) == words
