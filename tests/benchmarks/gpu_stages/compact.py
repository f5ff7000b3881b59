"""A run's folder as a few small files, and back, so that a training goes on where another machine left it.

What is kept: settings, grammar, split, metrics, densities; the best weights so far, matrices in half precision; and of
Adam's moments the second, of a matrix only the means of its rows and columns, whose outer product stands for it
(Shazeer and Stern 2018, section 3). The first moment starts anew at zero, and grows back within some ten steps. All of
it is a zip archive, cut into parts.
"""

import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from grae import files
from grae.errors import RunError
from grae.training import checkpoint
from grae.training.run_folder import RunFolder

PART = 15_500_000  # bytes
COPIED = ("config.json", "grammar.cfg", "language.cfg", "metrics.jsonl", "split.safetensors", "density.safetensors")
STATE = "compact.safetensors"
LARGEST_HALF = 6e4
REMEDY = "restore the files from a copy, or begin without --resume"


def pack(run: Path, out: Path, name: str, *, most_parts: int) -> dict[str, Any]:
    """Writes a run that was trained, or is under way, as `name.0.part`, `name.1.part`, ...

    Args:
        run: the run's folder.
        out: where to; older parts of the same name go away.
        name: of the parts.
        most_parts: where more would be needed, none is written.

    Returns:
        "parts" and "bytes", and whether it was "kept".
    """
    content = _archive(RunFolder(run))
    for old in out.glob(f"{name}.*.part"):
        old.unlink()
    parts = [content[start : start + PART] for start in range(0, len(content), PART)]
    kept = len(parts) <= most_parts
    for number, part in enumerate(parts if kept else []):
        with files.atomic_write(out / f"{name}.{number}.part") as temporary:
            temporary.write_bytes(part)
    return {"parts": len(parts), "bytes": len(content), "kept": kept}


def unpack(folder: Path, name: str, run: Path) -> bool:
    """Makes the run's folder anew; False where there are no parts of that name.

    Raises:
        RunError: the parts are damaged or incomplete, or not of a run.
    """
    count = len(list(folder.glob(f"{name}.*.part")))
    if count == 0:
        return False
    source = folder / f"{name}.*.part"
    try:
        content = b"".join((folder / f"{name}.{number}.part").read_bytes() for number in range(count))
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = {member: archive.read(member) for member in archive.namelist()}
    except (OSError, zipfile.BadZipFile) as error:
        raise RunError(f"{source} are damaged or incomplete: {error}", remedy=REMEDY) from None
    if STATE not in members or not members.keys() <= {STATE, *COPIED}:
        raise RunError(f"{source} hold no run", remedy=REMEDY)
    run.mkdir(parents=True, exist_ok=True)
    for member, data in members.items():
        (run / member).write_bytes(data)
    _restore(RunFolder(run))
    (run / STATE).unlink()
    return True


def _archive(run: RunFolder) -> bytes:
    """The bytes of the zip archive."""
    arrays, about = run.read_tensors(run.CHECKPOINT)
    module = {name.removeprefix("module/"): array for name, array in arrays.items() if name.startswith("module/")}
    best = about["position"]["best_step"]
    if best is not None:
        module, _ = run.read_tensors(checkpoint.best_name(best))
    kept = {f"module/{name}": _half(array) for name, array in module.items()}
    shapes: dict[str, list[int]] = {}
    for name, array in arrays.items():
        key = name.rpartition("/")[2]
        if name.startswith("generator/") or (name.startswith("optimizer/") and key == "step"):
            kept[name] = array
        elif name.startswith("optimizer/") and key == "exp_avg_sq":
            shapes[name] = list(array.shape)
            kept |= {f"{name}/{part}": means for part, means in _factored(array).items()}
    model = run.read_tensors(run.MODEL)[1] if run.has(run.MODEL) else None
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name in COPIED:
            if run.has(name):
                archive.write(run / name, name)
        state = run / STATE
        files.write_tensors(state, kept, {"checkpoint": about, "shapes": shapes, "model": model})
        archive.write(state, STATE)
        state.unlink()
    return buffer.getvalue()


def _restore(run: RunFolder) -> None:
    """Writes checkpoint, best weights and, of a finished run, the model, from what was kept."""
    kept, headers = run.read_tensors(STATE)
    about, shapes, model = headers["checkpoint"], headers["shapes"], headers["model"]
    weights = {
        name.removeprefix("module/"): array.astype(np.float32) if array.dtype == np.float16 else array
        for name, array in kept.items()
        if name.startswith("module/")
    }
    tensors = {f"module/{name}": array for name, array in weights.items()}
    tensors |= {name: array for name, array in kept.items() if name.startswith("generator/") or name.endswith("/step")}
    for name, shape in shapes.items():
        parts = {part: kept[f"{name}/{part}"] for part in ("whole", "rows", "columns") if f"{name}/{part}" in kept}
        tensors[name] = _product(parts).reshape(shape)
        tensors[name.removesuffix("_sq")] = np.zeros(shape, np.float32)
    best = about["position"]["best_step"]
    if best is not None:
        values = {"step": best, "validation": about["position"]["best"]}
        run.write_tensors(checkpoint.best_name(best), weights, values)
    run.write_tensors(run.CHECKPOINT, tensors, about)
    if model is not None:
        run.write_tensors(run.MODEL, weights, model)


def _half(array: np.ndarray) -> np.ndarray:
    """A matrix or kernel in half precision, where its numbers allow that."""
    fits = array.dtype == np.float32 and array.ndim > 1 and np.abs(array).max(initial=0) < LARGEST_HALF
    return array.astype(np.float16) if fits else array


def _factored(squares: np.ndarray) -> dict[str, np.ndarray]:
    """The means over rows and columns of second moments; a vector's whole."""
    if squares.ndim < 2:
        return {"whole": squares}
    matrix = squares.reshape(len(squares), -1)
    return {"rows": matrix.mean(axis=1), "columns": matrix.mean(axis=0)}


def _product(parts: dict[str, np.ndarray]) -> np.ndarray:
    """The second moments that row and column means stand for."""
    if "whole" in parts:
        return parts["whole"]
    mean = parts["rows"].mean()
    return np.outer(parts["rows"], parts["columns"]) / (mean if mean > 0 else 1.0)
