"""Molecules, and a small model, to measure."""

from collections.abc import Callable
from itertools import islice
from typing import Any

import pytest

from grae.datasets import open_source
from grae.grammar import Grammar, load_grammar
from grae.grammar.counting import sample_uniform

LISTS = """
list -> '[' ']' | '[' items ']'
items -> item | item ',' items
item -> list | 'a' | 'b' | 'c'
"""


@pytest.fixture(scope="session")
def molecules() -> Callable[[str, int], list[str]]:
    """Gives the first n strings of a data set, without those that are no valid molecule."""

    def first(name: str, n: int) -> list[str]:
        texts = list(islice(open_source(name).texts(), n))
        forms = load_grammar("smiles").canonical(texts)
        return [text for text, form in zip(texts, forms, strict=True) if form is not None]

    return first


@pytest.fixture(scope="session")
def lists() -> Any:
    """A model of balanced lists, trained for seconds."""
    from grae.sequence import GrammarAutoencoder

    grammar = Grammar.from_text(LISTS, "lists")
    texts = [grammar.unparse(ids) for ids in sample_uniform(grammar, 300, 14, 0)]
    settings: dict[str, Any] = {"preset": "quick", "epochs": 4, "latent_dim": 8, "motifs": 5, "learning_rate": 3e-3}
    return GrammarAutoencoder(grammar, batch_size=32, device="cpu", **settings).fit(texts)
