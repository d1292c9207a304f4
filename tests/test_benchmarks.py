"""The command line of the benchmarks: what is run, what is written, what is refused."""

import os

import pytest

from benchmarks import _benchmark
from benchmarks.__main__ import declared, main
from benchmarks._benchmark import Benchmark, Options, Refused, label, run


def square(case, options):
    return [{"number": case, "square": case**2}] + [{"extra": 1}] * (case == 3)


def benchmark(**more):
    return Benchmark(cases=lambda options: [2, 3], measure=square, shown="number square", **more)


@pytest.fixture
def results(tmp_path, monkeypatch):
    monkeypatch.setattr(_benchmark, "RESULTS", tmp_path)
    return tmp_path / "made.csv"


def rows(path):
    return [line for line in path.read_text().splitlines() if not line.startswith("#")]


def test_a_whole_run_writes_all_columns_below_where_it_was_made(results):
    run("made", benchmark(notes=lambda rows: [f"{len(rows)} rows"]), Options())
    assert rows(results) == ["number,square,extra", "2,4,", "3,9,", ",,1"]
    header = [line for line in results.read_text().splitlines() if line.startswith("#")]
    assert "# 3 rows" in header
    assert any(line.startswith("# load average: ") for line in header)


@pytest.mark.parametrize(
    ("options", "only"), [(Options(quick=True), None), (Options(), ["3"]), (Options(turns=2), None)]
)
def test_a_part_is_written_only_where_asked(results, tmp_path, options, only):
    made = benchmark(times=options.turns is not None)
    run("made", made, options, only)
    assert not results.exists()


def test_without_real_data_a_run_is_not_whole(results):
    run("made", benchmark(real=True), Options())
    assert not results.exists()


def test_processes_give_the_same_rows_in_order(results, tmp_path):
    run("made", benchmark(), Options(), jobs=1)
    run("made", benchmark(), Options(), jobs=2, output=tmp_path / "other")
    assert rows(tmp_path / "other" / "made.csv") == rows(results)


def test_times_of_a_busy_machine_are_not_written(results, monkeypatch):
    monkeypatch.setattr(os, "getloadavg", lambda: (1.5, 0.0, 0.0))
    with pytest.raises(Refused, match=r"load average of this machine is 1\.50"):
        run("made", benchmark(times=True), Options())
    run("made", benchmark(times=True), Options(quick=True))
    assert not results.exists()
    run("made", benchmark(), Options())  # it measures no time
    assert results.exists()


def test_what_makes_no_sense_is_refused(tmp_path):
    made = benchmark()
    with pytest.raises(Refused, match=r"no case 'four' .* Cases: 2; 3"):
        run("made", made, Options(), ["four"])
    with pytest.raises(Refused, match="leave out --turns"):
        run("made", made, Options(turns=3))
    with pytest.raises(Refused, match="leave out --jobs"):
        run("made", benchmark(times=True), Options(), jobs=2)
    with pytest.raises(Refused, match=r"has no load\.py"):
        run("made", made, Options(data=tmp_path))
    empty = Benchmark(cases=lambda options: [], measure=square, shown="", real=True)
    with pytest.raises(Refused, match="give --data FOLDER"):
        run("made", empty, Options())


def test_cases_of_every_benchmark_have_names_of_their_own():
    for made, _ in declared().values():
        for options in (Options(), Options(quick=True)):
            names = [label(case) for case in made.cases(options)]
            assert len(set(names)) == len(names)


def test_a_benchmark_runs_from_the_command_line(capsys, tmp_path):
    main(["theory", "--quick", "--turns", "1"])
    assert "largest_relative_difference" in capsys.readouterr().out
    main([])
    listed = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in listed] == sorted(declared())
