"""The examples of docs/your-own.md, as they stand there: files by the name in their first line."""

import importlib.util
import random
import re
import sys
import textwrap
import tomllib
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import grae
from grae.autoencoder import BOTTLENECKS, REGULARIZERS
from grae.autoencoder.models import MODELS
from grae.constraints import ConstrainedPushdown, constraint_of
from grae.datasets import DatasetEntry, open_source, registry, sources
from grae.density import DENSITIES
from grae.errors import RunError, SettingsError
from grae.grammar import Grammar, codec, language_registry, load_grammar
from grae.grammar.counting import sample_uniform
from grae.grammar.language import Language
from grae.images import ImageAutoencoder, load_images
from grae.images.recipes import models_of_images
from grae.optimization.mixed_parts import PROPOSERS, VIEWS
from grae.optimization.strategies import STRATEGIES
from grae.sequence import GrammarAutoencoder
from grae.sequence.architectures import ARCHITECTURES
from grae.targets.named import TARGETS, target_named

PAGE = Path(__file__).parents[2] / "docs" / "your-own.md"
TABLES: tuple[Any, ...] = (
    MODELS, BOTTLENECKS, REGULARIZERS, DENSITIES, ARCHITECTURES, TARGETS, STRATEGIES, PROPOSERS, VIEWS,
)  # fmt: skip
Run = Callable[[str], ModuleType]


def examples() -> dict[str, str]:
    """The indented blocks of the page whose first line is the name of a file in a comment, by that name."""
    page = PAGE.read_text(encoding="utf-8")
    blocks = [textwrap.dedent(block) for block in re.findall(r"(?:^    .*\n(?:[ \t]*\n)*)+", page, re.MULTILINE)]
    named = [(re.match(r"# (\w+\.\w+)\n", block), block) for block in blocks]
    return {match[1]: block for match, block in named if match is not None}


EXAMPLES = examples()


def test_the_table_names_every_example_and_counts_the_files_of_each():
    page = PAGE.read_text(encoding="utf-8")
    sections = {
        "#" + re.sub(r"[^a-z -]", "", name.lower()).replace(" ", "-") for name in re.findall(r"^##+ (.*)", page, re.M)
    }
    rows = re.findall(r"^\| (an? .*) \|$", page[page.index("## What to touch") :], re.MULTILINE)
    named: list[str] = []
    for row in rows:
        *_, files, _, example = row.split(" | ")
        links = re.findall(r"\[`(.*?)`\]\((.*?)\)", example)
        assert len(links) == int(files)
        assert {place for _, place in links} <= sections
        named += [file for file, _ in links]
    assert sorted(named) == sorted(EXAMPLES)
    here = Path(__file__).read_text(encoding="utf-8")
    assert not [file for file in named if f'"{file}"' not in here]  # each is run by a test of this file


@pytest.fixture
def words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The folder with the grammar and what makes the language of a file known."""
    (tmp_path / "counts.cfg").write_text(EXAMPLES["counts.cfg"])
    monkeypatch.setattr(language_registry, "_registered", {})

    def listed(name: str):
        (tmp_path / name).write_text(EXAMPLES[name])
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


RULED = {
    "equal.py": "S -> A B C\nA -> 'a' A | 'a'\nB -> 'b' B | 'b'\nC -> 'c' C | 'c'",
    "declared.py": "P -> L ';' E\nL -> N | N ',' L\nN -> 'x' | 'y' | 'z'\nE -> N | N '+' E",
    "checksum.py": "S -> D D D D D D D D\nD -> '0' | '1' | '2' | '3' | '4' | '5' | '6' | '7' | '8' | '9'",
}


def is_ruled(name: str, text: str) -> bool:
    """Whether an example's rule holds, told without its automaton."""
    if name == "equal.py":
        return text == "".join(letter * (len(text) // 3) for letter in "abc")
    if name == "declared.py":
        declared, used = text.split(";")
        return set(used) - {"+"} <= set(declared)
    return sum(int(digit) * (1 if place % 2 else 3) for place, digit in enumerate(text)) % 10 == 0


def drawn_under(grammar: Grammar, longest: int, n: int) -> list[str]:
    """Strings whose productions are drawn one at a time, as far as the grammar and its language allow."""
    constraint = constraint_of(grammar, longest)
    assert constraint is not None
    machine, draw, steps = ConstrainedPushdown(constraint, n), np.random.default_rng(0), []
    while (machine.current >= 0).any():
        steps.append(machine.expand(draw.random((n, grammar.n_symbols), np.float32)))
    ids = [column[column >= 0] for column in np.stack(steps, axis=1)]
    return codec.decode(grammar, codec.Derivations.from_list(ids, grammar.dtype))


@pytest.mark.parametrize("name", RULED)
def test_a_plain_automaton_is_kept_at_each_step(run: Run, name: str):
    automaton = run(name).automaton
    assert automaton.interpreted == []
    plain = Grammar.from_text(RULED[name])
    texts = drawn_under(plain.in_language(Language(name.removesuffix(".py"), automaton=automaton)), 30, 100)
    assert all(is_ruled(name, text) for text in texts)
    assert len(set(texts)) > 4
    anything = [plain.unparse(ids) for ids in sample_uniform(plain, 100, 18, 0)]
    reads = [automaton.of(plain).reads([plain.terminals.index(character) for character in text]) for text in anything]
    assert reads == [is_ruled(name, text) for text in anything]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs an example as a module; the rows that it adds to grae's tables are there for one test."""

    def execute(name: str) -> ModuleType:
        before = [set(table) for table in TABLES]
        (tmp_path / name).write_text(EXAMPLES[name])
        spec = importlib.util.spec_from_file_location(name.removesuffix(".py"), tmp_path / name)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        monkeypatch.setitem(sys.modules, spec.name, module)
        spec.loader.exec_module(module)
        for table, rows in zip(TABLES, before, strict=True):
            for row in set(table) - rows:
                monkeypatch.setitem(table, row, table.pop(row))
        return module

    return execute


SMALL = {"epochs": 1, "latent_dim": 4, "batch_size": 32, "device": "cpu"}
SHORT = ["x", "x+1", "x*x", "sin(x)", "x/2", "exp(x)", "1+x", "2*x"] * 8


def test_a_row_of_the_table_is_a_model_of_strings_and_of_images(run: Run, tmp_path: Path):
    run("model_row.py")
    run("density_class.py")
    strings = GrammarAutoencoder("arithmetic", model="rae-noisy", preset="quick", density="box", **SMALL).fit(SHORT)
    images = ImageAutoencoder("rae-noisy", width=0.1, density="box", **SMALL)
    digits = load_images("digits").train.images[:64]
    images.fit(digits)
    objective = images.settings_.objective
    assert (objective.bottleneck.kind, objective.bottleneck.noise) == ("noisy", 0.1)
    assert (objective.weights.beta, objective.regularizer) == (1e-4, "tikhonov")
    for model, data in ((strings, SHORT), (images, digits)):
        assert model.settings_.model == "rae-noisy"
        assert model.settings_.density == "box"
        model.save(tmp_path / type(model).__name__)
        again = type(model).load(tmp_path / type(model).__name__, device="cpu")
        assert np.array_equal(again.sample(5, seed=1), model.sample(5, seed=1))
        np.testing.assert_allclose(again.score_samples(data[:9]), model.score_samples(data[:9]))
    assert models_of_images()[-1] == "rae-noisy"


def test_a_bottleneck_and_a_regularizer_are_parts_of_a_model(run: Run, tmp_path: Path):
    run("loss_terms.py")
    model = GrammarAutoencoder("arithmetic", model="bounded", preset="quick", **SMALL).fit(SHORT)
    codes = model.transform(SHORT[:8])
    assert np.abs(codes).max() < 1
    assert model.result_ is not None
    model.save(tmp_path / "run")
    again = GrammarAutoencoder.load(tmp_path / "run", device="cpu")
    np.testing.assert_array_equal(again.transform(SHORT[:8]), codes)


def test_an_entry_of_the_registry_is_a_data_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    ((name, entry),) = tomllib.loads(EXAMPLES["entry.toml"]).items()
    monkeypatch.setattr(registry, "entries", lambda: {name: DatasetEntry(name=name, **entry)})
    monkeypatch.setattr(sources, "entries", registry.entries)
    monkeypatch.setenv("GRAE_DATA_HOME", str(tmp_path))
    (tmp_path / "short.txt").write_text("x+1\nsin(x)\nx*x\n")
    assert list(open_source("short").texts()) == ["x+1", "sin(x)", "x*x"]


def test_a_target_is_a_function_or_a_row(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "mine.py").write_text(EXAMPLES["mine.py"])
    own = target_named(f"{tmp_path / 'mine.py'}:score")
    assert own.evaluate(["CCO", "NCN"]).tolist() == [0, 2]
    with pytest.raises(SettingsError, match=r"unknown target \(--target\) 'rings'"):
        target_named("rings")
    run("target_row.py")
    molecules = ["CC", "C1CC1", "c1ccc2ccccc2c1", "not one"]
    rings = target_named("rings").evaluate(molecules)
    np.testing.assert_array_equal(rings, [0, 1, 2, np.nan])
    np.testing.assert_allclose(
        target_named("qed - 0.1*rings").evaluate(molecules), target_named("qed").evaluate(molecules) - 0.1 * rings
    )
    with pytest.raises(SettingsError, match="say nothing to target 'rings'"):
        target_named("rings", formula="x")


@pytest.mark.parametrize("name", ["grae", "rae-gp", "rae-sn", "vae"])
def test_an_architecture_is_trained_saved_and_read_again(run: Run, tmp_path: Path, name: str):
    run("architecture_class.py")
    settings = {"kind": "markov", "hidden": 16}
    model = GrammarAutoencoder("arithmetic", model=name, preset="quick", architecture=settings, **SMALL).fit(SHORT)
    assert model.settings_.architecture.kind == "markov"
    assert model.settings_.architecture.model_dump()["hidden"] == 16
    samples = model.sample(20, seed=1, temperature=1.0)
    assert len(set(samples)) > 3
    model.save(tmp_path / "run")
    again = GrammarAutoencoder.load(tmp_path / "run", device="cpu")
    assert again.settings_ == model.settings_
    assert again.sample(20, seed=1, temperature=1.0) == samples
    np.testing.assert_array_equal(again.transform(SHORT[:8]), model.transform(SHORT[:8]))
    del ARCHITECTURES["markov"]
    with pytest.raises(RunError, match="unknown architecture 'markov'; there are: recurrent, paper"):
        GrammarAutoencoder.load(tmp_path / "run")


def test_architectures_learn_the_same_data_by_their_names():
    for name, other in (("paper", "recurrent"), ("recurrent", "paper")):
        preset = "default" if name == "paper" else "paper"
        model = GrammarAutoencoder("arithmetic", preset=preset, architecture=name, max_length=20, **SMALL).fit(SHORT)
        assert (model.settings_.architecture.kind, model.settings_.architecture.latent_dim) == (name, 4)
        assert model.settings_.preset == preset
        assert other not in str(model.settings_.architecture)
    with pytest.raises(SettingsError, match="unknown architecture 'papr'; there are: recurrent, paper"):
        GrammarAutoencoder("arithmetic", architecture="papr").fit(SHORT)
    with pytest.raises(SettingsError, match="depth"):
        GrammarAutoencoder("arithmetic", architecture={"kind": "paper", "depth": True}).fit(SHORT)


@pytest.fixture(scope="module")
def start() -> list[str]:
    """200 expressions of at most 8 productions."""
    grammar = load_grammar("arithmetic")
    return [grammar.unparse(ids) for ids in sample_uniform(grammar, 200, 8, 0)]


@pytest.fixture(scope="module")
def model(start: list[str]) -> GrammarAutoencoder:
    settings: dict[str, Any] = {"preset": "quick", "epochs": 4, "latent_dim": 8, "learning_rate": 5e-3}
    return GrammarAutoencoder("arithmetic", **settings, batch_size=32, device="cpu").fit(start)


def test_a_search_strategy_improves_and_is_resumed(run: Run, tmp_path: Path, model, start):
    run("hill_climb.py")
    options = {"strategy": "hill-climb", "start": start, "half": "worst-half", "seed": 3}
    whole = grae.optimize(model, "log-mse", **options, rounds=6)
    strings = [record.string for record in whole.records]
    assert len(set(strings)) == len(strings) == 30  # as many a round as its row says
    assert whole.improved
    grae.optimize(model, "log-mse", **options, rounds=3, out=tmp_path / "found")
    resumed = grae.optimize(model, "log-mse", **options, rounds=6, out=tmp_path / "found", resume=True)
    assert [record.string for record in resumed.records] == strings
    with pytest.raises(SettingsError, match="hill-climb strategy searches one latent space"):
        grae.optimize(model, "log-mse", **options, retrain_every=1)


def test_a_proposer_and_a_view_are_parts_of_the_mixed_strategy(run: Run, model, start):
    run("mixed_rows.py")
    options: dict[str, Any] = {"start": start, "half": "worst-half", "batch_size": 8, "rounds": 3}
    result = grae.optimize(model, "log-mse", **options, propose="noise+derivation", surrogate="letters")
    assert {record.proposer for record in result.records} == {"repeats", "derivation", "unranked"}
    result = grae.optimize(model, "log-mse", **options, propose="noise", surrogate="none")
    assert {record.proposer for record in result.records} == {"repeats"}
