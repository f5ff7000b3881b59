"""The semantics of a grammar's strings: which are valid, which are equal, how they are written and drawn.

A grammar names its language in the directive `#% language NAME` (see `language_registry`); `grammar.language` is the
`Language` of that name.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from grae.errors import SettingsError

if TYPE_CHECKING:
    import numpy as np

    from grae.grammar.cfg import Grammar
    from grae.grammar.codec import Derivations
    from grae.grammar.sparse_counts import Counts

AS_WRITTEN = "as-written"
OUTSIDE = "outside the grammar"
PARALLEL_FROM = 8_000  # strings; below, starting the processes costs more than they save
CHUNK = 1_000

AutomatonFactory = Callable[[Sequence[str], int], Any]
"""Terminals of a grammar, maximum number of characters of a string -> `grae.constraints.automaton.Automaton`."""


def _unchanged(texts: Sequence[str]) -> list[str | None]:
    return [*texts]


def _unexplained(text: str) -> str:
    return "it has no such form"


@dataclass(frozen=True, slots=True)
class Form:
    """A spelling in which strings can be encoded.

    Attributes:
        name: name in settings.
        title: name in messages.
        spell: converts strings to this form, None for a string that has none.
        refusal: what messages say about a string without this form.
        explain: gives the reason why a string has no such form.
    """

    name: str
    title: str = "text"
    spell: Callable[[Sequence[str]], list[str | None]] = _unchanged
    refusal: str = "not in this form"
    explain: Callable[[str], str] = _unexplained


WRITTEN = Form(AS_WRITTEN)


class Property(NamedTuple):
    """A number computed from a string.

    Attributes:
        name: name in tables and JSON.
        heading: column heading.
        title: full name with unit.
    """

    name: str
    heading: str
    title: str


@dataclass(frozen=True, eq=False)
class Language:
    """A language. The defaults are those of plain strings; a subclass overrides what differs.

    Attributes:
        name: name in the directive `language`.
        singular: noun for a string.
        plural: noun for several strings.
        column: heading of a column of strings.
        valid_means: the meaning of validity, in words.
        is_valid: tells whether a string of the grammar is valid; None if all are.
        not_valid: name of invalid strings in a table of causes.
        forms: spellings in which strings can be encoded, in addition to the given one.
        default_form: the form in which strings are encoded by default.
        automaton: builds the automaton of the language's rules beyond its grammar (`grae.constraints.automaton`) from a
            grammar's terminals; None if there is none.
        automaton_form: the form that the automaton reads; by default, models learn strings in this form.
        properties: the numbers that `measure` returns.
        beside_scores: the names of the properties that a search shows beside its scores.
        counts: computes the features by which a search compares strings, as rows of counts
            (`grae.grammar.sparse_counts.Counts`), from strings and their derivations; None if the language has none.
        vectors: the same as vectors, (n, F) float64; at most one of the two is given.
        tolerance: a search does not propose a string whose vector differs from that of a scored one by at most this in
            every component; 0 disables the rule.
        draw: draws strings into a PNG file, with a legend for each; None if they cannot be drawn.
        is_molecular: whether its canonical forms are RDKit's, so that the measures of molecules apply.
        is_slow: whether canonicalization is slow, so that it is distributed over processes and cached.
        has_names: whether a text file may contain a name after each string, as a .smi file does.
    """

    name: str
    singular: str = "string"
    plural: str = "strings"
    column: str = "string"
    valid_means: str = "in the language"
    is_valid: Callable[[str], bool] | None = None
    not_valid: str = "not valid"
    forms: Mapping[str, Form] = field(default_factory=dict)
    default_form: str = AS_WRITTEN
    automaton: AutomatonFactory | None = None
    automaton_form: str = AS_WRITTEN
    properties: tuple[Property, ...] = ()
    beside_scores: tuple[str, ...] = ()
    counts: Callable[["Grammar", Sequence[str], "Derivations"], "Counts"] | None = None
    vectors: Callable[["Grammar", Sequence[str], "Derivations"], "np.ndarray"] | None = None
    tolerance: float = 0.0
    draw: Callable[[Sequence[str], Path, Sequence[str]], object] | None = None
    is_molecular: bool = False
    is_slow: bool = False
    has_names: bool = False

    @property
    def has_features(self) -> bool:
        """Whether the language defines features by which a search can compare strings."""
        return self.counts is not None or self.vectors is not None

    def form(self, name: str) -> Form:
        """The form with a given name.

        Raises:
            SettingsError: the language has no such form.
        """
        if name == AS_WRITTEN:
            return WRITTEN
        if self.forms and name not in self.forms:
            raise SettingsError.unknown("form", str(name), [*self.forms, AS_WRITTEN])
        if not self.forms:
            raise SettingsError(
                f"form {name!r}: {self.plural} have the form {AS_WRITTEN} alone",
                remedy="omit the form, or name the language in the grammar, as with '#% language molecules'",
            )
        return self.forms[name]

    @property
    def spelling_of_rules(self) -> Form:
        """The form that the automaton of the language's rules reads; by default, models learn strings in this form."""
        return self.form(self.automaton_form)

    def unusual(self, texts: Sequence[str]) -> "np.ndarray":
        """Counts of features that are proposed only if given strings have them, such as the molecules of a mixture.

        Args:
            texts: n valid strings.

        Returns:
            (n, K) int64; K is 0 by default.
        """
        import numpy as np

        return np.zeros((len(texts), 0), np.int64)

    def canonical(self, grammar: "Grammar", texts: Sequence[str | None], *, n_jobs: int = 1) -> list[str | None]:
        """The canonical form of each string, None for invalid ones; strings with the same canonical form are equal.

        Args:
            grammar: the grammar of the strings.
            texts: strings; None, an incomplete one, is invalid.
            n_jobs: number of processes, as in joblib, if the language is slow.
        """
        complete = [text for text in texts if text is not None]
        forms = chain.from_iterable(self._in_chunks(self._canonical, grammar, complete, n_jobs))
        return [None if text is None else next(forms) for text in texts]

    @property
    def headings(self) -> list[str]:
        """Column headings of the properties that a search shows beside its scores."""
        headings = {one.name: one.heading for one in self.properties}
        return [headings[name] for name in self.beside_scores]

    def scored_properties(self, text: str) -> Mapping[str, float | None]:
        """The properties of a string that a search shows beside its score, by name."""
        (measured,) = self.measure([text])
        return {name: measured[name] for name in self.beside_scores}

    def described(self, text: str, most: int | None = None) -> str:
        """The first `most` scored properties in words, such as "21 heavy atoms, SA 2.31"; "" if one is unknown."""
        values = list(self.scored_properties(text).values())[:most]
        if None in values:
            return ""
        named = zip(self.headings, values, strict=False)
        return ", ".join(f"{v} {name}" if isinstance(v, int) else f"{name} {v:.2f}" for name, v in named)

    def identities(self, grammar: "Grammar", texts: Sequence[str]) -> list[str | None]:
        """A key per string, equal for strings that a search counts only once; None for invalid ones."""
        return self.canonical(grammar, texts)

    def parsed_once(self) -> AbstractContextManager[None]:
        """A context in which a string parsed for its identity is not parsed again for its spelling and features."""
        return nullcontext()

    def causes(self, grammar: "Grammar", texts: Sequence[str], *, n_jobs: int = 1) -> Counter[str]:
        """The number of invalid strings by cause.

        Args:
            grammar: the grammar of the strings.
            texts: invalid strings.
            n_jobs: as for `canonical`.
        """
        return sum(self._in_chunks(self._causes, grammar, texts, n_jobs), Counter[str]())

    def placed(self, template: str, form: str, *, is_named: bool) -> tuple[str, list[tuple[int, int]]] | None:
        """A template in the language's own notation, with a placeholder for each hole.

        Args:
            template: the template, with `*` for each hole.
            form: form in which strings are learned.
            is_named: whether the holes were given in angle brackets.

        Returns:
            A string in that form, and the span of each placeholder in it; None if the language has no such notation, or
            a template with named holes can be read as it is.
        """
        return None

    def hold(self, template: str, texts: Sequence[str], *, exact: bool = True) -> "np.ndarray":
        """Which strings contain a template in the language's own notation, (n,) bool; see `placed`.

        Args:
            template: the template, with `*` for each hole.
            texts: the strings.
            exact: whether they may differ from the template in its holes only.

        Raises:
            SettingsError: the language has no such notation.
        """
        raise SettingsError(f"{self.plural} have no templates of their own", remedy="name the holes in angle brackets")

    def similarities(self, grammar: "Grammar", text: str, texts: Sequence[str]) -> "np.ndarray":
        """Similarities of strings to a reference, (n,) float64 from 0 to 1: by default min-max over their fragments.

        Args:
            grammar: the grammar of the strings, without motifs.
            text: the reference.
            texts: the strings.

        Raises:
            ParseError: a string is not in the grammar's language.
        """
        from grae.grammar.codec import encode
        from grae.grammar.fragments import fragments
        from grae.grammar.sparse_counts import min_max_and_products

        one, others = (fragments(grammar, encode(grammar, some).derivations) for some in ([text], texts))
        return min_max_and_products(one, others)[0, :, 0]

    def normalized(self, texts: Sequence[str]) -> list[str]:
        """Decoded strings as returned to a user: in canonical form if they have one."""
        return list(texts)

    def measure(self, texts: Sequence[str]) -> list[Mapping[str, float | None]]:
        """The language's properties of each string, by name; None for a string without them."""
        return [dict.fromkeys(one.name for one in self.properties) for _ in texts]

    def picture(self, grammar: "Grammar", text: str, marked: Sequence[bool] = ()) -> str | None:
        """A string as SVG, MathML or HTML, with the marked characters highlighted; None if it is shown as text."""
        return None

    def caption(self, text: str) -> str:
        """A line of figures for the caption of a picture."""
        return f"{len(text)} characters"

    def holds(self, grammar: "Grammar", derivations: "Derivations", texts: Sequence[str]) -> "np.ndarray":
        """Which strings of the grammar are valid, (n,) bool.

        Args:
            grammar: the grammar of the strings.
            derivations: their derivations.
            texts: the strings.
        """
        import numpy as np

        return np.array([self.is_valid is None or self.is_valid(text) for text in texts], bool)

    def _canonical(self, grammar: "Grammar", texts: Sequence[str]) -> list[str | None]:
        rows, valid = self._checked(grammar, texts)
        forms: list[str | None] = [None] * len(texts)
        for row in rows[valid].tolist():
            forms[row] = texts[row]
        return forms

    def _causes(self, grammar: "Grammar", texts: Sequence[str]) -> Counter[str]:
        rows, valid = self._checked(grammar, texts)
        return Counter({OUTSIDE: len(texts) - len(rows), self.not_valid: int((~valid).sum())})

    def _checked(self, grammar: "Grammar", texts: Sequence[str]) -> "tuple[np.ndarray, np.ndarray]":
        """The rows of the strings that the grammar derives, and which of these are valid."""
        from grae.grammar.codec import encode

        encoded = encode(grammar, texts, on_invalid="skip")
        return encoded.rows, self.holds(grammar, encoded.derivations, [texts[int(row)] for row in encoded.rows])

    def _in_chunks(self, function: Callable[..., Any], grammar: "Grammar", texts: Sequence[str], n_jobs: int) -> list:
        """The results of a function: one for all strings, or one per chunk, computed in several processes."""
        if n_jobs == 1 or len(texts) < PARALLEL_FROM or not self.is_slow:
            return [function(grammar, texts)]
        from joblib import Parallel, delayed

        chunks = [texts[first : first + CHUNK] for first in range(0, len(texts), CHUNK)]
        return list(Parallel(n_jobs=n_jobs)(delayed(function)(grammar, chunk) for chunk in chunks))


STRINGS = Language("strings")
"""The language of a grammar that names none."""
