"""Runs notebooks in full and keeps their outputs: the .py files are what is written, the .ipynb what is read on the web.

make notebooks                            # all of them
python notebooks/execute.py 01_molecules  # one
"""

import base64
import io
import sys
import time
from pathlib import Path

import jupytext
from nbclient import NotebookClient
from PIL import Image

FOLDER = Path(__file__).parent
LARGEST = 500_000  # bytes
COLOURS = 96
FORBIDDEN = (str(Path.home()), str(FOLDER.parent), "Warning:", "Traceback")  # in outputs
TIMEOUT = 3600  # seconds, for a cell


def execute(name: str, into: Path = FOLDER) -> Path:
    """Runs a notebook from its .py file and writes it with its outputs.

    Args:
        name: of the file, without its ending.
        into: the folder of the .ipynb file.

    Raises:
        CellExecutionError: a cell fails.
        ValueError: the outputs are too large, or hold a path of this machine or a warning.
    """
    notebook = jupytext.read(FOLDER / f"{name}.py")
    NotebookClient(notebook, timeout=TIMEOUT, kernel_name="python3", resources={"metadata": {"path": FOLDER}}).execute()
    for number, cell in enumerate(notebook.cells):
        cell["id"] = f"{name[:2]}-{number:02d}"
        cell.metadata.pop("execution", None)
        for output in cell.get("outputs", ()):
            if "image/png" in output.get("data", {}):
                output["data"]["image/png"] = fewer_colours(output["data"]["image/png"])
    notebook.metadata["language_info"] = {"name": "python"}
    outputs = "\n".join(str(cell.get("outputs", "")) for cell in notebook.cells)
    for forbidden in FORBIDDEN:
        if forbidden in outputs:
            place = outputs.index(forbidden)
            raise ValueError(f"{name}: its outputs hold {outputs[place : place + 200]!r}")
    path = into / f"{name}.ipynb"
    jupytext.write(notebook, path)
    if path.stat().st_size > LARGEST:
        raise ValueError(f"{path} has {path.stat().st_size:,} bytes, more than {LARGEST:,}")
    return path


def fewer_colours(picture: str) -> str:
    """A PNG, in base64 as before, with so few colours that it is a third of the size and looks the same."""
    drawn = Image.open(io.BytesIO(base64.b64decode(picture))).convert("RGB")
    kept = io.BytesIO()
    drawn.quantize(COLOURS, dither=Image.Dither.NONE).save(kept, format="PNG", optimize=True)
    return base64.b64encode(kept.getvalue()).decode()


if __name__ == "__main__":
    for chosen in sys.argv[1:] or sorted(file.stem for file in FOLDER.glob("[0-9]*.py")):
        began = time.monotonic()
        print(f"{execute(chosen)}: {time.monotonic() - began:.0f} s", flush=True)
