"""Molecules that come with rdkit, in Kekule form, and grammars with motifs learned from them."""

from functools import cache

import pytest

from grae.chemistry import kekule_all
from grae.datasets import open_source
from grae.grammar import Grammar, load_grammar
from grae.grammar.codec import encode
from grae.grammar.motifs import learn_motifs

GRAMMARS = ("smiles", "smiles-gvae", "smiles with motifs", "smiles-gvae with motifs")


@pytest.fixture(scope="session")
def molecules() -> list[str]:
    """2,500 molecules: drug-like ones, and older chemicals with metals and charges among them."""
    texts = [*open_source("wehi").texts()][:1500] + [*open_source("nci").texts()][::5]
    return [text for text in kekule_all(texts) if text is not None]


@pytest.fixture(scope="session")
def grammar_named(molecules):
    @cache
    def made(name: str) -> Grammar:
        plain = load_grammar(name.removesuffix(" with motifs"))
        if plain.name == name:
            return plain
        return plain.extend(learn_motifs(plain, encode(plain, molecules, on_invalid="skip").derivations, 300))

    return made
