"""Every command that reads strings of a grammar reads a file alike: a first line that is a string is no heading."""

import ast
import json
import shutil
from pathlib import Path

import pytest

import grae as package

LONE = "[a]\n[b]\n[]\n"
NAMED = "text\n[a]\n[b]\n[]\n"


@pytest.fixture
def folder(grae, trained: Path, tmp_path: Path) -> Path:
    """The working folder, with a run and tables of one column, without a heading and with one."""
    shutil.copytree(trained / "runs" / "lists-grae-1", tmp_path / "run")
    shutil.copy(trained / "lists.cfg", tmp_path)
    (tmp_path / "lone.tsv").write_text(LONE)
    (tmp_path / "named.tsv").write_text(NAMED)
    (tmp_path / "target.py").write_text("def score(text):\n    return float(len(text))\n")
    return tmp_path


def search(grae, *arguments: str) -> list[str]:
    """The strings that a search starts from."""
    options = ("--target", "target.py:score", "--rounds", "1", "--batch-size", "1", "--out", "found")
    ended = grae("optimize", "run", *options, *arguments)
    assert ended.status == 0, ended.err
    return json.loads(Path("found/start.json").read_text())["strings"]


@pytest.mark.parametrize("file", ["lone.tsv", "named.tsv"])
def test_a_lone_columns_first_line(grae, folder: Path, file: str):
    assert grae("encode", "run", "--in", file, "--json").json["n"] == 3
    assert grae("grammar", "check", "lists.cfg", "--data", file, "--json").json["coverage"]["in_language"] == 3
    sampled = grae("evaluate", "--samples", file, "--train", file, "-g", "lists.cfg", "--json").json
    assert (sampled["n"], sampled["in_language"], sampled["novel"]) == (3, 1.0, 0.0)
    assert grae("evaluate", "run", "-n", "5", "--train", file, "--measures", "novel").status == 0
    assert search(grae, "--start", file) == ["[a]", "[b]", "[]"]


def test_standard_input_is_a_table_too_and_serves_several_options(grae, folder: Path):
    arguments = ("evaluate", "--samples", "-", "--train", "-", "--delimiter", ";", "-g", "lists.cfg", "--json")
    found = grae(*arguments, stdin=LONE).json
    assert (found["n"], found["in_language"], found["novel"]) == (3, 1.0, 0.0)


def test_delimiters_of_samples_and_of_starting_strings(grae, folder: Path):
    (folder / "both.csv").write_text("n;text,\n1;[a,b]\n2;[b]\n")
    table = ("--column", "text,", "--delimiter", ";")
    assert grae("evaluate", "--samples", "both.csv", *table, "-g", "lists.cfg", "--json").json["in_language"] == 1.0
    assert search(grae, "--start", "both.csv", *table) == ["[a,b]", "[b]"]
    resumed = grae("optimize", "run", "--resume", "--out", "found", "--rounds", "1")
    assert resumed.status == 0, resumed.err


def test_names_behind_molecules_in_samples_and_references(grae, tmp_path: Path):
    (tmp_path / "named.txt").write_text("CCO ethanol\nCC ethane\n")
    found = grae("evaluate", "--samples", "named.txt", "--train", "named.txt", "--no-fcd", "--jobs", "1", "--json").json
    assert (found["valid"], found["novel"]) == (1.0, 0.0)


def test_a_search_of_an_earlier_version_resumes_without_the_option(grae, folder: Path):
    search(grae)
    settings = json.loads(Path("found/search.json").read_text())
    del settings["options"]["delimiter"]
    Path("found/search.json").write_text(json.dumps(settings))
    assert grae("optimize", "run", "--resume", "--out", "found", "--rounds", "2").status == 0


def test_every_source_that_the_package_opens_knows_its_grammar():
    """Named data sets alone say themselves how they are read."""
    unfitted = {
        file.name
        for file in Path(package.__file__).parent.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "open_source"
        if "grammar" not in {keyword.arg for keyword in node.keywords}
    }
    assert unfitted == {"data.py", "structured.py"}
