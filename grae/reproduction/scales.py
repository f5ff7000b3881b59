"""The sizes of the experiments on structured objects: as published, or small enough for half an hour."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from grae.optimization.start import ALL


@dataclass(frozen=True)
class Objects:
    """A kind of objects to learn and to search.

    Attributes:
        grammar: name of the grammar.
        data: the data set.
        target: target of the search.
        attempts: decodings per point.
        parameters: parameters of `GrammarAutoencoder`, except grammar and model.
        strings: maximum number of strings of the data set; `ALL` for all.
    """

    grammar: str
    data: str
    target: str
    attempts: int
    parameters: Mapping[str, Any]
    strings: int = ALL


@dataclass(frozen=True)
class Scale:
    """The size of an experiment.

    Attributes:
        objects: its objects, by name.
        trials: searches per model.
        rounds: rounds per search.
        batch_size: points per round.
        start_limit: maximum number of starting strings of a search; `ALL` for all.
        words: a description for readers of the table.
    """

    objects: Mapping[str, Objects]
    trials: int
    rounds: int
    batch_size: int
    start_limit: int
    words: str


# Source of "full": Kusner et al. 2017 and its published code, and Ghosh et al. 2020 (five trials).
SCALES: dict[str, Scale] = {
    "full": Scale(
        {
            "expressions": Objects("arithmetic", "expressions-published", "log-mse", 25, {"preset": "paper"}),
            "molecules": Objects("smiles-gvae", "zinc250k", "logp", 500, {"preset": "paper", "on_invalid": "skip"}),
        },
        trials=5,
        rounds=5,
        batch_size=50,
        start_limit=ALL,
        words="the published networks, data, schedules and searches",
    ),
    "small": Scale(
        {
            "expressions": Objects(
                "arithmetic", "expressions-published", "log-mse", 25, {"preset": "quick", "epochs": 6}, 20_000
            ),
            "molecules": Objects(
                "smiles", "zinc250k", "logp", 50, {"preset": "quick", "epochs": 3, "on_invalid": "skip"}, 20_000
            ),
        },
        trials=3,
        rounds=2,
        batch_size=20,
        start_limit=5_000,
        words="a small trial run: small networks, 20,000 strings, a few passes, 40 points a search, 50 decodings of a "
        "molecule's; its figures show that everything works, not how good the models are",
    ),
}
