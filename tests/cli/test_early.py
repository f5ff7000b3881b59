"""What is wrong with a command's arguments is told before torch is loaded, which takes seconds."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import pytest
import typer
from typer.models import OptionInfo

from grae.cli.main import app

RUN_ALL = """
import json, sys
from typer.testing import CliRunner
from grae.cli.main import app
for words in json.loads(sys.argv[1]):
    done = CliRunner().invoke(app, words.split())
    print(json.dumps([words, done.exit_code, done.stderr, "torch" in sys.modules]), flush=True)
"""
HUGE = "9" * 500
SEARCH = "optimize run --target target.py:score"
DRAWN = ["--epochs", "1", "--width", "0.05", "--latent-dim", "2"]
WRONG = {
    "train -g smiles --model graee": "unknown model",
    "train -g smiles --preset quik": "unknown preset",
    "train -g smiles --density gm": "unknown density",
    "train -g smiles -d zinc250": "zinc250k",
    "train -g nothing.cfg": "nothing.cfg",
    "train -g lists.cfg -d lists.txt --out run": "already exists",
    "encode no-run": "no-run",
    "encode run --in missing.smi": "missing.smi",
    "encode run --in lists.txt --with-strings --out new.npy": "--with-strings",
    "decode no-run": "no-run",
    "decode run --in missing.npy": "missing.npy",
    "decode run --in codes.csv": "codes.csv",
    "decode run --in codes.csv --constraints semantic": "--constraints grammar",
    "sample run --density gm": "unknown density",
    "sample run --constraints semantic": "--constraints grammar",
    "sample run --constraints semantic --completion none": "completion",
    "sample run --draw new.png": "--draw",
    "evaluate no-run": "no-run",
    "evaluate run --density gmm,gm": "unknown density",
    "evaluate run --measures valdi": "unknown measure",
    "evaluate run --constraints semantic": "--constraints grammar",
    "evaluate run --column text": "--samples",
    "evaluate run --delimiter ;": "--samples",
    "evaluate run --train missing.smi": "missing.smi",
    "evaluate run --reference missing.smi": "missing.smi",
    "evaluate run --scaffold-reference missing.smi": "missing.smi",
    "evaluate --samples missing.txt -g lists.cfg": "missing.txt",
    "evaluate --samples lists.txt -g nothing.cfg": "nothing.cfg",
    "evaluate --samples lists.txt -g lists.cfg --train missing.txt": "missing.txt",
    "compare run no-run": "no-run",
    "compare run run --density gm": "unknown density",
    "compare run run --reference missing.smi": "missing.smi",
    "compare run run --constraints semantic": "--constraints grammar",
    "report no-run": "no-run",
    "report run --search nothing": "nothing",
    "optimize no-run --target target.py:score": "no-run",
    "optimize run --target logq": "unknown target",
    "optimize run --target target.py:scor": "'scor'",
    "optimize run --target missing.py:score": "missing.py",
    "optimize run --target logp": "scores molecules",
    f"{SEARCH} --start missing.txt": "missing.txt",
    f"{SEARCH} --start empty.txt": "holds no string",
    f"{SEARCH} --column text": "--column",
    f"{SEARCH} --delimiter ;": "--delimiter",
    f"{SEARCH} --out lists.txt": "is a file",
    f"{SEARCH} --out new.csv": "--csv new.csv",
    f"{SEARCH} --batch-size {HUGE}": "less than or equal to",
    f"{SEARCH} --rounds {HUGE}": "less than or equal to",
    f"{SEARCH} --workers {2**31}": "less than or equal to",
    f"{SEARCH} --workers {5000 * '9'}": "--workers",
    f"train -g lists.cfg -d lists.txt --latent-dim {HUGE}": "less than or equal to",
    f"{SEARCH} --resume --out nothing": "no search",
    f"{SEARCH} --constraints semantic": "--constraints grammar",
    f"{SEARCH} --strategy paper --retrain-every 3": "--retrain-every",
    f"{SEARCH} --attempts 3": "attempts",
    f"{SEARCH} --start-limit 1": "start limit",
    "images train --model graee": "unknown model",
    "images train --recipe digit": "unknown recipe",
    "images train --density gm": "unknown density",
    "images train --data digit": "digits",
    "images train --out run": "already exists",
    "images train --width 0": "width",
    "images train --learning-rate -1": "learning_rate",
    "images train --model ae --lambda 1": "no regularizer",
    "images train --beta nan": "beta",
    "images train --resume --out run": "not the configuration of a run",
    "images sample run": "not the configuration of a run",
    "images sample images --density gm": "unknown density",
    "images sample images --density flow": "no density 'flow' is fitted",
    "images sample images --out new.jpg": "--out",
    "images evaluate run": "not the configuration of a run",
    "images evaluate images --projector missing.pt": "missing.pt",
    "images evaluate images --projector codes.csv --fid": "cannot be combined",
    "images evaluate images --inception-weights missing.pth": "missing.pth",
    "images floor --projector missing.pt": "missing.pt",
    "images table --models rae-l2,graee": "unknown model",
    "images table --width -1": "width",
    "images table --projector missing.pt": "missing.pt",
    "images figure images run": "not the configuration of a run",
    "images figure images --inception-weights missing.pth": "missing.pth",
    "images projector --out new.pt": "end it in .safetensors",
    "train -g lists.cfg -d lists.txt --model ae --lambda 1": "no regularizer",
}


@pytest.fixture(scope="module")
def told(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[int, str, bool]]:
    """Of each wrong command: its exit status, what it said, and whether torch was loaded, all in one process."""
    folder = tmp_path_factory.mktemp("early")
    shutil.copytree(trained / "runs" / "lists-grae-1", folder / "run")
    for name in ("lists.cfg", "lists.txt"):
        shutil.copy(trained / name, folder)
    (folder / "target.py").write_text("def score(text):\n    return float(len(text))\n")
    drawn = subprocess.run(
        [sys.executable, "-P", "-m", "grae", "images", "train", "--out", "images", *DRAWN],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert drawn.returncode == 0, drawn.stderr
    (folder / "codes.csv").write_text("0.5,0.5\n")  # the run's codes have width 8
    (folder / "empty.txt").write_text("\n\n")
    done = subprocess.run(
        [sys.executable, "-P", "-c", RUN_ALL, json.dumps(list(WRONG))],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr
    return {words: (status, said, loaded) for words, status, said, loaded in map(json.loads, done.stdout.splitlines())}


@pytest.mark.parametrize("words", WRONG, ids=[f"{words[:60]}" for words in WRONG])
def test_errors_come_before_torch_is_loaded(told, words: str):
    status, said, loaded = told[words]
    assert status == 2, said
    assert WRONG[words] in said
    assert not loaded


def test_every_whole_number_has_a_bound():
    """What is beyond all memory or time is told at once; torch, numpy and joblib take 32 or 64 bits."""

    def commands(group: typer.Typer) -> Iterator[Callable[..., Any]]:
        yield from (command.callback for command in group.registered_commands if command.callback)
        for inner in group.registered_groups:
            assert inner.typer_instance is not None
            yield from commands(inner.typer_instance)

    bounds: dict[str, float | None] = {}
    for command in commands(app):
        for name, annotation in get_type_hints(command, include_extras=True).items():
            if get_origin(annotation) is Annotated and int in (annotation.__origin__, *get_args(annotation.__origin__)):
                option = next(one for one in annotation.__metadata__ if isinstance(one, OptionInfo))
                bounds[f"{command.__module__} {name}"] = option.max
    assert len(bounds) > 30
    assert [name for name, most in bounds.items() if most is None] == []
