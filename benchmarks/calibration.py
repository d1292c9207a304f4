"""What the error bars, intervals and forecasts claim, against held-out rows and more rows."""

from dataclasses import replace

import numpy as np
from sklearn.linear_model import Ridge

from benchmarks._benchmark import Benchmark
from benchmarks._data import as_columns, load, real_sets
from benchmarks._hindsight import Modes
from benchmarks._timing import fastest
from sk_renorm import RenormalizedRidge, TheoryGuidedRidgeCV
from sk_renorm.report.forecast import forecast_curve

Z = 1.645
MAX_ROWS = 20_000
MAX_TRAIN = 1000
MAX_TEST = 2000
LEAST = 30  # rows that a point of a learning curve has
FACTORS = (0.25, 0.5, 1.0, 2.0, 4.0)  # sizes forecast, in units of the fit's
RULES = (0.25, "1se")
RIDGES = (1e-3, 1e-2, 1e-1)


def standardized(X_train, X_test):
    """Return both, by mean and standard deviation of the first; constant columns as zeros."""
    mean, scale = X_train.mean(axis=0), X_train.std(axis=0)
    scale[scale <= 1e-12 * np.abs(mean)] = np.inf
    return (X_train - mean) / scale, (X_test - mean) / scale


def squared_errors(model, X, Y) -> np.ndarray:
    """Return the squared error of every row (m,), a mean over targets."""
    return np.mean((Y - model.predict(X).reshape(Y.shape)) ** 2, axis=1)


def answers(model, X):
    """Ask everything that a fit can be asked, for as many rows as it was fitted to."""
    report = model.report_
    report.interval()
    report.compare(model.alpha_, 2.0 * model.alpha_ + 1.0)
    model.predict_interval(X)
    report.learning_curve([100, 1000])
    str(report)


def one_split(X, Y, n_train: int, rng) -> dict:
    """Fit to some rows, compare every claim with the others."""
    order = rng.permutation(len(X))
    train, test = order[:n_train], order[n_train:][:MAX_TEST]
    X_train, X_test = standardized(X[train], X[test])
    y_train = Y[train, 0] if Y.shape[1] == 1 else Y[train]
    model = TheoryGuidedRidgeCV().fit(X_train, y_train)
    errors = squared_errors(model, X_test, Y[test])
    truth, truth_se = errors.mean(), errors.std(ddof=1) / np.sqrt(len(errors))
    held_out = np.square(model.report_.held_out.errors.reshape(n_train, -1)).mean(axis=1)
    naive_se = held_out.std(ddof=1) / np.sqrt(n_train)
    some = slice(0, 300)
    row = {
        "risk": model.risk_,
        "truth": truth,
        "covered": abs(model.risk_ - truth) <= Z * np.hypot(model.risk_std_error_, truth_se),
        "covered_naive": abs(model.risk_ - truth) <= Z * np.hypot(naive_se, truth_se),
        "residual": coverage(model.predict_interval(X_test), Y[test]),
        "jackknife": coverage(
            model.predict_interval(X_test[some], method="jackknife+"), Y[test][some]
        ),
    }
    best = min(Modes(X_train, Y[train]).test_errors(X_test, Y[test]).min(), truth)
    row["excess_min"] = truth / best - 1.0
    for rule in RULES:
        other = TheoryGuidedRidgeCV(selection=rule).fit(X_train, y_train)
        row[f"excess_{rule}"] = squared_errors(other, X_test, Y[test]).mean() / best - 1.0
    _, fitting = fastest(lambda: TheoryGuidedRidgeCV().fit(X_train, y_train), 2)
    # an answer is made once: each turn needs a fit of its own
    _, both = fastest(lambda: answers(TheoryGuidedRidgeCV().fit(X_train, y_train), X_train), 2)
    return row | {"time": both / fitting - 1.0}


def coverage(limits, Y) -> float:
    """Return the share of labels inside their limits."""
    limits = limits.reshape(*Y.shape, 2)
    return float(np.mean((limits[..., 0] <= Y) & (limits[..., 1] >= Y)))


def one_curve(X, Y, n_fit: int, sizes, rng) -> dict:
    """Forecast from ``n_fit`` rows, and measure at every size on rows used by none."""
    order = rng.permutation(len(X))
    test = order[max(sizes) :][:MAX_TEST]
    curve, measured, fixed, measured_fixed = None, [], None, []
    X_fit, _ = standardized(X[order[:n_fit]], X[test[:1]])
    y_of = (lambda rows: Y[rows, 0]) if Y.shape[1] == 1 else (lambda rows: Y[rows])
    model = TheoryGuidedRidgeCV().fit(X_fit, y_of(order[:n_fit]))
    alpha = max(model.alpha_, 1e-9)
    curve = model.report_.learning_curve(sizes)
    fixed = model.report_.learning_curve(sizes, alpha=alpha)
    evidence = model.report_.evidence
    profile = replace(evidence.profile, even_noise=None)  # without an eye to the leverages
    equal = forecast_curve(profile, evidence.setting, sizes, None)
    fixed_equal = forecast_curve(profile, evidence.setting, sizes, alpha)
    for size in sizes:
        train = order[:size]
        X_train, X_test = standardized(X[train], X[test])
        tuned = TheoryGuidedRidgeCV().fit(X_train, y_of(train))
        measured.append(squared_errors(tuned, X_test, Y[test]).mean())
        # features scaled by other rows: the same penalty in the units of the fit
        untuned = Ridge(alpha=alpha).fit(X_train, y_of(train))
        measured_fixed.append(squared_errors(untuned, X_test, Y[test]).mean())
    return {
        "risk": curve.risk,
        "equal": equal.risk,
        "lower": curve.lower,
        "upper": curve.upper,
        "at_edge": curve.at_edge,
        "measured": np.array(measured),
        "fixed": fixed.risk,
        "fixed_equal": fixed_equal.risk,
        "fixed_at_edge": fixed.at_edge,
        "measured_fixed": np.array(measured_fixed),
    }


def real(name: str, options) -> list[dict]:
    """Return rows of one set: one of claims about the fit, and one per size of the curve."""
    X, y, task = load(options, name, max_rows=MAX_ROWS)
    Y = as_columns(y, task)
    n, p = X.shape
    rng = np.random.default_rng(0)
    n_train = min(n // 2, MAX_TRAIN)
    cost = n_train * min(n_train, p) * p + 100 * n_train * Y.shape[1] * min(n_train, p)
    repeats = 4 if options.quick else 100 if cost < 4e7 else 50 if cost < 4e8 else 20
    splits = [one_split(X, Y, n_train, rng) for _ in range(repeats)]
    about = {"set": name, "rows": n, "features": p, "targets": Y.shape[1]}
    first = about | {"kind": "fit", "n": n_train, "splits": repeats}
    for key in splits[0]:
        values = np.array([split[key] for split in splits], dtype=float)
        first[key] = np.median(values) if key == "time" else values.mean()
    for rule in ("min", *RULES):
        values = np.array([split[f"excess_{rule}"] for split in splits])
        first[f"worst_{rule}"] = values.max()
    n_fit = min(n // 5, MAX_TRAIN // 2)
    sizes = [round(factor * n_fit) for factor in FACTORS]
    curves = [one_curve(X, Y, n_fit, sizes, rng) for _ in range(repeats)]
    return [first, *curve_rows(about, sizes, curves)]


def curve_rows(about: dict, sizes: list[int], curves: list[dict]) -> list[dict]:
    """Return a row for every size of at least ``LEAST`` rows: mean forecast over mean error."""
    stack = {key: np.array([curve[key] for curve in curves], dtype=float) for key in curves[0]}
    measured = stack["measured"].mean(axis=0)

    def off(forecast: str, truth: str) -> np.ndarray:
        return stack[forecast].mean(axis=0) / stack[truth].mean(axis=0) - 1.0

    columns = {
        "forecast_error": off("risk", "measured"),
        "equal_error": off("equal", "measured"),
        "measured_se": stack["measured"].std(axis=0) / np.sqrt(len(curves)) / measured,
        "single_error": np.median(np.abs(stack["risk"] / measured - 1.0), axis=0),
        "fixed_error": off("fixed", "measured_fixed"),
        "fixed_equal_error": off("fixed_equal", "measured_fixed"),
        "inside": ((stack["lower"] <= measured) & (measured <= stack["upper"])).mean(axis=0),
        "at_edge": stack["at_edge"].mean(axis=0),
        "fixed_at_edge": stack["fixed_at_edge"].mean(axis=0),
    }
    return [
        about
        | {"kind": f"curve {factor:g}", "n": size, "splits": len(curves)}
        | {key: values[place] for key, values in columns.items()}
        for place, (factor, size) in enumerate(zip(FACTORS, sizes, strict=True))
        if size >= LEAST
    ]


NOISES = {
    "gaussian": lambda rng, size: rng.standard_normal(size),
    "t5": lambda rng, size: rng.standard_t(5, size) / np.sqrt(5.0 / 3.0),
    "signs": lambda rng, size: rng.choice([-1.0, 1.0], size),
    "exponential": lambda rng, size: rng.exponential(size=size) - 1.0,
}


def synthetic(noise: str, ridge: float, options) -> list[dict]:
    """Return how often the interval of the risk holds the exact risk of the very model."""
    rng = np.random.default_rng(0)
    n, p, sigma = 150, 300, 0.6
    eta = 1.0 / np.arange(1, p + 1)
    w = np.ones(p) / np.sqrt(eta.sum())
    covered, naive, repeats = [], [], 50 if options.quick else 1000
    for _ in range(repeats):
        X = rng.standard_normal((n, p)) * np.sqrt(eta)
        y = X @ w + sigma * NOISES[noise](rng, n)
        model = RenormalizedRidge(ridge * (n - 1)).fit(X, y)
        truth = eta @ (model.coef_ - w) ** 2 + model.intercept_**2 + sigma**2
        low, high = model.report_.interval()
        covered.append(low <= truth <= high)
        naive_se = np.std(model.report_.held_out.errors**2, ddof=1) / np.sqrt(n)
        naive.append(abs(model.risk_ - truth) <= Z * naive_se)
    return [
        {
            "set": f"synthetic {noise} ridge {ridge:g}",
            "rows": n,
            "features": p,
            "targets": 1,
            "kind": "synthetic",
            "n": n,
            "splits": repeats,
            "covered": np.mean(covered),
            "covered_naive": np.mean(naive),
        }
    ]


SIZES = {
    "equal": lambda rng, n: np.ones(n),
    "lognormal": lambda rng, n: np.exp(rng.standard_normal(n) - 0.5),
    "t4": lambda rng, n: 2.0 / rng.chisquare(4, n),
    "two": lambda rng, n: np.where(rng.random(n) < 0.1, 10.0, 1.0) / 1.9,
}
ELLIPTICAL = [(size, noise) for size in SIZES for noise in ("even", "growing")][1:]


def elliptical(size: str, noise: str, options) -> list[dict]:
    """Return a row for every number of rows: forecasts for rows ``sqrt(tau) z``, tau of mean one.

    The variance of the noise is the same for all rows, or grows with tau.
    """
    rng = np.random.default_rng(0)
    n, p, n_fit, sigma = 40_000, 60, 120, 0.5
    eta = np.arange(1, p + 1) ** -1.2
    tau = SIZES[size](rng, n)
    X = rng.standard_normal((n, p)) * np.sqrt(eta * tau[:, None])
    w = rng.standard_normal(p)
    noises = sigma * rng.standard_normal(n) * (np.sqrt(tau) if noise == "growing" else 1.0)
    Y = (X @ w / np.sqrt(eta @ w**2) + noises)[:, None]
    sizes = [round(factor * n_fit) for factor in FACTORS]
    curves = [one_curve(X, Y, n_fit, sizes, rng) for _ in range(4 if options.quick else 100)]
    about = {"set": f"elliptical {size} {noise}", "rows": n, "features": p, "targets": 1}
    return [
        row | {"kind": "elliptical" + row["kind"][5:]} for row in curve_rows(about, sizes, curves)
    ]


def cases(options) -> list[tuple]:
    """Return what is simulated, and real sets."""
    return [
        *(("synthetic", noise, ridge) for noise in NOISES for ridge in RIDGES),
        *(("elliptical", *case) for case in ELLIPTICAL),
        *(("set", name) for name in real_sets(options)),
    ]


def measure(case: tuple, options) -> list[dict]:
    """Return the rows of a case."""
    part, *what = case
    return {"synthetic": synthetic, "elliptical": elliptical, "set": real}[part](*what, options)


def notes(rows: list[dict]) -> list[str]:
    """Return the summary over data sets, as sentences."""
    fits = [row for row in rows if row["kind"] == "fit"]
    synthetic = [row for row in rows if row["kind"] == "synthetic"]
    curves = [row for row in rows if str(row["kind"]).startswith("curve")]

    def column(some, name):
        return np.array([row[name] for row in some], dtype=float)

    found = []
    if synthetic:
        covered, naive = column(synthetic, "covered"), column(synthetic, "covered_naive")
        found.append(
            f"90 % interval of the risk, simulated: covers {covered.min():.3f} to"
            f" {covered.max():.3f}; std / sqrt(n) {naive.min():.3f} to {naive.max():.3f}"
        )
    some = [row for row in rows if row["kind"] == f"elliptical {FACTORS[-1]:g}"]
    for row in some:
        found.append(
            f"{row['set']}: forecast to {FACTORS[-1]:g} n off by"
            f" {100 * row['forecast_error']:+.1f} %,"
            f" at a fixed penalty {100 * row['fixed_error']:+.1f} %; taking rows for equal"
            f" {100 * row['equal_error']:+.1f} % and {100 * row['fixed_equal_error']:+.1f} %"
        )
    if not fits:
        return found
    covered, naive = column(fits, "covered"), column(fits, "covered_naive")
    found.append(
        f"the same on {len(fits)} real sets: median {np.median(covered):.3f}, least"
        f" {covered.min():.3f}; std / sqrt(n) median {np.median(naive):.3f},"
        f" least {naive.min():.3f}"
    )
    large = [row for row in fits if row["rows"] >= 100]
    for method in ("residual", "jackknife"):
        values, some = column(fits, method), column(large, method)
        found.append(
            f"90 % prediction intervals, {method}: mean over sets {values.mean():.3f}, least of"
            f" {len(large)} sets of 100 rows or more {some.min():.3f}"
        )
    for name, kinds in (("n/4 to 2 n", ("0.25", "0.5", "1", "2")), ("4 n", ("4",))):
        some = [row for row in curves if row["kind"].split()[1] in kinds]
        clear = [row for row in some if row["at_edge"] < 0.5]
        error = np.abs(column(clear, "forecast_error"))
        large_errors = [
            f"{row['set']} {row['n']:.0f} rows {100 * row['forecast_error']:+.0f}"
            f" +- {100 * row['measured_se']:.0f} %"
            for row in clear
            if abs(row["forecast_error"]) > 0.25
        ]
        found.append(
            f"forecast of a tuned model, {name}: {len(clear)} of {len(some)} points not flagged,"
            f" absolute error median {100 * np.median(error):.1f} %, 90th percentile"
            f" {100 * np.percentile(error, 90):.1f} %;"
            f" above 25 %: {', '.join(large_errors) or 'none'}"
        )
        fixed = np.abs(column([r for r in some if r["fixed_at_edge"] < 0.5], "fixed_error"))
        found.append(
            f"at a fixed penalty, {name}: median {100 * np.median(fixed):.1f} %, 90th percentile"
            f" {100 * np.percentile(fixed, 90):.1f} %"
        )
    found.append(
        f"measured curve inside the band of one fit: {np.mean(column(curves, 'inside')):.3f}"
    )
    for rule in ("min", *RULES):
        excess = 100.0 * column(fits, f"excess_{rule}")
        worst = 100.0 * column(fits, f"worst_{rule}").max()
        found.append(
            f"selection {rule}: excess over hindsight median {np.median(excess):.2f} %, above 5 %"
            f" on {np.sum(excess > 5.0)} of {len(fits)} sets, 90th percentile"
            f" {np.percentile(excess, 90):.1f} %, worst split {worst:.0f} %"
        )
    time_ratio = column(fits, "time")
    found.append(
        f"time of all answers over time of the fit: median {np.median(time_ratio):.2f}, most"
        f" {time_ratio.max():.2f}"
    )
    return found


BENCHMARK = Benchmark(
    cases=cases,
    measure=measure,
    shown="set kind n splits covered residual jackknife forecast_error",
    notes=notes,
    real=True,
)
