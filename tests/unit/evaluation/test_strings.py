from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grae.datasets import Source, open_source
from grae.errors import RunError
from grae.evaluation import Strings, Work, samples_of
from grae.evaluation.cache import cached_blocks, canonical_forms, joined, split
from grae.evaluation.strings import digest, each
from grae.grammar import Grammar
from grae.languages.molecules import Molecules

lines = st.text(st.characters(exclude_characters="\n", exclude_categories=("Cs",)), max_size=5)


def test_an_empty_line_of_a_file_of_samples_is_a_sample(tmp_path: Path):
    (tmp_path / "a.txt").write_bytes(b"CC\n\nC\xff\nO")
    assert samples_of(Source(tmp_path / "a.txt")) == ["CC", "", "C\udcff", "O"]


def test_a_blank_row_of_a_table_is_none(tmp_path: Path):
    (tmp_path / "a.csv").write_text('SMILES\nCC\n""\n\nO\n')
    assert samples_of(Source(tmp_path / "a.csv")) == ["CC", "", "O"]


def test_strings_of_a_source_have_a_key_of_their_own(tmp_path: Path):
    (tmp_path / "a.csv").write_text("x,smiles\nC,N\n")
    (tmp_path / "b.csv").write_text("x,smiles\nC,N\n")
    one, other = (Strings.of_source(open_source(tmp_path / "a.csv", column=name)) for name in ("x", "smiles"))
    assert (list(one.read()), list(other.read())) == (["C"], ["N"])
    assert one.key != other.key
    assert one.key == Strings.of_source(open_source(tmp_path / "b.csv", column="x")).key


@given(st.lists(lines), st.lists(lines))
def test_digest_tells_lists_apart(one: list[str], other: list[str]):
    assert (digest(*one) == digest(*other)) == (one == other)


@given(st.lists(lines), st.integers(1, 4))
def test_joined_and_split_and_each_are_inverses(texts: list[str], size: int):
    assert split(joined(texts)) == texts
    assert [text for some in each(texts, size) for text in some] == texts


def test_forms_of_molecules_are_computed_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("GRAE_CACHE_HOME", str(tmp_path))
    calls = []

    class Counting(Molecules):
        def canonical(self, grammar, texts, *, n_jobs=1):
            calls.append(list(texts))
            return super().canonical(grammar, texts, n_jobs=n_jobs)

    counting = Grammar.from_text("S -> 'C'")
    counting.language = Counting("counting", is_slow=True)
    strings = Strings.of_list("some", ["OCC", "C1C", "CCO", "C"])
    assert list(canonical_forms(counting, strings, Work())) == ["CCO", "C"]
    assert list(canonical_forms(counting, strings, Work())) == ["CCO", "C"]
    assert calls == [["OCC", "C1C", "CCO", "C"]]
    assert list(canonical_forms(counting, Strings.of_list("others", ["N"]), Work())) == ["N"]


def test_a_damaged_file_in_the_cache_says_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("GRAE_CACHE_HOME", str(tmp_path))
    strings = Strings.of_list("some", ["C"])
    blocks(["forms"], strings, 2)
    (file,) = tmp_path.rglob("*.safetensors")
    file.write_bytes(b"torn")
    with pytest.raises(RunError, match="delete the file"):
        blocks(["forms"], strings, 2)


def blocks(kinds: list[str], strings: Strings, size: int, *, stop_at: str = "", seen: Any = None) -> list[list[str]]:
    """The strings of all blocks by kind, as an upper-case text; stops at a string as an interruption would."""
    told = []

    def compute(texts, missing, done):
        if stop_at in texts:
            raise KeyboardInterrupt
        if seen is not None:
            seen.append((list(texts), list(missing)))
        done(0.5)
        return {kind: {"texts": joined(text + kind[0] for text in texts)} for kind in missing}

    found = list(cached_blocks(kinds, strings, size, compute, lambda: told.append))
    assert told == sorted(told)
    assert all(0 <= fraction <= 1 for fraction in told)
    return [[text for block in found for text in split(block[kind]["texts"])] for kind in kinds]


@pytest.mark.parametrize("n", [0, 1, 3, 4, 8, 9])
def test_blocks_of_all_lengths(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, n: int):
    monkeypatch.setenv("GRAE_CACHE_HOME", str(tmp_path))
    strings = Strings.of_list("some", [str(number) for number in range(n)])
    expected = [[f"{number}a" for number in range(n)]]
    assert blocks(["a"], strings, 4) == expected
    seen: list[Any] = []
    assert blocks(["a"], strings, 4, seen=seen) == expected
    assert seen == []


def test_blocks_finished_before_an_interruption_are_not_computed_again(monkeypatch: Any, tmp_path: Path):
    monkeypatch.setenv("GRAE_CACHE_HOME", str(tmp_path))
    strings = Strings.of_list("some", list("abcdefg"))
    with pytest.raises(KeyboardInterrupt):
        blocks(["x"], strings, 2, stop_at="e")
    seen: list[Any] = []
    assert blocks(["x", "y"], strings, 2, seen=seen)[0] == ["ax", "bx", "cx", "dx", "ex", "fx", "gx"]
    assert seen == [(["a", "b"], ["y"]), (["c", "d"], ["y"]), (["e", "f"], ["x", "y"]), (["g"], ["x", "y"])]
