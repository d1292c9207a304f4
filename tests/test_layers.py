"""The house rules: what each room may import, file and function sizes, the public door."""

import ast
import pathlib
import pkgutil
import re
import subprocess
import sys

import pytest

import sk_renorm

ROOT = pathlib.Path(sk_renorm.__file__).parent
FILES = sorted(ROOT.rglob("*.py"))

PAGE = pathlib.Path(__file__).parents[1] / "docs" / "architecture.md"


def table_of_wings():
    """Wing -> what it may import, from the ground up, as the page on the architecture shows it."""
    part = PAGE.read_text().partition("## Who may import whom")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| `(\w+)` \|([^|]*)\|", part, flags=re.MULTILINE)
    return {wing: set(re.findall(r"\w+", below)) for wing, below in rows}


WINGS = table_of_wings()
# from these scikit-learn is out of reach, whatever they import; but for the files named
NUMERICS = {"exceptions", "theory", "datasets", "_linalg", "_risk", "_tuning", "_checks", "report"}
KNOW_SCIKIT_LEARN = {"_tuning/scorer.py"} | {
    f"report/{name}.py" for name in ("__init__", "report", "evidence", "along_path", "last_step")
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


def own_files(path):
    """Files of ours that a file imports, the faces of their folders included."""
    for name in imports(path):
        if name.partition(".")[0] != "sk_renorm":
            continue
        target = ROOT.joinpath(*name.split(".")[1:])
        yield target / "__init__.py" if target.is_dir() else target.with_suffix(".py")


def label(path):
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", FILES, ids=label)
def test_arrows_point_down(path):
    own = {name.split(".")[1] for name in imports(path) if name.startswith("sk_renorm.")}
    allowed = WINGS[room(path)] | {room(path)}
    assert own <= allowed, f"{room(path)} may not import {own - allowed}"


def test_the_table_of_wings_has_no_circle():
    assert WINGS.keys() == {room(path) for path in FILES}
    seen = set()
    for wing, below in WINGS.items():  # from the ground up
        assert below <= seen, f"{wing} imports {below - seen}, which stands above it"
        seen.add(wing)


def test_no_files_import_each_other_in_a_circle():
    below = {path: set(own_files(path)) - {path} for path in FILES if path.name != "__init__.py"}
    while ground := [path for path, others in below.items() if not others & below.keys()]:
        for path in ground:
            del below[path]
    assert not below, f"in a circle, or above one: {sorted(map(label, below))}"


def reached(path):
    """All files of ours that a file imports, directly or not; a folder's face brings its files."""
    found, new = set(), {path}
    while new:
        found |= new
        new = {other for one in new for other in own_files(one)} - found
    return found


@pytest.mark.parametrize("path", FILES, ids=label)
def test_what_is_imported_from_elsewhere(path):
    others = {name.split(".")[0] for name in imports(path)}
    others -= {"sk_renorm", *sys.stdlib_module_names}
    allowed = set(CORE)
    if room(path) == "_linalg":
        allowed |= {"threadpoolctl"}
    if path.name.startswith("dask") and room(path) == "_linalg":
        allowed |= {"dask"}
    if room(path) not in NUMERICS or label(path) in KNOW_SCIKIT_LEARN:
        allowed |= {"sklearn"}
    if room(path) == "display":
        allowed |= {"matplotlib"}
    assert others <= allowed, f"{label(path)} imports {others - allowed}"


@pytest.mark.parametrize("wing", sorted(NUMERICS))
def test_scikit_learn_is_out_of_reach_of_numerics(wing):
    """What knows no estimator reaches none, through no other room."""
    for path in FILES:
        if room(path) != wing or label(path) in KNOW_SCIKIT_LEARN:
            continue
        for other in reached(path):
            assert "sklearn" not in {name.split(".")[0] for name in imports(other)}, (
                f"{label(path)} reaches scikit-learn in {label(other)}"
            )


@pytest.mark.parametrize("path", FILES, ids=label)
def test_files_and_functions_are_short(path):
    assert len(code_lines(path)) <= 250
    for function in functions(path):
        first = function.body[0].lineno
        if ast.get_docstring(function) and len(function.body) > 1:
            first = function.body[1].lineno
        assert function.end_lineno - first < 60, f"{function.name} is too long"


@pytest.mark.parametrize("path", FILES, ids=label)
def test_functions_take_few_arguments(path):
    """But constructors and public functions, whose arguments have names and defaults."""
    for function in functions(path):
        given = function.args
        names = [arg.arg for arg in (*given.posonlyargs, *given.args, *given.kwonlyargs)]
        few = len([name for name in names if name not in ("self", "cls")]) <= 7
        assert few or function.name == "__init__", function.name


@pytest.mark.parametrize("path", FILES, ids=label)
def test_private_names_of_scikit_learn_live_in_compat(path):
    if label(path) == "_rows/compat.py":
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
    assert {"theory", "report", "display"} < set(public)
    run_afresh(
        f"import sys, sk_renorm\nfor name in {public}:\n"
        "    assert name in dir(sk_renorm), name\n"
        "    assert getattr(sk_renorm, name) is sys.modules['sk_renorm.' + name], name\n"
    )


def test_a_name_that_is_not_there_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'sk_renorm' has no attribute 'thoery'"):
        _ = sk_renorm.thoery
