"""SpectrumDisplay: which directions of the data the penalty lets the model learn."""

import numpy as np

from sk_renorm.display._axes import get_axes
from sk_renorm.report.last_step import fitted_model
from sk_renorm.report.report import number

_REACH = 1e12  # times the variances: what lies beyond would leave them no room in the figure


class SpectrumDisplay:
    """The eigenvalues of the data, and the ridge that they compete with.

    A direction of variance s is learned to the share ``s / (s + ridge)``.  Where rows are few, the
    training rows seem to have been shrunk by ``ridge``, but fresh rows see the renormalized one,
    ``kappa``: between the two lies what the fit has learned only for its own rows.  Create it by
    :meth:`from_estimator`.

    Parameters
    ----------
    eigenvalues : ndarray of shape (rank,)
        Variances along the principal directions, descending.
    ridge : float or ndarray of shape (n_targets,)
        Penalty per row.
    kappa : float or ndarray of shape (n_targets,)
        Effective ridge.
    effective_df : float or ndarray of shape (n_targets,)
        Degrees of freedom.

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
    >>> from sk_renorm.display import SpectrumDisplay
    >>> model = TheoryGuidedRidgeCV().fit(*load_diabetes(return_X_y=True))
    >>> display = SpectrumDisplay.from_estimator(model)
    >>> display.ax_.get_ylabel()
    'variance'
    """

    def __init__(self, eigenvalues, ridge, kappa, effective_df):
        self.eigenvalues = eigenvalues
        self.ridge = ridge
        self.kappa = kappa
        self.effective_df = effective_df

    @classmethod
    def from_estimator(cls, estimator, *, ax=None):
        """Draw the spectrum of a fitted estimator.

        Parameters
        ----------
        estimator : TheoryGuidedRidgeCV, RenormalizedRidge or Pipeline
            Fitted, or a fitted pipeline that ends with one.
        ax : matplotlib Axes, default=None
            Where to draw; None makes a new figure.

        Returns
        -------
        SpectrumDisplay
            With ``ax_`` and ``figure_``.

        Raises
        ------
        TypeError
            If ``estimator`` is none of these.
        ValueError
            If the spectrum is not known, as of large sparse data.
        """
        report = fitted_model(estimator).report_
        evidence = report.evidence
        if not len(evidence.eigenvalues) and report.monte_carlo is not None:
            raise ValueError(
                "The spectrum of this fit is not known: "
                f"{report.factorization}. Fit to fewer rows or features to draw it."
            )
        setting, chosen = evidence.setting, evidence.chosen
        n_modes = setting.n_rows - setting.fit_intercept
        ridge = chosen.alpha / (n_modes * setting.mean_weight)
        # kappa per row of mean weight, as the eigenvalues are; at alpha = 0 its limit
        remaining = n_modes - chosen.df
        limit = np.full_like(ridge, evidence.profile.kappa[0])
        known = (ridge > 0.0) & (remaining > 1e-9)
        kappa = np.divide(n_modes * ridge, remaining, out=limit, where=known)
        ridge, kappa, df = number(ridge), number(kappa), number(chosen.df)
        display = cls(report.eigenvalues, ridge, kappa, df)
        return display.plot(ax)

    def plot(self, ax=None):
        """Draw.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None makes a new figure.

        Returns
        -------
        SpectrumDisplay
            Itself, with ``ax_`` and ``figure_``.
        """
        ax = get_axes(ax)
        ranks = np.arange(1, len(self.eigenvalues) + 1)
        kappa = float(np.median(self.kappa))
        learned = self.eigenvalues > kappa
        style = {"ls": "", "marker": "o", "ms": 4}
        ax.plot(ranks[learned], self.eigenvalues[learned], color="C0", label="learned", **style)
        ax.plot(
            ranks[~learned], self.eigenvalues[~learned], color="0.65", label="not learned", **style
        )
        self._draw_ridge(ax, self.kappa, "C3", "-", "kappa, the effective ridge")
        self._draw_ridge(ax, self.ridge, "C3", ":", "ridge, alpha per row")
        if len(ranks):
            ax.set_xscale("log")
            ax.set_yscale("log")
        else:
            ax.set_title("no direction has variance")
        ax.set_xlabel("principal direction")
        ax.set_ylabel("variance")
        ax.set_title(f"{np.median(self.effective_df):.3g} degrees of freedom", fontsize="medium")
        ax.legend(frameon=False)
        self.ax_, self.figure_ = ax, ax.figure
        return self

    def _draw_ridge(self, ax, values, color: str, style: str, label: str) -> None:
        """Draw a line; a band too where targets differ; nothing at zero, which has no logarithm.

        Values far from all variances are told in the legend alone.
        """
        positive = np.atleast_1d(values)
        positive = positive[(positive > 0.0) & np.isfinite(positive)]
        if not len(positive):
            return
        middle, shown = np.median(positive), {"color": color, "ls": style, "lw": 1.2}
        if len(self.eigenvalues):
            most, least = self.eigenvalues[[0, -1]]
            if positive.min() < least / _REACH or positive.max() > most * _REACH:
                ax.plot([], [], label=f"{label}: {middle:.3g}", **shown)
                return
        ax.axhline(middle, label=label, **shown)
        if len(positive) > 1:
            ax.axhspan(positive.min(), positive.max(), color=color, alpha=0.08, lw=0)
