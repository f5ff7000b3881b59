"""Evaluations of files of any size, and parts of evaluations, for `grae evaluate`."""

from collections.abc import Iterable, Iterator
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from grae.cli.output import note, stages
from grae.cli.parts import job_of
from grae.errors import DataError
from grae.shards import Part, Shard

if TYPE_CHECKING:
    from grae.datasets import Source
    from grae.evaluation import Comparison, EvalRequest, LoadedRun, Strings
    from grae.grammar import Grammar


class Counted:
    """Counts samples as they are read.

    Attributes:
        n: number of samples so far.
        empty: number of empty samples so far.
    """

    def __init__(self, texts: Iterable[str]) -> None:
        self._texts = texts
        self.n = self.empty = 0

    def __iter__(self) -> Iterator[str]:
        for text in self._texts:
            self.n += 1
            self.empty += not text
            yield text

    def check(self, name: str) -> None:
        """Prints the number of empty samples. Raises DataError: there are no samples.

        Args:
            name: name of the file.
        """
        if not self.n:
            raise DataError(f"{name} holds no samples", remedy="give a file with one string per line")
        if self.empty:
            note(f"{self.empty:,} of {self.n:,} samples are empty strings, and are counted")


def _inputs(
    samples: str, column: str | None, delimiter: str | None, grammar: str, request: "EvalRequest"
) -> "tuple[Grammar, Source, Strings | None, Comparison]":
    """The grammar of a file's strings, the file, the training set, and the references."""
    from grae.datasets import open_source
    from grae.evaluation.request import comparison_of
    from grae.grammar import load_grammar

    language = load_grammar(grammar)
    sets = request.sets(language)
    opened = open_source(samples, column=column, delimiter=delimiter, grammar=language)
    return language, opened, sets.train, comparison_of(request, sets)  # imports torch


def file_evaluation(
    samples: str, column: str | None, delimiter: str | None, grammar: str, request: "EvalRequest"
) -> dict[str, Any]:
    """The evaluation of a file's strings, as JSON: all at once, or block by block if there are many.

    Args:
        samples: the file; - for stdin.
        column: column of strings in a table.
        delimiter: delimiter of a table.
        grammar: grammar of the strings.
        request: settings of the evaluation.

    Raises:
        GraeError: the strings, or a named set, cannot be read.
    """
    from grae.evaluation import evaluate_samples, large, planned
    from grae.evaluation.strings import sample_lines
    from grae.evaluation.tallied import evaluation_of

    language, opened, training, comparison = _inputs(samples, column, delimiter, grammar, request)
    with opened.open() as reading, stages(f"evaluating {samples}") as work:
        counted = Counted(sample_lines(reading))
        texts = iter(counted)
        first = list(islice(texts, planned.AT_ONCE + 1))
        given: dict[str, Any] = {
            "training": training,
            "comparison": comparison,
            "work": work(request.seed, request.jobs),
        }
        if len(first) <= planned.AT_ONCE:
            counted.check(samples)
            return evaluate_samples(language, first, measures=request.measures, **given).to_dict()
        blocks = large.as_blocks(Shard().blocks(chain(first, texts), large.BLOCK))
        plan = _plan(language, request, comparison, training)
        with large.tallied(language, blocks, plan, fraction=lambda _: reading.fraction, **given) as tally:
            counted.check(samples)
            return evaluation_of(tally, language.language.valid_means).to_dict()


def file_part(
    samples: str,
    column: str | None,
    delimiter: str | None,
    grammar: str,
    request: "EvalRequest",
    shard: Shard,
    out: str,
) -> int:
    """Measures a shard of a file's strings and writes the part; returns the number of samples in it.

    Args:
        samples: the file; - for stdin.
        column: column of strings in a table.
        delimiter: delimiter of a table.
        grammar: grammar of the strings.
        request: settings of the evaluation.
        shard: the shard.
        out: file of the part.

    Raises:
        GraeError: the strings, or a named set, cannot be read, or the part cannot be written.
    """
    from grae.evaluation import large
    from grae.evaluation.strings import sample_lines
    from grae.version import __version__

    language, opened, training, comparison = _inputs(samples, column, delimiter, grammar, request)
    with opened.open() as reading, stages(f"evaluating {samples}, part {shard}") as work:
        counted = Counted(sample_lines(reading))
        blocks = large.as_blocks(shard.blocks(counted, large.BLOCK))
        plan = _plan(language, request, comparison, training)
        with large.tallied(
            language,
            blocks,
            plan,
            training=training,
            comparison=comparison,
            work=work(request.seed, request.jobs),
            fraction=lambda _: reading.fraction,
        ) as tally:
            counted.check(samples)
            job = {
                "grae": __version__,
                "grammar": language.fingerprint,
                "input": {"sha256": opened.checksum, **opened.settings},
                "plan": plan.to_dict(),
                "sets": _keys(comparison, training),
                "block": large.BLOCK,
            }
            about = {**large.about_part(tally, language.language.valid_means), "title": {"samples": samples}}
            Part(Path(out), "evaluate", shard, job, about).write(tally.arrays() | tally.known.arrays())
            return tally.counts["n"]


def run_part(run: "LoadedRun", request: "EvalRequest", shard: Shard, out: str) -> int:
    """Measures a shard of a run's samples and writes the part; returns the number of samples in it.

    The first part also measures the reconstruction of the held-out strings.

    Args:
        run: the run, loaded for the request.
        request: settings of the evaluation.
        shard: the shard.
        out: file of the part.

    Raises:
        GraeError: a named set cannot be read, or the part cannot be written.
    """
    from grae.density.blocks import BLOCK
    from grae.evaluation.large import about_part
    from grae.evaluation.large_runs import run_reconstruction, run_tally
    from grae.evaluation.runs import run_comparison, run_settings

    comparison = run_comparison(run, request)
    language = run.model.language_grammar_.language
    with (
        stages(f"evaluating {run.place}, part {shard}") as work,
        run_tally(run, request, comparison, work=work(request.seed, request.jobs), shard=shard) as tally,
    ):
        back = run_reconstruction(run, request, work(request.seed, request.jobs)) if shard.index == 1 else None
        job = {
            **job_of(run.place),
            **run_settings(run, request, comparison),
            "plan": tally.plan.to_dict(),
            "sets": _keys(comparison, run.training),
            "block": BLOCK,
        }
        about = {**about_part(tally, language.valid_means, back), "title": {"run": str(run.place)}}
        Part(Path(out), "evaluate", shard, job, about).write(tally.arrays() | tally.known.arrays())
        return tally.counts["n"]


def _plan(language: Any, request: "EvalRequest", comparison: "Comparison", training: "Strings | None") -> Any:
    from grae.evaluation.measures import Wanted
    from grae.evaluation.planned import Plan

    return Plan.of(language, Wanted.named(request.measures), comparison, training=training is not None)


def _keys(comparison: "Comparison", training: "Strings | None") -> dict[str, str | None]:
    """The checksums of the training set and the references."""
    sets = {
        "training": training,
        "reference": comparison.reference,
        "scaffold reference": comparison.scaffold_reference,
    }
    return {name: None if strings is None else strings.key for name, strings in sets.items()}
