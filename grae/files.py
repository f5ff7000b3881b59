"""Atomic file writes: each file is written to a temporary name in the same folder, flushed to disk, and renamed.

Arrays are stored as safetensors and everything else as JSON or text, so that reading a file never executes code.
"""

import json
import os
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from grae.errors import RunError, shortened
from grae.nested import flattened
from grae.paths import exists, is_device, is_dir, is_file

TEMPORARY = ".part"
_SURROGATE = re.compile("[\ud800-\udfff]")


@contextmanager
def atomic_write(path: Path) -> Iterator[Path]:
    """Yields a temporary path to write to; it replaces `path` at the end, or is removed if the body fails.

    Raises:
        RunError: the path is a folder, a device or a pipe, or cannot be written (disk full, no permission, ...); an
            existing file is left unchanged.
    """
    if exists(path) and not is_file(path):
        kind = "a folder" if is_dir(path) else "a device or a pipe"
        raise RunError(f"{path} could not be written: it is {kind}", remedy="give the path of a file")
    temporary = path.with_name(f"{path.name}{TEMPORARY}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        _flush(temporary)
        os.replace(temporary, path)
        _flush(path.parent)
    except OSError as error:
        raise _unwritten(path, error) from error
    finally:
        # Already gone after a rename; after a failure, an unwritable folder must not hide the first error.
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def check_unused(folder: Path) -> None:
    """Makes sure that a folder does not exist or is empty. Raises RunError otherwise."""
    if exists(folder) and (not is_dir(folder) or any(folder.iterdir())):
        raise RunError(f"{folder} already exists", remedy="choose another folder")


def as_json(value: Any, *, indent: int | None = None) -> str:
    """A value as JSON that can be encoded as UTF-8: lone surrogates, as in a file name that is not UTF-8, are escaped.

    Raises:
        ValueError: a number in it is NaN or infinite.
    """
    text = json.dumps(value, indent=indent, allow_nan=False, ensure_ascii=False)
    return _SURROGATE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def parse_json(text: str | bytes) -> Any:
    """The value of a JSON text.

    Raises:
        ValueError: it is not JSON, or nested deeper than Python can read.
    """
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def write_text(path: Path, text: str) -> None:
    """Writes UTF-8 text atomically."""
    with atomic_write(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="")


def write_json(path: Path, value: Any) -> None:
    """Writes a value as indented JSON atomically."""
    write_text(path, as_json(value, indent=2) + "\n")


def write_tensors(path: Path, tensors: Mapping[str, Any], about: Mapping[str, Any] | None = None) -> None:
    """Writes arrays as safetensors atomically.

    Args:
        path: the file.
        tensors: numpy arrays or torch tensors (any device; not bfloat16, which numpy lacks), by name.
        about: metadata, stored as JSON in the file's header.
    """
    arrays = {name: _as_array(tensor) for name, tensor in tensors.items()}
    header = {"about": json.dumps(about or {}, allow_nan=False)}
    with atomic_write(path) as temporary:
        temporary.write_bytes(save(arrays, metadata=header))


def read_text(path: Path, *, remedy: str | None = None) -> str:
    """The text of a file.

    Raises:
        RunError: missing, unreadable, or not UTF-8.
    """
    try:
        if is_device(path):
            raise OSError("it is a device, not a file")
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise _unread(path, error, remedy) from error
    except UnicodeDecodeError as error:
        raise RunError(f"{path} is not a text file ({error.reason} at byte {error.start})", remedy=remedy) from error


def read_json(path: Path, *, remedy: str | None = None) -> Any:
    """The value in a JSON file.

    Raises:
        RunError: missing, truncated, or not JSON.
    """
    text = read_text(path, remedy=remedy)
    try:
        return parse_json(text)
    except ValueError as error:
        raise RunError(f"{path} is truncated or not JSON: {error}", remedy=remedy) from error


def read_tensors(
    path: Path, names: Collection[str] | None = None, *, remedy: str | None = None
) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """The arrays of a safetensors file by name, and the metadata of `write_tensors` ({} in files of other programs).

    Args:
        path: the file.
        names: arrays to read, if present; None for all.
        remedy: remedy of errors.

    Raises:
        RunError: missing, truncated, or not safetensors.
    """
    if not path.is_file():
        raise _unread(path, FileNotFoundError("there is no such file"), remedy)
    try:
        with safe_open(path, framework="numpy") as file:
            chosen = [name for name in file.keys() if names is None or name in names]  # noqa: SIM118 - no mapping
            arrays = {name: file.get_tensor(name) for name in chosen}
            about = parse_json((file.metadata() or {}).get("about", "{}"))
    except OSError as error:
        raise _unread(path, error, remedy) from error
    except (SafetensorError, ValueError, TypeError) as error:
        raise RunError(f"{path} is truncated or not a safetensors file: {error}", remedy=remedy) from error
    if not isinstance(about, dict):
        raise RunError(f"{path} was not written by grae: its header holds no JSON object", remedy=remedy)
    return arrays, about


def append_jsonl(path: Path, *records: Mapping[str, Any]) -> int:
    """Appends a line of JSON per record, and flushes them to disk together.

    A last line left incomplete by a kill is removed first.

    Returns:
        The new size of the file in bytes.

    Raises:
        RunError: the file cannot be written; existing lines are left unchanged.
    """
    line = b"".join(as_json(record).encode() + b"\n" for record in records)
    end = 0
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(path, "ab+", buffering=0) as file:
            end = _end_of_last_line(file)
            file.truncate(end)
            try:
                written = file.write(line)
                if written != len(line):
                    raise OSError(f"only {written} of {len(line)} bytes could be written; the disk is full")
                os.fsync(file.fileno())
            except OSError:
                file.truncate(end)
                raise
    except OSError as error:
        raise _unwritten(path, error) from error
    return end + len(line)


def read_jsonl(path: Path, *, remedy: str | None = None) -> list[Any]:
    """The values of a file of JSON lines; a last line without a newline, left incomplete by a kill, is skipped.

    Raises:
        RunError: missing, or a line is not JSON.
    """
    values = []
    lines = read_text(path, remedy=remedy).split("\n")[:-1]
    for number, line in enumerate(lines, start=1):
        try:
            values.append(parse_json(line))
        except ValueError as error:
            raise RunError(f"{path} line {number} is not JSON: {error}", remedy=remedy) from error
    return values


def check_unchanged(
    place: Path,
    stored: Mapping[str, Any],
    given: Mapping[str, Any],
    free: Collection[str] = (),
    *,
    what: str = "was started with other settings",
    named: Callable[[str], str] = str,
) -> None:
    """Makes sure that something is resumed with its original values.

    Args:
        place: its folder or file.
        stored: the original values, as in JSON.
        given: the current values; nested objects are compared value by value.
        free: names, joined by dots, of values that may change.
        what: the problem if they differ, for the message.
        named: maps a value's name to its name in the message.

    Raises:
        RunError: values differ; the message names each, before and now.
    """
    before, now = flattened(stored, empty=True), flattened(given, empty=True)
    names = [*now, *(name for name in before if name not in now)]
    different = [name for name in names if name not in free and before.get(name) != now.get(name)]
    if different:
        changes = ", ".join(
            f"{named(name)} (was {shortened(ascii(before.get(name)))}, now {shortened(ascii(now.get(name)))})"
            for name in different
        )
        raise RunError(f"{place} {what}: {changes}", remedy="leave these as they were, or give another folder")


def cut(path: Path, length: int, *, remedy: str | None = None) -> None:
    """Truncates a file to its first `length` bytes; a missing file counts as empty.

    Raises:
        RunError: the file is shorter than that.
    """
    size = path.stat().st_size if path.is_file() else 0
    if size < length:
        raise RunError(f"{path} is truncated: {size} bytes where {length} were written", remedy=remedy)
    if size > length:
        try:
            os.truncate(path, length)
        except OSError as error:
            raise _unwritten(path, error) from error


def _as_array(tensor: Any) -> np.ndarray:
    """A numpy array or torch tensor as a C-contiguous numpy array."""
    if hasattr(tensor, "detach"):
        tensor = tensor.detach().cpu().numpy()
    return np.asarray(tensor, order="C")


def _end_of_last_line(file: Any) -> int:
    """The position after the last complete line of a binary file."""
    end = file.seek(0, os.SEEK_END)
    while end:
        start = max(0, end - 4096)
        file.seek(start)
        newline = file.read(end - start).rfind(b"\n")
        if newline >= 0:
            return start + newline + 1
        end = start
    return 0


def _flush(path: Path) -> None:
    """Flushes a file, or a folder's entries, to disk."""
    if path.is_dir() and os.name == "nt":  # Windows opens no folders, and needs no such flush
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _unwritten(path: Path, error: OSError) -> RunError:
    return RunError(
        f"{path} could not be written: {error.strerror or error}",
        remedy="free some space or choose a folder that can be written to; what stood there before is unchanged",
    )


def _unread(path: Path, error: OSError, remedy: str | None) -> RunError:
    return RunError(f"{path} could not be read: {error.strerror or error}", remedy=remedy)
