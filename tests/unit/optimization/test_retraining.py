"""The model trained on during a search."""

from pathlib import Path

import numpy as np
import pytest
import torch

import grae
from grae.errors import SettingsError
from grae.optimization import retraining
from grae.optimization.retraining import rank_weights, retrained
from grae.targets.named import target_named


@pytest.fixture(autouse=True)
def fewer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retraining, "DRAWN", 500)


def search(model, expressions, **changes):
    options = {"rounds": 5, "batch_size": 4, "start": expressions, "seed": 1, "retrain_every": 2}
    return grae.optimize(model, "log-mse", **{**options, **changes})


def kept(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob("retrained-*"))


def test_weights_fall_with_the_rank():
    weights = rank_weights(np.array([0.0, 3.0, -1.0, 3.0]), k=0.25)
    np.testing.assert_allclose(weights, np.array([1 / 3, 1, 1 / 4, 1 / 2]) / (1 / 3 + 1 + 1 / 4 + 1 / 2))


def test_what_is_drawn_most_is_kept_best(model, expressions):
    """A few strings that count for all: the copy's loss on them falls, and the model stays as it was."""
    before = {name: value.clone() for name, value in model.network_.state_dict().items()}
    values = np.zeros(len(expressions))
    values[:5] = 1e3
    some = [text for text in dict.fromkeys(expressions)][:5]
    again = retrained(model, expressions, target_named("log-mse").evaluate(expressions) * 0 + values, seed=0)
    assert all(torch.equal(before[name], value) for name, value in model.network_.state_dict().items())
    assert again.grammar_ is model.grammar_
    assert loss(again, some) < loss(model, some)
    assert list(again.densities_) == [model.settings_.density, "gaussian"]
    assert np.isfinite(again.density_named(None).log_prob(again.transform(some))).all()


def loss(model, texts) -> float:
    from grae.sequence.batches import DerivationBatches
    from grae.sequence.coding import mean_losses

    found = model.derive(texts).derivations
    batches = DerivationBatches(found, np.arange(len(found)), pad=model.grammar_.pad, batch_size=16)
    network = model.network_.eval()
    with torch.no_grad():
        return mean_losses(batches)(network)["reconstruction"]


def test_codes_of_later_rounds_are_of_the_retrained_model(model, expressions, tmp_path):
    found = search(model, expressions, out=tmp_path)
    assert kept(tmp_path) == ["retrained-4"]
    last = grae.load(tmp_path / "retrained-4", device="cpu")
    codes = {record.round: [] for record in found.records}
    for record in found.records:
        codes[record.round].append((record.string, record.code))
    for number, (first, other) in {0: (model, last), 4: (last, model)}.items():
        texts, mine = [text for text, _ in codes[number]], np.array([code for _, code in codes[number]])
        np.testing.assert_allclose(first.transform(texts), mine, atol=1e-5)
        assert np.abs(other.transform(texts) - mine).max() > 1e-3
    assert found.seconds["retrain"] > 0


@pytest.mark.parametrize("strategy", ["mixed", "trust-region", "random"])
@pytest.mark.parametrize("calls", [3, 9, 15, 18])
def test_a_search_cut_anywhere_goes_on_as_if_it_never_stopped(model, expressions, tmp_path, calls, strategy):
    whole = search(model, expressions, out=tmp_path / "whole", strategy=strategy).records.records
    cut = tmp_path / "cut"
    search(model, expressions, out=cut, strategy=strategy, rounds=-(-calls // 4))
    lines = (cut / "history.jsonl").read_bytes().splitlines(keepends=True)
    (cut / "history.jsonl").write_bytes(b"".join(lines[:calls]))
    again = search(model, expressions, out=cut, strategy=strategy, resume=True).records.records
    assert [record.string for record in again] == [record.string for record in whole]
    np.testing.assert_allclose([record.code for record in again], [record.code for record in whole], atol=1e-5)


def test_without_a_folder_it_is_the_same(model, expressions, tmp_path):
    one, other = search(model, expressions, out=tmp_path), search(model, expressions)
    assert [record.string for record in one.records] == [record.string for record in other.records]


@pytest.mark.parametrize(
    ("changes", "message"),
    [({"retrain_every": 0}, "setting 'retrain_every'"), ({"strategy": "paper"}, "one latent space")],
)
def test_settings_that_cannot_be_used(model, expressions, changes, message):
    with pytest.raises(SettingsError, match=message):
        search(model, expressions, **changes)
