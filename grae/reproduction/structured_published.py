"""The paper's figures for structured objects, for comparison.

Source: Ghosh et al. 2020, table 2: five trials of Bayesian optimization, mean and standard error. The row of GCVVAE is
omitted, because we have not read it in the source ourselves. `IN_LANGUAGE` is not published, but computed from the
published weights (github.com/mkusner/grammarVAE, pretrained, expressions, 50 epochs).
"""

from dataclasses import dataclass

NOTE = (
    "The published search script divides integers, 1/2 = 0: `1/2+(x)+sin(x*x)`, which scores 0.03, was scored as "
    "`x+sin(x*x)` and printed as 0.10. Printed scores of expressions with quotients of integers are of other functions."
)
"""A note below the table. Source: equation_optimization/simulation1/grammar/run_bo.py of the published code."""


@dataclass(frozen=True, slots=True)
class PublishedRow:
    """A row of the table.

    Attributes:
        points: fraction of points with a valid decoding, and its standard error.
        average: average score, and its standard error.
        best: the three best scores.
    """

    points: tuple[float, float]
    average: tuple[float, float]
    best: tuple[float, float, float]


PUBLISHED: dict[str, dict[str, PublishedRow]] = {
    "expressions": {
        "grae": PublishedRow((1.00, 0.00), (3.22, 0.03), (0.39, 0.39, 0.43)),
        "gvae": PublishedRow((0.99, 0.01), (3.26, 0.20), (0.10, 0.46, 0.52)),
        "cvae": PublishedRow((0.82, 0.07), (4.74, 0.25), (0.45, 0.48, 0.61)),
    },
    "molecules": {
        "grae": PublishedRow((0.72, 0.09), (-5.62, 0.71), (3.74, 3.52, 3.14)),
        "gvae": PublishedRow((0.28, 0.04), (-7.89, 1.90), (3.13, 3.10, 2.37)),
        "cvae": PublishedRow((0.16, 0.04), (-25.64, 6.35), (2.75, 0.82, 0.63)),
    },
}
"""By objects and model."""

IN_LANGUAGE: dict[str, dict[str, dict[str, float]]] = {
    "expressions": {
        "gvae": {"N(0, I)": 0.49, "Gaussian": 0.97, "GMM-10": 0.996, "box": 0.90, "box, points": 0.993},
        "cvae": {"N(0, I)": 0.048, "Gaussian": 0.57, "GMM-10": 0.87, "box": 0.43, "box, points": 0.66},
    },
}
"""By objects, model and distribution of codes (`validity.py`): the fraction of draws in the language under the
published weights; and, for the box, the fraction of points with at least one of 25 draws in it."""
