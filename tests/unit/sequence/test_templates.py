"""Templates in decoding under the grammar alone, and with a model."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from grae.chemistry import read
from grae.chemistry.templates import hold
from grae.errors import DataError, ParseError, SettingsError
from grae.grammar import Grammar, load_grammar
from grae.grammar.codec import Derivations
from grae.grammar.codec import decode as texts_of
from grae.grammar.motifs import learn_motifs
from grae.grammar.sentential import Forms, form_of
from grae.grammar.template import read_template
from grae.sequence.decoders import RecurrentDecoder
from grae.sequence.form_pushdown import FormPushdown
from grae.sequence.pushdown import GrammarTensors, run, sampled

LISTS = """
list -> '[' ']' | '[' items ']'
items -> item | item ',' items
item -> list | 'a' | 'b' | digit digit
digit -> '0' | '1'
"""


def with_motifs(grammar: Grammar, texts: list[str], n: int = 30) -> Grammar:
    return grammar.extend(learn_motifs(grammar, Derivations.from_list(map(grammar.parse, texts), grammar.dtype), n))


GRAMMARS = {
    "lists": Grammar.from_text(LISTS, "lists"),
    "lists with motifs": with_motifs(
        Grammar.from_text(LISTS, "lists"), ["[a,b,[01],[a]]", "[[a,b],[a,b]]", "[00,11,a]"]
    ),
    "arithmetic": load_grammar("arithmetic"),
    "arithmetic with motifs": with_motifs(load_grammar("arithmetic"), ["x+sin(x)*2", "sin(x)+exp(x)", "x*(x+1)"]),
    "smiles": load_grammar("smiles"),
    "smiles with motifs": with_motifs(load_grammar("smiles"), ["CC(=O)OC1=CC=CC=C1C(=O)O", "CN(C)CC(C)CO", "CC(C)CC"]),
}
TEMPLATES = {
    "lists": ["[a,<item>,[<items>]]", "[<list>,<digit>1]", "<list>"],
    "arithmetic": ["x+sin(<S>)", "<S>*exp(<S>)", "(<S>)"],
    "smiles": ["CC<rest>CN", "C1CC(<atom><rest>)CC1<rest>", "<atom><rest>", "C=<atom><rest>C"],
}


def decoded(grammar: Grammar, templates: list[str], temperature: float, longest: int, seed: int = 0) -> list[str]:
    """Strings of random codes from an untrained decoder, one for each template."""
    torch.manual_seed(seed)
    tensors = GrammarTensors(grammar)
    decoder = RecurrentDecoder(tensors, latent_dim=4, embedding=16, hidden=32).eval()
    forms = Forms.of_each([read_template(grammar, text).form for text in templates])
    z = 10 * torch.randn(len(templates), 4)
    choose = sampled(temperature, torch.Generator().manual_seed(seed))
    ids = run(FormPushdown(tensors, forms, longest), decoder, decoder.start(z), longest, choose)
    assert (ids != grammar.pad).sum(dim=1).max() <= longest
    rows = [row[row != grammar.pad].numpy() for row in ids]
    return texts_of(grammar, Derivations.from_list(rows, grammar.dtype))


def holds(text: str, template: str) -> bool:
    """Whether the fixed parts of a template stand in a string, in their order, from its beginning to its end."""
    parts = [part.rpartition(">")[2] for part in template.split("<")]
    place = len(parts[0])
    for part in parts[1:-1]:
        place = text.find(part, place)
        if place < 0:
            return False
        place += len(part)
    return text.startswith(parts[0]) and text.endswith(parts[-1]) and len(text) >= place + len(parts[-1])


@pytest.mark.parametrize("name", GRAMMARS)
@given(temperature=st.sampled_from([0.1, 1.0, 30.0]), extra=st.integers(0, 20), seed=st.integers(0, 999))
@settings(max_examples=8)
def test_every_string_holds_its_template(name, temperature, extra, seed):
    grammar = GRAMMARS[name]
    templates = TEMPLATES[name.removesuffix(" with motifs")]
    longest = max(read_template(grammar, text).form.shortest for text in templates) + extra
    rows = [template for template in templates for _ in range(20)]
    for text, template in zip(decoded(grammar, rows, temperature, longest, seed), rows, strict=True):
        assert grammar.unparse(grammar.parse(text)) == text
        assert holds(text, template), (text, template)


def test_motifs_are_taken_across_the_border_of_a_hole():
    grammar = GRAMMARS["smiles with motifs"]
    form = read_template(grammar, "CC(<atom><rest>)C").form
    assert len(form.choices[0]) > 2
    tensors = GrammarTensors(grammar)
    machine = FormPushdown(tensors, Forms.of_all(form, 1), 40)
    taken = []
    while (current := machine.current)[0] != tensors.nothing:
        allowed = machine.allowed(current)[0].nonzero()[:, 0]
        longest = max(
            allowed.tolist(), key=lambda p: len(grammar.productions[p].rhs) if p < grammar.n_productions else 0
        )
        scores = torch.zeros(1, grammar.n_symbols)
        scores[0, longest] = 1.0 if len(taken) < 6 else 0.0
        taken.append(int(machine.choose(current, scores)[0]))
    assert holds(grammar.unparse(taken), "CC(<atom><rest>)C")


def test_rows_may_start_from_prefixes_of_derivations():
    grammar = GRAMMARS["arithmetic with motifs"]
    ids = grammar.parse("x*(x+1)").tolist()
    forms = [form_of(grammar, ids[:length]) for length in range(len(ids) + 1)]
    tensors = GrammarTensors(grammar)
    decoder = RecurrentDecoder(tensors, latent_dim=4, embedding=16, hidden=32).eval()
    rows = run(FormPushdown(tensors, Forms.of_each(forms), 30), decoder, decoder.start(torch.zeros(len(forms), 4)), 30)
    for length, row in enumerate(rows.tolist()):
        assert row[:length] == ids[:length]
        grammar.unparse([step for step in row if step != grammar.pad])


def test_a_form_that_is_too_long_is_an_error():
    grammar = GRAMMARS["arithmetic"]
    with pytest.raises(SettingsError, match="no string of at most 4 productions"):
        decoded(grammar, ["x+sin(<S>)"], 1.0, 4)


@pytest.mark.parametrize("template", ["x+sin(<S>)", "<S>*<T>"])
def test_a_model_of_expressions(expressions_model, template):
    for temperature in (0.0, 1.0):
        texts = expressions_model.sample(30, template=template, temperature=temperature, seed=3)
        assert len(texts) == 30
        assert all(holds(text, template) for text in texts)
    codes = np.random.default_rng(0).normal(size=(5, 8)).astype(np.float32)
    assert all(holds(text, template) for text in expressions_model.inverse_transform(codes, template=template))
    several = expressions_model.decodings(codes, 3, template=template)
    assert [len(texts) for texts in several] == [3] * 5
    assert all(text is None or holds(text, template) for texts in several for text in texts)


def test_bad_templates_of_a_model(expressions_model):
    with pytest.raises(ParseError):
        expressions_model.sample(1, template="x+<S>")
    with pytest.raises(SettingsError, match="no hole"):
        expressions_model.sample(1, template="x")
    with pytest.raises(SettingsError, match="no string of at most"):
        expressions_model.sample(1, template="x+" * 40 + "<T>")


@pytest.mark.parametrize("form", ["kekule", "canonical"])
def test_a_model_of_molecules(molecules_model_of, form):
    model = molecules_model_of(form)
    for template in ("c1ccc(*)cc1", "C1CC*CC1", "c1ccc(<atom><rest>)cc1"):
        texts = model.sample(20, template=template, temperature=1.0, raw=form == "canonical")
        if form == "canonical":
            continue
        assert all(read(text) is not None for text in texts)
        assert all(hold(template.replace("<atom><rest>", "*"), texts))
    for bad in ("c1ccc(*cc1", "CCC", "*"):
        with pytest.raises(DataError, match="template"):
            model.sample(1, template=bad)
