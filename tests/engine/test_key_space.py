"""Guesses of what a listing holds further on."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.engine.key_space import key_ahead


@given(st.lists(st.text(max_size=12), min_size=1, max_size=20), st.floats(0.1, 100))
def test_a_guess_lies_ahead_or_there_is_none(names: list[str], steps: float) -> None:
    guess = key_ahead(sorted(names), steps)
    assert guess is None or guess > max(names)


@pytest.mark.parametrize("form", ["{:06d}.bin", "a/b/{:05d}", "2026-{:04d}.log", "{:08x}", "IMG_{:06d}.JPG"])
@pytest.mark.parametrize("steps", [1, 5, 40])
def test_numbers_are_counted_on(form: str, steps: int) -> None:
    names = [form.format(number) for number in range(120, 160)]
    everything = [form.format(number) for number in range(9000)]
    guess = key_ahead(names, steps)
    assert guess is not None
    found = sum(name <= guess for name in everything) - 160
    assert 0.6 * 39 * steps <= found <= 1.1 * 39 * steps


def test_hashes_are_counted_on() -> None:
    draw = random.Random(3)
    everything = sorted(f"{draw.getrandbits(48):012x}" for _ in range(20_000))
    guess = key_ahead(everything[5000:5400], 8)
    assert guess is not None
    assert 1600 < sum(name <= guess for name in everything) - 5400 < 6400


def test_where_the_keys_of_a_kind_end_there_is_no_guess() -> None:
    assert key_ahead(["900", "999"], 3) is None
    assert key_ahead(["same"], 3) is None
