"""Every estimate of the risk, by name, and brute force beside it."""

from functools import cache, partial
from itertools import pairwise

import numpy as np
import scipy.fft
import scipy.optimize
from expected import Expected
from reductions import dask_rows, in_memory, krylov, on_device
from reference import held_out_errors
from scipy.linalg import toeplitz

from sk_renorm._linalg import Digest, Fold, factorize_moments, refit
from sk_renorm._risk import (
    CorrelatedRows,
    GeneralizedCrossValidation,
    LeaveFoldOut,
    LeaveOneOut,
    LeaveOneOutByBlock,
    QuadratureGCV,
    RowCorrelation,
    SampledGCV,
    rows_apart,
)
from sk_renorm._risk.correlated.noise_correlation import two_components
from sk_renorm._risk.leave_one_out.on_device import DeviceLeaveOneOut


def by_row(exact, rows=slice(None), **known):
    """Return what to expect of rows left out singly."""
    errors = cache(lambda alpha: [exact.leave_one_out(alpha)[rows]])
    known.setdefault("weights", exact.weights)
    return Expected(exact, [np.arange(len(exact.Y))[rows]], errors, rows=rows, **known)


def risk_weights_of(n):
    return np.random.default_rng(2).integers(0, 4, n).astype(float)


def plain(X, Y, weights, fit_intercept, exact):
    return LeaveOneOut(in_memory(X, Y, weights, fit_intercept)), by_row(exact)


def risk_weights(X, Y, weights, fit_intercept, exact):
    extra = risk_weights_of(len(Y))
    estimate = LeaveOneOut(in_memory(X, Y, weights, fit_intercept), extra)
    return estimate, by_row(exact, weights=exact.weights * extra)


def apart(X, Y, weights, fit_intercept, exact):
    """The first row outweighs all others."""
    f = in_memory(X, Y, weights, fit_intercept)
    first = LeaveOneOut(f)
    first.risk(np.ones((1, 1)))
    hold_out = partial(refit, X, Y, weights, fit_intercept=fit_intercept)
    alone = rows_apart(f, np.array(sorted(first.lost)), hold_out)
    assert list(alone) == [0]
    # of a row of leverage one, one minus that is all rounding, and its error is 1e8
    return LeaveOneOut(f, apart=alone), by_row(exact, noise_is_exact=False)


def place_kept(X, Y, weights, fit_intercept, exact):
    return DeviceLeaveOneOut(on_device(X, Y, weights, fit_intercept)), by_row(exact)


def by_block(X, Y, weights, fit_intercept, exact):
    rows = dask_rows(X, Y, weights)
    sums = rows.moments()[2]
    sums = sums if fit_intercept else sums.about_zero()
    return LeaveOneOutByBlock(factorize_moments(sums, len(X), rows.again(sums)), rows), by_row(
        exact
    )


def folds(splits, of_groups=False, weighted_risk=False):
    """Return what leaves out the ``splits(n)``, pairs of rows to train on and to test."""

    def make(X, Y, weights, fit_intercept, exact):
        n, extra, codes = len(Y), None, None
        pairs = splits(n)
        if of_groups:
            codes = group_codes(n) // 2
        if weighted_risk:
            extra = risk_weights_of(n)
        estimate = LeaveFoldOut(
            in_memory(X, Y, weights, fit_intercept),
            [Fold.from_split(*pair, n) for pair in pairs],
            partial(refit, X, Y, weights, fit_intercept=fit_intercept),
            codes,
            extra,
        )

        @cache
        def errors(alpha):
            given = exact.given
            pairs_of = (([pair], pair[1]) for pair in pairs)
            return [
                held_out_errors(given[0], given[1], alpha, one, *given[2:])[test]
                for one, test in pairs_of
            ]

        c = exact.weights if extra is None else exact.weights * extra
        sets = [test for _, test in pairs]
        known = {"singly": False, "has_noise": not of_groups}
        return estimate, Expected(exact, sets, errors, c, groups=codes, **known)

    make.__name__ = splits.__name__ + " of groups" * of_groups + ", weighted risk" * weighted_risk
    return make


def group_codes(n):
    return np.random.default_rng(3).integers(0, 8, n)


def complement(n, *tests):
    return [(np.setdiff1d(np.arange(n), test), test) for test in tests]


def quarters(n):
    return complement(n, *np.array_split(np.random.default_rng(0).permutation(n), 4))


def pairs(n):
    return complement(n, *np.array_split(np.arange(n), n // 2))


def groups(n):
    """Folds of whole groups, two in each."""
    codes = group_codes(n) // 2
    return complement(n, *(np.flatnonzero(codes // 2 == fold) for fold in range(2)))


def gaps(n):
    """Blocks of three, a row on each side seen by neither."""
    every = np.arange(n)
    blocks = (every[start : start + 3] for start in range(0, n, 3))
    return [(every[(every < b[0] - 1) | (every > b[-1] + 1)], b) for b in blocks]


def overlapping(n):
    """Every row twice or three times."""
    rng = np.random.default_rng(1)
    thrice = [rng.permutation(n)[: n // 3] for _ in range(2)]
    return complement(
        n, *np.array_split(np.arange(n), 5), *np.array_split(np.arange(n), 3), *thrice
    )


def growing(n):
    """Trained on what came before: rows that are tested by few, and rows never tested."""
    cuts = [n // 2, 2 * n // 3, n]
    return [(np.arange(a), np.arange(a, b)) for a, b in pairwise(cuts)]


def gcv(X, Y, weights, fit_intercept, exact):
    f = in_memory(X, Y, weights, fit_intercept)
    return GeneralizedCrossValidation(f), by_row(exact, risk=exact.gcv)


def sampled(X, Y, weights, fit_intercept, exact, size=25):
    """A sample of the rows."""
    digest = Digest.of(0, X, Y, weights, size)
    sample = digest.sample
    rows = np.flatnonzero((X[:, None] == sample.X).all(axis=2).any(axis=1))
    assert len(rows) == min(size, len(X))
    sums = digest.moments if fit_intercept else digest.moments.about_zero()
    f = factorize_moments(sums, digest.effective_rows(fit_intercept))
    f = f.holding(sample.X, sample.Y, sample.weights * sample.shares)
    w, some = exact.weights, exact.weights[rows]
    fewer = np.sum(w**2) / w.sum() ** 2 * some.sum() ** 2 / np.sum(some**2)
    known = {
        "fewer": fewer,
        "noise_is_exact": len(rows) == len(X),
    }  # leverages of a sample have another mean
    return SampledGCV(f, digest), by_row(exact, rows, risk=exact.gcv, **known)


def all_sampled(*data):
    return sampled(*data, size=1000)


def quadrature(X, Y, weights, fit_intercept, exact):
    """Of a diagonal Gram matrix: random signs have its traces, and leverages, without error."""
    n, total = len(Y), exact.total_weight

    def risk(alpha):
        rest = n - fit_intercept - exact.df(alpha)
        n_modes = n - fit_intercept
        power = exact.residual_power(alpha)
        return (n + fit_intercept) / total * n_modes * power / rest**2

    @cache
    def errors(alpha):
        residuals = exact.targets - exact.fitted(alpha)
        scale = np.sqrt(risk(alpha) * total / np.square(residuals).sum(axis=0))
        return [residuals / exact.root * scale]

    def slack(alpha):
        of_mean = fit_intercept / n  # of rows of mean weight
        return 1.0 - of_mean - (exact.leverages(alpha) - exact.constant**2)

    known = {"risk": risk, "slack": slack, "singly": False, "has_noise": False}
    estimate = QuadratureGCV(krylov(X, Y, weights, fit_intercept))
    return estimate, Expected(exact, [np.arange(n)], errors, exact.weights, **known)


def correlated(given, matched):
    """Return the estimate for rows of a correlation; brute force by its dense matrix."""

    def make(X, Y, weights, fit_intercept, exact):
        n = len(Y)
        lags = 0.6 ** np.arange(n)
        K = toeplitz(lags)
        if given == "lags":
            correlation = RowCorrelation.stationary(lags, n, fit_intercept)
            basis = scipy.fft.dct(np.eye(n), axis=0, norm="ortho")[int(fit_intercept) :].T
        else:
            correlation = RowCorrelation.from_matrix(K, fit_intercept)
            free = np.linalg.svd(np.eye(n) - fit_intercept / n)[0][:, : n - fit_intercept]
            basis = free @ np.linalg.eigh(free.T @ K @ free)[1]
        k = np.einsum("tj,ts,sj->j", basis, K, basis)

        def risk(alpha):
            share = exact.df(alpha) / len(k)
            kt = scipy.optimize.brentq(
                lambda x: np.mean(k / (k + x)) - share, 1e-12, 1e12, xtol=1e-14
            )
            powers = np.square(basis.T @ (exact.targets - exact.fitted(alpha)))
            of_mean = 1.0 + fit_intercept * K.mean()
            if matched:
                return powers.sum(axis=0) / np.sum(k * (kt / (k + kt)) ** 2) * of_mean
            powers = powers * (((k + kt) / kt) ** 2)[:, None]
            parts = two_components(powers[:, None], k[:, None, None], signed=True)
            return parts[0][0] * of_mean + parts[1][0] * (1.0 + fit_intercept / n)

        f = in_memory(X, Y, weights, fit_intercept)
        estimate = CorrelatedRows(f, correlation, lags, matched=matched)
        assert not estimate._noise_at_lag_one.any()  # the targets' own noise is independent
        return estimate, by_row(exact, risk=cache(risk), fewer=np.sum(K**2) / n)

    make.__name__ = f"{given}, {'matched' if matched else 'two kinds of noise'}"
    return make
