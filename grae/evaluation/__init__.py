"""How good a model's strings are: in the language, valid, unique, novel, and reconstructed exactly."""

from grae.evaluation.evaluate import Evaluation, evaluate
from grae.evaluation.meaning import Meaning, meaning_of
from grae.evaluation.metrics import Share, exact, in_language, novel, unique, valid

__all__ = [
    "Evaluation",
    "Meaning",
    "Share",
    "evaluate",
    "exact",
    "in_language",
    "meaning_of",
    "novel",
    "unique",
    "valid",
]
