"""Weighted retraining: fine-tuning of the model during a search, on the strings found.

The latent space represents the training strings; retraining adapts it to the better strings found. A string is drawn
with a weight that decreases with its rank, w = 1 / (k n + rank), k = 0.001, ranks from 0.

Source: Tripp, Daxberger and Hernandez-Lobato 2020, "Sample-Efficient Optimization in the Latent Space of Deep
Generative Models via Weighted Retraining", section 3.
"""

import copy
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from grae.density import DENSITIES
from grae.optimization.space import STANDARD
from grae.sequence.batches import DerivationBatches
from grae.sequence.coding import mean_losses
from grae.training.loop import train
from grae.training.run_folder import RunFolder

if TYPE_CHECKING:
    from grae.sequence import GrammarAutoencoder

K = 1e-3
DRAWN = 10_000
"""Number of strings drawn for a retraining, with replacement."""
SLOWER = 0.1
"""Learning rate of retraining, as a fraction of that of training."""
CHECKED = 1_000
PREFIX = "retrained-"


def rank_weights(values: np.ndarray, k: float = K) -> np.ndarray:
    """The weights of values (n,), higher is better: (n,) float64, with sum 1; ties are ranked in input order."""
    ranks = np.empty(len(values))
    ranks[np.argsort(-values, kind="stable")] = np.arange(len(values))
    weights = 1 / (k * len(values) + ranks)
    return weights / weights.sum()


def retrained(
    model: "GrammarAutoencoder", texts: Sequence[str], values: np.ndarray, *, seed: int
) -> "GrammarAutoencoder":
    """A copy of a fitted model, trained for one epoch on strings drawn by the ranks of their values.

    Its default density, and the Gaussian that defines a search's standard units, are refitted to the codes of the drawn
    strings; it has no other densities.

    Args:
        model: the fitted model; it is not changed.
        texts: strings; those that the model cannot encode are skipped.
        values: value of each string, (n,), higher is better.
        seed: seed of the draws, the order of batches and the density.

    Raises:
        DataError: the model can encode none of the drawn strings.
    """
    rng = np.random.default_rng(seed)
    drawn = rng.choice(len(texts), DRAWN, p=rank_weights(values))
    places, repeated = np.unique(drawn, return_inverse=True)
    strings = np.array(texts, object)[places]
    encoded = model.derive(strings.tolist(), on_invalid="skip")
    row_of = np.full(len(places), -1)
    row_of[encoded.rows] = np.arange(len(encoded.derivations))
    rows = row_of[repeated]
    rows = rows[rows >= 0]
    usual = model.settings_.training
    settings = usual.replace(
        epochs=1,
        time_budget=None,
        learning_rate=SLOWER * usual.learning_rate,
        schedule="constant",
        warmup=0.0,
        patience=None,
        validate_every_epochs=None,
        validate_every_seconds=None,
        seed=seed,
        device=model.device,
    )
    again = copy.copy(model)
    again.network_ = copy.deepcopy(model.network_)
    pad = model.grammar_.pad
    again.result_ = train(
        again.network_,
        DerivationBatches(encoded.derivations, rows, pad=pad, batch_size=usual.batch_size, seed=seed),
        settings,
        validate=mean_losses(
            DerivationBatches(encoded.derivations, rows[:CHECKED], pad=pad, batch_size=usual.batch_size)
        ),
    )
    codes = again.encode(encoded.derivations)
    names = dict.fromkeys([model.settings_.density, STANDARD])
    again.densities_ = {name: DENSITIES[name]().fit(codes, seed) for name in names}
    return again


class Retrainings:
    """The retrained models of a search, the latest of which is saved in its folder.

    Args:
        every: number of rounds between retrainings; None for never.
        folder: folder of the search; None saves nothing.
    """

    def __init__(self, every: int | None, folder: Path | None) -> None:
        self.every, self.folder = every, folder
        saved = () if folder is None else folder.glob(f"{PREFIX}*/{RunFolder.MODEL}")
        self.last = max((int(file.parent.name.removeprefix(PREFIX)) for file in saved), default=0)

    def due(self, finished: int) -> bool:
        """Whether the model is retrained after `finished` rounds; False if a later model is already saved."""
        return self.every is not None and finished % self.every == 0 and finished >= self.last

    def model(
        self, model: "GrammarAutoencoder", finished: int, texts: Sequence[str], values: np.ndarray, *, seed: int
    ) -> "GrammarAutoencoder":
        """The model to continue with: the saved one, or a newly retrained one, which is then saved.

        Args:
            model: the current one.
            finished: number of finished rounds.
            texts: see `retrained`.
            values: see `retrained`.
            seed: seed of the search.

        Raises:
            RunError: the folder cannot be read or written.
        """
        if self.folder is not None and finished == self.last:
            return type(model).load(self._place(self.folder, finished), device=model.device)
        again = retrained(model, texts, values, seed=seed + finished)
        if self.folder is not None:
            place = self._place(self.folder, finished)
            shutil.rmtree(place, ignore_errors=True)  # left by a search killed while writing
            again.save(place)
            if self.last:
                shutil.rmtree(self._place(self.folder, self.last), ignore_errors=True)
        self.last = finished
        return again

    @staticmethod
    def _place(folder: Path, finished: int) -> Path:
        return folder / f"{PREFIX}{finished}"
