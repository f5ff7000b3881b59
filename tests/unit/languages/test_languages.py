"""What the strings of a grammar mean, by the language that it names."""

import pickle
from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest

from grae.errors import GrammarError, SettingsError
from grae.grammar import Grammar, language, language_registry, load_grammar
from grae.languages import Language, language_named, languages, register

LISTS = "list -> '[' ']' | '[' items ']'\nitems -> item | item ',' items\nitem -> 'a' | list"
COUNTS = "S -> 'a' S | 'b' S | 'a' | 'b'"


def test_molecules_are_valid_where_rdkit_reads_them_and_the_same_in_canonical_form():
    forms = load_grammar("smiles").canonical(["CCO", "OCC", "C(C)(C)(C)(C)C", "c1ccccc1", "C1CC"])
    assert forms == ["CCO", "CCO", None, "c1ccccc1", None]


def test_expressions_are_valid_where_they_are_finite():
    grammar = load_grammar("arithmetic")
    texts = ["x*x", "1/(x*2)", "exp(exp(exp(x)))", "x x", "sin(x)"]
    assert grammar.canonical(texts) == ["x*x", "1/(x*2)", None, None, "sin(x)"]
    causes = grammar.language.causes(grammar, ["exp(exp(exp(x)))", "x x"])
    assert causes == {"not finite": 1, "outside the grammar": 1}


def test_strings_of_a_language_that_nobody_named_are_valid_where_they_parse():
    grammar = Grammar.from_text(LISTS, "lists")
    assert grammar.canonical(["[]", "[a,[a]]", None, "[a", ""]) == ["[]", "[a,[a]]", None, None, None]
    assert (grammar.language.name, grammar.language.valid_means) == ("strings", "in the language")
    assert "#%" not in grammar.text


def test_no_strings_at_all():
    for grammar in (load_grammar("smiles"), load_grammar("arithmetic"), Grammar.from_text(LISTS)):
        assert grammar.canonical([]) == []
        assert grammar.language.causes(grammar, []).total() == 0


def test_processes_change_nothing(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(language, "PARALLEL_FROM", 4)
    monkeypatch.setattr(language, "CHUNK", 3)
    texts = ["CCO", "OCC", "C1CC", None, "CN", "NC", "not a molecule", "CCC"]
    grammar = load_grammar("smiles")
    assert grammar.canonical(texts, n_jobs=2) == grammar.canonical(texts)
    invalid = ["C1CC", "CC(", "C(C)(C)(C)(C)C", "x", "C1"]
    assert grammar.language.causes(grammar, invalid, n_jobs=2) == grammar.language.causes(grammar, invalid)


@pytest.mark.parametrize("name", ["molecules", "expressions"])
def test_properties_are_named_and_measured(name: str):
    known = language_named(name, "here")
    valid, invalid = known.measure(["CCO" if name == "molecules" else "x", "?"])
    assert list(valid) == list(invalid) or set(valid) == {one.name for one in known.properties} == set(invalid)
    assert set(known.beside_scores) <= set(valid)
    assert not any(value is not None for value in invalid.values())


def test_the_properties_beside_a_score_in_words():
    molecules = language_named("molecules", "here")
    assert molecules.described("CCO", most=1) == "3 heavy atoms"
    assert molecules.described("CCO").startswith("3 heavy atoms, SA 1.")
    assert molecules.described("C1CC") == ""
    assert molecules.headings == ["heavy atoms", "SA", "QED"]
    assert language_named("expressions", "here").described("x") == ""


def test_expressions_of_the_same_values_are_the_same():
    grammar = load_grammar("arithmetic")
    same, other, invalid = grammar.language.identities(grammar, ["x+1", "1+x", "exp(exp(exp(x)))"])
    assert same == other != "x+1"
    assert invalid is None


def test_a_language_is_known_by_its_module_and_frozen():
    assert languages()[:3] == ["expressions", "formulas", "molecules"]
    with pytest.raises(FrozenInstanceError):
        language_named("molecules", "here").name = "atoms"  # pyright: ignore[reportAttributeAccessIssue]
    with pytest.raises(
        GrammarError, match=r"lists, line 1: unknown language 'molecule'; known: expressions, formulas, molecules"
    ):
        Grammar.from_text(f"#% language molecule\n{LISTS}", "lists")


@pytest.fixture
def fresh(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(language_registry, "_registered", dict(language_registry._registered))


def balanced(text: str) -> bool:
    return text.count("a") == text.count("b")


@pytest.mark.usefixtures("fresh")
def test_a_registered_language_is_named_by_grammars():
    counts = register(Language("counts", valid_means="as many a as b", is_valid=balanced, not_valid="unequal"))
    grammar = Grammar.from_text(f"#% language counts\n{COUNTS}")
    assert grammar.language is counts
    assert grammar.canonical(["ab", "aab", "c"]) == ["ab", None, None]
    assert counts.causes(grammar, ["aab", "c"]) == {"unequal": 1, "outside the grammar": 1}
    assert grammar.text.startswith("#% language counts\n")
    assert grammar.extend([]).language is counts
    again = pickle.loads(pickle.dumps(grammar))  # noqa: S301
    assert again == grammar
    assert again.language.is_valid is balanced
    assert Grammar.from_text(COUNTS) != grammar
    assert Grammar.from_text(COUNTS).fingerprint == grammar.fingerprint


@pytest.mark.parametrize("name", ["molecules", "strings", "two words", ""])
def test_names_that_a_language_cannot_have(name: str):
    with pytest.raises(GrammarError, match="a language cannot be named"):
        register(Language(name))


@pytest.mark.usefixtures("fresh")
def test_a_language_in_a_listed_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    file = tmp_path / "my_language_in_a_test.py"
    monkeypatch.setenv("GRAE_LANGUAGES", str(file))
    grammar = f"#% language twice\n{COUNTS}"
    with pytest.raises(GrammarError, match="GRAE_LANGUAGES: there is no Python file"):
        Grammar.from_text(grammar)
    file.write_text("TWO = 2\n")
    with pytest.raises(GrammarError, match="defines no language"):
        Grammar.from_text(grammar)
    other = tmp_path / "another_in_a_test.py"
    other.write_text(
        "from grae.languages import Language\n"
        "TWICE = Language('twice', is_valid=lambda text: text == text[: len(text) // 2] * 2)\n"
    )
    monkeypatch.setenv("GRAE_LANGUAGES", str(other))
    assert Grammar.from_text(grammar).canonical(["abab", "aba"]) == ["abab", None]


def test_forms_are_those_of_the_language():
    with pytest.raises(SettingsError, match="unknown form 'upper'"):
        language_named("molecules", "here").form("upper")
    with pytest.raises(SettingsError, match="strings have the form as-written alone"):
        Language("strings").form("kekule")
