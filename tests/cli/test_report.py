"""`grae report`: a run, and what was found of it, as one page."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from grae.cli.main import app
from grae.grammar import load_grammar
from grae.grammar.counting import sample_uniform

ARITHMETIC = load_grammar("arithmetic")


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory, cache_home: Path) -> Path:
    """A folder with a run, `runs/arithmetic-grae-1`, with an evaluation and a search; read only."""
    folder = tmp_path_factory.mktemp("trained")
    texts = [ARITHMETIC.unparse(ids) for ids in sample_uniform(ARITHMETIC, 400, 10, 0)]
    (folder / "some.txt").write_text("\n".join(texts))
    small = ("--preset", "quick", "--epochs", "1", "--latent-dim", "8", "--batch-size", "32")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for command in (
            ("train", "-g", "arithmetic", "-d", "some.txt", *small),
            ("evaluate", "-n", "70"),
            ("optimize", "-t", "log-mse", "-p", "random", "--rounds", "1", "--batch-size", "5"),
            ("optimize", "-t", "log-mse", "-p", "random", "--rounds", "1", "--batch-size", "6", "-o", "elsewhere"),
        ):
            done = CliRunner().invoke(app, list(command))
            assert done.exit_code == 0, done.output
    return folder


def test_the_page_has_what_was_measured_and_searched(grae, trained: Path, tmp_path: Path):
    run = trained / "runs" / "arithmetic-grae-1"
    ended = grae("report", run, "--out", "page.html", "--search", trained / "elsewhere")
    assert (ended.status, ended.out) == (0, "page.html\n")
    assert "self-contained" in ended.err
    page = (tmp_path / "page.html").read_text()
    for words in (
        "<h1>arithmetic-grae-1</h1>",
        "Of 70 samples",
        "5 evaluations in 1 round,",
        "6 evaluations in 1 round,",
    ):
        assert words in page
    kept = json.loads((run / "evaluation.json").read_text())["evaluations"]
    assert [record["found"]["n"] for record in kept] == [70]


def test_json_names_the_page(grae, trained: Path, tmp_path: Path):
    (tmp_path / "runs").mkdir()
    copy = tmp_path / "runs" / "copy"
    copy.mkdir()
    for file in (trained / "runs" / "arithmetic-grae-1").iterdir():
        if file.is_file() and file.name != "evaluation.json":
            (copy / file.name).write_bytes(file.read_bytes())
    told = grae("report", "-n", "50", "--json").json
    assert told["report"] == "runs/copy/report.html"
    assert told["bytes"] == (copy / "report.html").stat().st_size
    assert told["searches"] == []
    assert "Of 50 samples" in (copy / "report.html").read_text()


def test_bad_input(grae, trained: Path, tmp_path: Path):
    run = trained / "runs" / "arithmetic-grae-1"
    images = tmp_path / "pictures"
    images.mkdir()
    (images / "config.json").write_text('{"format": "grae image run 1"}')
    (images / "model.safetensors").touch()
    for arguments, message in (
        (("nowhere",), "no run 'nowhere'"),
        ((), "no run under"),
        ((run, "--search", tmp_path), "search.json"),
        ((images,), "is a run of images"),
        ((run, "--out", tmp_path), "could not be written"),
    ):
        ended = grae("report", *arguments)
        assert (ended.status, ended.out) == (2, ""), (arguments, ended.err)
        assert message in ended.err, (arguments, ended.err)
