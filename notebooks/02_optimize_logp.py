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
# # Searching for molecules
#
# A model of molecules, a target, and a search of the latent space for molecules that score well: for the published penalized logP,
# for drug-likeness, and for your own function.

# %%
import os
import tempfile
from itertools import islice
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from IPython.display import Image

import grae
from grae.chemistry import canonical_all, draw_grid, properties, read
from grae.datasets import open_source

SMALL = os.environ.get("GRAE_NOTEBOOKS") == "small"  # so do the project's own tests run it
place = Path(tempfile.mkdtemp())

# %% [markdown]
# ## A model
#
# As in the first notebook. Or load a run: `model = grae.load("runs/mine")`.

# %%
smiles = [text for text in canonical_all(islice(open_source("wehi").texts(), 500 if SMALL else 10_000)) if text]
model = grae.GrammarAutoencoder("smiles", preset="quick", epochs=1 if SMALL else 20, on_invalid="skip", device="cpu")
model.fit(smiles)
print(f"{len(smiles):,} molecules, codes of {model.settings_.architecture.latent_dim} numbers")

# %% [markdown]
# ## Penalized logP
#
# The published target: logP minus synthetic accessibility minus a penalty for large rings, each standardized over ZINC250k. Higher is better,
# and **it is unbounded**: long chains score without limit, so look at the heavy atoms beside the score. The starting molecules do not
# count as evaluations; each evaluation scores a new molecule.

# %%
pace = {"rounds": 2, "batch_size": 4} if SMALL else {"rounds": 25, "batch_size": 5}
start = smiles[: 100 if SMALL else 2_000]
result = grae.optimize(model, "logp", start=start, seed=0, **pace)
baseline = grae.optimize(model, "logp", start=start, strategy="random", seed=0, **pace)
searches = {"default": result, "random samples": baseline}
for name, search in searches.items():
    best = ", ".join(f"{record.score:.2f}" for record in search.best[:3])
    print(f"{name:15} {search.calls} evaluations, {100 * search.valid:.0f} % valid, best {best}")

# %%
figure, axes = plt.subplots(figsize=(6.5, 3.8), layout="constrained")
for name, search in searches.items():
    axes.step(np.arange(1, search.calls + 1), search.records.best_so_far, where="post", label=name)
axes.set_xlabel("evaluations of the target")
axes.set_ylabel("best penalized logP so far, higher is better")
axes.legend()
plt.show()

# %%
best = [record for record in result.best[:10]]
legends = [f"{r.score:.2f}   {read(r.string).GetNumHeavyAtoms()} heavy atoms" for r in best]
Image(str(draw_grid([record.string for record in best], place / "best.png", legends=legends)))

# %% [markdown]
# ## Your own target
# A function from a SMILES to a number, or to `None` where it has no score. Here: drug-like and small, with a nitrogen in a ring. On the
# command line, put it in a file: `grae optimize --target mine.py:score --workers 4 --timeout 300`.


# %%
def score(smiles: str) -> float | None:
    """Drug-likeness, less what the molecule weighs beyond 300 g/mol; half of it without a nitrogen in a ring."""
    found, molecule = properties(smiles), read(smiles)
    if found is None or molecule is None:
        return None
    ring_nitrogen = any(atom.GetSymbol() == "N" and atom.IsInRing() for atom in molecule.GetAtoms())
    return (found.qed - max(0.0, found.weight - 300) / 300) * (1.0 if ring_nitrogen else 0.5)


mine = grae.optimize(model, score, start=start, start_limit=50 if SMALL else 400, seed=0, out=place / "search", **pace)
legends = [f"{record.score:.3f}" for record in mine.best[:10]]
Image(str(draw_grid([record.string for record in mine.best[:10]], place / "mine.png", legends=legends)))

# %% [markdown]
# ## The history
# Each score is written to `history.jsonl` before the next string is scored, so an interrupted search continues with `resume=True`. As a
# table:

# %%
mine.history[["round", "string", "score", "seconds"]].sort_values("score", ascending=False).head(5)
