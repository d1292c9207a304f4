"""RiskCurveDisplay: the estimated risk along the path, with its error."""

from statistics import NormalDist

import numpy as np
from sklearn.utils.validation import check_array, check_consistent_length

from sk_renorm._rows.check import check_new_data
from sk_renorm._rows.devices import to_host
from sk_renorm.display._axes import apart, get_axes, round_numbers
from sk_renorm.report.along_path import errors_along_path
from sk_renorm.report.last_step import as_last_step_sees, fitted_model
from sk_renorm.report.report import number

_SEVERAL = 10  # targets that have a line and a name of their own
_HALF_BAND = NormalDist().inv_cdf(0.95)  # standard errors: a band of 90 %


class RiskCurveDisplay:
    """The estimated risk against the penalty, with its error.

    Drawn are a band of 1.645 standard errors (90 %), the penalty chosen, the range that the data
    cannot tell from the best, on the upper axis the degrees of freedom, and, if given, the error on
    held-out rows.  Create it by :meth:`from_estimator`.

    Parameters
    ----------
    alphas : ndarray of shape (n_alphas,)
        Penalties, positive, ascending.
    risks : ndarray of shape (n_alphas,) or (n_alphas, n_targets)
        Estimated risk, in squared units of y.
    std_errors : ndarray of the same shape
        Their standard errors.
    effective_df : ndarray of shape (n_alphas,)
        Degrees of freedom.
    alpha : float or ndarray of shape (n_targets,)
        Penalty chosen.
    equivalent_alphas : ndarray of shape (2,) or (n_targets, 2)
        Range that the data cannot tell from the best.
    held_out : None or tuple of (ndarray of shape (m,), ndarray of shape (m,) or (m, n_targets))
        Penalties and mean squared errors on other rows.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Where it is drawn.
    figure_ : matplotlib Figure
        The figure of the axes.

    See Also
    --------
    SpectrumDisplay : What the penalty does to each direction.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sk_renorm import TheoryGuidedRidgeCV
    >>> from sk_renorm.display import RiskCurveDisplay
    >>> X, y = load_diabetes(return_X_y=True)
    >>> model = TheoryGuidedRidgeCV().fit(X[:200], y[:200])
    >>> display = RiskCurveDisplay.from_estimator(model, X[200:], y[200:])
    >>> display.ax_.get_xlabel()
    'penalty alpha'
    """

    def __init__(
        self,
        alphas,
        risks,
        std_errors,
        effective_df,
        alpha,
        equivalent_alphas,
        held_out=None,
    ):
        self.alphas = alphas
        self.risks = risks
        self.std_errors = std_errors
        self.effective_df = effective_df
        self.alpha = alpha
        self.equivalent_alphas = equivalent_alphas
        self.held_out = held_out

    @classmethod
    def from_estimator(cls, estimator, X=None, y=None, *, ax=None):
        """Draw the path of a fitted estimator.

        Parameters
        ----------
        estimator : TheoryGuidedRidgeCV, RenormalizedRidge or Pipeline
            Fitted, or a fitted pipeline that ends with one.
        X : array-like of shape (n_samples, n_features), default=None
            Rows that were held out, as ``predict`` takes them; with y their error is drawn as
            points.
        y : array-like of shape (n_samples,) or (n_samples, n_targets), default=None
            Their targets.
        ax : matplotlib Axes, default=None
            Where to draw; None makes a new figure.

        Returns
        -------
        RiskCurveDisplay
            With ``ax_`` and ``figure_``.

        Raises
        ------
        TypeError
            If ``estimator`` is none of these.
        ValueError
            If only one of X and y is given, or the estimator kept no factorization, from which
            the models along the path are made.
        """
        model = fitted_model(estimator)
        if (X is None) != (y is None):
            raise ValueError("Held-out rows need both X and y; give both, or neither.")
        report, held_out = model.report_, None
        if X is not None:
            held_out = _held_out(model, as_last_step_sees(estimator, X), y)
        # a search has looked at all of the path, in finer steps than the profile
        curve = report.path if report.evidence.setting.is_search else report.profile
        df = curve.effective_df if report.evidence.setting.is_search else curve.df1
        shown = curve.alpha > 0.0
        lines = (values[shown] for values in (curve.alpha, curve.risk, curve.std_error, df))
        alpha = number(report.evidence.chosen.alpha)
        display = cls(*lines, alpha, report.equivalent_alphas, held_out)
        return display.plot(ax)

    def plot(self, ax=None):
        """Draw.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None makes a new figure.

        Returns
        -------
        RiskCurveDisplay
            Itself, with ``ax_`` and ``figure_``.
        """
        ax = get_axes(ax)
        shown = self._shown()
        columns = self.risks.reshape(len(self.alphas), -1)
        # targets of different units are drawn relative to the constant predictor's risk
        scale = columns[-1] if columns.shape[1] > 1 else np.ones(1)
        scale = np.where(scale > 0.0, scale, 1.0)
        self._draw_lines(ax, shown, columns / scale, scale)
        if self.held_out is not None:
            places, errors = self.held_out
            inside = (places >= self.alphas[shown][0]) & (places <= self.alphas[shown][-1])
            errors = errors.reshape(len(places), -1)[inside] / scale
            for target in range(errors.shape[1]):
                color = "0.25" if errors.shape[1] == 1 else f"C{target % 10}"
                label = "held-out rows" if target == 0 else None
                ax.plot(places[inside], errors[:, target], "o", ms=4, color=color, label=label)
        ax.set_xscale("log")
        if len(self.alphas[shown]) > 1:
            ax.set_xlim(self.alphas[shown][0], self.alphas[shown][-1])
        ax.set_xlabel("penalty alpha")
        several = columns.shape[1] > 1
        ax.set_ylabel("risk / risk of the mean" if several else "risk (squared error)")
        self._draw_degrees_of_freedom(ax)
        if columns.shape[1] <= _SEVERAL:
            low, high = ax.get_ylim()
            ax.set_ylim(low, high + 0.3 * (high - low))  # room for the legend above the curves
            ax.legend(frameon=False, ncols=2 if columns.shape[1] <= 3 else 4, loc="upper center")
        self.ax_, self.figure_ = ax, ax.figure
        return self

    def _shown(self) -> slice:
        """Return the part of the path where something happens, the penalties chosen included."""
        share = self.effective_df / max(self.effective_df[0], np.finfo(float).tiny)
        alive = (share < 0.995) & (share > 0.01)
        ends = np.atleast_1d(self.equivalent_alphas).reshape(-1, 2)
        low = np.searchsorted(self.alphas, max(min(np.min(self.alpha), ends[:, 0].min()), 0.0))
        high = np.searchsorted(self.alphas, np.max(self.alpha)) + 1
        where = np.flatnonzero(alive)
        if not len(where):
            return slice(0, len(self.alphas))
        first = min(where[0], max(low - 1, 0) if np.min(self.alpha) > 0.0 else where[0])
        return slice(max(first - 1, 0), min(max(where[-1] + 2, high + 1), len(self.alphas)))

    def _draw_lines(self, ax, shown: slice, columns: np.ndarray, scale: np.ndarray) -> None:
        alphas, n_targets = self.alphas[shown], columns.shape[1]
        errors = self.std_errors.reshape(columns.shape) / scale
        few = n_targets <= _SEVERAL
        for target in range(n_targets):
            color = f"C{target % 10}" if few else "0.6"
            risk, half = columns[shown, target], _HALF_BAND * errors[shown, target]
            label = None if not few else "estimate, 90 % band" if n_targets == 1 else f"{target}"
            ax.plot(alphas, risk, color=color, lw=1.8 if few else 0.6, label=label)
            if n_targets <= 3:
                ax.fill_between(alphas, risk - half, risk + half, color=color, alpha=0.18, lw=0)
        chosen = np.clip(np.atleast_1d(self.alpha), alphas[0], alphas[-1])
        ends = np.clip(self.equivalent_alphas.reshape(-1, 2), alphas[0], alphas[-1])
        if len(chosen) == 1:
            ax.axvline(chosen[0], color="C3", lw=1.2, label=f"chosen: {np.min(self.alpha):.3g}")
            ax.axvspan(*ends[0], color="C3", alpha=0.08, lw=0, label="as good by the data")
        else:
            at = [
                np.interp(np.log(a), np.log(alphas), columns[shown, k])
                for k, a in enumerate(chosen)
            ]
            ax.plot(chosen, at, "kv", ms=5, label="chosen")

    def _draw_degrees_of_freedom(self, ax) -> None:
        top = ax.secondary_xaxis("top")
        low, high = ax.get_xlim()
        inside = (self.alphas >= low * 0.999) & (self.alphas <= high * 1.001)
        df, t = self.effective_df[inside][::-1], np.log(self.alphas[inside])[::-1]
        if not len(df) or df[-1] <= 0.0:
            return
        ticks = round_numbers(max(df[0], 0.01 * df[-1]), df[-1])[::-1]
        places = np.exp(np.interp(ticks, df, t))
        kept = apart(places, (low, high))
        top.set_xticks(places[kept], [f"{tick:g}" for tick in ticks[kept]])
        top.set_xticks([], minor=True)
        top.set_xlabel("degrees of freedom")


def _held_out(model, X, y) -> tuple[np.ndarray, np.ndarray]:
    """Return penalties, and the errors there on rows that were held out."""
    X = to_host(check_new_data(model, X, "predict"))
    y = check_array(to_host(y), ensure_2d=False, dtype=np.float64, input_name="y")
    check_consistent_length(X, y)
    return errors_along_path(model.report_.evidence, X, y.reshape(len(y), -1))
