"""The house rules: what each room may import, file and function sizes, the public door."""

import ast
import pathlib
import pkgutil
import subprocess
import sys

import pytest

import sk_renorm

ROOT = pathlib.Path(sk_renorm.__file__).parent
FILES = sorted(ROOT.rglob("*.py"))

# room -> packages of our own and of others that it may import
OWN = {
    "theory": {"theory"},
    "datasets": {"theory", "datasets"},
    "exceptions": set(),
    "_linalg": {"_linalg", "exceptions"},
    "_risk": {"_linalg", "_risk"},
    "_scoring": {"_risk"},
    "_error_bars": {"_risk"},
    "_minima": {"_risk"},
    "_robust": {"_minima"},
    "_selection": {"_error_bars", "_minima", "_risk", "_robust", "_scoring"},
    "_compat": set(),
    "_array_api": {"_compat", "_linalg"},
    "_numbers": {"_linalg"},
    "_validation": {"_array_api", "_compat", "_linalg", "_numbers"},
    "_folds": {"_linalg", "_risk"},
    "_dependence": {"_linalg", "_risk"},
    "_checks": {"_checks", "_linalg", "_risk"},
    "_ahead": set(),
    "_intervals": {"_linalg"},
    "_leverage": {"_risk"},
    "shift": {"_intervals"},
    "_learning_curve": {"_risk", "_unequal_rows"},
    "_unequal_rows": set(),
    "_last_step": set(),
    "forecast": {"_array_api", "_last_step", "_learning_curve"},
    "_report": {"forecast"},
    "_rows_ahead": {"_ahead", "_array_api", "_validation"},
    "_fitted": {
        "_array_api",
        "_intervals",
        "_linalg",
        "_report",
        "_risk",
        "_rows_ahead",
        "_validation",
    },
    "_attributes": {
        "_error_bars",
        "_fitted",
        "_intervals",
        "_linalg",
        "_risk",
        "_scoring",
        "_selection",
        "_validation",
    },
    "_iterative": {"_linalg", "_minima", "_scoring", "_selection"},
    "_warnings": {
        "_checks",
        "_dependence",
        "_leverage",
        "_linalg",
        "_minima",
        "_numbers",
        "_risk",
        "_robust",
        "_scoring",
        "_selection",
        "_validation",
        "exceptions",
    },
    "_blockwise": {
        "_attributes",
        "_linalg",
        "_numbers",
        "_progress",
        "_report",
        "_risk",
        "_scoring",
        "_selection",
        "_validation",
        "_warnings",
        "exceptions",
    },
    "_progress": {"_compat", "_linalg"},
    "_stream": {"_array_api", "_blockwise", "_linalg", "_selection", "_validation"},
    "_solve": {
        "_dependence",
        "_iterative",
        "_linalg",
        "_risk",
        "_scoring",
        "_selection",
        "_validation",
    },
    "_base": {
        "_warnings",
        "_array_api",
        "_stream",
        "_compat",
        "_folds",
        "_linalg",
        "_progress",
        "_selection",
        "_solve",
        "_validation",
    },
    "_ridge": {
        "_array_api",
        "_base",
        "_compat",
        "_linalg",
        "_risk",
        "_selection",
        "_validation",
    },
    "_ridge_cv": {
        "_base",
        "_compat",
        "_linalg",
        "_risk",
        "_selection",
        "_validation",
    },
    "model_selection": set(),
    "display": {"_array_api", "_last_step", "display", "forecast"},
    "__init__": {"_ridge", "_ridge_cv", "display", "model_selection"},
}
NUMERICS = {
    "_ahead",
    "_dependence",
    "_checks",
    "theory",
    "datasets",
    "exceptions",
    "_linalg",
    "_risk",
    "_error_bars",
    "_intervals",
    "_iterative",
    "_leverage",
    "_learning_curve",
    "_unequal_rows",
    "_minima",
    "_robust",
    "_selection",
}
CORE = {"numpy", "scipy"}


def room(path):
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def imports(path):
    """Modules imported anywhere in a file."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield node.module


def code_lines(path):
    """Lines that are neither blank nor part of a docstring."""
    tree = ast.parse(path.read_text())
    documented = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(
            node
        ):
            documented.update(range(node.body[0].lineno, node.body[0].end_lineno + 1))
    lines = enumerate(path.read_text().splitlines(), start=1)
    return [line for number, line in lines if line.strip() and number not in documented]


def functions(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef):
            yield node


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_arrows_point_down(path):
    own = {name.split(".")[1] for name in imports(path) if name.startswith("sk_renorm.")}
    allowed = OWN[room(path)]
    assert own <= allowed, f"{room(path)} may not import {own - allowed}"


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_numerics_never_import_scikit_learn(path):
    others = {name.split(".")[0] for name in imports(path)}
    others -= {"sk_renorm", *sys.stdlib_module_names}
    allowed = set(CORE)
    if room(path) == "_linalg":
        allowed |= {"threadpoolctl"}
    if path.name.startswith("_dask"):
        allowed |= {"dask"}
    if room(path) not in NUMERICS:
        allowed |= {"sklearn"}
    if room(path) == "display":
        allowed |= {"matplotlib"}
    assert others <= allowed, f"{room(path)} imports {others - allowed}"


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_files_and_functions_are_short(path):
    assert len(code_lines(path)) <= 250
    for function in functions(path):
        first = function.body[0].lineno
        if ast.get_docstring(function) and len(function.body) > 1:
            first = function.body[1].lineno
        assert function.end_lineno - first < 60, f"{function.name} is too long"


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_private_names_of_scikit_learn_live_in_compat(path):
    if path.name == "_compat.py":
        return
    private = [
        name
        for name in imports(path)
        if name.startswith("sklearn.") and any(part.startswith("_") for part in name.split("."))
    ]
    assert not private


def test_public_names():
    assert sorted(sk_renorm.__all__) == [
        "HBlockSplit",
        "LearningCurveForecastDisplay",
        "RenormalizedRidge",
        "RiskCurveDisplay",
        "SpectrumDisplay",
        "TheoryGuidedRidgeCV",
        "__version__",
    ]
    for name in sk_renorm.__all__:
        assert hasattr(sk_renorm, name)


def run_afresh(code):
    """Run code in a new interpreter; what it exits with is an error."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_import_is_light():
    """Importing the package loads nothing heavy that scikit-learn had not."""
    run_afresh(
        "import sys, sklearn.linear_model, sklearn.model_selection; before = set(sys.modules); "
        "import sk_renorm; new = set(sys.modules) - before; "
        "heavy = new & {'matplotlib', 'pandas', 'polars', 'torch', 'dask', 'distributed', "
        "'sk_renorm.theory', 'sk_renorm.datasets', 'sk_renorm.shift'}; "
        "sys.exit(', '.join(heavy) or 0)"
    )


def test_submodules_are_there_without_an_import_of_their_own():
    found = [module.name for module in pkgutil.iter_modules(sk_renorm.__path__)]
    public = [name for name in found if not name.startswith("_")]
    assert {"theory", "forecast", "display"} < set(public)
    run_afresh(
        f"import sys, sk_renorm\nfor name in {public}:\n"
        "    assert name in dir(sk_renorm), name\n"
        "    assert getattr(sk_renorm, name) is sys.modules['sk_renorm.' + name], name\n"
    )


def test_a_name_that_is_not_there_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'sk_renorm' has no attribute 'thoery'"):
        _ = sk_renorm.thoery
