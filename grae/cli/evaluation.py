"""Loading and evaluation of a run with progress, for `grae evaluate`, `grae compare` and `grae report`."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from grae.cli.output import note, stages

if TYPE_CHECKING:
    from grae.evaluation import EvalRequest, LoadedRun


def opened(place: Path, request: "EvalRequest") -> "LoadedRun":
    """As `grae.evaluation.open_run`, with messages on stderr."""
    from grae.cli.strings import build
    from grae.evaluation.runs import open_run

    return open_run(place, request, build=build, tell=note)


def measured(run: "LoadedRun", request: "EvalRequest", *, again: bool = True) -> dict[str, Any]:
    """As `grae.evaluation.runs.measure`, with progress on stderr."""
    from grae.evaluation.runs import measure

    with stages(f"evaluating {run.place}") as work:
        return measure(run, request, again=again, work=work(request.seed, request.jobs))
