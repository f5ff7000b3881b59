"""Packs a run's folder into a few small files and unpacks it, so that training can resume on another machine.

Kept are settings, grammar, split, metrics and densities; the best weights so far, matrices in half precision; and
Adam's second moments, for matrices as row and column means, whose outer product approximates them (Shazeer and Stern
2018, section 3). The first moments restart at zero and recover within about ten steps. The files are parts of one zip
archive.
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

PART = 15_500_000  # maximum bytes of a part
COPIED = ("config.json", "grammar.cfg", "language.cfg", "metrics.jsonl", "split.safetensors", "density.safetensors")
STATE = "compact.safetensors"
LARGEST_HALF = 6e4  # close to the float16 maximum, 65504
REMEDY = "restore the files from a copy, or start without --resume"


def pack(run: Path, out: Path, name: str, *, most_parts: int) -> dict[str, Any]:
    """Writes a finished or interrupted run as `name.0.part`, `name.1.part`, ...

    Args:
        run: the run's folder.
        out: output folder; older parts of the same name are removed.
        name: name of the parts.
        most_parts: maximum number of parts; if more are needed, none are written.

    Returns:
        The number of "parts", the "bytes", and whether they were "kept".
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
    """Restores the run's folder.

    Returns:
        False if there are no parts of that name.

    Raises:
        RunError: the parts are damaged, incomplete, or not from a run.
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
        raise RunError(f"{source} do not contain a run", remedy=REMEDY)
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
    """Writes the checkpoint, the best weights and, for a finished run, the model, from the compact state."""
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
    """A matrix or kernel in half precision, if its values fit."""
    fits = array.dtype == np.float32 and array.ndim > 1 and np.abs(array).max(initial=0) < LARGEST_HALF
    return array.astype(np.float16) if fits else array


def _factored(squares: np.ndarray) -> dict[str, np.ndarray]:
    """Row and column means of the second moments of a matrix; a vector is kept whole."""
    if squares.ndim < 2:
        return {"whole": squares}
    matrix = squares.reshape(len(squares), -1)
    return {"rows": matrix.mean(axis=1), "columns": matrix.mean(axis=0)}


def _product(parts: dict[str, np.ndarray]) -> np.ndarray:
    """Second moments reconstructed from row and column means."""
    if "whole" in parts:
        return parts["whole"]
    mean = parts["rows"].mean()
    return np.outer(parts["rows"], parts["columns"]) / (mean if mean > 0 else 1.0)
