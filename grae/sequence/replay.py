"""Samples of a model, kept to be trained on beside new strings so that it does not forget what it knew."""

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
"""Samples that are drawn: as many as a pass over the new strings takes, within these."""
HELD_OUT = 0.1
FORMAT = "grae replay 1"


@dataclass
class Replay:
    """Samples of a model.

    Attributes:
        derivations: of the samples, each once, with the model's motifs.
        share: of each batch.
        before: shares that came back exactly before the training: "new" and "replayed".
    """

    FILE: ClassVar[str] = "replay.safetensors"

    derivations: Derivations
    share: float
    before: dict[str, float | None] = field(default_factory=dict)

    @property
    def held_out(self) -> np.ndarray:
        """The rows that are not trained on, at least one."""
        return np.arange(max(1, round(HELD_OUT * len(self.derivations))))

    @property
    def train(self) -> np.ndarray:
        """The rows that are trained on."""
        return np.arange(len(self.held_out), len(self.derivations))

    @classmethod
    def drawn(cls, model: "GrammarAutoencoder", n_new: int, share: float, *, seed: int) -> "Replay":
        """Samples from a model's own density, decoded greedily.

        Args:
            model: draws them.
            n_new: strings of a pass.
            share: of each batch.
            seed: of the samples.
        """
        wanted = round(n_new * share / (1 - share))
        n = min(MOST, max(FEWEST, wanted))
        texts = list(dict.fromkeys(model.sample(n, seed=seed, raw=True)))
        return cls(model.derive(texts, on_invalid="skip").derivations, share)

    def write(self, folder: RunFolder) -> None:
        """Writes the file of a run. Raises RunError where the file system refuses."""
        arrays = {"ids": self.derivations.ids, "offsets": self.derivations.offsets}
        about = {"format": FORMAT, "share": self.share, "before": self.before}
        folder.write_tensors(self.FILE, arrays, about)

    @classmethod
    def read(cls, folder: RunFolder) -> "Replay":
        """Reads the file of a run. Raises RunError: missing, truncated or foreign."""
        arrays, about = folder.read_tensors(cls.FILE)
        share, before = about.get("share"), about.get("before")
        fits = about.get("format") == FORMAT and arrays.keys() == {"ids", "offsets"}
        if not fits or not isinstance(share, float | int) or not isinstance(before, dict):
            raise RunError(f"{folder / cls.FILE} holds no replayed samples", remedy=FOREIGN)
        return cls(Derivations(arrays["ids"], arrays["offsets"]), float(share), before)


class MixedBatches:
    """Batches of new strings and of replayed ones; an epoch is one pass over the new.

    Their order is a pure function of the seed and the epoch, as `DerivationBatches`'.

    Args:
        derivations: the new ones and the replayed ones.
        new: rows, (n,) int64.
        replayed: rows; as many as a batch needs are drawn from them.
        share: of each batch, replayed.
        pad: the id that fills up a batch.
        batch_size: the most derivations in a batch.
        seed: of the order.
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
        """Derivations an epoch, about."""
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
