"""Running the commands: inside the test's process, or as the program that a user starts."""

import json
import os
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from grae.cli.main import app

LISTS = """\
# balanced lists
list -> '[' ']' | '[' items ']'
items -> item | item ',' items
item -> 'a' | 'b' | list
"""


@pytest.fixture(autouse=True)
def models(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the models that come with grae: an empty one, for what is tested hangs on no trained model."""
    folder = tmp_path_factory.mktemp("models")
    monkeypatch.setattr("grae.pretrained.home", lambda: folder)
    return folder


class Ended:
    """How a command ended.

    Attributes:
        status: its exit status.
        out: what it printed on stdout.
        err: what it printed on stderr.
    """

    def __init__(self, status: int, out: str, err: str) -> None:
        self.status, self.out, self.err = status, out, err

    @property
    def json(self) -> Any:
        """The one JSON object on stdout."""
        return json.loads(self.out)


Grae = Callable[..., Ended]


@pytest.fixture
def grae(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Grae:
    """`grae("sample", "-n", "3")` inside this process, in an empty folder of its own."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str | Path, stdin: str | bytes | None = None) -> Ended:
        done = CliRunner().invoke(app, [str(argument) for argument in arguments], input=stdin)
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        return Ended(done.exit_code, done.stdout, done.stderr)

    return run


@pytest.fixture
def program(tmp_path: Path) -> Grae:
    """`program("sample")` as a process of its own, in an empty folder; `before` is code to run first in it."""

    def run(*arguments: str | Path, before: str = "", stdin: bytes = b"") -> Ended:
        code = f"{before}\nfrom grae.cli.main import main\nmain()"
        done = subprocess.run(
            [sys.executable, "-P", "-c", code, *map(str, arguments)],
            input=stdin,
            cwd=tmp_path,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
            capture_output=True,
            timeout=300,
        )
        return Ended(done.returncode, done.stdout.decode(), done.stderr.decode())

    return run


@pytest.fixture
def lists(tmp_path: Path) -> Path:
    """A grammar of nobody's language: balanced lists."""
    path = tmp_path / "lists.cfg"
    path.write_text(LISTS)
    return path


def balanced(n: int) -> list[str]:
    """The first `n` distinct balanced lists of a seeded generator."""
    draw = random.Random(0)

    def one(depth: int) -> str:
        items = [
            draw.choice("ab") if depth > 2 or draw.random() < 0.6 else one(depth + 1) for _ in range(draw.randrange(4))
        ]
        return f"[{','.join(items)}]"

    found: dict[str, None] = {}
    while len(found) < n:
        text = one(0)
        if len(text) < 24:
            found[text] = None
    return list(found)


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory, cache_home: Path) -> Path:
    """A folder with `lists.cfg`, `lists.txt` (300 strings and a bad one) and a run, `runs/lists-grae-1`; read only."""
    folder = tmp_path_factory.mktemp("trained")
    (folder / "lists.cfg").write_text(LISTS)
    (folder / "lists.txt").write_text("\n".join([*balanced(300), "[a;b]"]) + "\n")
    options = ["--preset", "quick", "--epochs", "2", "--motifs", "3", "--latent-dim", "8", "--batch-size", "64"]
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        done = CliRunner().invoke(app, ["train", "-g", "lists.cfg", "-d", "lists.txt", "--json", *options])
    assert done.exit_code == 0, done.output
    (folder / "train.json").write_text(done.stdout)
    return folder
