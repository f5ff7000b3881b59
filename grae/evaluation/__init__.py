"""Evaluation of models: validity, uniqueness, novelty, distances to a reference, and reconstruction accuracy."""

from grae.evaluation.benchmark import Comparison
from grae.evaluation.comparison import SideBySide, side_by_side
from grae.evaluation.densities import DensityEvaluation, densities_named, evaluate_densities
from grae.evaluation.evaluate import Evaluation, evaluate, evaluate_samples
from grae.evaluation.measurements import Measurement
from grae.evaluation.measures import MEASURES, Measure
from grae.evaluation.metrics import Estimate, Share, exact, in_language, novel, unique, unique_at, valid
from grae.evaluation.request import EvalRequest
from grae.evaluation.runs import LoadedRun, check_run, evaluate_run, fit_missing_densities, open_run
from grae.evaluation.strings import Strings, samples_of
from grae.evaluation.work import Work

__all__ = [
    "MEASURES",
    "Comparison",
    "DensityEvaluation",
    "Estimate",
    "EvalRequest",
    "Evaluation",
    "LoadedRun",
    "Measure",
    "Measurement",
    "Share",
    "SideBySide",
    "Strings",
    "Work",
    "check_run",
    "densities_named",
    "evaluate",
    "evaluate_densities",
    "evaluate_run",
    "evaluate_samples",
    "exact",
    "fit_missing_densities",
    "in_language",
    "novel",
    "open_run",
    "samples_of",
    "side_by_side",
    "unique",
    "unique_at",
    "valid",
]
