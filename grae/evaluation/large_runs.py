"""Evaluation of more samples of a run than fit in memory, or of one shard of them."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from grae.density import blocks as of_density
from grae.evaluation.benchmark import Comparison
from grae.evaluation.large import tallied
from grae.evaluation.measures import Wanted
from grae.evaluation.planned import Plan
from grae.evaluation.reconstruction import Reconstruction, reconstruction
from grae.evaluation.request import EvalRequest
from grae.evaluation.sampling import drawn_blocks
from grae.evaluation.tally import Tally
from grae.evaluation.work import Work
from grae.shards import Shard

if TYPE_CHECKING:
    from grae.evaluation.runs import LoadedRun


@contextmanager
def run_tally(
    run: "LoadedRun", request: EvalRequest, comparison: Comparison, *, work: Work, shard: Shard | None = None
) -> Iterator[Tally]:
    """The statistics of a run's samples, or of a shard of them (`grae.evaluation.large.tallied`).

    Args:
        run: the run, loaded for the request.
        request: settings of the evaluation.
        comparison: references for molecules.
        work: worker count and progress callback.
        shard: which samples to draw; None for all.
    """
    grammar = run.model.language_grammar_
    from grae.sequence.decoding import Decoding

    decoding = Decoding(request.temperature, request.seed, request.constraints, request.completion)
    blocks = drawn_blocks(run.model, request.n, decoding, request.density, shard)
    plan = run_plan(run, request, comparison)
    n_blocks = -(-request.n // of_density.BLOCK)
    with tallied(
        grammar,
        blocks,
        plan,
        training=run.training,
        comparison=comparison,
        work=work,
        fraction=lambda number: (number + 1) / n_blocks,
    ) as tally:
        yield tally


def run_plan(run: "LoadedRun", request: EvalRequest, comparison: Comparison) -> Plan:
    """The measures of a run's samples that can be accumulated over blocks."""
    forced = request.completion == "forced"
    return Plan.of(
        run.model.language_grammar_,
        Wanted.named(request.measures),
        comparison,
        training=run.training is not None,
        completion=request.completion,
        semantic=forced and run.model.constraints_used(request.constraints) == "semantic",
    )


def run_reconstruction(run: "LoadedRun", request: EvalRequest, work: Work) -> Reconstruction:
    """The reconstruction of a run's held-out strings."""
    return reconstruction(
        run.model,
        run.held_out,
        constraints=request.constraints,
        completion=request.completion,
        measures=request.measures,
        work=work,
    )
