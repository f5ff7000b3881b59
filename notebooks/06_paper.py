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
# # The paper, again
#
# Ghosh et al., "From Variational to Deterministic Autoencoders" (ICLR 2020), claims two things. A decoder that is regularized, and a
# density that is fitted to the codes afterwards, do what the noise of a variational autoencoder is there for, and do it better: on images,
# where samples are judged by a Frechet distance, and on structured objects, where a search of the latent space has to find good ones. And
# the fitted density helps the variational models too.
#
# This notebook does its three experiments in small, in some minutes on two cores, and puts our figures beside the printed ones. Small
# means what it says: the tables show that all of it works and where it tends. The commands under each table do it in full.

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
# Bayesian optimization then looks for the expression that comes nearest to `1/3+x+sin(x*x)`, which is withheld from the training strings.
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
# Ours / printed, mean and standard error over the searches. In full, with the published networks, data, schedules and searches, on molecules too
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
# Frechet distances to held-out images: of reconstructions, of samples of the model's own density (N(0, I) for the VAE), of samples of a
# mixture of ten Gaussians fitted to the codes, and of points between two codes. The digits are those of scikit-learn, 8 x 8 pixels; the
# features are those of a classifier of the same digits. The paper has no such data set, so that nothing is printed beside these.

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
# The two claims can be read off the rows: the mixture (`gmm`) against N(0, I) (`normal`) in that of the VAE, and the deterministic models' `gmm`
# against the VAE's. On the paper's data sets:
#
#     grae images table --data mnist

# %%
models = {row["model"]: ImageAutoencoder.load(place / "digits" / row["model"], device="cpu") for row in measured}
draw_figure(models, digits.test.images, place / "figure.png", columns=8)
Image(str(place / "figure.png"))

# %% [markdown]
# Each panel has a line a model: reconstructions under their originals, random samples, interpolations on a sphere. In full: `grae images figure`.
