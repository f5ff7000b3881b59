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
    """A model and its data. Sections whose data are missing are omitted, with the reason.

    Attributes:
        name: name of the run.
        model: a fitted model.
        config: the run's config.json; {} for a model without a run.
        metrics: the lines of metrics.jsonl.
        training: a sample of the training strings.
        held_out: test strings.
        evaluation: `Evaluation.to_dict()`; None without an evaluation.
        searches: searches of its latent space.
        seed: seed of random draws.
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
        """Strings of the data and their name: held-out strings or, if there are none, training strings."""
        return (self.held_out, "held-out") if self.held_out else (self.training, "training")

    @cached_property
    def renderer(self) -> "Renderer":
        """The renderer of the language's strings."""
        from grae.report.rendering import Renderer

        return Renderer(self.model.language_grammar_)

    def some_known(self, most: int) -> list[str]:
        """At most `most` strings of the data that the model can encode, drawn with the seed, in order."""
        texts, _ = self.known
        rows = np.arange(len(texts))
        if len(texts) > most:
            rows = np.sort(np.random.default_rng(self.seed).choice(len(texts), most, replace=False))
        drawn = [texts[row] for row in rows.tolist()]
        return [drawn[row] for row in self.model.derive(drawn, on_invalid="skip").rows] if drawn else []
