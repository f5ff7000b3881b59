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
# # Images: deterministic against variational
#
# The same losses, bottlenecks and densities on images of digits: a regularized autoencoder without noise (RAE-L2) and a variational one
# (VAE), with a small version of the paper's recipe for MNIST: an eighth of its filters, and the 8 x 8 digits of scikit-learn.

# %%
import os
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
from IPython.display import Image

from grae.images import ImageAutoencoder, load_images
from grae.images.figure import draw_figure
from grae.images.measures import HeldOut, measure
from grae.images.projectors import load_projector, standard_projector

SMALL = os.environ.get("GRAE_NOTEBOOKS") == "small"  # so do the project's own tests run it
place = Path(tempfile.mkdtemp())

# %%
digits = load_images("digits")
print(f"{len(digits.train.images):,} images to train on, {len(digits.test.images):,} held out, {digits.shape}")

# %% [markdown]
# ## Two models
#
# They differ in one line: the bottleneck and its loss term.

# %%
models = {}
for name in ("vae", "rae-l2"):
    models[name] = ImageAutoencoder(name, width=0.03 if SMALL else 0.125, epochs=1 if SMALL else 30, device="cpu")
    models[name].fit(digits.train.images)
    last = models[name].result_.metrics[-1]
    print(f"{name:7} {last['epoch']:.0f} epochs, held-out squared error {-models[name].score(digits.test.images):.4f}")

# %% [markdown]
# ## Reconstructions, samples, interpolations

# %%
draw_figure(models, digits.test.images, place / "figure.png", columns=8)
Image(str(place / "figure.png"))

# %% [markdown]
# ## Distances
#
# Fréchet distances to held-out images, in the features of a classifier trained on the same training images; lower is better. They
# compare these two models. They are not Fréchet *inception* distances, and cannot be compared with published ones.

# %%
projector = load_projector(standard_projector(digits, device="cpu"))
held_out = HeldOut(digits.test.images, projector, n=200 if SMALL else len(digits.test.images), seed=0)
for name, model in models.items():
    found = measure(model, held_out)
    print(
        f"{name:7} {found.feature}: reconstructions {found.rec:.2f}, samples: own density {found.normal:.2f}, "
        f"mixture {found.gmm:.2f}; interpolations {found.interp:.2f}"
    )

# %% [markdown]
# ## Codes
#
# The codes of the training images in two of their dimensions: the variational model pulls them to N(0, I), for the deterministic one
# a density is fitted afterwards.

# %%
figure, panels = plt.subplots(1, 2, figsize=(9, 4), layout="constrained")
for axes, (name, model) in zip(panels, models.items(), strict=True):
    codes = model.transform(digits.train.images)
    dots = axes.scatter(codes[:, 0], codes[:, 1], c=digits.train.labels, s=6, cmap="tab10")
    axes.set_title(name)
    axes.set_xlabel("first dimension of the code")
panels[0].set_ylabel("second")
figure.colorbar(dots, ax=panels, label="digit")
plt.show()
