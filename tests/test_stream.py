"""partial_fit: any blocks in any order are the fit to all rows; what a sample of them adds."""

import copy
import pickle

import numpy as np
import pytest
import skops.io
from numpy.testing import assert_allclose
from reference import answer, held_out_errors, make_data, one_by_one, ridge_fit
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_is_fitted

from sk_renorm import RenormalizedRidge, TheoryGuidedRidgeCV
from sk_renorm._linalg import Digest
from sk_renorm.exceptions import GridEdgeWarning, UnreliableGCVWarning, UnresolvedPenaltyWarning

FITTED = ["alpha_", "coef_", "intercept_", "risk_", "effective_df_", "effective_ridge_"]
FITTED += [
    "report_.path.risk",
    "report_.path.alpha",
    "report_.eigenvalues",
    "report_.noise.variance",
]


def stream(model, X, y, weights=None, *, cuts=(7, 30, 31, 64), order=None, **options):
    """Fit block by block, in some order."""
    blocks = np.split(np.arange(len(X)), cuts)
    for number in range(len(blocks)) if order is None else order:
        rows = blocks[number]
        model.partial_fit(X[rows], y[rows], None if weights is None else weights[rows], **options)
    return model


def fit_by_gcv(model, X, y, weights=None):
    """The same model fitted to all rows, with GCV's risk."""
    if isinstance(model, TheoryGuidedRidgeCV):
        return clone(model).set_params(risk="gcv").fit(X, y, weights)
    alpha = clone(model).fit(X, y, weights).alpha_
    fixed = TheoryGuidedRidgeCV(risk="gcv", fit_intercept=model.fit_intercept)
    return fixed.set_params(alphas=np.atleast_1d(alpha)).fit(X, y, weights)


@pytest.mark.filterwarnings("ignore:The best of the given alphas")
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(
    "model",
    [
        TheoryGuidedRidgeCV(),
        TheoryGuidedRidgeCV(risk="gcv", fit_intercept=False),
        TheoryGuidedRidgeCV(alphas=[0.0, 0.1, 1.0, 10.0, 300.0]),
        TheoryGuidedRidgeCV(alphas=12),
        TheoryGuidedRidgeCV(alpha_per_target=True),
        TheoryGuidedRidgeCV(sample_correlation="independent"),
        RenormalizedRidge(alpha=3.0, fit_intercept=False),
        RenormalizedRidge(effective_df=4.0),
        RenormalizedRidge(effective_ridge=0.1),
    ],
    ids=repr,
)
def test_blocks_in_any_order_are_the_fit_to_all_rows(model, weighted):
    X, Y = make_data(90, 6, q=2, noise=4.0)
    y = Y if getattr(model, "alpha_per_target", False) else Y[:, 0]
    weights = np.random.default_rng(0).uniform(0.0, 2.0, 90) if weighted else None
    if weighted:
        weights[3] = 0.0
    expected = fit_by_gcv(model, X, y, weights)
    in_order = stream(clone(model), X, y, weights)
    shuffled = stream(clone(model), X, y, weights, order=[3, 0, 4, 2, 1])
    for found in (in_order, shuffled):
        for name in FITTED:
            # between nodes a minimum is located to half the digits of its value
            assert_allclose(answer(found, name), answer(expected, name), rtol=1e-6, err_msg=name)
        assert_allclose(found.predict(X), expected.predict(X), rtol=1e-8)
    alphas = np.atleast_1d(in_order.alpha_)
    for target, alpha in enumerate(alphas):
        coef, _ = ridge_fit(X, y.reshape(90, -1)[:, target], alpha, weights, model.fit_intercept)
        assert_allclose(np.atleast_2d(in_order.coef_)[target], coef[:, 0], rtol=1e-8)


def test_sparse_blocks_are_refused():
    sparse = pytest.importorskip("scipy.sparse")
    X, y = make_data(30, 3)
    with pytest.raises(TypeError, match="dense data is required"):
        TheoryGuidedRidgeCV().partial_fit(sparse.csr_array(X), y)


def test_huge_means_cost_no_digits():
    X, y = make_data(90, 5)
    near, far = stream(TheoryGuidedRidgeCV(), X, y), stream(TheoryGuidedRidgeCV(), X + 1e6, y - 1e6)
    assert_allclose(far.coef_, near.coef_, rtol=1e-6)
    assert_allclose(far.risk_, near.risk_, rtol=1e-8)


def test_targets_share_a_penalty_or_have_one_each():
    X, Y = make_data(90, 6, q=2, noise=4.0)
    shared = stream(TheoryGuidedRidgeCV(), X, Y)
    assert_allclose(shared.alpha_, TheoryGuidedRidgeCV(risk="gcv").fit(X, Y).alpha_, rtol=1e-6)
    own = stream(RenormalizedRidge(alpha=[3.0, 1.0]), X, Y)
    assert_allclose(own.coef_, RenormalizedRidge(alpha=[3.0, 1.0]).fit(X, Y).coef_, rtol=1e-8)
    assert own.risk_.shape == own.report_.sample.risk.shape == (2,)


@pytest.mark.filterwarnings("ignore:Leverages differ much")
@pytest.mark.parametrize("n", [2, 5, 11, 12, 13, 20])
def test_fewer_rows_than_features(n):
    X, y = make_data(20, 11, noise=4.0)
    found = RenormalizedRidge(alpha=0.5)
    for row in range(n):
        found.partial_fit(X[row : row + 1], y[row : row + 1])
    expected = TheoryGuidedRidgeCV([0.5], risk="gcv").fit(X[:n], y[:n])
    for name in ("coef_", "risk_", "effective_df_", "effective_ridge_", "report_.eigenvalues"):
        assert_allclose(answer(found, name), answer(expected, name), rtol=1e-7, err_msg=name)


@pytest.mark.parametrize("forget", [0.02, 0.5])
def test_forgetting_is_a_weighted_fit(forget):
    X, y = make_data(90, 6, noise=4.0)
    cuts = (7, 30, 31, 64)
    ages = 4 - np.searchsorted(cuts, np.arange(90), side="right")
    weights = (1.0 - forget) ** ages
    found = stream(TheoryGuidedRidgeCV(), X, y, cuts=cuts, forget=forget)
    expected = TheoryGuidedRidgeCV(risk="gcv").fit(X, y, weights)
    for name in (
        "alpha_",
        "coef_",
        "risk_",
        "report_.path.risk",
        "effective_df_",
        "effective_ridge_",
    ):
        assert_allclose(answer(found, name), answer(expected, name), rtol=1e-6, err_msg=name)
    assert found.report_.evidence.setting.n_rows == round(weights.sum())


def test_sampled_loo_risk_is_exact_while_all_rows_are_in_the_sample():
    X, y = make_data(60, 6, q=2, noise=4.0)
    weights = np.random.default_rng(0).uniform(0.5, 2.0, 60)
    model = stream(TheoryGuidedRidgeCV(alpha_per_target=True), X, y, weights, cuts=(20, 21))
    for target, alpha in enumerate(model.alpha_):
        errors = held_out_errors(X, y[:, target], alpha, one_by_one(60), weights)
        assert_allclose(model.report_.held_out.errors[:, target], errors, rtol=1e-7)
        risk = np.average(errors**2, weights=weights)
        assert_allclose(model.report_.sample.risk[target], risk, rtol=1e-7)
    assert_allclose(model.report_.sample.std_error, 0.0, atol=1e-12)
    assert_allclose(model.report_.held_out.weights, weights)
    forgetful = stream(RenormalizedRidge(1.0), X, y[:, 0], cuts=(20, 40), forget=1e-9)
    errors = held_out_errors(X, y[:, 0], 1.0, one_by_one(60))
    assert_allclose(forgetful.report_.sample.risk, np.mean(errors**2), rtol=1e-6)


@pytest.mark.parametrize("forget", [0.0, 0.3])
def test_sampled_loo_risk_lies_within_its_error(forget):
    """Uneven rows: leave-one-out of all rows, from 2048 of them, 40 times."""
    rng = np.random.default_rng(0)
    deviations = []
    for _ in range(40):
        X = rng.standard_normal((6000, 40)) * rng.uniform(0.3, 2.0, (6000, 1))
        y = X[:, 0] + rng.standard_normal(6000)
        weights = (1.0 - forget) ** np.repeat([2, 1, 0], 2000)
        model = stream(RenormalizedRidge(10.0), X, y, cuts=(2000, 4000), forget=forget)
        exact = RenormalizedRidge(10.0, sample_correlation="independent").fit(X, y, weights)
        error = (
            np.average(exact.report_.held_out.errors**2, weights=weights)
            - model.report_.sample.risk
        )
        deviations.append(error / model.report_.sample.std_error)
        assert model.report_.sample.std_error < 0.2 * exact.risk_std_error_
    # mean 0 and standard deviation 1, of 40
    assert abs(np.mean(deviations)) < 3.0 / np.sqrt(40)
    assert 1 - 3 / np.sqrt(80) < np.std(deviations) < 1 + 3 / np.sqrt(80)


def test_error_bars_come_from_the_sample():
    X, y = make_data(5000, 8, noise=4.0)
    model = stream(TheoryGuidedRidgeCV(), X, y, cuts=range(500, 5000, 500))
    full = TheoryGuidedRidgeCV(risk="gcv").fit(X, y)
    # the variance of squares of a normal, from 2048 of them: relative error sqrt(96 / 2048) / 2
    assert_allclose(model.risk_std_error_, full.risk_std_error_, rtol=3 * 0.11)
    assert_allclose(model.report_.noise.interval, full.report_.noise.interval, rtol=0.05)
    assert_allclose(model.report_.noise.r2_ceiling, full.report_.noise.r2_ceiling, rtol=0.05)
    assert_allclose(model.report_.evidence.setting.mean_weight, 1.0)
    assert model.report_.held_out.errors.shape == (2048,)
    fresh, fresh_y = make_data(5000, 8, noise=4.0, seed=0)
    inside = model.predict_interval(fresh)
    share = np.mean((inside[:, 0] <= fresh_y) & (fresh_y <= inside[:, 1]))
    assert abs(share - 0.9) < 4 * np.sqrt(0.09 / 2048)
    assert "5000 rows, 8 features" in str(model.report_)
    assert "leave-one-out, sampled" in str(model.report_)
    assert "5000 rows" in model._repr_html_()
    assert model.report_.interval()[0] < model.risk_ < model.report_.interval()[1]
    assert_allclose(model.predict(X[:2], return_std=True)[1], np.sqrt(model.risk_), rtol=0.1)
    with pytest.raises(ValueError, match="no rows are kept where they come in blocks"):
        model.predict_interval(X[:1], method="jackknife+")


@pytest.mark.parametrize(("forget", "size"), [(0.0, 2048), (0.0, 500), (0.1, 2048)])
def test_sample_is_uniform_in_what_is_left(forget, size):
    """Counts per block of 1000 rows against their expectation; the sample of 2048 is full."""
    digest = None
    for block in range(20):
        X = np.full((1000, 1), float(block))
        one = Digest.of(1000 * block, X, X, None, size)
        digest = one if digest is None else digest.forgetting(forget) + one
    assert len(digest.sample.X) == 2048
    shares = (1.0 - forget) ** np.arange(19, -1, -1)
    assert_allclose(digest.n_rows, 1000 * shares.sum())
    assert_allclose(digest.sample.shares, shares[digest.sample.X[:, 0].astype(int)])
    counts = np.bincount(digest.sample.X[:, 0].astype(int), minlength=20)
    expected = 2048 * shares / shares.sum()
    chi2 = np.sum((counts - expected) ** 2 / expected)
    assert chi2 < 19 + 4 * np.sqrt(2 * 19)


def test_a_block_that_gives_few_rows_limits_all():
    """A sample of 300 of 5000 rows and all of 5000 others makes one of about 600, half of each."""
    X = np.zeros((5000, 1))
    few, all_rows = Digest.of(0, X, X, None, 300), Digest.of(1, X + 1.0, X, None, 2048)
    for digest in (few + all_rows, all_rows + few):
        from_few = np.count_nonzero(digest.sample.X == 0.0)
        assert from_few == 300
        others = len(digest.sample.X) - from_few
        assert abs(others - 300) < 4 * np.sqrt(300 + 300)


def test_warns_where_leverages_differ():
    X, y = make_data(200, 5)
    owned = np.zeros((200, 60))
    owned[np.arange(60), np.arange(60)] = 10.0
    model = RenormalizedRidge(1e-3).partial_fit(np.column_stack([X, owned]), y)
    with pytest.warns(
        UnreliableGCVWarning, match=r"dispersion 0\.66.*leave-one-out risk at .* \+- 0\. Fit"
    ):
        assert model.report_.leverage_dispersion > 0.4
    exact = RenormalizedRidge(1e-3).fit(np.column_stack([X, owned]), y)
    assert_allclose(model.report_.sample.risk, exact.risk_, rtol=1e-8)
    assert abs(model.risk_ / exact.risk_ - 1.0) > 0.2


def test_is_tuned_when_asked_and_again_after_each_block():
    X, y = make_data(90, 6)
    model = TheoryGuidedRidgeCV().partial_fit(X[:40], y[:40])
    check_is_fitted(model)
    assert "alpha_" not in vars(model)
    assert hasattr(model, "coef_")
    assert not hasattr(model, "cv_results_")
    assert not hasattr(model, "feature_names_in_")
    first = model.alpha_
    assert "coef_" in vars(model)
    model.partial_fit(X[40:], y[40:])
    assert "alpha_" not in vars(model)
    assert model.n_samples_seen_ == 90
    assert model.alpha_ != first
    with pytest.raises(AttributeError, match="no attribute 'cv_results_'"):
        _ = model.cv_results_


@pytest.mark.parametrize("tuned", [False, True])
def test_pickles_and_copies_go_on(tuned):
    X, y = make_data(90, 6)
    model = TheoryGuidedRidgeCV().partial_fit(X[:40], y[:40])
    if tuned:
        assert model.alpha_ > 0
    trusted = ["sk_renorm._ridge_cv.TheoryGuidedRidgeCV"]
    stored = skops.io.dumps(model)
    assert skops.io.get_untrusted_types(data=stored) == trusted
    others = [
        pickle.loads(pickle.dumps(model)),
        copy.copy(model),
        copy.deepcopy(model),
        skops.io.loads(stored, trusted=trusted),
    ]
    expected = TheoryGuidedRidgeCV(risk="gcv").fit(X, y).coef_
    for other in others:
        assert_allclose(other.partial_fit(X[40:], y[40:]).coef_, expected, rtol=1e-6)
    half = TheoryGuidedRidgeCV(risk="gcv").fit(X[:40], y[:40]).coef_
    assert_allclose(model.coef_, half, rtol=1e-6)  # none of them has changed it
    assert not hasattr(clone(model), "coef_")


def test_fit_starts_afresh_and_so_does_partial_fit_after_it():
    X, y = make_data(90, 6)
    model = TheoryGuidedRidgeCV().partial_fit(X[:, :3], y)
    assert model.fit(X, y).n_features_in_ == 6
    assert not hasattr(model, "n_samples_seen_")
    assert not hasattr(model, "report_.sample.risk")
    assert_allclose(model.coef_, TheoryGuidedRidgeCV().fit(X, y).coef_)
    model.partial_fit(X[:30, :2], y[:30])
    assert model.n_samples_seen_ == 30
    assert model.coef_.shape == (2,)


def test_a_buffer_may_be_used_again():
    X, y = make_data(60, 4)
    model, buffer, targets = RenormalizedRidge(1.0), np.empty((30, 4)), np.empty(30)
    for rows in (slice(0, 30), slice(30, 60)):
        buffer[:], targets[:] = X[rows], y[rows]
        model.partial_fit(buffer, targets)
        buffer[:] = targets[:] = 0.0
        seen = slice(0, rows.stop)
        expected = RenormalizedRidge(1.0, sample_correlation="independent").fit(X[seen], y[seen])
        assert_allclose(model.report_.held_out.errors, expected.report_.held_out.errors, rtol=1e-7)


def test_warns_of_an_edge_where_the_user_asks():
    X, y = make_data(60, 4)
    model = TheoryGuidedRidgeCV([1e3, 1e4]).partial_fit(X, y)
    with pytest.warns(GridEdgeWarning, match="at their edge") as caught:
        _ = model.alpha_
    assert caught[0].filename == __file__
    with pytest.raises(ValueError, match="All sample weights are zero; some rows must"):
        model.partial_fit(X, y, np.zeros(60))


def test_an_error_changes_nothing():
    X, y = make_data(90, 6)
    model = TheoryGuidedRidgeCV().partial_fit(X[:40], y[:40])
    before = dict(vars(model))
    bad = X[40:].copy()
    bad[0, 0] = np.nan
    with pytest.raises(ValueError, match="contains NaN"):
        model.partial_fit(bad, y[40:])
    with pytest.raises(ValueError, match="X has 3 features"):
        model.partial_fit(X[:, :3], y)
    with pytest.raises(ValueError, match="y has 2 targets, and the blocks before had 1"):
        model.partial_fit(X, np.column_stack([y, y]))
    with pytest.raises(ValueError, match="forget must be a share"):
        model.partial_fit(X, y, forget=1.0)
    assert vars(model) == before


def test_too_few_rows_for_what_is_asked():
    X, y = make_data(30, 6)
    one = TheoryGuidedRidgeCV().partial_fit(X[:1], y[:1])
    with pytest.raises(NotFittedError, match="one row so far"):
        one.predict(X)
    dial = RenormalizedRidge(effective_df=5.0).partial_fit(X[:3], y[:3])
    assert not hasattr(dial, "coef_")
    with pytest.raises(NotFittedError, match="at most 2, the rank of the centred data"):
        dial.predict(X)
    assert_allclose(dial.partial_fit(X[3:], y[3:]).effective_df_, 5.0)


@pytest.mark.parametrize(
    "model",
    [
        TheoryGuidedRidgeCV(cv=3),
        TheoryGuidedRidgeCV(scoring="r2"),
        TheoryGuidedRidgeCV(store_cv_results=True),
        RenormalizedRidge(sample_correlation="ar1"),
    ],
)
def test_what_needs_all_rows_is_refused(model):
    X, y = make_data(30, 3)
    assert not hasattr(model, "partial_fit")
    with pytest.raises(AttributeError, match="partial_fit sees one block of rows at a time, and"):
        model.partial_fit(X, y)
    assert not hasattr(model.fit(X, y), "n_samples_seen_")


@pytest.mark.parametrize(
    ("params", "match"),
    [({"cv": 5}, "cv needs all"), ({"risk": "gcv", "cv": 5}, "cv needs"), ({"alphas": "x"}, "'x'")],
    ids=str,
)
def test_what_is_set_between_blocks_and_first_use_is_checked(params, match):
    X, y = make_data(40, 4, noise=2.0)
    model = TheoryGuidedRidgeCV().partial_fit(X, y).set_params(**params)
    assert not hasattr(model, "alpha_")
    with pytest.raises(NotFittedError, match=match):
        model.predict(X)
    assert model.set_params(cv=None, alphas=None).predict(X).shape == (40,)


@pytest.mark.parametrize(
    ("x_size", "y_size", "match"),
    [(1e-130, 1.0, "value of X"), (1.0, 1e-60, "Values of y"), (1.0, 1e60, "Values of y")],
)
def test_sizes_whose_powers_leave_the_range_are_refused(x_size, y_size, match):
    X, y = make_data(40, 3)
    with pytest.raises((NotFittedError, ValueError), match=match):
        TheoryGuidedRidgeCV().partial_fit(X * x_size, y * y_size).predict(X)
    ordinary = TheoryGuidedRidgeCV().partial_fit(X, y).partial_fit(X, 1e-60 * y)
    assert np.isfinite(ordinary.risk_)  # a block of small targets is nothing special


@pytest.mark.parametrize("size", [1e32, 1e120, 1e200])
def test_a_block_of_too_large_targets_leaves_the_stream_as_it_was(size):
    X, y = make_data(40, 3)
    model = TheoryGuidedRidgeCV().partial_fit(X, y)
    with pytest.raises(ValueError, match=r"Values of y are about .*; divide y by that value"):
        model.partial_fit(X, size * y)
    with pytest.raises(ValueError, match=r"largest sample_weight is .* Divide the weights"):
        model.partial_fit(X, y, np.full(40, 1e120))
    assert model.n_samples_seen_ == 40
    assert model.alpha_ == TheoryGuidedRidgeCV().partial_fit(X, y).alpha_


@pytest.mark.parametrize("kind", [TypeError, ValueError])
def test_a_mistake_of_ours_is_not_taken_for_a_missing_fit(kind, monkeypatch):
    """``hasattr`` would hide it."""

    def mistaken(*args, **kwargs):
        raise kind("operands do not go together")

    monkeypatch.setattr("sk_renorm._tuning.tune.select", mistaken)
    model = TheoryGuidedRidgeCV().partial_fit(*make_data(40, 4, noise=2.0))
    before = dict(vars(model))
    with pytest.raises(kind, match="operands") as caught:
        _ = model.alpha_
    assert caught.type is kind
    assert vars(model) == before


def test_penalties_that_moments_do_not_resolve():
    X, y = make_data(60, 4)
    X = np.column_stack([X, X[:, 0]])
    assert_allclose(
        RenormalizedRidge(1.0).partial_fit(X, y).coef_, RenormalizedRidge(1.0).fit(X, y).coef_
    )
    with pytest.raises(NotFittedError, match=r"below .* are not resolved by .* give one at least"):
        RenormalizedRidge(0.0).partial_fit(X, y).predict(X)
    free = TheoryGuidedRidgeCV().partial_fit(X, y)
    full = TheoryGuidedRidgeCV(risk="gcv").fit(X, y)
    assert_allclose(free.predict(X), full.predict(X), rtol=1e-6)


def test_so_many_candidates_begin_with_what_is_resolved():
    for seed in range(20):
        X, y = make_data(60, 4, seed=seed)
        model = TheoryGuidedRidgeCV(7).partial_fit(np.column_stack([X, X[:, 0]]), y)
        alphas = model.report_.path.alpha
        assert len(alphas) == 7
        assert alphas[0] == alphas.min() > 0.0


def test_says_so_if_the_best_penalty_may_not_be_resolved():
    """A signal in the weakest direction, which only a tiny penalty lets through."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((60, 4))
    signal = X[:, 3].copy()
    X[:, 3] = X[:, 0] + 1e-5 * signal
    y = signal + 0.1 * rng.standard_normal(60)
    model = TheoryGuidedRidgeCV().partial_fit(X, y)
    with pytest.warns(
        UnresolvedPenaltyWarning, match="the least that is resolved by second moments"
    ) as caught:
        assert model.alpha_ > 0.0
    assert caught[0].filename == __file__
    assert TheoryGuidedRidgeCV(risk="gcv").fit(X, y).risk_ < 0.02 * model.risk_


def test_float32_and_names():
    pd = pytest.importorskip("pandas")
    X, y = make_data(60, 4)
    frame = pd.DataFrame(X.astype(np.float32), columns=list("abcd"))
    model = TheoryGuidedRidgeCV().partial_fit(frame[:30], y[:30]).partial_fit(frame[30:], y[30:])
    assert model.coef_.dtype == np.float32
    assert model.predict(frame).dtype == np.float32
    assert list(model.feature_names_in_) == list("abcd")
    with pytest.raises(ValueError, match="feature names"):
        model.partial_fit(frame[["b", "a", "c", "d"]], y)
