"""Molecule searches by other software; each spends the evaluation budget of a `Counted` target."""

import random
import subprocess
import sys
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from rdkit import Chem
from rdkit.Chem import rdFingerprintGenerator

from grae.reproduction.pmo import ROUNDS
from grae.targets.target import Target

FRAGMENTED = 2_000
"""Molecules for crem's fragment database."""
PARENTS = 10
"""Molecules that crem mutates per round: the best so far."""
PATIENCE = 3
"""Rounds without a new molecule after which crem's search ends."""
LARGEST_CHANGE = 6
"""Maximum number of heavy atoms that crem adds or removes."""

Scored = list[tuple[str | None, float | None]]


class Counted:
    """A target that records its evaluations; once the budget is spent, unknown molecules score 0.

    Args:
        target: the target.
        budget: maximum number of unique molecules to score.
    """

    def __init__(self, target: Target, budget: int) -> None:
        self.target, self.budget = target, budget
        self.scores: dict[str, float] = {}

    def __call__(self, texts: Sequence[str]) -> list[float]:
        new = [text for text in dict.fromkeys(texts) if text not in self.scores][: self.left]
        scores = self.target.evaluate(new).tolist() if new else []
        self.scores |= {text: 0.0 if np.isnan(score) else score for text, score in zip(new, scores, strict=True)}
        return [self.scores.get(text, 0.0) for text in texts]

    @property
    def left(self) -> int:
        """Remaining budget."""
        return self.budget - len(self.scores)

    def best(self, n: int) -> list[str]:
        """The n best molecules so far."""
        return sorted(self.scores, key=self.scores.__getitem__, reverse=True)[:n]

    @property
    def scored(self) -> Scored:
        """Molecules and scores, in order of evaluation."""
        return list(self.scores.items())


def by_mol_ga(mol_ga: Any, counted: Counted, start: Sequence[str], seed: int) -> Scored:
    """mol-ga with its default settings."""
    mol_ga.default_ga(
        starting_population_smiles=list(start),
        scoring_function=counted,
        max_generations=4 * ROUNDS,  # more than needed to spend the budget
        offspring_size=max(1, counted.budget // ROUNDS),
        rng=random.Random(seed),
    )
    return counted.scored


def by_gauche(gauche: Any, mol_ga: Any, counted: Counted, start: Sequence[str], seed: int) -> Scored:
    """Gaussian process with gauche's Tanimoto kernel; mol-ga maximizes its upper confidence bound.

    Source: Tripp, Simm and Hernandez-Lobato 2021; the weight of the standard deviation is sampled as 10^U(-2, 0) in
    each round.
    """
    rng, size = np.random.default_rng(seed), max(1, counted.budget // ROUNDS)
    counted(start)
    while counted.left:
        known = list(counted.scores)
        process = _process(gauche, _counts(known), np.array(list(counted.scores.values())))
        weight = 10 ** rng.uniform(-2, 0)

        def bound(texts: Sequence[str], process: Any = process, weight: float = weight) -> list[float]:
            with torch.no_grad():
                posterior = process.posterior(_counts(texts))
            return (posterior.mean + weight * posterior.variance.sqrt()).flatten().tolist()

        population = mol_ga.default_ga(
            starting_population_smiles=counted.best(100),
            scoring_function=bound,
            max_generations=5,
            offspring_size=200,
            rng=random.Random(int(rng.integers(2**31))),
        ).population
        proposed = [text for _, text in sorted(population, reverse=True) if text not in counted.scores][:size]
        if not proposed:
            break
        counted(proposed)
    return counted.scored


def _process(gauche: Any, counts: torch.Tensor, scores: np.ndarray) -> Any:
    """Gaussian process with a scaled Tanimoto kernel, fitted to standardized scores by marginal likelihood."""
    from botorch.fit import fit_gpytorch_mll
    from botorch.models import SingleTaskGP
    from botorch.models.transforms import Standardize
    from gpytorch.kernels import ScaleKernel
    from gpytorch.mlls import ExactMarginalLogLikelihood

    process = SingleTaskGP(
        counts,
        torch.from_numpy(scores)[:, None],
        covar_module=ScaleKernel(gauche.TanimotoKernel()),
        outcome_transform=Standardize(1),
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fit_gpytorch_mll(ExactMarginalLogLikelihood(process.likelihood, process))
    return process


def _counts(texts: Sequence[str]) -> torch.Tensor:
    """Morgan count fingerprints of radius 3, folded to 2,048 bins, (n, 2048) float64."""
    generator = rdFingerprintGenerator.GetMorganGenerator(radius=3, fpSize=2048)
    rows = [generator.GetCountFingerprintAsNumPy(Chem.MolFromSmiles(text)) for text in texts]
    return torch.from_numpy(np.stack(rows).astype(np.float64))


def fragments(texts: Sequence[str], folder: Path) -> Path:
    """Creates crem's fragment database of the molecules, with crem's own script."""
    smiles, database = folder / "molecules.smi", folder / "fragments.db"
    smiles.write_text("\n".join(texts) + "\n", encoding="utf-8")
    command = [sys.executable, "-m", "crem.scripts.cremdb_create", "-i", str(smiles), "-o", str(database)]
    options = ["-s", "molecules", "-r", "3", "--frag-mode", "acyclic", "-c", "1"]
    subprocess.run([*command, *options], check=True, capture_output=True)
    return database


def by_crem(mutate: Callable[..., Any], database: Path, counted: Counted, start: Sequence[str], seed: int) -> Scored:
    """Random fragment exchanges in the best molecules so far, without a model."""
    rng, size = random.Random(seed), max(1, counted.budget // ROUNDS)
    counted(start)
    rounds_without = 0
    while counted.left and rounds_without < PATIENCE:
        children: set[str] = set()
        for text in counted.best(PARENTS):
            changes = {"min_inc": -LARGEST_CHANGE, "max_inc": LARGEST_CHANGE, "max_replacements": size}
            molecule = Chem.AddHs(Chem.MolFromSmiles(text))
            children.update(mutate(molecule, str(database), radius=3, seed=rng.randrange(2**31), **changes))
        proposed = sorted(children - set(counted.scores))
        rounds_without = 0 if proposed else rounds_without + 1
        counted(rng.sample(proposed, min(size, len(proposed))))
    return counted.scored
