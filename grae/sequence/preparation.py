"""What `GrammarAutoencoder.fit` settles before it trains: the settings, and the derivations that it learns from.

What needs numba, whose import takes a third as long as torch's, is imported where it is used.
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
LONGER = "leave it out (on_invalid='skip', or --on-invalid skip), or train with a longer --max-length (max_length)"


def derivations_of(
    estimator: "GrammarAutoencoder",
    grammar: Grammar,
    X: Sequence[str] | Derivations | DerivationStore,
    preset: Preset,
) -> tuple[Derivations, str]:
    """The derivations of what `fit` was given, and the form that they are in.

    Args:
        estimator: its parameters; of derivations in memory, `form` says the form.
        grammar: of the strings.
        X: what `fit` was given.
        preset: the settings.

    Raises:
        SettingsError: a store of another form.
        DataError: no strings, or one whose derivation is too long.
        ParseError: a string outside the language.
    """
    max_length = preset.max_length
    if isinstance(X, DerivationStore):
        derivations, form = X.derivations, X.meta.recipe.form
        if estimator.form not in (form, None):
            raise SettingsError(
                f"form {estimator.form!r}, but the store at {X.path} holds strings in the form {form!r}",
                remedy="leave form out, or build the store in that form",
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
            remedy="leave such derivations out, or raise max_length",
        )
    return derivations, form


def rewritten(derivations: Derivations, plain: Grammar, grammar: Grammar, *, motifs: bool = False) -> Derivations:
    """Derivations of the language's grammar as derivations of a model's: of the characters, or with its motifs.

    Args:
        derivations: of `plain`.
        plain: the language's grammar.
        grammar: the model's.
        motifs: whether to use those of `grammar`, where it has any.
    """
    base = grammar.base or grammar
    if base != plain:
        derivations = codec.encode(base, codec.decode(plain, derivations), n_jobs=-1).derivations
    if not motifs or grammar.base is None:
        return derivations
    from grae.grammar.motifs import apply_motifs

    return apply_motifs(grammar, derivations, n_jobs=-1)


def longest_read(grammar: Grammar, settings: Settings) -> int:
    """The most productions that a derivation may have to be encoded.

    Encoders of a fixed length read as many steps as they were made for, which is also the most that the decoder writes.
    Ours reads what the decoder writes in whatever spelling it comes back: RDKit's canonical form of a molecule can
    be longer, and has other motifs in it, at worst none.
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
    """Encoded strings without those that are too long for the encoder; see `longest_read`.

    Args:
        encoded: under no limit.
        texts: the strings.
        grammar: of the derivations, with motifs.
        settings: of the model.
        on_invalid: whether to raise at the first that is too long, or to report it among the rejections.

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
                f"its derivation has {n} productions of the grammar ({lengths[place]} with the run's motifs joined); "
                f"this run reads up to {limit} joined"
            )
        elif model_named(settings.model).characters:  # whose derivations have a production a character, and an end
            detail = f"it has {lengths[place] - 1} characters; this run reads up to {limit - 1}"
        rejections.append(codec.Rejection(row, str(texts[row]), codec.TOO_LONG, detail))
    if on_invalid == "error":
        first = rejections[0]
        raise DataError(f"string {first.row} is {first.reason}: {first.detail}", remedy=LONGER)
    both = sorted([*encoded.rejections, *rejections], key=lambda rejection: rejection.row)
    return codec.Encoded(encoded.derivations[fits], encoded.rows[fits], both)


def strings_in(X: Iterable[Any], *, strict: bool = True) -> list[str]:
    """The strings of a sequence, of an array, or of a table with one column.

    Args:
        X: strings; of an array or DataFrame of shape (n, 1) its column.
        strict: whether something else among them is an error; otherwise it comes back as it is.

    Raises:
        DataError: one string instead of a sequence of them, several columns, or something else among the strings.
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
