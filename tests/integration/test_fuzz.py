"""Many seeded commands with strange values, files and runs: none may end in a traceback, hang, or change an input.

    GRAE_FUZZ_CASES    how many; 10,000 when not set
    GRAE_FUZZ_FIRST    the first seed; 0 when not set
    GRAE_FUZZ_SECONDS  that one case may take; 60 when not set

A case is its seed's alone, so `GRAE_FUZZ_CASES=1 GRAE_FUZZ_FIRST=4711` runs case 4711 again.
"""

import hashlib
import json
import os
import random
import shutil
import signal
import struct
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load, save
from typer.testing import CliRunner

from grae.cli.main import app

CASES = int(os.environ.get("GRAE_FUZZ_CASES", "10000"))
FIRST = int(os.environ.get("GRAE_FUZZ_FIRST", "0"))
SECONDS = float(os.environ.get("GRAE_FUZZ_SECONDS", "60"))
MEMORY = 4 << 30  # bytes
LINKED_FROM = 100_000  # bytes; larger files of a run are linked into a case's copy of it, not copied
LISTS = """\
list -> '[' ']' | '[' items ']'
items -> item | item ',' items
item -> 'a' | 'b' | list
"""
TARGET = "def score(text):\n    return float(len(text))\n"
DEEP = "[" * 100_000
QUICK = ["--epochs", "1", "--time-budget", "0.02", "--preset", "quick", "--motifs", "2", "--latent-dim", "3"]
SMALL = [*QUICK, "--batch-size", "16"]

NUMBERS = [
    *("-1", "0", "1", "2", "3", "1.5", "", "x", "nan", "inf", "-inf", "1e308", "1e-320", "0x10", "true", "٣", " 7 "),
    *(str(2**31), str(2**32), str(2**63), str(2**64), str(10**18), "9" * 500),
]
SMALL_NUMBERS = ["0", "1", "-1", "", "x", "nan", "9" * 500]
WORDS = [
    *("", " ", "-", "--", ".", "..", "/", "~", "*", "%s", "{}", "\\", "nul", "\t", "\n", "\udcff", "é", "\U0001f9ea"),
    *("a" * 300, "a" * 5000, "a/" * 3000, "/dev/full", "/dev/zero", "/dev/null", "no/such/file"),
    *("lists.cfg", "lists.txt", "run", "codes.npy", "target.py", "smiles", "grae", "default", "gmm", "1" * 400),
]
# To write to: nothing outside the folder of the case, so that a fault harms no device of the machine.
PLACES = [word for word in WORDS if not word.startswith(("/", "..", "~"))]
VALUES: list[Any] = [
    *(None, True, False, 0, -1, 1, 2**31, 2**63, 10**400, 1.5, -0.0, 1e308, float("nan"), float("inf")),
    *("", "x", "\ud800", "\0", "a" * 5000, "/dev/zero", "grae run 1", [], [[]], [None], {}, {"": {}}),
]
RUN_FILES = [
    *("config.json", "grammar.cfg", "metrics.jsonl", "split.safetensors", "density.safetensors", "model.safetensors"),
    *("state/checkpoint.safetensors", "evaluation.json", "search/search.json", "search/history.jsonl"),
]


class Hang(BaseException):
    """A case that takes too long; no `except Exception` may catch it."""


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a grammar, strings, codes, a target and a run that has been evaluated and searched."""
    folder = tmp_path_factory.mktemp("ground")
    draw = random.Random(0)
    items = ["a", "b", "[]", "[a]", "[b,a]"]
    texts = ["[" + ",".join(draw.choices(items, k=draw.randint(0, 5))) + "]" for _ in range(60)]
    (folder / "lists.cfg").write_text(LISTS)
    (folder / "lists.txt").write_text("\n".join(texts) + "\n")
    (folder / "lists.csv").write_text("name;text\n" + "".join(f'{i};"{text}"\n' for i, text in enumerate(texts)))
    (folder / "target.py").write_text(TARGET)
    (folder / "config.toml").write_text(CONFIG)
    (folder / "search.toml").write_text('run = "run"\ntarget = "target.py:score"\nrounds = 1\nbatch-size = 2\n')
    (folder / "odd.toml").write_text(ODD_CONFIG)
    (folder / "picture.txt").write_bytes(bytes(range(256)))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for command in (
            ["train", "-g", "lists.cfg", "-d", "lists.txt", "--out", "run", *SMALL],
            ["encode", "run", "--in", "lists.txt", "--out", "codes.npy"],
            ["encode", "run", "--in", "lists.txt", "--out", "codes.csv"],
            ["evaluate", "run", "-n", "20", "--jobs", "1"],
            ["optimize", "run", *SEARCH, "--out", "run/search"],
        ):
            done = CliRunner().invoke(app, command)
            assert done.exit_code == 0, (command, done.output, done.exception)
    return folder


SEARCH = ["--target", "target.py:score", "--rounds", "1", "--batch-size", "2", "--seed", "0"]

CONFIGS = ["run/config.json", "config.toml", "search.toml", "odd.toml", "codes.npy", "lists.csv"]
CONFIG = 'grammar = "lists.cfg"\ndata = "lists.txt"\nlatent-dim = 3\n'
ODD_CONFIG = 'latent-dim = [1, {a = 2}]\nbeta = 1979-05-27\n"" = inf\n[data]\nx = 1\n'

# A command as it would work, and the options whose values are replaced.
COMMANDS: dict[str, tuple[list[str], dict[str, list[str]]]] = {
    "grammar list": ([], {}),
    "grammar show": (["lists.cfg"], {"": WORDS, "--motifs": NUMBERS}),
    "grammar check": (
        ["lists.cfg", "--data", "lists.txt"],
        {"": WORDS, "--data": WORDS, "--column": WORDS, "--max-length": NUMBERS, "--delimiter": WORDS, "--form": WORDS},
    ),
    "data list": ([], {}),
    "data show": (["expressions"], {"": WORDS}),
    "data fetch": (["nothing"], {"": [word for word in WORDS if word not in ("moses", "zinc250k")]}),
    "train": (
        ["-g", "lists.cfg", "-d", "lists.txt", "--out", "new", *SMALL],
        {
            **dict.fromkeys(
                ("-g", "-d", "--column", "--delimiter", "--preset", "--model", "--density", "--form"), WORDS
            ),
            **dict.fromkeys(("--epochs", "--batch-size", "--latent-dim", "--beta", "--lambda", "--noise"), NUMBERS),
            **dict.fromkeys(("--motifs", "--max-length", "--seed"), NUMBERS),
            "--out": PLACES,
        },
    ),
    "train --resume": (
        ["--out", "run"],
        {"--out": PLACES, "--epochs": ["1", "2", "-1"], "--beta": NUMBERS, "-g": WORDS},
    ),
    "encode": (
        ["run", "--in", "lists.txt"],
        {"": WORDS, "--in": WORDS, "--column": WORDS, "--delimiter": WORDS, "--out": PLACES},
    ),
    "decode": (
        ["run", "--in", "codes.npy"],
        {
            "": WORDS,
            "--in": WORDS,
            "--out": PLACES,
            "--temperature": NUMBERS,
            "--seed": NUMBERS,
            "--constraints": WORDS,
        },
    ),
    "sample": (
        ["run", "-n", "5"],
        {
            "": WORDS,
            "-n": [number for number in NUMBERS if number != ""],
            "--density": [*WORDS, "gaussian", "normal", "flow", "two-stage", "gmm-auto"],
            "--temperature": NUMBERS,
            "--seed": NUMBERS,
            "--out": [*PLACES, "new.csv", "new.smi.gz"],
            "--draw": PLACES,
        },
    ),
    "evaluate": (
        ["run", "-n", "8", "--jobs", "1"],
        {"": WORDS, "-n": NUMBERS, "--density": WORDS, "--seed": NUMBERS, "--train": WORDS, "--reference": WORDS},
    ),
    "evaluate --samples": (["lists.txt"], {"": WORDS, "--train": WORDS, "--reference": WORDS, "--column": WORDS}),
    "compare": (["run", "run", "-n", "8", "--jobs", "1"], {"": WORDS, "-n": NUMBERS, "--csv": PLACES}),
    "report": (["run", "--jobs", "1"], {"": WORDS, "--out": PLACES, "--search": WORDS, "--seed": NUMBERS}),
    "optimize": (
        ["run", *SEARCH, "--out", "found"],
        {
            "": WORDS,
            "--target": [*WORDS, "target.py:nothing", "lists.txt:score", "logp", "1*2", "0.5*qed"],
            **dict.fromkeys(("--batch-size", "--seed"), SMALL_NUMBERS),
            "--rounds": ["0", "1", "-1", "", "x", "nan"],  # a number beyond all time is no fault of the search
            "--out": PLACES,
        },
    ),
    "optimize --resume": (["run", "--out", "run/search"], {"": WORDS, "--out": PLACES, "--rounds": ["1", "2", "-1"]}),
    "train --from": (
        ["run", "-d", "lists.txt", "--out", "new", "--epochs", "1", "--time-budget", "0.02", "--batch-size", "16"],
        {"": WORDS, "-d": WORDS, "--replay": NUMBERS, "--motifs": NUMBERS, "--latent-dim": NUMBERS, "--model": WORDS},
    ),
    "train --config": (["config.toml", "--out", "new", *SMALL], {"": [*WORDS, *CONFIGS], "--save-config": PLACES}),
    "optimize --config": (
        ["search.toml", "--out", "found"],
        {"": [*WORDS, *CONFIGS, "run/search/search.json"], "--save-config": PLACES, "--rounds": ["1", "-1", "x"]},
    ),
    "optimize --strategy": (
        ["random", "run", *SEARCH, "--out", "found"],
        {
            "": ["genetic", "mixed", "trust-region", *WORDS],
            "--propose": ["latent", "derivation", *WORDS],
            "--surrogate": ["codes", "structure", "codes+structure", "none", "+", *WORDS],
            "--target": [
                *("guacamol:median1", "guacamol:x", "pmo:drd2", "pmo:", ":", "0.5*pmo:qed + qed"),
                *("(" * 400 + "logp", "(" * 400 + "logp" + ")" * 400, "1e999*logp", "9" * 500 + "*logp", "logp^9e9"),
            ],
            **dict.fromkeys(("--most-atoms", "--most-symbols", "--retrain-every", "--start-limit"), SMALL_NUMBERS),
            "--csv": [*PLACES, "best.csv", "best.smi", "best.tsv.gz"],
        },
    ),
    "evaluate --measures": (
        ["valid,unique", "run", "-n", "8", "--jobs", "1"],
        {"": [*WORDS, "valid,", ",", "FCD", "valid,valid", "all"], "--completion": ["none", *WORDS]},
    ),
    "grammar parse": (["lists.cfg", "[a,b]"], {"": WORDS}),
    "models list": ([], {}),
    "models show": (["expressions"], {"": WORDS}),
    "models pack": (["run", "--out", "packed"], {"": WORDS, "--out": PLACES}),
    "reproduce validity": (["run", "-n", "3", "--draws", "2"], {"": WORDS, "-n": NUMBERS, "--draws": SMALL_NUMBERS}),
    "reproduce pmo": (
        ["--run", "run", "--budget", "20", "--data", "lists.txt", "--out", "pmo"],
        {"--run": WORDS, "--tasks": WORDS, "--methods": WORDS, "--seeds": SMALL_NUMBERS, "--out": PLACES},
    ),
    "reproduce moses": (["--train", "nothing"], {"--train": ["nothing", "", "no/such"], "--samples": SMALL_NUMBERS}),
    "images sample": (["run"], {"": WORDS, "-n": NUMBERS, "--density": WORDS, "--out": PLACES}),
    "images evaluate": (["run"], {"": WORDS, "--projector": WORDS, "--inception-weights": WORDS, "-n": NUMBERS}),
    "images figure": (["run"], {"": WORDS, "--models": WORDS, "--columns": NUMBERS}),
    "images floor": (["--data", "nothing"], {"--data": WORDS, "--projector": WORDS}),
    "images table": (["--data", "nothing"], {"--data": WORDS, "--models": WORDS, "--width": NUMBERS}),
    "images train": (["--data", "nothing"], {"--data": WORDS, "--model": WORDS}),
    "images train --config": (["config.toml", "--data", "nothing"], {"": [*WORDS, *CONFIGS]}),
}
ON_A_RUN = ("encode", "decode", "sample", "evaluate", "compare", "report", "train --resume", "optimize --resume")


def case_of(seed: int, folder: Path) -> tuple[list[str], bytes]:
    """The arguments of a case, and its standard input; harms files in its folder."""
    draw = random.Random(seed)
    kind = draw.choice(("values", "values", "run", "input"))
    if kind == "run":
        name = draw.choice(ON_A_RUN)
        known = [file for file in RUN_FILES if (folder / "run" / file).exists()]
        harm(folder / "run" / draw.choice(known), draw)
    else:
        name = draw.choice(list(COMMANDS))
    words, replaceable = COMMANDS[name]
    arguments = [*name.split(), *words]
    if kind == "values" and replaceable:
        for option in draw.sample(list(replaceable), k=min(len(replaceable), draw.choice((1, 1, 2)))):
            arguments = with_value(arguments, len(name.split()), option, draw.choice(replaceable[option]))
    if kind == "input":
        for file in ("lists.txt", "lists.csv", "lists.cfg", "codes.npy", "codes.csv", "target.py", "config.toml"):
            if draw.random() < 0.4:
                harm(folder / file, draw)
        arguments = [word.replace("codes.npy", draw.choice(("codes.npy", "codes.csv"))) for word in arguments]
        arguments = [word.replace("lists.txt", draw.choice(("lists.txt", "lists.csv"))) for word in arguments]
    if draw.random() < 0.3:
        arguments.append("--json")
    return arguments, draw.randbytes(draw.choice((0, 3, 100)))


def with_value(arguments: list[str], first: int, option: str, value: str) -> list[str]:
    """The arguments with another value of an option, or of the first argument for ""."""
    if option == "":
        return [*arguments[:first], value, *arguments[first + 1 :]]
    if option in arguments:
        place = arguments.index(option)
        return [*arguments[: place + 1], value, *arguments[place + 2 :]]
    return [*arguments, option, value]


def harm(file: Path, draw: random.Random) -> None:
    """Replaces a file by something else."""
    content = file.read_bytes()
    file.unlink()
    match draw.choice(("cut", "flip", "empty", "noise", "gone", "folder", "device", "deep", "typed", "typed", "typed")):
        case "cut":
            file.write_bytes(content[: draw.randrange(len(content) + 1)])
        case "flip":
            changed = bytearray(content)
            for _ in range(draw.randint(1, 8)):
                changed[draw.randrange(len(changed))] = draw.randrange(256)
            file.write_bytes(changed)
        case "empty":
            file.write_bytes(b"")
        case "noise":
            file.write_bytes(draw.randbytes(draw.choice((1, 10, 1000))))
        case "folder":
            file.mkdir()
        case "device":
            file.symlink_to(draw.choice(("/dev/zero", "/dev/full", "/dev/null")))
        case "deep":
            file.write_text(DEEP)
        case "typed":
            file.write_bytes(RETYPED.get(file.suffix, lambda content, draw: content[::-1])(content, draw))
        case _:
            pass


def json_retyped(content: bytes, draw: random.Random) -> bytes:
    """JSON, or JSON lines, with one of its values another."""
    lines = content.decode().splitlines() if content.count(b"\n{") else [content.decode()]
    place = draw.randrange(len(lines))
    lines[place] = json.dumps(replaced(json.loads(lines[place]), draw))
    return ("\n".join(lines) + "\n").encode()


def replaced(value: Any, draw: random.Random) -> Any:
    """A JSON value in which one, at any depth, is another."""
    if isinstance(value, dict) and value and draw.random() < 0.8:
        name = draw.choice(list(value))
        if draw.random() < 0.1:
            return {key: member for key, member in value.items() if key != name}
        return {**value, name: replaced(value[name], draw)}
    if isinstance(value, list) and value and draw.random() < 0.8:
        place = draw.randrange(len(value))
        return [*value[:place], replaced(value[place], draw), *value[place + 1 :]]
    return draw.choice(VALUES)


def tensors_retyped(content: bytes, draw: random.Random) -> bytes:
    """A safetensors file with another header entry, or an array of another type, shape or with NaN in it."""
    size = struct.unpack("<Q", content[:8])[0]
    metadata = json.loads(content[8 : 8 + size]).get("__metadata__", {})
    arrays = load(content)
    if draw.random() < 0.4 and "about" in metadata:
        metadata["about"] = json.dumps(replaced(json.loads(metadata["about"]), draw))
        if draw.random() < 0.2:
            metadata["about"] = DEEP
    elif arrays:
        name = draw.choice(sorted(arrays))
        array = arrays.pop(name)
        match draw.randrange(5):
            case 0:
                arrays[name] = array.astype(draw.choice((np.int64, np.float16, np.uint8, np.bool_)))
            case 1:
                arrays[name] = array.reshape(-1)[: draw.randrange(array.size + 1)].copy()
            case 2:
                arrays[name] = array[None].copy()
            case 3 if array.dtype.kind == "f" and array.size:
                arrays[name] = array.copy()
                arrays[name].reshape(-1)[draw.randrange(array.size)] = draw.choice((np.nan, np.inf, -1.0, 0.0))
            case _:
                pass
    return save(arrays, metadata=metadata)


def npy_retyped(content: bytes, draw: random.Random) -> bytes:
    """An .npy file with another header, which is Python text."""
    header = draw.choice(
        (
            "{'descr': '<f4', 'fortran_order': False, 'shape': (10000000000000, 3), }",
            "{'descr': '<f4', 'fortran_order': False, 'shape': (-1, 3), }",
            "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999999, 3), }",
            "{'descr': '|O', 'fortran_order': False, 'shape': (3, 3), }",
            "{'descr': [('a', '<f4', (2,)), ('b', [('c', '<i4')])], 'fortran_order': False, 'shape': (2,), }",
            "{'descr': ('<f4', (100000, 100000)), 'fortran_order': False, 'shape': (2, 3), }",
            "{'descr': '<c8', 'fortran_order': False, 'shape': (2, 3), }",
            "{'descr': '<M8[s]', 'fortran_order': False, 'shape': (2, 3), }",
            "{'descr': '<f4', 'fortran_order': 3, 'shape': 'x', }",
            "{'descr': 5, 'shape': ()}",
            "(" * 500,
            "'''",
            "a\\\n",
            "{[]: 1}",
            "1" * 5000,
            "x" * 20000,
        )
    ).encode()
    version = draw.choice((b"\x01\x00", b"\x02\x00", b"\x03\x00", b"\x09\x09"))
    size = struct.pack("<H" if version == b"\x01\x00" else "<I", len(header))
    return b"\x93NUMPY" + version + size + header + content[128:]


def text_retyped(content: bytes, draw: random.Random) -> bytes:
    """Text with a strange line."""
    lines = content.splitlines()
    strange = (
        b"\xff\xfe",
        b"",
        b'"',
        b"\0",
        b"a" * 100_000,
        b"[" * 5000,
        b"list -> list",
        b"%start",
        b"1,2,3",
        b",;\t|",
    )
    lines.insert(draw.randrange(len(lines) + 1), draw.choice(strange))
    return draw.choice((b"\n", b"\r\n", b"\r")).join(lines)


RETYPED: dict[str, Callable[[bytes, random.Random], bytes]] = {
    ".json": json_retyped,
    ".jsonl": json_retyped,
    ".safetensors": tensors_retyped,
    ".npy": npy_retyped,
    ".txt": text_retyped,
    ".csv": text_retyped,
    ".cfg": text_retyped,
    ".py": text_retyped,
}


def copied(ground: Path, folder: Path) -> None:
    """A case's own copy of the ground."""

    def copy(source: str, target: str) -> None:
        (os.link if os.path.getsize(source) >= LINKED_FROM else shutil.copyfile)(source, target)

    shutil.copytree(ground, folder, copy_function=copy)


def contents(folder: Path) -> dict[str, str]:
    """A checksum of each file."""
    return {
        file.relative_to(folder).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(folder.rglob("*"))
        if file.is_file() and not file.is_symlink()
    }


@contextmanager
def within(memory: int) -> Iterator[None]:
    """A body whose process cannot take more address space than so many bytes beyond what it has: a case that reads
    without end fails here, and takes no memory from what else runs on the machine."""
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    has = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (has + memory, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    def stop(*_: object) -> None:
        raise Hang

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def fault_of(arguments: list[str], stdin: bytes) -> str | None:
    """What is wrong with how a command ends, with the place in the package; None where nothing is."""
    try:
        with at_most(SECONDS), within(MEMORY):
            done = CliRunner().invoke(app, arguments, input=stdin)
    except Hang:
        return f"no end after {SECONDS:g} s at {_place(sys.exc_info()[2])}"
    error = done.exception
    if isinstance(error, Hang):
        return f"no end after {SECONDS:g} s at {_place(error.__traceback__)}"
    if error is not None and not isinstance(error, SystemExit):
        return f"{type(error).__name__} at {_place(error.__traceback__)}: {str(error)[:200]}"
    return None if done.exit_code in (0, 2) else f"exit status {done.exit_code}"


def _place(trace: Any) -> str:
    """The last line of the package in a traceback."""
    frames = [frame for frame in traceback.extract_tb(trace) if f"{os.sep}grae{os.sep}" in frame.filename]
    return f"{frames[-1].filename.rpartition(f'{os.sep}grae{os.sep}')[2]}:{frames[-1].lineno}" if frames else "?"


BY_INTENT = ("images", "data fetch", "reproduce pmo", "reproduce moses")
"""Commands that fail as they are written here: what they would do takes too long for a case."""
UNHARMED = [name for name in COMMANDS if not name.startswith(BY_INTENT)]


@pytest.mark.slow
@pytest.mark.parametrize("name", UNHARMED)
def test_a_command_works_before_anything_is_changed(ground: Path, tmp_path: Path, monkeypatch, name: str):
    copied(ground, tmp_path / "case")
    monkeypatch.chdir(tmp_path / "case")
    done = CliRunner().invoke(app, [*name.split(), *COMMANDS[name][0]])
    assert done.exit_code == 0, (done.output, done.exception)


@pytest.mark.slow
@pytest.mark.timeout(0)
@pytest.mark.skipif(sys.platform != "linux", reason="needs SIGALRM, /dev and /proc")
@pytest.mark.filterwarnings("ignore")
def test_no_command_ends_in_a_traceback_hangs_or_changes_its_inputs(
    ground: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    pristine = contents(ground)
    faults: dict[str, list[str]] = {}
    for seed in range(FIRST, FIRST + CASES):
        folder = tmp_path / str(seed)
        copied(ground, folder)
        monkeypatch.chdir(folder)
        arguments, stdin = case_of(seed, folder)
        inputs = {name: digest for name, digest in contents(folder).items() if "/" not in name}
        fault = fault_of(arguments, stdin)
        shown = " ".join(word if len(word) < 60 else f"{word[:20]}...({len(word)})" for word in arguments)
        if fault is not None:
            faults.setdefault(fault, []).append(f"{seed}: grae {shown}")
        after = contents(folder)
        changed = [name for name, digest in inputs.items() if after.get(name) != digest and name not in arguments]
        if changed:
            faults.setdefault(f"changed {changed}", []).append(f"{seed}: grae {shown}")
        monkeypatch.chdir(tmp_path)
        shutil.rmtree(folder, ignore_errors=True)
    if contents(ground) != pristine:
        faults["changed a file of the run in place"] = ["some case"]
    listed = [f"{len(cases):>5} x {fault}\n        {cases[0]}" for fault, cases in faults.items()]
    assert not faults, "\n" + "\n".join(listed)
