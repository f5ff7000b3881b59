"""The user's own files and modules as targets: loaded once, as if imported, with errors that say where."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from grae.errors import SettingsError
from grae.optimization.scoring import Scorer
from grae.targets.named import target_named
from grae.targets.user_code import Source

TEXTS = ["a", "bb", "ccc", "dddd", "eeeee", "ffffff"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """An empty folder, the current one; what is imported from it is forgotten afterwards."""
    monkeypatch.chdir(tmp_path)
    path, modules = list(sys.path), set(sys.modules)
    yield tmp_path
    sys.path[:] = path
    for name in set(sys.modules) - modules:
        if str(getattr(sys.modules[name], "__file__", "")).startswith(str(tmp_path)):
            del sys.modules[name]


def scores(name: str, **options) -> list[float | None]:
    """What a target gives the texts, in processes of its own."""
    with Scorer(target_named(name, batch=options.pop("batch", False)), timeout=60, **options) as scorer:
        outcomes = list(scorer(TEXTS))
    assert [outcome.error for outcome in outcomes] == [None] * len(TEXTS), outcomes
    return [outcome.score for outcome in outcomes]


@pytest.mark.parametrize("workers", [1, 2])
def test_a_file_is_loaded_once_per_process_and_keeps_its_state(folder: Path, workers: int):
    """Twelve loads for ten calls it was; a module's own counter started anew with each."""
    (folder / f"state{workers}.py").write_text(
        "import os\nfrom pathlib import Path\nwith Path('loads.txt').open('a') as f: print(os.getpid(), file=f)\n"
        "calls = 0\ndef score(text):\n    global calls\n    calls += 1\n    return calls\n"
    )
    found = scores(f"state{workers}.py:score", workers=workers)
    loads = Path("loads.txt").read_text().split()
    assert len(loads) == len(set(loads)) <= workers + 1  # here and in each process
    if workers == 1:
        assert found == [1, 2, 3, 4, 5, 6]


def test_a_file_that_changed_is_loaded_again(folder: Path):
    (folder / "changing.py").write_text("def score(text): return 1")
    assert scores("changing.py:score") == [1] * 6
    (folder / "changing.py").write_text("def score(text): return 22")
    assert scores("changing.py:score") == [22] * 6


ELABORATE = """
from __future__ import annotations
import json
import pickle
import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
import multiprocessing
import beside_elaborate

@dataclass
class Size:
    text: str
    def number(self) -> int:
        return beside_elaborate.length(self.text)

def inner(size: Size) -> int:
    return size.number()

pool = None

def score(text):
    assert sys.modules[__name__].Size is Size and __name__ == "elaborate"
    return pickle.loads(pickle.dumps(Size(text))).number()

def pooled(text):
    global pool
    pool = pool or ProcessPoolExecutor(1, multiprocessing.get_context("spawn"))
    return pool.submit(inner, Size(text)).result()

def usual(text):
    global pool
    pool = pool or ProcessPoolExecutor(1)
    return pool.submit(inner, Size(text)).result()
"""


@pytest.mark.parametrize("workers", [1, 2])
def test_a_pool_that_a_target_keeps_holds_no_program_up(folder: Path, workers: int):
    """A worker waits for its pool and the pool for the worker; the program hung at its end."""
    (folder / "elaborate.py").write_text(ELABORATE)
    (folder / "beside_elaborate.py").write_text("def length(text): return len(text)")
    (folder / "program.py").write_text(
        "if __name__ == '__main__':\n"
        "    from grae.optimization.scoring import Scorer\n"
        "    from grae.targets.named import target_named\n"
        f"    with Scorer(target_named('elaborate.py:usual'), workers={workers}) as scorer:\n"
        "        print([outcome.score for outcome in scorer(['a', 'bb'])])\n"
    )
    done = subprocess.run([sys.executable, "program.py"], capture_output=True, text=True, timeout=200, check=False)
    assert (done.returncode, done.stdout) == (0, "[1.0, 2.0]\n"), done.stderr


@pytest.mark.parametrize("function", ["score", "pooled", "usual"])
def test_dataclasses_pickles_modules_beside_it_and_pools_of_its_own(folder: Path, function: str):
    (folder / "elaborate.py").write_text(ELABORATE)
    (folder / "beside_elaborate.py").write_text("def length(text): return len(text)")
    assert scores(f"elaborate.py:{function}") == [1, 2, 3, 4, 5, 6]


def test_a_file_named_as_a_module_of_python_hides_nothing(folder: Path):
    (folder / "json.py").write_text("import queue_of_mine\ndef score(text): return queue_of_mine.n\n")
    (folder / "queue_of_mine.py").write_text("n = 3")
    assert scores("json.py:score") == [3] * 6
    assert sys.modules["json"] is json
    assert target_named("json.py:score").name == "json.py:score"


@pytest.mark.parametrize(
    ("code", "messages"),
    [
        ("def score(text):\n    return 1 +\n", ("broken.py", "line 2", "SyntaxError")),
        ("x = 1\nimport no_such_package_of_mine\n", ("broken.py", "line 2", "no_such_package_of_mine")),
        ("from math import no_such_function\n", ("broken.py", "line 1", "ImportError")),
        ("\n\nraise ValueError('a table is missing')\n", ("broken.py", "line 3", "a table is missing")),
        ("import sys\nsys.exit(3)\n", ("broken.py", "line 2", "SystemExit")),
        ("import helper_of_broken\n", ("helper_of_broken.py", "line 1", "NameError")),
        ("\tdef x(): pass\n  y\n", ("broken.py", "IndentationError")),
    ],
)
def test_code_that_cannot_be_loaded_is_told_with_file_and_line(folder: Path, code: str, messages: tuple[str, ...]):
    (folder / "broken.py").write_text(code)
    (folder / "helper_of_broken.py").write_text("undefined\n")
    for name in ("broken.py:score", "broken:score"):
        if name == "broken:score":
            sys.path.insert(0, str(folder))
        with pytest.raises(SettingsError) as caught:
            target_named(name)
        for message in ("--target", *messages):
            assert message in str(caught.value)


def test_what_is_missing_is_suggested(folder: Path):
    (folder / "mine.py").write_text("import math\ndef other(text): ...\ndef score(text): ...\ndef _own(text): ...\n")
    (folder / "single.py").write_text("def weigh(text): ...\n")
    (folder / "empty.py").write_text("x = 1\n")
    for name, message in (
        ("mine.py", "give one of its functions: mine.py:score, mine.py:other"),
        ("mine", "mine.py:score"),
        ("mine.py:", "mine.py:score"),
        ("single.py", "did you mean single.py:weigh?"),
        ("no_such_mine:score", "no module 'no_such_mine'"),
        ("empty.py:score", "defines no function"),
        ("nowhere.py", "there is no file nowhere.py"),
        ("mine.py:scor", "did you mean 'score'?"),
    ):
        with pytest.raises(SettingsError) as caught:
            target_named(name)
        assert message in str(caught.value), name
        assert "--target" in str(caught.value) or "did you mean" in str(caught.value)


def test_a_source_is_short_and_finds_its_file_from_anywhere(folder: Path, monkeypatch):
    (folder / "deep").mkdir()
    (folder / "deep" / "far.py").write_text("def score(text): return 1")
    source = Source.read("deep/far.py:score")
    assert (source.short, source.place) == ("far.py:score", str(folder / "deep" / "far.py"))
    monkeypatch.chdir("/")
    assert source.load()("a") == 1


PRINTS = "import os\nprint('loading')\nos.system('echo loading too')\ndef score(text):\n    print('scoring')\n" + (
    "    os.system('echo scoring too')\n    return 1\n"
)


def test_what_a_target_prints_goes_to_standard_error(folder: Path, capfd: pytest.CaptureFixture):
    (folder / "printing.py").write_text(PRINTS)
    assert scores("printing.py:score") == [1] * 6
    assert capfd.readouterr().out == ""


BATCHES = """
import numpy as np
sizes = []
def many(texts):
    sizes.append(len(texts))
    return np.array([[len(sizes)] for text in texts], np.float32)
class Model:
    made = 0
    def __init__(self):
        Model.made += 1
    def evaluate(self, texts):
        assert isinstance(texts, list) and Model.made == 1
        return [len(text) for text in texts]
model = Model.__new__(Model)
class Tuned(Model):
    direction = "minimize"
"""


def test_targets_of_many_strings_get_them_together(folder: Path):
    (folder / "batches.py").write_text(BATCHES)
    assert scores("batches.py:many", batch=True) == [1] * 6
    assert scores("batches.py:Model") == [1, 2, 3, 4, 5, 6]
    assert target_named("batches.py:Tuned").direction == "minimize"
    assert target_named("batches.py:model").batch is True  # pyright: ignore[reportAttributeAccessIssue]
    with pytest.raises(SettingsError, match="--batch"):
        target_named("qed", batch=True)
