"""Molecules of an SDF file as SMILES."""

from collections.abc import Iterator
from typing import Any, BinaryIO

from rdkit import Chem, rdBase


def smiles_in(file: BinaryIO) -> Iterator[str | None]:
    """The canonical SMILES of each record, in order; None if RDKit cannot read it."""
    records: Any = Chem.ForwardSDMolSupplier(file)
    while True:
        with rdBase.BlockLogs():
            try:
                molecule = next(records)
            except StopIteration:
                return
            smiles = None if molecule is None else Chem.MolToSmiles(molecule)
        yield smiles
