"""Files of latent codes: .npy, or CSV with or without a header."""

import csv
import io
import math
import sys
import tokenize
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from grae.cli.output import table_rows
from grae.errors import DataError, shortened
from grae.paths import is_device

if TYPE_CHECKING:
    import numpy as np

NPY = b"\x93NUMPY"
_HEADERS = {(1, 0): "read_array_header_1_0", (2, 0): "read_array_header_2_0"}
_BROKEN = (
    ValueError,
    TypeError,
    KeyError,
    AttributeError,
    SyntaxError,
    tokenize.TokenError,
    RecursionError,
    MemoryError,
)
FIRST = "z0"
"""The name of the first column of codes; a column before it contains strings."""
REMEDY = "give an .npy file or a CSV with one row per code, as written by `grae encode`"


def read_codes(path: str) -> "np.ndarray":
    """Reads latent codes.

    Args:
        path: a file; `-` is stdin. The format is detected from the first bytes.

    Returns:
        The codes, numbers of any dtype and shape.

    Raises:
        DataError: the file does not exist, its format is unknown, or it has no codes or rows of different lengths.
    """
    name = _called(path)
    try:
        if path != "-" and is_device(Path(path)):
            raise DataError(f"{name} is a device, not a file", remedy=REMEDY)
        content = sys.stdin.buffer.read() if path == "-" else Path(path).read_bytes()
    except OSError as error:
        raise DataError(f"{name}: {error.strerror}", remedy=REMEDY) from None
    except ValueError:
        raise DataError(f"{name!r} is not a path: it holds a zero byte", remedy=REMEDY) from None
    if not content.strip():
        raise DataError(f"{name} is empty", remedy=REMEDY)
    return _npy(content, name) if content.startswith(NPY) else _csv(content, name)


def of_width(codes: "np.ndarray", width: int, path: str) -> "np.ndarray":
    """Codes checked and converted, (n, width) float32.

    Args:
        codes: from `read_codes`.
        width: latent dimension of the run.
        path: file of the codes, for messages.

    Raises:
        DataError: the codes have another width, or a number is outside the range of float32.
    """
    import numpy as np

    name = _called(path)
    if codes.ndim != 2 or codes.shape[1] != width:
        raise DataError(
            f"{name} holds codes of shape {_shape(codes)}; expected (n, {width}), as the run's codes are",
            remedy="encode the strings with the same run, or name the run that the codes are from",
        )
    with np.errstate(over="ignore"):
        single = codes.astype(np.float32)
    bad = np.argwhere(~np.isfinite(single))
    if len(bad):
        row, column = bad[0]
        raise DataError(
            f"{name}: code {row + 1} has {codes[row, column]} in column {column + 1}; expected finite float32s"
            + (f" ({len(bad):,} in total)" if len(bad) > 1 else ""),
            remedy="remove or correct these codes",
        )
    return single


def codes_heading(path: str, width: int, column: str | None = None) -> bytes:
    """The header of a table of codes; empty for .npy, whose header depends on n.

    Args:
        path: name of the file: .npy by its ending, else CSV or TSV.
        width: latent dimension.
        column: header of a first column of strings.
    """
    if is_npy(path):
        return b""
    headings = [*([] if column is None else [column]), *(f"z{place}" for place in range(width))]
    return table_rows([headings], path)


def codes_as_bytes(codes: "np.ndarray", path: str, strings: Sequence[str] | None = None) -> bytes:
    """Codes in the format of the file, without a header. Text has nine digits, which represent a float32 exactly.

    Args:
        codes: (n, D) float32.
        path: name of the file: .npy by its ending, else CSV or TSV.
        strings: n strings, for the first column of a table.
    """
    import numpy as np

    if is_npy(path):
        return np.ascontiguousarray(codes, np.float32).tobytes()
    rows = ([f"{number:.9g}" for number in code] for code in codes.tolist())
    return table_rows(
        rows if strings is None else ([string, *row] for string, row in zip(strings, rows, strict=True)), path
    )


def is_npy(path: str) -> bool:
    """Whether `codes_as_bytes` writes .npy for a path."""
    return Path(path.removesuffix(".gz")).suffix.lower() == ".npy"


def _npy(content: bytes, name: str) -> "np.ndarray":
    import numpy as np

    file = io.BytesIO(content)
    try:
        version = np.lib.format.read_magic(file)
        if version not in _HEADERS:
            raise ValueError(f"version {version} of the format")
        shape, fortran, dtype = getattr(np.lib.format, _HEADERS[version])(file)
    except _BROKEN as error:  # raised by numpy when it parses a header
        raise DataError(f"{name} is a truncated or foreign .npy file: {error}", remedy=REMEDY) from None
    if dtype.kind not in "fiu":
        raise DataError(f"{name} holds {shortened(str(dtype))}; expected numbers", remedy=REMEDY)
    expected, available = math.prod(shape) * dtype.itemsize, len(content) - file.tell()
    if min(shape, default=0) < 1 or available < expected:
        raise DataError(
            f"{name} is truncated or empty: its header says {shortened(str(shape))} numbers, {expected:,} bytes, and "
            f"{available:,} follow",
            remedy=REMEDY,
        )
    codes = np.frombuffer(content, dtype, math.prod(shape), file.tell())
    return codes.reshape(shape, order="F" if fortran else "C")


def _csv(content: bytes, name: str) -> "np.ndarray":
    import numpy as np

    try:
        lines = content.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise DataError(f"{name} is neither .npy nor CSV text, at byte {error.start}", remedy=REMEDY) from None
    rows: list[list[float]] = []
    mark, first = ("\t" if lines and "\t" in lines[0] else ","), 0
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        cells = _cells(line, mark, name, number)
        if number == 1 and cells[1:2] == [FIRST]:
            first = 1  # the column of strings of `grae encode --with-strings`
        cells = cells[first:]
        try:
            row = [float(cell) for cell in cells]
        except ValueError:
            if number == 1:  # the header
                continue
            wrong = shortened(next(cell for cell in cells if not _is_number(cell)).strip())
            raise DataError(f"{name}, line {number}: {wrong!r} is not a number", remedy=REMEDY) from None
        if rows and len(row) != len(rows[0]):
            raise DataError(
                f"{name}, line {number}: {len(row)} columns; expected {len(rows[0])} as before", remedy=REMEDY
            )
        rows.append(row)
    if not rows:
        raise DataError(f"{name} holds no codes", remedy=REMEDY)
    return np.array(rows, dtype=np.float64)


def _cells(line: str, mark: str, name: str, number: int) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=mark))
    except csv.Error as error:
        raise DataError(f"{name}, line {number}: {error}", remedy=REMEDY) from None


def _called(path: str) -> str:
    """The name of a file in messages."""
    return "standard input" if path == "-" else shortened(path)


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _shape(codes: "np.ndarray") -> str:
    return "(" + ", ".join(map(str, codes.shape)) + ("," if codes.ndim == 1 else "") + ")"
