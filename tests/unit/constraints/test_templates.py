"""Whatever is preferred, each derivation from a template is a molecule that holds it."""

import os

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grae.chemistry import problem, read
from grae.chemistry.templates import hold, with_placeholders
from grae.constraints import ConstrainedPushdown, constraint_of
from grae.errors import SettingsError
from grae.grammar import Grammar, load_grammar
from grae.grammar.codec import Derivations, decode
from grae.grammar.sentential import Forms, form_of
from grae.grammar.template import Template, read_template, template_at

GRAMMARS = ("smiles", "smiles-gvae", "smiles with motifs", "smiles-gvae with motifs")
SUBSTITUENTS = ("c1ccc(*)cc1", "*N1CCN(*)CC1", "C[C@H](*)NC(=O)*", "c1cc2c(*)ncnc2cc1*", "C(*)(*)(*)*", "C=C*", "*C#C*")
LINKERS = ("c1ccc(*c2ccncc2)cc1", "C1CC*CC1", "CC*N", "C*(C)O", "C1C*C1*", "O=C(*c1ccco1)*C")
LONGEST = {"smiles": 60, "smiles-gvae": 260}


def decoded(grammar: Grammar, templates: list[Template], scores, longest: int) -> list[str]:
    """Decodes by scores (B, S) float32 for each step, one row per template."""
    under = constraint_of(grammar, longest, filling=True)
    assert under is not None
    machine = ConstrainedPushdown(under, len(templates), Forms.of_each([template.marked for template in templates]))
    rows: list[list[int]] = [[] for _ in templates]
    for step in range(longest):
        for row, production in zip(rows, machine.expand(scores(step)), strict=True):
            if production >= 0:
                row.append(production)
    assert (machine.current < 0).all()
    return decode(grammar, Derivations.from_list([np.array(row) for row in rows], grammar.dtype))


def check(grammar: Grammar, texts: list[str], seed: int, spread: float, longest: int, batch: int = 1) -> None:
    draw = np.random.default_rng(seed)
    liked = spread * draw.normal(size=grammar.n_symbols)
    placed = [(text, with_placeholders(text, kekule=True)) for text in texts for _ in range(batch)]
    templates = [template_at(grammar, text, *one) for text, one in placed]
    size = (len(templates), grammar.n_symbols)
    strings = decoded(grammar, templates, lambda _: (draw.normal(size=size) + liked).astype(np.float32), longest)
    for (text, _), string in zip(placed, strings, strict=True):
        assert read(string) is not None, (text, string, problem(string))
        assert hold(text, [string]) == [True], (text, string)


@pytest.mark.parametrize("name", GRAMMARS)
@given(seed=st.integers(0, 2**32), spread=st.sampled_from([0.0, 1.0, 3.0, 100.0]), extra=st.integers(0, 40))
@settings(max_examples=6)
def test_every_string_is_a_molecule_that_holds_its_template(grammar_named, name, seed, spread, extra):
    texts = [*SUBSTITUENTS, *(LINKERS if name.startswith("smiles with") or name == "smiles" else ())]
    check(grammar_named(name), texts, seed, spread, LONGEST[name.removesuffix(" with motifs")] + extra)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["smiles", "smiles with motifs"])
def test_every_one_of_many_strings_holds_its_template(grammar_named, name):
    """GRAE_SCALE multiplies the thirteen thousand of each grammar."""
    for seed in range(20 * int(os.environ.get("GRAE_SCALE", "1"))):
        spread = (0.0, 0.3, 1.0, 3.0)[seed % 4]
        check(grammar_named(name), [*SUBSTITUENTS, *LINKERS], seed, spread, 60 + seed, batch=50)


@pytest.mark.parametrize("name", ["smiles", "smiles with motifs"])
def test_hydrogen_fills_no_attachment_point(grammar_named, name):
    """RDKit removes it, so that the molecule would be that of an empty one."""
    grammar = grammar_named(name)
    scores = np.zeros((1, grammar.n_symbols), np.float32)
    scores[:, load_grammar("smiles").parse("C([H])([H])[H]")] = 1
    for text in ("CC(*)=O", "C[C@H](*)O", "C=C*"):
        template = template_at(grammar, text, *with_placeholders(text, kekule=True))
        strings = decoded(grammar, [template], lambda _: scores, 40)
        assert hold(text, strings) == [True], strings


@pytest.mark.parametrize(
    "text", ["C1CCC<rest>CC1", "N(<atom><rest>)C=O", "C1C<rest>NC1(<atom><rest>)C", "C<bond>CO", "[<element>H]C"]
)
def test_named_holes_keep_the_rings_of_the_template(grammar_named, text):
    """A ring opened in a hole is closed there, and the template's rings are its own."""
    grammar = grammar_named("smiles with motifs")
    draw = np.random.default_rng(0)
    templates = [read_template(grammar, text)] * 40
    size = (len(templates), grammar.n_symbols)
    for string in decoded(grammar, templates, lambda _: draw.normal(size=size).astype(np.float32), 50):
        assert read(string) is not None, (string, problem(string))
        begin, _, end = text.partition("<")
        assert string.startswith(begin)
        assert string.endswith(end.rpartition(">")[2])


@pytest.mark.parametrize("text", ["C(=O)(=O)(=O)<rest>", "C1CC<ring>", "C1CC<rest>", "c1ccccc1<rest>"])
def test_a_template_that_breaks_the_rules_is_an_error(grammar_named, text):
    grammar = grammar_named("smiles")
    if "ring" in text:
        text = "C1CC=<ring>"
    with pytest.raises(SettingsError, match="fills the holes of the template"):
        decoded(grammar, [read_template(grammar, text)], None, 40)


def test_a_template_longer_than_a_derivation_is_an_error():
    grammar = load_grammar("smiles")
    with pytest.raises(SettingsError, match="no string of at most 10 productions"):
        decoded(grammar, [read_template(grammar, "C" * 20 + "<rest>")], None, 10)


def test_a_forced_prefix_is_kept(grammar_named):
    grammar = grammar_named("smiles with motifs")
    ids = grammar.parse("C1CCN(CC(=O)O)CC1").tolist()
    under = constraint_of(grammar, 40)
    assert under is not None
    draw = np.random.default_rng(0)
    forms = [form_of(grammar, ids[:length]) for length in range(len(ids) + 1)]
    machine = ConstrainedPushdown(under, len(forms), Forms.of_each(forms))
    rows: list[list[int]] = [[] for _ in forms]
    for _ in range(40):
        scores = draw.normal(size=(len(forms), grammar.n_symbols)).astype(np.float32)
        for row, production in zip(rows, machine.expand(scores), strict=True):
            if production >= 0:
                row.append(production)
    for length, row in enumerate(rows):
        assert row[:length] == ids[:length]
        assert read(grammar.unparse(row)) is not None
    assert rows[-1] == ids
