"""Speeds and times left."""

import pytest

from app.engine.rate import SpeedMeter, eta_s


def test_a_steady_flow_is_told_as_its_speed() -> None:
    meter = SpeedMeter(0.0)
    for tick in range(1, 101):
        meter.sample(tick * 0.1, tick * 1000)
    assert meter.bps == pytest.approx(10_000, rel=0.01)


def test_the_first_look_is_the_plain_average() -> None:
    assert SpeedMeter(0.0).sample(0.5, 500) == pytest.approx(1000 * (1 - 2.718281828**-1), rel=0.01)


def test_silence_lets_the_speed_fall_away() -> None:
    meter = SpeedMeter(0.0)
    meter.sample(1.0, 1_000_000)
    for tick in range(2, 20):
        meter.sample(float(tick), 1_000_000)
    assert meter.bps < 1000


def test_a_count_that_falls_is_no_negative_speed() -> None:
    meter = SpeedMeter(0.0, 5000)
    assert meter.sample(1.0, 0) == 0.0


def test_the_time_left_is_unknown_without_a_speed() -> None:
    assert eta_s(1000, 0.0) is None
    assert eta_s(1000, 100.0) == 10.0
