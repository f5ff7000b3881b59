"""The Fréchet inception distances reported in the paper, for comparison.

Source: Ghosh et al. 2020, table 1: Fréchet inception distances of rec, normal, gmm and interp. Features of another
network, or of another port of the Inception network, give distances on another scale; compare models only with each
other.
"""

Distances = dict[str, tuple[float, float, float | None, float]]

MNIST: Distances = {
    "vae": (18.26, 19.21, 17.66, 18.21),
    "cv-vae": (15.15, 33.79, 17.87, 25.12),
    "wae": (10.03, 20.42, 9.39, 14.34),
    "2svae": (20.31, 18.81, None, 18.35),
    "rae-gp": (14.04, 22.21, 11.54, 15.32),
    "rae-l2": (10.53, 22.22, 8.69, 14.54),
    "rae-sn": (15.65, 19.67, 11.74, 15.15),
    "rae": (11.67, 23.92, 9.81, 14.67),
    "ae": (12.95, 58.73, 10.66, 17.12),
}
CIFAR10: Distances = {
    "vae": (57.94, 106.37, 103.78, 88.62),
    "cv-vae": (37.74, 94.75, 86.64, 69.71),
    "wae": (35.97, 117.44, 93.53, 76.89),
    "2svae": (62.54, 109.77, None, 89.06),
    "rae-gp": (32.17, 83.05, 76.33, 64.08),
    "rae-l2": (32.24, 80.80, 74.16, 62.54),
    "rae-sn": (27.61, 84.25, 75.30, 63.62),
    "rae": (29.05, 83.87, 76.28, 63.27),
    "ae": (30.52, 84.74, 76.47, 61.57),
}
CELEBA: Distances = {
    "vae": (39.12, 48.12, 45.52, 44.49),
    "cv-vae": (40.41, 48.87, 49.30, 44.96),
    "wae": (34.81, 53.67, 42.73, 40.93),
    "2svae": (42.04, 49.70, None, 47.54),
    "rae-gp": (39.71, 116.30, 45.63, 47.00),
    "rae-l2": (43.52, 51.13, 47.97, 45.98),
    "rae-sn": (36.01, 44.74, 40.95, 39.53),
    "rae": (40.18, 48.20, 44.68, 43.67),
    "ae": (40.79, 127.85, 45.10, 50.94),
}
DISTANCES: dict[str, Distances] = {"mnist": MNIST, "cifar10": CIFAR10, "celeba": CELEBA}
"""By data set and model."""
