"""Seconds of a call: once, as the fastest of several, or of several calls in turns."""

import time
from collections.abc import Callable

import numpy as np

PAUSE = 0.2  # seconds: the BLAS threads of one rival spin for a tenth before they fall asleep
TURN_SECONDS = 0.01  # tiny fits are repeated to fill a turn


def timed(call: Callable, times: int = 1) -> tuple[object, float]:
    """Return what ``call()`` gives and the seconds it took, a mean over ``times`` calls."""
    start = time.perf_counter()
    for _ in range(times):
        result = call()
    return result, (time.perf_counter() - start) / times


def fastest(call: Callable, turns: int) -> tuple[object, float]:
    """Return what ``call()`` gives and the least of its seconds."""
    runs = [timed(call) for _ in range(turns)]
    return runs[-1][0], min(seconds for _, seconds in runs)


def seconds_of(call: Callable, times: int = 1) -> float:
    """Return the seconds of ``call()`` after a pause, a mean over ``times`` calls."""
    time.sleep(PAUSE)
    return timed(call, times)[1]


def take_turns(calls: dict[str, Callable], turns: int, times: int = 1) -> dict[str, np.ndarray]:
    """Return the seconds (turns,) of each of several calls, all of them once in every turn."""
    seconds = {name: np.empty(turns) for name in calls}
    for turn in range(turns):
        for name, call in calls.items():
            seconds[name][turn] = seconds_of(call, times)
    return seconds


def interleave(
    calls: dict[str, Callable], budget: float, turns: int | None
) -> tuple[dict[str, np.ndarray], int]:
    """Return the seconds of calls in turns, and the calls per turn.

    There are as many turns as fit into ``budget`` seconds, 3 to 51, or ``turns``; calls that are
    shorter than a turn should be are repeated in each.
    """
    once = {name: seconds_of(call) for name, call in calls.items()}
    if sum(once.values()) < 1.0:  # long fits need no second warm-up
        once = {name: seconds_of(call) for name, call in calls.items()}
    times = int(np.clip(TURN_SECONDS / min(once.values()), 1, 50))
    one_turn = sum(times * seconds + PAUSE for seconds in once.values())
    return take_turns(calls, turns or int(np.clip(budget / one_turn, 3, 51)), times), times
