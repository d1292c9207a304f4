"""partial_fit: rows that come in blocks and are let go; the penalty is chosen when asked for."""

from collections.abc import Iterator
from contextlib import contextmanager
from inspect import getattr_static
from numbers import Real

from sklearn.exceptions import NotFittedError
from sklearn.utils.metaestimators import available_if

from sk_renorm._estimator.excludes import refused_for_blocks
from sk_renorm._linalg import Digest, is_dask
from sk_renorm._rows.blocks import BlockRows
from sk_renorm._rows.check import check_training_data, unchanged_on_error
from sk_renorm._rows.devices import place_of, to_host
from sk_renorm._rows.numbers import check_sizes
from sk_renorm._rows.sums import check_sums
from sk_renorm._tuning.reductions import RefusedCandidates
from sk_renorm._tuning.tune import tune

_OF_FEATURES = ("n_features_in_", "feature_names_in_")
_CHOSEN = (  # made together when one is asked for
    "coef_",
    "intercept_",
    "alpha_",
    "risk_",
    "best_score_",
    "effective_df_",
    "effective_ridge_",
    "_report",
)


def _takes_blocks(estimator) -> bool:
    return _refused(estimator, "partial_fit") is None


def _refused(estimator, what: str) -> str | None:
    """Say what parameter needs all rows at once; parameters that are wrong say so elsewhere."""
    try:
        request = estimator._request()
    except (TypeError, ValueError):
        return None
    return refused_for_blocks(estimator, request, what)


class StreamingMixin:
    """Adds ``partial_fit``.

    ``_stream`` holds the digest of the rows so far as arrays and numbers; what a fit sets is
    missing until some of it is asked for, and then made together.
    """

    @available_if(_takes_blocks)
    def partial_fit(self, X, y, sample_weight=None, *, forget=0.0):
        """Add a block of rows to the fit.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows, one or more.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            Targets.
        sample_weight : float or array-like of shape (n_samples,), default=None
            Weights, none negative.
        forget : float, default=0.0
            Share, from 0 to below 1, that all earlier rows lose of their weights before the block
            is added: an exponential window.

        Returns
        -------
        object
            The estimator itself; its penalty is chosen when a fitted attribute is first used.

        Raises
        ------
        ValueError
            If the block does not go with those before, or holds what cannot be computed with: here
            values of y beyond 1e30 too; the estimator is unchanged.
        AttributeError
            If ``cv``, ``scoring``, ``sample_correlation``, ``store_cv_results`` or
            ``selection="robust"`` is set: these need all rows.

        Notes
        -----
        Means and centred second moments are kept, which merge exactly [1]_: the model is, to
        rounding, that of ``fit`` to all rows with ``risk="gcv"``, whatever the blocks and their
        order.  A stream is always tuned by GCV.  A random sample of at most 2048 rows, which has no
        part in the choice of ``selection="min"``, gives error bars, ``loo_predictions_`` and
        intervals, and ``report_.sample``: the leave-one-out risk at the penalty chosen, with its
        standard error.  As long as it holds all rows that is exact; later, the error knows nothing
        of rare rows of very large leverage that the sample lacks.

        If features are nearly collinear, second moments resolve no penalty below 1e-10 of the
        largest eigenvalue: a smaller one is refused if it is given, and a warning says so if the
        search ends there.

        ``fit`` starts afresh, and so does the first ``partial_fit`` after it.

        A block of b rows costs ``b p (p + q)`` multiply-adds and a few copies of p x p sums; the
        choice of the penalty, at first use, about ``9 p^3``.

        References
        ----------
        .. [1] Chan, Golub and LeVeque (1983), "Algorithms for computing the sample variance",
           The American Statistician 37.

        Examples
        --------
        >>> from sklearn.datasets import load_diabetes
        >>> from sk_renorm import TheoryGuidedRidgeCV
        >>> X, y = load_diabetes(return_X_y=True)
        >>> model = TheoryGuidedRidgeCV()
        >>> for start in range(0, len(X), 100):
        ...     model = model.partial_fit(X[start : start + 100], y[start : start + 100])
        >>> print(f"{model.risk_:.1f} {model.report_.sample.risk:.1f}")
        3004.0 3000.0
        """
        if is_dask(X):
            raise ValueError("partial_fit takes blocks in memory; give a dask collection to fit.")
        if place_of(X) is not None:
            raise ValueError(
                "partial_fit takes blocks of numpy, and X lives elsewhere; move each block to "
                "numpy, or give all rows to fit."
            )
        self._request()
        if not (isinstance(forget, Real) and 0.0 <= forget < 1.0):
            raise ValueError(f"forget must be a share, from 0 to below 1; got {forget!r}.")
        y, sample_weight = to_host(y), to_host(sample_weight)
        stream = vars(self).get("_stream")
        with unchanged_on_error(self):
            data = check_training_data(
                self, X, y, sample_weight, is_block=True, is_next=stream is not None
            )
            # no later block could mend sums of such targets; small ones it can
            check_sizes(0.0, max(1.0, data.target_sizes.max()))
            past = None if stream is None else Digest.from_state(stream["digest"])
            digest = Digest.of(0 if past is None else past.n_seen, data.X, data.Y, data.weights)
            flat = data.y.ndim == 1
            if past is not None:
                n_targets = len(past.moments.yy)
                if data.Y.shape[1] != n_targets:
                    raise ValueError(
                        f"y has {data.Y.shape[1]} targets, and the blocks before had {n_targets}."
                    )
                digest, flat = past.forgetting(forget) + digest, stream["flat"]
            self._forget_fit(keep=_OF_FEATURES)
            self.n_samples_seen_ = digest.n_seen
            self._stream = {"digest": digest.state(), "flat": flat}
        return self

    def __getattr__(self, name):
        # called for what is missing, and for a property that raised an AttributeError: again, so
        # that its sentence is not lost
        if isinstance(getattr_static(type(self), name, None), property):
            return getattr_static(type(self), name).fget(self)
        if name == "partial_fit":
            raise AttributeError(_refused(self, name), name=name, obj=self)
        stream = vars(self).get("_stream")
        if stream is None or name not in _CHOSEN or "alpha_" in vars(self):
            message = f"{type(self).__name__!r} object has no attribute {name!r}"
            raise AttributeError(message, name=name, obj=self)
        with unchanged_on_error(self):
            self._tune(Digest.from_state(stream["digest"]), stream["flat"])
        return getattr(self, name)

    def _tune(self, digest: Digest, flat: bool) -> None:
        """Choose the penalty and set fitted attributes."""
        if digest.n_seen < 2:
            raise NotFittedError("The stream has one row so far; it takes two to choose a penalty.")
        refused = _refused(self, "A stream")  # by what was set since the last block
        if refused:
            raise NotFittedError(refused)
        with _not_fitted_if(TypeError, ValueError):
            request = self._request()
            check_sums(digest.moments, digest.n_seen)
        data = BlockRows.of_digest(digest, flat, request.fit_intercept)
        with _not_fitted_if(RefusedCandidates):
            fit = tune(data, request)
        self._learn(fit)


@contextmanager
def _not_fitted_if(*refusals: type[Exception]) -> Iterator[None]:
    """Turn what parameters or candidates are refused with into what a missing attribute means."""
    try:
        yield
    except refusals as error:
        raise NotFittedError(f"No penalty can be chosen from the rows so far. {error}") from error
