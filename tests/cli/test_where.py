"""`grae sample --where`: samples that fulfil a condition."""

from pathlib import Path


def test_samples_fulfil_the_condition(grae, trained: Path):
    run = trained / "runs" / "lists-grae-1"
    ended = grae("sample", run, "-n", "8", "--where", "3 <= symbols < 9", "--temperature", "1", "--json")
    assert ended.status == 0
    samples, where = ended.json["samples"], ended.json["where"]
    assert len(samples) == len(set(samples)) == 8
    assert all(3 <= len(text) < 9 for text in samples)
    assert where["fulfilling"] >= 8
    assert where["fulfilling"] <= where["distinct"] <= where["decodings"]
    assert "symbols: terminals of the string" in ended.err
    assert f"{where['fulfilling']:,} of {where['distinct']:,} distinct strings fulfil it" in ended.err


def test_what_is_found_of_a_condition_that_cannot_be_met_is_written(grae, trained: Path, tmp_path: Path):
    run = trained / "runs" / "lists-grae-1"
    options = [run, "-n", "50", "--where", "symbols == 2 or symbols == 3", "--attempts", "400", "--temperature", "1"]
    ended = grae("sample", *options, "--out", "few.txt")
    assert ended.status == 2
    written = (tmp_path / "few.txt").read_text().split()
    assert 1 <= len(written) <= 3
    assert {len(text) for text in written} <= {2, 3}
    assert f"{len(written)} of 50 strings were found that fulfil 'symbols == 2 or symbols == 3'" in ended.err
    assert "in 400 decodings" in ended.err
    assert "--attempts" in ended.err
    nothing = grae("sample", *options[:3], "--where", "symbols < 1", "--attempts", "100", "--json")
    assert (nothing.status, nothing.json["samples"]) == (2, [])


def test_what_is_no_condition(grae, trained: Path):
    run = trained / "runs" / "lists-grae-1"
    for options, message in (
        (["--where", "symbol < 3"], "did you mean 'symbols'"),
        (["--where", "1 < 3"], "names no number"),
        (["--where", "symbols <"], "it ends too early"),
        (["--where", "substructure('CC')"], "no grammar of those"),
        (["--where", "symbols < 3", "--completion", "none"], "--where and --completion none cannot be combined"),
        (["--where", "symbols < 3", "--rule", "mine.py:f"], "--rule and --where cannot be combined"),
        (["--attempts", "3"], "--attempts requires --where"),
    ):
        ended = grae("sample", run, *options)
        assert ended.status == 2, options
        assert message in ended.err
        assert ended.out == ""
