"""Random strings of a grammar: distinct strings per second that the usual parser of the language accepts.

Peers: grammarinator (ANTLR grammars, depth limited) and fandango. All get the same grammar. grae draws derivations of
at most a number of productions, each as likely, once it has counted them; counting is part of its time. It also draws
by the weights of a grammar that were fitted to strings of the language. Where it knows a language's rules beyond the
grammar, as of SMILES, it also draws under them, a random production at a time.
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

OURS_DRAWN = 20_000  # strings of ours; the rates of the others do not depend on how many there are
FITTED_TO = 1_000  # strings
UNIT = "distinct accepted strings/s"
PRODUCTIONS = {"JSON": 40, "SQL": 60, "arithmetic": 15, "SMILES": 40}
DEPTH = {"JSON": 12, "SQL": 12, "arithmetic": 8, "SMILES": 40}


def accepts_json(text: str) -> bool:
    """Whether Python's own reader takes it."""
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def accepts_sql(text: str) -> bool:
    """Whether sqlite's parser takes it: that there is no such table comes after the syntax."""
    try:
        sqlite3.connect(":memory:").execute(text)
    except sqlite3.Error as error:
        return "no such" in str(error)
    return True


def accepts_arithmetic(text: str) -> bool:
    """Whether Python's own parser takes it."""
    try:
        ast.parse(text, mode="eval")
    except (SyntaxError, MemoryError, RecursionError):
        return False
    return True


def accepts_smiles(text: str) -> bool:
    """Whether RDKit reads and sanitizes it."""
    with rdBase.BlockLogs():
        return Chem.MolFromSmiles(text) is not None


ACCEPTS: dict[str, Callable[[str], bool]] = {
    "JSON": accepts_json,
    "SQL": accepts_sql,
    "arithmetic": accepts_arithmetic,
    "SMILES": accepts_smiles,
}


def told(work: str, who: str, name: str, draws: Sequence[tuple[list[str], float]]) -> None:
    """Rates of each seed's strings and seconds, and what they are."""
    texts = [text for drawn, _ in draws for text in drawn]
    accepted = sum(map(ACCEPTS[name], texts)) / len(texts)
    distinct = sum(len(set(drawn)) for drawn, _ in draws) / len(texts)
    length, speed = sum(map(len, texts)) / len(texts), len(texts) / sum(seconds for _, seconds in draws)
    note = f"{speed:,.0f}/s; accepted {accepted:.1%}, distinct {distinct:.1%}, {length:.0f} characters"
    useful = [sum(map(ACCEPTS[name], set(drawn))) / seconds for drawn, seconds in draws]
    tell(work, who, UNIT, useful, note=note)


def ours(grammar: Grammar, name: str, n: int, seed: int) -> list[str]:
    """Strings drawn uniformly, the counting included."""
    return codec.decode(grammar, UniformDraws(grammar, PRODUCTIONS[name]).draw(n, seed))


def by_weights(grammar: Grammar, name: str, n: int, seed: int) -> list[str]:
    """Strings drawn by the grammar's weights, of at most 20 times as many productions."""
    return codec.decode(grammar, WeightedDraws(grammar, 20 * PRODUCTIONS[name]).draw(n, seed))


def fitted(grammar: Grammar, name: str) -> Grammar:
    """The grammar with weights from strings of the language."""
    return fit_weights(
        grammar, codec.encode(grammar, strings_of(name, FITTED_TO), on_invalid="skip").derivations
    ).grammar


def under_rules(grammar: Grammar, name: str, n: int, seed: int) -> list[str]:
    """Strings drawn a production at a time under the language's rules too, as the decoder keeps them."""
    constraint = constraint_of(grammar, PRODUCTIONS[name])
    assert constraint is not None
    machine, draw = ConstrainedPushdown(constraint, n), np.random.default_rng(seed)
    steps = []
    while (machine.current >= 0).any():
        scores = draw.random((n, grammar.n_symbols), np.float32)
        steps.append(machine.expand(scores))
    drawn = [column[column >= 0] for column in np.stack(steps, axis=1)]
    return codec.decode(grammar, Derivations.from_list(drawn, grammar.dtype))


def from_fandango(fandango: object, grammar: Grammar, n: int, seed: int) -> list[str]:
    """Strings of fandango's, its reading of the grammar included."""
    random.seed(seed)
    fuzzer = fandango.Fandango(angled(grammar), use_cache=False)  # pyright: ignore[reportAttributeAccessIssue]
    return [str(tree) for tree in fuzzer.fuzz(desired_solutions=n, population_size=n)]


def made_by_grammarinator(grammar: Grammar, name: str, folder: Path) -> type:
    """The generator that grammarinator writes for a grammar; not part of its time."""
    title = f"Of{name}"
    (folder / f"{title}.g4").write_text(antlr(grammar, title))
    command = [sys.executable, "-m", "grammarinator.process", f"{title}.g4", "-o", str(folder)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ValueError((done.stderr or done.stdout).strip().splitlines()[-1])
    sys.path.insert(0, str(folder))
    return getattr(importlib.import_module(f"{title}Generator"), f"{title}Generator")


def from_grammarinator(generator: type, name: str, n: int, seed: int) -> list[str]:
    """Strings of grammarinator's."""
    from grammarinator.runtime import RuleSize  # pyright: ignore[reportMissingImports]
    from grammarinator.tool import GeneratorTool  # pyright: ignore[reportMissingImports]

    random.seed(seed)
    tool = GeneratorTool(generator, out_format="", limit=RuleSize(depth=DEPTH[name]), dry_run=True)
    return [str(tool.generate()) for _ in range(n)]


def compare(name: str, n: int, seeds: range, grammarinator: Any, fandango: Any) -> None:
    """All samplers of one language."""
    grammar, work = grammar_of(name), f"random strings of {name}"

    def tried(who: str, draw: Callable[[int], list[str]], errors: tuple[type[Exception], ...]) -> None:
        try:
            told(work, who, name, [spent(partial(draw, seed)) for seed in seeds])
        except errors as error:
            failed(work, who, f"{type(error).__name__}: {error}"[:120])

    weighted = fitted(grammar, name)
    for draw, drawn_from in ((ours, grammar), (by_weights, weighted)):
        draw(drawn_from, name, 10, 0)  # compiles what is not in the cache
    tried(OURS, lambda seed: ours(grammar, name, OURS_DRAWN, seed), ())
    tried(f"{OURS}, by fitted weights", lambda seed: by_weights(weighted, name, OURS_DRAWN, seed), ())
    if grammar.language.automaton is not None:
        tried(f"{OURS}, semantic rules", lambda seed: under_rules(grammar, name, n, seed), ())
    if grammarinator is not None:
        with tempfile.TemporaryDirectory() as folder:
            made = made_by_grammarinator(grammar, name, Path(folder))
            tried(
                f"grammarinator, depth {DEPTH[name]}",
                lambda seed: from_grammarinator(made, name, n, seed),
                (ValueError, RecursionError),
            )
    if fandango is not None:
        errors = (ValueError, RecursionError, fandango.errors.FandangoError)
        tried("fandango", lambda seed: from_fandango(fandango, grammar, n, seed), errors)


def main() -> None:
    """All languages, one sampler after the other."""
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
