"""Sampling random strings of a grammar: unique strings per second that a standard parser of the language accepts.

Peers: grammarinator (ANTLR grammars, limited depth) and fandango. All use the same grammar. grae samples uniformly from
the derivations with at most a given number of productions; counting them is part of its time. It also samples by
production weights fitted to strings of the language and, for languages with semantic constraints (SMILES), under these,
one random production at a time.
"""

import argparse
import ast
import importlib
import json
import random
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from languages import angled, antlr, grammar_of, strings_of
from measured import OURS, failed, peer, spent, tell
from rdkit import Chem, rdBase

from grae.constraints import ConstrainedPushdown, constraint_of
from grae.grammar import Grammar, codec
from grae.grammar.codec import Derivations
from grae.grammar.uniform_drawing import UniformDraws
from grae.grammar.weighted_drawing import WeightedDraws
from grae.grammar.weights import fit_weights

OURS_DRAWN = 20_000  # strings sampled by grae; the rates of the others do not depend on the number
FITTED_TO = 1_000  # strings that weights are fitted to
UNIT = "distinct accepted strings/s"
PRODUCTIONS = {"JSON": 40, "SQL": 60, "arithmetic": 15, "SMILES": 40}
DEPTH = {"JSON": 12, "SQL": 12, "arithmetic": 8, "SMILES": 40}


def accepts_json(text: str) -> bool:
    """Whether Python's `json` accepts the string."""
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def accepts_sql(text: str) -> bool:
    """Whether sqlite's parser accepts the string; a missing table or column is not a syntax error."""
    try:
        sqlite3.connect(":memory:").execute(text)
    except sqlite3.Error as error:
        return "no such" in str(error)
    return True


def accepts_arithmetic(text: str) -> bool:
    """Whether Python's parser accepts the string."""
    try:
        ast.parse(text, mode="eval")
    except (SyntaxError, MemoryError, RecursionError):
        return False
    return True


def accepts_smiles(text: str) -> bool:
    """Whether RDKit parses and sanitizes the string."""
    with rdBase.BlockLogs():
        return Chem.MolFromSmiles(text) is not None


ACCEPTS: dict[str, Callable[[str], bool]] = {
    "JSON": accepts_json,
    "SQL": accepts_sql,
    "arithmetic": accepts_arithmetic,
    "SMILES": accepts_smiles,
}


def report(work: str, who: str, name: str, runs: Sequence[tuple[list[str], float]]) -> None:
    """Reports the rate of each run (strings and CPU seconds), with the shares of accepted and unique strings."""
    texts = [text for sampled, _ in runs for text in sampled]
    accepted = sum(map(ACCEPTS[name], texts)) / len(texts)
    distinct = sum(len(set(sampled)) for sampled, _ in runs) / len(texts)
    length, speed = sum(map(len, texts)) / len(texts), len(texts) / sum(seconds for _, seconds in runs)
    note = f"{speed:,.0f}/s; accepted {accepted:.1%}, distinct {distinct:.1%}, {length:.0f} characters"
    rates = [sum(map(ACCEPTS[name], set(sampled))) / seconds for sampled, seconds in runs]
    tell(work, who, UNIT, rates, note=note)


def ours(grammar: Grammar, name: str, n: int, seed: int) -> list[str]:
    """Samples strings uniformly, including counting."""
    return codec.decode(grammar, UniformDraws(grammar, PRODUCTIONS[name]).draw(n, seed))


def by_weights(grammar: Grammar, name: str, n: int, seed: int) -> list[str]:
    """Samples strings by the grammar's weights, with at most 20 times the productions of `ours`."""
    return codec.decode(grammar, WeightedDraws(grammar, 20 * PRODUCTIONS[name]).draw(n, seed))


def fitted(grammar: Grammar, name: str) -> Grammar:
    """The grammar with weights fitted to strings of the language."""
    return fit_weights(
        grammar, codec.encode(grammar, strings_of(name, FITTED_TO), on_invalid="skip").derivations
    ).grammar


def under_rules(grammar: Grammar, name: str, n: int, seed: int) -> list[str]:
    """Samples strings one production at a time under the semantic constraints, as in decoding."""
    constraint = constraint_of(grammar, PRODUCTIONS[name])
    assert constraint is not None
    machine, rng = ConstrainedPushdown(constraint, n), np.random.default_rng(seed)
    steps = []
    while (machine.current >= 0).any():
        scores = rng.random((n, grammar.n_symbols), np.float32)
        steps.append(machine.expand(scores))
    derivations = [column[column >= 0] for column in np.stack(steps, axis=1)]
    return codec.decode(grammar, Derivations.from_list(derivations, grammar.dtype))


def from_fandango(fandango: object, grammar: Grammar, n: int, seed: int) -> list[str]:
    """Samples strings with fandango, including reading the grammar."""
    random.seed(seed)
    fuzzer = fandango.Fandango(angled(grammar), use_cache=False)  # pyright: ignore[reportAttributeAccessIssue]
    return [str(tree) for tree in fuzzer.fuzz(desired_solutions=n, population_size=n)]


def grammarinator_generator(grammar: Grammar, name: str, folder: Path) -> type:
    """The generator class that grammarinator writes for a grammar; excluded from its time."""
    title = f"Of{name}"
    (folder / f"{title}.g4").write_text(antlr(grammar, title))
    command = [sys.executable, "-m", "grammarinator.process", f"{title}.g4", "-o", str(folder)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ValueError((done.stderr or done.stdout).strip().splitlines()[-1])
    sys.path.insert(0, str(folder))
    return getattr(importlib.import_module(f"{title}Generator"), f"{title}Generator")


def from_grammarinator(generator: type, name: str, n: int, seed: int) -> list[str]:
    """Samples strings with grammarinator."""
    from grammarinator.runtime import RuleSize  # pyright: ignore[reportMissingImports]
    from grammarinator.tool import GeneratorTool  # pyright: ignore[reportMissingImports]

    random.seed(seed)
    tool = GeneratorTool(generator, out_format="", limit=RuleSize(depth=DEPTH[name]), dry_run=True)
    return [str(tool.generate()) for _ in range(n)]


def compare(name: str, n: int, seeds: range, grammarinator: Any, fandango: Any) -> None:
    """Runs all samplers of one language."""
    grammar, work = grammar_of(name), f"random strings of {name}"

    def attempt(who: str, draw: Callable[[int], list[str]], errors: tuple[type[Exception], ...]) -> None:
        try:
            report(work, who, name, [spent(partial(draw, seed)) for seed in seeds])
        except errors as error:
            failed(work, who, f"{type(error).__name__}: {error}"[:120])

    weighted = fitted(grammar, name)
    for draw, source in ((ours, grammar), (by_weights, weighted)):
        draw(source, name, 10, 0)  # warm-up: compiles
    attempt(OURS, lambda seed: ours(grammar, name, OURS_DRAWN, seed), ())
    attempt(f"{OURS}, by fitted weights", lambda seed: by_weights(weighted, name, OURS_DRAWN, seed), ())
    if grammar.language.automaton is not None:
        attempt(f"{OURS}, semantic rules", lambda seed: under_rules(grammar, name, n, seed), ())
    if grammarinator is not None:
        with tempfile.TemporaryDirectory() as folder:
            generator = grammarinator_generator(grammar, name, Path(folder))
            attempt(
                f"grammarinator, depth {DEPTH[name]}",
                lambda seed: from_grammarinator(generator, name, n, seed),
                (ValueError, RecursionError),
            )
    if fandango is not None:
        errors = (ValueError, RecursionError, fandango.errors.FandangoError)
        attempt("fandango", lambda seed: from_fandango(fandango, grammar, n, seed), errors)


def main() -> None:
    """Runs all languages, one sampler after the other."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("-n", type=int, default=500)
    args = parser.parse_args()
    grammarinator, fandango = peer("grammarinator"), peer("fandango", "fandango-fuzzer")
    sys.setrecursionlimit(20_000)
    for name in ACCEPTS:
        compare(name, args.n, range(args.seeds), grammarinator, fandango)


if __name__ == "__main__":
    main()
