"""Summary of the image files in a folder or archive, and of those that could not be read."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from grae import files
from grae.errors import shortened

SHOWN = 3  # names of skipped files to show
MODES = {
    "RGB": "RGB",
    "L": "grayscale",
    "1": "black and white",
    "P": "palette",
    "RGBA": "RGB with transparency",
    "LA": "grayscale with transparency",
    "CMYK": "CMYK",
    "YCbCr": "RGB",
}


@dataclass(frozen=True)
class Census:
    """The image files of a folder or archive.

    Attributes:
        pictures: number of images decoded.
        smallest: width and height, in pixels, of the smallest one.
        largest: width and height of the largest one.
        modes: number of images by Pillow's mode.
        broken: reasons why files could not be read, by file name.
    """

    pictures: int
    smallest: tuple[int, int]
    largest: tuple[int, int]
    modes: Mapping[str, int]
    broken: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, sizes: list[tuple[int, int]], modes: list[str], broken: Mapping[str, str]) -> "Census":
        """The summary of images with these sizes and modes, at least one."""
        by_area = sorted(sizes, key=lambda size: (size[0] * size[1], size))
        return cls(len(sizes), by_area[0], by_area[-1], dict(Counter(modes).most_common()), dict(broken))

    def write(self, path: Path) -> None:
        """Writes it as JSON. Raises RunError: the file cannot be written."""
        files.write_json(path, asdict(self))

    @classmethod
    def read(cls, path: Path) -> "Census":
        """Reads what `write` wrote. Raises RunError: missing or damaged; ValueError or TypeError: of another format."""
        held: dict[str, Any] = files.read_json(path)
        return cls(**{**held, "smallest": tuple(held["smallest"]), "largest": tuple(held["largest"])})

    def in_words(self) -> str:
        """In words, such as `1,203 pictures, from 20x30 to 640x480 pixels (1,150 RGB, 53 grayscale)`."""
        (width, height), (most_width, most_height) = self.smallest, self.largest
        sizes = f"{width}x{height}"
        if self.smallest != self.largest:
            sizes = f"from {sizes} to {most_width}x{most_height}"
        counted: Counter[str] = Counter()
        for mode, n in self.modes.items():
            counted[MODES.get(mode, mode)] += n
        kinds = ", ".join(f"{n:,} {kind}" for kind, n in counted.most_common())
        said = f"{self.pictures:,} pictures, {sizes} pixels ({kinds})"
        if not self.broken:
            return said
        named = [f"{shortened(name)} ({shortened(why)})" for name, why in list(self.broken.items())[:SHOWN]]
        more = [f"{len(self.broken) - SHOWN:,} more"] if len(self.broken) > SHOWN else []
        return f"{said}; {len(self.broken):,} left out that cannot be read: {', '.join([*named, *more])}"
