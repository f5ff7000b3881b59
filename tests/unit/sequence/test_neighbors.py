"""The nearest training strings."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import grae
from grae.datasets import build_store, open_source
from grae.datasets.origin import record, texts_of
from grae.errors import DataError, RunError, SettingsError
from grae.grammar import load_grammar
from grae.grammar.counting import sample_uniform
from grae.sequence import GrammarAutoencoder, neighbors


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("neighbors")
    grammar = load_grammar("arithmetic")
    data = folder / "expressions.txt"
    data.write_text("\n".join(grammar.unparse(ids) for ids in sample_uniform(grammar, 150, 9, 0)) + "\n")
    source = open_source(str(data), grammar=grammar)
    store = build_store(grammar, source)
    settings: dict[str, Any] = {"preset": "quick", "epochs": 1, "latent_dim": 6, "motifs": 4}
    model = GrammarAutoencoder(grammar, **settings, batch_size=32, device="cpu")
    model.fit(store, run=folder / "run", data=record(str(data), source, store, max_length=None))
    return folder / "run"


@pytest.mark.parametrize("block", [7, 1000])
def test_the_nearest_are_found(run: Path, monkeypatch: pytest.MonkeyPatch, block: int):
    monkeypatch.setattr(neighbors, "BLOCK", block)
    model = grae.load(run)
    found = model.neighbors("x*sin(x)", 5)
    store = build_store(load_grammar("arithmetic"), open_source(str(run.parent / "expressions.txt")))
    texts = list(texts_of(model.language_grammar_, store, model.split_.train))
    distances = np.linalg.norm(model.transform(texts) - model.transform(["x*sin(x)"]), axis=1)
    best = np.sort(distances)[:5]
    assert [neighbor.distance for neighbor in found] == pytest.approx(best.tolist(), abs=1e-4)
    known = dict(zip(texts, distances, strict=True))
    assert all(known[neighbor.text] == pytest.approx(neighbor.distance, abs=1e-4) for neighbor in found)
    assert model.neighbors(texts[3], 1)[0].text == texts[3]


def test_codes_are_kept_in_the_run(run: Path, monkeypatch: pytest.MonkeyPatch):
    first = grae.load(run).neighbors("x", 3)
    assert (run / neighbors.FILE).is_file()
    monkeypatch.setattr(neighbors.TrainingCodes, "_computed", lambda self: pytest.fail("computed again"))
    assert grae.load(run).neighbors("x", 3) == first


def test_bad_input(run: Path, expressions_model, tmp_path: Path):
    model = grae.load(run)
    for k in (0, 10_000):
        with pytest.raises(SettingsError, match="neighbors among"):
            model.neighbors("x", k)
    with pytest.raises(RunError, match="does not have its training strings"):
        expressions_model.neighbors("x")
    expressions_model.save(tmp_path / "saved")
    with pytest.raises(RunError, match="does not say where its strings came from"):
        grae.load(tmp_path / "saved").neighbors("x")


def test_strings_that_changed_are_an_error(run: Path):
    data = run.parent / "expressions.txt"
    before = data.read_text()
    data.write_text("x\n" + before)
    try:
        with pytest.raises(DataError, match="has changed since"):
            grae.load(run).neighbors("x")
    finally:
        data.write_text(before)
