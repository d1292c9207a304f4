"""Brute force: refits by scikit-learn or by the pseudoinverse, slow and plain."""

from dataclasses import fields
from operator import attrgetter

import numpy as np
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import Ridge

REPORTED = [
    "std_error",
    "equivalent_alphas",
    "alpha_identified",
    "leverage_dispersion",
    "eigenvalues",
    "factorization",
    "path",
    "profile",
    "held_out",
    "noise",
    "dependence",
    "sample",
    "monte_carlo",
]


def ridge_fit(X, Y, alpha, weights=None, fit_intercept=True):
    """Coefficients (p, q) and intercept (q,) by SVD of the centred rows; alpha = 0 too."""
    w = np.ones(len(X)) if weights is None else np.asarray(weights, dtype=float)
    Y = Y.reshape(len(Y), -1)
    x_mean = w @ X / w.sum() if fit_intercept else np.zeros(X.shape[1])
    y_mean = w @ Y / w.sum() if fit_intercept else np.zeros(Y.shape[1])
    root = np.sqrt(w)[:, None]
    U, s, Vt = np.linalg.svd(root * (X - x_mean), full_matrices=False)
    keep = s > 1e-12 * np.linalg.norm(root * X)
    gains = s[keep] / (s[keep] ** 2 + alpha)
    coef = Vt[keep].T @ (gains[:, None] * (U[:, keep].T @ (root * (Y - y_mean))))
    return coef, y_mean - x_mean @ coef


def held_out_errors(X, y, alpha, folds, weights=None, fit_intercept=True):
    """Errors of every test row for the model fitted to its training rows, in the shape of y."""
    errors = np.full(y.shape, np.nan)
    for train, test in folds:
        w = None if weights is None else weights[train]
        coef, intercept = ridge_fit(X[train], y[train], alpha, w, fit_intercept)
        errors[test] = y[test] - (X[test] @ coef + intercept).reshape(y[test].shape)
    return errors


def held_out_risks(X, y, alphas, folds, power=2):
    """Mean of ``|error| ** power`` over all test rows at each penalty (L,), unweighted."""
    errors = []
    for train, test in folds:
        x_mean, y_mean = X[train].mean(axis=0), y[train].mean(axis=0)
        U, s, Vt = np.linalg.svd(X[train] - x_mean, full_matrices=False)
        z = U.T @ (y[train] - y_mean)
        gains = s[:, None] / (s[:, None] ** 2 + alphas)
        predictions = (X[test] - x_mean) @ Vt.T @ (gains * z[:, None])
        errors.append((y[test] - y_mean)[:, None] - predictions)
    return np.mean(np.abs(np.concatenate(errors)) ** power, axis=0)


def one_by_one(n):
    """Folds that leave out one row at a time."""
    return [(np.delete(np.arange(n), i), np.array([i])) for i in range(n)]


def sklearn_errors(X, y, alpha, folds, weights=None, fit_intercept=True):
    """The same errors by scikit-learn's Ridge."""
    errors = np.full(y.shape, np.nan)
    for train, test in folds:
        model = Ridge(alpha=alpha, fit_intercept=fit_intercept)
        model.fit(X[train], y[train], sample_weight=None if weights is None else weights[train])
        errors[test] = y[test] - model.predict(X[test])
    return errors


def make_data(n, p, q=None, *, seed=0, noise=1.0, offset=1.0):
    """Gaussian rows with a mean, targets linear in some of the features."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, p)) * np.geomspace(1.0, 0.1, p) + offset
    coef = rng.standard_normal((p, q or 1))
    Y = X @ coef + noise * rng.standard_normal((n, q or 1)) + 3.0
    return X, Y if q else Y[:, 0]


def make_conditioned_data(n, p, q=None, *, fit_intercept=True, worst=2e4):
    """Data of the first seed where no training set of n - 1 rows is nearly singular.

    A Gram matrix squares condition numbers: at 2e4 it keeps about nine digits everywhere.
    """
    for seed in range(1000):
        X, y = make_data(n, p, q, seed=seed)
        conditions = []
        for train, _ in one_by_one(n):
            centred = X[train] - X[train].mean(axis=0) * fit_intercept
            s = np.linalg.svd(centred, compute_uv=False)
            conditions.append(s[0] / s[s > 1e-12 * s[0]][-1] if s[0] > 1e-12 else 1.0)
        if max(conditions) < worst:
            return X, y
    raise AssertionError("no such seed")


def answer(model, name):
    """Return an attribute of a fitted model, or of its report, by a name with dots."""
    return attrgetter(name)(model)


def factorization_of(model):
    """Return what a fitted model was made of."""
    return model.report_.evidence._fit.factorization


def answers(model):
    """Return all that a fitted model has and tells, by name; without what it has no rows for."""
    found = {name: value for name, value in vars(model).items() if name.endswith("_")}
    for name in REPORTED:
        try:
            told = getattr(model.report_, name)
        except NotFittedError:
            continue
        if hasattr(told, "__dataclass_fields__"):
            for field in fields(told):
                found[f"report_.{name}.{field.name}"] = getattr(told, field.name)
        else:
            found[f"report_.{name}"] = told
    return {name: value for name, value in found.items() if value is not None}
