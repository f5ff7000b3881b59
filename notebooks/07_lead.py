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
# # From a lead
#
# A drug that works, a core that must stay, limits that must hold, two goals that pull apart: what `grae` does with one molecule. Everything
# here uses the pretrained model `zinc250k`, and molecules that come with RDKit.

# %%
import csv
import os
import tempfile
from itertools import islice
from pathlib import Path

import matplotlib.pyplot as plt
from IPython.display import Image
from rdkit import RDConfig

import grae
from grae.chemistry import properties
from grae.chemistry.alignment import draw_aligned
from grae.chemistry.structure import tanimoto
from grae.datasets import build_store, open_source
from grae.datasets.origin import record
from grae.optimization.plots import draw_front_of

SMALL = os.environ.get("GRAE_NOTEBOOKS") == "small"  # so do the project's own tests run it
place = Path(tempfile.mkdtemp())

# %% [markdown]
# ## The lead
#
# Celecoxib is one of the hundred molecules on which RDKit tests its score of synthetic accessibility (there as ZINC02570895).

# %%
with open(Path(RDConfig.RDContribDir) / "SA_Score" / "data" / "zim.100.txt") as file:
    lead = next(row["smiles"] for row in csv.DictReader(file, delimiter="\t") if row["Name"] == "ZINC02570895")
model = grae.load("zinc250k", device="cpu")
print(lead)
print(properties(lead))

# %% [markdown]
# ## Templates: what must stay
#
# The sulfonamide and the trifluoromethyl pyrazole stay; the tolyl group may change. Every sample is the template with its hole filled. Here
# and below, pictures are aligned by the template, which is highlighted.

# %%
template = "NS(=O)(=O)c1ccc(-n2nc(C(F)(F)F)cc2*)cc1"
n = 20 if SMALL else 200
samples = model.sample(n, template=template, seed=0)
print(f"{len(set(samples))} distinct of {n}")


def picture(smiles: list[str], legends: list[str], core: str | None = template) -> Image:
    """Molecules side by side, aligned to the first."""
    return Image(str(draw_aligned(smiles, place / "drawn.png", legends, template=core)))


distinct = list(dict.fromkeys(samples))[:9]
picture([lead, *distinct], ["celecoxib", *(f"QED {properties(text).qed:.2f}" for text in distinct)])

# %% [markdown]
# A hole between fixed parts is a linker, and there may be several holes.

# %%
linked = model.sample(n, template="NS(=O)(=O)c1ccc(*c2ccc(*)cc2)cc1", seed=0)
shown = sorted(set(linked), key=len)[:5]
picture([lead, *shown], ["celecoxib", *([""] * len(shown))], "NS(=O)(=O)c1ccccc1")

# %% [markdown]
# ## Analogs: what is near
#
# Distinct valid molecules near the lead, from its code and from changes of its derivation, the most similar first.

# %%
analogs = model.analogs(lead, 6 if SMALL else 50, least_similarity=0.4, seed=0)
print(analogs)
analogs.to_frame().head(5).round(2)

# %%
near = analogs.members[:9]
picture([lead, *(one.text for one in near)], ["celecoxib", *(f"similarity {one.similarity:.2f}" for one in near)], None)

# %% [markdown]
# ## Interpolation: what lies between
#
# Sulfapyridine is an older sulfonamide, of the National Cancer Institute's molecules that RDKit tests with. The distinct molecules on the way from
# one code to the other, with their similarity to both ends:

# %%
other = "Nc1ccc(S(=O)(=O)Nc2ccccn2)cc1"
way = model.interpolate(lead, other, 4 if SMALL else 10)
legends = [f"{one.similarity[0]:.2f}   {one.similarity[1]:.2f}" for one in way]
picture([one.text for one in way], legends, None)

# %% [markdown]
# ## Conditions: what must hold
#
# The codes are drawn ever more where molecules fulfilled the condition before. It may name any target, property or function of your own.

# %%
where = "logP < 3 and QED > 0.75 and not substructure('[N+](=O)[O-]')"
if not SMALL:
    kept = model.sample(100, template=template, where=where, seed=0)
    measured = [properties(text) for text in kept]
    free = [properties(text) for text in set(samples)]
    figure, axes = plt.subplots(figsize=(6.5, 3.6), layout="constrained")
    axes.scatter(
        [one.logp for one in free], [one.qed for one in free], s=12, color="0.7", label="samples of the template"
    )
    axes.scatter([one.logp for one in measured], [one.qed for one in measured], s=12, label="under the condition, too")
    axes.scatter(properties(lead).logp, properties(lead).qed, marker="*", s=140, color="C3", label="celecoxib")
    axes.set_xlabel("logP")
    axes.set_ylabel("QED")
    axes.legend()
    plt.show()

# %% [markdown]
# ## Two objectives
#
# Drug-likeness and closeness to the lead pull apart: a search for the Pareto front, in which every molecule holds the template, and no carbon has
# three bonds (radicals and cations, which moves of the search may make).


# %%
def closeness(smiles: str) -> float:
    """Tanimoto similarity to the lead."""
    return float(tanimoto(lead, [smiles])[0])


pace = (
    {"rounds": 1, "batch_size": 4, "start_limit": 20} if SMALL else {"rounds": 8, "batch_size": 10, "start_limit": 200}
)
rules = {"template": template, "where": "not substructure('[#6;v3]')"}
several = grae.optimize(model, ["qed", closeness], seed=0, **rules, **pace)
front = several.front
print(
    f"{len(front.members)} molecules on the front; hypervolume {front.start_hypervolume:.3f} before, {front.hypervolume:.3f} after"
)
figure, axes = plt.subplots(figsize=(6.5, 3.6), layout="constrained")
draw_front_of(axes, front, 0, 1, line="C0", dots="0.6", begun="0.8")
axes.legend(loc="lower left")
plt.show()

# %%
best = front.thinned(9)
picture(
    [lead, *(one.string for one in best)],
    ["celecoxib", *(f"{one.scores[0]:.2f}   {one.scores[1]:.2f}" for one in best)],
)

# %% [markdown]
# ## Diversity
#
# A search for drug-likeness alone, of which at most one result of a Bemis-Murcko scaffold counts.

# %%
diverse = grae.optimize(model, "qed", diversity="scaffold:1", seed=0, **rules, **pace)
best = diverse.best[:9]
picture([lead, *(one.string for one in best)], ["celecoxib", *(f"QED {one.score:.3f}" for one in best)])

# %% [markdown]
# ## Neighbors
#
# The training strings whose codes are nearest. A pretrained model does not have its training strings; a model that is fine-tuned on your molecules
# does. Here these are the National Cancer Institute's molecules that come with RDKit, for one epoch, and what is near sulfapyridine, one of them.

# %%
molecules = [text for text in islice(open_source("nci").texts(), 150 if SMALL else 5000) if "." not in text]
file = place / "mine.smi"
file.write_text("\n".join(molecules))
source = open_source(str(file), grammar=model.language_grammar_)
store = build_store(model.language_grammar_, source, form=model.settings_.form)
mine = grae.GrammarAutoencoder("smiles", epochs=1, random_state=0, device="cpu", on_invalid="skip")
mine.fit(store, warm_start="zinc250k", run=place / "mine", data=record(str(file), source, store, max_length=None))
neighbors = grae.load(place / "mine", device="cpu").neighbors(other, 10)
picture([one.text for one in neighbors], [f"distance {one.distance:.2f}" for one in neighbors], "O=S(*)(*)=O")
