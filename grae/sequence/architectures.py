"""The networks of a model on derivations by name. Imports nothing heavy."""

from typing import TYPE_CHECKING

from grae.lazy_imports import Table

if TYPE_CHECKING:
    from grae.sequence.architecture import Architecture

HOME = "grae.sequence.architecture"

ARCHITECTURES: "Table[type[Architecture]]" = Table(
    "architecture",
    {
        "recurrent": (f"{HOME}:RecurrentArchitecture", "GRUs, the decoder of which sees what it has written"),
        "paper": (f"{HOME}:PaperArchitecture", "convolutions and GRUs as published (Kusner et al. 2017)"),
    },
)
"""The architectures by the names that commands and files know them by: their `kind`."""
