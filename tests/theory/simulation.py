"""Ground truth by simulation, and the analysis of variance that reads it.

Predictors are p-vectors of coefficients; distances between them are weighted with the eigenvalues,
``|u|**2 = sum eta u**2``, which makes them errors on fresh data.
"""

import os

import numpy as np

FULL = os.environ.get("SK_RENORM_SLOW") == "1"


def two_way(u, eta):
    """Unbiased components of a two-way random-effects model without replication.

    ``u`` has shape (A, B, p): factor a (features) by factor b (data).  Returns the components of a,
    of b and of their interaction, and the estimate's own mean.
    """
    a, b = u.shape[:2]
    grand = u.mean(axis=(0, 1))
    rows, columns = u.mean(axis=1), u.mean(axis=0)
    interaction = u - rows[:, None] - columns[None] + grand

    def norm2(v):
        return float((v**2 @ eta).sum())

    both = norm2(interaction) / ((a - 1) * (b - 1))
    first = (norm2(rows - grand) / (a - 1)) - both / b
    second = (norm2(columns - grand) / (b - 1)) - both / a
    return first, second, both, grand


def bias2(grand, target, eta, first, second, both, a, b):
    """Unbiased squared distance of the mean predictor from the target."""
    return float((grand - target) ** 2 @ eta) - first / a - second / b - both / (a * b)


def ridge_coefficients(phi, y, ridge):
    """Minimizer of ``(1/n) |y - phi v|**2 + ridge |v|**2``, for one or several columns y."""
    n, width = phi.shape
    if n < width:
        return phi.T @ np.linalg.solve(phi @ phi.T + n * ridge * np.eye(n), y)
    return np.linalg.solve(phi.T @ phi + n * ridge * np.eye(width), phi.T @ y)


def assert_within(samples, expected, finite_size, name=""):
    """Mean of independent repetitions within 3 standard errors, plus the formula's O(1/n)."""
    mean = np.mean(samples)
    error = np.std(samples, ddof=1) / np.sqrt(len(samples))
    assert abs(mean - expected) < 3.0 * error + finite_size, (
        f"{name}: {mean:.5g} +- {error:.2g}, theory {expected:.5g}"
    )
