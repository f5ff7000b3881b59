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
# # Molecules: from your own SMILES to new ones
#
# From strings to a model, a map of its latent space and new molecules. It takes a few minutes on two cores.

# %%
import os
import tempfile
from itertools import islice
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from IPython.display import Image

import grae
from grae.chemistry import canonical_all, draw_grid, properties
from grae.datasets import open_source

SMALL = os.environ.get("GRAE_NOTEBOOKS") == "small"  # so do the project's own tests run it
place = Path(tempfile.mkdtemp())

# %% [markdown]
# ## Strings
#
# Here they come from RDKit's package. Replace the name `wehi` by the path of your own `.smi`, text or CSV file
# (for a CSV: `open_source("mine.csv", column="smiles")`). Strings that RDKit cannot read or the grammar cannot parse are
# skipped.

# %%
smiles = [text for text in canonical_all(islice(open_source("wehi").texts(), 600 if SMALL else 10_000)) if text]
grammar = grae.load_grammar("smiles")
n_test = len(smiles) // 10
training, held_out = smiles[n_test:], smiles[:n_test]
print(f"{len(training):,} molecules to train on, {len(held_out):,} held out; the first: {training[0]}")

# %% [markdown]
# ## A string is its derivation
#
# The grammar derives a SMILES step by step; the model encodes and decodes these steps. So its output is always in the language.

# %%
ids = grammar.parse("CCO")
for number in ids:
    print(f"{number:4}  {grammar.productions[number]}")
assert grammar.unparse(ids) == "CCO"

# %% [markdown]
# ## Training
#
# A scikit-learn estimator. The preset `quick` is small; the default network is larger and slower. Molecules are learned in
# Kekule form, with frequent parts of derivations joined to *motifs*, which shorten them.
# `noise` and `beta` trade reconstruction accuracy for samples that are more similar to the data; `noise=0` trains without noise, as
# in the paper.

# %%
settings = {"noise": 1.0, "beta": 0.05, "epochs": 1 if SMALL else 30}
model = grae.GrammarAutoencoder(grammar, preset="quick", **settings, on_invalid="skip", device="cpu")
model.fit(training)
last = model.result_.metrics[-1]
print(f"{len(model.grammar_.motifs):,} motifs; derivations of at most {model.settings_.max_length} steps")
validation = last["validation"]
print(f"{last['epoch']:.0f} epochs; reconstruction accuracy of validation strings {100 * validation['exact']:.0f} %,")
print(f"accuracy of single steps under teacher forcing {100 * validation['steps']:.0f} %")

# %% [markdown]
# ## Reconstructions
#
# Held-out molecules, each above its reconstruction from 56 numbers.

# %%
shown = model.derive(held_out, on_invalid="skip").rows[:5]
originals = [held_out[row] for row in shown]
back = model.inverse_transform(model.transform(originals))
legends = ["original"] * 5 + ["exact" if a == b else "not exact" for a, b in zip(originals, back, strict=True)]
Image(str(draw_grid([*originals, *back], place / "back.png", legends=legends)))

# %% [markdown]
# ## The latent space
#
# The codes of held-out molecules on their first two principal components, coloured by logP.

# %%
from sklearn.decomposition import PCA

rows = model.derive(held_out, on_invalid="skip").rows
known = [held_out[row] for row in rows]
codes = model.transform(known)
plane = PCA(2).fit(codes)
x, y = plane.transform(codes).T
figure, axes = plt.subplots(figsize=(6.5, 4.5), layout="constrained")
dots = axes.scatter(x, y, c=[properties(text).logp for text in known], s=12, cmap="viridis", vmin=-1, vmax=6)
figure.colorbar(dots, label="logP")
first, second = 100 * plane.explained_variance_ratio_
axes.set_xlabel(f"first component, {first:.0f} % of the variance")
axes.set_ylabel(f"second component, {second:.0f} %")
plt.show()

# %% [markdown]
# ## New molecules
#
# A mixture of Gaussians was fitted to the codes of the training set. Codes are sampled from it and decoded with the semantic rules of valences
# and rings, so every sample is a valid molecule. *Valid* does not mean *synthesizable*: after minutes of training on few molecules
# many are odd. More training on more data (`grae train --grammar smiles --data zinc250k`) makes them more plausible, which
# `grae evaluate` measures.

# %%
samples = model.sample(100 if SMALL else 1_000, seed=1)
forms = canonical_all(samples)
valid = [form for form in forms if form]
known_forms = set(smiles)
new = [form for form in dict.fromkeys(valid) if form not in known_forms]
print(f"of {len(samples)}: valid {len(valid)}, unique {len(set(valid))}, novel {len(new)}")

# %%
legend = [f"logP {p.logp:.1f}   QED {p.qed:.2f}" for p in map(properties, new[:10])]
Image(str(draw_grid(new[:10], place / "new.png", legends=legend)))

# %% [markdown]
# ## From one molecule to another
#
# Points on the straight line between two codes, decoded.

# %%
ends = model.transform([known[0], known[-1]])
t = np.linspace(0, 1, 41)[:, None]
way = list(dict.fromkeys(model.inverse_transform(((1 - t) * ends[0] + t * ends[1]).astype(np.float32))))
print(f"{len(way)} distinct molecules on the line")
stops = [way[number] for number in np.unique(np.linspace(0, len(way) - 1, 10).astype(int))]
Image(str(draw_grid(stops, place / "way.png")))

# %% [markdown]
# ## Saving
# A run is a folder of plain files. `grae report` writes an HTML report of it; `grae sample`,
# `grae evaluate` and `grae optimize` use it too.

# %%
model.save(place / "mine")
again = grae.load(place / "mine", device="cpu")
assert np.allclose(again.transform(known[:5]), codes[:5], atol=1e-5)
print(*sorted(file.name for file in (place / "mine").iterdir()), sep="\n")
