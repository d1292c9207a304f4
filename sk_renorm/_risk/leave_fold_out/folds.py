"""Leave-fold-out errors for any folds: closed form where rows are left out, refitting elsewhere."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import chain

import numpy as np

from sk_renorm._linalg import Factorization, Fold, HeldOut, downdate, map_ranges
from sk_renorm._risk.apart import is_heavy
from sk_renorm._risk.estimate import Evaluation, RiskEstimate, Slack, dispersion, pooled_risk
from sk_renorm._risk.leave_fold_out.hat_block import hat_block_errors
from sk_renorm._risk.leave_fold_out.small_folds import MOST_ROWS, batches, small_fold_errors
from sk_renorm._risk.leave_one_out.rows import LeaveOneOut
from sk_renorm._risk.uncertainty.sums import LossSums

_WELL_ABOVE = 1e-6  # least eigenvalue over the largest, where taking out costs few digits
_SLOWER = 8.0  # arithmetic of many small systems than that of large products
_TOGETHER = 8  # folds spread over the cores, whose errors are kept at a time
_KEPT_ENTRIES = 2**23  # of vectors, or of factorized folds, kept for the next pass: 64 MB


class LeaveFoldOut(RiskEstimate):
    """Errors of every test fold for the model fitted to its training rows.

    For a fold whose training set is all but the rows F, the errors are ``(I - H)_FF^-1 r_F``, with
    H the hat matrix, intercept included, and r the residuals; large folds use the same identity on
    the smaller side.  F may hold more than the rows tested: a gap about them.  Directions of the
    data that F holds alone are told apart.  Other folds, and those that hold a direction nearly
    alone, where the identity loses its digits, are factorized by ``refit``.

    Parameters
    ----------
    factorization : Factorization
        Of all rows.
    folds : sequence of Fold
        What to leave out and to test.
    refit : callable
        ``refit(train, test) -> HeldOut``.
    groups : ndarray of shape (n,), default=None
        Groups of dependent rows, none of them in two folds, for the error of the risk.
    risk_weights : ndarray of shape (n,), default=None
        Further weights of the squared errors in the risk, which the models do not see.

    Notes
    -----
    For m rows left out and L penalties m**2 r L + m**3 L / 3 multiply-adds, or about 9 r**3 once
    if m > r / 2.  Memory of a few folds; left vectors are kept up to 64 MB, and factorized folds
    too.  Small folds that share their size are computed together.
    """

    def __init__(
        self,
        factorization: Factorization,
        folds: Sequence[Fold],
        refit: Callable[[np.ndarray, np.ndarray], HeldOut],
        groups: np.ndarray | None = None,
        risk_weights: np.ndarray | None = None,
    ):
        n_rows = factorization.data.n_rows
        if n_rows * factorization.rank <= _KEPT_ENTRIES:
            factorization = factorization.keeping_left()
        self.factorization = factorization
        self.folds = folds
        self.refit = refit
        self.groups = groups
        self.risk_weights = risk_weights
        self._kept: dict[int, HeldOut] = {}
        root = factorization.data.root_weight
        self._row_weights = np.ones(n_rows) if root is None else root**2
        self._weights = self._row_weights
        if risk_weights is not None:
            self._weights = self._row_weights * risk_weights
        self._large, self._medium, small = [], [], defaultdict(list)
        self._heavy = {id(fold) for fold in folds if is_heavy(factorization, fold.removed)}
        for fold in folds:
            size = len(fold.removed)
            if fold.train is not None or size > factorization.rank or id(fold) in self._heavy:
                self._large.append(fold)
            elif size > MOST_ROWS:
                self._medium.append(fold)
            else:
                small[size, fold.n_tested].append(fold)
        self._small = [alike for alike in small.values() if len(alike) > 1]
        self._medium += [alike[0] for alike in small.values() if len(alike) == 1]

    @property
    def work(self) -> float:
        """Multiply-adds for one penalty more; those of small systems take longer, and count so."""
        f = self.factorization
        sizes = np.array([len(fold.removed) for fold in self.folds])
        solved = sizes[sizes <= f.rank].astype(float)
        products = sizes.sum() * f.rank * f.n_targets
        return float(products + _SLOWER * solved**2 @ (f.rank + solved / 3.0))

    def risk(self, penalties: np.ndarray, some: slice | np.ndarray = slice(None)) -> np.ndarray:
        """Return the weighted mean squared error (L, q) of all held-out rows, pooled over folds.

        ``some`` selects targets, for penalties that they share.
        """
        pairs = ((tests.ravel(), _flat(errors)) for tests, errors in self._each(penalties))
        return pooled_risk(pairs, self._weights)[:, some]

    def errors(self, penalties: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
        """Return ``(test rows, errors of shape (m, L, q))`` of every fold, in the unit of y."""
        return [
            pair
            for tests, errors in self._each(penalties)
            for pair in zip(tests, errors, strict=True)
        ]

    def sums(self, nodes: np.ndarray, joint: bool) -> LossSums:
        """Sum up the errors at ``nodes`` (K,)."""
        return self._sums(nodes, joint, self._weights)

    def at(self, penalties: np.ndarray, slack: Slack | None = None) -> Evaluation:
        """Evaluate ``penalties`` (1, 1) or (1, q)."""
        errors, slack = self.errors(penalties), self._singly.at(penalties).slack
        return Evaluation(errors, pooled_risk(errors, self._weights)[0], dispersion(slack))

    def row_sums(self, nodes: np.ndarray, joint: bool, sums: LossSums) -> LossSums:
        singly = self._singly.sums(nodes, joint)
        if self.groups is None:
            return singly
        if self._weights is not self._row_weights:
            sums = self._sums(nodes, joint, self._row_weights)
        slack = {name: getattr(singly, name) for name in ("slack", "slack_squared", "n_rows")}
        return replace(sums, **slack)

    def even_noise(self, penalties: np.ndarray, at: Evaluation) -> np.ndarray | None:
        if self.groups is not None:
            return None
        return self._singly.even_noise(penalties, self._singly.at(penalties))

    @property
    def _singly(self) -> LeaveOneOut:
        return LeaveOneOut(self.factorization)

    def _sums(self, nodes: np.ndarray, joint: bool, row_weights: np.ndarray) -> LossSums:
        sums, times = None, np.zeros(len(row_weights))
        for tests, errors in self._each(nodes[:, None]):
            rows = tests.ravel()
            weights, groups = row_weights[rows], None
            if self.groups is not None:
                # a group that two folds hold out is not one group
                of_fold = np.arange(len(tests))[:, None] * (self.groups.max() + 1)
                groups = (self.groups[tests] + of_fold).ravel()
            errors = _flat(errors) * np.sqrt(weights)[:, None, None]
            some = LossSums.of([errors], weights, joint, groups)
            sums = some if sums is None else sums + some
            np.add.at(times, rows, 1.0)
        # errors of a row that several folds hold out are not new scatter
        copies = times.sum() / np.count_nonzero(times)
        return replace(
            sums,
            squares=copies * sums.squares,
            products=copies * sums.products,
            weight_squared=copies * sums.weight_squared,
        )

    def _each(self, penalties: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yield test rows (k, t) and errors (k, t, L, q) of k folds at a time."""
        f = self.factorization
        for fold in self._large:
            yield fold.test[None], self._fold_errors(fold, penalties)[None]
        for start in range(0, len(self._medium), _TOGETHER):
            some = self._medium[start : start + _TOGETHER]
            found = map_ranges(
                lambda start, stop, some=some: [
                    self._fold_errors(fold, penalties) for fold in some[start:stop]
                ],
                len(some),
                min_items=1,
            )
            for fold, errors in zip(some, chain.from_iterable(found), strict=True):
                yield fold.test[None], errors[None]
        for folds in self._small:
            for some in batches(folds, len(folds[0].removed), f, penalties):
                removed = np.array([fold.removed for fold in some])
                errors, usable = small_fold_errors(f, removed, penalties)
                errors = errors[:, : some[0].n_tested]
                for place in np.flatnonzero(~usable):
                    errors[place] = self._fold_errors(some[place], penalties)
                yield removed[:, : some[0].n_tested], errors

    def _fold_errors(self, fold: Fold, penalties: np.ndarray) -> np.ndarray:
        f, n_tested = self.factorization, fold.n_tested
        held_out, heavy = self._kept.get(id(fold)), id(fold) in self._heavy
        if held_out is None and self._is_half(fold) and not heavy:
            held_out = self._keep(fold, downdate(f, fold.removed, _WELL_ABOVE))
        in_blocks = fold.train is None and len(fold.removed) <= f.rank and not heavy
        if held_out is None and in_blocks:
            errors = hat_block_errors(f, fold.removed, penalties)
            if errors is not None:
                return errors[:n_tested]
        if held_out is None:
            held_out = self._keep(fold, self._held_out(fold))
        return held_out.errors(penalties)[:n_tested]

    def _is_half(self, fold: Fold) -> bool:
        """Whether a spectrum without the fold is cheaper than solving for each of two dozen nodes.

        Not where the other rows are fewer than the modes: they lose some.
        """
        size, rank = len(fold.removed), self.factorization.rank
        others = self.factorization.data.n_rows - size
        return fold.train is None and rank < 2 * size <= 2 * min(rank, others - rank)

    def _keep(self, fold: Fold, held_out: HeldOut | None) -> HeldOut | None:
        """Keep a fold's factorization for the next pass, if there is space; return it."""
        if held_out is not None:
            kept = sum(other.projected.size for other in self._kept.values())
            if kept + held_out.projected.size <= _KEPT_ENTRIES:
                self._kept[id(fold)] = held_out
        return held_out

    def _held_out(self, fold: Fold) -> HeldOut:
        """Factorize the rows without those of the fold."""
        f = self.factorization
        if fold.train is not None:
            return self.refit(fold.train, fold.test)
        held_out = None
        if len(fold.removed) > f.rank and id(fold) not in self._heavy:
            held_out = downdate(f, fold.removed)
        if held_out is None:
            train = np.setdiff1d(np.arange(f.data.n_rows), fold.removed)
            held_out = self.refit(train, fold.test)
        return held_out


def _flat(errors: np.ndarray) -> np.ndarray:
    """Errors (k, t, L, q) of k folds as those of rows."""
    return errors.reshape(-1, *errors.shape[2:])
