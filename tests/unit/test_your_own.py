"""The examples of docs/your-own.md, as they stand there: files by the name in their first line."""

import importlib.util
import random
import re
import textwrap
from pathlib import Path

import numpy as np
import pytest

from grae.autoencoder.models import MODELS
from grae.density import DENSITIES
from grae.grammar import language, load_grammar
from grae.images import ImageAutoencoder, load_images
from grae.images.recipes import models_of_images
from grae.sequence import GrammarAutoencoder

PAGE = Path(__file__).parents[2] / "docs" / "your-own.md"


def example(name: str) -> str:
    """The indented block of the page whose first line is the file's name in a comment."""
    page = PAGE.read_text(encoding="utf-8")
    blocks = [textwrap.dedent(block) for block in re.findall(r"(?:^    .*\n(?:[ \t]*\n)*)+", page, re.MULTILINE)]
    (block,) = [block for block in blocks if block.startswith(f"# {name}\n")]
    return block


@pytest.fixture
def words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The folder with the grammar and what makes the language of a file known."""
    (tmp_path / "counts.cfg").write_text(example("counts.cfg"))
    monkeypatch.setattr(language, "_registered", {})

    def listed(name: str):
        (tmp_path / name).write_text(example(name))
        monkeypatch.setenv("GRAE_LANGUAGES", str(tmp_path / name))
        return load_grammar(tmp_path / "counts.cfg")

    return listed


def balanced(n: int) -> list[str]:
    draw = random.Random(0)
    return ["".join(draw.sample("ab" * size, 2 * size)) for size in (draw.randint(1, 5) for _ in range(n))]


def test_a_predicate_says_what_is_valid(words):
    grammar = words("counts.py")
    assert grammar.language.plural == "words"
    assert grammar.canonical(["abba", "aab", "", "c"]) == ["abba", None, "", None]


def test_an_automaton_keeps_every_sample_valid(words, tmp_path):
    grammar = words("rules.py")
    model = GrammarAutoencoder(grammar, preset="quick", epochs=1, latent_dim=4, batch_size=32, motifs=0, device="cpu")
    model.fit(balanced(120))
    samples = model.sample(200, seed=0, temperature=1.0)
    assert grammar.canonical(samples) == samples
    assert len(set(samples)) > 10
    loose = model.sample(200, seed=0, temperature=1.0, constraints="grammar")
    assert None in grammar.canonical(loose)
    model.save(tmp_path / "run")
    again = GrammarAutoencoder.load(tmp_path / "run", device="cpu")
    assert again.language_grammar_.language is grammar.language
    assert again.sample(20, seed=1) == model.sample(20, seed=1)


@pytest.fixture
def rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The tables of models and densities with the examples' rows in them, for one test."""
    for table, name in ((MODELS, "model_row.py"), (DENSITIES, "density_class.py")):
        known = dict(table)
        (tmp_path / name).write_text(example(name))
        spec = importlib.util.spec_from_file_location(name.removesuffix(".py"), tmp_path / name)
        assert spec is not None
        assert spec.loader is not None
        spec.loader.exec_module(importlib.util.module_from_spec(spec))
        ((row, value),) = [(row, table.pop(row)) for row in set(table) - set(known)]
        monkeypatch.setitem(table, row, value)


SMALL = {"epochs": 1, "latent_dim": 4, "batch_size": 32, "device": "cpu", "density": "box"}


@pytest.mark.usefixtures("rows")
def test_a_row_of_the_table_is_a_model_of_strings_and_of_images(tmp_path):
    expressions = ["x", "x+1", "x*x", "sin(x)", "x/2", "exp(x)", "1+x", "2*x"] * 8
    strings = GrammarAutoencoder("arithmetic", model="rae-noisy", preset="quick", **SMALL).fit(expressions)
    images = ImageAutoencoder("rae-noisy", width=0.1, **SMALL)
    digits = load_images("digits").train.images[:64]
    images.fit(digits)
    assert images.settings_.objective.bottleneck == "noisy"
    assert images.settings_.objective.bottleneck_options == {"noise": 0.1}
    assert (images.settings_.objective.beta, images.settings_.objective.regularizer) == (1e-4, "tikhonov")
    for model, data in ((strings, expressions), (images, digits)):
        assert model.settings_.model == "rae-noisy"
        assert model.settings_.density == "box"
        model.save(tmp_path / type(model).__name__)
        again = type(model).load(tmp_path / type(model).__name__, device="cpu")
        assert np.array_equal(again.sample(5, seed=1), model.sample(5, seed=1))
        np.testing.assert_allclose(again.score_samples(data[:9]), model.score_samples(data[:9]))
    assert models_of_images()[-1] == "rae-noisy"
