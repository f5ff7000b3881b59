"""The paper's figure: reconstructions under their originals, random samples, and interpolations, one line per model."""

import io
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from grae import files
from grae.errors import DataError
from grae.images.estimator import ImageAutoencoder

if TYPE_CHECKING:
    from PIL.Image import Image

SHOWN = ("vae", "wae", "rae-gp", "rae-l2", "rae-sn", "rae")
CELL = 64  # minimum side of an enlarged image, in pixels
GAP, MARGIN, HEADING, TEXT = 2, 20, 40, 22  # pixels
Line = Sequence[np.ndarray | None] | np.ndarray  # images (H, W, C); None leaves a cell empty
INK, PAPER = (0, 0, 0), (255, 255, 255)


def draw_figure(
    models: Mapping[str, ImageAutoencoder], images: np.ndarray, path: Path, *, columns: int = 8, seed: int = 0
) -> None:
    """Draws the figure as a PNG.

    Samples are drawn from each model's default density. Interpolations run between the codes of the same two held-out
    images for all models, the first original and the one most different from it; both are shown above their
    reconstructions at the ends.

    Args:
        models: fitted models by the labels of their lines.
        images: held-out images (n, H, W, C) uint8.
        path: file to write.
        columns: images per line in each of the three panels, at least 2.
        seed: seed of the choice of images and of the samples.

    Raises:
        DataError: fewer held-out images than columns, or no model.
        RunError: the file cannot be written.
    """
    if len(images) < columns or columns < 2 or not models:
        raise DataError(
            f"{len(images)} held-out images and {len(models)} models are too few for {columns} columns",
            remedy="ask for 2 columns or more, and no more than there are images",
        )
    chosen = images[np.random.default_rng(seed).choice(len(images), columns, replace=False)]
    differences = np.square(chosen.astype(np.float64) - chosen[0]).sum(axis=(1, 2, 3))
    ends = chosen[[0, int(differences.argmax())]]
    ends_apart = [ends[0], *[None] * (columns - 2), ends[1]]
    panels: dict[str, list[Line]] = {
        "reconstructions": [chosen, *(model.reconstruct(chosen) for model in models.values())],
        "random samples": [[], *(model.sample(columns, seed=seed) for model in models.values())],
        "spherical interpolations": [ends_apart, *(between(model, ends, columns) for model in models.values())],
    }
    picture = composed(["originals", *models], panels, images.shape[1], columns)
    with files.atomic_write(path) as temporary:
        picture.save(temporary, format="PNG")


def between(model: ImageAutoencoder, ends: np.ndarray, n: int) -> np.ndarray:
    """Decodes n points between the codes of two images (2, H, W, C), ends included; see `interpolated_codes`."""
    codes = model.transform(ends)
    first, last = (np.repeat(code[None], n, axis=0) for code in codes)
    return model.inverse_transform(model.interpolated_codes(first, last, np.linspace(0, 1, n)[:, None]))


def grid_as_png(images: np.ndarray) -> bytes:
    """A PNG of images (n, H, W, C) uint8 in a nearly square grid, as bytes."""
    columns = math.ceil(math.sqrt(len(images)))
    cell = _cell(images.shape[1])
    lines = -(-len(images) // columns)
    picture = _blank(columns * (cell + GAP) - GAP, lines * (cell + GAP) - GAP)
    for place, image in enumerate(images):
        line, column = divmod(place, columns)
        picture.paste(_enlarged(image, cell), (column * (cell + GAP), line * (cell + GAP)))
    buffer = io.BytesIO()
    picture.save(buffer, format="PNG")
    return buffer.getvalue()


def composed(names: Sequence[str], panels: Mapping[str, Sequence[Line]], side: int, columns: int) -> "Image":
    """Arranges panels side by side, each with its heading, with labels of the lines on the left."""
    from PIL import ImageDraw

    font, cell = _font(), _cell(side)
    line_height, first = cell + GAP, label_width(names)
    panel_width = max(columns * (cell + GAP), *(math.ceil(font.getlength(heading)) for heading in panels))
    picture = _blank(first + len(panels) * (panel_width + MARGIN), HEADING + len(names) * line_height + MARGIN)
    draw = ImageDraw.Draw(picture)
    for line, name in enumerate(names):
        draw.text((MARGIN // 2, HEADING + line * line_height + cell // 2), name, fill=INK, font=font, anchor="lm")
    for number, (heading, lines) in enumerate(panels.items()):
        left = first + number * (panel_width + MARGIN)
        draw.text((left + panel_width // 2, HEADING // 2), heading, fill=INK, font=font, anchor="mm")
        for line, images in enumerate(lines):
            for column, image in enumerate(images):
                if image is not None:
                    place = (left + column * (cell + GAP), HEADING + line * line_height)
                    picture.paste(_enlarged(image, cell), place)
    return picture


def label_width(names: Sequence[str]) -> int:
    """Width in pixels of the labels on the left, with margins."""
    return 2 * MARGIN + max(math.ceil(_font().getlength(name)) for name in names)


def _font() -> Any:
    from PIL import ImageFont

    return ImageFont.load_default(TEXT)


def _blank(width: int, height: int) -> "Image":
    from PIL import Image

    return Image.new("RGB", (width, height), PAPER)


def _cell(side: int) -> int:
    """The side of an enlarged image, a multiple of its own."""
    return side * max(1, CELL // side)


def _enlarged(image: np.ndarray, cell: int) -> Any:
    from PIL import Image

    colours = np.repeat(image, 3, axis=-1) if image.shape[-1] == 1 else image
    return Image.fromarray(np.ascontiguousarray(colours)).resize((cell, cell), Image.Resampling.NEAREST)
