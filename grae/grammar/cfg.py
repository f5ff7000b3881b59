"""A context-free grammar: its productions, numbered in file order, and the operations on it."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from grae.errors import GrammarError
from grae.grammar import notation
from grae.grammar.checks import check_grammar
from grae.grammar.language import STRINGS, Language
from grae.grammar.language_registry import language_named
from grae.grammar.quoting import needs_escapes
from grae.grammar.symbols import Motif, Nonterminal, Production, Symbol, written
from grae.grammar.weights import probabilities
from grae.grammar.writing import text_of

if TYPE_CHECKING:
    import nltk

    from grae.grammar.analysis import Analysis
    from grae.grammar.parser import Parser
    from grae.grammar.tables import Tables
    from grae.grammar.unparser import Unparser


class Grammar:
    """A context-free grammar. Immutable; its tables and its compiled parser are built on first use.

    Args:
        name: used in messages and run folders.
        productions: `Production` objects or (left-hand side, right-hand side) pairs, in the order of their ids.
        start: the start symbol; by default the first left-hand side.
        language: the language of the strings, a `Language` or its name; None for plain strings.
        ignore: characters to skip between the terminals of an input string.
        separator: text between any two terminals, such as a space between words; "" for none.
        motifs: the compositions of the last productions, in the same order.
        weights: a nonnegative weight per production, relative to the others of its nonterminal; None for all
            productions of a nonterminal makes them equally likely. None for a grammar without weights or with motifs.

    Attributes:
        weights: (P,) probabilities of the productions given their nonterminal; None for a grammar without weights.

    Raises:
        GrammarError: there is no production, a symbol cannot be spelled in a file, the language is unknown, the start
            symbol derives no string, or a motif differs from its composition.
    """

    def __init__(
        self,
        name: str,
        productions: Iterable[Production | tuple[Nonterminal, Sequence[Symbol]]],
        start: Nonterminal | None = None,
        *,
        language: Language | str | None = None,
        ignore: str = "",
        separator: str = "",
        motifs: Iterable[Motif] = (),
        weights: Sequence[float | None] | None = None,
    ) -> None:
        self.name = name
        self.productions = tuple(_numbered(productions))
        if not self.productions:
            raise GrammarError(
                f"grammar {name!r} has no productions", remedy="write at least one, such as S -> 'a' S | 'a'"
            )
        self.start = start or self.productions[0].lhs
        self.language = language_named(language, name) if isinstance(language, str) else language or STRINGS
        self.ignore = ignore
        self.separator = separator
        self.motifs = tuple(motifs)
        self.nonterminals = tuple(dict.fromkeys(self._nonterminals()))
        self.terminals = tuple(dict.fromkeys(s for p in self.productions for s in p.rhs if isinstance(s, str)))
        check_grammar(self)
        self.weights: tuple[float, ...] | None = None
        if weights is not None and not self.motifs and any(weight is not None for weight in weights):
            self.weights = probabilities(self, weights)

    @classmethod
    def from_text(cls, text: str, name: str = "grammar") -> "Grammar":
        """Reads a grammar in nltk's notation with grae's directives.

        Raises:
            GrammarError: with the line that cannot be read, and why.
        """
        read = notation.read(text, name)
        return cls(
            name,
            read.productions,
            read.start,
            language=read.language,
            ignore=read.ignore,
            separator=read.separator,
            motifs=read.motifs,
            weights=read.weights,
        )

    def extend(self, motifs: Iterable[Motif]) -> "Grammar":
        """A larger grammar of the same language: the productions of this one, followed by one per motif.

        Args:
            motifs: compositions of the productions of this grammar and of preceding motifs, as returned by
                `grae.grammar.motifs.learn_motifs`.

        Raises:
            GrammarError: a motif cannot be composed, or the ids do not fit into two bytes.
        """
        motifs = tuple(motifs)
        productions = list(self.productions)
        for motif in motifs:
            productions.append(Production(len(productions), *motif.compose(productions)))
        return self._with(productions, self.motifs + motifs)

    @cached_property
    def base(self) -> "Grammar | None":
        """The grammar without its motifs; None if it has none."""
        if not self.motifs:
            return None
        return self._with(self.productions[: -len(self.motifs)])

    @property
    def plain(self) -> "Grammar":
        """The grammar without its motifs: `base`, or the grammar itself if it has none."""
        return self.base or self

    def starting_at(self, start: Nonterminal) -> "Grammar":
        """The same productions and motifs with another start symbol."""
        return self._with(self.productions, self.motifs, start, self.weights)

    def in_language(self, language: Language) -> "Grammar":
        """The same grammar with another language."""
        return self._with(self.productions, self.motifs, self.start, self.weights, language)

    def weighted(self, weights: Sequence[float | None]) -> "Grammar":
        """The same productions with other weights.

        Args:
            weights: (P,), as for `Grammar`.
        """
        return self._with(self.productions, start=self.start, weights=weights)

    @property
    def n_productions(self) -> int:
        """The number of productions, including the padding if it is one."""
        return len(self.productions)

    @cached_property
    def pad(self) -> int:
        """The id that pads batches: the production `Nothing -> None` of a published grammar, else one past the last id.

        The production counts as padding only if no derivation uses it.
        """
        padding = (Nonterminal("Nothing"), (Nonterminal("None"),))
        named = (p for p in self.productions if (p.lhs, p.rhs) == padding)
        return next((p.id for p in named if not self.analysis.is_usable(p)), self.n_productions)

    @property
    def n_symbols(self) -> int:
        """The number of ids in a batch, including the padding."""
        return max(self.n_productions, self.pad + 1)

    @property
    def dtype(self) -> np.dtype:
        """The smallest unsigned integer type that holds all ids, including the padding."""
        return np.min_scalar_type(self.n_symbols - 1)

    @cached_property
    def has_escapes(self) -> bool:
        """Whether the grammar's file needs the directive `escapes`."""
        return any(map(needs_escapes, (*self.terminals, *self.ignore, self.separator)))

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of the start symbol, ignored characters, separator, productions and motifs, in hexadecimal."""
        productions = [production.spelled(escapes=self.has_escapes) for production in self.productions]
        lines = [f"%start {self.start}", repr(self.ignore), *productions, *map(str, self.motifs)]
        if self.separator:
            lines.append(f"#% separator {written(self.separator)}")
        if self.has_escapes:
            lines.append("#% escapes")
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()

    @cached_property
    def analysis(self) -> "Analysis":
        """Usable productions, shortest and empty derivations, and diagnostics."""
        from grae.grammar.analysis import Analysis

        return Analysis(self)

    @cached_property
    def tables(self) -> "Tables":
        """The grammar as integer arrays, for compiled code and for a decoder's masks."""
        from grae.grammar.tables import Tables

        return Tables.of(self)

    @cached_property
    def parser(self) -> "Parser":
        """The compiled parser, which also parses batches of strings."""
        from grae.grammar.parser import Parser

        return Parser(self)

    @cached_property
    def unparser(self) -> "Unparser":
        """The compiled conversion of derivations to strings."""
        from grae.grammar.unparser import Unparser

        return Unparser(self)

    def parse(self, text: str) -> np.ndarray:
        """The leftmost derivation of a string.

        Args:
            text: a string of the language.

        Returns:
            The production ids in the order of a leftmost derivation, shape (T,), dtype `self.dtype`.

        Raises:
            ParseError: the string is not in the language; with the position and the terminals expected there.
        """
        return self.parser.parse(text)

    def unparse(self, ids: np.ndarray | Sequence[int]) -> str:
        """The string of a leftmost derivation.

        Args:
            ids: production ids of a complete leftmost derivation, shape (T,).

        Raises:
            DerivationError: the ids are not a complete leftmost derivation.
        """
        return self.unparser.unparse(ids)

    def canonical(self, texts: Sequence[str | None], *, n_jobs: int = 1) -> list[str | None]:
        """The canonical form of each string in the grammar's language, None for invalid ones; see `Language.canonical`.

        Args:
            texts: strings; None, an incomplete one, is invalid.
            n_jobs: number of processes, as in joblib, for slow languages.
        """
        return self.language.canonical(self, texts, n_jobs=n_jobs)

    def tree(self, text: str) -> "nltk.Tree":
        """The derivation of a string as an `nltk.Tree`; motifs are expanded.

        Raises:
            ParseError: the string is not in the language.
        """
        from grae.grammar.nltk_objects import to_tree
        from grae.grammar.trees import tree_of

        return to_tree(tree_of(self.plain, self.plain.parse(text)))

    def to_nltk(self) -> "nltk.CFG":
        """The grammar as an nltk object with the same productions in the same order; motifs are productions too.

        `language`, `ignore` and `separator` have no counterpart in nltk and are lost.
        """
        from grae.grammar.nltk_objects import to_nltk

        return to_nltk(self)

    @property
    def text(self) -> str:
        """The grammar as a file: `Grammar.from_text(grammar.text)` has the same productions, weights and motifs."""
        return text_of(self)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Grammar):
            return False
        return (self.fingerprint, self.language.name) == (other.fingerprint, other.language.name)

    def __hash__(self) -> int:
        return hash(self.fingerprint)

    def __repr__(self) -> str:
        return f"Grammar({self.name!r}, {self.n_productions} productions, {len(self.terminals)} terminals)"

    def __getstate__(self) -> dict:
        """Omits the tables and the compiled parser: each process builds its own."""
        made = {"analysis", "tables", "parser", "unparser", "base"}
        return {key: value for key, value in self.__dict__.items() if key not in made}

    def _with(
        self,
        productions: Iterable[Production],
        motifs: Iterable[Motif] = (),
        start: Nonterminal | None = None,
        weights: Sequence[float | None] | None = None,
        language: Language | None = None,
    ) -> "Grammar":
        """A copy of the grammar with the given productions, motifs, start symbol, weights and language."""
        return Grammar(
            self.name,
            productions,
            start or self.start,
            language=language or self.language,
            ignore=self.ignore,
            separator=self.separator,
            motifs=motifs,
            weights=weights,
        )

    def _nonterminals(self) -> Iterator[Nonterminal]:
        """Left-hand sides in file order, then the undefined nonterminals."""
        yield from (p.lhs for p in self.productions)
        yield self.start
        yield from (child for p in self.productions for child in p.children)


def _numbered(productions: Iterable[Production | tuple[Nonterminal, Sequence[Symbol]]]) -> Iterator[Production]:
    for number, given in enumerate(productions):
        if isinstance(given, Production):
            yield Production(number, given.lhs, given.rhs, given.line)
        else:
            yield Production(number, given[0], tuple(given[1]))
