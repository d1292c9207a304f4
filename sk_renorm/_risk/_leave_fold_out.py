"""Leave-fold-out errors for any folds: closed form where a training set is a fold's complement."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from sk_renorm._linalg import Factorization, HeldOut, downdate
from sk_renorm._risk._evaluation import Evaluation, pooled_risk
from sk_renorm._risk._leave_one_out import LeaveOneOut
from sk_renorm._risk._uncertainty import LossSums

_BLOCK_ENTRIES = 2**20  # entries of the fold matrices, or errors, made at a time
_WORST_CONDITION = 1e8  # of a fold's matrix: leaves eight digits

Fold = tuple[np.ndarray, np.ndarray]


class LeaveFoldOut:
    """Errors of every test fold for the model fitted to its training rows.

    For a fold F whose training set is all other rows, the errors are ``(I - H)_FF^-1 r_F``, with H
    the hat matrix, intercept included, and r the residuals; large folds use the same identity on
    the smaller side.  Other folds, and those that hold a direction of the data nearly alone, where
    the identity loses its digits, are factorized by ``refit``.

    Parameters
    ----------
    factorization : Factorization
        Of all rows.
    folds : sequence of (train, test) index arrays
        As a scikit-learn splitter yields them.
    refit : callable
        ``refit(train, test) -> HeldOut``.
    groups : ndarray of shape (n,), default=None
        Groups of dependent rows, none of them in two folds, for the error of the risk.
    risk_weights : ndarray of shape (n,), default=None
        Further weights of the squared errors in the risk, which the models do not see.

    Notes
    -----
    For a fold of m rows and L penalties m**2 r L + 2 m**3 L multiply-adds, or about 9 r**3 if m >
    r; memory of one fold.
    """

    needs = "rows"

    def __init__(
        self,
        factorization: Factorization,
        folds: Sequence[Fold],
        refit: Callable[[np.ndarray, np.ndarray], HeldOut],
        groups: np.ndarray | None = None,
        risk_weights: np.ndarray | None = None,
    ):
        self.factorization = factorization
        self.folds = folds
        self.refit = refit
        self.groups = groups
        n_rows = factorization.data.n_rows
        root = factorization.data.root_weight
        self._row_weights = np.ones(n_rows) if root is None else root**2
        self._weights = self._row_weights
        if risk_weights is not None:
            self._weights = self._row_weights * risk_weights
        self._is_complement = [_is_complement(train, test, n_rows) for train, test in folds]

    def risk(self, penalties: np.ndarray) -> np.ndarray:
        """Return the weighted mean squared error (L, q) of all held-out rows, pooled over folds."""
        return pooled_risk(self._each(penalties), self._weights)

    def errors(self, penalties: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
        """Return ``(test rows, errors of shape (m, L, q))`` of every fold, in the unit of y."""
        return list(self._each(penalties))

    def at(self, penalties: np.ndarray, nodes: np.ndarray, joint: bool) -> Evaluation:
        """Evaluate ``penalties`` (1, 1) or (1, q), and sum up the errors at ``nodes`` (K,)."""
        errors = self.errors(penalties)
        by_row = LeaveOneOut(self.factorization).at(penalties, nodes, joint)
        sums = replace(
            self._sums(nodes, joint, self._weights),
            left=by_row.sums.left,
            left_squared=by_row.sums.left_squared,
            n_rows=by_row.sums.n_rows,
        )
        by_group = sums
        if self.groups is not None and self._weights is not self._row_weights:
            by_group = self._sums(nodes, joint, self._row_weights)
        return Evaluation(
            errors,
            pooled_risk(errors, self._weights)[0],
            by_row.leverage_dispersion,
            sums,
            by_row.sums if self.groups is None else by_group,
        )

    def _sums(self, nodes: np.ndarray, joint: bool, row_weights: np.ndarray) -> LossSums:
        sums, times = None, np.zeros(len(row_weights))
        for test, errors in self._each(nodes[:, None]):
            weights = row_weights[test]
            groups = None if self.groups is None else self.groups[test]
            errors *= np.sqrt(weights)[:, None, None]
            fold = LossSums.of([errors], weights, joint, groups)
            sums = fold if sums is None else sums + fold
            times[test] += 1.0
        # errors of a row that several folds hold out are not new scatter
        copies = times.sum() / np.count_nonzero(times)
        return replace(
            sums,
            squares=copies * sums.squares,
            products=copies * sums.products,
            weight_squared=copies * sums.weight_squared,
        )

    def _each(self, penalties: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        for fold, (_, test) in enumerate(self.folds):
            yield test, self._fold_errors(fold, penalties)

    def _fold_errors(self, fold: int, penalties: np.ndarray) -> np.ndarray:
        f, (train, test) = self.factorization, self.folds[fold]
        if self._is_complement[fold]:
            if len(test) > f.rank:
                held_out = downdate(f, test)
                if held_out is not None:
                    return held_out.errors(penalties)
            else:
                errors = _from_hat_block(f, test, penalties)
                if errors is not None:
                    return errors
        return self.refit(train, test).errors(penalties)


def _is_complement(train: np.ndarray, test: np.ndarray, n_rows: int) -> bool:
    if len(train) + len(test) != n_rows:
        return False
    seen = np.zeros(n_rows, dtype=bool)
    seen[train] = True
    seen[test] = True
    return bool(seen.all())


def _from_hat_block(f: Factorization, test: np.ndarray, penalties: np.ndarray) -> np.ndarray | None:
    """Errors (m, L, q) from the fold's block of the hat matrix; None if that has too few digits."""
    block = f.left_block(test)
    gains = 1.0 / (f.eigenvalues[:, None, None] + penalties)
    residuals = np.tensordot(block.U, gains * f.projections[:, None, :], axes=1)
    # if the modes explain the whole fold, residuals and I - H share the factor alpha: it drops out
    scaled = bool(block.null.any())
    if scaled:
        residuals = block.residual[:, None, :] + penalties * residuals
    null = block.null_projector
    errors = np.empty_like(residuals)
    # entries of (L, q) by penalty: a row of them each, or one each with as many targets as share it
    if penalties.shape[1] == 1:
        levels, places = penalties[:, 0], range(len(penalties))
    else:
        levels, index = np.unique(penalties, return_inverse=True)
        index = index.reshape(penalties.shape)
        places = [index == level for level in range(len(levels))]
    step = max(1, _BLOCK_ENTRIES // len(test) ** 2)
    for start in range(0, len(levels), step):
        alphas = levels[start : start + step, None, None]
        matrices = (block.U / (f.eigenvalues + alphas)) @ block.U.T
        if scaled:
            matrices = null + alphas * matrices
        inverses = _inverses(matrices)
        if inverses is None:
            return None
        for place, inverse in zip(places[start : start + step], inverses, strict=True):
            errors[:, place] = inverse @ residuals[:, place]
    if f.data.root_weight is not None:
        errors /= f.data.root_weight[test, None, None]
    return errors


def _inverses(matrices: np.ndarray) -> np.ndarray | None:
    """Invert a stack of matrices (k, m, m); None if one of them is too near a singular one."""
    try:
        inverses = np.linalg.inv(matrices)
    except np.linalg.LinAlgError:
        return None
    condition = np.abs(matrices).sum(axis=1).max(axis=1) * np.abs(inverses).sum(axis=1).max(axis=1)
    return inverses if np.all(condition < _WORST_CONDITION) else None
