"""The noise variance: an interval, since unlearned signal looks like noise where p >= n.

``B(kappa) = risk (1 - gamma)`` estimates ``bias(kappa)**2 + noise``: all the data says of the noise
is how B falls as kappa does.
"""

import numpy as np
from scipy.optimize import nnls

from sk_renorm._risk.uncertainty.profile import RiskProfile
from sk_renorm._risk.uncertainty.sums import ONE_SIDED_95

_TRACE = 1e-6


def noise_interval(profile: RiskProfile) -> np.ndarray:
    """Return lower and upper bounds (k, 2) of the noise variance, each at 95 %.

    The upper one is the least ``B + 1.645 se``: every B contains the noise.  The lower one starts
    from the residual variance where rows remain, else from a fit of
    ``B = noise + sum_j a_j (kappa / (kappa + eta_j))**2`` with nothing negative, whose noise comes
    out too low on average.
    """
    B, relative = profile.bias_and_noise, profile.relative_error
    upper = (B * (1.0 + ONE_SIDED_95 * relative)).min(axis=1)
    error = relative[:, 0]
    if profile.residual_noise is None:
        fits = zip(B, relative, strict=True)
        lower = np.array([_fitted_noise(profile.kappa, *one) for one in fits])
        lower = lower - ONE_SIDED_95 * error * B[:, 0]
    else:
        lower = profile.residual_noise
        error = np.maximum(error, np.sqrt(2.0 / profile.n_free))
        upper = np.minimum(upper, lower * (1.0 + ONE_SIDED_95 * error))
        lower = lower * (1.0 - ONE_SIDED_95 * error)
    return np.stack([np.clip(lower, 0.0, upper), upper], axis=1)


def _fitted_noise(kappa: np.ndarray, B: np.ndarray, relative: np.ndarray) -> float:
    """Fit noise and a spectrum of signal, none negative, to B (K,); return the noise."""
    if not B.any():
        return 0.0
    # directions weaker than the least kappa too: their signal passes for noise
    strength = np.geomspace(kappa[0] / 10.0, kappa[-1], 2 * len(kappa))
    learned = np.square(kappa[:, None] / (kappa[:, None] + strength))
    matrix = np.column_stack([np.ones(len(kappa)), learned])
    # every value in units of its error; columns of length one, and a trace of ridge since
    # neighbouring strengths are nearly alike
    unit = np.maximum(B, 1e-8 * B.max()) * np.maximum(relative, 1e-3)
    matrix /= unit[:, None]
    lengths = np.linalg.norm(matrix, axis=0)
    target = B / unit
    padded = np.concatenate([matrix / lengths, _TRACE * np.eye(len(lengths))])
    size = np.linalg.norm(target)
    solution, _ = nnls(padded, np.concatenate([target / size, np.zeros(len(lengths))]))
    return float(solution[0] * size / lengths[0])
