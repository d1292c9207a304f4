"""selection="robust": no few rows choose the penalty; all else stays plain leave-one-out."""

import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose
from reference import answer, held_out_errors, make_data, one_by_one
from scipy.sparse import csr_array, eye_array
from sklearn.model_selection import KFold, LeaveOneGroupOut

from sk_renorm import RenormalizedRidge, TheoryGuidedRidgeCV
from sk_renorm._tuning.robust import bounded_differences, bounded_mean, undefeated, weighted_median
from sk_renorm.exceptions import GridEdgeWarning

pytestmark = pytest.mark.filterwarnings("ignore:.*far from all others")
ALPHAS = np.geomspace(1e-2, 1e7, 19)
SHAPES = {"tall": (60, 20), "wide": (40, 70)}


def robust(alphas=None, **settings):
    return TheoryGuidedRidgeCV(
        alphas, selection="robust", sample_correlation="independent", **settings
    )


def in_wrong_units(n, p, q=None, seed=0):
    X, y = make_data(n, p, q, seed=seed, noise=3.0)
    X[n // 3, 0] *= 300.0
    return X, y


def median_of_copies(values, weights):
    """Median of a list in which values stand as often as their integer weights say."""
    copies = sorted(v for v, w in zip(values, weights, strict=True) for _ in range(int(w)))
    half = len(copies) // 2
    return copies[half] if len(copies) % 2 else 0.5 * (copies[half - 1] + copies[half])


def difference(first, second, weights):
    """Bounded mean of ``first - second``, two lists of losses."""
    d = first - second
    bound = 20.0 * median_of_copies(abs(d), weights)
    return sum(w * min(max(v, -bound), bound) for v, w in zip(d, weights, strict=True)) / sum(
        weights
    )


def brute_choice(losses, weights=None):
    """Index of the penalty whose worst defeat is least, of losses (n, L) of refitted models."""
    weights = np.ones(len(losses)) if weights is None else weights
    defeats = [max(difference(own, other, weights) for other in losses.T) for own in losses.T]
    least, next_to_it = np.sort(defeats)[:2]
    assert next_to_it - least > 1e-3 * np.median(losses)  # more than is neglected
    return np.argmin(defeats)


def squared_errors(X, y, folds, weights=None):
    """Losses (n, L) or (n, L, q) of models refitted without each fold."""
    errors = [held_out_errors(X, y, alpha, folds, weights) for alpha in ALPHAS]
    return np.stack(errors, axis=1) ** 2


@pytest.mark.parametrize("weighted", [False, True], ids=["", "weighted"])
@pytest.mark.parametrize("shape", SHAPES)
def test_choice_is_that_of_refitted_models(shape, weighted):
    X, y = in_wrong_units(*SHAPES[shape], seed=4)
    weights = np.random.default_rng(0).integers(1, 5, len(X)).astype(float) if weighted else None
    model = robust(ALPHAS).fit(X, y, weights)
    losses = squared_errors(X, y, one_by_one(len(X)), weights)
    assert model.alpha_ == ALPHAS[brute_choice(losses, weights)]
    plain = TheoryGuidedRidgeCV(ALPHAS).fit(X, y, weights)
    assert plain.alpha_ == ALPHAS[np.average(losses, axis=0, weights=weights).argmin()]
    assert model.alpha_ < 0.1 * plain.alpha_  # not for the sake of one row


@pytest.mark.parametrize("per_target", [False, True])
def test_targets_share_a_penalty_or_have_their_own(per_target):
    X, Y = in_wrong_units(50, 20, 3, seed=20)
    Y[:, 2] += 6.0 * np.random.default_rng(1).standard_normal(50)
    losses = squared_errors(X, Y, one_by_one(50))
    model = robust(ALPHAS, alpha_per_target=per_target).fit(X, Y)
    if per_target:
        expected = [ALPHAS[brute_choice(losses[:, :, target])] for target in range(3)]
        assert len(set(expected)) > 1
        assert_allclose(model.alpha_, expected)
    else:
        assert model.alpha_ == ALPHAS[brute_choice(losses.mean(axis=2))]


@pytest.mark.parametrize("how", ["groups", "folds"])
def test_rows_left_out_together_are_bounded_one_by_one(how):
    X, y = in_wrong_units(60, 20, seed=2)
    groups = np.arange(60) % 20
    if how == "groups":
        folds = list(LeaveOneGroupOut().split(X, y, groups))
        model = robust(ALPHAS).fit(X, y, groups=groups)
    else:
        folds = list(KFold(6).split(X))
        model = robust(ALPHAS, cv=KFold(6)).fit(X, y)
    assert model.alpha_ == ALPHAS[brute_choice(squared_errors(X, y, folds))]


def test_rows_that_no_fold_tests_and_rows_of_no_weight_have_no_say():
    X, y = in_wrong_units(60, 20, seed=3)
    folds = list(KFold(6).split(X))[1:]
    weights = np.ones(60)
    weights[-10:] = 0.0
    model = robust(ALPHAS, cv=folds).fit(X, y, risk_weight=weights)
    losses = squared_errors(X, y, folds)[10:50]
    assert model.alpha_ == ALPHAS[brute_choice(losses)]


@pytest.mark.parametrize("shape", SHAPES)
def test_between_nodes_no_penalty_is_better(shape):
    X, y = in_wrong_units(*SHAPES[shape], seed=4)
    model = robust().fit(X, y)
    alphas = model.alpha_ * np.geomspace(0.2, 5.0, 41)
    chosen, others = (
        np.stack([held_out_errors(X, y, a, one_by_one(len(X))) for a in some], axis=1) ** 2
        for some in ([model.alpha_], alphas)
    )
    weights = np.ones(len(X))
    gains = [difference(other, chosen[:, 0], weights) for other in others.T]
    assert min(gains) > -3e-4 * chosen.mean()  # the error of interpolation


def test_of_penalties_that_beat_each_other_in_turn_the_one_least_beaten():
    found = 0
    for seed in range(300):
        losses = np.random.default_rng(seed).standard_t(1.2, (30, 4)) ** 2
        weights, alphas = np.ones(30), np.arange(1.0, 5.0)
        pairs = [[difference(a, b, weights) for b in losses.T] for a in losses.T]
        worst = np.max(pairs, axis=1)

        def losses_at(penalties, losses=losses, weights=weights, alphas=alphas):
            return losses[:, np.searchsorted(alphas, penalties[:, 0]), None], weights

        for alpha in alphas:
            chosen = undefeated(losses_at, alphas, np.array([alpha]), continuous=False)
            assert chosen == alphas[worst.argmin()]
        found += worst.min() > 0.0
    assert found > 5  # of which none beats all others


def test_all_else_is_plain_leave_one_out():
    X, y = in_wrong_units(60, 20)
    model = robust().fit(X, y)
    given = RenormalizedRidge(model.alpha_).fit(X, y)
    for name in ("coef_", "risk_", "report_.held_out.errors", "risk_std_error_"):
        assert_allclose(answer(model, name), answer(given, name), rtol=1e-3)
    assert model.best_score_ == -model.risk_
    plain = TheoryGuidedRidgeCV(sample_correlation="independent").fit(X, y)
    assert model.risk_ > plain.risk_
    on_nodes = np.isin(plain.report_.path.alpha, model.report_.path.alpha)
    assert_allclose(
        plain.report_.path.risk[on_nodes],
        model.report_.path.risk[np.isin(model.report_.path.alpha, plain.report_.path.alpha)],
    )
    assert model.alpha_ in model.report_.path.alpha


def population_excess(model, coef, scale):
    """Squared error above the noise, of centred features of standard deviation ``scale``."""
    off = model.coef_ - coef
    return off @ (scale**2 * off) + model.intercept_**2


def wrong_units(X, y, rng):
    X[rng.integers(len(X)), rng.integers(X.shape[1])] *= 1000.0


def heavy_labels(X, y, rng):
    """Wild labels where one feature is large."""
    rows = np.argsort(-X[:, 0])[: len(X) // 20]
    y[rows] += 10.0 * y.std() * rng.standard_cauchy(len(rows))


def far_rows(X, y, rng):
    rows = rng.choice(len(X), len(X) // 50, replace=False)
    X[rows] *= 10.0
    y[rows] = y.std() * rng.standard_normal(len(rows))


def nothing(X, y, rng):
    pass


def excesses(spoil, n, p, n_draws=40):
    """Excess (n_draws, 2) over the noise of the plain choice and of the robust one."""
    scale = np.arange(1.0, p + 1.0) ** -0.5
    excess = []
    for seed in range(n_draws):
        rng = np.random.default_rng([seed, n, p])
        coef = rng.standard_normal(p)
        coef /= np.sqrt(scale**2 @ coef**2)
        X = rng.standard_normal((n, p)) * scale
        y = X @ coef + rng.standard_normal(n)
        spoil(X, y, rng)
        fits = (
            TheoryGuidedRidgeCV(selection=selection, sample_correlation="independent").fit(X, y)
            for selection in ("min", "robust")
        )
        excess.append([population_excess(fit, coef, scale) for fit in fits])
    return np.array(excess)


@pytest.mark.parametrize(("n", "p"), [(150, 40), (80, 160)])
@pytest.mark.parametrize(
    ("spoil", "worth"), [(wrong_units, 0.05), (far_rows, 0.02), (heavy_labels, 0.0)]
)
def test_spoilt_rows_cost_less(spoil, worth, n, p):
    """By a share ``worth`` of the excess, beyond twice the standard error."""
    plain, steady = np.log(excesses(spoil, n, p)).T
    saved = plain - steady
    assert saved.mean() - 2.0 * saved.std(ddof=1) / np.sqrt(len(saved)) > worth


@pytest.mark.parametrize(("n", "p"), [(150, 40), (80, 160)])
def test_clean_rows_lose_nothing_that_shows(n, p):
    plain, steady = np.log(excesses(nothing, n, p)).T
    lost = steady - plain
    assert lost.mean() < 2.0 * lost.std(ddof=1) / np.sqrt(len(lost)) + 1e-3
    assert lost.mean() < 0.02


@pytest.mark.parametrize("shape", SHAPES)
def test_order_and_scale_mean_nothing(shape):
    X, y = in_wrong_units(*SHAPES[shape], seed=5)
    alpha = robust().fit(X, y).alpha_
    order = np.random.default_rng(0).permutation(len(X))
    assert robust().fit(X[order], y[order]).alpha_ == pytest.approx(alpha, rel=1e-6)
    assert robust().fit(X, 7.0 * y - 3.0).alpha_ == pytest.approx(alpha, rel=1e-6)
    assert robust().fit(3.0 * X + 1.0, y).alpha_ == pytest.approx(9.0 * alpha, rel=1e-6)


@pytest.mark.parametrize("shape", SHAPES)
def test_weights_are_copies_left_out_together(shape):
    X, y = in_wrong_units(*SHAPES[shape], seed=6)
    weights = np.random.default_rng(1).integers(0, 4, len(X))
    rows = np.repeat(np.arange(len(X)), weights)
    by_weight = robust().fit(X, y, weights)
    by_copies = robust().fit(X[rows], y[rows], groups=rows)
    assert by_weight.alpha_ == pytest.approx(by_copies.alpha_, rel=1e-6)
    # all alike mean nothing but a unit of alpha
    doubled = robust().fit(X, y, np.full(len(X), 2.0))
    assert doubled.alpha_ == pytest.approx(2.0 * robust().fit(X, y).alpha_, rel=1e-6)


def test_median_of_weights_is_that_of_copies():
    rng = np.random.default_rng(0)
    for n in (1, 2, 3, 10, 11):
        values = rng.integers(0, 5, (n, 3, 2)).astype(float)
        weights = rng.integers(0, 4, n)
        weights[0] += 1
        expected = np.median(np.repeat(values, weights, axis=0), axis=0)
        assert_allclose(weighted_median(values, 0.1 * weights), expected)


def test_influence_of_a_row_is_bounded_and_mutual():
    rng = np.random.default_rng(0)
    losses, weights = rng.chisquare(1, (50, 4, 1)), rng.uniform(size=50)

    def losses_at(penalties):
        return losses[:, penalties[:, 0].astype(int)], weights

    excesses = []
    for wild in (1e6, 1e12):
        losses[7, 2] = wild
        there, _ = bounded_differences(losses_at, np.arange(4.0), np.zeros(1))
        back, _ = bounded_differences(losses_at, np.arange(4.0), np.array([2.0]))
        assert there[2] == -back[0]
        excesses.append(there)
    assert_allclose(*excesses)
    losses[7, 2] = np.inf
    assert np.isinf(bounded_mean(losses, weights)[2, 0])


def test_nothing_to_choose_by():
    """All errors zero, most rows alike, two rows: the plain choice."""
    X, y = make_data(30, 4)
    coef = np.ones(4)
    few = np.zeros((30, 4)), y
    few[0][:5] = X[:5]
    for rows, target in [
        (X, np.full(30, 2.0)),
        (X, X @ coef),
        (X[:2], y[:2]),
        (np.zeros((30, 4)), y),
        few,
    ]:
        plain = TheoryGuidedRidgeCV(sample_correlation="independent").fit(rows, target)
        assert robust().fit(rows, target).alpha_ == plain.alpha_
    assert robust([0.5]).fit(X, y).alpha_ == 0.5


def test_warnings_are_of_the_choice_made():
    X, y = make_data(60, 8)
    X[20, 0] *= 300.0
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        TheoryGuidedRidgeCV().fit(X, y)
        robust().fit(X, y)
    plain, ours = (str(warning.message) for warning in caught)
    assert plain.startswith("The penalty is decided by row 20")
    assert plain.endswith("or bound their influence by selection='robust'.")
    assert "of risk_ comes from row 20" in ours
    best = robust().fit(X, y).alpha_
    with pytest.warns(GridEdgeWarning, match="lies at their edge") as caught:
        robust(best * np.geomspace(30.0, 3e4, 9)).fit(X, y)
    text = next(str(w.message) for w in caught if "edge" in str(w.message))
    better = float(text.partition("alpha=")[2].partition(" ")[0])
    assert 0.5 * best < better < 30.0 * best
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", ".*far from all others")
        robust(best * np.geomspace(0.01, 100.0, 9)).fit(X, y)


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        ({"risk": "gcv"}, "risk='gcv'"),
        ({"scoring": "r2"}, "scoring"),
        ({"sample_correlation": "ar1"}, "sample_correlation"),
    ],
)
def test_what_cannot_be_combined(settings, name):
    X, y = make_data(30, 3)
    model = TheoryGuidedRidgeCV(selection="robust", **settings)
    with pytest.raises(ValueError, match="selection='robust' goes by squared errors of rows") as e:
        model.fit(X, y)
    assert f"and {name} by something else; leave one of the two out." in str(e.value)


def test_rows_must_be_at_hand():
    X, y = make_data(30, 3)
    model = TheoryGuidedRidgeCV(selection="robust")
    assert not hasattr(model, "partial_fit")
    with pytest.raises(AttributeError, match="selection='robust' needs all of them"):
        _ = model.partial_fit
    streaming = TheoryGuidedRidgeCV().partial_fit(X, y).set_params(selection="robust")
    with pytest.raises(AttributeError, match="selection='robust' needs all of them"):
        _ = streaming.alpha_
    sparse = eye_array(4100, 4200, format="csr")
    with pytest.raises(ValueError, match=r"^selection='robust' needs errors of rows left out"):
        model.fit(sparse, np.ones(4100))


def test_dask_is_refused():
    dask_array = pytest.importorskip("dask.array")
    X, y = make_data(30, 3)
    with pytest.raises(ValueError, match="selection='robust' needs all of them"):
        robust().fit(dask_array.from_array(X), dask_array.from_array(y))


def test_sparse_and_single_precision_rows():
    X, y = in_wrong_units(60, 20)
    alpha = robust().fit(X, y).alpha_
    assert robust().fit(csr_array(X), y).alpha_ == pytest.approx(alpha, rel=1e-6)
    assert robust().fit(np.float32(X), y).alpha_ == pytest.approx(alpha, rel=1e-2)
