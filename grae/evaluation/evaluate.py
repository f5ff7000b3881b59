"""Samples measured, from a file or from a trained model; and the held-out strings that come back from their codes."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from grae.evaluation.benchmark import Benchmarked, Comparison, benchmark
from grae.evaluation.causes import causes
from grae.evaluation.figures import Figure
from grae.evaluation.kept import canonical_forms
from grae.evaluation.meaning import Meaning, meaning_of
from grae.evaluation.metrics import Share, complete, exact, in_language, novel, unique, unique_at, valid
from grae.evaluation.resampling import Halves, halves_of, interval_of_halves, interval_of_share
from grae.evaluation.sampling import drawn
from grae.evaluation.steps import right_steps
from grae.evaluation.strings import Strings
from grae.evaluation.work import Work

if TYPE_CHECKING:
    from grae.grammar import Grammar
    from grae.sequence import GrammarAutoencoder
    from grae.sequence.constrained import Completion, Constraints

FIRST = (1_000, 10_000)  # unique@k


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What was measured.

    Attributes:
        samples: the strings; None for an incomplete one.
        figures: by name (`MEASURES`); None where a measure is undefined.
        causes: of all samples, those that each cause makes invalid; decoded without constraints beyond the grammar.
        left_out: the language's other measures, and why they were not taken.
        references: the sets compared with, by MOSES's name for them: what they are called, how many molecules count.
        valid_means: what validity is in this language, in words.
    """

    samples: tuple[str | None, ...]
    figures: dict[str, Figure | None]
    causes: dict[str, Share]
    left_out: dict[str, str]
    references: dict[str, tuple[str, int]]
    valid_means: str

    def to_dict(self) -> dict[str, object]:
        """As JSON holds it: each measure by its name, null where there is none, and what belongs to them beside."""
        taken = {name: figure for name, figure in self.figures.items() if figure is not None}
        return {
            "n": len(self.samples),
            **{name: None if figure is None else figure.value for name, figure in self.figures.items()},
            **dict.fromkeys(self.left_out),
            "counts": {name: figure.counts for name, figure in taken.items()},
            "intervals": {name: None if f.interval is None else list(f.interval) for name, f in taken.items()},
            "invalid": {cause: {"count": share.count, "of": share.of} for cause, share in self.causes.items()},
            "references": {test: {"name": name, "n": n} for test, (name, n) in self.references.items()},
            "left_out": dict(self.left_out),
            "valid_means": self.valid_means,
        }


def evaluate_samples(
    grammar: "Grammar",
    samples: Sequence[str | None],
    *,
    without: Sequence[str] | None = None,
    training: Strings | None = None,
    comparison: Comparison | None = None,
    work: Work | None = None,
) -> Evaluation:
    """Measures strings.

    Args:
        grammar: of their language; what it says of the language decides what validity is and what else is measured.
        samples: the strings, in the order in which they were drawn; None for an incomplete one, which is invalid.
        without: what they would have been under the grammar's rules alone, where a decoder kept more; the causes of
            invalidity are then theirs.
        training: what the model was trained on, for novelty.
        comparison: of molecules: what to compare with.
        work: how to measure.

    Raises:
        DataError: a reference holds no molecule, or cannot be read.
        MissingExtraError: the Fréchet ChemNet distance is asked for, and the extra is not installed.
        RunError: the cache cannot be read or written.
    """
    work = work or Work()
    meaning = meaning_of(grammar)
    work.begin("canonical forms")
    forms = meaning.canonical(samples, n_jobs=work.n_jobs)
    figures, left_out = counted(grammar, meaning, samples, forms, training, work)
    if without is not None:
        samples_left, forms_left = without, meaning.canonical(without, n_jobs=work.n_jobs)
        figures["valid_without_constraints"] = figure_of(valid(forms_left))
    else:
        samples_left, forms_left = samples, forms
    found = Benchmarked()
    if meaning.name == "molecules":
        found = benchmark(samples, forms, meaning, comparison or Comparison(), work)
    work.begin("causes of invalidity")
    return Evaluation(
        samples=tuple(samples),
        figures=figures | found.figures,
        causes=causes(grammar, meaning, samples_left, forms_left, n_jobs=work.n_jobs),
        left_out=left_out | found.left_out,
        references=found.references,
        valid_means=meaning.valid_means,
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
    work: Work | None = None,
) -> Evaluation:
    """Samples from a model, measures the samples, and reconstructs held-out strings.

    Args:
        model: a fitted model.
        training: the strings that it was trained on, for novelty.
        held_out: strings that it was not trained on, for reconstruction.
        comparison: of molecules: what to compare with.
        n: how many strings to sample.
        density: the density to sample from; None for the model's own.
        temperature: of the decoder; 0 takes the most probable production at each step.
        constraints: of the decoder, as `GrammarAutoencoder.sample` takes them, for samples and reconstructions.
        completion: of the decoder, as `GrammarAutoencoder.decodings` takes it; "none" also measures "complete".
        work: how to measure; its seed is that of the samples too.

    Raises:
        as `evaluate_samples`.
    """
    work = work or Work()
    work.begin("sampling")
    given: dict[str, Any] = {"temperature": temperature, "constraints": constraints, "completion": completion}
    samples = drawn(model, n, density=density, seed=work.seed, **given)
    found = evaluate_samples(
        model.language_grammar_,
        samples.texts,
        without=samples.without,
        training=training,
        comparison=comparison,
        work=work,
    )
    if completion == "none":
        found = replace(found, figures={"complete": figure_of(complete(samples.texts)), **found.figures})
    if not held_out:
        why = dict.fromkeys(("exact_reconstruction", "step_accuracy"), "there are no held-out strings")
        return replace(found, left_out=found.left_out | why)
    work.begin("reconstructing held-out strings")
    back = {
        "exact_reconstruction": figure_of(exact(held_out, reconstructed(model, held_out, constraints, completion))),
        "step_accuracy": step_accuracy(model, held_out, work.seed),
    }
    return replace(found, figures=found.figures | back)


def reconstructed(
    model: "GrammarAutoencoder", texts: Sequence[str], constraints: "Constraints | None", completion: "Completion"
) -> Sequence[str | None]:
    """What comes back of strings from their codes, decoded greedily; None for an incomplete string."""
    if completion == "forced":
        return model.reconstruct(texts, constraints=constraints)
    back = model.decodings(model.transform(texts), 1, temperature=0.0, constraints=constraints, raw=True)
    return [text for (text,) in back]


def counted(
    grammar: "Grammar",
    meaning: Meaning,
    samples: Sequence[str | None],
    forms: Sequence[str | None],
    training: Strings | None,
    work: Work,
) -> tuple[dict[str, Figure | None], dict[str, str]]:
    """The measures that every language has, and those left out with the reason.

    Args:
        grammar: of the language.
        meaning: of its strings.
        samples: the strings; None for an incomplete one.
        forms: the canonical form of each, None for the invalid.
        training: what the model was trained on.
        work: how to measure.
    """
    figures: dict[str, Figure | None] = {
        "in_language": figure_of(in_language(grammar, samples)),
        "valid": figure_of(valid(forms)),
        "unique": _distinct(forms, unique(forms), work.seed),
    }
    if meaning.name == "molecules":
        figures |= {f"unique@{k}": _distinct(forms, unique_at(forms, k), work.seed) for k in FIRST}
    if training is None:
        return figures, {"novel": "no training set was given"}
    work.begin("comparing with the training set")
    figures["novel"] = figure_of(novel(forms, canonical_forms(meaning, training, n_jobs=work.n_jobs)))
    return figures, {}


def step_accuracy(model: "GrammarAutoencoder", texts: Sequence[str], seed: int) -> Figure:
    """The share of right steps of strings (`right_steps`), at least one; its interval resamples strings, not steps."""
    right, steps = right_steps(model, texts)

    def again(halves: Halves) -> np.ndarray:
        chosen = halves.chosen[:, halves.group].astype(np.float64)  # B n
        return chosen @ right / (chosen @ steps)

    share = Share(int(right.sum()), int(steps.sum()))
    return Figure(share, interval_of_halves(share.count / share.of, halves_of(len(texts), seed), again, most=1))


def figure_of(share: Share) -> Figure:
    """A share of strings that have a property or have it not, with its interval."""
    return Figure(share, interval_of_share(share.count, share.of))


def _distinct(forms: Sequence[str | None], share: Share, seed: int) -> Figure:
    """The share of distinct strings among the first `share.of` valid ones, with its interval."""
    halves = halves_of(share.of, seed)
    if halves is None:
        return Figure(share, None)
    number: dict[str, int] = {}
    first = [form for form in forms if form is not None][: share.of]
    numbers = np.array([number.setdefault(form, len(number)) for form in first])

    def again(halves: Halves) -> np.ndarray:
        found = [len(np.unique(numbers[half[halves.group]])) for half in halves.chosen]
        return np.array(found) / halves.sizes

    return Figure(share, interval_of_halves(share.count / share.of, halves, again, most=1))
