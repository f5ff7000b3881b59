"""The measures as functions over lists of strings; each says over how many strings it was taken."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from grae.errors import DataError

if TYPE_CHECKING:
    from grae.grammar import Grammar


@dataclass(frozen=True, slots=True)
class Share:
    """A count out of a total.

    Attributes:
        count: how many have the property.
        of: the sample size.
    """

    count: int
    of: int

    @property
    def value(self) -> float | None:
        """The share, from 0 to 1; None over no strings at all."""
        return self.count / self.of if self.of else None

    def __str__(self) -> str:
        return "-" if self.value is None else f"{100 * self.value:.2f} %"


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number with its sample size.

    Attributes:
        value: the number.
        of: the sample size.
    """

    value: float
    of: int

    def __str__(self) -> str:
        return f"{self.value:.4f}" if abs(self.value) < 100 else f"{self.value:.2f}"


def complete(samples: Sequence[str | None]) -> Share:
    """How many of the samples have a derivation that ended within the model's length; the others are None."""
    return Share(sum(text is not None for text in samples), len(samples))


def in_language(grammar: "Grammar", samples: Sequence[str | None]) -> Share:
    """How many of the samples the grammar derives, by parsing each; None, an incomplete one, it does not."""
    from grae.grammar.codec import encode

    derived = encode(grammar, [text for text in samples if text is not None], on_invalid="skip").rows
    return Share(len(derived), len(samples))


def valid(canonical: Sequence[str | None]) -> Share:
    """How many of the samples are valid.

    Args:
        canonical: the canonical form of each sample, None for the invalid (`Grammar.canonical`).
    """
    return Share(sum(form is not None for form in canonical), len(canonical))


def unique(canonical: Sequence[str | None]) -> Share:
    """How many of the valid samples are different from one another: distinct canonical forms among the valid."""
    forms = [form for form in canonical if form is not None]
    return Share(len(set(forms)), len(forms))


def unique_at(canonical: Sequence[str | None], k: int) -> Share:
    """Unique@k: how many of the first k valid samples are different from one another; of all, where there are fewer."""
    return unique([form for form in canonical if form is not None][:k])


def novel(canonical: Collection[str | None], training: Iterable[str | None]) -> Share:
    """Novelty: how many of the distinct valid samples are not in the training set.

    Args:
        canonical: the canonical form of each sample, None for the invalid.
        training: canonical forms of the training strings; read once, and not kept.
    """
    forms = {form for form in canonical if form is not None}
    known = {form for form in training if form in forms}
    return Share(len(forms) - len(known), len(forms))


def exact(texts: Sequence[str], reconstructed: Sequence[str | None]) -> Share:
    """How many strings come back from their latent codes character for character.

    Raises:
        DataError: the two lists differ in length.
    """
    if len(texts) != len(reconstructed):
        raise DataError(f"{len(texts)} strings but {len(reconstructed)} reconstructions; expected one for each")
    return Share(sum(a == b for a, b in zip(texts, reconstructed, strict=True)), len(texts))
