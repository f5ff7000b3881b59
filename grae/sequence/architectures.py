"""The architectures of models of derivations by name. Imports nothing heavy."""

from typing import TYPE_CHECKING

from grae.lazy_imports import Table

if TYPE_CHECKING:
    from grae.sequence.architecture import Architecture

HOME = "grae.sequence.architecture"

ARCHITECTURES: "Table[type[Architecture]]" = Table(
    "architecture",
    {
        "recurrent": (f"{HOME}:RecurrentArchitecture", "GRU encoder, autoregressive GRU decoder"),
        "paper": (f"{HOME}:PaperArchitecture", "convolutions and GRUs as published (Kusner et al. 2017)"),
    },
)
"""The architectures by their names in commands and files: their `kind`."""
