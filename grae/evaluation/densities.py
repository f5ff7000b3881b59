"""Comparison of the densities of one model: log-likelihood of held-out codes, and quality of samples.

A decoder is trained on the codes of the training strings; where a density puts its mass elsewhere, it has to decode
codes unlike any it was trained on (Ghosh et al. 2020, section 4). The log-likelihood of the codes of held-out strings
measures how well a density fits the codes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from grae.density.densities import ALL, names_in
from grae.errors import SettingsError
from grae.evaluation.evaluate import counted
from grae.evaluation.measurements import Measurement, measurement_of
from grae.evaluation.measures import Wanted
from grae.evaluation.metrics import Estimate, complete, valid
from grae.evaluation.resampling import interval_of_mean
from grae.evaluation.sampling import drawn
from grae.evaluation.strings import Strings
from grae.evaluation.work import Work

if TYPE_CHECKING:
    from grae.sequence import GrammarAutoencoder
    from grae.sequence.constrained import Completion, Constraints

LIKELIHOODS = ("log_likelihood", "log_likelihood_per_dimension")


@dataclass(frozen=True, slots=True)
class DensityEvaluation:
    """The evaluation of a density.

    Attributes:
        n: number of samples.
        figures: measures by name (`MEASURES`).
        left_out: measures without a value, and why.
    """

    n: int
    figures: dict[str, Measurement | None]
    left_out: dict[str, str]

    def to_dict(self) -> dict[str, object]:
        """The evaluation as JSON: measures by name, with sample sizes and intervals."""
        taken = {name: figure for name, figure in self.figures.items() if figure is not None}
        return {
            "n": self.n,
            **{name: None if figure is None else figure.value for name, figure in self.figures.items()},
            **dict.fromkeys(self.left_out),
            "counts": {name: figure.counts for name, figure in taken.items()},
            "intervals": {name: None if f.interval is None else list(f.interval) for name, f in taken.items()},
            "left_out": dict(self.left_out),
        }


def densities_named(model: "GrammarAutoencoder", names: str) -> list[str]:
    """The densities named in a comma-separated list, or all fitted ones.

    Raises:
        SettingsError: a density is not fitted.
    """
    fitted = list(model.densities_)
    if names == ALL:
        return fitted
    requested = names_in(names)
    for name in requested:
        if name not in fitted:
            raise SettingsError(
                f"no density {name!r} is fitted in this run; there are: {', '.join(fitted)}",
                remedy=f"name some of these, or {ALL!r}; train with --density to fit another",
            )
    return requested


def evaluate_densities(
    model: "GrammarAutoencoder",
    names: Sequence[str],
    *,
    training: Strings | None = None,
    held_out: Sequence[str] | None = None,
    n: int = 1000,
    temperature: float = 0.0,
    constraints: "Constraints | None" = None,
    completion: "Completion" = "forced",
    work: Work | None = None,
) -> dict[str, DensityEvaluation]:
    """Samples from each density with the same seed, and computes the log-likelihood of held-out codes under it.

    Args:
        model: a fitted model.
        names: names of fitted densities.
        training: training strings, for novelty.
        held_out: strings that the model was not trained on; their codes are computed without noise.
        n: number of samples per density.
        temperature: as in `GrammarAutoencoder.sample`.
        constraints: as in `GrammarAutoencoder.sample`.
        completion: as in `GrammarAutoencoder.decodings`; "none" also measures "complete".
        work: seed (also of the samples), worker count and progress callback.

    Raises:
        SettingsError: a density is not fitted.
    """
    work = work or Work()
    grammar = model.language_grammar_
    codes = model.transform(held_out) if held_out else None
    from grae.sequence.decoding import Decoding

    decoding = Decoding(temperature, work.seed, constraints, completion)
    evaluations = {}
    for name in names:
        density = model.density_named(name)
        done = work.begin(f"samples of {name}")
        samples = drawn(model, n, decoding, name)
        forms = grammar.canonical(samples.texts, n_jobs=work.n_jobs)
        figures, left_out = counted(grammar, samples.texts, forms, training, Wanted(), work)
        if completion == "none":
            figures["complete"] = measurement_of(complete(samples.texts))
        if samples.without is not None:
            share = valid(grammar.canonical(samples.without, n_jobs=work.n_jobs))
            figures["valid_without_constraints"] = measurement_of(share)
        if codes is None:
            left_out |= dict.fromkeys(LIKELIHOODS, "there are no held-out strings")
        else:
            values = density.log_prob(codes)
            for measure, scaled in zip(LIKELIHOODS, (values, values / codes.shape[1]), strict=True):
                estimate = Estimate(float(scaled.mean()), len(scaled))
                figures[measure] = Measurement(estimate, interval_of_mean(scaled, work.seed))
        evaluations[name] = DensityEvaluation(n, figures, left_out)
        done(1.0)
    return evaluations
