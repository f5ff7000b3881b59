"""Jobs divided with --shard and merged: the result is that of the whole job."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from grae.cli import encode
from grae.density import blocks
from grae.evaluation import large, planned

N = 3  # shards


@pytest.fixture
def runs(trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the trained run where the commands are run, with small blocks."""
    shutil.copytree(trained / "runs", tmp_path / "runs")
    shutil.copy(trained / "lists.txt", tmp_path / "lists.txt")
    monkeypatch.setattr(encode, "BLOCK", 40)
    monkeypatch.setattr(blocks, "BLOCK", 40)
    monkeypatch.setattr(large, "BLOCK", 40)
    return tmp_path


def divided(grae, *arguments: str, name: str) -> list[str]:
    """Runs a command for each shard; returns its files."""
    files = [name.format(index) for index in range(1, N + 1)]
    for index, file in enumerate(files, start=1):
        ended = grae(*arguments, "--shard", f"{index}/{N}", "--out", file)
        assert ended.status == 0, ended.err
    return files


@pytest.mark.parametrize("ending", ["npy", "npy.gz", "csv", "tsv.gz"])
def test_codes_of_shards_are_those_of_the_whole(grae, runs: Path, ending: str):
    options = ["encode", "--in", "lists.txt", "--on-invalid", "skip"]
    options += [] if "npy" in ending else ["--with-strings"]
    assert grae(*options, "--out", f"whole.{ending}").status == 0
    files = divided(grae, *options, name=f"part-{{}}.{ending}")
    merged = grae("merge", *reversed(files), "--out", f"merged.{ending}", "--json")
    assert (merged.status, merged.json["n"], merged.json["skipped"]) == (0, 300, 1)
    assert (runs / f"merged.{ending}").read_bytes() == (runs / f"whole.{ending}").read_bytes()
    skipped = (runs / f"whole.{ending}.skipped.tsv").read_text()
    assert "[a;b]" in skipped
    assert (runs / f"merged.{ending}.skipped.tsv").read_text() == skipped
    if ending == "npy":
        assert np.load(runs / "whole.npy").shape == (300, 8)
        assert np.load(runs / "part-3.npy").shape == (80, 8)


def test_refined_codes_of_shards_are_those_of_the_whole(grae, runs: Path):
    options = ["encode", "--in", "lists.txt", "--on-invalid", "skip", "--refine", "20"]
    whole = grae(*options, "--out", "whole.npy", "--json")
    assert 0 < whole.json["reconstructed"] <= whole.json["n"] == 300
    assert f"{whole.json['reconstructed']} of 300 codes decode to their strings" in whole.err
    files = divided(grae, *options, name="part-{}.npy")
    merged = grae("merge", *files, "--out", "merged.npy", "--json")
    assert merged.json["reconstructed"] == whole.json["reconstructed"]
    assert (runs / "merged.npy").read_bytes() == (runs / "whole.npy").read_bytes()
    grae(*options[:-2], "--out", "encoder.npy")
    assert (np.load(runs / "encoder.npy") != np.load(runs / "whole.npy")).any()


def test_codes_do_not_depend_on_what_else_a_file_holds(grae, runs: Path):
    """Strings are encoded in blocks from the beginning, each as if it were alone."""
    lines = (runs / "lists.txt").read_text().split("\n")
    (runs / "head.txt").write_text("\n".join(lines[:80]) + "\n")
    assert grae("encode", "--in", "head.txt", "--out", "head.npy").status == 0
    assert grae("encode", "--in", "lists.txt", "--on-invalid", "skip", "--out", "all.npy").status == 0
    np.testing.assert_array_equal(np.load(runs / "head.npy"), np.load(runs / "all.npy")[:80])


def test_shards_without_strings_are_merged_too(grae, runs: Path):
    (runs / "few.txt").write_text("[a]\n[b]\n")
    files = divided(grae, "encode", "--in", "few.txt", name="part-{}.csv")
    assert (runs / "part-3.csv").read_text().startswith("z0,")
    whole = grae("encode", "--in", "few.txt").out
    assert grae("merge", *files).out == whole


@pytest.mark.parametrize("options", [(), ("--temperature", "1"), ("--completion", "none", "--temperature", "1")])
def test_samples_of_shards_are_those_of_the_whole(grae, runs: Path, options: tuple[str, ...]):
    given = ["sample", "-n", "130", *options]
    whole = grae(*given, "--out", "whole.csv", "--json").json
    files = divided(grae, *given, name="part-{}.csv")
    merged = grae("merge", *files, "--out", "merged.csv", "--json").json
    assert (runs / "merged.csv").read_bytes() == (runs / "whole.csv").read_bytes()
    assert {**whole, "out": "merged.csv"} == {"run": whole["run"], **merged}
    lines = (runs / "merged.csv").read_text().split()[1:]
    assert lines[:40] != lines[40:80] != lines[80:120]


def test_the_library_samples_what_the_command_samples(grae, runs: Path):
    from grae import load

    assert (
        load(runs / "runs" / "lists-grae-1").sample(100, seed=3)
        == grae("sample", "-n", "100", "--seed", "3").out.split()
    )


def test_an_evaluation_of_shards_is_that_of_the_whole(grae, runs: Path, monkeypatch: pytest.MonkeyPatch):
    given = ["evaluate", "-n", "130", "--temperature", "1", "--jobs", "1"]
    whole = grae(*given, "--json").json
    files = divided(grae, *given, name="part-{}.shard")
    merged = grae("merge", *files, "--json").json
    assert merged == whole
    assert merged["exact_reconstruction"] is not None
    shown = grae("merge", *files)
    assert "uniqueness" in shown.out
    monkeypatch.setattr(planned, "AT_ONCE", 100)
    monkeypatch.setattr("grae.evaluation.runs.AT_ONCE", 100)
    assert grae(*given, "--json").json == whole


def test_an_evaluation_of_a_file_of_shards(grae, runs: Path, monkeypatch: pytest.MonkeyPatch):
    texts = [*(runs / "lists.txt").read_text().split("\n")[:200], "[", "", "[a]", "[a]"]
    (runs / "samples.txt").write_text("".join(f"{text}\n" for text in texts))
    given = [
        "evaluate",
        "--samples",
        "samples.txt",
        "-g",
        "runs/lists-grae-1/grammar.cfg",
        "--train",
        "lists.txt",
        "--jobs",
        "1",
    ]
    whole = grae(*given, "--json").json
    assert 0 < whole["novel"] < whole["valid"] < 1 or whole["novel"] == 0
    merged = grae("merge", *divided(grae, *given, name="part-{}.shard"), "--json").json
    assert merged == whole
    monkeypatch.setattr(planned, "AT_ONCE", 100)
    assert grae(*given, "--json").json == whole


def test_bad_parts(grae, runs: Path):
    files = divided(grae, "encode", "--in", "lists.txt", "--on-invalid", "skip", name="part-{}.npy")
    for arguments, message in (
        ((*files[:2], "--out", "all.npy"), "2 of the job's 3 parts are named; missing: 3"),
        ((*files, "--out", "all.csv"), "the parts' format is npy"),
        ((*files,), "the parts' format is npy"),
        ((*files, "lists.txt"), "lists.txt"),
        ((*files, "missing.npy"), "missing.npy"),
    ):
        ended = grae("merge", *arguments)
        assert (ended.status, ended.out) == (2, "")
        assert message in " ".join(ended.err.split())
    (runs / "other.txt").write_text("[a]\n")
    assert grae("encode", "--in", "other.txt", "--shard", "2/3", "--out", "part-2.npy").status == 0
    ended = grae("merge", *files, "--out", "all.npy")
    assert "part-2.npy is a part of another job than part-1.npy: checksum of the input" in " ".join(ended.err.split())
    assert not (runs / "all.npy").exists()


@pytest.mark.parametrize("change", [lambda content: content[:-4], lambda content: content + b"\0" * 4])
def test_a_part_that_was_changed_is_not_merged(grae, runs: Path, change):
    files = divided(grae, "encode", "--in", "lists.txt", "--on-invalid", "skip", name="part-{}.npy")
    (runs / files[1]).write_bytes(change((runs / files[1]).read_bytes()))
    ended = grae("merge", *files, "--out", "all.npy")
    assert (ended.status, (runs / "all.npy").exists()) == (2, False)
    assert "part-2.npy is not as long as when it was written" in " ".join(ended.err.split())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("encode", "--in", "lists.txt", "--shard", "1/3"), "--shard writes its part to a file"),
        (("encode", "--in", "lists.txt", "--shard", "4/3", "--out", "x.npy"), "expected i/n"),
        (("sample", "--shard", "1/3"), "--shard writes its part to a file"),
        (
            ("sample", "--shard", "1/3", "--out", "x", "--rule", "mine.py:holds"),
            "--rule and --shard cannot be combined",
        ),
        (("evaluate", "--shard", "1/3"), "--shard writes its part to a file"),
        (("evaluate", "--out", "x"), "--out holds the part of a --shard"),
        (("evaluate", "--shard", "1/3", "--out", "x", "--density", "all"), "--shard measures one density"),
    ],
)
def test_shards_that_cannot_be(grae, runs: Path, arguments: tuple[str, ...], message: str):
    ended = grae(*arguments)
    assert (ended.status, ended.out) == (2, "")
    assert message in " ".join(ended.err.split())
