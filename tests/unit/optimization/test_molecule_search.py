"""A search over molecules, in small: valid, distinct molecules and a drawing with their sizes."""

from itertools import islice
from typing import Any

from grae.chemistry import canonical_all
from grae.chemistry.counts import heavy_atoms
from grae.datasets import open_source
from grae.optimization import optimize
from grae.optimization.plots import draw
from grae.sequence import GrammarAutoencoder


def test_molecules_are_scored_once_each_and_drawn(tmp_path):
    smiles = [text for text in islice(open_source("nci").texts(), 400) if len(text) < 25][:150]
    settings: dict[str, Any] = {"preset": "quick", "epochs": 2, "latent_dim": 8, "batch_size": 32, "motifs": 30}
    model = GrammarAutoencoder("smiles", **settings, on_invalid="skip", device="cpu").fit(smiles)
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
