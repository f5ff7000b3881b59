"""The inputs of strategies and their parts."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

    from grae.grammar import Grammar
    from grae.grammar.codec import Derivations
    from grae.grammar.moves import Moves
    from grae.optimization.candidates import Known
    from grae.optimization.population import Reader
    from grae.optimization.search_settings import SearchSettings
    from grae.optimization.space import LatentSpace
    from grae.optimization.start import Start
    from grae.targets.target import Target

LONGEST = 2_000
"""Maximum number of productions of a proposed string if the user sets limits on size."""
COUNTED = 1_000
"""Number of starting strings, approximately at most, used to determine what is usual."""


@dataclass(frozen=True)
class Setup:
    """The inputs of a search; `reader` and `moves` are created on first use.

    Attributes:
        settings: settings of the search.
        space: the latent space.
        start: starting strings with their scores.
        known: the strings with a score.
        target: scores strings.
        progress: called with the fraction of starting strings encoded.
        reader: prepares strings for comparison.
        moves: moves between derivations, with production frequencies of the starting strings.
    """

    settings: "SearchSettings"
    space: "LatentSpace"
    start: "Start"
    known: "Known"
    target: "Target"
    progress: Callable[[float], None]

    @property
    def maximize(self) -> bool:
        """Whether higher scores are better."""
        return self.target.direction == "maximize"

    @property
    def worst(self) -> float:
        """The score of an invalid string: the worst of the starting strings."""
        of_start = self.start.worst_score(self.maximize)
        return self.target.worst if of_start is None else of_start

    @property
    def temperature(self) -> float:
        """The temperature of the decoder."""
        return self.settings.temperature or 0.0

    @property
    def grammar(self) -> "Grammar":
        """The plain grammar of the strings, without motifs."""
        return self.reader.grammar

    @property
    def longest(self) -> int:
        """The maximum number of productions of a proposed derivation."""
        return LONGEST if self.settings.limits else int(self._derivations.lengths.max(initial=1))

    @cached_property
    def reader(self) -> "Reader":
        """See the class."""
        from grae.optimization.population import Reader

        return Reader(self.space, self.space.screen, self._usual)

    @property
    def _usual(self) -> "np.ndarray | None":
        """The median counts of `Language.unusual`: mixtures are proposed only if most starting strings are mixtures."""
        import numpy as np

        texts = self.start.texts[:: 1 + len(self.start.texts) // COUNTED]
        if not len(texts):
            return None
        counts = self.space.model.language_grammar_.language.unusual(texts)
        return np.sort(counts, axis=0)[(len(texts) - 1) // 2]

    @cached_property
    def moves(self) -> "Moves":
        """See the class."""
        from grae.grammar.moves import Moves

        return Moves(self.grammar, self._derivations)

    @cached_property
    def _derivations(self) -> "Derivations":
        from grae.datasets.forms import encode_in_form

        form, texts = self.reader.spelling, self.start.texts
        return encode_in_form(self.grammar, texts, form, on_invalid="skip", n_jobs=-1).derivations
