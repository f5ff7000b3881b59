"""Grammar-based regularized autoencoders: learn the strings of a language, and sample new ones that always parse.

The names below are imported on first use, so that `import grae` is fast:

    grammar = grae.load_grammar("smiles")
    model = grae.GrammarAutoencoder(grammar).fit(strings)
    model.save("runs/mine")
    grae.load("runs/mine").sample(10)

The packages, from the bottom up:

    grae.grammar        context-free grammars: reading, analysis, parsing, derivations, motifs
    grae.languages      semantics of strings: validity, canonical forms, rules beyond the grammar, depiction
    grae.constraints    constrained decoding under such rules: automata and plans
    grae.formulas       formulas for data: fitted constants, simplification, text and LaTeX
    grae.chemistry      RDKit: reading, properties, depiction
    grae.datasets       data sets by name, files of strings, derivation stores, splits
    grae.autoencoder    bottlenecks, regularizers, their composition, the table of models
    grae.training       the training loop, checkpoints, schedules, distributed training
    grae.density        densities of latent codes: Gaussians, mixtures, flows, the second stage of 2sVAE
    grae.estimator      the common base of the estimators of strings and images
    grae.sequence       strings: networks, decoding, presets, `GrammarAutoencoder`
    grae.images         images: networks, recipes, Frechet distances, `ImageAutoencoder`
    grae.pretrained     pretrained models that come with grae
    grae.sharing        sharing models, in a folder or on the Hugging Face Hub
    grae.evaluation     validity, uniqueness, novelty, reconstruction accuracy, the MOSES metrics
    grae.optimization   Bayesian optimization of a target over the latent space
    grae.report         a run as one HTML page
    grae.reproduction   the experiments of the papers
    grae.callbacks      callbacks of training and search, and loggers
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
