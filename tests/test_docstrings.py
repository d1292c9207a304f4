"""Docstrings: numpydoc finds nothing to say, examples run, every fitted attribute is documented."""

import doctest
import importlib
import inspect
import pkgutil

import numpy as np
import pytest
from numpydoc.docscrape import ClassDoc
from numpydoc.validate import validate
from reference import make_data

import sk_renorm
from sk_renorm import RenormalizedRidge, TheoryGuidedRidgeCV

IGNORED = {"EX01", "SA01", "ES01"}
MODULES = [name for _, name, _ in pkgutil.walk_packages(sk_renorm.__path__, prefix="sk_renorm.")]


def public_objects():
    """Public classes, their public methods, and public functions, by their import names."""
    for module_name in ["sk_renorm", *(m for m in MODULES if "._" not in m)]:
        module = importlib.import_module(module_name)
        for name in getattr(module, "__all__", []):
            thing = getattr(module, name)
            if not callable(thing):
                continue
            yield f"{module_name}.{name}"
            if inspect.isclass(thing):
                for method, value in vars(thing).items():
                    if inspect.isfunction(value) and not method.startswith("_"):
                        yield f"{module_name}.{name}.{method}"


@pytest.mark.parametrize("name", sorted(set(public_objects())))
def test_numpydoc_finds_nothing_to_say(name):
    errors = [error for error in validate(name)["errors"] if error[0] not in IGNORED]
    assert not errors


@pytest.mark.parametrize("name", MODULES)
def test_examples_run(name):
    flags = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
    result = doctest.testmod(importlib.import_module(name), optionflags=flags)
    assert result.failed == 0


@pytest.mark.parametrize("estimator", [TheoryGuidedRidgeCV, RenormalizedRidge])
def test_every_fitted_attribute_is_documented(estimator):
    model = estimator()
    if estimator is TheoryGuidedRidgeCV:
        model.set_params(store_cv_results=True)
    X, y = make_data(20, 3)
    model.fit(X, y)
    streamed = estimator().partial_fit(X, y)
    assert streamed.risk_ > 0.0
    fitted = {name for name in (*vars(model), *vars(streamed)) if name.endswith("_")}
    fitted |= {name for name in dir(model) if name.endswith("_") and not name.startswith("_")}
    fitted |= {"feature_names_in_"}
    listed = ", ".join(parameter.name for parameter in ClassDoc(estimator)["Attributes"])
    documented = set(listed.split(", "))
    assert documented == fitted
    parameters = {parameter.name for parameter in ClassDoc(estimator)["Parameters"]}
    assert parameters == set(model.get_params())


def test_examples_are_there():
    for name in sk_renorm.__all__:
        if inspect.isclass(getattr(sk_renorm, name)):
            assert ">>>" in getattr(sk_renorm, name).__doc__
    assert np.isfinite(TheoryGuidedRidgeCV().fit(*make_data(20, 3)).risk_)
