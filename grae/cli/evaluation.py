"""What `grae evaluate`, `grae compare` and `grae report` share: a run opened and measured, with its progress shown."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from grae.cli.output import note, stages

if TYPE_CHECKING:
    from grae.evaluation import EvalRequest, LoadedRun


def opened(place: Path, request: "EvalRequest") -> "LoadedRun":
    """A run with its strings, as `grae.evaluation.open_run` gives it; what is missing is said on stderr."""
    from grae.cli.strings import build
    from grae.evaluation.runs import open_run

    return open_run(place, request, build=build, tell=note)


def measured(run: "LoadedRun", request: "EvalRequest", *, again: bool = True) -> dict[str, Any]:
    """What an evaluation of a run found, as `grae.evaluation.evaluate_run` returns it."""
    from grae.evaluation.runs import measure

    with stages(f"evaluating {run.place}") as work:
        return measure(run, request, again=again, work=work(request.seed, request.jobs))
