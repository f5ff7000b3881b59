"""`grae sample --rule`: predicates and automata of a user's own file."""

from pathlib import Path

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
