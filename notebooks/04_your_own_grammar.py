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
# # Your own grammar
#
# Anything that a context-free grammar describes can be learned: here linear copolymers in a notation that a polymer chemist might
# use: an initiator, blocks of repeat units, an end group. From the grammar file to new strings, all in the language.

# %%
import os
import random
import tempfile
from pathlib import Path

import numpy as np

import grae
from grae.errors import ParseError
from grae.grammar.counting import sample_uniform

SMALL = os.environ.get("GRAE_NOTEBOOKS") == "small"  # so do the project's own tests run it
place = Path(tempfile.mkdtemp())

# %% [markdown]
# ## The grammar
#
# nltk's notation: one left-hand side per line, terminals in quotes. Blocks can have side chains, which are blocks again.

# %%
(place / "polymers.cfg").write_text("""\
%start polymer
polymer -> initiator '-' chain '-' end
chain -> block | block '-' chain
block -> '(' units ')' length | '(' units ')' length '[' chain ']'
units -> unit | unit '/' units
unit -> 'St' | 'MMA' | 'BA' | 'EO' | 'PO' | 'AN'
length -> '10' | '20' | '50' | '100'
initiator -> 'nBu' | 'AIBN' | 'BPO'
end -> 'H' | 'OH' | 'Br'
""")
grammar = grae.load_grammar(place / "polymers.cfg")
print(f"{grammar.n_productions} productions, {len(grammar.nonterminals)} nonterminals")
print(f"{len(grammar.analysis.findings)} findings of what is odd in it")

# %% [markdown]
# ## Checking it
#
# A string outside the language is an error that says where, and what was expected. `grae grammar check polymers.cfg --data
# mine.txt` checks a whole file.

# %%
try:
    grammar.parse("nBu-(St)50-(MMA]20-H")
except ParseError as error:
    print(error)

# %% [markdown]
# ## Data
#
# Yours would come from a file. These are sampled with a pattern that is not in the grammar: styrene in long
# blocks, ethers in short ones, and only styrenes start from nBu.

# %%
draw = random.Random(0)


def block(depth: int) -> str:
    ether = draw.random() < 0.4
    units = "/".join(draw.choice(["EO", "PO"] if ether else ["St", "MMA", "BA"]) for _ in range(draw.choice([1, 1, 2])))
    side = f"[{block(depth + 1)}]" if depth == 0 and draw.random() < 0.3 else ""
    return f"({units}){draw.choice(['10', '20'] if ether else ['50', '100'])}{side}"


def polymer() -> str:
    blocks = "-".join(block(0) for _ in range(draw.choice([1, 2, 2, 3])))
    initiator = "nBu" if blocks.startswith("(St") else draw.choice(["AIBN", "BPO"])
    return f"{initiator}-{blocks}-{draw.choice(['H', 'OH', 'Br'])}"


texts = list(dict.fromkeys(polymer() for _ in range(800 if SMALL else 8_000)))
print(f"{len(texts):,} distinct polymers")
print(*texts[:4], sep="\n")

# %% [markdown]
# ## Training and motifs
# Motifs are productions composed of others that often occur together. They are learned from the data alone.

# %%
training, held_out = texts[200:], texts[:200]
model = grae.GrammarAutoencoder(
    grammar, preset="quick", epochs=2 if SMALL else 15, motifs=40, device="cpu", on_invalid="skip"
)
model.fit(training)
motifs = model.grammar_.productions[-len(model.grammar_.motifs) :]
ranked = sorted(zip(model.grammar_.motifs, motifs, strict=True), key=lambda one: -one[0].uses)
for motif, production in ranked[:6]:
    print(f"{motif.uses:6,} uses  {production}")
rows = model.derive(held_out, on_invalid="skip").rows
accuracy = model.score([held_out[row] for row in rows])
print(f"reconstruction accuracy on {len(rows)} held-out polymers: {100 * accuracy:.0f} %")

# %% [markdown]
# ## New polymers
#
# Every sample is in the language: the decoder cannot write anything else. To see how much of the pattern it learned, compare its samples
# with strings drawn from the grammar alone.

# %%


def follows_the_pattern(text: str) -> bool:
    """Whether nBu stands before styrene and nowhere else, and ethers only in short blocks."""
    short = all(
        part.partition(")")[2][:3].rstrip("-[]") in ("10", "20")
        for part in text.split("(")[1:]
        if part[:2] in ("EO", "PO")
    )
    return short and (text.startswith("nBu") == text.partition("-")[2].startswith("(St"))


samples = model.sample(200 if SMALL else 2_000, seed=0)
for text in samples:
    grammar.parse(text)  # an error, were it outside
random_strings = [grammar.unparse(ids) for ids in sample_uniform(grammar, len(samples), 20, 0)]
for name, strings in (("training set", training), ("model", samples), ("grammar alone", random_strings)):
    print(f"{name:13}  follow the pattern: {100 * np.mean([follows_the_pattern(text) for text in strings]):5.1f} %")
print(f"novel: {100 * np.mean([text not in set(training) for text in samples]):.1f} % of the samples")
print(*samples[:5], sep="\n")

# %% [markdown]
# ## Your own target
# Any function of a string, here the number of repeat units; on the command line `grae optimize --target mine.py:units`.
# Fifty evaluations are a short search.

# %%
import re


def units(text: str) -> float:
    """Repeat units in the main chain and the side chains."""
    return float(sum(map(int, re.findall(r"\)(\d+)", text))))


result = grae.optimize(
    model, units, start=training, start_limit=100 if SMALL else 500, rounds=2 if SMALL else 10, batch_size=5, seed=0
)
print(f"best of the training set: {max(map(units, training)):.0f}")
for record in result.best[:3]:
    print(f"{record.score:6.0f}  {record.string}")
