"""The form in which strings are learned: as they are written, or one chosen spelling of each molecule.

`canonical` is RDKit's canonical SMILES, with aromatic atoms in lower case. `kekule` is the same with single and double
bonds in their place: longer, and without the one rule of SMILES that looks at the whole molecule, so that a decoder can
keep all others as it goes (`grae.constraints`).
"""

from collections.abc import Sequence
from typing import Literal, get_args

import numpy as np

from grae.errors import DataError, SettingsError
from grae.grammar.cfg import Grammar
from grae.grammar.codec import NO_STRING, Derivations, Encoded, Rejection, encode

Form = Literal["canonical", "kekule", "as-written"]
NAMES = {"canonical": "canonical form", "kekule": "Kekule form"}
UNREADABLE = "not read by RDKit"
RULED: dict[str, Form] = {
    "molecules": "kekule"
}  # the form in which a decoder can keep a language's rules beyond grammar


def settled_form(grammar: Grammar, form: Form | None) -> Form:
    """The form to encode: that asked for, else canonical for molecules and as written for all else.

    Raises:
        SettingsError: an unknown form, or one of molecules for strings that are none.
    """
    if form not in (*get_args(Form), None):
        raise SettingsError.unknown("form", str(form), get_args(Form))
    if form in NAMES and grammar.language != "molecules":
        raise SettingsError(
            f"only molecules have a {NAMES[form]}, and grammar {grammar.name!r} does not say that its strings are",
            remedy="use the form as-written, or put the line '#% language molecules' into the grammar",
        )
    return form or ("canonical" if grammar.language == "molecules" else "as-written")


def trained_form(grammar: Grammar) -> Form:
    """The form in which a model learns strings of a grammar by default: one whose rules a decoder can keep."""
    return RULED.get(grammar.language or "", "as-written")


def undecodable(grammar: Grammar, derivations: Derivations, form: Form) -> np.ndarray:
    """Whether a decoder that keeps the language's rules beyond the grammar can never write the string of a derivation.

    Args:
        grammar: with motifs or without.
        derivations: complete leftmost derivations of it.
        form: that the strings are in.

    Returns:
        (n,) bool; all False where a decoder keeps no such rules in this form.
    """
    if RULED.get(grammar.language or "", form) != form:
        return np.zeros(len(derivations), bool)
    from grae.constraints import breaks_rules

    return breaks_rules(grammar, derivations)


def in_form(texts: Sequence[str], form: Form) -> list[str | None]:
    """The strings in a form; None for those that RDKit does not read."""
    if form == "as-written":
        return list(texts)
    from grae.chemistry import canonical_all, kekule_all

    return kekule_all(texts) if form == "kekule" else canonical_all(texts)


def unreadable(text: str) -> str:
    """What RDKit has against a string that has no form, in a sentence."""
    from grae.chemistry import problem

    found = problem(text)
    return "kekulization: it has no Kekule form" if found is None else f"{found.kind}: {found.message}"


def encode_in_form(
    grammar: Grammar,
    texts: Sequence[str],
    form: Form,
    *,
    max_length: int | None = None,
    on_invalid: Literal["error", "skip"] = "error",
    n_jobs: int = 1,
) -> Encoded:
    """Brings strings into a form and encodes them; arguments, result and errors as those of `codec.encode`.

    Raises:
        DataError: also where RDKit does not read a string, under "error".
    """
    if form == "as-written":
        return encode(grammar, texts, max_length=max_length, on_invalid=on_invalid, n_jobs=n_jobs)
    forms = in_form([text if isinstance(text, str) else "" for text in texts], form)
    lost = [row for row, text in enumerate(forms) if text is None]
    if lost and on_invalid == "error":
        row, text, reason, detail = _lost(lost[0], texts[lost[0]])
        raise DataError(
            f"string {row} is {reason}, {detail}\n  {text[:200]}",
            remedy="correct it, or leave such strings out (on_invalid='skip', or --on-invalid skip)",
        )
    rows = np.array([row for row, text in enumerate(forms) if text is not None], np.int64)
    known = [text for text in forms if text is not None]
    encoded = encode(grammar, known, max_length=max_length, on_invalid=on_invalid, n_jobs=n_jobs)
    if not lost:
        return encoded
    rejections = [Rejection(*_lost(row, texts[row])) for row in lost]
    rejections += [Rejection(int(rows[r.row]), r.text, r.reason, r.detail) for r in encoded.rejections]
    rejections.sort(key=lambda rejection: rejection.row)
    return Encoded(encoded.derivations, rows[encoded.rows], rejections)


def _lost(row: int, text: object) -> tuple[int, str, str, str]:
    """Row, string, reason and detail of what has no form."""
    if not isinstance(text, str):
        return row, str(text), NO_STRING, f"it is a {type(text).__name__}"
    return row, text, UNREADABLE, unreadable(text)
