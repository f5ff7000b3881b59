"""`grae sample --rule`: predicates and automata of a user's own file."""

from pathlib import Path

import numpy as np

RULES = """
from grae.constraints import PlainAutomaton

def has_two(text):
    return text.count("a") == 2

def read(state, character):
    state[0] += character == ord("a")
    return state[0] <= 2

def may_end(state):
    return state[0] == 2

automaton = PlainAutomaton(1, read, may_end, words=("a,a",))
"""


def test_a_predicate_is_counted_and_kept(grae, trained: Path, tmp_path: Path):
    (tmp_path / "two_rules.py").write_text(RULES)
    run = trained / "runs" / "lists-grae-1"
    options = [run, "-n", "40", "--temperature", "1", "--rule", "two_rules.py:has_two", "--json"]
    ended = grae("sample", *options)
    assert ended.status == 0
    rule, samples = ended.json["rule"], ended.json["samples"]
    assert rule["at_once"] + rule["later"] + rule["never"] == 40
    assert len(samples) == 40 - rule["never"]
    assert {text.count("a") for text in samples} == {2}
    assert rule["later"] > 0
    assert f"rule two_rules.py:has_two holds for {rule['at_once']} of 40 strings as first decoded" in ended.err
    at_once = grae("sample", *options, "--tries", "0").json
    assert at_once["rule"]["at_once"] == rule["at_once"] == len(at_once["samples"])


def test_an_automaton_holds_for_every_sample(grae, trained: Path, tmp_path: Path):
    (tmp_path / "two_rules.py").write_text(RULES)
    run = trained / "runs" / "lists-grae-1"
    ended = grae("sample", run, "-n", "40", "--temperature", "1", "--rule", "two_rules.py:automaton", "--json")
    assert {text.count("a") for text in ended.json["samples"]} == {2}
    assert len(ended.json["samples"]) == 40
    assert ended.json["rule"] == {"name": "two_rules.py:automaton", "kind": "automaton"}
    out = grae("sample", run, "-n", "5", "--rule", "two_rules.py:automaton")
    assert len(out.out.splitlines()) == 5


def test_codes_decode_under_a_rule(grae, trained: Path, tmp_path: Path):
    (tmp_path / "two_rules.py").write_text(RULES)
    np.save(tmp_path / "codes.npy", np.random.default_rng(0).normal(size=(30, 8)).astype(np.float32))
    options = [trained / "runs" / "lists-grae-1", "--in", tmp_path / "codes.npy", "--temperature", "1"]
    ended = grae("decode", *options, "--rule", "two_rules.py:has_two", "--json").json
    rule, strings = ended["rule"], ended["strings"]
    assert len(strings) == 30
    assert strings.count(None) == rule["never"] == 30 - rule["at_once"] - rule["later"]
    assert {text.count("a") for text in strings if text is not None} == {2}
    lines = grae("decode", *options, "--rule", "two_rules.py:has_two").out.split("\n")[:-1]
    assert [line or None for line in lines] == strings
    every = grae("decode", *options, "--rule", "two_rules.py:automaton", "--json").json
    assert {text.count("a") for text in every["strings"]} == {2}
    assert every["rule"]["kind"] == "automaton"
    both = grae("decode", *options, "--rule", "two_rules.py:has_two", "--template", "[<item>,b]", "--json").json
    assert all(text.endswith(",b]") for text in both["strings"] if text)
    refused = grae("decode", *options, "--rule", "two_rules.py:hastwo")
    assert (refused.status, refused.out) == (2, "")
    assert "unknown rule 'hastwo'" in refused.err


def test_what_is_no_rule(grae, trained: Path, tmp_path: Path):
    (tmp_path / "two_rules.py").write_text(RULES)
    run = trained / "runs" / "lists-grae-1"
    for rule, message in (("two_rules.py:hastwo", "unknown rule 'hastwo'"), ("mine.py:holds", "no Python file")):
        ended = grae("sample", run, "--rule", rule)
        assert ended.status == 2
        assert message in ended.err
    refused = grae("sample", run, "--rule", "two_rules.py:has_two", "--completion", "none")
    assert refused.status == 2
    assert "--completion none" in refused.err
