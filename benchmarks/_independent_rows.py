"""Sixty kinds of independent rows, most of few levels: ``KINDS[name](rng, n) -> X, y``.

Rows repeat each other by chance, as survey answers, price lists and designs do.  Tables that belong
to the population, such as prices, are the same in every draw.
"""

import numpy as np
from sklearn.preprocessing import PolynomialFeatures, SplineTransformer


def one_hot(levels, k):
    """Return an indicator (n, k) of levels 0 to k - 1."""
    return np.eye(k)[levels]


def factors(rng, n, sizes):
    """Return levels (n,) of several factors, and the indicators of all."""
    levels = [rng.integers(0, k, n) for k in sizes]
    return levels, np.column_stack([one_hot(a, k) for a, k in zip(levels, sizes, strict=True)])


def fixed(seed):
    """Return the generator of a table that is the same in every draw."""
    return np.random.default_rng(seed)


def coin(rng, p):
    """Return ones with probabilities ``p`` (n,), else zeros."""
    return (rng.random(np.shape(p)) < p) * 1.0


def rare_event(rng, n=1100):
    X = rng.integers(0, 2, (n, 7)) * 1.0
    return X, coin(rng, 0.02 + 0.02 * X[:, 0])


def purchases(rng, n=1000):
    X = rng.poisson(0.12, (n, 10)) * 1.0
    return X, X @ np.arange(1, 11) * (rng.random(n) < 0.6)


def price_list(rng, n=1000):
    (a, b), X = factors(rng, n, (24, 5))
    price = np.round(fixed(1).gamma(3, 2, 24), 2)
    return X, price[a] * np.array([1, 1.1, 1.25, 1.5, 2])[b]


def tariff(rng, n=800):
    levels, X = factors(rng, n, (5, 4, 3))
    return X, fixed(3).uniform(1, 9, (5, 4, 3))[tuple(levels)]


def likert(rng, n=800):
    z = rng.normal(size=n)
    X = np.round(4.6 + 0.8 * z[:, None] + 0.6 * rng.normal(size=(n, 8)))
    return np.clip(X, 1, 5), np.clip(np.round(4.5 + 0.8 * z + 0.6 * rng.normal(size=n)), 1, 5)


def likert_straight(rng, n=600):
    X, straight = rng.integers(1, 6, (n, 15)) * 1.0, rng.random(n) < 0.3
    X[straight] = 3.0
    y = np.clip(np.round(X.mean(axis=1) + 0.7 * rng.normal(size=n)), 1, 5)
    return X, np.where(straight, 3.0, y)


def survey_yes_no(rng, n=1200):
    z = rng.normal(size=n)
    X = (z[:, None] + rng.normal(size=(n, 12)) > 1.0) * 1.0
    return X, (z + rng.normal(size=n) > 1.2) * 1.0


def counts_of_counts(rng, n=800):
    X = rng.poisson(0.25, (n, 6)) * 1.0
    return X, rng.poisson(np.exp(-2 + 0.3 * X.sum(axis=1))) * 1.0


def two_groups(rng, n=250):
    return rng.integers(0, 2, (n, 1)) * 1.0, np.round(10 + 4 * rng.normal(size=n), 1)


def two_factors(rng, n=250):
    return rng.integers(0, 2, (n, 2)) * 1.0, np.round(10 + 4 * rng.normal(size=n), 1)


def six_groups(rng, n=350):
    return factors(rng, n, (6,))[1], np.round(10 + 4 * rng.normal(size=n), 1)


def dose(rng, n=350):
    return rng.integers(0, 8, (n, 1)) * 1.0, np.round(10 + 4 * rng.normal(size=n), 1)


def two_one_hot(rng, n=400):
    (a, _), X = factors(rng, n, (12, 10))
    return X, np.round(0.3 * a + rng.normal(size=n), 1)


def log_normal(rng, n=300):
    X = np.exp(rng.normal(size=(n, 10)))
    return X, X[:, 0] + np.exp(rng.normal(size=n))


def pareto(rng, n=300):
    X = rng.pareto(1.5, (n, 10))
    return X, X[:, 0] + rng.pareto(1.5, n)


def student(rng, n=300):
    X = rng.standard_t(2, (n, 10))
    return X, X[:, 0] + rng.standard_t(2, n)


def clusters(rng, n=400):
    centres = 3 * rng.normal(size=(8, 20))
    X = centres[rng.integers(0, 8, n)] + rng.normal(size=(n, 20))
    return X, X[:, 0] + rng.normal(size=n)


def spectra(rng, n=150):
    t, centres = np.linspace(0, 1, 150), np.linspace(0.1, 0.9, 6)
    peaks = np.exp(-0.5 * ((t - centres[:, None]) / 0.08) ** 2)
    amounts = rng.gamma(2, size=(n, 6))
    X = amounts @ peaks + 0.003 * rng.normal(size=(n, 150))
    return X, np.round(amounts[:, 0] + 0.1 * rng.normal(size=n), 1)


def words(rng, n=400):
    return rng.poisson(rng.gamma(0.1, 1, 200), (n, 200)) * 1.0, rng.integers(0, 2, n) * 1.0


def sparse_words(rng, n=1000):
    X = coin(rng, np.full((n, 300), 0.004))
    return X, coin(rng, 0.1 + 0.5 * X[:, 0])


def tweets(rng, n=800):
    return rng.poisson(0.04, (n, 50)) * 1.0, rng.integers(-1, 2, n) * 1.0


def polynomial(rng, n=300):
    X = PolynomialFeatures(4, include_bias=False).fit_transform(rng.normal(size=(n, 3)))
    return X, X[:, 0] + rng.normal(size=n)


def factorial_design(rng, n=384):
    X = (np.arange(n)[:, None] % 32 >> np.arange(5) & 1) * 1.0
    return X, X[:, 0] + rng.normal(size=n)


def rare_columns(rng, n=500):
    X = coin(rng, np.full((n, 40), 0.02))
    return X, X[:, 0] + rng.normal(size=n)


def wide(rng, n=100):
    X = rng.normal(size=(n, 400))
    return X, X[:, :9].sum(axis=1) + rng.normal(size=n)


def clinic(rng, n=400):
    age, sex = rng.integers(20, 80, n), rng.integers(0, 2, n)
    weight, pressure = np.round(rng.normal(25, 4, n)), np.round(rng.normal(120, 15, n), -1)
    X = np.column_stack([age, weight, sex, pressure])
    return X, np.round(weight / 5 + rng.normal(size=n), 1)


def snps(rng, n=300):
    X = rng.binomial(2, rng.uniform(0.05, 0.5, 200), (n, 200)) * 1.0
    return X, X[:, :20].sum(axis=1) + rng.normal(size=n)


def rare_snps(rng, n=300):
    return rng.binomial(2, 0.03, (n, 60)) * 1.0, coin(rng, np.full(n, 0.3))


def regions_vote(rng, n=1000):
    region, features = rng.integers(0, 50, n), rng.normal(size=(50, 20))
    return features[region], coin(rng, 1 / (1 + np.exp(-features[region, 0])))


def regions_income(rng, n=1000):
    region, features = rng.integers(0, 50, n), rng.normal(size=(50, 20))
    return features[region], np.round(features[region, 0] + rng.normal(size=n), 1)


def regions_rare(rng, n=1000):
    return rng.normal(size=(50, 20))[rng.integers(0, 50, n)], coin(rng, np.full(n, 0.03))


def zip_rates(rng, n=1500):
    code = rng.choice(80, n, p=fixed(2).dirichlet(np.ones(80) * 0.5))
    X = np.column_stack([fixed(3).normal(size=(80, 10))[code], rng.integers(0, 3, (n, 2))])
    return X, rng.poisson(0.3 + 0.1 * (code % 3), n) * 1.0


def schools_pass(rng, n=1000):
    school, features, effect = (
        rng.integers(0, 40, n),
        rng.normal(size=(40, 12)),
        rng.normal(size=40),
    )
    X = np.column_stack([features[school], rng.integers(0, 2, n)])
    return X, (effect[school] + rng.normal(size=n) > 0) * 1.0


def schools_mark(rng, n=1000):
    school, features, effect = (
        rng.integers(0, 40, n),
        rng.normal(size=(40, 12)),
        rng.normal(size=40),
    )
    return features[school], np.clip(np.round(3 + effect[school] + 0.7 * rng.normal(size=n)), 1, 6)


def grades(rng, n=600):
    X = rng.integers(1, 4, (n, 6)) * 1.0
    return X, np.clip(np.round(X.mean(axis=1) + 0.5 * rng.normal(size=n)), 1, 3)


def many_levels(rng, n=900):
    return factors(rng, n, (300,))[1], coin(rng, np.full(n, 0.4))


def ratings(rng, n=600):
    (a, _), X = factors(rng, n, (25, 25))
    return X, np.clip(np.round(3.5 + 0.1 * (a % 5) + rng.normal(size=n)), 1, 5)


def prices_with_noise(rng, n=800):
    (a,), X = factors(rng, n, (200,))
    return X, np.round(fixed(1).uniform(5, 50, 200)[a] * (1 + 0.05 * rng.normal(size=n)), 1)


def sum_of_bits(rng, n=900):
    X = rng.integers(0, 2, (n, 8)) * 1.0
    return X, X.sum(axis=1)


def truth_table(rng, n=1500):
    X = rng.integers(0, 2, (n, 8)) * 1.0
    return X, fixed(5).integers(0, 2, 256)[(X @ 2 ** np.arange(8)).astype(int)] * 1.0


def mixture(rng, n=500):
    X = rng.multinomial(6, [0.4, 0.3, 0.2, 0.1], n) / 6.0
    return X, np.round(X @ [1, 2, 3, 4] + 0.3 * rng.normal(size=n), 1)


def fingerprints(rng, n=250):
    families = rng.random((10, 300)) < 0.15
    X = (families[rng.integers(0, 10, n)] ^ (rng.random((n, 300)) < 0.02)) * 1.0
    return X, np.round(X[:, :9].sum(axis=1) + rng.normal(size=n), 1)


def grid(rng, n=700):
    a, b = rng.integers(0, 12, (2, n))
    return np.column_stack([a, b, a * b, a * a, b * b]) * 1.0, np.round(np.sin(a / 4) * b, 1)


def mostly_zero(rng, n=500):
    return rng.normal(size=(n, 20)), (rng.random(n) < 0.05) * np.exp(rng.normal(size=n))


def pairs_of_flags(rng, n=300):
    X = coin(rng, np.full((n, 12), 0.1))
    pairs = PolynomialFeatures(2, interaction_only=True, include_bias=False)
    return pairs.fit_transform(X), coin(rng, 0.1 + 0.3 * X[:, 0])


def city_and_zip(rng, n=800):
    code = rng.integers(0, 60, n)
    X = np.column_stack([one_hot(code, 60), one_hot(code // 5, 12), rng.integers(0, 2, (n, 2))])
    return X, coin(rng, 0.2 + 0.01 * (code // 5))


def city_and_zip_rule(rng, n=800):
    code, flags = rng.integers(0, 60, n), rng.integers(0, 2, (n, 2))
    X = np.column_stack([one_hot(code, 60), one_hot(code // 5, 12), flags])
    return X, np.round(fixed(8).uniform(1, 9, 60)[code], 1) + flags[:, 0]


def shoe_sizes(rng, n=500):
    X = np.column_stack([np.round(rng.normal(40, 2, n)), rng.integers(0, 2, n)])
    return X, np.round(X[:, 0] * 4.3 + 3 * rng.normal(size=n))


def dice(rng, n=600):
    X = rng.integers(1, 7, (n, 3)) * 1.0
    return X, X.sum(axis=1)


def splines_of_age(rng, n=700):
    age = rng.integers(18, 65, (n, 1)) * 1.0
    return SplineTransformer(12).fit_transform(age), rng.poisson(0.2, n) * 1.0


def interactions(rng, n=900):
    X = rng.integers(0, 3, (n, 4)) * 1.0
    y = np.round(X[:, 0] * X[:, 1] + 0.4 * rng.normal(size=n))
    return PolynomialFeatures(3, include_bias=False).fit_transform(X), y


def board(rng, n=1500):
    X = factors(rng, n, (3,) * 9)[1]
    return X, (X[:, 0] * X[:, 12] * X[:, 24] + X[:, 3] * X[:, 14] > 0) * 1.0


def baskets(rng, n=1500):
    X = coin(rng, np.broadcast_to(3 * fixed(4).dirichlet(np.ones(60)), (n, 60)))
    return X, X @ np.round(fixed(5).uniform(1, 9, 60), 2)


def missing_flags(rng, n=500):
    missing = rng.random((n, 5)) < 0.6
    X = np.where(missing, 0.0, np.round(rng.normal(size=(n, 5)), 1))
    return np.column_stack([X, missing]), np.round(X.sum(axis=1) + rng.normal(size=n), 1)


def quantised(rng, n=400):
    X = np.round(1.5 * rng.normal(size=(n, 4)))
    return X, np.round(X[:, 0] - X[:, 1])


def calendar(rng, n=1200):
    day = rng.integers(0, 365, n)
    wave = np.sin(day / 58), np.cos(day / 58)
    X = np.column_stack([one_hot(day // 31, 12), one_hot(day % 7, 7), *wave])
    return X, np.round(3 * wave[0] + rng.normal(size=n))


def ordinal_sum(rng, n=500):
    X = rng.integers(1, 6, (n, 9)) * 1.0
    return X, X.sum(axis=1)


def ordinal_rule(rng, n=800):
    X = rng.integers(1, 5, (n, 4)) * 1.0
    return X, X @ [1, 2, 3, 4.5]


def factors_rule(rng, n=600):
    levels, X = factors(rng, n, (4, 5, 6, 7))
    return X, fixed(6).uniform(0, 9, (4, 5, 6, 7))[tuple(levels)]


def skewed_factors(rng, n=900):
    levels = rng.choice(6, (6, n), p=[0.7, 0.1, 0.08, 0.06, 0.04, 0.02])
    X = np.column_stack([one_hot(a, 6) for a in levels])
    return X, np.arange(1, 7) @ (levels == 0)


_HELPERS = (one_hot, factors, fixed, coin)
KINDS = {
    name: kind
    for name, kind in list(globals().items())
    if getattr(kind, "__module__", None) == __name__ and kind not in _HELPERS
}
