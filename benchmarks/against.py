"""Time and held-out error of what a user would take instead, against ours.

Needs the extra ``bench``; a rival that is not installed is reported as such.
"""

import dataclasses
import importlib.metadata
import subprocess
import warnings

import numpy as np

from benchmarks._benchmark import Benchmark
from benchmarks._data import SHAPES, Case, spread
from benchmarks._process import in_new_process
from benchmarks._timing import interleave, seconds_of
from benchmarks.rivals import RIVALS
from sk_renorm import TheoryGuidedRidgeCV

QUICK_SHAPES = [(300, 20, 1), (40, 100, 3)]
LIMIT = 70.0  # seconds for one rival and shape: start, data and every fit
LONG = 3.0  # seconds beyond which a rival fits once
INTERLEAVED_SECONDS = 3.0  # for the turns of shorter ones
SEARCH_SECONDS = 5.0  # for a search that is scaled up from fewer penalties, beyond two
DRAWS_SECONDS = 3.0  # for held-out errors of further draws, 30 at most
N_TEST = 1000


def make_ours(case: Case) -> dict:
    """Return the default and GCV, with a penalty for each target as the rivals have."""
    return {
        risk: TheoryGuidedRidgeCV(risk=risk, alpha_per_target=case.q > 1) for risk in ("loo", "gcv")
    }


def as_many_as_fit(rival, X, y, budget: float):
    """Return the rival with as many of its penalties, over the same range, as time allows."""
    if not rival.fits_per_alpha or len(rival.alphas) <= 2:
        return rival
    single = type(rival)(rival.alphas[:1])
    count = budget / seconds_of(lambda: single.fit(X, y))
    return type(rival)(rival.alphas[spread(rival.alphas, count)])


def race(ours: dict, rival, X, y, options) -> dict[str, np.ndarray]:
    """Return seconds of the turns of ours and the rival, the latter one only if it is long."""
    calls = {name: lambda model=model: model.fit(X, y) for name, model in ours.items()}
    for call in calls.values():
        call()
    before = [seconds_of(call) for call in calls.values()]
    once = seconds_of(lambda: rival.fit(X, y))
    if once < LONG:
        budget = 0.2 if options.quick else INTERLEAVED_SECONDS
        return interleave({**calls, "rival": lambda: rival.fit(X, y)}, budget, options.turns)[0]
    after = [seconds_of(call) for call in calls.values()]
    pairs = dict(zip(ours, np.transpose([before, after]), strict=True))
    return {**pairs, "rival": np.array([once])}


def errors(case: Case, models: dict, draws: int) -> dict[str, np.ndarray]:
    """Return held-out errors of every model on draws of the data, the first as it is fitted."""
    found = {name: np.empty(draws) for name in models}
    for seed in range(draws):
        X, y, X_test, y_test = dataclasses.replace(case, seed=seed).draw(N_TEST)
        for name, model in models.items():
            if seed:
                model.fit(X, y)
            found[name][seed] = np.mean((model.predict(X_test) - y_test) ** 2)
    return found


def compare(case: Case, name: str, options) -> dict:
    """Return what is found of one rival on one shape, in this process."""
    rival = RIVALS[name]()
    small = Case(40, 8, min(case.q, 2), case.dtype).draw()[:2]
    for model in (rival, *make_ours(case).values()):  # imports, thread pools and their buffers
        model.fit(*small)
    X, y = case.draw()[:2]
    asked = rival.alphas
    rival = as_many_as_fit(rival, X, y, 0.5 if options.quick else SEARCH_SECONDS)
    models = make_ours(case)
    seconds = race(models, rival, X, y, options)
    took = {which: float(np.median(turns)) for which, turns in seconds.items()}
    scale = rival.work(len(asked)) / rival.work(len(rival.alphas)) if rival.fits_per_alpha else 1.0
    row = {
        "n_alphas": len(rival.alphas) or "",
        "rounds": len(seconds["rival"]),
        "seconds": took["rival"],
        **{f"{risk}_seconds": took[risk] for risk in models},
        **{f"over_{risk}": took["rival"] / took[risk] for risk in models},
        **{f"scaled_over_{risk}": scale * took["rival"] / took[risk] for risk in models},
        "alpha": float(np.median(rival.alpha_)),
        "loo_alpha": float(np.median(models["loo"].alpha_)),
    }
    if scale == 1.0:  # the error of a coarser grid says nothing of the whole one
        draws = 2 if options.quick else int(np.clip(DRAWS_SECONDS / sum(took.values()), 1, 30))
        found = errors(case, {**models, "rival": rival}, draws)
        ratio = found["rival"] / found["loo"]
        row["draws"] = len(ratio)
        row["error_over_loo"] = float(found["rival"].mean() / found["loo"].mean())
        if len(ratio) > 1:
            row["error_over_loo_std_error"] = float(ratio.std(ddof=1) / len(ratio) ** 0.5)
        row["error_over_gcv"] = float(found["rival"].mean() / found["gcv"].mean())
    return row


def compare_or_say_why_not(case: Case, name: str, options) -> dict:
    """Return what ``compare`` finds, or the reason why there is nothing."""
    if reason := RIVALS[name]().cannot(case.n, case.p, case.q):
        return {"reason": reason}
    try:
        with warnings.catch_warnings(action="ignore"):  # of other libraries
            return compare(case, name, options)
    except ImportError as error:
        return {"reason": f"not installed: {error}"}
    except Exception as error:  # whatever another library raises is a result
        return {"reason": f"{type(error).__name__}: {error}"}


def version(package: str) -> str:
    """Return the version installed, or nothing."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return ""


def measure(case: tuple[Case, str], options) -> list[dict]:
    """Return one row, from a process of its own that is stopped at LIMIT, or of this if quick."""
    shape, name = case
    row = {"n": shape.n, "p": shape.p, "q": shape.q, "rival": name}
    row["version"] = version(RIVALS[name].package)
    if options.quick:
        return [row | compare_or_say_why_not(shape, name, options)]
    try:
        found = in_new_process(compare_or_say_why_not, shape, name, options, limit=LIMIT)
    except subprocess.TimeoutExpired:
        found = {"reason": f"over {LIMIT:.0f} s"}
    except subprocess.CalledProcessError as error:  # killed, for the memory it wanted
        found = {"reason": f"died with status {error.returncode}"}
    return [row | found]


BENCHMARK = Benchmark(
    cases=lambda options: [
        (Case(*shape), name)
        for shape in (QUICK_SHAPES if options.quick else SHAPES)
        for name in RIVALS
    ],
    measure=measure,
    shown="n p q rival seconds scaled_over_loo scaled_over_gcv n_alphas alpha loo_alpha"
    " error_over_loo error_over_loo_std_error draws reason",
    times=True,
)
