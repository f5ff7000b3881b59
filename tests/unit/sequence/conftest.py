"""Small models that several tests read."""

from functools import cache
from itertools import islice
from typing import Any

import pytest

from grae.datasets import open_source
from grae.grammar import load_grammar
from grae.grammar.counting import sample_uniform
from grae.sequence import GrammarAutoencoder


@pytest.fixture(scope="session")
def expressions_model() -> Any:
    """A model of expressions after two epochs; read only."""
    grammar = load_grammar("arithmetic")
    texts = [grammar.unparse(ids) for ids in sample_uniform(grammar, 200, 10, 0)]
    settings: dict[str, Any] = {"preset": "quick", "epochs": 2, "latent_dim": 8, "motifs": 6}
    return GrammarAutoencoder(grammar, **settings, batch_size=32, device="cpu").fit(texts)


@pytest.fixture(scope="session")
def molecules_model_of() -> Any:
    """Gives a model of molecules in a form after one epoch; read only."""
    texts = list(islice(open_source("wehi").texts(), 200))

    @cache
    def made(form: str) -> GrammarAutoencoder:
        settings: dict[str, Any] = {"preset": "quick", "epochs": 1, "latent_dim": 8, "motifs": 40, "form": form}
        return GrammarAutoencoder("smiles", **settings, on_invalid="skip", device="cpu").fit(texts)

    return made
