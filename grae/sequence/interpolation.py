"""Interpolation between two strings: the decodings of codes between theirs."""

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from grae.errors import SettingsError
from grae.estimator.interpolation import slerp

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

    from grae.sequence.estimator import GrammarAutoencoder

POINTS = 101  # codes decoded on the path
Curve = Literal["linear", "spherical"]


@dataclass(frozen=True, slots=True)
class Waypoint:
    """A string between two others.

    Attributes:
        text: the string.
        first: the first fraction of the path that decodes to it, 0 to 1.
        last: the last fraction before the path decodes to another string.
        similarity: similarity to the first and to the second string; see `Language.similarities`.
        properties: the language's properties, by name.
    """

    text: str
    first: float
    last: float
    similarity: tuple[float, float]
    properties: "Mapping[str, float | None]"


def runs_between(
    model: "GrammarAutoencoder", first: np.ndarray, second: np.ndarray, *, points: int = POINTS, path: Curve = "linear"
) -> list[tuple[str, float, float]]:
    """The strings decoded on the path between two codes, each with its interval of fractions.

    Args:
        model: a fitted model.
        first: (D,), the first code.
        second: (D,), the second code.
        points: number of codes decoded, including the two ends.
        path: "linear", or "spherical", an arc with linearly changing norm (`slerp`).
    """
    t = np.linspace(0, 1, points)[:, None]
    if path == "linear":
        codes = ((1 - t) * first + t * second).astype(np.float32)
    else:
        codes = slerp(np.tile(first, (points, 1)), np.tile(second, (points, 1)), t)
    groups = groupby(enumerate(model.inverse_transform(codes)), key=lambda one: one[1])
    places = [(text, [place for place, _ in steps]) for text, steps in groups]
    return [(text, float(t[at[0], 0]), float(t[at[-1], 0])) for text, at in places]


def spread(n: int, of: int) -> list[int]:
    """Up to n integers from 0 to `of` - 1, evenly spaced, including both ends."""
    return np.unique(np.linspace(0, of - 1, min(n, of)).round().astype(int)).tolist()


def interpolate(
    model: "GrammarAutoencoder", first: str, second: str, n: int = 10, *, points: int = POINTS, path: Curve = "linear"
) -> list[Waypoint]:
    """The distinct strings on the path between two strings, including the decodings of the two.

    Args:
        model: a fitted model.
        first: a string.
        second: another string.
        n: maximum number of strings, evenly spaced.
        points: number of codes decoded.
        path: as in `runs_between`.

    Raises:
        ParseError, DataError: the model cannot encode a string.
        SettingsError: n or points is below 2, or the path is unknown.
    """
    if n < 2 or points < 2 or path not in ("linear", "spherical"):
        raise SettingsError(
            f"{n} strings of {points} points on a {path!r} path",
            remedy="take at least 2 of each, and 'linear' or 'spherical'",
        )
    from grae.sequence.refinement import STEPS  # imports torch

    codes = model.transform([first, second], refine=STEPS)
    distinct: dict[str, tuple[float, float]] = {}
    for text, begin, end in runs_between(model, codes[0], codes[1], points=points, path=path):
        distinct.setdefault(text, (begin, end))
    texts = [list(distinct)[row] for row in spread(n, len(distinct))]
    language = model.language_grammar_.language
    similar = [_similarities(model, end, texts) for end in (first, second)]
    return [
        Waypoint(text, *distinct[text], similarity=(float(one), float(other)), properties=measured)
        for text, one, other, measured in zip(texts, *similar, language.measure(texts), strict=True)
    ]


def to_frame(stops: "Sequence[Waypoint]") -> "pd.DataFrame":
    """One row per string."""
    import pandas as pd

    return pd.DataFrame([{"string": stop.text, **columns_of(stop)} for stop in stops])


def columns_of(stop: Waypoint) -> dict[str, Any]:
    """The fields of a waypoint, by name."""
    one, other = stop.similarity
    return {
        "from": stop.first,
        "to": stop.last,
        "similarity_first": one,
        "similarity_second": other,
        **stop.properties,
    }


def _similarities(model: "GrammarAutoencoder", text: str, texts: list[str]) -> np.ndarray:
    grammar = model.language_grammar_
    return grammar.language.similarities(grammar.plain, text, texts)
