"""Data whose columns differ in scale or nearly depend on each other: what hides minima."""

import io

import numpy as np
from sklearn.datasets import load_diabetes

# Longley (1967), as in NIST's reference data sets: prices, GNP, unemployed, army, population, year
LONGLEY = np.loadtxt(
    io.StringIO("""
60323 83.0 234289 2356 1590 107608 1947
61122 88.5 259426 2325 1456 108632 1948
60171 88.2 258054 3682 1616 109773 1949
61187 89.5 284599 3351 1650 110929 1950
63221 96.2 328975 2099 3099 112075 1951
63639 98.1 346999 1932 3594 113270 1952
64989 99.0 365385 1870 3547 115094 1953
63761 100.0 363112 3578 3350 116219 1954
66019 101.2 397469 2904 3048 117388 1955
67857 104.6 419180 2822 2857 118734 1956
68169 108.4 442769 2936 2798 120445 1957
66513 110.8 444546 4681 2637 121950 1958
68655 112.6 482704 3813 2552 123366 1959
69564 114.2 502601 3931 2514 125368 1960
69331 115.7 518173 4806 2572 127852 1961
70551 116.9 554894 4007 2827 130081 1962
""")
)

UNITS = {"s": 86400, "ms": 86_400_000, "us": 86_400_000_000, "ns": 86_400_000_000_000}


def with_stamp(unit, n_rows=442):
    """Ten clinical features and the day of a visit, as a time stamp in some unit."""
    X, y = load_diabetes(return_X_y=True, scaled=False)
    day = np.random.default_rng(0).integers(0, 3 * 365, len(y))
    stamp = (18518 + day) * UNITS[unit]
    return np.column_stack([X, stamp])[:n_rows], y[:n_rows]


def problems():
    """Name, X and y of small problems, tall, square and wide."""
    rng = np.random.default_rng(5)
    B, b = rng.standard_normal((36, 12)), rng.standard_normal(12)
    y = 0.3 * B @ b + rng.standard_normal(36)
    scales = np.geomspace(1e12, 1e-12, 12)[rng.permutation(12)]
    x = np.linspace(0.0, 100.0, 36)
    curve = np.sin(x / 15.0) + 0.1 * rng.standard_normal(36)
    alike = [B.copy() for _ in range(2)]
    for columns, distance in zip(alike, (1e-4, 1e-7), strict=True):
        columns[:, 3] = columns[:, 7] + distance * rng.standard_normal(36)
    whole = np.round(B * 1024.0) / 1024.0
    copies = np.column_stack([whole, whole[:, 2] * 2.0**33, whole[:, 5] + whole[:, 6]])
    W = rng.standard_normal((18, 30))
    wide_y = W[:, :4].sum(axis=1) + rng.standard_normal(18)
    strong = W.copy()
    strong[:, 10] *= 1e10
    spread = W * np.geomspace(1e8, 1e-8, 30)[rng.permutation(30)]
    short = np.column_stack([B[:, :3], 1.6e18 + 1e9 * rng.integers(0, 1200, 36)])
    return {
        "stamp in ns": with_stamp("ns", 40),
        "stamp within 20 minutes, in ns": (short, y),
        "longley": (LONGLEY[:, 1:], LONGLEY[:, 0]),
        "powers to 5": (x[:, None] ** np.arange(1, 6), curve),
        "powers to 10": (x[:, None] ** np.arange(1, 11), curve),
        "scales 1e-12 to 1e12": (B * scales, y),
        "and columns alike to 1e-4": (alike[0] * scales, y),
        "and columns alike to 1e-7": (alike[1] * scales, y),
        "copy at 2**33, and a sum": (copies, y),
        "wide, one column 1e10": (strong, wide_y),
        "wide, scales 1e-8 to 1e8": (spread, wide_y),
        "square, scales 1e-8 to 1e8": (spread[:, :18], wide_y),
        "nearly square": (spread[:, :10], wide_y),
    }
