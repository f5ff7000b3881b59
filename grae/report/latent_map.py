"""A two-dimensional map of the latent space: codes of strings and samples, colored by properties."""

from typing import Any

import numpy as np
from markupsafe import Markup

from grae.report.context import ReportContext
from grae.report.rendering import Quantity
from grae.report.section import LeftOut, Section, rendered

TITLE = "Latent space"
MOST_KNOWN, MOST_SAMPLES = 350, 150
COLOURS = 64
TRIM = (2, 98)  # percentiles at the ends of a color scale


def section(context: ReportContext) -> Section | LeftOut:
    """A map of principal components, drawn in the browser from data embedded in the page."""
    known = context.some_known(MOST_KNOWN)
    if len(known) < 3:
        return LeftOut(TITLE, "fewer than three strings of the data are available")
    model = context.model
    codes = model.transform(known)
    drawn = model.density_named(None).sample(MOST_SAMPLES, context.seed)
    samples = model.inverse_transform(drawn)
    places, explained = _plane(codes, drawn)
    texts = [*known, *samples]
    data = {
        "known": len(known),
        "texts": texts,
        "x": places[:, 0].round(4).tolist(),
        "y": places[:, 1].round(4).tolist(),
        "pictures": [str(context.renderer.draw(text)) for text in texts],
        "captions": [context.renderer.caption(text) for text in texts],
        "colours": _palette(),
        "quantities": [_scaled(quantity, texts) for quantity in context.renderer.quantities]
        + [_scale(f"log density ({model.settings_.density}), nats", _log_density(context, codes, drawn))],
    }
    body = rendered(
        "latent_map",
        data=data,
        explained=explained,
        n_known=len(known),
        n_samples=len(samples),
        of_what=context.known[1],
        dimensions=codes.shape[1],
        kind=context.renderer.kind,
        first=_scale_bar(),
    )
    return Section("latent", TITLE, body)


def _plane(codes: np.ndarray, samples: np.ndarray) -> tuple[np.ndarray, list[float]]:
    """Codes and samples on the first two principal components, scaled to 0..1; and their explained variance ratios."""
    from sklearn.decomposition import PCA

    components = min(2, codes.shape[1])
    plane = PCA(components).fit(codes)
    places = plane.transform(np.concatenate([codes, samples]))
    if components == 1:
        places = np.column_stack([places, np.zeros(len(places))])
    low, high = np.percentile(places, [0.2, 99.8], axis=0)
    inside = (np.clip(places, low, high) - low) / np.maximum(high - low, 1e-9)
    inside[:, 1] = 1 - inside[:, 1]
    return inside, plane.explained_variance_ratio_.tolist()


def _log_density(context: ReportContext, codes: np.ndarray, samples: np.ndarray) -> np.ndarray:
    return context.model.density_named(None).log_prob(np.concatenate([codes, samples]))


def _scaled(quantity: Quantity, texts: list[str]) -> dict[str, Any]:
    return _scale(quantity.name, quantity.of(texts))


def _scale(name: str, values: np.ndarray) -> dict[str, Any]:
    """Values and the ends of their color scale, as JSON; None for values that are not finite."""
    finite = values[np.isfinite(values)]
    low, high = np.percentile(finite, TRIM) if len(finite) else (0.0, 1.0)
    shown = [round(float(value), 3) if np.isfinite(value) else None for value in values]
    return {"name": name, "low": float(low), "high": float(high), "values": shown}


def _palette() -> list[str]:
    """The colors of viridis from low to high, without the darkest, which are invisible on a dark background."""
    from matplotlib import colormaps
    from matplotlib.colors import to_hex

    return [to_hex(colormaps["viridis"](0.13 + 0.87 * place / (COLOURS - 1))) for place in range(COLOURS)]


def _scale_bar() -> Markup:
    return Markup("linear-gradient(to right, {})").format(", ".join(_palette()[:: COLOURS // 8] + _palette()[-1:]))
