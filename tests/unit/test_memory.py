"""F9: a process that grows without end is replaced and not trusted."""

from __future__ import annotations

import pytest

from uprightd.errors import TryAgainError
from uprightd.service.memory import EVERY, SETTLED_AFTER, MemoryCeiling, resident


def test_what_is_taken_while_the_model_settles_is_normal() -> None:
    held = iter([5_000, 5_900, 5_999])
    ceiling = MemoryCeiling(growth=1_000, measure=lambda: next(held))
    for _ in range(SETTLED_AFTER + 2 * EVERY):
        ceiling.check()


def test_growth_past_the_ceiling_ends_the_process_with_the_code_for_a_new_start() -> None:
    held = iter([5_000_000_000, 5_900_000_000, 6_000_000_001])
    ceiling = MemoryCeiling(growth=1_000_000_000, measure=lambda: next(held))
    for _ in range(SETTLED_AFTER + 2 * EVERY - 1):
        ceiling.check()
    with pytest.raises(TryAgainError, match="from 5000 to 6000 MB") as caught:
        ceiling.check()
    assert caught.value.exit_code == 75


def test_the_memory_of_this_process_is_measured() -> None:
    assert 10_000_000 < resident() < 10_000_000_000
