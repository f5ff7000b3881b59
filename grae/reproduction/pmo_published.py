"""Published figures of PMO: areas under the curve of the top 10, for other methods.

Sources of the sums over all 23 tasks: Gao et al., "Sample Efficiency Matters", 2022 (REINVENT, Graph GA, GP BO and the
autoencoders), and the papers of the other methods. The sum of Tanimoto-GP is that of its figures by task.
"""

from typing import NamedTuple


class PublishedSum(NamedTuple):
    """A method's published sum over the 23 tasks.

    Attributes:
        method: name of the method.
        total: the sum, at most 23.
        remark: a remark on the figure.
    """

    method: str
    total: float
    remark: str = ""


PRESCREENED = "ranks ZINC250k by each task first, which is not counted"
SUMS: dict[int, tuple[PublishedSum, ...]] = {
    10_000: (
        PublishedSum("InVirtuoGen", 18.99, PRESCREENED),
        PublishedSum("GenMol", 18.36, PRESCREENED),
        PublishedSum("InVirtuoGen, no prescreening", 16.68),
        PublishedSum("Tanimoto-GP", 16.30),
        PublishedSum("Genetic GFN", 16.21),
        PublishedSum("NF-BO", 14.74),
        PublishedSum("Mol GA", 14.71),
        PublishedSum("REINVENT", 14.20),
        PublishedSum("Graph GA", 13.75),
        PublishedSum("GP BO", 13.16),
        PublishedSum("SELFIES-VAE BO", 8.89),
        PublishedSum("SMILES-VAE BO", 8.59),
        PublishedSum("JT-VAE BO", 8.36),
    ),
    1_000: (
        PublishedSum("LICO", 11.71),
        PublishedSum("MOLLEO", 11.65),
        PublishedSum("Genetic GFN", 11.56),
        PublishedSum("GP BO", 11.27),
    ),
}
"""By budget of evaluations."""

BY_TASK: dict[int, dict[str, dict[str, float]]] = {
    10_000: {
        "Tanimoto-GP": {
            "albuterol_similarity": 0.964,
            "mestranol_similarity": 0.930,
            "qed": 0.947,
            "isomers_c7h8n2o2": 0.911,
            "celecoxib_rediscovery": 0.860,
            "osimertinib_mpo": 0.833,
            "isomers_c9h10n2o2pf2cl": 0.828,
            "ranolazine_mpo": 0.810,
            "fexofenadine_mpo": 0.806,
            "troglitazone_rediscovery": 0.756,
            "thiothixene_rediscovery": 0.727,
            "amlodipine_mpo": 0.720,
            "deco_hop": 0.672,
            "perindopril_mpo": 0.651,
            "scaffold_hop": 0.529,
            "zaleplon_mpo": 0.499,
            "sitagliptin_mpo": 0.474,
            "median1": 0.415,
            "median2": 0.408,
            "valsartan_smarts": 0.000,
        }
    }
}
"""By budget, method and task."""
