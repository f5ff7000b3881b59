from dataclasses import replace

import pytest

from grae.evaluation import meaning, meaning_of
from grae.grammar import Grammar, load_grammar

LISTS = "list -> '[' ']' | '[' items ']'\nitems -> item | item ',' items\nitem -> 'a' | list"


def test_molecules_are_valid_where_rdkit_reads_them_and_the_same_in_canonical_form():
    of_molecules = meaning_of(load_grammar("smiles"))
    forms = of_molecules.canonical(["CCO", "OCC", "C(C)(C)(C)(C)C", "c1ccccc1", "C1CC"])
    assert forms[0] == forms[1] == "CCO"
    assert forms[2] is None
    assert forms[3] == "c1ccccc1"
    assert forms[4] is None


def test_expressions_are_valid_where_they_are_finite():
    of_expressions = meaning_of(load_grammar("arithmetic"))
    assert of_expressions.canonical(["x*x", "1/(x*2)", "exp(exp(exp(x)))", "x x", "sin(x)"]) == [
        "x*x",
        "1/(x*2)",
        None,
        None,
        "sin(x)",
    ]


def test_strings_of_a_language_that_nobody_named_are_valid_where_they_parse():
    of_strings = meaning_of(Grammar.from_text(LISTS, "lists"))
    assert of_strings.canonical(["[]", "[a,[a]]", "[a", ""]) == ["[]", "[a,[a]]", None, None]
    assert of_strings.valid_means == "in the language"


def test_no_strings_at_all():
    for grammar in (load_grammar("smiles"), load_grammar("arithmetic"), Grammar.from_text(LISTS)):
        assert meaning_of(grammar).canonical([]) == []


def test_processes_change_nothing(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(meaning, "PARALLEL_FROM", 4)
    monkeypatch.setattr(meaning, "CHUNK", 3)
    texts = ["CCO", "OCC", "C1CC", "CN", "NC", "not a molecule", "CCC"]
    of_molecules = meaning_of(load_grammar("smiles"))
    assert of_molecules.canonical(texts, n_jobs=2) == of_molecules.canonical(texts)
    assert replace(of_molecules, name="strings").canonical(texts, n_jobs=2) == of_molecules.canonical(texts)
