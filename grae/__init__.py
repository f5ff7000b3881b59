"""Grammar-based regularized autoencoders: learn a language's strings, sample new ones that always parse.

The names here are imported when they are first used, so that `import grae` stays quick:

    grammar = grae.load_grammar("smiles")
    model = grae.GrammarAutoencoder(grammar).fit(strings)
    model.save("runs/mine")
    grae.load("runs/mine").sample(10)

The packages below, from the strings up:

    grae.grammar        context-free grammars: reading, analysis, parsing, derivations, motifs
    grae.languages      what strings mean: validity, canonical forms, rules beyond the grammar, drawing
    grae.constraints    decoding under such rules: automata and plans
    grae.formulas       formulas for data: constants fitted, simplified, as text and LaTeX
    grae.chemistry      RDKit: reading, properties, drawing
    grae.datasets       data sets by name, files of strings, derivation stores, splits
    grae.autoencoder    bottlenecks, regularizers, their composition, the table of models
    grae.training       the training loop, checkpoints, schedules, several processes
    grae.density        densities of latent codes: Gaussians, mixtures, flows, the second stage of 2sVAE
    grae.estimator      what the estimators of strings and of images share
    grae.sequence       strings: networks, decoding, presets, `GrammarAutoencoder`
    grae.images         images: networks, recipes, Frechet distances, `ImageAutoencoder`
    grae.pretrained     models that come with grae
    grae.sharing        models pushed and pulled, in a folder or on the Hugging Face Hub
    grae.evaluation     validity, uniqueness, novelty, reconstruction accuracy, the measures of MOSES
    grae.optimization   Bayesian optimization of a target over the latent space
    grae.report         a run as one page of HTML
    grae.reproduction   the experiments of the papers
    grae.callbacks      callbacks of trainings and searches, and loggers
"""

from typing import TYPE_CHECKING

from grae.lazy_imports import lazy_getattr
from grae.version import __version__

if TYPE_CHECKING:
    from grae.grammar import load_grammar
    from grae.optimization import optimize
    from grae.optimization.symbolic.regressor import FormulaRegressor
    from grae.sequence import GrammarAutoencoder, load

__all__ = ["FormulaRegressor", "GrammarAutoencoder", "__version__", "load", "load_grammar", "optimize"]

_HOMES = {
    "FormulaRegressor": "grae.optimization.symbolic.regressor",
    "GrammarAutoencoder": "grae.sequence",
    "load": "grae.sequence",
    "load_grammar": "grae.grammar",
    "optimize": "grae.optimization",
}


__getattr__ = lazy_getattr(__name__, _HOMES)


def __dir__() -> list[str]:
    return sorted(__all__)
