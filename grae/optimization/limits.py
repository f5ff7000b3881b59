"""Limits on the size of proposed strings: heavy atoms of a molecule, symbols of other strings."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from grae.conditions.sizes import symbols
from grae.errors import SettingsError
from grae.grammar import Grammar
from grae.grammar.codec import Derivations


@dataclass(frozen=True, slots=True)
class Limits:
    """Maximum sizes of proposed strings.

    Attributes:
        most_atoms: heavy atoms of a molecule; None for no limit.
        most_symbols: terminals of a string, such as `sin(` or `x`; None for no limit.
    """

    most_atoms: int | None = None
    most_symbols: int | None = None

    def check(self, grammar: Grammar) -> None:
        """Checks that the limits apply to a grammar.

        Raises:
            SettingsError: a limit does not apply.
        """
        for name, value in (("most_atoms", self.most_atoms), ("most_symbols", self.most_symbols)):
            if value is not None and value < 1:
                raise SettingsError(f"{name} (--{name.replace('_', '-')}) is {value}", remedy="give at least 1")
        if self.most_atoms is not None and not grammar.language.is_molecular:
            raise SettingsError(
                f"most_atoms (--most-atoms) counts atoms, but {grammar.name!r} is not a grammar of molecules",
                remedy="give --most-symbols",
            )

    def admit(self, grammar: Grammar, texts: Sequence[str], derivations: Derivations) -> np.ndarray:
        """Which strings are within the limits, (n,) bool.

        Args:
            grammar: the plain grammar of the derivations.
            texts: n valid strings.
            derivations: derivations of the texts.
        """
        admitted = np.ones(len(texts), bool)
        if self.most_symbols is not None:
            admitted &= symbols(grammar, derivations) <= self.most_symbols
        if self.most_atoms is not None:
            from grae.chemistry.counts import heavy_atoms

            rows = np.flatnonzero(admitted)
            admitted[rows] = heavy_atoms([texts[row] for row in rows.tolist()]) <= self.most_atoms
        return admitted

    def __bool__(self) -> bool:
        return self.most_atoms is not None or self.most_symbols is not None
