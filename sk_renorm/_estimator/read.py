"""From what ``fit`` is given to checked rows, and to a request that knows their folds."""

from dataclasses import replace
from numbers import Integral, Real
from typing import NamedTuple

import numpy as np
from sklearn import get_config
from sklearn.utils import check_random_state
from sklearn.utils.metadata_routing import process_routing
from sklearn.utils.validation import validate_data

from sk_renorm._estimator.excludes import (
    refuse_folds_of_no_weight,
    refuse_what_correlation_excludes,
    refuse_what_needs_leverages,
    refused_for_blocks,
)
from sk_renorm._linalg import DaskRows, Stage, features_of
from sk_renorm._rows.blocks import BlockRows
from sk_renorm._rows.check import check_penalties, check_training_data, in_own_units
from sk_renorm._rows.compat import InvalidParameterError
from sk_renorm._rows.devices import has_float64, place_of, to_host
from sk_renorm._rows.folds import check_groups, group_codes, resolve_folds
from sk_renorm._rows.names import column_names
from sk_renorm._rows.rows import TrainingData
from sk_renorm._rows.sums import check_number, check_sums
from sk_renorm._tuning.candidates import Count, Grid, Search
from sk_renorm._tuning.reductions import no_leverages
from sk_renorm._tuning.request import Request


class Given(NamedTuple):
    """What ``fit`` is given beside the features."""

    y: object
    sample_weight: object
    groups: object
    risk_weight: object


def correlation_asked_for(given):
    """Return the correlation of rows that ``sample_correlation`` asks for; None for none."""
    is_none = given is None or (isinstance(given, str) and given == "independent")
    return None if is_none else to_host(given)


def refuse_single_alpha(estimator, or_else: str = "") -> None:
    """Refuse ``alphas`` that are likely meant otherwise, with what to give, ``or_else`` to use."""
    alphas, name = estimator.alphas, type(estimator).__name__
    enough = 2 if isinstance(alphas, Integral) else np.inf
    if isinstance(alphas, bool | np.bool_):
        raise InvalidParameterError(
            f"The 'alphas' parameter of {name} must be a list of penalties, an int "
            f"from 2 on, how many to try, or None. Got {bool(alphas)} instead."
        )
    if isinstance(alphas, Real) and 0 <= alphas < enough:
        given = f"{float(alphas):g}"
        raise InvalidParameterError(
            f"The 'alphas' parameter of {name} must be a list of penalties, or an "
            f"int from 2 on, how many to try. Got {given} instead. For this one penalty give "
            f"alphas=[{given}]{or_else.format(given)}."
        )


def candidates_asked_for(alphas) -> Search | Count | Grid:
    """Return the penalties that checked ``alphas`` ask for."""
    if alphas is None:
        return Search()
    if isinstance(alphas, Integral):
        return Count(alphas)
    return Grid(check_penalties(alphas, "alphas"))


def read_rows(estimator, X, given: Given, request: Request) -> tuple[TrainingData, Request]:
    """Check rows in memory; return them, and the request with what it takes from them."""
    place = place_of(X)
    given = Given(*(to_host(values) for values in given))
    y, sample_weight, groups, risk_weight = given
    if place is not None and _needs_host(estimator, place, given, request):
        X = to_host(X)
    data = check_training_data(estimator, X, y, sample_weight, risk_weight)
    data = in_own_units(data, request.per_target)
    labels = check_groups(groups, X)
    codes = group_codes(labels)
    split_params, score_params = _routed(estimator, sample_weight, labels, data)
    request = replace(
        request,
        folds=resolve_folds(estimator.cv, X, y, codes, data.kept, split_params),
        groups=codes if codes is None or data.kept is None else codes[data.kept],
        score_params=score_params,
    )
    refuse_folds_of_no_weight(request, data)
    refuse_what_correlation_excludes(request, data)
    reason = no_leverages(data)
    if reason is not None:
        refuse_what_needs_leverages(request, data, reason)
        seed = check_random_state(estimator.random_state).randint(2**31)
        return data, replace(request, seed=seed)
    singly = request.folds is None and request.correlation is None
    may_wait = data.place is None and request.store_rows and not request.rule.n_errors
    return data, replace(request, errors_later=request.risk == "gcv" and singly and may_wait)


def _needs_host(estimator, place, given: Given, request: Request) -> bool:
    """Say whether what is asked for needs the rows in numpy."""
    folds = estimator.cv is not None or given.groups is not None or given.risk_weight is not None
    return folds or request.correlation is not None or not has_float64(place)


def _routed(estimator, sample_weight, groups, data: TrainingData) -> tuple[dict, dict]:
    """Return what goes to the splitter and, for the rows kept, to the scorer.

    Risk weights multiply the sample weights that the scorer gets.
    """
    given = {"sample_weight": sample_weight, "groups": groups}
    given = {name: value for name, value in given.items() if value is not None}
    if get_config()["enable_metadata_routing"] and given:
        routed = process_routing(estimator, "fit", **given)
        split, score = dict(routed.splitter.split), dict(routed.scorer.score)
    else:
        split = {"groups": groups} if "groups" in given else {}
        score = {"sample_weight": sample_weight} if "sample_weight" in given else {}
    rows = slice(None) if data.kept is None else data.kept
    # a single number weighs all rows alike, which no score sees
    arrays = {name: np.asarray(value) for name, value in score.items()}
    arrays = {name: value[rows] for name, value in arrays.items() if value.ndim}
    if data.risk_weights is not None:
        arrays["sample_weight"] = data.risk_weights * arrays.get("sample_weight", 1.0)
    return split, arrays


def read_dask(estimator, X, given: Given, request: Request, stage: Stage) -> BlockRows:
    """Sum up the rows of a dask collection; refuse what takes all of them at once."""
    what = "A fit to a dask collection"
    refused = refused_for_blocks(estimator, request, what, given.groups, given.risk_weight)
    if refused:
        raise ValueError(refused)
    y = given.y
    validate_data(estimator, features_of(X), y, skip_check_array=True)
    rows = DaskRows.of(X, y, given.sample_weight, stage)
    flat = getattr(y, "ndim", np.ndim(y)) == 1
    names = {"X": column_names(X), "y": column_names(y)}
    if request.risk == "gcv":
        digest = rows.digest()
        check_sums(digest.moments, digest.n_seen, names)
        check_number(digest.n_seen)
        return BlockRows.of_digest(digest, flat, request.fit_intercept, rows)
    Y, weights, moments = rows.moments()
    check_sums(moments, len(Y), names)
    check_number(len(Y))
    return BlockRows.of_targets(rows, moments, Y, weights, flat)
