"""From the inputs of `fit` and `transform` to derivations that the model can read.

Modules that need numba, whose import takes a third as long as torch's, are imported where they are used.
"""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from grae.autoencoder.models import model_named
from grae.datasets.forms import encode_in_form
from grae.datasets.store import DerivationStore
from grae.errors import DataError, SettingsError
from grae.grammar import Grammar, codec
from grae.grammar.codec import Derivations
from grae.sequence.settings import Preset, Settings

if TYPE_CHECKING:
    from grae.sequence.estimator import GrammarAutoencoder

READ_AT_MOST = 4
LONGER = "skip it (on_invalid='skip', or --on-invalid skip), or train with a larger --max-length (max_length)"


def derivations_of(
    estimator: "GrammarAutoencoder",
    grammar: Grammar,
    X: Sequence[str] | Derivations | DerivationStore,
    preset: Preset,
) -> tuple[Derivations, str]:
    """The derivations of the input of `fit`, and their form.

    Args:
        estimator: the estimator, for its parameters; `form` is the form of derivations in memory.
        grammar: grammar of the strings.
        X: input of `fit`.
        preset: form and maximum length.

    Raises:
        SettingsError: the store is of another form.
        DataError: there are no strings, or a derivation is too long.
        ParseError: a string is not in the language.
    """
    max_length = preset.max_length
    if isinstance(X, DerivationStore):
        derivations, form = X.derivations, X.meta.recipe.form
        if estimator.form not in (form, None):
            raise SettingsError(
                f"form {estimator.form!r}, but the store at {X.path} holds strings in the form {form!r}",
                remedy="omit form, or build the store in that form",
            )
    elif isinstance(X, Derivations):
        derivations, form = X, estimator.form or "as-written"
    else:
        texts, form = strings_in(X), preset.form
        on_invalid = estimator.on_invalid
        encoded = encode_in_form(
            grammar,
            texts,
            grammar.language.form(form),
            max_length=max_length,
            on_invalid=on_invalid,
            n_jobs=-1,
        )
        derivations = encoded.derivations
    if len(derivations) == 0:
        raise DataError("there are no strings to train on", remedy="give strings of the grammar's language")
    longest = int(derivations.lengths.max())
    if max_length is not None and longest > max_length:
        row = int(derivations.lengths.argmax())
        raise DataError(
            f"derivation {row} has {longest} productions, more than the limit of {max_length}",
            remedy="drop such derivations, or raise max_length",
        )
    return derivations, form


def rewritten(derivations: Derivations, plain: Grammar, grammar: Grammar, *, motifs: bool = False) -> Derivations:
    """Rewrites derivations of the strings' grammar as derivations of a model's grammar.

    Args:
        derivations: derivations of `plain`.
        plain: grammar of the strings.
        grammar: grammar of the model: `plain` or a grammar of characters, perhaps with motifs.
        motifs: whether to apply the motifs of `grammar`.
    """
    base = grammar.plain
    if base != plain:
        derivations = codec.encode(base, codec.decode(plain, derivations), n_jobs=-1).derivations
    if not motifs or grammar.base is None:
        return derivations
    from grae.grammar.motifs import apply_motifs

    return apply_motifs(grammar, derivations, n_jobs=-1)


def longest_read(grammar: Grammar, settings: Settings) -> int:
    """The maximum number of productions of a derivation that can be encoded.

    Encoders of a fixed length read `max_length` steps, the maximum of the decoder. The recurrent encoder must also read
    decoded strings in another spelling: the canonical SMILES of a decoded molecule can be longer, and may contain other
    motifs or none.
    """
    if settings.architecture.fixed_length:
        return settings.max_length
    from grae.grammar.segmentation import base_productions

    return settings.max_length * max(READ_AT_MOST, int(base_productions(grammar).max()))


def readable(
    encoded: codec.Encoded,
    texts: Sequence[Any],
    grammar: Grammar,
    settings: Settings,
    *,
    on_invalid: Literal["error", "skip"],
) -> codec.Encoded:
    """Drops encoded strings that are too long for the encoder; see `longest_read`.

    Args:
        encoded: the strings, encoded without a length limit.
        texts: the strings.
        grammar: grammar of the derivations, with motifs.
        settings: settings of the model.
        on_invalid: whether to raise an error at the first that is too long, or to add it to the rejections.

    Raises:
        DataError: a string is too long.
    """
    limit = longest_read(grammar, settings)
    lengths = encoded.derivations.lengths
    fits = lengths <= limit
    if fits.all():
        return encoded
    from grae.grammar.segmentation import base_productions

    rejections, sizes = [], base_productions(grammar)
    for place in np.flatnonzero(~fits).tolist():
        row, derivation = int(encoded.rows[place]), encoded.derivations[place]
        detail = f"its derivation has {lengths[place]} productions; this run reads up to {limit}"
        if grammar.base is not None:
            n = sizes[derivation].sum()
            detail = (
                f"its derivation has {n} productions of the grammar ({lengths[place]} with the run's motifs); "
                f"this run reads up to {limit} with motifs"
            )
        elif model_named(settings.model).characters:  # one production per character, and one for the end
            detail = f"it has {lengths[place] - 1} characters; this run reads up to {limit - 1}"
        rejections.append(codec.Rejection(row, str(texts[row]), codec.TOO_LONG, detail))
    if on_invalid == "error":
        first = rejections[0]
        raise DataError(f"{codec.string_of(first.row, len(texts))} is {first.reason}: {first.detail}", remedy=LONGER)
    both = sorted([*encoded.rejections, *rejections], key=lambda rejection: rejection.row)
    return codec.Encoded(encoded.derivations[fits], encoded.rows[fits], both)


def strings_in(X: Iterable[Any], *, strict: bool = True) -> list[str]:
    """The strings of a sequence, an array, or a table with one column.

    Args:
        X: a sequence of strings, or an array or DataFrame of shape (n,) or (n, 1).
        strict: whether values that are not strings are errors; otherwise they are returned unchanged.

    Raises:
        DataError: X is a single string, has several columns, or contains values that are not strings.
    """
    if isinstance(X, str | bytes):
        raise DataError("X is one string, not a sequence of strings", remedy="write [X]")
    shape = getattr(X, "shape", None)
    if shape is not None and len(shape) != 1:
        if len(shape) != 2 or shape[1] != 1:
            raise DataError(
                f"X has shape {tuple(shape)}; expected (n,) or (n, 1)",
                remedy="give the column of strings, such as X[:, 0] or df['smiles']",
            )
        X = np.asarray(X, dtype=object)[:, 0]
    texts = list(X)
    if not strict:
        return texts
    for row, text in enumerate(texts):
        if not isinstance(text, str):
            raise DataError(f"X[{row}] is a {type(text).__name__}, not a string", remedy="give a sequence of strings")
    return texts
