"""Evaluation requests, validated before torch is imported."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from grae.errors import MissingExtraError
from grae.evaluation.benchmark import Comparison
from grae.evaluation.chemnet import has_fcd
from grae.evaluation.measures import Wanted
from grae.evaluation.strings import Strings

if TYPE_CHECKING:
    from grae.grammar import Grammar
    from grae.sequence.constrained import Completion, Constraints

HELD_OUT = "the run's held-out strings"


@dataclass(frozen=True, slots=True)
class EvalRequest:
    """The settings of an evaluation.

    Attributes:
        n: number of samples.
        density: names of densities, separated by commas; None for the run's default.
        temperature: as in `GrammarAutoencoder.sample`.
        constraints: as in `GrammarAutoencoder.sample`.
        seed: seed of samples and intervals.
        reference: file or data set of reference molecules; None for the run's test set.
        scaffold_reference: file or data set of MOSES's second reference.
        train: file or data set, for novelty; None for the run's training set.
        fcd: whether to compute the Fréchet ChemNet distance; None to compute it if the extra is installed.
        measures: names of measures, as in `evaluate_samples`; None for all.
        jobs: number of processes, as in joblib.
        device: "auto", "cpu", "cuda" or "mps".
        completion: as in `GrammarAutoencoder.decodings`.
    """

    n: int = 1000
    density: str | None = None
    temperature: float = 0.0
    constraints: "Constraints | None" = None
    seed: int = 0
    reference: str | None = None
    scaffold_reference: str | None = None
    train: str | None = None
    fcd: bool | None = None
    measures: tuple[str, ...] | None = None
    jobs: int = -1
    device: str = "auto"
    completion: "Completion" = "forced"

    def check(self) -> None:
        """Checks that the measures exist and can be computed.

        Raises:
            MissingExtraError: the Fréchet ChemNet distance is requested, and the extra is not installed.
            SettingsError: there is no such measure.
        """
        Wanted.named(self.measures)
        if self.fcd and not has_fcd():
            raise MissingExtraError("fcd", "fcd")

    def sets(self, grammar: "Grammar") -> "Sets":
        """Opens the named sets as strings of a grammar.

        Raises:
            DataError: a set does not exist.
        """
        names = (self.train, self.reference, self.scaffold_reference)
        return Sets(*(None if name is None else strings_named(name, grammar) for name in names))


class Sets(NamedTuple):
    """The sets of strings that a request names, or None.

    Attributes:
        train: training set, for novelty.
        reference: reference molecules.
        scaffold_reference: MOSES's second reference.
    """

    train: Strings | None = None
    reference: Strings | None = None
    scaffold_reference: Strings | None = None


def comparison_of(request: EvalRequest, sets: Sets, held_out: "list[str] | tuple[()]" = ()) -> Comparison:
    """The references of samples: the named sets, else held-out strings."""
    from grae.training.device import resolve_device

    reference = sets.reference or (Strings.of_list(HELD_OUT, held_out) if held_out else None)
    device = str(resolve_device(request.device))  # pyright: ignore[reportArgumentType]
    return Comparison(reference, sets.scaffold_reference, request.fcd, device)


def strings_named(name: str, grammar: "Grammar") -> Strings:
    """Opens a file or data set as strings of a grammar.

    Raises:
        DataError: there is no such file or data set.
    """
    from grae.datasets import open_source

    return Strings.of_source(open_source(name, grammar=grammar))
