"""Derivations in memory and mapped from files; encoding, rejections, decoding and its refusals."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grae.errors import DataError, DerivationError, ParseError
from grae.grammar import Grammar, Nonterminal
from grae.grammar.codec import BATCH, Derivations, decode, encode, parse_many


@pytest.fixture(scope="module")
def grammar() -> Grammar:
    return Grammar.from_text("#% ignore ' '\nS -> S '+' T | T\nT -> 'x' | 'sin(' S ')' | 'é'\nNothing -> None")


def sums(n: int) -> list[str]:
    """Strings of different lengths, with characters of one and of two bytes."""
    return ["+".join(["x", "sin(é)", "x"] * (k % 7) + ["x"]) for k in range(n)]


class TestDerivations:
    lists = st.lists(st.lists(st.integers(0, 255), max_size=6), max_size=8)

    @given(st.lists(lists, max_size=4), st.integers(0, 3))
    def test_concatenated_it_holds_all_parts(self, parts: list[list[list[int]]], first: int):
        made = [Derivations.from_list(part, np.uint8)[first:] for part in parts]
        joined = Derivations.concatenate(made, np.uint16)
        assert [list(derivation) for derivation in joined] == [one for part in parts for one in part[first:]]
        assert joined.ids.dtype == np.uint16

    @given(lists)
    def test_holds_what_it_was_made_from(self, lists: list[list[int]]):
        derivations = Derivations.from_list(lists, np.uint8)
        assert derivations.ids.dtype == np.uint8
        assert len(derivations) == len(lists)
        assert [ids.tolist() for ids in derivations] == lists
        assert derivations.lengths.tolist() == [len(ids) for ids in lists]

    @given(lists, st.data())
    def test_takes_rows_as_numpy_does(self, lists: list[list[int]], data: st.DataObject):
        derivations = Derivations.from_list(lists, np.uint8)
        n = len(lists)
        rows = data.draw(st.lists(st.integers(-n, n - 1))) if n else []
        keys = [
            data.draw(st.slices(n)),
            np.array(rows, np.int64),
            np.array(data.draw(st.lists(st.booleans(), min_size=n, max_size=n)), bool),
        ]
        for key in keys:
            taken = derivations[key]
            assert [ids.tolist() for ids in taken] == [lists[row] for row in np.arange(n)[key]]
            assert taken.offsets[0] == 0
            assert taken.offsets[-1] == len(taken.ids)

    def test_one_row(self):
        derivations = Derivations.from_list([[1, 2], [], [3]], np.uint16)
        assert derivations[-1].tolist() == [3]
        assert derivations[np.int64(0)].tolist() == [1, 2]
        with pytest.raises(IndexError, match="no row 3 among 3"):
            derivations[3]

    def test_a_plain_slice_is_a_view(self):
        derivations = Derivations.from_list([[1], [2], [3]], np.uint8)
        assert np.shares_memory(derivations[1:].ids, derivations.ids)
        assert derivations[2:1].offsets.tolist() == [0]

    def test_padded(self):
        derivations = Derivations.from_list([[1, 2], [], [3]], np.uint8)
        padded = derivations.padded([2, 0, 1], 9)
        assert padded.dtype == np.uint8
        assert padded.tolist() == [[3, 9], [1, 2], [9, 9]]
        assert derivations.padded(np.array([2]), 9, 3).tolist() == [[3, 9, 9]]
        assert derivations.padded([], 9).shape == (0, 0)
        with pytest.raises(ValueError, match="2 productions does not fit into 1"):
            derivations.padded([0, 1], 9, 1)

    def test_on_mapped_files(self, tmp_path: Path, grammar: Grammar):
        texts = sums(BATCH + 50)
        made = encode(grammar, texts).derivations
        np.save(tmp_path / "ids.npy", made.ids)
        np.save(tmp_path / "offsets.npy", made.offsets)
        mapped = Derivations(
            np.load(tmp_path / "ids.npy", mmap_mode="r"), np.load(tmp_path / "offsets.npy", mmap_mode="r")
        )
        assert isinstance(mapped[5:9].ids.base, np.memmap)
        assert mapped[6].tolist() == made[6].tolist()
        assert mapped[np.array([7, 3])].ids.tolist() == made[np.array([7, 3])].ids.tolist()
        assert mapped.padded([6, 2], grammar.pad).tolist() == made.padded([6, 2], grammar.pad).tolist()
        assert decode(grammar, mapped) == texts
        assert decode(grammar, mapped[BATCH - 2 :]) == texts[BATCH - 2 :]


class TestEncode:
    @pytest.mark.parametrize("n_jobs", [1, 2])
    def test_there_and_back(self, grammar: Grammar, n_jobs: int):
        texts = sums(2 * BATCH + 10)
        encoded = encode(grammar, texts, n_jobs=n_jobs)
        assert encoded.rejections == []
        assert encoded.rows.tolist() == list(range(len(texts)))
        assert encoded.derivations.ids.dtype == grammar.dtype
        assert [ids.tolist() for ids in encoded.derivations[:9]] == [grammar.parse(text).tolist() for text in texts[:9]]
        assert decode(grammar, encoded.derivations) == texts

    def test_nothing_to_encode(self, grammar: Grammar):
        encoded = encode(grammar, [])
        assert len(encoded.derivations) == len(encoded.rows) == 0
        assert encoded.derivations.ids.dtype == grammar.dtype
        assert decode(grammar, encoded.derivations) == []

    @pytest.mark.parametrize("n_jobs", [1, 2])
    def test_rejections_say_which_and_why(self, grammar: Grammar, n_jobs: int):
        texts: list = ["x"] * BATCH + ["x", "x+", "", "x+x+x+x", None, "é", float("nan"), " ", "y"]
        encoded = encode(grammar, iter(texts), max_length=4, on_invalid="skip", n_jobs=n_jobs)
        assert encoded.rows.tolist() == [*range(BATCH + 1), BATCH + 5]
        assert decode(grammar, encoded.derivations[BATCH:]) == ["x", "é"]
        found = [(rejection.row - BATCH, rejection.reason, rejection.detail) for rejection in encoded.rejections]
        assert found == [
            (1, "outside the grammar", "no production continues the end of the string at position 2"),
            (2, "empty", "no production continues the end of the string at position 0"),
            (3, "too long", "its derivation has 8 productions, more than 4"),
            (4, "not a string", "its type is NoneType"),
            (6, "not a string", "its type is float"),
            (7, "empty", "no production continues the end of the string at position 1"),
            (8, "outside the grammar", "no terminal of the grammar begins with 'y' at position 0"),
        ]
        assert encoded.rejections[0].text == "x+"

    def test_the_empty_string_may_be_in_the_language(self):
        grammar = Grammar.from_text("S -> 'a' S |")
        encoded = encode(grammar, ["", "a", None], on_invalid="skip")  # pyright: ignore
        assert [ids.tolist() for ids in encoded.derivations] == [[1], [0, 1]]
        assert [rejection.row for rejection in encoded.rejections] == [2]

    def test_raises_at_the_first(self, grammar: Grammar):
        with pytest.raises(ParseError, match="string 1: no production continues") as caught:
            encode(grammar, ["x", "x+", "y"])
        assert caught.value.position == 2
        assert caught.value.remedy is not None
        assert "skip" in caught.value.remedy
        with pytest.raises(ParseError, match=r"^the string: no production continues") as caught:
            encode(grammar, ["x+"])
        assert caught.value.remedy == "correct it"
        with pytest.raises(DataError, match="string 1 is too long: its derivation has 6 productions, more than 4"):
            encode(grammar, ["x", "x+x+x", "y"], max_length=4)
        with pytest.raises(DataError, match="the string is not a string: its type is int"):
            encode(grammar, [3])  # pyright: ignore

    def test_rejected_texts_have_no_productions(self, grammar: Grammar):
        derivations, rejections = parse_many(grammar.parser, ["x", "?", "é"])
        assert derivations.lengths.tolist() == [2, 0, 2]
        assert [rejection.row for rejection in rejections] == [1]

    def test_grammars_with_motifs(self):
        base = Grammar.from_text("S -> S '+' T | T\nT -> 'x' | 'y'")
        from grae.grammar.symbols import Motif

        extended = base.extend([Motif(0, 1, 2), Motif(1, 0, 3)])
        texts = ["y+x+x", "x", "nonsense", "y+y"]
        encoded = encode(extended, texts, on_invalid="skip")
        assert [ids.tolist() for ids in encoded.derivations] == [[4, 4, 5], [1, 2], [0, 5, 3]]
        assert extended.parse("y+x+x").tolist() == [4, 4, 5]
        assert decode(extended, encoded.derivations) == ["y+x+x", "x", "y+y"]


class TestDecode:
    @pytest.mark.parametrize(
        ("ids", "message"),
        [
            ([], "step 0: the derivation ends before S is expanded"),
            ([0, 1, 2], "step 3: the derivation ends before T is expanded"),
            ([1, 2, 2], "step 2: production 2 'T -> 'x'' comes after the derivation is complete"),
            ([0, 2], "step 1: production 2 'T -> 'x'' does not expand S"),
            ([0, 6], "step 1: id 6 is none of the 6 productions"),
            ([0, -1], "step 1: id -1 is none of the 6 productions"),
            ([0, 2**40], "step 1: id 1099511627776 is none of the 6 productions"),
            ([5], "step 0: production 5 'Nothing -> None' does not expand S"),
            ([[1, 2]], "not of shape (1, 2)"),
            ([1.0, 2.0], "type float64"),
        ],
    )
    def test_refuses_what_is_no_derivation(self, grammar: Grammar, ids: list, message: str):
        with pytest.raises(DerivationError) as caught:
            grammar.unparse(ids)
        assert message in str(caught.value)

    def test_names_the_row(self, grammar: Grammar):
        good = [grammar.parse("x+x").tolist()] * BATCH
        with pytest.raises(DerivationError, match=f"row {BATCH + 1}, step 1"):
            decode(grammar, Derivations.from_list([*good, [1, 2], [1, 1]], np.uint8))

    def test_padding_at_the_end_is_ignored(self, grammar: Grammar):
        derivations = encode(grammar, ["x", "sin(é)"]).derivations
        padded = derivations.padded([0, 1], grammar.pad, 9)
        assert [grammar.unparse(row) for row in padded] == ["x", "sin(é)"]
        plain = Grammar.from_text("S -> 'a'")
        assert plain.unparse([0, plain.pad, plain.pad]) == "a"
        with pytest.raises(DerivationError, match="comes after"):
            plain.unparse([0, 0])

    def test_unicode(self):
        grammar = Grammar.from_text("S -> '🜂' S 'é' | '→'")
        texts = ["→", "🜂→é", "🜂🜂→éé"]
        assert decode(grammar, encode(grammar, texts).derivations) == texts

    def test_a_deep_derivation(self):
        grammar = Grammar.from_text("S -> 'a' S 'b' | S 'c' |")
        n = 50_000
        assert grammar.unparse([0, 1] * n + [2]) == "a" * n + "cb" * n

    def test_productions_that_write_much(self):
        start, item = Nonterminal("S"), Nonterminal("T")
        grammar = Grammar("wide", [(start, ("long terminal ", item) * 50), (item, ()), (item, ("x",))], start)
        assert grammar.unparse([0] + [1, 2] * 25) == ("long terminal " * 2 + "x") * 25
