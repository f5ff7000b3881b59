"""The names of the benchmark tasks, in the order of publication; imports nothing heavy."""

GUACAMOL = (
    "celecoxib_rediscovery",
    "troglitazone_rediscovery",
    "thiothixene_rediscovery",
    "aripiprazole_similarity",
    "albuterol_similarity",
    "mestranol_similarity",
    "isomers_c11h24",
    "isomers_c9h10n2o2pf2cl",
    "median1",
    "median2",
    "osimertinib_mpo",
    "fexofenadine_mpo",
    "ranolazine_mpo",
    "perindopril_mpo",
    "amlodipine_mpo",
    "sitagliptin_mpo",
    "zaleplon_mpo",
    "valsartan_smarts",
    "deco_hop",
    "scaffold_hop",
)
"""The 20 goal-directed tasks of GuacaMol (Brown et al., J. Chem. Inf. Model. 59, 2019; suite v2)."""

LEARNED = ("drd2", "gsk3b", "jnk3")
"""PMO's tasks whose scores are those of a trained classifier."""

PMO = (
    "albuterol_similarity",
    "amlodipine_mpo",
    "celecoxib_rediscovery",
    "deco_hop",
    "drd2",
    "fexofenadine_mpo",
    "gsk3b",
    "isomers_c7h8n2o2",
    "isomers_c9h10n2o2pf2cl",
    "jnk3",
    "median1",
    "median2",
    "mestranol_similarity",
    "osimertinib_mpo",
    "perindopril_mpo",
    "qed",
    "ranolazine_mpo",
    "scaffold_hop",
    "sitagliptin_mpo",
    "thiothixene_rediscovery",
    "troglitazone_rediscovery",
    "valsartan_smarts",
    "zaleplon_mpo",
)
"""The 23 tasks of PMO (Gao et al., "Sample Efficiency Matters", NeurIPS Datasets and Benchmarks 2022)."""

SUITES = {"guacamol": GUACAMOL, "pmo": PMO}
