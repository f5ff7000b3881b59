"""The table of structured objects in small: its searches, what a second call does, and its files."""

import csv
import json
import math
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from grae.chemistry import canonical_all
from grae.datasets import open_source
from grae.errors import RunError, SettingsError
from grae.grammar import load_grammar
from grae.grammar.counting import sample_uniform
from grae.optimization import paper, target_named
from grae.reproduction import MODELS, SCALES, Scale, reproduce_structured
from grae.reproduction import structured as structured_module
from grae.reproduction.published_average import published_average
from grae.reproduction.scales import Objects
from grae.reproduction.structured import read_trials
from grae.reproduction.structured_published import PUBLISHED
from grae.reproduction.structured_table import COLUMNS, mean_and_error, rows_of

QUICK: dict[str, Any] = {"preset": "quick", "epochs": 1, "latent_dim": 4, "batch_size": 32}


@pytest.fixture(autouse=True)
def few_inducing_points(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paper, "INDUCING", 20)


@pytest.fixture
def tiny(tmp_path: Path) -> Scale:
    """Two trials of one round, on 60 short strings of each kind."""
    grammar = load_grammar("arithmetic")
    expressions = [grammar.unparse(ids) for ids in sample_uniform(grammar, 60, 7, 0)]
    (tmp_path / "expressions.txt").write_text("\n".join(["1/3+x+sin(x*x)", *expressions, "x+1/3+sin(x*x)"]) + "\n")
    smiles = islice((text for text in open_source("nci").texts() if len(text) < 20), 60)
    (tmp_path / "molecules.txt").write_text("\n".join(smiles) + "\n")
    objects = {
        "expressions": Objects("arithmetic", str(tmp_path / "expressions.txt"), "log-mse", 3, QUICK),
        "molecules": Objects(
            "smiles", str(tmp_path / "molecules.txt"), "logp", 4, {**QUICK, "motifs": 5, "on_invalid": "skip"}, 50
        ),
    }
    return Scale(objects, trials=2, rounds=1, batch_size=3, start_limit=0, words="a test")


def test_every_model_is_trained_and_searched_and_the_same_again_does_nothing(tiny, tmp_path, monkeypatch):
    folder = tmp_path / "table"
    said: list[str] = []
    rows = reproduce_structured(folder, tiny, models=["grae", "cvae"], device="cpu", tell=said.append)
    keys = [(row["objects"], row["model"], row["rules"]) for row in rows]
    assert keys == [
        ("expressions", "grae", "grammar"),
        ("expressions", "cvae", "grammar"),
        ("molecules", "grae", "grammar"),
        ("molecules", "grae", "semantic"),
        ("molecules", "cvae", "grammar"),
    ]
    assert all((row["trials"], row["calls"]) == (2, 6) for row in rows)
    assert next(row for row in rows if row["rules"] == "semantic")["points"] == 1.0
    assert (rows[0]["printed_points"], rows[0]["printed_best"]) == (1.0, [0.39, 0.39, 0.43])
    assert rows[3]["printed_points"] is None
    assert rows == json.loads((folder / "table.json").read_text())
    with (folder / "table.csv").open() as file:
        written = list(csv.DictReader(file))
    assert [one["model"] for one in written] == [row["model"] for row in rows]
    assert float(written[0]["points"]) == rows[0]["points"]
    assert (folder / "table.png").read_bytes().startswith(b"\x89PNG")
    assert "GRAE" in (folder / "table.md").read_text()
    assert any("training on" in one for one in said)

    monkeypatch.setattr(structured_module, "_trained", lambda *_: pytest.fail("trained again"))
    again = reproduce_structured(folder, tiny, models=["grae", "cvae"], device="cpu")
    assert again == rows
    with pytest.raises(RunError, match="another experiment: rounds"):
        reproduce_structured(folder, replace(tiny, rounds=2), models=["grae", "cvae"])
    with pytest.raises(RunError, match="another experiment: models"):
        reproduce_structured(folder, tiny, models=["grae"])


def test_a_killed_table_goes_on_with_the_search_it_was_in(tiny, tmp_path, monkeypatch):
    folder = tmp_path / "table"
    options: dict[str, Any] = {"objects": ["expressions"], "models": ["grae"], "device": "cpu"}
    whole = reproduce_structured(folder, tiny, **options)
    lines = (folder / "trials.jsonl").read_bytes().splitlines(keepends=True)
    (folder / "trials.jsonl").write_bytes(lines[0] + lines[1][:20])
    history = folder / "expressions-grae-grammar" / "trial-2" / "history.jsonl"
    records = history.read_bytes().splitlines(keepends=True)
    history.write_bytes(records[0])
    fit = "grae.sequence.estimator.GrammarAutoencoder.fit"
    monkeypatch.setattr(fit, lambda *_, **__: pytest.fail("trained again"))
    assert reproduce_structured(folder, tiny, **options) == whole
    strings = [json.loads(line)["string"] for line in history.read_bytes().splitlines()]
    assert strings == [json.loads(line)["string"] for line in records]
    assert [row["trial"] for row in read_trials(folder)] == [1, 2]
    more = reproduce_structured(folder, replace(tiny, trials=3), **options)
    assert more[0]["trials"] == 3
    first, *others = (
        json.loads((folder / "expressions-grae-grammar" / f"trial-{n}" / "search.json").read_text()) for n in (1, 2, 3)
    )
    assert [first["seed"], *(one["seed"] for one in others)] == [0, 1, 2]


def test_the_expression_that_is_searched_for_is_held_out(tiny):
    texts = structured_module._strings(tiny.objects["expressions"], 0)
    assert len(texts) == 60
    assert min(target_named("log-mse").evaluate(texts)) > 0
    molecules = structured_module._strings(tiny.objects["molecules"], 0)
    assert len(molecules) == 50
    assert molecules == structured_module._strings(tiny.objects["molecules"], 0)
    assert None not in canonical_all(molecules)


def test_what_cannot_be_reproduced(tiny, tmp_path):
    cases: tuple[tuple[dict[str, Any], str], ...] = (
        ({"models": ["grea"]}, "did you mean 'grae'"),
        ({"models": ["wae"]}, "unknown model"),
        ({"objects": ["expresions"]}, "did you mean 'expressions'"),
    )
    for wrong, message in cases:
        with pytest.raises(SettingsError, match=message):
            reproduce_structured(tmp_path / "table", tiny, **wrong)
    assert not (tmp_path / "table").exists()


@pytest.mark.parametrize(
    ("preset", "language"), [("paper", "molecules"), ("paper", "expressions"), ("quick", "expressions")]
)
def test_names_of_one_model(preset: str, language: str):
    def alike(one: str, other: str) -> bool:
        return structured_module._alike(one, other, preset, language)

    assert alike("grae", "rae-l2")
    assert alike("cv-vae", "gcvvae")
    assert not alike("vae", "gvae")  # another noise
    assert not alike("gvae", "cvae")
    assert not alike("grae", "rae")


def test_on_molecules_the_default_of_grae_has_noise_and_that_of_its_namesake_has_none():
    assert not structured_module._alike("grae", "rae-l2", "quick", "molecules")


def test_means_and_standard_errors():
    values = [1.0, 2.0, 4.0, 5.0]
    mean, error = mean_and_error(values)
    assert (mean, error) == (3.0, pytest.approx(math.sqrt(10 / 4) / 2))  # as published: divisor n
    assert mean_and_error([None, 2.0, None]) == (2.0, None)
    assert mean_and_error([None]) == (None, None)


def test_the_average_leaves_out_the_worst_score_alone():
    """As get_final_results.py: expressions are minimized, an invalid point has log(1 + 1000)."""
    worst = math.log(1001)
    assert published_average([1.0, None, 3.0, worst], worst, maximize=False) == 2.0
    assert published_average([1.0, 3.0], worst, maximize=False) == 1.0  # without an invalid point, the worst is valid
    assert published_average([None, None], worst, maximize=False) is None
    # molecules are maximized, an invalid point has the worst of the data, and a valid one can be worse
    assert published_average([2.0, None, -100.0], -60.0, maximize=True) == -29.0


def test_the_best_of_all_trials_each_string_once():
    def trial(number: int, best: dict[str, float]) -> dict[str, Any]:
        found = [{"string": text, "score": score} for text, score in best.items()]
        about = {"objects": "expressions", "model": "gcvvae", "rules": "grammar", "trial": number}
        return {**about, "calls": 4, "points": 0.5, "decodings": 0.25, "average": None, "best": found}

    (row,) = rows_of([trial(1, {"x": 0.5, "2": 0.7, "3": 0.9}), trial(2, {"x": 0.5, "1": 0.6})])
    assert [one["string"] for one in row["best"]] == ["x", "1", "2"]
    assert (row["average"], row["printed_average"], row["calls"], row["points_error"]) == (None, None, 8, 0.0)
    assert tuple(row) == COLUMNS


def test_printed_figures_and_scales_are_of_what_there_is():
    for scale in SCALES.values():
        for name, what in scale.objects.items():
            assert set(PUBLISHED[name]) < set(MODELS)
            assert target_named(what.target).language == load_grammar(what.grammar).language.name == name
    assert all(math.isfinite(row.average[0]) for rows in PUBLISHED.values() for row in rows.values())
