"""A trained model measured: its samples, and the held-out strings that come back from their codes."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from grae.evaluation.meaning import Meaning, meaning_of
from grae.evaluation.metrics import Share, exact, in_language, novel, unique, valid

if TYPE_CHECKING:
    from grae.sequence import GrammarAutoencoder

TRAINING_CHUNK = 50_000  # training strings held at a time


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What was measured; each share with its sample size.

    Attributes:
        samples: the strings that were sampled.
        in_language: of all samples, those the grammar derives.
        valid: of all samples, those that are valid in the language's meaning.
        unique: of the valid samples, the distinct ones.
        novel: of the distinct valid samples, those that the training set does not hold; None without a training set.
        exact: of the held-out strings, those that come back from their codes; None without held-out strings.
        valid_means: what validity is in this language, in words.
    """

    samples: tuple[str, ...]
    in_language: Share
    valid: Share
    unique: Share
    novel: Share | None
    exact: Share | None
    valid_means: str

    @property
    def shares(self) -> dict[str, Share | None]:
        """The measures by name."""
        return {
            "in_language": self.in_language,
            "valid": self.valid,
            "unique": self.unique,
            "novel": self.novel,
            "exact_reconstruction": self.exact,
        }

    def to_dict(self) -> dict[str, object]:
        """The measures as JSON holds them: each share by its name, and under "counts" what it is a share of."""
        shares = {name: share for name, share in self.shares.items() if share is not None}
        return {
            "n": len(self.samples),
            **{name: None if share is None else share.value for name, share in self.shares.items()},
            "counts": {name: {"count": share.count, "of": share.of} for name, share in shares.items()},
            "valid_means": self.valid_means,
        }


def evaluate(
    model: "GrammarAutoencoder",
    *,
    training: Iterable[str] | None = None,
    held_out: Sequence[str] | None = None,
    n: int = 1000,
    density: str | None = None,
    temperature: float = 0.0,
    seed: int = 0,
    n_jobs: int = 1,
) -> Evaluation:
    """Samples from a model and reconstructs held-out strings with it.

    Args:
        model: a fitted model.
        training: the strings that it was trained on, for novelty; read once, in chunks.
        held_out: strings that it was not trained on, for exact reconstruction.
        n: how many strings to sample.
        density: the density to sample from; None for the model's own.
        temperature: of the decoder; 0 takes the most probable production at each step.
        seed: of the samples.
        n_jobs: processes for the chemistry of long lists, as joblib counts them.

    Returns:
        The measures.
    """
    grammar = model.grammar_
    meaning = meaning_of(grammar)
    samples = model.sample(n, density=density, temperature=temperature, seed=seed)
    forms = meaning.canonical(samples, n_jobs=n_jobs)
    return Evaluation(
        samples=tuple(samples),
        in_language=in_language(grammar, samples),
        valid=valid(forms),
        unique=unique(forms),
        novel=None if training is None else novel(forms, _canonical(meaning, training, n_jobs)),
        exact=exact(held_out, model.reconstruct(held_out)) if held_out else None,
        valid_means=meaning.valid_means,
    )


def _canonical(meaning: Meaning, texts: Iterable[str], n_jobs: int) -> Iterator[str | None]:
    """The canonical forms of a stream of strings, a chunk at a time."""
    stream = iter(texts)
    while chunk := list(islice(stream, TRAINING_CHUNK)):
        yield from meaning.canonical(chunk, n_jobs=n_jobs)
