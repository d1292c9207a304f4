"""Report: what a fit answers, by question; each answer is made once, when it is asked for."""

from functools import cached_property
from statistics import NormalDist

import numpy as np

from sk_renorm._checks.problem import Problem
from sk_renorm._risk import RiskProfile, node_weights, noise_interval, standard_errors
from sk_renorm._rows.check import check_penalties
from sk_renorm._rows.devices import to_host
from sk_renorm._tuning.error_bars import equivalent_range, is_identified
from sk_renorm.report.ahead import RiskAhead, check_steps, risks_ahead
from sk_renorm.report.answers import (
    Comparison,
    Dependence,
    HeldOut,
    MonteCarlo,
    Noise,
    Profile,
    RiskPath,
    Sample,
)
from sk_renorm.report.evidence import Evidence
from sk_renorm.report.forecast import SamplesNeeded, forecast_curve, forecast_samples
from sk_renorm.report.intervals import check_level
from sk_renorm.report.learning_curve import LearningCurve
from sk_renorm.report.summary import as_text


class Report:
    """What a fitted model says of itself; print it for a summary.

    ``report_`` of a fitted estimator.  Nothing is computed before it is asked for, and then once.
    Arrays are numpy's.  With ``alpha_per_target`` numbers are arrays of shape (n_targets,), and
    what has the shape (2,) has (n_targets, 2).

    Parameters
    ----------
    evidence : Evidence
        What the answers are made of.

    Attributes
    ----------
    risk, std_error : float or ndarray of shape (n_targets,)
        Expected squared error of this very model on a fresh row, label noise included, in squared
        units of y; and its standard error.
    equivalent_alphas : ndarray of shape (2,) or (n_targets, 2)
        Least and greatest penalty, of all there are, whose risk the data cannot tell from the
        smallest: it is higher by less than 1.645 standard errors of the difference.
    alpha_identified : bool or ndarray of shape (n_targets,)
        Whether that range leaves out more than a tenth of the degrees of freedom.
    path : RiskPath
        The risk at the penalties that were tried.
    profile : Profile
        All of the path at a few nodes, whatever was tried, with its covariance.
    held_out : HeldOut
        Predictions and errors of rows by models fitted without them.
    noise : Noise
        Label noise, and the R^2 that no linear model can pass.
    leverage_dispersion : float or ndarray of shape (n_targets,)
        Standard deviation over mean of one minus the leverage.  Above about 0.25, GCV cannot be
        trusted.
    eigenvalues : ndarray of shape (rank,)
        Variances along the principal directions of X, descending, per row of mean weight; of shape
        (0,), not known, in Krylov spaces.
    factorization : str
        What was factorized, and why: ``"row_gram"``, ``"column_gram"``, or, where a Gram matrix
        would have lost the answer, ``"rows"``; ``"tridiagonal"`` where no eigenvectors were needed,
        ``"moments"`` if rows came in blocks, and ``"krylov"`` where nothing was, for sparse X with
        more than 4000 rows and features.
    route : str
        How the path was evaluated: at all penalties, or, of large data, at few, in float32 where
        that loses no digit that counts, and GCV tells what lies between.
    dependence : Dependence or None
        What ``sample_correlation`` makes of the risk; None where rows count as independent.
    sample : Sample or None
        The leave-one-out risk by a sample of rows; None but for GCV of rows that came in blocks.
    monte_carlo : MonteCarlo or None
        What random vectors make of the answers; None but for Krylov spaces.
    problems : tuple of Problem
        What ``fit`` has warned of, as data.

    See Also
    --------
    sk_renorm.display : The same in pictures.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sk_renorm import TheoryGuidedRidgeCV
    >>> report = TheoryGuidedRidgeCV().fit(*load_diabetes(return_X_y=True)).report_
    >>> report.equivalent_alphas.round(2)
    array([0.  , 0.45])
    >>> report.noise
    Noise
      variance    2933
      interval    [2604 3231]
      r2_ceiling  [0.4563 0.5619]
    """

    def __init__(self, evidence: Evidence):
        self.evidence = evidence

    def __repr__(self):
        return as_text(self)

    @property
    def problems(self) -> tuple[Problem, ...]:
        return self.evidence.problems

    @property
    def factorization(self) -> str:
        return self.evidence.setting.factorization

    @property
    def route(self) -> str:
        return self.evidence.setting.route

    @property
    def eigenvalues(self) -> np.ndarray:
        return self.evidence.eigenvalues

    @property
    def risk(self) -> float | np.ndarray:
        return number(self.evidence.chosen.risk)

    @cached_property
    def std_error(self) -> float | np.ndarray:
        profile = self.evidence.profile
        # one penalty per target: each with its own
        at_choice = node_weights(profile.alphas, self.evidence.chosen.alpha)[:, None, :]
        errors = standard_errors(profile.covariance, at_choice).ravel()
        return number(errors * self.evidence.square)

    @cached_property
    def equivalent_alphas(self) -> np.ndarray:
        profile = self.evidence.profile
        ends = equivalent_range(profile)
        # beyond the strongest node nothing changes any more, up to the choice
        to_the_end = ends[:, 1] > 0.999 * profile.alphas[-1]
        chosen = np.maximum(ends[:, 1], self.evidence.chosen.alpha)
        ends[:, 1] = np.where(to_the_end, chosen, ends[:, 1])
        return first_if_one(ends)

    @cached_property
    def alpha_identified(self) -> bool | np.ndarray:
        ends = self.equivalent_alphas.reshape(-1, 2)
        identified = is_identified(self.evidence.profile, ends)
        return bool(identified[0]) if len(identified) == 1 else identified

    @property
    def leverage_dispersion(self) -> float | np.ndarray:
        return number(self.evidence.row_facts.dispersion)

    @cached_property
    def path(self) -> RiskPath:
        path, std_error = self.evidence.path, None
        if self.evidence.can_tell("profile"):
            profile = self.evidence.profile
            errors = standard_errors(profile.covariance, node_weights(profile.alphas, path.alphas))
            std_error = first_if_one((errors * self.evidence.square).T).T
        return RiskPath(path.alphas, by_column(path.risks), std_error, path.df, path.kappa)

    @cached_property
    def profile(self) -> Profile:
        profile, square = self.evidence.profile, self.evidence.square
        variances = np.diagonal(profile.covariance, axis1=1, axis2=2)
        units = square[:, None]
        even = profile.even_noise
        return Profile(
            alpha=profile.alphas,
            risk=first_if_one(profile.risks * units).T,
            std_error=first_if_one(np.sqrt(variances) * units).T,
            covariance=first_if_one(profile.covariance * np.square(units)[:, :, None]),
            bias_and_noise=first_if_one(profile.bias_and_noise * units).T,
            relative_error=first_if_one(profile.relative_error).T,
            df1=profile.df1,
            df2=profile.df2,
            kappa=profile.kappa,
            leverage_dispersion=profile.leverage_dispersion,
            even_noise=None if even is None else number(even * square),
        )

    @cached_property
    def held_out(self) -> HeldOut:
        rows, setting = self.evidence.held_out, self.evidence.setting
        flat = slice(None) if not setting.flat else 0
        dtype = np.dtype(setting.dtype)
        predictions, errors = (
            values[:, flat].astype(dtype) for values in (rows.predictions, rows.errors)
        )
        size = self.evidence.row_facts.effective_size
        return HeldOut(predictions, errors, rows.weights, rows.groups, size)

    @cached_property
    def noise(self) -> Noise:
        profile, square = self.evidence.profile, self.evidence.square
        interval = noise_interval(profile)
        variance = np.full(len(interval), np.nan)
        if profile.residual_noise is not None:
            variance = profile.residual_noise * square
        ceiling = r2_ceiling(interval, self.evidence.setting.target_variance)
        interval = (interval.T * square).T
        return Noise(number(variance), first_if_one(interval), first_if_one(ceiling))

    @cached_property
    def dependence(self) -> Dependence | None:
        found = self.evidence.correlation
        if found is None:
            return None
        kept = ("sample_correlation", "sample_correlation_std_error", "residuals")
        return Dependence(
            **{
                name: values if name in kept or values is None else number(values)
                for name, values in vars(found).items()
            }
        )

    @cached_property
    def sample(self) -> Sample | None:
        found = self.evidence.sample
        return None if found is None else Sample(number(found.risk), number(found.std_error))

    @cached_property
    def monte_carlo(self) -> MonteCarlo | None:
        chosen, setting = self.evidence.chosen, self.evidence.setting
        if setting.is_exact:
            return None
        remaining = setting.n_rows - setting.fit_intercept - chosen.df
        slope = 2.0 * chosen.risk
        slope = np.divide(slope, remaining, out=np.zeros_like(slope), where=chosen.df_error > 0.0)
        return MonteCarlo(number(chosen.df_error), number(slope * chosen.df_error))

    def interval(self, confidence_level=0.9):
        """Return a confidence interval of the risk of this very model.

        Parameters
        ----------
        confidence_level : float, default=0.9
            Probability that the interval holds the expected squared error on a fresh row.

        Returns
        -------
        ndarray of shape (2,) or (n_targets, 2)
            Limits, in squared units of y: ``risk -+ z std_error``, not below zero.

        Notes
        -----
        The error of the estimate at the chosen penalty.  That the penalty was chosen for its small
        estimate makes ``risk`` a little too low, which the interval leaves out.
        """
        half = _normal_quantile(confidence_level) * np.asarray(self.std_error)
        return np.stack([np.maximum(self.risk - half, 0.0), self.risk + half], axis=-1)

    def compare(self, alpha_a, alpha_b, confidence_level=0.9):
        """Compare the risks of two penalties, as paired on the same rows.

        Parameters
        ----------
        alpha_a, alpha_b : float or array-like of shape (n_targets,)
            Penalties, one for each target where each has its own; beyond the ends of
            ``profile.alpha``, its ends.
        confidence_level : float, default=0.9
            Level of the interval.

        Returns
        -------
        Comparison
            ``difference`` = risk at ``alpha_a`` less risk at ``alpha_b``, its ``std_error`` and
            ``interval``; one of each per target with ``alpha_per_target``.

        Raises
        ------
        ValueError
            If a penalty is negative, or there are not as many as targets.

        Notes
        -----
        Exact at the nodes of ``profile``: up to 24 candidates are among them, and the chosen
        penalty if targets share it.  Elsewhere interpolated, to about 1e-3 of the risk and 1 % of
        the error.

        Examples
        --------
        >>> from sklearn.datasets import load_diabetes
        >>> from sk_renorm import TheoryGuidedRidgeCV
        >>> model = TheoryGuidedRidgeCV().fit(*load_diabetes(return_X_y=True))
        >>> result = model.report_.compare(10.0, model.alpha_)
        >>> print(f"{result.difference:.0f} +- {result.std_error:.0f}")
        1851 +- 227
        """
        z = _normal_quantile(confidence_level)
        profile, square = self.evidence.profile, self.evidence.square
        weights = _at_penalties(profile, alpha_a, "alpha_a")
        weights = weights - _at_penalties(profile, alpha_b, "alpha_b")
        difference = np.sum(weights * profile.risks, axis=1) * square
        error = standard_errors(profile.covariance, weights[:, None, :]).ravel() * square
        interval = np.stack([difference - z * error, difference + z * error], axis=-1)
        interval = first_if_one(interval)
        return Comparison(number(difference), number(error), interval, confidence_level)

    def learning_curve(self, train_sizes, *, alpha=None) -> LearningCurve:
        """Forecast the risk of a ridge regression fitted to other numbers of rows.

        Parameters
        ----------
        train_sizes : array-like of shape (m,)
            Numbers of training rows, larger or smaller than that of the fit; at least 3.
        alpha : None or float, default=None
            Penalty at every size, in scikit-learn's (sum) convention; None takes the best of each.

        Returns
        -------
        LearningCurve
            Risk, its standard error, a 90 % band, and whether it lies at the edge of what can be
            told.

        Raises
        ------
        ValueError
            If a size is below 3 or not a number, or alpha is negative.

        Notes
        -----
        With m rows the risk at effective ridge kappa is ``B(kappa) / (1 - df2(kappa) / m)``, and
        the penalty ``kappa (m - df1(kappa))``; ``B = bias^2 + noise``, ``df1`` and ``df2`` belong
        to the population and are read off one fit, calibrated by leave-one-out [1]_.  Rows of
        unequal size, ``sqrt(tau) z``, as heavy tails make them, renormalize as rows of unequal
        weight do [2]_: the spread of tau is read off the leverages, and how much of the noise grows
        with it off the errors; not with sample weights or groups.

        Up to as many rows as were fitted this interpolates.  With more it holds as long as the best
        kappa is no smaller than the smallest that the fit saw.  Beyond, ``at_edge`` is set,
        ``risk`` takes B for frozen, and the band reaches from the risk with as many rows as were
        fitted, above, to power laws without avoidable noise, below.  Rows are those of the fit: the
        same distribution, and weights of the same mean.

        With ``alpha=None`` the curve is that of a model tuned by its own estimate at each size: the
        least estimate is corrected for having been chosen as the least, and for what such a choice
        costs, by simulating both with the covariance of the estimates.

        Time two milliseconds or so a size and target, whatever the number of rows or features.

        References
        ----------
        .. [1] Atanasov, Zavatone-Veth and Pehlevan (2024), "Scaling and renormalization in
           high-dimensional regression", arXiv:2405.00592.
        .. [2] Atanasov, Zavatone-Veth and Pehlevan (2024), "Risk and cross validation in ridge
           regression with correlated samples", arXiv:2408.04607.

        Examples
        --------
        >>> from sklearn.datasets import load_diabetes
        >>> from sk_renorm import TheoryGuidedRidgeCV
        >>> X, y = load_diabetes(return_X_y=True)
        >>> report = TheoryGuidedRidgeCV().fit(X[:100], y[:100]).report_
        >>> print(report.learning_curve([50, 100, 200]).risk.round(-1))
        [3500. 3220. 3050.]
        """
        return forecast_curve(self.evidence.profile, self.evidence.setting, train_sizes, alpha)

    def samples_needed(self, target_risk) -> SamplesNeeded:
        """Forecast how many rows the best ridge regression needs to reach a risk.

        Parameters
        ----------
        target_risk : float
            Expected squared error on a fresh row, label noise included, in squared units of y.  Of
            a model that tunes itself: ``risk`` of a single fit tends to be a little lower, having
            been chosen for that.

        Returns
        -------
        SamplesNeeded
            Number of rows with a band, or infinity and the sentence that no amount of data reaches
            it.

        Raises
        ------
        ValueError
            If the risk is not a positive number.

        Examples
        --------
        >>> from sklearn.datasets import load_diabetes
        >>> from sk_renorm import TheoryGuidedRidgeCV
        >>> report = TheoryGuidedRidgeCV().fit(*load_diabetes(return_X_y=True)).report_
        >>> report.samples_needed(3100.0)
        About 211 rows (at least 54) are forecast to reach a risk of 3100.
        >>> report.samples_needed(2000.0)
        No amount of data is forecast to reach a risk of 2000: the curve levels off at 2948.
        """
        return forecast_samples(self.evidence.profile, self.evidence.setting, target_risk)

    def risk_ahead(self, steps) -> RiskAhead:
        """Return the risk of rows that follow the training rows in time, step by step.

        Parameters
        ----------
        steps : int or array-like of shape (n_steps,)
            How many steps after the last training row.

        Returns
        -------
        RiskAhead
            ``risk`` of ``predict`` and ``kriging_risk`` of ``predict_ahead``, which both grow to
            ``far_risk``, the risk of rows far ahead.

        Raises
        ------
        ValueError
            If the model was fitted without ``sample_correlation``, or with a matrix of it; a
            NotFittedError, which is one, after a fit with ``store_rows=False``.

        References
        ----------
        .. [1] Atanasov, Zavatone-Veth and Pehlevan (2024), "Risk and cross validation in ridge
           regression with correlated samples", arXiv:2408.04607.
        """
        steps = check_steps(steps)
        found = self.evidence.time_order()
        risks, far = risks_ahead(found, steps), found.excess + found.noise
        if self.evidence.setting.flat:
            return RiskAhead(steps, risks[0][:, 0], risks[1][:, 0], float(far[0]))
        return RiskAhead(steps, *risks, far)


def number(values: np.ndarray) -> float | np.ndarray:
    """Return the number of a single loss as a float, or one for each."""
    return float(values[0]) if len(values) == 1 else values


def first_if_one(values: np.ndarray) -> np.ndarray:
    """Drop the first axis, that of losses, if there is only one."""
    return values[0] if len(values) == 1 else values


def by_column(values: np.ndarray) -> np.ndarray:
    """Drop the second axis, that of losses, if there is only one."""
    return values[:, 0] if values.shape[1] == 1 else values


def r2_ceiling(noise: np.ndarray, variance: np.ndarray) -> np.ndarray:
    """Return what share of the variance (q,) is at most not noise (k, 2), for ``noise`` (k, 2)."""
    variance = variance.mean(keepdims=True) if len(noise) == 1 else variance
    variance = variance[:, None]
    share = np.divide(noise, variance, out=np.zeros_like(noise), where=variance > 0)
    return (1.0 - share[:, ::-1]).clip(0.0, 1.0)


def _normal_quantile(confidence_level: float) -> float:
    check_level(confidence_level, 1, 1.0)
    return NormalDist().inv_cdf(0.5 + 0.5 * confidence_level)


def _at_penalties(profile: RiskProfile, alpha, name: str) -> np.ndarray:
    """Return weights of the nodes (k, K) for a penalty, or for one of each target."""
    n_losses = len(profile.risks)
    alpha = check_penalties(np.atleast_1d(to_host(alpha)), name)
    if len(alpha) not in (1, n_losses):
        raise ValueError(
            f"{name} holds {len(alpha)} penalties; give one"
            + (f", or {n_losses}, one for each target." if n_losses > 1 else ".")
        )
    weights = node_weights(profile.alphas, alpha)
    return np.broadcast_to(weights, (n_losses, weights.shape[1]))
