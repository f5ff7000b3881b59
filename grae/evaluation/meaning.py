"""What the strings of a language mean, as far as the metrics ask: which are valid, and which are the same."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from grae.grammar import Grammar

PARALLEL_FROM = 8_000  # strings; below, starting the processes costs more than they save
CHUNK = 1_000


@dataclass(frozen=True, slots=True)
class Meaning:
    """A language's validity and identity.

    Attributes:
        name: "molecules", "expressions", or "strings" for a grammar that says nothing of its language.
        valid_means: what validity is there, in words.
        chunk: strings -> the canonical form of each, None for the invalid; strings of one form mean the same.
    """

    name: str
    valid_means: str
    chunk: Callable[[Sequence[str]], list[str | None]]

    def canonical(self, texts: Sequence[str | None], *, n_jobs: int = 1) -> list[str | None]:
        """The canonical form of each string, None for the invalid.

        Args:
            texts: strings; None, an incomplete one, is invalid.
            n_jobs: processes, as joblib counts them; only long lists of molecules are spread over them.
        """
        complete = [text for text in texts if text is not None]
        if len(complete) < len(texts):
            forms = iter(self.canonical(complete, n_jobs=n_jobs))
            return [None if text is None else next(forms) for text in texts]
        texts = complete
        if n_jobs == 1 or len(texts) < PARALLEL_FROM or self.name != "molecules":
            return self.chunk(texts)
        from joblib import Parallel, delayed

        chunks = [texts[first : first + CHUNK] for first in range(0, len(texts), CHUNK)]
        done = Parallel(n_jobs=n_jobs)(delayed(self.chunk)(chunk) for chunk in chunks)
        return [form for forms in done for form in forms or ()]


def meaning_of(grammar: "Grammar") -> Meaning:
    """What the strings of a grammar mean, by its directive `language`."""
    match grammar.language:
        case "molecules":
            return Meaning("molecules", "read and sanitized by RDKit", _molecules)
        case "expressions":
            return Meaning("expressions", "evaluates to finite numbers", _expressions(grammar))
        case _:
            return Meaning("strings", "in the language", _parsed(grammar))


def _molecules(texts: Sequence[str]) -> list[str | None]:
    from grae.chemistry import canonical_all

    return canonical_all(texts)


def _parsed(grammar: "Grammar") -> Callable[[Sequence[str]], list[str | None]]:
    def chunk(texts: Sequence[str]) -> list[str | None]:
        from grae.grammar.codec import encode

        return _at(encode(grammar, texts, on_invalid="skip").rows, texts)

    return chunk


def _expressions(grammar: "Grammar") -> Callable[[Sequence[str]], list[str | None]]:
    def chunk(texts: Sequence[str]) -> list[str | None]:
        from grae.expressions import are_finite
        from grae.grammar.codec import encode

        encoded = encode(grammar, texts, on_invalid="skip")
        return _at(encoded.rows[are_finite(grammar, encoded.derivations)], texts)

    return chunk


def _at(rows: Iterable[int], texts: Sequence[str]) -> list[str | None]:
    """The texts at some rows, None elsewhere."""
    forms: list[str | None] = [None] * len(texts)
    for row in rows:
        forms[row] = texts[row]
    return forms
