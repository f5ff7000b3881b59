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
# for one whose curve is that of 1/3 + x + sin(x·x), without looking at gradients or coefficients.

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
# The grammar is the published one. Expressions are drawn uniformly among all derivations up to a length; the formula that is looked for,
# in any of its spellings that score zero, is taken out.

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
print(f"{100 * last['validation']['exact']:.1f} % of the validation expressions come back exactly")
print(*model.sample(8, seed=0), sep="\n")

# %% [markdown]
# ## The search
#
# It starts from some of the expressions with their scores, which cost no calls here. Each round a Gaussian process is fitted to codes and
# scores, a batch of codes is proposed, decoded and scored. Only strings that are new to it count. `half="worst-half"` makes it harder: it shows the search only the
# expressions that score worse than the median.

# %%
rounds = {"rounds": 2, "batch_size": 4} if SMALL else {"rounds": 60, "batch_size": 5}
start = texts[: 200 if SMALL else 5_000]
print(f"the best to start from: {np.nanmin(target.evaluate(start)):.3f}")
result = grae.optimize(model, "log-mse", start=start, seed=0, **rounds)
print(f"{result.calls} calls, {100 * result.valid:.0f} % of them valid")
result.history[["round", "string", "score"]].sort_values("score").drop_duplicates("string").head(5)

# %%
best = result.best[:3]
figure, (left, right) = plt.subplots(1, 2, figsize=(10, 3.8), layout="constrained")
left.plot(np.arange(1, result.calls + 1), result.records.best_so_far, drawstyle="steps-post")
left.set_xlabel("calls")
left.set_ylabel("best log MSE so far, lower is better")
right.plot(target.x, target.y, color="0.7", linewidth=4, label="target")
for record, values in zip(best, target.curves([record.string for record in best]), strict=True):
    right.plot(target.x, values, linewidth=1, label=f"{record.score:.3f}  {record.string}")
right.set_xlabel("x")
right.set_ylim(-13, 13)
right.legend(fontsize="small")
plt.show()

# %% [markdown]
# ## Your own curve
#
# A formula, or a file of points: `target_named("log-mse", grammar=grammar, points="mine.csv")`, on the command line
# `grae optimize --target log-mse --points mine.csv`.

# %%
mine = target_named("log-mse", grammar=grammar, formula="x*x/3 + exp(1)")
found = grae.optimize(
    model, mine, start=texts, start_limit=200 if SMALL else 1_000, rounds=2 if SMALL else 10, batch_size=5, seed=0
)
for record in found.best[:3]:
    print(f"{record.score:.3f}  {record.string}")
