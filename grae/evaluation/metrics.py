"""Validity, uniqueness, novelty and reconstruction accuracy of lists of strings, with sample sizes."""

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
        count: number of strings with the property.
        of: sample size.
    """

    count: int
    of: int

    @property
    def value(self) -> float | None:
        """The share, from 0 to 1; None where the sample is empty."""
        return self.count / self.of if self.of else None

    def __str__(self) -> str:
        return "-" if self.value is None else f"{100 * self.value:.2f} %"


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number with its sample size.

    Attributes:
        value: the value.
        of: sample size.
    """

    value: float
    of: int

    def __str__(self) -> str:
        return f"{self.value:.4f}" if abs(self.value) < 100 else f"{self.value:.2f}"


def complete(samples: Sequence[str | None]) -> Share:
    """The share of samples whose derivation was completed within the maximum length; the others are None."""
    return Share(sum(text is not None for text in samples), len(samples))


def in_language(grammar: "Grammar", samples: Sequence[str | None]) -> Share:
    """The share of samples in the grammar's language, by parsing; incomplete samples (None) are not in it."""
    from grae.grammar.codec import encode

    derived = encode(grammar, [text for text in samples if text is not None], on_invalid="skip").rows
    return Share(len(derived), len(samples))


def valid(canonical: Sequence[str | None]) -> Share:
    """Validity: the share of valid samples.

    Args:
        canonical: canonical form of each sample, None for invalid ones (`Grammar.canonical`).
    """
    return Share(sum(form is not None for form in canonical), len(canonical))


def unique(canonical: Sequence[str | None]) -> Share:
    """Uniqueness: distinct canonical forms among the valid samples."""
    forms = [form for form in canonical if form is not None]
    return Share(len(set(forms)), len(forms))


def unique_at(canonical: Sequence[str | None], k: int) -> Share:
    """Unique@k: distinct canonical forms among the first k valid samples, or among all where there are fewer."""
    return unique([form for form in canonical if form is not None][:k])


def novel(canonical: Collection[str | None], training: Iterable[str | None]) -> Share:
    """Novelty: the share of distinct valid samples that are not in the training set.

    Args:
        canonical: canonical form of each sample, None for invalid ones.
        training: canonical forms of the training strings; consumed once.
    """
    forms = {form for form in canonical if form is not None}
    known = {form for form in training if form in forms}
    return Share(len(forms) - len(known), len(forms))


def exact(texts: Sequence[str], reconstructed: Sequence[str | None]) -> Share:
    """Reconstruction accuracy: the share of strings that are reconstructed character for character.

    Raises:
        DataError: the two lists differ in length.
    """
    if len(texts) != len(reconstructed):
        raise DataError(f"{len(texts)} strings but {len(reconstructed)} reconstructions; expected one per string")
    return Share(sum(a == b for a, b in zip(texts, reconstructed, strict=True)), len(texts))
