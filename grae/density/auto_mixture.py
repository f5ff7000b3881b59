"""A Gaussian mixture whose number of components is chosen by held-out likelihood."""

from itertools import pairwise
from typing import Any

import numpy as np

from grae.density.gaussians import MAX_ROWS, Mixture
from grae.errors import SettingsError

HELD_OUT = 0.1
COMPONENTS = (10, 20, 40, 80, 160)


class AutoMixture(Mixture):
    """A Gaussian mixture whose number of components maximizes the likelihood of held-out codes.

    A tenth of the codes is held out; mixtures of increasing size are fitted to the others until the mean log density of
    the held-out codes increases by no more than its standard error. The state records the measurements.

    Args:
        components: numbers of components to try, increasing.
        max_rows: maximum number of codes; larger sets are subsampled.
        max_iterations: maximum number of EM iterations.
        tolerance: increase of the mean log density, in nats, below which EM has converged.

    Raises:
        SettingsError: the numbers are not positive and increasing.
    """

    def __init__(
        self,
        components: tuple[int, ...] = COMPONENTS,
        *,
        max_rows: int = MAX_ROWS,
        max_iterations: int = 100,
        tolerance: float = 1e-2,
    ) -> None:
        if not components or components[0] < 1 or any(after <= before for before, after in pairwise(components)):
            raise SettingsError(f"numbers of components {components!r} are not positive and increasing")
        super().__init__(components[0], max_rows=max_rows, max_iterations=max_iterations, tolerance=tolerance)
        self.components = components

    def _fit(self, z: np.ndarray, seed: int) -> None:
        order = np.random.default_rng(seed).permutation(len(z))[: self.max_rows]
        n_held_out = int(HELD_OUT * len(order))
        held_out, rows = z[np.sort(order[:n_held_out])], z[np.sort(order[n_held_out:])]
        best = self._fitted_with(self.components[0], rows, seed)
        measured: dict[int, float] = {}
        if n_held_out:
            likelihood = best.log_prob(held_out)
            measured[self.components[0]] = float(likelihood.mean())
            for count in self.components[1:]:
                mixture = self._fitted_with(count, rows, seed)
                if mixture.about["n_components"] <= best.about["n_components"]:
                    break  # more components than distinct codes
                gain = mixture.log_prob(held_out) - likelihood
                measured[count] = float((likelihood + gain).mean())
                if gain.mean() <= gain.std() / np.sqrt(n_held_out):
                    break
                best, likelihood = mixture, likelihood + gain
        arrays, about = best.state()
        for name, array in arrays.items():
            setattr(self, name, array)
        held: dict[str, Any] = {str(count): value for count, value in measured.items()}
        self.about = {**about, "rows": len(z), "held_out_log_likelihood": held}

    def _fitted_with(self, n_components: int, z: np.ndarray, seed: int) -> Mixture:
        settings = {"max_iterations": self.max_iterations, "tolerance": self.tolerance}
        return Mixture(n_components, max_rows=self.max_rows, **settings).fit(z, seed)  # pyright: ignore[reportArgumentType]
