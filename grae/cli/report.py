"""`grae report`: an HTML report of a run."""

from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from grae.bounds import MOST_STRINGS
from grae.cli.evaluation import measured, opened
from grae.cli.options import AsJson, Device, Jobs, ModelName, OfGrammar, RunArgument, Seed
from grae.cli.output import emit, note, talks
from grae.cli.runs import find_run, named
from grae.errors import RunError
from grae.paths import MODEL_FILE
from grae.pretrained import written_to

if TYPE_CHECKING:
    from grae.evaluation import EvalRequest, LoadedRun
    from grae.report import Search

TRAINING = 2_000  # training strings for examples
SAMPLES = 1_000
IMAGES = "grae image run"


def report(
    run: RunArgument = None,
    named_model: ModelName = None,
    grammar: OfGrammar = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="FILE", help="Output file. [default: RUN/report.html]")
    ] = None,
    search: Annotated[
        list[Path] | None,
        typer.Option("--search", metavar="DIR", help="A search's folder, in addition to RUN/optimize/; repeatable."),
    ] = None,
    n: Annotated[
        int | None,
        typer.Option(
            "-n",
            "--number",
            min=1,
            max=MOST_STRINGS,
            help="Number of samples to measure. [default: that of `grae evaluate`, or 1000]",
        ),
    ] = None,
    seed: Seed = 0,
    jobs: Jobs = -1,
    device: Device = "auto",
    as_json: AsJson = False,
) -> None:
    """Write an HTML report of a run: curves, samples, reconstructions, measures, a map of the latent space.

    The page is self-contained. It shows the measures of the largest `grae evaluate` of this model; without one, or with
    another -n, they are computed.
    """
    place = find_run(named(run, named_model), grammar)
    _check_strings(place)
    searches = _searches(place, search or [])
    from grae.evaluation import EvalRequest

    request = EvalRequest(n=n or SAMPLES, seed=seed, jobs=jobs, device=device)
    held = opened(place, request)
    evaluation = _evaluation(held, request, again=n is not None)
    from grae.report import ReportContext, write_report
    from grae.sequence.configuration import read_config
    from grae.training.metrics import read_metrics
    from grae.training.run_folder import RunFolder

    folder = RunFolder(place)
    context = ReportContext(
        name=place.resolve().name,
        model=held.model,
        config=read_config(folder),
        metrics=read_metrics(folder),
        training=[] if held.training is None else list(islice(held.training.read(), TRAINING)),
        held_out=held.held_out,
        evaluation=evaluation,
        searches=searches,
        seed=seed,
    )
    page = write_report(context, out or written_to(place) / folder.REPORT, progress=talks())
    size = page.stat().st_size
    if as_json:
        return emit({"run": place, "report": page, "bytes": size, "searches": [one.name for one in searches]})
    note(f"{size / 1e6:.1f} MB, self-contained")
    print(page)
    return None


def _check_strings(place: Path) -> None:
    """Checks that a run is on strings.

    Raises:
        RunError: the run is on images, or its configuration cannot be read.
    """
    from grae.training.run_folder import RunFolder

    folder = RunFolder(place)
    config = folder.read_json(folder.CONFIG)
    if isinstance(config, dict) and str(config.get("format")).startswith(IMAGES):
        raise RunError(
            f"{place} is a run of images; reports are for runs of strings",
            remedy=f"`grae images evaluate {place}` measures it, `grae images figure {place.parent}` draws it",
        )


def _searches(place: Path, others: list[Path]) -> "list[Search]":
    """The searches in a run folder, earliest first, then further ones."""
    from grae.optimization.folder import searches_of
    from grae.report import Search

    return [Search.read(folder) for folder in [*searches_of(place), *others]]


def _evaluation(held: "LoadedRun", request: "EvalRequest", *, again: bool) -> dict[str, Any]:
    """The measures of a run: the stored ones with the most samples, unless others are requested."""
    from grae.datasets.readers import file_checksum
    from grae.evaluation.results import largest_evaluation

    stored = largest_evaluation(
        written_to(held.place),
        model=file_checksum(held.place / MODEL_FILE),
        densities=file_checksum(held.place / "density.safetensors"),
        density=held.model.settings_.density,
        temperature=0.0,
        constraints=held.model.constraints_used(),
    )
    return measured(held, request, again=False) if stored is None or again else stored
