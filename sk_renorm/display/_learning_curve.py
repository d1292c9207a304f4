"""LearningCurveForecastDisplay: the learning curve that a fit forecasts."""

import numpy as np

from sk_renorm.display._axes import get_axes, label_rows
from sk_renorm.report import LearningCurve
from sk_renorm.report.last_step import fitted_model


class LearningCurveForecastDisplay:
    """The forecast of a learning curve, with its band and its edge.

    Dashed where the fit cannot tell; see
    :meth:`sk_renorm.report.Report.learning_curve`.  Create it by :meth:`from_estimator`.

    Parameters
    ----------
    curve : LearningCurve
        The forecast, of one target.
    n_rows : int
        Rows of the fit.
    measured : None or tuple of (ndarray of shape (m,), ndarray of shape (m,) or (m, n_repeats))
        Sizes and errors on held-out rows.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Where it is drawn.
    figure_ : matplotlib Figure
        The figure of the axes.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sk_renorm import TheoryGuidedRidgeCV
    >>> from sk_renorm.display import LearningCurveForecastDisplay
    >>> X, y = load_diabetes(return_X_y=True)
    >>> model = TheoryGuidedRidgeCV().fit(X[:100], y[:100])
    >>> display = LearningCurveForecastDisplay.from_estimator(model)
    >>> display.ax_.get_xlabel()
    'training rows'
    """

    def __init__(self, curve: LearningCurve, n_rows: int, measured=None):
        self.curve = curve
        self.n_rows = n_rows
        self.measured = measured

    @classmethod
    def from_estimator(
        cls, estimator, train_sizes=None, *, alpha=None, measured=None, target=None, ax=None
    ):
        """Forecast and draw.

        Parameters
        ----------
        estimator : TheoryGuidedRidgeCV, RenormalizedRidge or Pipeline
            Fitted, or a fitted pipeline that ends with one.
        train_sizes : array-like of shape (m,), default=None
            Numbers of rows; None for a quarter to four times those of the fit.
        alpha : None or float, default=None
            Penalty at every size; None takes the best one of each.
        measured : tuple of (sizes, errors), default=None
            Points to draw too: sizes (m,), and squared errors (m,) or (m, n_repeats), or what
            :func:`sklearn.model_selection.learning_curve` returns with
            ``scoring="neg_mean_squared_error"``.
        target : int, default=None
            Which target, if each has its own penalty.
        ax : matplotlib Axes, default=None
            Where to draw; None makes a new figure.

        Returns
        -------
        LearningCurveForecastDisplay
            With ``ax_`` and ``figure_``.

        Raises
        ------
        TypeError
            If ``estimator`` is none of these.
        ValueError
            If each target has its own penalty and none is named.
        """
        model = fitted_model(estimator)
        report = model.report_
        n_rows = report.evidence.setting.n_rows
        if train_sizes is None:
            train_sizes = np.unique(np.geomspace(max(n_rows / 4, 3), 4 * n_rows, 60).round())
        curve = report.learning_curve(train_sizes, alpha=alpha)
        if curve.risk.ndim == 2:
            n_targets = curve.risk.shape[1]
            if target is None or not -n_targets <= target < n_targets:
                raise ValueError(
                    f"Each of {n_targets} targets has its own curve; name one of them, for "
                    "instance with target=0."
                )
            fields = {name: values for name, values in vars(curve).items() if name != "train_sizes"}
            fields = {name: values[:, target] for name, values in fields.items()}
            curve = LearningCurve(curve.train_sizes, **fields)
        if (
            measured is not None and len(measured) > 2
        ):  # scikit-learn's sizes, train and test scores
            measured = measured[0], -np.asarray(measured[2])
        return cls(curve, n_rows, measured).plot(ax)

    def plot(self, ax=None):
        """Draw.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None makes a new figure.

        Returns
        -------
        LearningCurveForecastDisplay
            Itself, with ``ax_`` and ``figure_``.
        """
        ax = get_axes(ax)
        curve, sizes = self.curve, self.curve.train_sizes
        first = int(curve.at_edge.argmax()) if curve.at_edge.any() else len(sizes)
        ax.plot(sizes[:first], curve.risk[:first], color="C0", label="forecast")
        ax.fill_between(
            sizes, curve.lower, curve.upper, color="C0", alpha=0.18, lw=0, label="90 % band"
        )
        if first < len(sizes):
            beyond = slice(max(first - 1, 0), None)  # the lines meet
            ax.plot(sizes[beyond], curve.risk[beyond], "--", color="C0", label="at the edge")
        ax.axvline(self.n_rows, color="0.5", lw=1.0, ls=":", label=f"the fit: {self.n_rows} rows")
        if self.measured is not None:
            self._draw_measured(ax)
        ax.set_xscale("log")
        label_rows(ax)
        ax.set_xlabel("training rows")
        ax.set_ylabel("risk (squared error)")
        ax.set_ylim(bottom=0.0)
        ax.legend(frameon=False)
        self.ax_, self.figure_ = ax, ax.figure
        return self

    def _draw_measured(self, ax) -> None:
        sizes, errors = (np.asarray(values, dtype=float) for values in self.measured)
        mean, spread = errors, None
        if errors.ndim == 2:
            mean = errors.mean(axis=1)
            spread = errors.std(axis=1) / np.sqrt(errors.shape[1])
        ax.errorbar(sizes, mean, spread, fmt="o", ms=4, color="0.25", label="measured", capsize=2)
