"""Small models of each language, with all that a report takes."""

from itertools import islice
from typing import Any

import pytest

from grae.datasets import open_source
from grae.evaluation import Strings, evaluate
from grae.grammar import Grammar, load_grammar
from grae.grammar.counting import sample_uniform
from grae.report import ReportContext
from grae.sequence import GrammarAutoencoder

LISTS = """
list -> '[' ']' | '[' items ']'
items -> item | item ',' items
item -> list | 'a' | '<b>' | "</script>"
"""
SMALL: dict[str, Any] = {"preset": "quick", "epochs": 2, "latent_dim": 8, "batch_size": 32, "device": "cpu"}


def subject_of(name: str, grammar: Grammar, texts: list[str], **settings: Any) -> ReportContext:
    """A model trained on all but the last 40 strings, and measured on those."""
    training, held_out = texts[:-40], texts[-40:]
    model = GrammarAutoencoder(grammar, **SMALL, **settings).fit(training)
    assert model.result_ is not None
    found = evaluate(model, training=Strings.of_list("training", training), held_out=held_out, n=60).to_dict()
    return ReportContext(name, model, {}, model.result_.metrics, training, held_out, found)


@pytest.fixture(scope="session")
def molecules() -> ReportContext:
    texts = list(islice(open_source("nci").texts(), 260))
    forms = load_grammar("smiles").canonical(texts)
    readable = [text for text, form in zip(texts, forms, strict=True) if form is not None]
    return subject_of("some molecules", load_grammar("smiles"), readable, motifs=20, on_invalid="skip")


@pytest.fixture(scope="session")
def expressions() -> ReportContext:
    grammar = load_grammar("arithmetic")
    texts = [grammar.unparse(ids) for ids in sample_uniform(grammar, 240, 10, 0)]
    return subject_of("some expressions", grammar, texts)


@pytest.fixture(scope="session")
def lists() -> ReportContext:
    """Strings that look like markup."""
    grammar = Grammar.from_text(LISTS, "lists")
    texts = [grammar.unparse(ids) for ids in sample_uniform(grammar, 240, 14, 0)]
    return subject_of("a <b>hostile</b> name", grammar, texts, motifs=8)
