"""Ridge regression in arithmetic of a hundred digits: entries of X and y are taken as exact."""

import mpmath
import numpy as np


def exact_errors(X, y, alphas, *, weights=None, folds=None, digits=100):
    """Errors (n, L) of rows held out, by refits without the rows of each fold (default: each row).

    An intercept is fitted and not penalized.
    """
    with mpmath.workdps(digits):
        n = len(X)
        rows, target = _exact(np.asarray(X, dtype=float)), _exact(np.asarray(y, dtype=float))
        weight = _exact(np.ones(n) if weights is None else np.asarray(weights, dtype=float))
        errors = np.empty((n, len(alphas)))
        for fold in folds if folds is not None else [[i] for i in range(n)]:
            train = [i for i in range(n) if i not in set(fold)]
            for at, (means, level, coef) in enumerate(_fits(rows, target, weight, train, alphas)):
                for i in fold:
                    moved = [x - m for x, m in zip(rows[i], means, strict=True)]
                    errors[i, at] = float(target[i] - level - mpmath.fdot(moved, coef))
        return errors


def exact_coefficients(X, y, alpha, *, digits=100):
    """Coefficients (p,) of a ridge regression with an intercept."""
    with mpmath.workdps(digits):
        rows, target = _exact(np.asarray(X, dtype=float)), _exact(np.asarray(y, dtype=float))
        weight = [mpmath.mpf(1)] * len(X)
        ((_, _, coef),) = _fits(rows, target, weight, range(len(X)), [alpha])
        return np.array([float(value) for value in coef])


def _exact(values):
    if values.ndim == 1:
        return [mpmath.mpf(float(value)) for value in values]
    return [_exact(row) for row in values]


def _fits(rows, target, weight, train, alphas):
    """Yield means, mean target and coefficients for every penalty."""
    total = mpmath.fsum(weight[i] for i in train)
    columns = range(len(rows[0]))
    means = [mpmath.fsum(weight[i] * rows[i][j] for i in train) / total for j in columns]
    level = mpmath.fsum(weight[i] * target[i] for i in train) / total
    centred = [[rows[i][j] - means[j] for j in columns] for i in train]
    weighted = [[weight[i] * x for x in row] for i, row in zip(train, centred, strict=True)]
    left = [target[i] - level for i in train]
    if len(columns) <= len(train):
        gram = mpmath.matrix(weighted).T * mpmath.matrix(centred)
        cross = mpmath.matrix(weighted).T * mpmath.matrix(left)
        for alpha in alphas:
            coef = mpmath.lu_solve(gram + mpmath.mpf(float(alpha)) * mpmath.eye(gram.rows), cross)
            yield means, level, list(coef)
        return
    # more columns than rows: coefficients are combinations of the rows
    products = mpmath.matrix(centred) * mpmath.matrix(centred).T
    inverse = mpmath.diag([1 / weight[i] for i in train])
    for alpha in alphas:
        system = products + mpmath.mpf(float(alpha)) * inverse
        dual = mpmath.lu_solve(system, mpmath.matrix(left))
        yield means, level, list(mpmath.matrix(centred).T * dual)
