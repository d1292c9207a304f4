"""Splits for leave-fold-out: scikit-learn's ``cv`` conventions resolved to index arrays."""

import numpy as np
from scipy.sparse import issparse
from sklearn.model_selection import check_cv
from sklearn.utils import indexable
from sklearn.utils.validation import check_consistent_length

from sk_renorm._linalg import Fold, missing
from sk_renorm._rows.names import listed


def check_groups(groups, X) -> np.ndarray | None:
    """Return group labels (n,), one for each row of ``X`` and none missing, or None."""
    if groups is None:
        return None
    if issparse(groups):
        raise TypeError("groups must be dense; give groups.toarray().ravel().")
    labels = np.asarray(groups)
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if labels.ndim != 1:
        raise ValueError(
            f"groups must hold one label for each row, got an array of shape {labels.shape}."
        )
    check_consistent_length(X, labels)
    rows = np.flatnonzero(missing(labels))
    if len(rows):
        raise ValueError(
            f"groups has no label (NaN or None) in {listed(rows, 'row')}; give each of these rows "
            "a label, of its own if it is alone, or leave it out."
        )
    return labels


def group_codes(labels: np.ndarray | None) -> np.ndarray | None:
    """Return group labels as numbers (n,) from 0, or None."""
    if labels is None:
        return None
    try:
        return np.unique(labels, return_inverse=True)[1]
    except TypeError:
        raise TypeError(
            "groups holds labels that cannot be sorted, such as numbers and text; make them all "
            "text, for instance with [str(label) for label in groups]."
        ) from None


def resolve_folds(
    cv, X, y, codes: np.ndarray | None, kept: np.ndarray | None, split_params: dict
) -> list[Fold] | None:
    """Return the folds that ``cv`` makes, or None for rows left out one at a time.

    ``cv=None`` with groups leaves one group out at a time, by their ``codes``.  ``kept`` marks the
    rows of positive weight: the splitter sees all rows, the folds hold positions among those kept.
    """
    if cv is None:
        return None if codes is None else _one_group_each(codes, kept)
    X, y = indexable(X, y)
    n_rows = len(y)
    n_kept = n_rows if kept is None else np.count_nonzero(kept)
    position = None if kept is None else np.cumsum(kept) - 1
    folds = []
    for train, test in check_cv(cv, y, classifier=False).split(X, y, **split_params):
        train, test = _positions(train, n_rows), _positions(test, n_rows)
        if kept is not None:
            train, test = position[train[kept[train]]], position[test[kept[test]]]
        if not len(test):
            continue
        if not len(train):
            raise ValueError(
                f"Fold {len(folds)} of cv leaves no rows to train on; use fewer, larger folds."
            )
        # kept as what is left out: the training rows of many folds would fill the memory
        folds.append(Fold.from_split(train, test, n_kept))
    if not folds:
        raise ValueError("cv gave no fold with rows to test; give it at least one.")
    return folds


def _one_group_each(codes: np.ndarray, kept: np.ndarray | None) -> list[Fold]:
    """Return the folds of LeaveOneGroupOut from one sort, without n indices for each of them."""
    codes = codes if kept is None else codes[kept]
    rows = np.argsort(codes, kind="stable")
    folds = np.split(rows, np.flatnonzero(np.diff(codes[rows])) + 1)
    if len(folds) < 2:
        raise ValueError(
            "groups names one group only, and without it no rows are left to train on; name two "
            "or more, or leave groups out."
        )
    return [Fold(fold, len(fold)) for fold in folds]


def _positions(rows, n_rows: int) -> np.ndarray:
    rows = np.asarray(rows)
    rows = np.flatnonzero(rows) if rows.dtype == bool else rows.astype(np.intp)
    if len(rows) and not (-n_rows <= rows.min() and rows.max() < n_rows):
        raise ValueError(f"cv names row {rows.max()}, but there are only {n_rows} rows.")
    return rows % n_rows
