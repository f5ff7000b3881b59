"""Training of the models included in grae: from data to the folder in the package."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from grae.callbacks.reporter import Shown
from grae.errors import SettingsError
from grae.pretrained import MOST_BYTES, size_of
from grae.reproduction.trained import train
from grae.training.run_folder import RunFolder

if TYPE_CHECKING:
    from grae.datasets.origin import Build

TEST = 0.05
"""Fraction of the strings held out as a test set, as in `grae train`."""


@dataclass(frozen=True)
class Recipe:
    """How a model is trained; everything else is that of the default preset.

    Attributes:
        description: one line.
        grammar: a built-in grammar.
        data: a named data set.
        time_budget: minutes.
        seed: seed of the split, the weights and the batches.
        search: see `grae.pretrained.About`.
        parameters: parameters of the estimator.
    """

    description: str
    grammar: str
    data: str
    time_budget: float
    seed: int
    search: bool = False
    parameters: dict[str, Any] = field(default_factory=dict)

    @property
    def command(self) -> str:
        """The equivalent command."""
        options = {"grammar": self.grammar, "data": self.data, "seed": self.seed, **self.parameters}
        spelled = " ".join(f"--{name.replace('_', '-')} {value}" for name, value in options.items())
        return f"grae train {spelled} --time-budget {self.time_budget:g}"


RECIPES = {
    "zinc250k": Recipe(
        "drug-like molecules: ZINC250k, whose 249,455 molecules have up to 38 heavy atoms",
        grammar="smiles",
        data="zinc250k",
        time_budget=60,
        seed=1,
        parameters={"rate": 20},
    ),
    "zinc250k-search": Recipe(
        "molecules of ZINC250k, for searches: more information in a code, less typical samples",
        grammar="smiles",
        data="zinc250k",
        time_budget=75,
        seed=1,
        search=True,
    ),
    "expressions": Recipe(
        "arithmetic expressions in x of up to 15 productions: the 100,000 of the published experiments",
        grammar="arithmetic",
        data="expressions-published",
        time_budget=20,
        seed=1,
    ),
}


def recipe_named(name: str) -> Recipe:
    """The recipe of a name. Raises SettingsError: there is none."""
    if name not in RECIPES:
        raise SettingsError.unknown("model", name, RECIPES)
    return RECIPES[name]


def train_again(
    recipe: Recipe,
    place: Path,
    *,
    data: str | None = None,
    time_budget: float | None = None,
    device: Any = "auto",
    progress: Shown = False,
    build: "Build | None" = None,
) -> None:
    """Trains a model by a recipe; interrupted training is resumed, and a finished run is kept.

    Args:
        recipe: the recipe.
        place: the run folder.
        data: replaces the recipe's data.
        time_budget: replaces the recipe's minutes.
        device: device of the model.
        progress: see `GrammarAutoencoder`.
        build: see `datasets.origin.store_of`.

    Raises:
        DataError: the data set cannot be obtained.
        RunError: the folder holds another training.
    """
    folder = RunFolder(place)
    if folder.has(folder.MODEL):
        return
    parameters: dict[str, Any] = {
        "time_budget": time_budget or recipe.time_budget,
        "random_state": recipe.seed,
        "test": TEST,
        "device": device,
        "progress": progress,
        **recipe.parameters,
    }
    train(folder, recipe.grammar, data or recipe.data, parameters, build)


def check_size(place: Path) -> int:
    """The size of a packed model in bytes. Raises SettingsError: it exceeds `MOST_BYTES`."""
    size = size_of(place)
    if size > MOST_BYTES:
        raise SettingsError(
            f"{place} has {size:,} bytes, more than the {MOST_BYTES:,} of a model that comes with grae",
            remedy="train a narrower network, or keep fewer starting strings",
        )
    return size
