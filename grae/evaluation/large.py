"""Evaluation of more samples than fit in memory, or of one shard of them."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from grae.errors import DataError
from grae.evaluation.benchmark import Comparison
from grae.evaluation.cache import canonical_forms
from grae.evaluation.chemnet import ChemNet
from grae.evaluation.evaluate import Evaluation
from grae.evaluation.measurements import Measurement
from grae.evaluation.metrics import Estimate, Share
from grae.evaluation.planned import Known, Plan
from grae.evaluation.reconstruction import Reconstruction
from grae.evaluation.sampling import Samples
from grae.evaluation.strings import Strings
from grae.evaluation.tallied import evaluation_of
from grae.evaluation.tally import Tally
from grae.evaluation.work import Work
from grae.shards import Part

if TYPE_CHECKING:
    from grae.grammar import Grammar

BLOCK = 32_768  # strings of a file evaluated at a time


@contextmanager
def tallied(
    grammar: "Grammar",
    blocks: Iterable[tuple[int, Samples]],
    plan: Plan,
    *,
    training: Strings | None = None,
    comparison: Comparison | None = None,
    work: Work | None = None,
    fraction: Callable[[int], float] | None = None,
) -> Iterator[Tally]:
    """The statistics of samples, block by block; temporary files are removed when the context ends.

    Args:
        grammar: grammar of the samples.
        blocks: blocks of samples, each with its number in the whole job.
        plan: the measures.
        training: training strings, for novelty.
        comparison: references for molecules.
        work: worker count and progress callback.
        fraction: maps the number of a block to the fraction of the job that is done after it.

    Raises:
        DataError, MissingExtraError, RunError: as `evaluate_samples`.
    """
    work, comparison = work or Work(), comparison or Comparison()
    chemnet = ChemNet(comparison.device) if plan.takes_fcd else None
    known = Known.of(plan, grammar, comparison, chemnet, work)
    quiet = replace(work, progress=None)
    with Tally(plan, known) as tally:
        done = work.begin("measuring the samples")
        for number, samples in blocks:
            tally.add(grammar, number, samples, chemnet, quiet)
            done(0.0 if fraction is None else fraction(number))
        if training is not None and "novel" in plan:
            tally.compare(canonical_forms(grammar, training, work))
        yield tally


def as_blocks(texts: Iterable[tuple[int, list[str]]]) -> Iterator[tuple[int, Samples]]:
    """Blocks of strings (`Shard.blocks`) as samples."""
    return ((number, Samples(block, None)) for number, block in texts)


def about_part(tally: Tally, valid_means: str, back: Reconstruction | None = None) -> dict[str, Any]:
    """The metadata of a part of an evaluation, stored with its arrays as JSON.

    Args:
        tally: statistics of the part's samples.
        valid_means: as in `Evaluation`.
        back: the reconstruction of held-out strings, which only one part measures.
    """
    figures = None
    if back is not None:
        taken = {name: figure for name, figure in back.figures.items() if figure is not None}
        figures = {
            "figures": {name: {**f.counts, "value": f.value, "interval": f.interval} for name, f in taken.items()},
            "left_out": back.left_out,
        }
    return {**tally.about(), "known": tally.known.about(), "valid_means": valid_means, "reconstruction": figures}


def merged(parts: Sequence[Part]) -> Evaluation:
    """The evaluation of a whole job from its parts, in the order of their shards.

    Raises:
        RunError, DataError: a part is damaged, or no part holds a sample.
    """
    first = parts[0]
    held: Mapping[str, Any] = first.job["plan"]
    plan = Plan(tuple(held["measures"]), dict(held["left_out"]))
    with Tally(plan, Known.of_part(first)) as tally:
        for part in parts:
            tally.add_part(part)
        if not tally.counts["n"]:
            raise DataError("the parts hold no samples", remedy="give a file with one string per line")
        evaluation = evaluation_of(tally, first.about["valid_means"])
    return with_reconstruction(evaluation, _reconstruction(first.about["reconstruction"]))


def with_reconstruction(evaluation: Evaluation, back: Reconstruction | None) -> Evaluation:
    """Adds the reconstruction of held-out strings, if any, to an evaluation of samples."""
    if back is None:
        return evaluation
    return replace(evaluation, figures=evaluation.figures | back.figures, left_out=evaluation.left_out | back.left_out)


def _reconstruction(held: Mapping[str, Any] | None) -> Reconstruction | None:
    if held is None:
        return None
    figures: dict[str, Measurement | None] = {}
    for name, figure in held["figures"].items():
        interval = None if figure["interval"] is None else tuple(figure["interval"])
        share = "count" in figure
        measure = Share(figure["count"], figure["of"]) if share else Estimate(figure["value"], figure["of"])
        figures[name] = Measurement(measure, interval)
    return Reconstruction(figures, held["left_out"])
