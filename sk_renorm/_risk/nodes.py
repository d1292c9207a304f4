"""Which penalties are looked at: for a search, for a count of candidates, for a profile.

A loss changes only where penalties are within some factor of an eigenvalue.  Where columns differ
in scale the spectrum has gaps of many decades, in which nothing changes.  But for a row left out,
or a few, that are most of the modes above: without them there is no such eigenvalue.
"""

import numpy as np

from sk_renorm._linalg import Factorization

# The loss is analytic in log(alpha); its singularities lie on the negative axis of alpha, at
# distance pi, so steps of 1/2 and nine-point interpolation give its minima to 0.5 %, their loss to
# 1e-4, or much better: these are for a single mode, the sharpest loss there is.
STEP = 0.5
_REACH = 1e3  # beyond an eigenvalue: where alpha changes its mode's share by no more than that
_FAR = np.log(_REACH)
_DEEPEST, _N_DEEPER = 1e-13, 30  # times the weakest node: there shrinkage is rounding
_N_NODES = 24  # of a profile
_WIDEST = 1.2  # step of its nodes: what lies between is right to 1e-3
_TOO_WIDE = 1.7  # where 24 nodes cover more than what a Gram matrix resolves
_SHARED = 0.25  # of the rows: a mode of normal entries has a third, one of equal entries all


def search_nodes(f: Factorization) -> np.ndarray:
    """Return penalties that cover all that the data can tell apart, ascending.

    From no shrinkage (0, or ``resolution`` where the factorization loses smaller ones) to 1e8 times
    the largest eigenvalue, which leaves the constant predictor.  One stands for a whole gap.
    """
    eigenvalues, resolution = f.eigenvalues, f.resolution
    if not len(eigenvalues):
        return np.ones(1)  # nothing to shrink: every penalty is the constant predictor
    t = np.log(eigenvalues)
    grid = np.arange(t[-1] + _FAR, t[0] - _FAR - STEP, -STEP)[::-1]
    gaps = _gaps(f)
    for gap in gaps:
        grid = grid[(grid <= t[gap] + _FAR + STEP) | (grid >= t[gap + 1] - _FAR - STEP)]
    nodes = np.exp(np.sort(np.concatenate([grid, 0.5 * (t[gaps] + t[gaps + 1])])))
    nodes = np.concatenate([[0.0], nodes, [1e5 * eigenvalues[-1], 1e8 * eigenvalues[-1]]])
    return np.concatenate([[resolution], nodes[nodes > resolution]]) if resolution else nodes


def log_spaced(f: Factorization, count: int) -> np.ndarray:
    """Return ``count`` penalties, log-spaced over what the search covers but for the gaps."""
    if not len(f.eigenvalues):
        return np.ones(1)
    nodes = search_nodes(f)
    spread = np.exp(_spread(_stretches(f, nodes[nodes > 0.0][0], 1e8), count))
    return np.maximum(spread, f.resolution)  # which the logarithm may round down


def profile_nodes(f: Factorization, wanted: np.ndarray) -> np.ndarray:
    """Return penalties (K,), ascending and positive, between which the path is smooth.

    ``wanted`` penalties within reach are among them, and no evenly spaced one next to them.
    """
    s = f.eigenvalues
    if not len(s):
        return np.ones(1)  # nothing to shrink: every penalty is the same model
    low = max(s[0] / _REACH, f.resolution)
    stretches = _stretches(f, low, _REACH)
    length = np.diff(stretches, axis=1).sum()
    step = length / (_N_NODES - 1)
    t = _spread(stretches, _N_NODES)
    if len(stretches) > 1 or step > _TOO_WIDE:  # each stretch with both its ends
        step = min(step, _WIDEST)
        counts = np.ceil(np.diff(stretches, axis=1)[:, 0] / step).astype(int) + 1
        t = np.concatenate([np.linspace(*s, k) for s, k in zip(stretches, counts, strict=True)])
    wanted = np.unique(wanted[(wanted > low) & (wanted < s[-1] * _REACH)])
    near = np.abs(t[:, None] - np.log(wanted)).min(axis=1, initial=np.inf) < 0.5 * step
    return np.sort(np.concatenate([np.exp(t[~near]), wanted]))


def deeper_nodes(nodes: np.ndarray, resolution: float) -> np.ndarray:
    """Return ``nodes`` (K,) of a profile, and weaker ones down to where shrinkage is rounding."""
    below = nodes[0] * np.geomspace(_DEEPEST, 1.0, _N_DEEPER, endpoint=False)
    return np.concatenate([below[below > resolution], nodes])


def _gaps(f: Factorization) -> np.ndarray:
    """Return after which eigenvalues there is a gap in which no loss changes."""
    gaps = np.flatnonzero(np.diff(np.log(f.eigenvalues)) > 2.0 * (_FAR + STEP))
    if not len(gaps):
        return gaps
    least = np.minimum.accumulate(f.participation[::-1])[::-1]
    return gaps[least[gaps + 1] >= _SHARED]


def _stretches(f: Factorization, low: float, beyond: float) -> np.ndarray:
    """Return the stretches (m, 2) of log penalties where a loss changes, from ``low`` on.

    The last one ends ``beyond`` times the largest eigenvalue.
    """
    t, gaps = np.log(f.eigenvalues), _gaps(f)
    gaps = gaps[t[gaps] + _FAR > np.log(low)]
    starts = np.concatenate([[np.log(low)], t[gaps + 1] - _FAR])
    ends = np.concatenate([t[gaps] + _FAR, [np.log(f.eigenvalues[-1] * beyond)]])
    return np.column_stack([starts, ends])


def _spread(stretches: np.ndarray, count: int) -> np.ndarray:
    """Return ``count`` points, evenly spread over the stretches laid end to end."""
    if len(stretches) == 1:
        return np.linspace(*stretches[0], count)
    ends = np.cumsum(np.diff(stretches, axis=1)[:, 0])
    at = np.linspace(0.0, ends[-1], count)
    place = np.minimum(np.searchsorted(ends, at), len(ends) - 1)
    return stretches[place, 1] - (ends[place] - at)
