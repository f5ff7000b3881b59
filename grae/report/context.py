"""The context of a report: a model, its training and held-out strings, and its measures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from grae.optimization.stored import Search
    from grae.report.rendering import Renderer
    from grae.sequence import GrammarAutoencoder


@dataclass(frozen=True)
class ReportContext:
    """A model with what belongs to it. Sections leave out what they lack the material for, and say so.

    Attributes:
        name: what the page calls the run.
        model: a fitted model.
        config: the run's config.json; {} for a model that has none.
        metrics: the lines of metrics.jsonl.
        training: some of the strings that it was trained on.
        held_out: strings that it was not trained on.
        evaluation: what `Evaluation.to_dict` gives; None where nothing was measured.
        searches: searches of its latent space.
        seed: of what the page draws by chance.
    """

    name: str
    model: "GrammarAutoencoder"
    config: Mapping[str, Any] = field(default_factory=dict)
    metrics: Sequence[Mapping[str, Any]] = ()
    training: Sequence[str] = ()
    held_out: Sequence[str] = ()
    evaluation: Mapping[str, Any] | None = None
    searches: "Sequence[Search]" = ()
    seed: int = 0

    @property
    def known(self) -> tuple[Sequence[str], str]:
        """Strings of the data and what to call them: held-out ones, and where there are none those of the training."""
        return (self.held_out, "held-out") if self.held_out else (self.training, "training")

    @cached_property
    def renderer(self) -> "Renderer":
        """How the strings of its language are shown."""
        from grae.report.rendering import Renderer

        return Renderer(self.model.language_grammar_)

    def some_known(self, most: int) -> list[str]:
        """At most `most` strings of the data, drawn with the seed, in order; without those it cannot encode."""
        texts, _ = self.known
        rows = np.arange(len(texts))
        if len(texts) > most:
            rows = np.sort(np.random.default_rng(self.seed).choice(len(texts), most, replace=False))
        drawn = [texts[row] for row in rows.tolist()]
        return [drawn[row] for row in self.model.derive(drawn, on_invalid="skip").rows] if drawn else []
