"""Latent codes in files: .npy, or CSV with or without a line of headings."""

import io
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from grae.errors import DataError

if TYPE_CHECKING:
    import numpy as np

NPY = b"\x93NUMPY"
REMEDY = "give an .npy file or a CSV with one row a code, such as `grae encode` writes"


def read_codes(path: str, width: int) -> "np.ndarray":
    """Reads latent codes.

    Args:
        path: a file; `-` is stdin. Which of the two kinds it is shows in its first bytes.
        width: the numbers in a code.

    Returns:
        The codes, shape (n, width), float32.

    Raises:
        DataError: no such file, neither kind, no code, codes of another width, or a number that is not finite.
    """
    import numpy as np

    name = "standard input" if path == "-" else path
    try:
        content = sys.stdin.buffer.read() if path == "-" else Path(path).read_bytes()
    except OSError as error:
        raise DataError(f"{name}: {error.strerror}", remedy=REMEDY) from None
    if not content.strip():
        raise DataError(f"{name} is empty", remedy=REMEDY)
    codes = _npy(content, name) if content.startswith(NPY) else _csv(content, name)
    if codes.ndim != 2 or codes.shape[1] != width:
        raise DataError(
            f"{name} holds codes of shape {_shape(codes)}; expected (n, {width}), as the run's codes are",
            remedy="encode the strings with the same run, or name the run that the codes are from",
        )
    bad = np.argwhere(~np.isfinite(codes))
    if len(bad):
        row, column = bad[0]
        raise DataError(
            f"{name}: code {row + 1} has {codes[row, column]} in column {column + 1}; expected finite numbers"
            + (f" ({len(bad):,} such in all)" if len(bad) > 1 else ""),
            remedy="remove or mend these codes",
        )
    return codes.astype(np.float32)


def codes_as_bytes(codes: "np.ndarray", path: str) -> bytes:
    """A file of codes: .npy if its name ends so, else CSV with headings; nine digits give a float32 back exactly.

    Args:
        codes: shape (n, D), float32.
        path: the file's name.
    """
    import numpy as np

    buffer = io.BytesIO()
    if path.endswith(".npy"):
        np.save(buffer, codes, allow_pickle=False)
    else:
        headings = ",".join(f"z{place}" for place in range(codes.shape[1]))
        np.savetxt(buffer, codes, fmt="%.9g", delimiter=",", header=headings, comments="")
    return buffer.getvalue()


def _npy(content: bytes, name: str) -> "np.ndarray":
    import numpy as np

    try:
        codes = np.load(io.BytesIO(content), allow_pickle=False)
    except (ValueError, EOFError) as error:
        raise DataError(f"{name} is a truncated or foreign .npy file: {error}", remedy=REMEDY) from None
    if codes.dtype.kind not in "fiu":
        raise DataError(f"{name} holds {codes.dtype}; expected numbers", remedy=REMEDY)
    return codes


def _csv(content: bytes, name: str) -> "np.ndarray":
    import numpy as np

    try:
        lines = content.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise DataError(f"{name} is neither .npy nor CSV text, at byte {error.start}", remedy=REMEDY) from None
    rows: list[list[float]] = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        cells = line.split(",")
        try:
            row = [float(cell) for cell in cells]
        except ValueError:
            if number == 1:  # headings
                continue
            wrong = next(cell for cell in cells if not _is_number(cell))
            raise DataError(f"{name}, line {number}: {wrong.strip()!r} is no number", remedy=REMEDY) from None
        if rows and len(row) != len(rows[0]):
            raise DataError(
                f"{name}, line {number}: {len(row)} columns; expected {len(rows[0])} as before", remedy=REMEDY
            )
        rows.append(row)
    if not rows:
        raise DataError(f"{name} holds no codes", remedy=REMEDY)
    return np.array(rows, dtype=np.float64)


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _shape(codes: "np.ndarray") -> str:
    return "(" + ", ".join(map(str, codes.shape)) + ("," if codes.ndim == 1 else "") + ")"
