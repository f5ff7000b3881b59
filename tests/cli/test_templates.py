"""`grae sample --template` and `grae decode --template`."""

from pathlib import Path

import numpy as np
import pytest

RULE = """
def has_two(text):
    return text.count("a") >= 2
"""


def test_samples_hold_the_template(grae, trained: Path, tmp_path: Path):
    (tmp_path / "mine.py").write_text(RULE)
    run = trained / "runs" / "lists-grae-1"
    ended = grae("sample", run, "-n", "20", "--template", "[a,<item>,[<items>]]", "--temperature", "1", "--json")
    assert ended.status == 0
    assert ended.json["template"] == "[a,<item>,[<items>]]"
    assert len(ended.json["samples"]) == 20
    assert all(text.startswith("[a,") and text.endswith("]]") for text in ended.json["samples"])
    assert len(set(ended.json["samples"])) > 1
    for more in (["--rule", "mine.py:has_two"], ["--completion", "none"]):
        samples = grae("sample", run, "-n", "9", "--template", "[<item>,b]", *more, "--json").json["samples"]
        assert all(text.endswith(",b]") for text in samples)


def test_codes_decode_into_the_template(grae, trained: Path, tmp_path: Path):
    np.save(tmp_path / "codes.npy", np.random.default_rng(0).normal(size=(6, 8)).astype(np.float32))
    run = trained / "runs" / "lists-grae-1"
    ended = grae("decode", run, "--in", tmp_path / "codes.npy", "--template", "[<item>,b]")
    assert ended.status == 0
    assert len(ended.out.splitlines()) == 6
    assert all(text.startswith("[") and text.endswith(",b]") for text in ended.out.splitlines())


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("[a,<item>", "at position 9"),
        ("[a,b]", "no hole"),
        ("[a,<thing>]", "no hole"),
        ("[<item>,<thing>]", "a hole is one of <list>, <items>, <item>"),
        ("[" * 60 + "<items>" + "]" * 60, "the template has no string of at most"),
    ],
)
def test_bad_templates(grae, trained: Path, template, message):
    for verb in (["sample", "-n", "2"], ["decode", "--in", "-"]):
        codes = ",".join(f"z{place}" for place in range(8)) + "\n" + ",".join(["0.1"] * 8) + "\n"
        ended = grae(verb[0], trained / "runs" / "lists-grae-1", *verb[1:], "--template", template, stdin=codes)
        assert ended.status == 2
        assert message in " ".join(ended.err.split())
        assert not ended.out
