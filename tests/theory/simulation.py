"""Ground truth by simulation, and the analysis of variance that reads it.

Predictors are p-vectors of coefficients; distances between them are weighted with the eigenvalues,
``|u|**2 = sum eta u**2``, which makes them errors on fresh data.
"""

import os

import numpy as np

from sk_renorm import theory

FULL = os.environ.get("SK_RENORM_SLOW") == "1"
SCALES = (2, 4) if FULL else (1, 2)


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


def enlarge(spectrum, scale):
    """The same problem at another size: every eigenvalue ``scale`` times, the signal spread."""
    eta, w = spectrum.eigenvalues, spectrum.signal
    return theory.Spectrum(np.repeat(eta, scale), np.repeat(w, scale) / np.sqrt(scale))


def assert_no_gap(gaps, atol=0.0, name=""):
    """The gap between simulation and theory vanishes, to 3 standard errors and nothing else.

    ``gaps(scale)`` returns independent samples of simulation minus theory.  At finite size the
    theory errs by ``c / size``; twice the mean at twice the size, less the mean at the size, is
    free of it (Richardson).  What is left, of order ``1 / size**2``, is far below the error.
    """
    small, large = (np.asarray(gaps(scale)) for scale in SCALES)
    value = 2.0 * large.mean() - small.mean()
    error = np.sqrt(4.0 * large.var(ddof=1) / large.size + small.var(ddof=1) / small.size)
    assert abs(value) <= 3.0 * error + atol, f"{name}: {value:.3g}, standard error {error:.2g}"


def assert_no_gaps(samples, atol=0.0):
    """The same for several quantities: ``samples(scale)`` returns a dict of them."""
    small, large = (samples(scale) for scale in SCALES)
    for name in small:
        assert_no_gap(dict(zip(SCALES, (small[name], large[name]), strict=True)).get, atol, name)
