"""Evaluation of samples, from a file or a trained model, and of the reconstruction of held-out strings."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from textwrap import fill
from typing import TYPE_CHECKING

from grae.errors import SettingsError
from grae.evaluation.benchmark import NONE_VALID, Benchmarked, Comparison, benchmark
from grae.evaluation.cache import canonical_forms
from grae.evaluation.causes import causes
from grae.evaluation.measurements import Measurement, measurement_of
from grae.evaluation.measures import NOT_REQUESTED, Wanted
from grae.evaluation.metrics import Share, complete, in_language, novel, unique, unique_at, valid
from grae.evaluation.reconstruction import reconstruction
from grae.evaluation.sampling import drawn
from grae.evaluation.strings import Strings
from grae.evaluation.work import Work

if TYPE_CHECKING:
    from grae.grammar import Grammar
    from grae.sequence import GrammarAutoencoder
    from grae.sequence.constrained import Completion, Constraints

FIRST = (1_000, 10_000)  # unique@k


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The results of an evaluation.

    Attributes:
        samples: strings; None for an incomplete one. Empty if they were evaluated block by block.
        figures: measures by name (`MEASURES`); None, or a share of an empty sample, where a measure is undefined.
        causes: number of samples that each cause makes invalid, when decoded under the grammar alone.
        left_out: measures of the language without a value, and why: undefined or not computed.
        caveats: caveats of comparing a measure with published values.
        references: name and number of molecules of each reference, by MOSES's name for it.
        valid_means: the definition of validity in this language, in words.
        n: number of samples.
    """

    samples: tuple[str | None, ...]
    figures: dict[str, Measurement | None]
    causes: dict[str, Share]
    left_out: dict[str, str]
    caveats: dict[str, str]
    references: dict[str, tuple[str, int]]
    valid_means: str
    n: int

    def __repr__(self) -> str:
        """The measures with a value, on a few lines."""
        values = {name: figure.value for name, figure in self.figures.items() if figure is not None}
        taken = [f"{name} {value:.4g}" for name, value in values.items() if value is not None]
        return fill(f"Evaluation({self.n:,} samples: {', '.join(taken)})", 100, subsequent_indent="    ")

    def to_dict(self) -> dict[str, object]:
        """The results as JSON: measures by name, null where undefined, with sample sizes and intervals."""
        taken = {name: figure for name, figure in self.figures.items() if figure is not None}
        return {
            "n": self.n,
            **{name: None if figure is None else figure.value for name, figure in self.figures.items()},
            **dict.fromkeys(self.left_out),
            "counts": {name: figure.counts for name, figure in taken.items()},
            "intervals": {name: None if f.interval is None else list(f.interval) for name, f in taken.items()},
            "invalid": {cause: {"count": share.count, "of": share.of} for cause, share in self.causes.items()},
            "references": {test: {"name": name, "n": n} for test, (name, n) in self.references.items()},
            "left_out": dict(self.left_out),
            "caveats": dict(self.caveats),
            "valid_means": self.valid_means,
        }


def evaluate_samples(
    grammar: "Grammar",
    samples: Sequence[str | None],
    *,
    without: Sequence[str] | None = None,
    training: Strings | None = None,
    comparison: Comparison | None = None,
    measures: Collection[str] | None = None,
    work: Work | None = None,
) -> Evaluation:
    """Evaluates samples.

    Args:
        grammar: grammar of the samples; its language defines validity and further measures.
        samples: strings, in the order in which they were drawn; None for an incomplete one, which is invalid.
        without: the samples decoded from the same codes under the grammar alone, where `samples` were decoded under
            semantic constraints: for raw validity and the causes of invalidity.
        training: training strings, for novelty.
        comparison: references for molecules.
        measures: names of the measures to compute (`MEASURES`; "FCD" for FCD/Test and FCD/TestSF); None for all.
        work: seed, worker count and progress callback.

    Raises:
        SettingsError: there is no such measure.
        DataError: a reference contains no molecule, or cannot be read.
        MissingExtraError: the Fréchet ChemNet distance is requested, and the extra is not installed.
        RunError: the cache cannot be read or written.
    """
    work = work or Work()
    wanted = Wanted.named(measures)
    work.begin("canonical forms")
    forms = grammar.canonical(samples, n_jobs=work.n_jobs)
    figures, left_out = counted(grammar, samples, forms, training, wanted, work)
    samples_left, forms_left = samples, forms
    if without is not None and "valid_without_constraints" in wanted:
        samples_left, forms_left = without, grammar.canonical(without, n_jobs=work.n_jobs)
        figures["valid_without_constraints"] = measurement_of(valid(forms_left))
    elif without is not None:
        left_out["valid_without_constraints"] = NOT_REQUESTED
    benchmarked = Benchmarked()
    if grammar.language.is_molecular:
        benchmarked = benchmark(samples, forms, grammar, comparison or Comparison(), wanted, work)
    work.begin("causes of invalidity")
    return Evaluation(
        samples=tuple(samples),
        figures=figures | benchmarked.figures,
        causes=causes(grammar, samples_left, forms_left, n_jobs=work.n_jobs),
        left_out=left_out | benchmarked.left_out,
        caveats=benchmarked.caveats,
        references=benchmarked.references,
        valid_means=grammar.language.valid_means,
        n=len(samples),
    )


def evaluate(
    model: "GrammarAutoencoder",
    *,
    training: Strings | None = None,
    held_out: Sequence[str] | None = None,
    comparison: Comparison | None = None,
    n: int = 1000,
    density: str | None = None,
    temperature: float = 0.0,
    constraints: "Constraints | None" = None,
    completion: "Completion" = "forced",
    measures: Collection[str] | None = None,
    work: Work | None = None,
) -> Evaluation:
    """Samples from a model, evaluates the samples, and reconstructs held-out strings.

    Args:
        model: a fitted model.
        training: training strings, for novelty.
        held_out: strings that the model was not trained on, for reconstruction accuracy. They are converted to the form
            that the model learned (`Settings.form`) and compared in it, so that the spelling of molecules does not
            matter.
        comparison: references for molecules.
        n: number of samples.
        density: density to sample from; None for the model's default.
        temperature: as in `GrammarAutoencoder.sample`.
        constraints: as in `GrammarAutoencoder.sample`, for samples and reconstructions.
        completion: as in `GrammarAutoencoder.decodings`; "none" also measures "complete".
        measures: as in `evaluate_samples`.
        work: seed (also of the samples), worker count and progress callback.

    Raises:
        SettingsError, DataError, MissingExtraError, RunError: as `evaluate_samples`.
    """
    if not hasattr(model, "sampled_density"):
        raise SettingsError(
            f"model is a {type(model).__name__}, not a fitted GrammarAutoencoder",
            remedy="give the model; `evaluate_samples(grammar, strings)` measures strings",
        )
    work, wanted = work or Work(), Wanted.named(measures)
    work.begin("sampling")
    from grae.sequence.decoding import Decoding

    samples = drawn(model, n, Decoding(temperature, work.seed, constraints, completion), density)
    evaluation = evaluate_samples(
        model.language_grammar_,
        samples.texts,
        without=samples.without,
        training=training,
        comparison=comparison,
        measures=measures,
        work=work,
    )
    if completion == "none" and "complete" in wanted:
        evaluation = replace(
            evaluation, figures={"complete": measurement_of(complete(samples.texts)), **evaluation.figures}
        )
    back = reconstruction(model, held_out, constraints=constraints, completion=completion, measures=measures, work=work)
    return replace(evaluation, figures=evaluation.figures | back.figures, left_out=evaluation.left_out | back.left_out)


def counted(
    grammar: "Grammar",
    samples: Sequence[str | None],
    forms: Sequence[str | None],
    training: Strings | None,
    wanted: Wanted,
    work: Work,
) -> tuple[dict[str, Measurement | None], dict[str, str]]:
    """The measures defined for every language, and why some of them have no value.

    Args:
        grammar: grammar of the samples.
        samples: strings; None for an incomplete one.
        forms: canonical form of each, None for invalid ones.
        training: training strings.
        wanted: measures to compute.
        work: seed, worker count and progress callback.
    """
    left_out: dict[str, str] = {}
    figures: dict[str, Measurement | None] = {}
    n_valid = sum(form is not None for form in forms)
    at = {f"unique@{k}": k for k in FIRST} if grammar.language.is_molecular else {}
    for name in wanted.of(("in_language", "valid", "unique", *at, "novel"), left_out):
        match name:
            case "in_language":
                figures[name] = measurement_of(in_language(grammar, samples))
            case "valid":
                figures[name] = measurement_of(valid(forms))
            case "novel" if training is None:
                left_out[name] = "no training set was given"
            case "unique" | "novel" if not n_valid:
                figures[name], left_out[name] = measurement_of(Share(0, 0)), NONE_VALID
            case "unique":
                figures[name] = measurement_of(unique(forms))
            case "novel" if training is not None:
                figures[name] = measurement_of(novel(forms, canonical_forms(grammar, training, work)))
            case _ if n_valid < at[name]:
                left_out[name] = f"it needs {at[name]:,} valid samples; there are {n_valid:,}"
            case _:
                figures[name] = measurement_of(unique_at(forms, at[name]))
    return figures, left_out
