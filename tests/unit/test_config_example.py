"""The example names every setting with its default and explains it; the schema explains itself."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from uprightd.config.expectations import expected
from uprightd.config.load import load_config
from uprightd.config.schema import Config
from uprightd.paths import shipped
from uprightd.strict_yaml import load

EXAMPLE = shipped("config.example.yaml")


def _fields(
    model: type[BaseModel] = Config, at: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], FieldInfo]]:
    for name, field in model.model_fields.items():
        yield (*at, name), field
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from _fields(field.annotation, (*at, name))


FIELDS = list(_fields())
KEYPATHS = [keypath for keypath, _ in FIELDS]


def test_the_example_equals_the_defaults() -> None:
    assert load_config(EXAMPLE, packs=("desk",)) == Config()


@pytest.mark.parametrize("keypath", KEYPATHS, ids=".".join)
def test_the_example_names_every_key_under_a_comment(keypath: tuple[str, ...]) -> None:
    document = load(EXAMPLE)
    assert keypath in document.lines
    above = EXAMPLE.read_text(encoding="utf-8").splitlines()[document.lines[keypath] - 2]
    assert above.strip().startswith("# ")


@pytest.mark.parametrize(("keypath", "field"), FIELDS, ids=[*map(".".join, KEYPATHS)])
def test_every_setting_has_a_description_and_words_for_what_it_expects(
    keypath: tuple[str, ...], field: FieldInfo
) -> None:
    assert field.description
    assert field.description.endswith(".")
    assert expected(keypath)


def test_reading_settings_loads_no_heavy_library() -> None:
    code = (
        "import sys; from uprightd.config.load import load_config; load_config();"
        "heavy = {'numpy', 'cv2', 'mediapipe', 'torch', 'apscheduler', 'desktop_notifier', 'rich'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=30
    )
    assert done.stdout.strip() == "[]"
