"""The notebooks: each runs in small from its first cell to its last, and is kept with the outputs of a full run."""

from pathlib import Path

import jupytext
import nbformat
import pytest
from nbmake.nb_run import NotebookRun

FOLDER = Path(__file__).parents[2] / "notebooks"
NAMES = sorted(file.stem for file in FOLDER.glob("[0-9]*.py"))
LARGEST = 500_000  # bytes
FOREIGN = ("/root", "/home/", "/tmp/", "Warning:", "Traceback")


def test_there_are_notebooks():
    assert len(NAMES) >= 3
    assert sorted(file.stem for file in FOLDER.glob("*.ipynb")) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_it_runs_in_small(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("GRAE_NOTEBOOKS", "small")
    monkeypatch.setenv("PYTHONPATH", str(FOLDER.parent))
    copy = tmp_path / f"{name}.ipynb"
    jupytext.write(jupytext.read(FOLDER / f"{name}.py"), copy)
    done = NotebookRun(copy, default_timeout=600).execute()
    assert done.error is None, done.error.summary


@pytest.mark.parametrize("name", NAMES)
def test_it_is_kept_with_the_outputs_of_its_cells(name: str):
    path = FOLDER / f"{name}.ipynb"
    assert path.stat().st_size < LARGEST
    kept = nbformat.read(path, as_version=4)
    written = jupytext.read(FOLDER / f"{name}.py")
    assert [cell.source for cell in kept.cells] == [cell.source for cell in written.cells]
    code = [cell for cell in kept.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    outputs = "\n".join(str(cell.outputs) for cell in code)
    assert not [word for word in FOREIGN if word in outputs]
    assert "'image/png'" in outputs or "stdout" in outputs
