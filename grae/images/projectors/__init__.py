"""Networks whose features Frechet distances are measured in: our classifiers, given ones, and the Inception network."""

from grae.images.projectors.classifier import Classifier, train_projector
from grae.images.projectors.projector import Projector
from grae.images.projectors.stored import inception_projector, load_projector, save_classifier

__all__ = ["Classifier", "Projector", "inception_projector", "load_projector", "save_classifier", "train_projector"]
