"""What the strings of a grammar mean: which are valid, which are the same, how they are written and drawn.

A grammar names its language in the directive `#% language NAME` (see `language_registry`); `grammar.language` is the
`Language` of that name.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
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
"""Terminals of a grammar, and how many characters a string may have -> a `grae.constraints.automaton.Automaton`."""


def _unchanged(texts: Sequence[str]) -> list[str | None]:
    return [*texts]


def _unexplained(text: str) -> str:
    return "it has no such form"


@dataclass(frozen=True, slots=True)
class Form:
    """A spelling in which strings can be encoded.

    Attributes:
        name: as settings name it.
        title: as messages name it.
        spell: strings -> each in this form, None for one that has none.
        refusal: what a string without one is said to be.
        explain: of such a string, why.
    """

    name: str
    title: str = "text"
    spell: Callable[[Sequence[str]], list[str | None]] = _unchanged
    refusal: str = "not in this form"
    explain: Callable[[str], str] = _unexplained


WRITTEN = Form(AS_WRITTEN)


class Property(NamedTuple):
    """A number that is computed from a string.

    Attributes:
        name: in tables and JSON.
        heading: of a column.
        title: in full, with its unit.
    """

    name: str
    heading: str
    title: str


@dataclass(frozen=True, eq=False)
class Language:
    """A language. Its methods are those of strings of which nothing more is known; a subclass overrides some.

    Attributes:
        name: as the directive `language` names it.
        singular: what a string is.
        plural: what several are.
        column: the heading of a column of them.
        valid_means: what validity is, in words.
        is_valid: whether a string of the grammar is valid; None where all are.
        not_valid: what a string is that is not, in a table of causes.
        forms: spellings that strings can be encoded in, besides the one they are written in.
        default_form: the form in which strings are encoded where none is named.
        automaton: makes the automaton of the language's rules beyond its grammar (`grae.constraints.automaton`) for a
            grammar's terminals; None where there is none.
        automaton_form: the form that it reads, in which models learn by default.
        properties: numbers that `measure` gives.
        beside_scores: the names of those that a search shows beside its scores.
        counts: what a search compares strings by, as rows of counted features (`grae.grammar.sparse_counts.Counts`) of
            strings and their derivations; None where the language has no such features.
        vectors: the same as vectors (n, F) float64; at most one of both.
        draw: strings, a PNG file, a legend for each -> draws them; None where they cannot be drawn.
        is_molecular: whether its canonical forms are RDKit's, so that the measures of molecules apply.
        is_slow: whether the canonical form of a string takes long, so that many are spread over processes and kept.
        has_names: whether a text file may hold a name behind each string, as a .smi file does.
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
    draw: Callable[[Sequence[str], Path, Sequence[str]], object] | None = None
    is_molecular: bool = False
    is_slow: bool = False
    has_names: bool = False

    @property
    def has_features(self) -> bool:
        """Whether it says what strings mean in features, by which a search can compare them."""
        return self.counts is not None or self.vectors is not None

    def form(self, name: str) -> Form:
        """The form of a name.

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
                remedy="leave the form out, or name the language in the grammar, as with '#% language molecules'",
            )
        return self.forms[name]

    def canonical(self, grammar: "Grammar", texts: Sequence[str | None], *, n_jobs: int = 1) -> list[str | None]:
        """The canonical form of each string, None for the invalid; strings of one form are the same.

        Args:
            grammar: of the strings.
            texts: strings; None, an incomplete one, is invalid.
            n_jobs: processes, as joblib counts them, over which many are spread where the language is slow.
        """
        complete = [text for text in texts if text is not None]
        forms = chain.from_iterable(self._in_chunks(self._canonical, grammar, complete, n_jobs))
        return [None if text is None else next(forms) for text in texts]

    @property
    def headings(self) -> list[str]:
        """Of columns for the properties that a search shows beside its scores."""
        headings = {one.name: one.heading for one in self.properties}
        return [headings[name] for name in self.beside_scores]

    def scored_properties(self, text: str) -> Mapping[str, float | None]:
        """The properties of a string that a search shows beside its score, by name."""
        (measured,) = self.measure([text])
        return {name: measured[name] for name in self.beside_scores}

    def described(self, text: str, most: int | None = None) -> str:
        """These properties in words, such as "21 heavy atoms, SA 2.31"; the first so many; "" where one is unknown."""
        values = list(self.scored_properties(text).values())[:most]
        if None in values:
            return ""
        named = zip(self.headings, values, strict=False)
        return ", ".join(f"{v} {name}" if isinstance(v, int) else f"{name} {v:.2f}" for name, v in named)

    def identities(self, grammar: "Grammar", texts: Sequence[str]) -> list[str | None]:
        """What tells strings apart in a search, where two of one meaning count once; None for the invalid."""
        return self.canonical(grammar, texts)

    def causes(self, grammar: "Grammar", texts: Sequence[str], *, n_jobs: int = 1) -> Counter[str]:
        """How many of some invalid strings each cause makes invalid.

        Args:
            grammar: of the strings.
            texts: strings that are not valid.
            n_jobs: as in `canonical`.
        """
        return sum(self._in_chunks(self._causes, grammar, texts, n_jobs), Counter[str]())

    def normalized(self, texts: Sequence[str]) -> list[str]:
        """Decoded strings as they are given to a user: in canonical form where they have one."""
        return list(texts)

    def measure(self, texts: Sequence[str]) -> list[Mapping[str, float | None]]:
        """The language's properties of each string, by name; None where a string has none."""
        return [dict.fromkeys(one.name for one in self.properties) for _ in texts]

    def picture(self, grammar: "Grammar", text: str, marked: Sequence[bool] = ()) -> str | None:
        """A string as SVG, MathML or HTML, with its marked characters set off; None where it is shown as text."""
        return None

    def caption(self, text: str) -> str:
        """A line of figures to stand under a picture."""
        return f"{len(text)} characters"

    def holds(self, grammar: "Grammar", derivations: "Derivations", texts: Sequence[str]) -> "np.ndarray":
        """Which strings of the grammar are valid, (n,) bool.

        Args:
            grammar: of the strings.
            derivations: of the strings.
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
        """What a function gives for all strings, or for one part of them after the other, in several processes."""
        if n_jobs == 1 or len(texts) < PARALLEL_FROM or not self.is_slow:
            return [function(grammar, texts)]
        from joblib import Parallel, delayed

        chunks = [texts[first : first + CHUNK] for first in range(0, len(texts), CHUNK)]
        return list(Parallel(n_jobs=n_jobs)(delayed(function)(grammar, chunk) for chunk in chunks))


STRINGS = Language("strings")
"""That of a grammar which names none."""
