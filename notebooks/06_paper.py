# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # The paper reproduced
#
# Ghosh et al., "From Variational to Deterministic Autoencoders" (ICLR 2020), makes two claims. A regularized decoder and a
# density fitted to the codes afterwards replace the noise of a variational autoencoder and work better: on images,
# judged by the Fréchet distance of samples, and on structured objects, judged by searches of the latent space. And
# the fitted density helps variational models too.
#
# This notebook runs its three experiments on a small scale, in some minutes on two cores, beside the published figures. At this
# scale the tables only show that everything works. The commands below each table run the experiments in full.

# %%
import os
import tempfile
from dataclasses import replace
from pathlib import Path

from IPython.display import Image, Markdown

from grae.images import ImageAutoencoder, load_images
from grae.images.figure import draw_figure
from grae.images.projectors import load_projector, standard_projector
from grae.reproduction import SCALES, reproduce_structured
from grae.reproduction.images_table import as_markdown as images_as_markdown
from grae.reproduction.images_table import make_table
from grae.reproduction.structured_table import as_markdown

SMALL = os.environ.get("GRAE_NOTEBOOKS") == "small"  # so do the project's own tests run it
place = Path(tempfile.mkdtemp())

# %% [markdown]
# ## Structured objects
#
# Four models learn arithmetic expressions: GRAE; the grammar VAE; the same with a constant variance; and a VAE on the characters. A search by
# Bayesian optimization then looks for the expression closest to `1/3+x+sin(x*x)`, which is withheld from the training strings.
# The score is the logarithm of 1 + the mean squared error, and 0 is exact.

# %%
small = SCALES["small"]
expressions = small.objects["expressions"]
if SMALL:
    expressions = replace(expressions, strings=2_000, parameters={"preset": "quick", "epochs": 1})
    small = replace(small, rounds=1, batch_size=5, start_limit=500)
scale = replace(small, objects={"expressions": expressions}, trials=1 if SMALL else 2)
rows = reproduce_structured(
    place / "structured", scale, device="cpu", models=("grae", "cvae") if SMALL else ("grae", "gvae", "gcvvae", "cvae")
)
Markdown(as_markdown(rows))

# %% [markdown]
# Ours / published, mean and standard error over the searches. In full, with the published networks, data, schedules and searches, on molecules too
# (many hours on two cores):
#
#     grae reproduce structured
#
# `grae reproduce structured --scale small` is what ran here, with molecules and more searches.

# %%
Image(str(place / "structured" / "table.png"))

# %% [markdown]
# ## Images
#
# Fréchet distances to held-out images: of reconstructions, of samples from the model's own density (N(0, I) for the VAE), of samples from a
# mixture of ten Gaussians fitted to the codes, and of interpolations. The digits are those of scikit-learn, 8 x 8 pixels; the
# features are those of a classifier of the same digits. The paper does not have this data set, so there are no published figures.

# %%
digits = load_images("digits")
projector = load_projector(standard_projector(digits, device="cpu"))
measured = make_table(
    place / "digits",
    digits,
    projector,
    models=("vae", "rae-l2") if SMALL else ("vae", "wae", "rae", "rae-l2", "rae-sn"),
    n=200 if SMALL else len(digits.test.images),
    width=0.03 if SMALL else 0.125,
    epochs=1 if SMALL else 30,
    device="cpu",
)
Markdown(images_as_markdown(measured))

# %% [markdown]
# For the two claims, compare the mixture (`gmm`) with N(0, I) (`normal`) in the VAE's row, and the deterministic models' `gmm`
# with the VAE's. On the paper's data sets:
#
#     grae images table --data mnist

# %%
models = {row["model"]: ImageAutoencoder.load(place / "digits" / row["model"], device="cpu") for row in measured}
draw_figure(models, digits.test.images, place / "figure.png", columns=8)
Image(str(place / "figure.png"))

# %% [markdown]
# Each panel has one line per model: reconstructions below their originals, random samples, spherical interpolations. In full: `grae images figure`.
