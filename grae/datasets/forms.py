"""Strings in the form in which they are encoded: as given, or in one of their language's spellings."""

from collections.abc import Sequence
from typing import Literal

import numpy as np

from grae.errors import DataError
from grae.grammar.cfg import Grammar
from grae.grammar.codec import NO_STRING, Derivations, Encoded, Rejection, encode, remedy_of, string_of
from grae.grammar.language import AS_WRITTEN, Form


def resolve_form(grammar: Grammar, form: str | None) -> str:
    """The name of the form to encode in: the requested one, else the language's default.

    Raises:
        SettingsError: the language has no such form.
    """
    return grammar.language.default_form if form is None else grammar.language.form(form).name


def undecodable(grammar: Grammar, derivations: Derivations, form: str) -> np.ndarray:
    """Which derivations a decoder that enforces the language's rules beyond the grammar can never write.

    Args:
        grammar: a grammar with or without motifs.
        derivations: complete leftmost derivations of it.
        form: form of the strings.

    Returns:
        (n,) bool; all False if a decoder enforces no such rules in this form.
    """
    if grammar.language.automaton is None or grammar.language.automaton_form != form:
        return np.zeros(len(derivations), bool)
    from grae.constraints import breaks_rules

    return breaks_rules(grammar, derivations)


def encode_in_form(
    grammar: Grammar,
    texts: Sequence[str],
    form: Form,
    *,
    max_length: int | None = None,
    on_invalid: Literal["error", "skip"] = "error",
    n_jobs: int = 1,
) -> Encoded:
    """Converts strings to a form and encodes them; arguments, result and errors are those of `codec.encode`.

    Raises:
        DataError: also if a string has no such form, under "error".
    """
    if form.name == AS_WRITTEN:
        return encode(grammar, texts, max_length=max_length, on_invalid=on_invalid, n_jobs=n_jobs)
    spelled = form.spell([text if isinstance(text, str) else "" for text in texts])
    lost = [row for row, text in enumerate(spelled) if text is None]
    if lost and on_invalid == "error":
        row, text, reason, detail = _lost(form, lost[0], texts[lost[0]])
        where = string_of(row, len(texts))
        raise DataError(f"{where} is {reason}, {detail}\n  {text[:200]}", remedy=remedy_of(len(texts)))
    rows = np.array([row for row, text in enumerate(spelled) if text is not None], np.int64)
    known = [text for text in spelled if text is not None]
    encoded = encode(grammar, known, max_length=max_length, on_invalid=on_invalid, n_jobs=n_jobs)
    if not lost:
        return encoded
    rejections = [Rejection(*_lost(form, row, texts[row])) for row in lost]
    rejections += [Rejection(int(rows[r.row]), r.text, r.reason, r.detail) for r in encoded.rejections]
    rejections.sort(key=lambda rejection: rejection.row)
    return Encoded(encoded.derivations, rows[encoded.rows], rejections)


def _lost(form: Form, row: int, text: object) -> tuple[int, str, str, str]:
    """Row, string, reason and detail of strings without such a form."""
    if not isinstance(text, str):
        return row, str(text), NO_STRING, f"its type is {type(text).__name__}"
    return row, text, form.refusal, form.explain(text)
