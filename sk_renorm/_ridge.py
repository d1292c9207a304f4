"""RenormalizedRidge: ridge regression at a penalty given in the unit one thinks in."""

from numbers import Real
from typing import ClassVar

import numpy as np

from sk_renorm._base import RenormalizedRegressor
from sk_renorm._compat import Interval, StrOptions
from sk_renorm._linalg import Factorization
from sk_renorm._risk import alpha_from_df, alpha_from_ridge
from sk_renorm._selection import Candidates, search_nodes
from sk_renorm._validation import check_params, check_penalties


class RenormalizedRidge(RenormalizedRegressor):
    _parameter_constraints: ClassVar = {
        "alpha": [StrOptions({"auto"}), Interval(Real, 0, None, closed="left"), "array-like"],
        "effective_df": [None, Interval(Real, 0, None, closed="neither")],
        "effective_ridge": [None, Interval(Real, 0, None, closed="left")],
        "cv": ["cv_object"],
        "fit_intercept": ["boolean"],
    }

    def __init__(
        self,
        alpha="auto",
        *,
        effective_df=None,
        effective_ridge=None,
        cv=None,
        fit_intercept=True,
    ):
        self.alpha = alpha
        self.effective_df = effective_df
        self.effective_ridge = effective_ridge
        self.cv = cv
        self.fit_intercept = fit_intercept

    def fit(self, X, y, sample_weight=None, groups=None):
        dial, value = self._check_params()

        def make_candidates(f: Factorization) -> Candidates | None:
            if dial is None:
                return Candidates(search_nodes(f.eigenvalues, f.resolution), continuous=True)
            if dial == "alpha":
                return _fixed(value, f.n_targets)
            if f.resolution:  # its spectrum is too rough to convert from
                return None
            convert = {"effective_df": alpha_from_df, "effective_ridge": alpha_from_ridge}[dial]
            return _fixed(np.array([convert(f, value)]), f.n_targets)

        per_target = dial == "alpha" and len(value) > 1
        return self._fit(X, y, sample_weight, groups, make_candidates, per_target=per_target)

    def _check_params(self) -> tuple[str | None, float | np.ndarray | None]:
        """Check parameters; return the dial that is set and its value, or (None, None)."""
        check_params(self)
        given = [
            name for name in ("effective_df", "effective_ridge") if getattr(self, name) is not None
        ]
        if not isinstance(self.alpha, str):
            given.insert(0, "alpha")
        if len(given) > 1:
            raise ValueError(
                f"{' and '.join(given)} each set the penalty; give only one of them"
                + (", and leave alpha='auto'." if "alpha" in given else ".")
            )
        if not given:
            return None, None
        if given == ["alpha"]:
            return "alpha", check_penalties(np.atleast_1d(self.alpha), "alpha")
        return given[0], float(getattr(self, given[0]))


def _fixed(alpha: np.ndarray, n_targets: int) -> Candidates:
    if len(alpha) not in (1, n_targets):
        raise ValueError(
            f"alpha holds {len(alpha)} penalties for {n_targets} targets; give one, or one for each."
        )
    return Candidates(np.unique(alpha), fixed=alpha)
