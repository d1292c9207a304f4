"""Fits to rows that come in blocks: from a digest of them, or from blocks that dask makes again."""

import warnings
from dataclasses import dataclass

import numpy as np
from sklearn.utils.validation import validate_data

from sk_renorm._checks.warn import outside, warn_at_edge_of
from sk_renorm._estimator.attributes import FittedAttributes
from sk_renorm._estimator.progress import reported
from sk_renorm._estimator.summary import DISPERSED
from sk_renorm._linalg import DaskRows, Digest, Factorization, Moments, features_of
from sk_renorm._risk import LeaveOneOutByBlock, SampledGCV, sampled_leave_one_out
from sk_renorm._rows.check import refusal, unchanged_on_error
from sk_renorm._rows.names import column_names
from sk_renorm._rows.numbers import check_finite, check_sizes, check_weight
from sk_renorm._rows.rows import TrainingData
from sk_renorm._tuning.candidates import Asked, Candidates
from sk_renorm._tuning.request import Request
from sk_renorm._tuning.search import Selection
from sk_renorm._tuning.tune import tune_estimate
from sk_renorm.exceptions import UnreliableGCVWarning, UnresolvedPenaltyWarning

_PENDING = ("_stream", "_later")
Names = dict[str, list[str] | None]  # of columns of X and y


@dataclass(frozen=True)
class RowsAtHand(TrainingData):
    """Some rows of a fit, or only their targets, with what is known of all rows.

    Attributes
    ----------
    moments : Moments
        Of all rows.
    n_rows : float
        Their number.
    """

    moments: Moments | None = None
    n_rows: float = 0.0

    @property
    def mean_weight(self) -> float:
        return self.moments.total_weight / self.n_rows

    @property
    def target_variance(self) -> np.ndarray:
        return self.moments.yy / self.moments.total_weight * self.n_rows / (self.n_rows - 1.0)


class BlockwiseFit(FittedAttributes):
    """Learns from rows of which only sums, and some rows, are at hand."""

    def _fit_dask(self, X, y, sample_weight, groups, risk_weight, request: Request):
        """Fit to a dask collection; an error leaves the estimator as it was."""
        refused = self._refused_for_blocks("A fit to a dask collection", groups, risk_weight)
        if refused:
            raise ValueError(refused)
        with reported(self, X, y, sample_weight) as stage, unchanged_on_error(self):
            self._forget_fit()
            validate_data(self, features_of(X), y, skip_check_array=True)
            rows = DaskRows.of(X, y, sample_weight, stage)
            flat = getattr(y, "ndim", np.ndim(y)) == 1
            names = {"X": column_names(X), "y": column_names(y)}
            if request.risk == "gcv":
                digest = rows.digest()
                check_sums(digest.moments, digest.n_seen, names)
                _check_number(digest.n_seen)
                self._fit_digest(digest, flat, request, rows)
                return self
            Y, weights, moments = rows.moments()
            check_sums(moments, len(Y), names)
            _check_number(len(Y))
            data = _rows_at_hand(rows.dtype, Y, weights, flat, moments, len(Y))
            how = {"fit_intercept": self.fit_intercept, "least": request.candidates.least}
            factorization = rows.factorize(moments, len(Y), **how)
            self._choose(data, LeaveOneOutByBlock(factorization, rows), request)
        return self

    def _fit_digest(
        self, digest: Digest, flat: bool, request: Request, rows: DaskRows | None = None
    ) -> None:
        """Fit to a digest of ``rows``, or of rows that are gone."""
        estimate = SampledGCV(digest, self.fit_intercept, rows)
        sample = digest.sample
        n_rows = estimate.factorization.data.n_rows
        data = _rows_at_hand(sample.X.dtype, sample.Y, sample.weights, flat, digest.moments, n_rows)
        selection = self._choose(data, estimate, request)
        joint = len(selection.risk) == 1
        loo = sampled_leave_one_out(estimate, selection.errors, selection.alpha, joint)
        self.sampled_loo_risk_, self.sampled_loo_risk_std_error_ = (
            float(values[0]) if joint else values for values in loo
        )
        dispersion = float(np.max(self.leverage_dispersion_))
        if dispersion > DISPERSED:
            values = (float(np.mean(value)) for value in (self.risk_, *loo))
            warnings.warn(
                f"Leverages differ much (dispersion {dispersion:.2f}), so risk_, which is GCV's, "
                "is not to be trusted: {:.4g}, where a sample puts the leave-one-out risk at "
                "{:.4g} +- {:.2g}. Fit with risk='loo' to all rows, in memory or in a dask "
                "collection, or look where these rows come from.".format(*values),
                UnreliableGCVWarning,
                stacklevel=outside(),
            )

    def _choose(
        self, data: RowsAtHand, estimate: SampledGCV | LeaveOneOutByBlock, request: Request
    ) -> Selection:
        """Choose the penalty and set attributes."""
        f = estimate.factorization
        candidates = resolved_candidates(request.candidates, f)
        fit = tune_estimate(estimate, data, candidates, request)
        objective, selection = fit.objective, fit.selection
        if request.candidates.may_end_early:
            warn_at_edge_of(objective, selection)
        if candidates.continuous and selection.alpha.min() <= f.resolution > 0.0:
            warnings.warn(
                f"The best penalty may lie below {f.resolution:.3g}, the least that second moments "
                "resolve here, since some features are nearly collinear; drop features, or fit to "
                "rows in memory, where smaller ones are searched.",
                UnresolvedPenaltyWarning,
                stacklevel=outside(),
            )
        self._set_fit(data, objective, selection)
        self._keep_rows(None, single_rows=True)
        return selection

    def _rows_are_correlated(self) -> bool:
        given = self.sample_correlation
        return not (given is None or (isinstance(given, str) and given == "independent"))

    def _is_robust(self) -> bool:
        given = getattr(self, "selection", None)
        return isinstance(given, str) and given == "robust"

    def _refused_for_blocks(self, what: str, groups=None, risk_weight=None) -> str | None:
        """Say what parameter needs all rows at once, which ``what`` never sees."""
        asked = {
            "cv": self.cv is not None,
            "groups": groups is not None,
            "scoring": getattr(self, "scoring", None) is not None,
            "store_cv_results": getattr(self, "store_cv_results", False),
            "sample_correlation": self._rows_are_correlated(),
            "risk_weight": risk_weight is not None,
            "selection='robust'": self._is_robust(),
        }
        return refusal(
            asked,
            what + " sees one block of rows at a time, and {name} needs all of them; leave {name} "
            "out, or fit to rows in memory.",
        )

    def _forget_fit(self, keep: tuple[str, ...] = ()) -> None:
        """Remove fitted attributes, and what others are made of when asked for."""
        names = [name for name in vars(self) if name.endswith("_") or name in _PENDING]
        for name in names:
            if name not in keep:
                delattr(self, name)


class RefusedCandidates(ValueError):
    """Penalties asked for do not go with the rows."""


def resolved_candidates(asked: Asked, f: Factorization) -> Candidates:
    """Make candidates; refuse those that the second moments in ``f`` do not resolve."""
    try:
        candidates = asked.of(f)
    except ValueError as error:
        raise RefusedCandidates(*error.args) from error
    if candidates is None or candidates.alphas.min() < f.resolution:
        raise RefusedCandidates(
            "Some features are nearly collinear, and second moments, unlike the rows, resolve "
            f"no penalty below {f.resolution:.3g} then; give one at least that large, drop "
            "features, or fit to rows in memory."
        )
    return candidates


def _rows_at_hand(dtype, Y, weights, flat: bool, moments: Moments, n_rows: float) -> RowsAtHand:
    no_rows = np.empty((0, len(moments.x_mean)), dtype=dtype)
    weights = None if weights is None or (weights == 1.0).all() else weights
    y = Y[:, 0] if flat else Y
    return RowsAtHand(no_rows, Y, weights, y, moments=moments, n_rows=n_rows)


def check_sums(moments: Moments, n_rows: int, names: Names | None = None) -> None:
    """Refuse what is empty, not finite or of extreme size; columns of X and y by their names."""
    names = {} if names is None else names
    squares = {"X": np.diagonal(moments.xx), "y": moments.yy}
    means = {"X": moments.x_mean, "y": moments.y_mean}
    for name, sums in squares.items():
        if not len(sums):
            raise ValueError(f"{name} has no columns; at least one is needed.")
    check_weight(moments.total_weight / max(n_rows, 1))
    for name, sums in squares.items():
        check_finite(name, means[name], sums, names.get(name))
    spread = {name: np.sqrt(sums / moments.total_weight) for name, sums in squares.items()}
    check_sizes(*(max(np.abs(means[name]).max(), spread[name].max()) for name in ("X", "y")))


def _check_number(n_rows: int) -> None:
    if n_rows < 2:
        raise ValueError(
            f"Found {n_rows} row(s) of positive weight; it takes two to choose a penalty."
        )
