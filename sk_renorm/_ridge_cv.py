"""TheoryGuidedRidgeCV: ridge regression that tunes itself."""

from numbers import Integral
from typing import ClassVar

import numpy as np
from sklearn.metrics import get_scorer_names

from sk_renorm._base import RenormalizedRegressor
from sk_renorm._compat import Interval, StrOptions
from sk_renorm._linalg import Factorization
from sk_renorm._risk import RISKS
from sk_renorm._selection import Candidates, log_spaced, search_nodes
from sk_renorm._validation import check_params, check_penalties


class TheoryGuidedRidgeCV(RenormalizedRegressor):
    _parameter_constraints: ClassVar = {
        "alphas": [None, Interval(Integral, 2, None, closed="left"), "array-like"],
        "risk": [StrOptions(set(RISKS))],
        "cv": ["cv_object"],
        "scoring": [None, StrOptions(set(get_scorer_names())), callable],
        "alpha_per_target": ["boolean"],
        "fit_intercept": ["boolean"],
        "store_cv_results": ["boolean"],
    }

    def __init__(
        self,
        alphas=None,
        *,
        risk="loo",
        cv=None,
        scoring=None,
        alpha_per_target=False,
        fit_intercept=True,
        store_cv_results=False,
    ):
        self.alphas = alphas
        self.risk = risk
        self.cv = cv
        self.scoring = scoring
        self.alpha_per_target = alpha_per_target
        self.fit_intercept = fit_intercept
        self.store_cv_results = store_cv_results

    def fit(self, X, y, sample_weight=None, groups=None):
        alphas = self._check_params(groups)

        def make_candidates(f: Factorization) -> Candidates:
            if alphas is None:
                return Candidates(search_nodes(f.eigenvalues, f.resolution), continuous=True)
            if isinstance(alphas, Integral):
                return Candidates(log_spaced(f.eigenvalues, f.resolution, alphas))
            return Candidates(alphas)

        return self._fit(
            X,
            y,
            sample_weight,
            groups,
            make_candidates,
            risk=self.risk,
            per_target=self.alpha_per_target,
            warn_at_edge=isinstance(alphas, np.ndarray) and len(alphas) > 1,
            store_cv_results=self.store_cv_results,
        )

    def _check_params(self, groups) -> int | np.ndarray | None:
        """Check parameters before anything is touched; return the candidates asked for."""
        check_params(self)
        if self.risk == "gcv":
            asked = {
                "cv": self.cv is not None,
                "groups": groups is not None,
                "scoring": self.scoring is not None,
                "store_cv_results": self.store_cv_results,
            }
            for name in (name for name, value in asked.items() if value):
                raise ValueError(
                    f"{name} needs errors of rows left out, and risk='gcv' has only their mean "
                    f"square; use risk='loo' with {name}."
                )
        if self.alphas is None or isinstance(self.alphas, Integral):
            return self.alphas
        return check_penalties(self.alphas, "alphas")
