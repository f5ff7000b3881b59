"""Grammar-based regularized autoencoders: learn a language's strings, sample new ones that always parse.

The face of the library is small, and each name is imported when it is first used, so that `import grae` stays quick:

    grammar = grae.load_grammar("smiles")
    model = grae.GrammarAutoencoder(grammar).fit(strings)
    model.save("runs/mine")
    grae.load("runs/mine").sample(10)
"""

from typing import TYPE_CHECKING

from grae.lazily import from_homes

if TYPE_CHECKING:
    from grae.grammar import load_grammar
    from grae.optimization import optimize
    from grae.sequence import GrammarAutoencoder, load

__version__ = "0.1.0.dev0"
__all__ = ["GrammarAutoencoder", "__version__", "load", "load_grammar", "optimize"]

_HOMES = {
    "GrammarAutoencoder": "grae.sequence",
    "load": "grae.sequence",
    "load_grammar": "grae.grammar",
    "optimize": "grae.optimization",
}


__getattr__ = from_homes(__name__, _HOMES)


def __dir__() -> list[str]:
    return sorted(__all__)
