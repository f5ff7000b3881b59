"""The nearest training strings of a string by distance in latent space, by blockwise matrix products in float32."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from grae.errors import RunError, SettingsError

if TYPE_CHECKING:
    from grae.datasets import DerivationStore
    from grae.sequence.estimator import GrammarAutoencoder

BLOCK = 32_768  # codes per block
FILE = "training_codes.safetensors"
"""File in the run folder with the codes of its training strings."""


@dataclass(frozen=True, slots=True)
class Neighbor:
    """A training string near another string.

    Attributes:
        text: the string, in the form that the model learned.
        distance: distance between the latent codes.
        row: index of the string in the training data.
    """

    text: str
    distance: float
    row: int


class TrainingCodes:
    """The codes of a run's training strings.

    They are computed once and cached in the run folder, if it is writable.

    Args:
        model: a model loaded from a run whose training strings are available.

    Raises:
        RunError: the model has no run, or its training strings are unknown.
        DataError: they are no longer available, or have changed.
    """

    def __init__(self, model: "GrammarAutoencoder") -> None:
        self._model = model
        self._store = _store_of(model)
        self._rows = model.split_.train
        self._codes = self._read() if self._is_kept() else self._computed()
        self._squares = np.einsum("nd,nd->n", self._codes, self._codes)

    def nearest(self, codes: np.ndarray, k: int) -> list[list[Neighbor]]:
        """The k nearest training strings of each code, nearest first.

        Args:
            codes: (n, D) float32.
            k: number of neighbors.

        Raises:
            SettingsError: k is not between 1 and the number of training strings.
        """
        if not 1 <= k <= len(self._codes):
            raise SettingsError(f"{k} neighbors among {len(self._codes):,} training strings", remedy="request fewer")
        rows = np.empty((len(codes), 0), np.int64)
        distances = np.empty((len(codes), 0), np.float32)
        for first in range(0, len(self._codes), BLOCK):
            block = self._codes[first : first + BLOCK]
            squares = self._squares[first : first + BLOCK] - 2 * codes @ block.T  # n block
            places = np.argpartition(squares, min(k, len(block)) - 1, axis=1)[:, :k]
            distances = np.concatenate([distances, np.take_along_axis(squares, places, 1)], axis=1)
            rows = np.concatenate([rows, first + places], axis=1)
            best = np.argsort(distances, axis=1, kind="stable")[:, :k]
            distances, rows = np.take_along_axis(distances, best, 1), np.take_along_axis(rows, best, 1)
        return [self._neighbors(code, of_one) for code, of_one in zip(codes, rows, strict=True)]

    def _neighbors(self, code: np.ndarray, places: np.ndarray) -> list[Neighbor]:
        from grae.datasets.origin import texts_of

        exact = np.linalg.norm(self._codes[places].astype(np.float64) - code, axis=1)
        order = np.argsort(exact, kind="stable")
        rows = self._rows[places[order]]
        texts = texts_of(self._model.language_grammar_, self._store, rows)
        return [Neighbor(*one) for one in zip(texts, exact[order].tolist(), rows.tolist(), strict=True)]

    def _is_kept(self) -> bool:
        folder = getattr(self._model, "folder_", None)
        return folder is not None and (folder / FILE).is_file()

    def _read(self) -> np.ndarray:
        from grae.training.run_folder import RunFolder

        arrays, about = RunFolder(self._model.folder_).read_tensors(FILE)
        codes = arrays.get("codes")
        if codes is None or codes.shape != (len(self._rows), self._model._n_features_out) or about != self._about():
            return self._computed()
        return codes

    def _computed(self) -> np.ndarray:
        from grae.training.run_folder import RunFolder

        model = self._model
        codes = model._codes_of(self._store.derivations[self._rows])
        folder: Path | None = getattr(model, "folder_", None)
        if folder is not None:
            RunFolder(folder).write_tensors(FILE, {"codes": codes}, self._about())
        return codes

    def _about(self) -> dict[str, str]:
        """The metadata that identifies cached codes."""
        return {"strings": str(self._model.about_.get("sha256")), "rows": str(len(self._rows))}


def _store_of(model: "GrammarAutoencoder") -> "DerivationStore":
    from grae.datasets.origin import store_of

    folder = getattr(model, "folder_", None)
    if folder is None:
        raise RunError(
            "the model does not have its training strings: it was not loaded from a run",
            remedy="save it in a run of `grae train`, and load that",
        )
    return store_of(folder, model.about_, model.language_grammar_.plain)
