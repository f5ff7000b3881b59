"""The page: its sections in order, rendered to one self-contained file."""

from datetime import UTC, datetime
from importlib.resources import files as package_files
from pathlib import Path

from markupsafe import Markup

from grae import files
from grae.callbacks.reporter import stage
from grae.report import (
    interpolation,
    latent_map,
    measures,
    motifs,
    reconstructions,
    samples,
    searches,
    settings,
    training,
)
from grae.report.context import ReportContext
from grae.report.section import LeftOut, rendered
from grae.version import __version__

SECTIONS = (
    settings.section,
    training.section,
    samples.section,
    reconstructions.section,
    measures.section,
    measures.causes,
    latent_map.section,
    interpolation.section,
    motifs.section,
    searches.section,
)


def write_report(context: ReportContext, path: str | Path, *, progress: bool = False) -> Path:
    """Writes a report as one self-contained HTML page, with styles, scripts and drawings.

    Args:
        context: the model and its data.
        path: file to write, atomically; its folder is created.
        progress: whether to show progress on standard error.

    Returns:
        The file.

    Raises:
        RunError: the file cannot be written.
    """
    with stage("writing the report", shown=progress) as done:
        made = []
        for number, section in enumerate(SECTIONS):
            made.append(section(context))
            done((number + 1) / len(SECTIONS))
    page = rendered(
        "page",
        name=context.name,
        headlines=measures.headlines(context),
        n=(context.evaluation or {}).get("n"),
        kind=context.renderer.kind,
        grammar=context.model.language_grammar_.name,
        model=context.model.settings_.model,
        sections=[section for section in made if not isinstance(section, LeftOut)],
        left_out=[section for section in made if isinstance(section, LeftOut)],
        style=_resource("page.css"),
        script=_resource("page.js"),
        version=__version__,
        date=f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
    )
    files.write_text(Path(path), page)
    return Path(path)


def _resource(name: str) -> Markup:
    return Markup(package_files("grae.report").joinpath("templates", name).read_text(encoding="utf-8"))
