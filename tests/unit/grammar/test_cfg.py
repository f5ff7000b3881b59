"""Grammar files: reading, directives, errors and their lines, the way back to text, names and paths, fingerprints."""

import pickle
import re
from pathlib import Path

import nltk
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from nltk import CFG, PCFG

from grae.errors import GrammarError
from grae.grammar import Grammar, Motif, Nonterminal, load_grammar, loading, shipped_grammars
from grae.grammar.language import STRINGS
from grae.grammar.symbols import unspellable
from grae.grammar.tokenizer import Tokenizer
from grae.resources import shipped

S, A, B = Nonterminal("S"), Nonterminal("A"), Nonterminal("B")
SUMS = "S -> S '+' T | T\nT -> 'x' | '(' S ')'\n"

NAMES = st.from_regex(r"[A-Za-z0-9_/][A-Za-z0-9_/^<>-]{0,4}", fullmatch=True)
LINE_ENDS = "\n\r"
TERMINALS = st.one_of(
    st.sampled_from(["a", "'", '"', "\\", "#", "->", "|", " ", "%start", "[0.5]", "\x85", "\u2028", "\x0b", "Ω", "\t"]),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters=LINE_ENDS + '"'), min_size=1, max_size=4),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters=LINE_ENDS + "'"), min_size=1, max_size=4),
)


@st.composite
def grammars(draw: st.DrawFn) -> Grammar:
    """Any grammars that derive a string."""
    nonterminals = st.sampled_from(draw(st.lists(NAMES.map(Nonterminal), min_size=1, max_size=4)))
    terminals = st.sampled_from(draw(st.lists(TERMINALS, min_size=1, max_size=5)))
    rhs = st.lists(st.one_of(terminals, nonterminals), max_size=4)
    try:
        return Grammar(
            "any",
            draw(st.lists(st.tuples(nonterminals, rhs), min_size=1, max_size=8)),
            draw(st.none() | nonterminals),
            language=draw(st.sampled_from([None, "molecules", "expressions"])),
            ignore="".join(draw(st.lists(st.sampled_from(" \t'\"#\u2028"), max_size=3, unique=True))),
            separator=draw(st.sampled_from(["", " ", ", ", "#", "'"])),
        )
    except GrammarError as error:
        assume(not re.search("derives no string|no production of its start", error.message))
        raise


def assert_nltk_reads_alike(text: str, grammar: Grammar) -> None:
    assert_alike(CFG.fromstring(text), grammar)


def assert_alike(theirs: CFG, grammar: Grammar) -> None:
    assert [(str(p.lhs()), tuple(map(str, p.rhs()))) for p in theirs.productions()] == [
        (str(p.lhs), tuple(map(str, p.rhs))) for p in grammar.productions
    ]
    assert str(theirs.start()) == str(grammar.start)


class TestReading:
    def test_productions_are_numbered_in_file_order(self):
        grammar = Grammar.from_text(SUMS, "sums")
        assert [str(p) for p in grammar.productions] == [
            "S -> S '+' T", "S -> T", "T -> 'x'", "T -> '(' S ')'"
        ]  # fmt: skip
        assert [p.id for p in grammar.productions] == [0, 1, 2, 3]
        assert [p.line for p in grammar.productions] == [1, 1, 2, 2]
        assert grammar.nonterminals == (S, Nonterminal("T"))
        assert grammar.terminals == ("+", "x", "(", ")")
        assert grammar.start == S
        assert (grammar.language, grammar.ignore, grammar.motifs, grammar.base) == (STRINGS, "", (), None)

    def test_comments_blank_lines_and_continuations_count_as_lines(self):
        grammar = Grammar.from_text("# sums\n\n  S -> S \\\n   '+' T | \\\n T\n\n#none\nT -> 'x'")
        assert [(str(p), p.line) for p in grammar.productions] == [
            ("S -> S '+' T", 3), ("S -> T", 3), ("T -> 'x'", 8)
        ]  # fmt: skip

    @pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
    def test_any_line_ends(self, end: str):
        grammar = Grammar.from_text(f"S -> 'a' S{end}{end}S ->{end}")
        assert [(str(p), p.line) for p in grammar.productions] == [("S -> 'a' S", 1), ("S ->", 3)]

    @pytest.mark.parametrize(
        ("text", "productions"),
        [
            ("S -> 'a' S\n  | 'b'  # the end\n# more\n  | B 'c' |\nB -> 'b'", ["a S", "b", "B c", "", "b"]),
            ("<s> ::= <t> '+' <s> | <t>\n<t>::=\"x\"", ["t + s", "t", "x"]),
            ("S → 'a' S\nS →", ["a S", ""]),
            ("S->'a'S|'b'", ["a S", "b"]),
            ("S -> 'a' |\n  B # b\n |\n# and\n'c'\nB -> 'b'", ["a", "B", "c", "b"]),
            ("S ->\n\n  'a' S\n  | 'b'\nT ->\nU -> 'u' |\n", ["a S", "b", "", "u", ""]),
            ("<s> ::= 'a' |\n<t> 'b'\n<t> ::=\n<s>", ["a", "t b", "s"]),
            ("S -> ε | 'a' S ε\nS -> ∅", ["", "a S", ""]),
            ("S -> ε 'a'\nε -> 'e' |", ["ε a", "e", ""]),  # a nonterminal of that name
            ("S -> '#' S # 'a'\nS -> '\\' # b\\\nS -> 'c'", ["# S", "\\", "c"]),
        ],
    )
    def test_what_other_tools_write(self, text: str, productions: list[str]):
        assert [" ".join(map(str, p.rhs)) for p in Grammar.from_text(text).productions] == productions

    @pytest.mark.parametrize(
        ("text", "remedy"),
        [
            ("S -> 'a'*", "a repetition"),
            ("S -> {A}", "a repetition"),
            ("S -> 'a' ['b']", "a set of characters"),
            ("s : 'a'", "the arrow as"),
            ("s = 'a'", "the arrow as"),
            ("S -> 'a', 'b'", "omit it"),
            ("S -> 'a';", "omit it"),
            (r"S -> '\'' 'a' '\''", "a backslash is no escape"),
        ],
    )
    def test_errors_say_how_other_notations_are_written_here(self, text: str, remedy: str):
        with pytest.raises(GrammarError) as caught:
            Grammar.from_text(text)
        assert remedy in str(caught.value.remedy)

    def test_lines_of_continued_productions(self):
        grammar = Grammar.from_text("%start <s> # here\n\n<s> ::= 'a'\n\n | 'b'\n")
        assert [(str(p), p.line) for p in grammar.productions] == [("s -> 'a'", 3), ("s -> 'b'", 5)]

    def test_a_backslash_alone_is_blank(self):
        assert [p.line for p in Grammar.from_text("\\\n\nS -> 'a'\n\\").productions] == [3]

    def test_quotes_and_signs_inside_terminals(self):
        grammar = Grammar.from_text("""S -> "'" '"' '|' '#' '->' '\\' | "%start" """)
        assert grammar.productions[0].rhs == ("'", '"', "|", "#", "->", "\\")
        assert grammar.productions[1].rhs == ("%start",)

    def test_an_empty_right_hand_side(self):
        grammar = Grammar.from_text("S -> 'a' S |")
        assert grammar.productions[1].rhs == ()
        assert str(grammar.productions[1]) == "S ->"

    def test_start_is_declared_or_the_first_left_hand_side(self):
        text = "A -> 'a'\nB -> A\n"
        assert Grammar.from_text(text).start == A
        assert Grammar.from_text("%start B\n" + text).start == B
        assert Grammar.from_text(text + "%start B\n").start == B

    def test_children_are_the_nonterminals_from_left_to_right(self):
        assert Grammar.from_text("S -> A 'x' B A\nA -> 'a'\nB -> 'b'").productions[0].children == (A, B, A)

    def test_directives(self):
        grammar = Grammar.from_text("#% language expressions\n#% ignore ' '\n#%ignore \"'\"\nS -> 'a'")
        assert (grammar.language.name, grammar.ignore) == ("expressions", " '")

    def test_ordinary_comments_are_no_directives(self):
        assert Grammar.from_text("# % language x\n#%% 100 %\n# language y\nS -> 'a'").language is STRINGS

    def test_motifs(self):
        grammar = Grammar.from_text(
            "S -> 'a' S | 'b'\n#% motif 0 0 1 uses 5\nS -> 'a' 'b'\n#% motif 0 0 2\nS -> 'a' 'a' 'b'"
        )
        assert grammar.motifs == (Motif(0, 0, 1), Motif(0, 0, 2))
        assert [motif.uses for motif in grammar.motifs] == [5, None]
        plain = Grammar.from_text("S -> 'a' S | 'b'")
        assert grammar.base == plain
        assert grammar == plain.extend(grammar.motifs)

    @pytest.mark.parametrize("name", ["arithmetic", "smiles", "smiles-gvae"])
    def test_nltk_reads_the_shipped_files_alike(self, name: str):
        assert_nltk_reads_alike((shipped("grammars") / f"{name}.cfg").read_text(encoding="utf-8"), load_grammar(name))

    def test_a_grammar_is_of_pairs_or_of_productions(self):
        grammar = Grammar("pairs", [(S, ["a", A]), (A, [])])
        again = Grammar("again", reversed(grammar.productions), S)
        assert [(p.id, p.lhs) for p in again.productions] == [(0, A), (1, S)]


class TestErrors:
    @pytest.mark.parametrize(
        ("text", "line", "said"),
        [
            ("S -> 'a'\n\nS -> 'b", 3, "unterminated string"),
            ("S -> 'a'\nS 'b'", 2, "expected an arrow"),
            ("# x\n-> 'a'", 2, "expected a nonterminal"),
            ("S -> 'a'\nS -> $", 2, "expected a nonterminal"),
            ("S -> 'a' \\\n | 'b' \\\n | 'c", 1, "unterminated string"),
            ("S -> 'a'\n| 'b' -> 'c'", 2, "a second arrow"),
            ("| 'b'", 1, "no production before it"),
            ("S -> 'a' #% ignore ' '", 1, "a directive behind a production"),
            ("S -> <a b>", 1, "expected a nonterminal"),
            ("S -> 'a'\n#% separator", 2, "the directive 'separator' needs a quoted character"),
            ("S -> 'a'\n%start", 2, "%start"),
            ("S -> 'a'\n%start S T", 2, "%start"),
            ("S -> 'a'\n%stop S", 2, "%stop"),
            ("S -> 'a'\n%", 2, "%"),
            ("S -> 'a'\nS -> ''", 2, "empty terminal"),
            ("S -> 'a'\n#% ignores ' '", 2, "unknown directive 'ignores'"),
            ("S -> 'a'\n#% ignore _", 2, "needs a quoted character"),
            ("S -> 'a'\n#% ignore ''", 2, "needs a quoted character"),
            ("S -> 'a'\n#% ignore 'a\"", 2, "needs a quoted character"),
            ("S -> 'a'\n#% language klingon", 2, "unknown language 'klingon'"),
            ("S -> 'a'\n#% language", 2, "unknown language ''"),
            ("S -> 'a' S | 'b'\n#% motif 0 0\nS -> 'a' 'b'", 2, "cannot read motif '0 0'"),
            ("S -> 'a' S | 'b'\n#% motif 0 0 1 uses many\nS -> 'a' 'b'", 2, "cannot read motif"),
            ("S -> 'a' S | 'b'\n#% motif 0 0 7\nS -> 'a' 'b'", 3, "its parts are productions 0 to 1"),
            ("S -> 'a' S | 'b'\n#% motif 0 1 1\nS -> 'a' 'b'", 3, "has 1 nonterminals"),
            ("S -> 'a' S | 'b'\n#% motif 0 0 1\nS -> 'a' 'c'", 3, "is not what motif 0 0 1 composes"),
            ("S -> 'a' T | 'b'\nT -> 'c'\n#% motif 0 0 1\nS -> 'a' 'b'", 4, "does not expand T"),
            ("S -> 'a' S | 'b'\n#% motif 0 0 1\n#% motif 0 0 1\nS -> 'a' 'b'", 3, "has no production"),
            ("S -> 'a' S | 'b'\n#% motif 0 0 1\nS -> 'a' 'b'\nS -> 'c'", 4, "comes after motifs"),
        ],
    )
    def test_a_line_that_cannot_be_read_is_named(self, text: str, line: int, said: str):
        with pytest.raises(GrammarError) as caught:
            Grammar.from_text(text, "mine")
        assert f"mine, line {line}:" in caught.value.message
        assert said in caught.value.message
        assert caught.value.remedy

    @pytest.mark.parametrize("text", ["", "# nothing\n", "%start S\n", "#% language molecules\n"])
    def test_no_productions(self, text: str):
        with pytest.raises(GrammarError, match="has no productions") as caught:
            Grammar.from_text(text, "mine")
        assert caught.value.remedy

    def test_the_last_motif_without_a_production(self):
        with pytest.raises(GrammarError, match="the last motif has no production"):
            Grammar.from_text("S -> 'a' S | 'b'\n#% motif 0 0 1")

    def test_motifs_alone(self):
        with pytest.raises(GrammarError, match="motif"):
            Grammar.from_text("#% motif 0 0 1\nS -> 'a'")

    def test_a_start_symbol_that_derives_nothing_is_told_with_its_causes(self):
        with pytest.raises(GrammarError) as caught:
            Grammar.from_text("S -> 'a' S | B\nB -> C", "mine")
        assert "derives no string from its start symbol S" in caught.value.message
        assert "line 2, production 2 'B -> C': nothing defines C" in caught.value.message

    def test_a_start_symbol_that_nothing_defines(self):
        with pytest.raises(GrammarError) as caught:
            Grammar.from_text("%start T\nS -> 'a'", "mine")
        assert caught.value.message == "grammar 'mine' has no production of its start symbol T"
        assert caught.value.remedy

    @pytest.mark.parametrize("terminal", ["a\ud800", "\udfff"])
    def test_terminals_that_no_file_can_hold(self, terminal: str):
        with pytest.raises(GrammarError, match="terminal") as caught:
            Grammar("mine", [(S, ["a"]), (S, [terminal])])
        assert repr(terminal) in caught.value.message

    @pytest.mark.parametrize("name", ["", "a b", "'a'", "S\n", "-", "S|T"])
    def test_nonterminals_that_no_file_can_hold(self, name: str):
        with pytest.raises(GrammarError, match="nonterminal") as caught:
            Grammar("mine", [(S, ["a"]), (S, [Nonterminal(name)])])
        assert repr(name) in caught.value.message

    def test_ignored_characters_that_no_file_can_hold(self):
        with pytest.raises(GrammarError, match="ignore"):
            Grammar("mine", [(S, ["a"])], ignore=" \ud800")

    def test_a_caret_stands_under_the_place(self):
        with pytest.raises(GrammarError) as caught:
            Grammar.from_text("S -> 'a' | $", "mine")
        _, line, caret = caught.value.message.splitlines()
        assert line.index("$") == caret.index("^")


PIECES = [
    "S",
    "A",
    "->",
    "::=",
    "|",
    "'a'",
    '"b"',
    "'",
    '"',
    "#",
    "#%",
    "%start",
    " ",
    "\n",
    "\r",
    "\\",
    "<",
    ">",
    "ε",
    "[",
]
PIECES += [
    "#% ignore ' '",
    "#% separator ' '",
    "#% motif 0 0 1",
    "#% language molecules",
    "\0",
    "\u2028",
    "\ufeff",
    "1",
    "-",
    "e",
]


@settings(max_examples=500)
@given(st.lists(st.sampled_from(PIECES) | st.text(max_size=2), max_size=25).map("".join))
def test_any_text_is_a_grammar_or_an_error_of_ours(text: str):
    try:
        grammar = Grammar.from_text(text)
    except GrammarError:
        return
    assert Grammar.from_text(grammar.text) == grammar
    assert all(map(str, grammar.analysis.findings))


class TestNltk:
    TEXT = "S -> NP VP\nNP -> 'the' N | 'Ann'\nN -> 'cat' |\nVP -> 'sees' NP"

    def test_a_grammar_object_is_loaded(self):
        theirs = CFG.fromstring(self.TEXT)
        assert load_grammar(theirs) == Grammar.from_text(self.TEXT)

    def test_probabilities_are_weights(self):
        theirs = PCFG.fromstring("S -> 'a' S [0.25] | 'b' [0.75]")
        grammar = load_grammar(theirs)
        assert grammar == Grammar.from_text("S -> 'a' S | 'b'")
        assert grammar.weights == (0.25, 0.75)
        assert grammar.to_nltk().productions() == theirs.productions()
        assert PCFG.fromstring(grammar.text).productions() == theirs.productions()

    @pytest.mark.parametrize("source", [None, 3, b"smiles", ["smiles"]])
    def test_what_is_no_grammar(self, source: object):
        with pytest.raises(GrammarError) as caught:
            load_grammar(source)  # pyright: ignore[reportArgumentType]
        assert caught.value.remedy

    def test_symbols_that_are_no_strings(self):
        start = nltk.Nonterminal("S")
        with pytest.raises(GrammarError, match="terminal 7 is a int"):
            load_grammar(CFG(start, [nltk.Production(start, [7])]))
        with pytest.raises(GrammarError, match=r"nonterminal .* is a tuple"):
            load_grammar(CFG(start, [nltk.Production(nltk.Nonterminal(("S", 1)), ["a"])]))

    @given(grammars())
    def test_there_and_back(self, grammar: Grammar):
        theirs = grammar.to_nltk()
        assert_alike(theirs, grammar)
        again = load_grammar(theirs)
        assert [(p.lhs, p.rhs) for p in again.productions] == [(p.lhs, p.rhs) for p in grammar.productions]

    @pytest.mark.parametrize(
        ("name", "text"), [("smiles-gvae", "C[C@@H](F)Cl"), ("arithmetic", "sin(x)+2*x"), ("smiles", "CC(=O)N")]
    )
    def test_the_tree_is_the_one_that_their_parser_finds(self, name: str, text: str):
        grammar = load_grammar(name)
        (theirs,) = nltk.ChartParser(grammar.to_nltk()).parse(Tokenizer(grammar)(text))
        assert grammar.tree(text) == theirs

    def test_motifs_are_written_out_in_trees(self):
        plain = Grammar.from_text("S -> 'a' S | 'b'")
        assert plain.extend([Motif(0, 0, 1)]).tree("aab") == plain.tree("aab")


class TestText:
    @given(grammars())
    def test_round_trip(self, grammar: Grammar):
        again = Grammar.from_text(grammar.text, grammar.name)
        assert [(p.id, p.lhs, p.rhs) for p in again.productions] == [(p.id, p.lhs, p.rhs) for p in grammar.productions]
        assert (again.start, again.language, again.ignore) == (grammar.start, grammar.language, grammar.ignore)
        assert again.separator == grammar.separator
        assert again.fingerprint == grammar.fingerprint
        assert again == grammar
        assert hash(again) == hash(grammar)
        assert again.text == grammar.text

    @given(grammars())
    def test_nltk_reads_the_text_alike(self, grammar: Grammar):
        assert_nltk_reads_alike(grammar.text, grammar)

    @given(grammars())
    def test_through_a_file(self, tmp_path_factory: pytest.TempPathFactory, grammar: Grammar):
        path = tmp_path_factory.getbasetemp() / "round-trip.cfg"
        path.write_text(grammar.text, encoding="utf-8")
        assert load_grammar(path) == grammar

    @given(st.lists(st.text(min_size=1).filter(lambda text: not unspellable(text)), min_size=1), st.booleans())
    def test_terminals_of_any_characters(self, terminals: list[str], has_line_end: bool):
        terminals += ["\n", "\\n"] if has_line_end else []
        grammar = Grammar("any", [(S, [terminal, "x"]) for terminal in terminals], ignore="".join(terminals)[:2])
        again = Grammar.from_text(grammar.text, "any")
        assert [p.rhs for p in again.productions] == [p.rhs for p in grammar.productions]
        assert (again.ignore, again.fingerprint, again.text) == (grammar.ignore, grammar.fingerprint, grammar.text)

    def test_escapes_are_read_where_the_file_says_so(self):
        text = r"""S -> '\n' "\'" '\'' '\x41\u00e9\U0001F600\\' '\\' \
            'a' | '\t' # a comment
            #% escapes
            #% ignore '\n'
            #% separator '\t'"""
        grammar = Grammar.from_text(text)
        assert [p.rhs for p in grammar.productions] == [("\n", "'", "'", "Aé😀\\", "\\", "a"), ("\t",)]
        assert (grammar.ignore, grammar.separator) == ("\n", "\t")
        with pytest.raises(GrammarError, match="unknown escape in"):
            Grammar.from_text("#% escapes\n#% ignore '\\q'\nS -> 'a'")

    def test_motifs_and_their_uses(self):
        plain = Grammar.from_text("S -> 'a' S | 'b'")
        grammar = plain.extend([Motif(0, 0, 0, 7), Motif(2, 0, 1)])
        again = Grammar.from_text(grammar.text)
        assert again == grammar
        assert [motif.uses for motif in again.motifs] == [7, None]
        assert again.base == plain

    @pytest.mark.parametrize("name", ["arithmetic", "smiles", "smiles-gvae"])
    def test_shipped_grammars(self, name: str):
        grammar = load_grammar(name)
        assert Grammar.from_text(grammar.text) == grammar

    def test_a_pickled_grammar_is_the_same_and_carries_no_tables(self):
        grammar = load_grammar("arithmetic")
        size = len(pickle.dumps(grammar))
        assert grammar.tables.lhs.size
        assert len(pickle.dumps(grammar)) <= size + 200
        again = pickle.loads(pickle.dumps(grammar))  # noqa: S301
        assert again == grammar
        np.testing.assert_array_equal(again.tables.mask, grammar.tables.mask)


class TestNames:
    def test_shipped(self):
        assert shipped_grammars() == ["arithmetic", "formulas", "smiles", "smiles-gvae"]
        assert [load_grammar(name).name for name in shipped_grammars()] == shipped_grammars()

    def test_a_path(self, tmp_path: Path):
        (tmp_path / "mine.cfg").write_text(SUMS)
        for source in (tmp_path / "mine.cfg", str(tmp_path / "mine.cfg")):
            assert load_grammar(source).name == "mine"
            assert load_grammar(source) == Grammar.from_text(SUMS)

    def test_the_folder_of_a_run(self, tmp_path: Path):
        run = tmp_path / "my-run"
        run.mkdir()
        (run / "grammar.cfg").write_text(SUMS)
        assert load_grammar(run).name == "my-run"
        assert load_grammar(run / "grammar.cfg").name == "my-run"
        assert load_grammar(run) == Grammar.from_text(SUMS)

    def test_a_shipped_name_is_not_taken_for_a_path(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.chdir(tmp_path)
        (tmp_path / "smiles").mkdir()
        assert load_grammar("smiles").name == "smiles"

    def test_a_byte_order_mark(self, tmp_path: Path):
        (tmp_path / "mine.cfg").write_text(SUMS, encoding="utf-8-sig")
        assert load_grammar(tmp_path / "mine.cfg") == Grammar.from_text(SUMS)

    @pytest.mark.parametrize(
        ("source", "remedy"),
        [
            ("smile", "did you mean 'smiles'?"),
            ("arithmetik", "did you mean 'arithmetic'?"),
            ("/no/such/file.cfg", "give one of these names"),
            ("", "give one of these names"),
            ("x" * 5000, "give one of these names"),
            ("a\0b", "give one of these names"),
        ],
    )
    def test_no_such_grammar(self, source: str, remedy: str):
        with pytest.raises(
            GrammarError, match=r"neither a shipped grammar \(arithmetic, formulas, smiles, smiles-gvae\)"
        ) as caught:
            load_grammar(source)
        assert caught.value.remedy is not None
        assert remedy in caught.value.remedy

    def test_a_folder_without_a_grammar(self, tmp_path: Path):
        with pytest.raises(GrammarError, match="no grammar"):
            load_grammar(tmp_path)

    def test_a_file_in_the_place_of_a_folder(self, tmp_path: Path):
        (tmp_path / "file").touch()
        with pytest.raises(GrammarError, match="no grammar"):
            load_grammar(tmp_path / "file" / "x.cfg")

    def test_no_utf8(self, tmp_path: Path):
        (tmp_path / "mine.cfg").write_bytes(b"S -> 'a'\nS -> '\xff'\n")
        with pytest.raises(GrammarError, match="not UTF-8 text, at byte 15"):
            load_grammar(tmp_path / "mine.cfg")

    @pytest.mark.parametrize("device", ["/dev/zero", "/dev/full", "/dev/null"])
    def test_a_device_is_not_read(self, device: str):
        with pytest.raises(GrammarError, match="is a device"):
            load_grammar(device)

    def test_what_is_too_large(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr(loading, "MOST_BYTES", 20)
        (tmp_path / "mine.cfg").write_text("S -> 'a' | 'b' | 'c' | 'd'\n")
        with pytest.raises(GrammarError, match="more than 20 bytes"):
            load_grammar(tmp_path / "mine.cfg")

    def test_what_cannot_be_read(self, tmp_path: Path):
        (tmp_path / "grammar.cfg").mkdir()
        with pytest.raises(GrammarError, match="Is a directory"):
            load_grammar(tmp_path)


class TestFingerprint:
    BASE = "%start S\nS -> 'a' S | A\nA -> 'b'\n"

    @pytest.mark.parametrize(
        "text",
        [
            "# a comment\nS -> 'a' S\n\nS -> A \nA  ->  \"b\"",
            "#% language expressions\n" + BASE,
            BASE.replace("\n", "\r\n"),
        ],
    )
    def test_stays_under_comments_layout_and_language(self, text: str):
        assert Grammar.from_text(text, "another").fingerprint == Grammar.from_text(self.BASE).fingerprint

    @pytest.mark.parametrize(
        "text",
        [
            "%start A\nS -> 'a' S | A\nA -> 'b'",
            "S -> A | 'a' S\nA -> 'b'",
            "S -> 'a' S | A\nA -> 'c'",
            "S -> 'a' S | 'A'\nA -> 'b'",
            "S -> 'a' S | B\nB -> 'b'",
            "S -> 'a' S | A\nA -> 'b' |",
            "S -> 'a' S | A\nA -> 'b' | 'b'",
            "#% ignore ' '\nS -> 'a' S | A\nA -> 'b'",
            "#% separator ' '\nS -> 'a' S | A\nA -> 'b'",
            "S -> 'a' S | A\nA -> 'b'\n#% motif 1 0 2\nS -> 'b'",
            "S -> 'a' S | A\nA -> 'b'\nS -> 'b'",
        ],
    )
    def test_changes(self, text: str):
        assert Grammar.from_text(text).fingerprint != Grammar.from_text(self.BASE).fingerprint
        assert Grammar.from_text(text) != Grammar.from_text(self.BASE)

    def test_is_the_same_everywhere(self):
        assert Grammar.from_text("S -> 'a'").fingerprint == (
            "0ec2f4ba005ba3c816db5137df00b5635c5079067d70e190c2058dc772a19727"
        )

    def test_motifs_count_but_not_their_uses(self):
        plain = Grammar.from_text("S -> S S | 'a'")
        one, two = plain.extend([Motif(0, 0, 1, 5)]), plain.extend([Motif(0, 0, 1, 6)])
        assert one.fingerprint == two.fingerprint
        assert one.fingerprint != plain.extend([Motif(0, 1, 1)]).fingerprint

    @given(grammars(), grammars())
    def test_two_grammars_share_it_only_if_alike(self, one: Grammar, two: Grammar):
        alike = [(g.start, g.ignore, g.separator, [(p.lhs, p.rhs) for p in g.productions]) for g in (one, two)]
        assert (one.fingerprint == two.fingerprint) == (alike[0] == alike[1])


class TestIds:
    def test_the_padding_comes_after_the_last(self):
        grammar = Grammar.from_text(SUMS)
        assert (grammar.n_productions, grammar.pad, grammar.n_symbols, grammar.dtype) == (4, 4, 5, np.uint8)

    def test_the_published_padding_is_a_production(self):
        grammar = load_grammar("smiles-gvae")
        assert (grammar.n_productions, grammar.pad, grammar.n_symbols) == (76, 75, 76)
        assert grammar.extend([Motif(0, 0, 74)]).pad == 75

    def test_a_production_of_that_name_that_derives_strings_is_no_padding(self):
        grammar = Grammar.from_text("S -> 'a' Nothing\nNothing -> None\nNone -> 'b'")
        assert grammar.pad == 3
        assert grammar.analysis.findings == []

    @pytest.mark.parametrize(
        ("n", "dtype"), [(255, np.uint8), (256, np.uint16), (65535, np.uint16), (65536, np.uint32)]
    )
    def test_the_smallest_type_that_holds_each(self, n: int, dtype: type):
        grammar = Grammar("wide", [(S, [str(i)]) for i in range(n)])
        assert grammar.n_symbols == n + 1
        assert grammar.dtype == dtype

    def test_more_motifs_than_two_bytes_number(self):
        plain = Grammar("wide", [(S, ["a", S]), *((S, [str(i)]) for i in range(65533))])
        assert plain.extend([Motif(0, 0, 1)]).n_symbols == 65536
        with pytest.raises(GrammarError, match="fewer motifs") as caught:
            plain.extend([Motif(0, 0, 1), Motif(0, 0, 2)])
        assert "65536 productions" in caught.value.message
