"""Generative replay: samples of a model, mixed with the new strings in training against forgetting."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from torch import Tensor

from grae.errors import RunError
from grae.grammar.codec import Derivations
from grae.sequence.batches import DerivationBatches
from grae.training.run_folder import FOREIGN, RunFolder

if TYPE_CHECKING:
    from grae.sequence.estimator import GrammarAutoencoder

FEWEST, MOST = 500, 10_000
"""Bounds of the number of samples, which is otherwise the number needed for one epoch over the new strings."""
HELD_OUT = 0.1
FORMAT = "grae replay 1"


@dataclass
class Replay:
    """Samples of a model.

    Attributes:
        derivations: derivations of the distinct samples, with the model's motifs.
        share: share of replayed samples in each batch.
        before: reconstruction accuracy before fine-tuning, on "new" strings and "replayed" samples.
    """

    FILE: ClassVar[str] = "replay.safetensors"

    derivations: Derivations
    share: float
    before: dict[str, float | None] = field(default_factory=dict)

    @property
    def held_out(self) -> np.ndarray:
        """The held-out rows, at least one."""
        return np.arange(max(1, round(HELD_OUT * len(self.derivations))))

    @property
    def train(self) -> np.ndarray:
        """The training rows."""
        return np.arange(len(self.held_out), len(self.derivations))

    @classmethod
    def drawn(cls, model: "GrammarAutoencoder", n_new: int, share: float, *, seed: int) -> "Replay":
        """Samples from a model's default density, decoded greedily.

        Args:
            model: the model to sample.
            n_new: size of the training set of new strings.
            share: share of replayed samples in each batch.
            seed: seed of the samples.
        """
        wanted = round(n_new * share / (1 - share))
        n = min(MOST, max(FEWEST, wanted))
        texts = list(dict.fromkeys(model.sample(n, seed=seed, raw=True)))
        return cls(model.derive(texts, on_invalid="skip").derivations, share)

    def write(self, folder: RunFolder) -> None:
        """Writes the samples into a run folder. Raises RunError: the file cannot be written."""
        arrays = {"ids": self.derivations.ids, "offsets": self.derivations.offsets}
        about = {"format": FORMAT, "share": self.share, "before": self.before}
        folder.write_tensors(self.FILE, arrays, about)

    @classmethod
    def read(cls, folder: RunFolder) -> "Replay":
        """Reads the samples of a run folder. Raises RunError: missing, truncated or of another format."""
        arrays, about = folder.read_tensors(cls.FILE)
        share, before = about.get("share"), about.get("before")
        fits = about.get("format") == FORMAT and arrays.keys() == {"ids", "offsets"}
        if not fits or not isinstance(share, float | int) or not isinstance(before, dict):
            raise RunError(f"{folder / cls.FILE} does not hold replayed samples", remedy=FOREIGN)
        return cls(Derivations(arrays["ids"], arrays["offsets"]), float(share), before)


class MixedBatches:
    """Batches of new strings and replayed samples; an epoch is one pass over the new strings.

    Their order is a pure function of seed and epoch, as in `DerivationBatches`.

    Args:
        derivations: derivations of new strings and replayed samples.
        new: rows of the new strings, (n,) int64.
        replayed: rows of the replayed samples, (m,) int64, from which each batch draws at random.
        share: share of replayed samples in each batch.
        pad: the padding id.
        batch_size: maximum number of derivations per batch.
        seed: seed of the order.
        by_length: see `DerivationBatches`.
    """

    def __init__(
        self,
        derivations: Derivations,
        new: np.ndarray,
        replayed: np.ndarray,
        *,
        share: float,
        pad: int,
        batch_size: int,
        seed: int,
        by_length: bool,
    ) -> None:
        each: dict[str, Any] = {"pad": pad, "seed": seed, "by_length": by_length}
        self.replayed, self.share, self.seed = replayed, share if len(replayed) else 0.0, seed
        self.new = DerivationBatches(derivations, new, batch_size=max(1, round((1 - self.share) * batch_size)), **each)

    @property
    def n_rows(self) -> int:
        """Approximate number of derivations per epoch."""
        return round(self.new.n_rows / (1 - self.share))

    def batches(self, epoch: int) -> Sequence[np.ndarray]:
        """The rows of each batch of an epoch."""
        generator = np.random.default_rng([self.seed, epoch, 1])
        ratio = self.share / (1 - self.share)
        return [
            np.concatenate([rows, generator.choice(self.replayed, round(ratio * len(rows)))]) if self.share else rows
            for rows in self.new.batches(epoch)
        ]

    def collate(self, rows: np.ndarray) -> dict[str, Tensor]:
        """See `DerivationBatches.collate`."""
        return self.new.collate(rows)
