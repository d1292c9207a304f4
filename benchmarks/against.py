"""Time and held-out error of what a user would take instead, against ours.

``python benchmarks/against.py [--quick] [--shapes 100000x100,50x5] [--rivals RidgeCV]``

Needs the extra ``bench``; a rival that is not installed is reported as such.  See README.md beside
this file for what is measured and how, and ``rivals/`` for the rivals.
"""

import argparse
import dataclasses
import importlib.metadata
import json
import subprocess
import sys
import time
import warnings
from pathlib import Path

import numpy as np
from _common import RESULTS, Case, environment, interleave, parse_shapes, seconds_per_fit, write_csv
from rivals import RIVALS

from sk_renorm import TheoryGuidedRidgeCV

SHAPES = [
    (100_000, 100, 1),
    (10_000, 1000, 1),
    (20_000, 500, 1),
    (2000, 2000, 1),
    (1000, 10_000, 1),
    (300, 4000, 1),
    (50, 5, 1),
    (200, 20, 1),
    (2000, 1000, 1000),
]
QUICK_SHAPES = [(300, 20, 1), (40, 100, 3)]
LIMIT = 70.0  # seconds for one rival and shape: start, data and every fit
LONG = 3.0  # seconds beyond which a rival fits once
INTERLEAVED_SECONDS = 3.0  # for the turns of shorter ones
SEARCH_SECONDS = 5.0  # for a search that is scaled up from fewer penalties, beyond two
DRAWS_SECONDS = 3.0  # for held-out errors of further draws, 30 at most
N_TEST = 1000
NOTHING = {
    "n_alphas": "",
    "rounds": "",
    "seconds": np.nan,
    "loo_seconds": np.nan,
    "gcv_seconds": np.nan,
    "over_loo": np.nan,
    "over_gcv": np.nan,
    "scaled_over_loo": np.nan,
    "scaled_over_gcv": np.nan,
    "alpha": np.nan,
    "loo_alpha": np.nan,
    "draws": "",
    "error_over_loo": np.nan,
    "error_over_loo_std_error": np.nan,
    "error_over_gcv": np.nan,
}


def make_ours(case: Case) -> dict:
    """Return the default and GCV, with a penalty for each target as the rivals have."""
    return {
        risk: TheoryGuidedRidgeCV(risk=risk, alpha_per_target=case.q > 1) for risk in ("loo", "gcv")
    }


def as_many_as_fit(rival, X, y, budget: float):
    """Return the rival with as many of its penalties, over the same range, as time allows."""
    if not rival.fits_per_alpha or len(rival.alphas) <= 2:
        return rival
    count = int(budget / seconds_per_fit(type(rival)(rival.alphas[:1]), X, y))
    some = np.linspace(0, len(rival.alphas) - 1, np.clip(count, 2, len(rival.alphas)))
    return type(rival)(rival.alphas[some.round().astype(int)])


def take_turns(ours: dict, rival, X, y, quick: bool) -> dict[str, np.ndarray]:
    """Return seconds of the turns of ours and the rival, the latter one only if it is long."""
    for model in ours.values():
        model.fit(X, y)
    before = [seconds_per_fit(model, X, y) for model in ours.values()]
    once = seconds_per_fit(rival, X, y)
    if once < LONG:
        return interleave({**ours, "rival": rival}, X, y, 0.2 if quick else INTERLEAVED_SECONDS)[0]
    after = [seconds_per_fit(model, X, y) for model in ours.values()]
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


def measure(case: Case, name: str, quick: bool) -> dict:
    """Return what is found of one rival on one shape, in this process."""
    rival = RIVALS[name]()
    small = Case(40, 8, min(case.q, 2), case.dtype).draw()[:2]
    for model in (rival, *make_ours(case).values()):  # imports, thread pools and their buffers
        model.fit(*small)
    X, y = case.draw()[:2]
    asked = rival.alphas
    rival = as_many_as_fit(rival, X, y, 0.5 if quick else SEARCH_SECONDS)
    models = make_ours(case)
    seconds = take_turns(models, rival, X, y, quick)
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
        draws = 2 if quick else int(np.clip(DRAWS_SECONDS / sum(took.values()), 1, 30))
        found = errors(case, {**models, "rival": rival}, draws)
        ratio = found["rival"] / found["loo"]
        row["draws"] = len(ratio)
        row["error_over_loo"] = float(found["rival"].mean() / found["loo"].mean())
        if len(ratio) > 1:
            row["error_over_loo_std_error"] = float(ratio.std(ddof=1) / len(ratio) ** 0.5)
        row["error_over_gcv"] = float(found["rival"].mean() / found["gcv"].mean())
    return row


def measure_or_say_why_not(case: Case, name: str, quick: bool) -> dict:
    """Return what ``measure`` finds, or the reason why there is nothing."""
    if reason := RIVALS[name]().cannot(case.n, case.p, case.q):
        return {"reason": reason}
    try:
        return measure(case, name, quick)
    except ImportError as error:
        return {"reason": f"not installed: {error}"}
    except Exception as error:  # whatever another library raises is a result
        return {"reason": f"{type(error).__name__}: {error}"}


def in_new_process(case: Case, name: str) -> dict:
    """Return the same from a process of its own, which is stopped at LIMIT."""
    arguments = json.dumps([dataclasses.astuple(case), name])
    command = [sys.executable, __file__, "--one", arguments]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT, check=False)
    except subprocess.TimeoutExpired:
        return {"reason": f"over {LIMIT:.0f} s"}
    if done.returncode:  # killed, for the memory it wanted
        return {"reason": f"died with status {done.returncode}"}
    return json.loads(done.stdout.splitlines()[-1])


def version(package: str) -> str:
    """Return the version installed, or nothing."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return ""


def show(row: dict) -> None:
    """Print one row."""
    head = f"{row['n']:7d} x {row['p']:5d} x {row['q']:4d} {row['rival']:22s}"
    if row["reason"]:
        print(f"{head} {row['reason']}", flush=True)
        return
    print(
        f"{head} {row['seconds']:9.4f} s  over loo {row['scaled_over_loo']:8.2f}"
        f"  over gcv {row['scaled_over_gcv']:8.2f}  alphas {row['n_alphas']!s:>3}"
        f"  alpha {row['alpha']:8.3g} ({row['loo_alpha']:8.3g})"
        f"  error over loo {row['error_over_loo']:.4f}"
        f" +- {row['error_over_loo_std_error']:.4f} ({row['draws']})",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="small, one process; writes nothing")
    parser.add_argument("--shapes", help="such as 100000x100,2000x1000x1000; default: all")
    parser.add_argument("--rivals", help="names, separated by commas; default: all")
    parser.add_argument("--output", type=Path, help="default: results/ when everything runs")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    args = parser.parse_args()
    warnings.simplefilter("ignore")  # of other libraries
    if args.one:
        shape, name = json.loads(args.one)
        print(json.dumps(measure_or_say_why_not(Case(*shape), name, quick=False)))
        return
    shapes = parse_shapes(args.shapes) or (QUICK_SHAPES if args.quick else SHAPES)
    names = args.rivals.split(",") if args.rivals else list(RIVALS)
    env, rows = environment(), []
    start = time.perf_counter()
    for shape in shapes:
        case = Case(*shape, "float64")
        for name in names:
            row = {"n": case.n, "p": case.p, "q": case.q, "rival": name}
            row["version"] = version(RIVALS[name].package)
            if args.quick:
                found = measure_or_say_why_not(case, name, quick=True)
            else:
                found = in_new_process(case, name)
            row |= {**NOTHING, **found}
            row["reason"] = row.pop("reason", "")
            show(row)
            rows.append(row)
    print(f"{time.perf_counter() - start:.0f} s in all")
    full = not (args.quick or args.shapes or args.rivals)
    output = args.output or (RESULTS / "against.csv" if full else None)
    if output:
        write_csv(output, rows, [], env)


if __name__ == "__main__":
    main()
