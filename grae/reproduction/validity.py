"""Fractions of valid strings under the published decoding: of draws, and of points with several draws each.

Codes are drawn from N(0, I), from a Gaussian and a mixture fitted to the training codes, and uniformly from the
bounding box of the training codes, which the published search explores. Each is decoded several times, with every
production drawn from the masked softmax, without forced completion.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from grae.grammar.codec import encode
from grae.reproduction.structured_published import IN_LANGUAGE

if TYPE_CHECKING:
    from grae.sequence import GrammarAutoencoder

DENSITIES = {"N(0, I)": "normal", "Gaussian": "gaussian", "GMM-10": "gmm"}
BOX = "box"
POINTS, DRAWS = 1000, 25


@dataclass(frozen=True, slots=True)
class Validity:
    """The validity of points that are decoded several times each.

    Attributes:
        codes: distribution of the points.
        points: number of points.
        draws: decodings per point.
        complete: fraction of the draws whose derivation ended within the model's maximum length.
        in_language: fraction of the draws in the language; for a model of derivations, equal to `complete`.
        valid: fraction of the draws that are valid: read by RDKit, or finite.
        points_complete: fraction of the points with a complete draw.
        points_in_language: fraction of the points with a draw in the language.
        points_valid: fraction of the points with a valid draw.
    """

    codes: str
    points: int
    draws: int
    complete: float
    in_language: float
    valid: float
    points_complete: float
    points_in_language: float
    points_valid: float


def from_published_weights(model: "GrammarAutoencoder") -> dict[str, float]:
    """The figures of the published weights (`structured_published.IN_LANGUAGE`), available for expressions only."""
    return IN_LANGUAGE.get(model.language_grammar_.language.name, {}).get(model.settings_.model, {})


def published_validity(
    model: "GrammarAutoencoder",
    training_codes: np.ndarray,
    *,
    points: int = POINTS,
    draws: int = DRAWS,
    seed: int = 0,
    done: Callable[[str], None] = lambda name: None,
) -> list[Validity]:
    """The validity for each distribution of codes.

    Args:
        model: a fitted model.
        training_codes: codes of the training strings, (n, D), which span the box.
        points: number of codes drawn from each distribution.
        draws: decodings per code.
        seed: seed of codes and decodings.
        done: called with the name of each distribution when it is finished.
    """
    rows = []
    for name, codes in _codes(model, training_codes, points, seed):
        rows.append(_validity(model, name, model.decodings(codes, draws, seed=seed)))
        done(name)
    return rows


def _codes(
    model: "GrammarAutoencoder", training_codes: np.ndarray, points: int, seed: int
) -> Iterator[tuple[str, np.ndarray]]:
    for name, density in DENSITIES.items():
        yield name, model.density_named(density).sample(points, seed)
    lower, upper = training_codes.min(axis=0), training_codes.max(axis=0)
    yield BOX, np.random.default_rng(seed).uniform(lower, upper, (points, len(lower))).astype(np.float32)


def _validity(model: "GrammarAutoencoder", name: str, drawn: list[list[str | None]]) -> Validity:
    grammar = model.language_grammar_
    complete = np.array([[text is not None for text in texts] for texts in drawn])  # points draws
    distinct = list(dict.fromkeys(text for texts in drawn for text in texts if text is not None))
    rows = encode(grammar, distinct, on_invalid="skip").rows
    forms = grammar.canonical(distinct, n_jobs=-1)
    in_language = _among(drawn, (distinct[row] for row in rows))
    valid = _among(drawn, (text for text, form in zip(distinct, forms, strict=True) if form is not None))
    shares = [float(shape.mean()) for shape in (complete, in_language, valid)]
    of_points = [float(shape.any(axis=1).mean()) for shape in (complete, in_language, valid)]
    return Validity(name, *complete.shape, *shares, *of_points)


def _among(drawn: list[list[str | None]], texts: Iterable[str]) -> np.ndarray:
    """Which draws are among the given texts, (points, draws) bool."""
    chosen = set(texts)
    return np.array([[text in chosen for text in row] for row in drawn])
