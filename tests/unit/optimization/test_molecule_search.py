"""A search over molecules, in small: valid, distinct molecules and a drawing with their sizes."""

from itertools import islice
from typing import Any

import numpy as np
import pytest

from grae.chemistry import canonical_all, kekule_all
from grae.chemistry.counts import heavy_atoms, unpaired_electrons
from grae.chemistry.templates import hold
from grae.datasets import open_source
from grae.grammar import codec
from grae.grammar.moves import Moves
from grae.optimization import optimize
from grae.optimization.candidates import Known
from grae.optimization.limits import Limits
from grae.optimization.plots import draw
from grae.optimization.population import Reader
from grae.optimization.proposers import Basis, DerivationMoves
from grae.optimization.screen import Screen
from grae.optimization.space import LatentSpace
from grae.sequence import GrammarAutoencoder


@pytest.fixture(scope="module")
def smiles() -> list[str]:
    short = (text for text in islice(open_source("nci").texts(), 600) if len(text) < 25 and "." not in text)
    return list(islice(short, 150))


@pytest.fixture(scope="module")
def model(smiles: list[str]) -> GrammarAutoencoder:
    settings: dict[str, Any] = {"preset": "quick", "epochs": 2, "latent_dim": 8, "batch_size": 32, "motifs": 30}
    return GrammarAutoencoder("smiles", **settings, on_invalid="skip", device="cpu").fit(smiles)


@pytest.mark.parametrize("mixture", [False, True])
def test_moves_start_from_kekule_forms_and_make_mixtures_only_from_mixtures(model, smiles, mixture: bool):
    known = [*smiles, *(f"{text}.Cl" for text in smiles[:20])] if mixture else smiles
    reader = Reader(LatentSpace(model), Screen(Limits()), np.array([2 if mixture else 1, 0]))
    forms = reader.valid(known)
    strings, _ = reader.read(known, [form or "" for form in forms])
    assert codec.decode(reader.grammar, strings.derivations) == kekule_all(strings.texts)
    assert reader.readable(["CCO", "C(C"]) == ["CCO"]
    moves = Moves(reader.grammar, strings.derivations)
    proposer = DerivationMoves(reader, moves, max_length=80, children=400, generations=3)

    def parts(strings) -> np.ndarray:
        return np.array([text.count(".") for text in strings.texts], float)

    basis = Basis(strings, np.arange(len(strings), 0.0, -1.0), Known([*strings.texts, *strings.forms]), set())
    found = proposer.propose(basis, 5, parts, np.random.default_rng(0))
    assert len(found.strings) > 50
    assert parts(found.strings).max() == mixture
    assert not unpaired_electrons(found.strings.texts).any()


def test_molecules_are_scored_once_each_and_drawn(tmp_path, model, smiles):
    for strategy in ("random", "trust-region", "genetic", "mixed"):
        result = optimize(
            model,
            "0.5*logp + 0.5*qed",
            strategy=strategy,
            start=smiles,
            rounds=2,
            batch_size=4,
            temperature=0.3,
            most_atoms=14,
        )
        texts = [record.string for record in result.records]
        forms = canonical_all(texts)
        assert None not in forms
        assert len(set(forms)) == len(texts) == 8
        assert not set(forms) & set(canonical_all(smiles))
        assert heavy_atoms([text or "" for text in texts]).max() <= 14
        assert result.valid == 1.0
        assert 0 < (result.decoded_valid or 0) <= 1
    drawn = draw(result, tmp_path)  # pyright: ignore[reportPossiblyUnboundVariable]
    assert [path.name for path in drawn] == ["progress.png", "best-molecules.png"]


@pytest.mark.parametrize("template", ["CC(*)=O", "C<rest>O"])
def test_molecules_hold_the_template(model, smiles, template: str):
    options: dict[str, Any] = {"strategy": "genetic", "rounds": 2, "batch_size": 4, "most_atoms": 14}
    result = optimize(model, "qed", template=template, start=smiles, **options)
    texts = [*result.start.texts, *(record.string for record in result.records)]
    assert result.calls == 8
    assert all(hold(template.replace("<rest>", "*"), texts, exact="*" in template))
