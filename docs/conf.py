"""How the documentation is built: `make docs`. Notebooks are shown with the outputs that they are kept with."""

from pathlib import Path
from typing import Any

from grae import __version__

project = "grae"
author = "the grae authors"
release = __version__
extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx.ext.viewcode"]
source_suffix = {".md": "myst-nb", ".ipynb": "myst-nb"}
exclude_patterns = ["_build", "**.ipynb_checkpoints"]

nb_execution_mode = "off"
nb_merge_streams = True
myst_enable_extensions = ["colon_fence", "dollarmath"]
myst_heading_anchors = 3

default_role = "code"
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_rtype = False
napoleon_use_ivar = True
strip_signature_backslash = True  # with it, napoleon keeps the underscore at the end of a name such as settings_
python_use_unqualified_type_names = True

HELP_WIDTH = 80  # characters that fit into a box of the page

html_theme = "furo"
html_title = "grae"
html_copy_source = False
html_show_sourcelink = False


def _commands() -> str:
    """The help of every verb, as the program prints it."""
    from typer.main import get_command

    from grae.cli.main import app

    parts = [
        "# Commands",
        "What each verb says with `--help`. Exit status: 0; 2 for bad input; 1 for a bug; 130 on Ctrl-C.",
    ]
    waiting = [("grae", get_command(app), None)]
    while waiting:
        name, command, above = waiting.pop(0)
        context = command.make_context(name, [], parent=above, resilient_parsing=True, terminal_width=HELP_WIDTH)
        parts += [f"## {name}", f"```text\n{command.get_help(context)}\n```"]
        waiting = [(f"{name} {one}", inner, None) for one, inner in getattr(command, "commands", {}).items()] + waiting
    return "\n\n".join(parts) + "\n"


def _left_out(app: object, what: str, name: str, member: object, skip: bool, options: object) -> bool | None:
    """Leaves out what scikit-learn adds for the routing of metadata, and the fields of named tuples."""
    routing = name.startswith("set_") and name.endswith("_request")
    return True if routing or type(member).__name__ == "_tuplegetter" else None


def setup(app: Any) -> None:
    """Writes the page of the commands before the pages are read."""
    app.connect("autodoc-skip-member", _left_out)
    page = Path(__file__).parent / "commands.md"
    text = _commands()
    if not page.is_file() or page.read_text(encoding="utf-8") != text:
        page.write_text(text, encoding="utf-8")
