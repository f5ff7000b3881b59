"""The named data sets of `data/registry.toml`, and where their files come from.

A data set's file is found in RDKit's own package, under `GRAE_DATA_HOME`, in another installed package that contains it
(`molsets` for the sets of MOSES), in the cache, or downloaded into it; or its strings are drawn from a grammar and
cached. Files must have the registry's checksum.
"""

import tomllib
from functools import cache
from types import MappingProxyType

from pydantic import BaseModel, ConfigDict

from grae.datasets.reading import Format
from grae.errors import DataError
from grae.grammar.cfg import Grammar
from grae.resources import shipped

RDKIT = "rdkit:"
IMAGES = "images"
"""The table of the registry with the sets of images, which `grae.datasets.images` reads."""


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Reader(_Entry):
    """How a data set's file is read; the arguments of `Source`."""

    format: Format
    column: str | int | None = None
    header: bool | None = None
    member: str | None = None


class Made(_Entry):
    """Strings drawn from a grammar: `n` distinct derivations of at most `max_length` productions, uniformly."""

    grammar: str
    n: int
    max_length: int
    seed: int


class DatasetEntry(_Entry):
    """A named data set.

    Attributes:
        name: as given to commands.
        description: one line.
        language: language of the strings.
        grammar: the grammar usually used for them.
        default: whether it is the default data set of grammars of that language.
        strings: number of strings.
        licence: its license, and the licensor.
        sha256: checksum of its file.
        file: its path under `GRAE_DATA_HOME` and in the cache.
        package: the path of the same file in an installed Python package, by the package's import name.
        addresses: download addresses, tried in order; "rdkit:" is a file of RDKit's own package.
        reader: how its file is read.
        made: how its strings are drawn, if nothing is downloaded.
    """

    name: str
    description: str
    language: str
    grammar: str
    default: bool = False
    strings: int
    licence: str
    sha256: str | None = None
    file: str | None = None
    package: str | None = None
    addresses: tuple[str, ...] = ()
    reader: Reader
    made: Made | None = None

    @property
    def address(self) -> str:
        """Its origin, in brief."""
        return self.addresses[0] if self.addresses else f"made from the grammar {self.grammar}"


@cache
def entries() -> MappingProxyType[str, DatasetEntry]:
    """All named data sets, in the order of the registry."""
    tables = tomllib.loads((shipped("data") / "registry.toml").read_text(encoding="utf-8"))
    tables.pop(IMAGES, None)
    return MappingProxyType({name: DatasetEntry(name=name, **table) for name, table in tables.items()})


def entry(name: str) -> DatasetEntry:
    """A named data set.

    Raises:
        DataError: there is none of that name.
    """
    known = entries()
    if name not in known:
        raise DataError.unknown("data set", name, known, otherwise="choose one of these, or give a file")
    return known[name]


def default_dataset(grammar: Grammar) -> str:
    """The name of a grammar's default data set.

    Raises:
        DataError: there is none for the grammar's language.
    """
    for known in entries().values():
        if known.default and known.language == grammar.language.name:
            return known.name
    raise DataError(
        f"no data set comes with grammar {grammar.name!r}", remedy="give a file of its strings: --data FILE"
    )
