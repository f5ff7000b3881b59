"""Steered sampling under a condition, compared with sampling the density, at an equal number of decodings.

    python tests/benchmarks/steering.py [--attempts 2000] [--model zinc250k]

Prints, for each condition, the number of unique strings that fulfill it, from the density alone and steered.
"""

import argparse

import grae
from grae.conditions import Condition
from grae.conditions.steering import steered

CONDITIONS = (
    "logP < 1 and QED > 0.8",
    "heavy_atoms <= 15 and QED > 0.7",
    "SA < 2 and 2 < logP < 3 and TPSA > 60",
    "substructure('S(=O)(=O)N') and logP < 1",
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--attempts", type=int, default=2_000)
    parser.add_argument("--model", default="zinc250k")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    model = grae.load(options.model)
    language = model.language_grammar_.language
    for text in CONDITIONS:
        counts = []
        for fresh in (1.0, None):
            samples = steered(
                options.attempts + 1,
                Condition.read(text, model.language_grammar_),
                draw=model.sampled_density(None).sample,
                decode=lambda codes, seed: model.inverse_transform(codes, seed=seed),
                encode=lambda texts: model.transform(texts, on_invalid="nan"),
                identities=lambda texts: language.identities(model.language_grammar_, texts),
                attempts=options.attempts,
                seed=options.seed,
                **({} if fresh is None else {"fresh": fresh}),
            )
            counts.append(samples.fulfilling)
        unsteered, guided = (f"{count:,} ({count / options.attempts:.1%})" for count in counts)
        print(f"{text}: density {unsteered}, steered {guided}")


if __name__ == "__main__":
    main()
