"""Which pictures may be judged, what counts as dark, and when a process is tried again."""

from __future__ import annotations

import numpy as np
import pytest
from tests.fakes.camera import picture

from uprightd.camera.light import Light, light_of
from uprightd.camera.restarts import Notices, Restarts
from uprightd.camera.screening import Look, Screening, Verdict

BRIGHT, BLACK = Light(120.0, 40.0), Light(0.0, 0.0)
LOOK = Look(1280, 720, "Logitech")


def noise(mean: int, spread: float) -> np.ndarray:
    random = np.random.default_rng(1)
    return np.clip(random.normal(mean, spread, (120, 160, 1)), 0, 255).astype(np.uint8).repeat(3, axis=2)


@pytest.mark.parametrize(
    ("image", "blank"),
    [
        (np.zeros((120, 160, 3), np.uint8), True),
        (np.full((120, 160, 3), 128, np.uint8), True),
        (np.full((120, 160, 3), 255, np.uint8), True),
        (np.full((3, 2, 3), (255, 0, 0), np.uint8), True),
        (noise(5, 3), True),
        (noise(20, 3), False),
        (picture(), False),
        (np.where(picture() > 200, 90, 0).astype(np.uint8), False),
    ],
    ids=["black", "grey", "white", "tiny blue", "covered lens", "dusk", "normal", "lamp in a dark room"],
)
def test_black_and_one_coloured_pictures_show_nothing_and_dim_ones_do(image: np.ndarray, blank: bool) -> None:
    assert light_of(image).blank is blank


def test_light_is_the_mean_and_spread_of_the_brightness() -> None:
    image = np.zeros((120, 160, 3), np.uint8)
    image[:, 80:] = 200
    light = light_of(image)
    assert light.mean == pytest.approx(100, abs=1)
    assert light.spread == pytest.approx(100, abs=1)


def test_dark_is_said_after_so_many_in_a_row_and_taken_back_by_one_good_picture() -> None:
    screening = Screening(live=True, dark_after=3)
    said = []
    for light in (BLACK, BLACK, BRIGHT, BLACK, BLACK, BLACK, BRIGHT):
        verdict = screening.of_live(LOOK, light, 0.0, asked_earlier=False)
        assert verdict is (Verdict.DARK if light is BLACK else Verdict.GOOD)
        said.append(screening.dark)
    assert said == [False, False, False, False, False, True, False]


@pytest.mark.parametrize("other", [Look(640, 480, "Logitech"), Look(1280, 720, "FaceTime")])
def test_another_size_or_name_is_another_camera_until_the_first_is_back(other: Look) -> None:
    screening = Screening(live=True, dark_after=3)
    verdicts = [screening.of_live(look, BRIGHT, 0.0, False) for look in (LOOK, other, other, LOOK)]
    assert verdicts == [Verdict.GOOD, Verdict.FOREIGN, Verdict.FOREIGN, Verdict.GOOD]


def test_an_old_picture_is_refused_once_but_a_slow_reader_still_gets_some() -> None:
    screening = Screening(live=True, dark_after=3)
    verdicts = [screening.of_live(LOOK, BRIGHT, 0.9, asked_earlier=True) for _ in range(4)]
    assert verdicts == [Verdict.OLD, Verdict.GOOD, Verdict.OLD, Verdict.GOOD]
    assert screening.of_live(LOOK, BRIGHT, 0.1, asked_earlier=True) is Verdict.GOOD
    assert screening.of_live(LOOK, BRIGHT, 9.0, asked_earlier=False) is Verdict.GOOD


def test_time_in_a_file_never_runs_backwards_and_keeps_to_what_was_asked() -> None:
    screening = Screening(live=False, dark_after=3)
    asked = [(0.0, None), (1.0, 1.0), (1.0, None), (0.5, None), (1.4, 1.5), (1.5, 1.5), (2.0, 2.0 + 1e-9)]
    verdicts = [screening.of_file(position, BRIGHT, not_before) for position, not_before in asked]
    good, old = Verdict.GOOD, Verdict.OLD
    assert verdicts == [good, good, old, old, old, good, good]


def test_waits_double_up_to_the_longest_and_move_by_a_quarter() -> None:
    middle = Restarts(1.0, 60.0, jitter=lambda: 0.5)
    assert [middle.failed() for _ in range(8)] == [1, 2, 4, 8, 16, 32, 60, 60]
    shortest, longest = Restarts(1.0, 60.0, lambda: 0.0), Restarts(1.0, 60.0, lambda: 1.0)
    assert (shortest.failed(), longest.failed()) == (0.75, 1.25)
    for _ in range(2000):
        assert longest.failed() <= 60.0


def test_the_fifth_death_within_a_minute_brings_the_longest_wait_and_slower_ones_do_not() -> None:
    quick = Restarts(1.0, 60.0, jitter=lambda: 0.5)
    assert [quick.crashed(float(second)) for second in (0, 10, 20, 30, 40, 50)] == [
        (1, False), (2, False), (4, False), (8, False), (60, True), (16, False),
    ]  # fmt: skip
    slow = Restarts(1.0, 60.0, jitter=lambda: 0.5)
    assert not any(slow.crashed(float(second))[1] for second in range(0, 1000, 20))


def test_a_healthy_minute_forgets_failures_and_half_a_minute_does_not() -> None:
    restarts = Restarts(1.0, 60.0, jitter=lambda: 0.5)
    for _ in range(4):
        restarts.failed()
    assert not restarts.good(100.0)
    assert not restarts.good(130.0)
    assert restarts.failed() == 16
    assert not restarts.good(200.0)
    assert restarts.good(260.0)
    assert restarts.failed() == 1


def test_a_repeated_event_is_told_first_and_then_every_tenth_time_with_its_count() -> None:
    notices = Notices()
    for _ in range(10_000):
        notices.tell("SIGSEGV", "died")
    notices.tell("stall", "stuck")
    lines = notices.take()
    assert lines[:3] == ["died", "died (10 times so far)", "died (20 times so far)"]
    assert lines[-1] == "stuck"
    assert len(lines) == 1002
    assert notices.take() == []
    notices.forget()
    notices.tell("SIGSEGV", "died")
    assert notices.take() == ["died"]
