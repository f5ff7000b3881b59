"""The examples of docs/your-own.md, as they stand there: files by the name in their first line."""

import random
import re
import textwrap
from pathlib import Path

import pytest

from grae.grammar import language, load_grammar
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
