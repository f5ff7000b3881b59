"""What an evaluation of a run measures, and what it compares with; checked before torch is loaded."""

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

ALL = "all"
HELD_OUT = "the run's held-out strings"


@dataclass(frozen=True, slots=True)
class EvalRequest:
    """What is asked of an evaluation.

    Attributes:
        n: how many strings to sample.
        density: a name; None for the run's own.
        temperature: of the decoder.
        constraints: of the decoder; None for the run's own.
        seed: of samples and intervals.
        reference: of molecules, a file or data set; None for the run's held-out strings.
        scaffold_reference: a file or data set.
        train: a file or data set; None for the run's training set.
        fcd: whether to take the Fréchet ChemNet distance; None for where the extra is installed.
        measures: names of those to take, as `evaluate_samples` takes them; None for all.
        jobs: processes, as joblib counts them.
        device: where to compute.
        completion: of the decoder.
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
        """Makes sure, before anything is computed, that what is asked for can be computed.

        Raises:
            MissingExtraError: the Fréchet ChemNet distance is asked for, and the extra is not installed.
            SettingsError: there is no such measure.
        """
        Wanted.named(self.measures)
        if self.fcd and not has_fcd():
            raise MissingExtraError("fcd", "fcd")

    def sets(self, grammar: "Grammar") -> "Sets":
        """The sets of strings that are named, opened as strings of a grammar.

        Raises:
            DataError: one is not there.
        """
        names = (self.train, self.reference, self.scaffold_reference)
        return Sets(*(None if name is None else strings_named(name, grammar) for name in names))


class Sets(NamedTuple):
    """Sets of strings that a request names; None where it names none.

    Attributes:
        train: what novel strings are new against.
        reference: of molecules.
        scaffold_reference: of molecules.
    """

    train: Strings | None = None
    reference: Strings | None = None
    scaffold_reference: Strings | None = None


def comparison_of(request: EvalRequest, sets: Sets, held_out: "list[str] | tuple[()]" = ()) -> Comparison:
    """What samples are compared with: the sets that are named, else held-out strings."""
    from grae.training.device import resolve_device

    reference = sets.reference or (Strings.of_list(HELD_OUT, held_out) if held_out else None)
    device = str(resolve_device(request.device))  # pyright: ignore[reportArgumentType]
    return Comparison(reference, sets.scaffold_reference, request.fcd, device)


def strings_named(name: str, grammar: "Grammar") -> Strings:
    """The strings of a file or a named data set, which are of a grammar's language.

    Raises:
        DataError: there is none of that name.
    """
    from grae.datasets import open_source

    return Strings.of_source(open_source(name, grammar=grammar))


def names_in(densities: str | None) -> list[str]:
    """The densities that a comma list names, each once; none of None and "all"."""
    if densities is None or densities == ALL:
        return []
    return list(dict.fromkeys(name.strip() for name in densities.split(",")))
