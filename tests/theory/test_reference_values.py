"""57 rows over 10 parameter sets, computed by an independent program with other root finders.

Each row holds every quantity of one point: effective ridges, degrees of freedom, all terms of the
decomposition, risk and training error.
"""

import json
from pathlib import Path

import numpy as np
import pytest

from sk_renorm import theory

SETS = json.loads((Path(__file__).parent / "reference_values.json").read_text())
RIDGE = [s for s in SETS if "widths" not in s["rows"][0]]
FEATURES = [s for s in SETS if "widths" in s["rows"][0]]
INPUTS = {"n_samples", "ridge", "widths"}


def make_spectrum(kind, **parameters):
    if kind != "blocks":
        return getattr(theory, kind)(**parameters)
    eigenvalues = np.repeat(parameters["eigenvalues"], parameters["multiplicities"])
    signal = np.repeat(parameters["signal"], parameters["multiplicities"]).astype(float)
    return theory.Spectrum(eigenvalues, signal * parameters["signal_norm"] / np.linalg.norm(signal))


def assert_row(result, row):
    for name in row.keys() - INPUTS:
        np.testing.assert_allclose(getattr(result, name), row[name], rtol=1e-12, err_msg=name)


def test_all_rows_are_here():
    assert sum(len(s["rows"]) for s in SETS) == 57
    assert len(SETS) == 10


@pytest.mark.parametrize("case", RIDGE, ids=lambda case: case["name"])
def test_ridge(case):
    spectrum = make_spectrum(**case["spectrum"])
    for row in case["rows"]:
        result = theory.ridge_risk(spectrum, row["ridge"], row["n_samples"], case["noise_variance"])
        assert_row(result, row)


@pytest.mark.parametrize("case", FEATURES, ids=lambda case: case["name"])
def test_random_features(case):
    spectrum = make_spectrum(**case["spectrum"])
    for row in case["rows"]:
        features = theory.gaussian_features(row["widths"][0])
        for width in row["widths"][1:]:
            features = features * theory.gaussian_features(width)
        result = theory.random_feature_risk(
            spectrum,
            row["ridge"],
            row["n_samples"],
            features,
            case["noise_variance"],
            feature_noise=case["feature_noise"],
        )
        assert_row(result, row)
