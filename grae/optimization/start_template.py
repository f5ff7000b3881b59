"""Starting strings of a search with a template: those that match it, and samples if few do."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from grae.errors import DataError
from grae.grammar.sentential import Forms
from grae.grammar.template import Template
from grae.optimization.space import LatentSpace
from grae.optimization.start import ALL, Drawn
from grae.sequence.constrained import Constraints
from grae.sequence.decoding import constraint_for
from grae.sequence.templates import are_held, start_of, template_of

if TYPE_CHECKING:
    from grae.sequence import GrammarAutoencoder

LEAST = 200
"""Minimum number of starting strings under a template; missing ones are sampled, as far as the model can."""
CHUNK = 1_000  # strings compared, and codes decoded, at a time
TRIES = 10  # maximum number of chunks of samples
FEW = 5  # sampling stops at a chunk with fewer new strings
WARM = 1.0  # minimum temperature of the decoder after the first chunk


def search_template(model: "GrammarAutoencoder", text: str, constraints: Constraints | None) -> Template:
    """The template of a search, checked to match strings that the model can decode under the constraints.

    Raises:
        ParseError, DataError: as `template_of`; or the template cannot be compared with molecules.
        SettingsError: as `template_of`, or all strings that match exceed the model's maximum length.
    """
    template = template_of(model, text)
    are_held(template, [])
    constraint = constraint_for(model, constraints, filling=True)
    Forms.of_all(start_of(template, constraint), 1).check(model.settings_.max_length)
    return template


@dataclass(frozen=True)
class HeldStrings:
    """Draws strings that match a template.

    Attributes:
        template: see `search_template`.
        space: decodes under the template.
        temperature: temperature of the decoder.
        seed: seed of the samples.
    """

    template: Template
    space: LatentSpace
    temperature: float
    seed: int

    def drawn(self, texts: Sequence[str], most: int, progress: Callable[[float], None]) -> Drawn:
        """At most `most` of the strings that match the template, and samples if they are fewer than `LEAST`.

        Args:
            texts: strings, each once.
            most: see `limit_of`.
            progress: called with the fraction done.

        Raises:
            DataError: fewer than two strings match the template, including samples.
        """
        order = np.random.default_rng(0).permutation(len(texts)) if most != ALL else np.arange(len(texts))
        rows: list[int] = []
        for first in range(0, len(order), CHUNK):
            chunk: list[int] = order[first : first + CHUNK].tolist()
            fits = are_held(self.template, [texts[row] for row in chunk])
            rows += [row for row, fit in zip(chunk, fits, strict=True) if fit]
            progress(min(first + CHUNK, len(order)) / len(order))
            if most != ALL and len(rows) >= most:
                rows = rows[:most]
                break
        held = [texts[row] for row in sorted(rows)]
        samples = self._samples(held, min(LEAST, most or LEAST) - len(held))
        if len(held) + len(samples) < 2:
            raise DataError(
                f"{len(held):,} of {len(texts):,} strings to start from hold the template {self.template.text!r}, and "
                f"the model samples {len(samples)} others; a search needs at least 2",
                remedy="open the template further, or give strings that hold it (--start)",
            )
        return Drawn([*held, *samples], len(texts), len(samples))

    def _samples(self, held: Sequence[str], n: int) -> list[str]:
        """Up to n samples that match the template, with distinct forms that also differ from those of `held`."""
        density, temperature = self.space.model.sampled_density(None), self.temperature
        forms = {form for form in self.space.identities(held) if form is not None} if n > 0 else set()
        samples: dict[str, str] = {}
        for number in range(TRIES):
            before = len(samples)
            if before >= n:
                break
            points = self.space.points(density.sample(CHUNK, self.seed + number))
            decoded = self.space.decode(points, temperature=temperature, seed=self.seed + number)
            distinct = list(dict.fromkeys(decoded))
            fits = are_held(self.template, distinct)
            new = [text for text, fit in zip(distinct, fits, strict=True) if fit]
            for text, form in zip(new, self.space.identities(new), strict=True):
                if form is not None and form not in forms:
                    samples.setdefault(form, text)
            if number > 0 and len(samples) < before + FEW:
                break
            temperature = max(temperature, WARM)
        return list(samples.values())[: max(n, 0)]
