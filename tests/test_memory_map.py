"""Memory-mapped rows are fitted where they are."""

import tracemalloc

import numpy as np
import pytest
import threadpoolctl
from numpy.testing import assert_allclose

from sk_renorm import TheoryGuidedRidgeCV


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("risk", ["loo", "gcv"])
def test_fit_and_predict_never_copy_the_rows(tmp_path, dtype, order, risk):
    n_rows, n_features = 60_000, 100
    X = np.random.default_rng(0).standard_normal((n_rows, n_features), dtype=np.float32)
    y = X[:, 0] + np.random.default_rng(1).standard_normal(n_rows)
    stored = np.memmap(tmp_path / "X", dtype, "w+", shape=X.shape, order=order)
    stored[:] = X
    stored.flush()
    mapped = np.memmap(tmp_path / "X", dtype, "r", shape=X.shape, order=order)
    # a dozen vectors; on each of two cores a block of rows, of left vectors, and of penalties
    vectors, blocks = 12 * 8 * n_rows, 2 * 3 * 8 * 1024 * n_features
    with threadpoolctl.threadpool_limits(2, user_api="blas"):
        tracemalloc.start()
        model = TheoryGuidedRidgeCV(risk=risk).fit(mapped, y)
        predictions = model.predict(mapped)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < vectors + blocks < 0.5 * mapped.nbytes
    assert np.shares_memory(model.report_.evidence._fit.data.X, mapped)
    expected = TheoryGuidedRidgeCV(risk=risk).fit(X.astype(dtype), y)
    assert_allclose(model.alpha_, expected.alpha_, rtol=1e-6)
    assert_allclose(predictions, expected.predict(X.astype(dtype)), rtol=1e-4, atol=1e-5)
