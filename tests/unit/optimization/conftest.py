"""A small model of short expressions, trained once a session."""

from typing import Any

import pytest

from grae.grammar import load_grammar
from grae.grammar.counting import sample_uniform
from grae.sequence import GrammarAutoencoder

ARITHMETIC = load_grammar("arithmetic")


@pytest.fixture(scope="session")
def expressions() -> list[str]:
    """300 expressions of at most 8 productions."""
    return [ARITHMETIC.unparse(ids) for ids in sample_uniform(ARITHMETIC, 300, 8, 0)]


@pytest.fixture(scope="session")
def model(expressions: list[str]) -> Any:
    settings: dict[str, Any] = {"preset": "quick", "epochs": 6, "latent_dim": 8, "learning_rate": 5e-3}
    return GrammarAutoencoder(ARITHMETIC, **settings, batch_size=32, device="cpu").fit(expressions)
