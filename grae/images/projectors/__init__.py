"""Feature extractors for Frechet distances: our classifiers, published ones, and the Inception network."""

from grae.images.projectors.classifier import Classifier, train_projector
from grae.images.projectors.inception_weights import fetch_inception_weights
from grae.images.projectors.projector import Projector
from grae.images.projectors.scaling import SCALINGS, Scaling
from grae.images.projectors.standard import make_projector, standard_projector, standard_projector_path
from grae.images.projectors.stored import inception_projector, load_projector, save_classifier

__all__ = [
    "SCALINGS",
    "Classifier",
    "Projector",
    "Scaling",
    "fetch_inception_weights",
    "inception_projector",
    "load_projector",
    "make_projector",
    "save_classifier",
    "standard_projector",
    "standard_projector_path",
    "train_projector",
]
