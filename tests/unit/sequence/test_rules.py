"""Rules of a user's own: predicates kept by further tries and counted, automata enforced at each step."""

from pathlib import Path

import numpy as np
import pytest

from grae.constraints import PlainAutomaton, constraint_of
from grae.errors import SettingsError
from grae.grammar import Grammar
from grae.grammar.language import Language
from grae.sequence import GrammarAutoencoder
from grae.sequence.rules import decode_under, rule_named, with_automaton

WORDS = Grammar.from_text("S -> 'a' S | 'b' S |", "words")
RULES = """
from grae.constraints import PlainAutomaton

seen = []

def holds(text):
    return len(text) % 2 == 0

def never(text):
    return False

def starts_with_a(tree):
    return len(tree) > 0 and tree[0] == "a"

def read(state, character):
    seen.append(character)
    state[0] += 1
    return True

def may_end(state):
    return state[0] % 3 == 0

automaton = PlainAutomaton(1, read, may_end)
"""


@pytest.fixture(scope="module")
def model() -> GrammarAutoencoder:
    rng = np.random.default_rng(0)
    texts = ["".join(rng.choice(["a", "b"], size)) for size in rng.integers(1, 9, 200)]
    settings = {"preset": "quick", "epochs": 1, "latent_dim": 4, "batch_size": 32, "motifs": 0, "device": "cpu"}
    return GrammarAutoencoder(WORDS, **settings).fit(texts)


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    (tmp_path / "own_rules.py").write_text(RULES)
    return tmp_path / "own_rules.py"


def test_a_predicate_is_kept_by_further_tries_and_counted(model: GrammarAutoencoder, rules: Path):
    codes = model.density_named(None).sample(60, 0)
    holds = rule_named(f"{rules}:holds")
    assert not isinstance(holds, PlainAutomaton)
    plain = model.inverse_transform(codes, temperature=1.0, seed=0)
    kept = decode_under(model, codes, holds, tries=12, temperature=1.0)
    assert kept.at_once == sum(len(text) % 2 == 0 for text in plain)
    assert kept.at_once + kept.later + kept.never == 60
    assert kept.later > 0
    assert all(text is None or len(text) % 2 == 0 for text in kept.texts)
    assert str(kept).startswith(f"holds for {kept.at_once} of 60 strings as first decoded, for {kept.later} more")
    once = decode_under(model, codes, holds, tries=0, temperature=1.0)
    assert (once.at_once, once.later) == (kept.at_once, 0)
    none = decode_under(model, codes, lambda text: False, tries=2)
    assert (none.never, none.texts) == (60, [None] * 60)


def test_a_predicate_may_take_the_tree(model: GrammarAutoencoder, rules: Path):
    starts = rule_named(f"{rules}:starts_with_a")
    assert not isinstance(starts, PlainAutomaton)
    codes = model.density_named(None).sample(30, 0)
    kept = decode_under(model, codes, starts, tries=20, temperature=1.0)
    assert any(kept.texts)
    assert all(text is None or text.startswith("a") for text in kept.texts)


def test_an_automaton_is_enforced_where_numba_cannot_compile_it(model: GrammarAutoencoder, rules: Path):
    automaton = rule_named(f"{rules}:automaton")
    assert isinstance(automaton, PlainAutomaton)
    assert automaton.interpreted == ["read"]
    ruled = with_automaton(model, automaton, "thirds")
    texts = ruled.sample(40, seed=1, temperature=1.0)
    assert {len(text) % 3 for text in texts} == {0}
    assert len(set(texts)) > 3
    assert {len(text) % 3 for text in model.sample(40, seed=1, temperature=1.0)} != {0}


def test_what_is_no_rule(rules: Path):
    with pytest.raises(SettingsError, match="there is no Python file"):
        rule_named("nothing.py:holds")
    with pytest.raises(SettingsError, match="there is no Python file"):
        rule_named("holds")
    with pytest.raises(SettingsError, match="unknown rule 'hold'") as caught:
        rule_named(f"{rules}:hold")
    assert caught.value.remedy == "did you mean 'holds'?"


def test_what_is_owed_is_discharged_by_its_words():
    def read(state, character):
        state[0] += 1 if character == ord("(") else -1
        return 0 <= state[0] <= 6

    def owed(state, labels):
        for place in range(state[0]):
            labels[place] = 0
        return state[0]

    def start(state):
        state[0] = 1

    brackets = PlainAutomaton(1, read, lambda state: state[0] == 0, start, owed, discharged_by=(")",))
    assert brackets.interpreted == []
    grammar = Grammar.from_text("S -> '(' S | ')' S | ')'").in_language(Language("open", automaton=brackets))
    constraint = constraint_of(grammar, 20)
    assert constraint is not None
    assert grammar.unparse(constraint.first.plan).count(")") - grammar.unparse(constraint.first.plan).count("(") == 1


def test_no_string_keeps_the_rule():
    refuses = PlainAutomaton(1, lambda state, character: True, lambda state: state[0] == 1)
    with pytest.raises(SettingsError, match="keeps the rules"):
        constraint_of(WORDS.in_language(Language("none", automaton=refuses)), 10)
