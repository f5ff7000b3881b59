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
# # Expressions: finding a formula
#
# Symbolic regression, the paper's first experiment on structured objects: learn arithmetic expressions, then search the latent space
# for one whose curve is that of 1/3 + x + sin(x·x), without gradients or coefficients.

# %%
import os

import matplotlib.pyplot as plt
import numpy as np

import grae
from grae.grammar.counting import sample_uniform

SMALL = os.environ.get("GRAE_NOTEBOOKS") == "small"  # so do the project's own tests run it

# %% [markdown]
# ## A language and its strings
#
# The grammar is the published one. Expressions are sampled uniformly among all derivations up to a length; the target formula,
# in every spelling that scores zero, is removed.

# %%
grammar = grae.load_grammar("arithmetic")
for production in grammar.productions[:-1]:  # the last only pads, in the published network
    print(production)

# %%
from grae.optimization import target_named

target = target_named("log-mse", grammar=grammar)
drawn = dict.fromkeys(grammar.unparse(ids) for ids in sample_uniform(grammar, 1_000 if SMALL else 20_000, 15, 0))
texts = list(drawn)
scores = target.evaluate(texts)
texts = [text for text, score in zip(texts, scores, strict=True) if not score < 1e-6]
print(f"{len(texts):,} distinct expressions, such as {', '.join(texts[:3])}")
print(f"scores, 0 is exact: best {np.nanmin(scores):.3f}, median {np.nanmedian(scores):.3f}")

# %% [markdown]
# ## Training

# %%
settings = {"epochs": 2, "latent_dim": 12} if SMALL else {"epochs": 20, "latent_dim": 25}
model = grae.GrammarAutoencoder(grammar, preset="quick", device="cpu", **settings).fit(texts)
last = model.result_.metrics[-1]
print(f"reconstruction accuracy on the validation expressions: {100 * last['validation']['exact']:.1f} %")
print(*model.sample(8, seed=0), sep="\n")

# %% [markdown]
# ## The search
#
# It starts from some scored expressions, which do not count as evaluations. In each round a Gaussian process is fitted to codes and
# scores, and a batch of new strings is proposed and scored. `half="worst-half"` makes it harder: the
# search starts only from expressions that score worse than the median. Searches are random, so here are two.

# %%
rounds = {"rounds": 2, "batch_size": 4} if SMALL else {"rounds": 60, "batch_size": 5}
start = texts[: 200 if SMALL else 5_000]
harder = {"start": start, "half": "worst-half"}
results = {seed: grae.optimize(model, "log-mse", seed=seed, **harder, **rounds) for seed in (0, 1)}
for seed, result in results.items():
    print(f"seed {seed}: {result.calls} evaluations, {100 * result.valid:.0f} % valid; best:")
    for record in result.best[:3]:
        print(f"  {record.score:.3f}  {record.string}")

# %%
figure, (left, right) = plt.subplots(1, 2, figsize=(10, 3.8), layout="constrained")
right.plot(target.x, target.y, color="0.7", linewidth=4, label="target")
for seed, result in results.items():
    best = result.best[0]
    left.step(np.arange(1, result.calls + 1), result.records.best_so_far, where="post", label=f"seed {seed}")
    right.plot(target.x, target.curves([best.string])[0], linewidth=1, label=f"{best.score:.3f}  {best.string}")
left.set_xlabel("evaluations")
left.set_ylabel("best log MSE so far, lower is better")
left.legend()
right.set_xlabel("x")
right.set_ylim(-13, 13)
right.legend(fontsize="small")
plt.show()

# %% [markdown]
# The result as a table, one row per evaluation:

# %%
results[0].history[["round", "string", "score"]].sort_values("score").drop_duplicates("string").head(5)

# %% [markdown]
# ## Your own curve
#
# A formula, or a file of points: `target_named("log-mse", grammar=grammar, points="mine.csv")`, on the command line
# `grae optimize --target log-mse --points mine.csv`.

# %%
mine = target_named("log-mse", grammar=grammar, formula="x*x/3 + exp(1)")
known = 200 if SMALL else 1_000
found = grae.optimize(model, mine, start=texts, start_limit=known, rounds=2 if SMALL else 50, batch_size=5, seed=0)
best = found.to_dict()["start"]["best"]
print(f"best of {known:,} starting strings: {best['score']:.3f}; found in {found.calls} evaluations:")
for record in found.best[:3]:
    print(f"{record.score:.3f}  {record.string}")
