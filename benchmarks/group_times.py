"""Seconds of a fit with groups left out, against a GroupKFold search over 100 penalties."""

import warnings

from sklearn.model_selection import GroupKFold, GroupShuffleSplit

from benchmarks._benchmark import Benchmark
from benchmarks._data import loader
from benchmarks._timing import take_turns
from benchmarks.dependent import GROUPED, MAX_ROWS, scaled, timed_search
from sk_renorm import TheoryGuidedRidgeCV

ROUNDS = 5


def measure(name: str, options) -> list[dict]:
    """Return the least seconds of both, on the first split of ``dependent``."""
    data = loader(options.data).load_full(name, max_rows=1000 if options.quick else MAX_ROWS)
    X, Y, groups = data["X"], data["y"].reshape(len(data["X"]), -1), data["groups"]
    train, _ = next(GroupShuffleSplit(1, test_size=0.3, random_state=0).split(X, Y, groups))
    A, _ = scaled(X[train], X[train[:1]])
    labels, Y_train = groups[train], Y[train]
    search, scale = timed_search(GroupKFold(5))
    calls = {
        "ours": lambda: TheoryGuidedRidgeCV().fit(A, Y_train, groups=labels),
        "search": lambda: search.fit(A, Y_train, groups=labels),
    }
    with warnings.catch_warnings(action="ignore"):
        seconds = take_turns(calls, options.turns or ROUNDS)
    ours, theirs = seconds["ours"].min(), scale * seconds["search"].min()
    return [{"set": name, "ours": ours, "search": theirs, "search_over_ours": theirs / ours}]


BENCHMARK = Benchmark(
    cases=lambda options: list(GROUPED) if options.data else [],
    measure=measure,
    shown="set ours search search_over_ours",
    times=True,
    real=True,
)
