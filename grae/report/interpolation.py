"""Linear interpolation between strings in the latent space."""

import numpy as np

from grae.report.context import ReportContext
from grae.report.section import LeftOut, Section, rendered
from grae.sequence.interpolation import runs_between, spread

TITLE = "Interpolation"
LOOKED_AT = 60
POINTS = 41
PAIRS = 2
MOST_STOPS = 9


def section(context: ReportContext) -> Section | LeftOut:
    """Decoded points on lines between the codes of pairs of strings."""
    texts = context.some_known(LOOKED_AT)
    if len(texts) < 2:
        return LeftOut(TITLE, "fewer than two strings of the data are available")
    codes = context.model.transform(texts)
    lines = [_line(context, texts, codes, *pair) for pair in _pairs(codes)]
    body = rendered(
        "interpolation",
        lines=lines,
        points=POINTS,
        shown=MOST_STOPS,
        kind=context.renderer.kind,
        of_what=context.known[1],
        looked_at=len(texts),
    )
    return Section("interpolation", TITLE, body)


def _pairs(codes: np.ndarray) -> list[tuple[int, int]]:
    """Disjoint pairs of codes, the most distant first."""
    distances = np.linalg.norm(codes[:, None] - codes[None], axis=2)
    pairs = []
    for _ in range(min(PAIRS, len(codes) // 2)):
        first, last = np.unravel_index(distances.argmax(), distances.shape)
        pairs.append((int(min(first, last)), int(max(first, last))))
        distances[[first, last]] = -1
        distances[:, [first, last]] = -1
    return pairs


def _line(context: ReportContext, texts: list[str], codes: np.ndarray, first: int, last: int) -> dict[str, object]:
    """The distinct strings decoded along a line, each with the interval of positions that decode to it."""
    runs = runs_between(context.model, codes[first], codes[last], points=POINTS)
    chosen = [runs[place] for place in spread(MOST_STOPS, len(runs))]
    stops = [(context.renderer.draw(text), _part(begin, end), text) for text, begin, end in chosen]
    ends = [(context.renderer.draw(texts[place]), texts[place]) for place in (first, last)]
    return {"ends": ends, "stops": stops, "distinct": len({text for text, _, _ in runs}), "runs": len(runs)}


def _part(first: float, last: float) -> str:
    return f"{first:.2f}" if first == last else f"{first:.2f} to {last:.2f}"
