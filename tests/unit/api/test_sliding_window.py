"""The window of a rate limit, by a clock of its own."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from limits import parse

from fluxio_api.sliding_window import SlidingWindow


class Time:
    """A clock that is set by hand [s]."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def admits(window: SlidingWindow, key: str = "a") -> bool:
    if window.wait_s(key):
        return False
    window.count(key)
    return True


def test_so_many_and_no_more() -> None:
    window = SlidingWindow(parse("3 per 10 seconds"), clock=Time())
    assert [admits(window) for _ in range(5)] == [True, True, True, False, False]
    assert admits(window, "b"), "another key is not concerned"


def test_the_turn_of_the_clock_admits_no_second_load() -> None:
    time = Time()
    window = SlidingWindow(parse("10 per 10 seconds"), clock=time)
    time.now = 1009.9
    assert all(admits(window) for _ in range(10))
    time.now = 1010.1
    assert not admits(window)
    time.now = 1015.0
    assert [admits(window) for _ in range(6)] == [True] * 5 + [False], "half of the window has slid out"


def test_a_pause_of_two_windows_forgets_everything() -> None:
    time = Time()
    window = SlidingWindow(parse("2 per second"), clock=time)
    assert [admits(window) for _ in range(3)] == [True, True, False]
    time.now += 2
    assert [admits(window) for _ in range(3)] == [True, True, False]


@given(
    most=st.integers(1, 20),
    pauses=st.lists(st.floats(0, 15, allow_nan=False), min_size=1, max_size=60),
)
def test_who_waits_as_long_as_told_is_admitted_and_who_waits_less_is_not(most: int, pauses: list[float]) -> None:
    time = Time()
    window = SlidingWindow(parse(f"{most} per 10 seconds"), clock=time)
    for pause in pauses:
        time.now += pause
        wait_s = window.wait_s("a")
        if wait_s > 0.01:
            time.now += wait_s - 0.005
            assert window.wait_s("a") > 0, "too early"
            time.now += 0.01
            assert window.wait_s("a") == 0, "as told"
        elif wait_s == 0:
            window.count("a")
