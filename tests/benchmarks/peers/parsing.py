"""Parsing strings to their productions in leftmost order. Peers: lark's Earley and LALR parsers, nltk's chart parser.

All use the same grammar: lark in its own notation, with an alias per production; nltk receives the string as terminals,
since it has no lexer.
"""

import argparse
from collections.abc import Callable
from typing import Any

import numpy as np
from languages import NAMES, grammar_of, lark_text, strings_of
from measured import OURS, failed, peer, rate, tell

from grae.grammar import Grammar, codec

UNIT = "strings/s"
SEVERAL, FEW, LEAST = 2_000, 50, 10  # strings for grae and LALR, for Earley, for the chart parser


def productions_of(tree: Any) -> list[int]:
    """The productions of a lark tree, in leftmost order."""
    found, waiting = [], [tree]
    while waiting:
        node = waiting.pop()
        if str(node.data).startswith("p"):
            found.append(int(str(node.data)[1:]))
        waiting.extend(child for child in reversed(node.children) if hasattr(child, "data"))
    return found


def measured(
    work: str, who: str, parse: Callable[[str], list[int]], texts: list[str], grammar: Grammar, args: Any
) -> None:
    """Reports the rate of a parser of single strings, and how many of its derivations equal ours."""
    identical = sum(parse(text) == grammar.parse(text).tolist() for text in texts[:FEW])
    note = f"{identical} of {min(FEW, len(texts))} derivations identical to ours"

    def once() -> int:
        for text in texts:
            parse(text)
        return len(texts)

    tell(work, who, UNIT, [rate(once, args.seconds) for _ in range(args.seeds)], note=note)


def main() -> None:
    """Runs all languages, one parser after the other."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=2.0)
    args = parser.parse_args()
    lark, nltk = peer("lark"), peer("nltk")
    for name in NAMES:
        grammar, texts = grammar_of(name), strings_of(name, SEVERAL)
        texts = [texts[row] for row in codec.encode(grammar, texts, on_invalid="skip").rows]
        work = f"parse {name}, {sum(map(len, texts)) / len(texts):.0f} characters on average"

        def ours(texts: list[str] = texts, grammar: Grammar = grammar) -> int:
            return len(codec.encode(grammar, texts).rows)

        ids = codec.encode(grammar, texts).derivations
        terminals = np.array([sum(isinstance(symbol, str) for symbol in p.rhs) for p in grammar.productions])
        note = f"{terminals[ids.ids].sum() / len(ids):.0f} tokens and {ids.lengths.mean():.0f} productions per string"
        tell(work, OURS, UNIT, [rate(ours, args.seconds) for _ in range(args.seeds)], note=note)
        if lark is not None:
            for who, options, n in (
                ("lark LALR", {"parser": "lalr"}, SEVERAL),
                ("lark Earley", {"parser": "earley"}, FEW),
            ):
                try:
                    reader = lark.Lark(lark_text(grammar), keep_all_tokens=True, **options)
                    reader.parse(texts[0])
                except lark.exceptions.LarkError as error:
                    failed(work, who, f"{type(error).__name__}: {str(error).splitlines()[0][:100]}")
                    continue
                measured(
                    work, who, lambda text, reader=reader: productions_of(reader.parse(text)), texts[:n], grammar, args
                )
        if nltk is not None:
            theirs = grammar.to_nltk()
            numbers = {
                str(production): number for number, production in reversed(list(enumerate(theirs.productions())))
            }
            chart = nltk.ChartParser(theirs)
            terminals = [terminals_of(grammar, text) for text in texts[:LEAST]]
            tokens = dict(zip(texts, terminals, strict=False))

            def parse(text: str, chart: Any = chart, tokens: Any = tokens, numbers: Any = numbers) -> list[int]:
                tree = next(iter(chart.parse(tokens[text])))
                return [numbers[str(production)] for production in tree.productions()]

            measured(work, "nltk chart", parse, texts[:LEAST], grammar, args)


def terminals_of(grammar: Grammar, text: str) -> list[str]:
    """The terminals of a string, from its derivation."""
    leaves, waiting = [], [grammar.start]
    ids = iter(grammar.parse(text).tolist())
    while waiting:
        symbol = waiting.pop()
        if isinstance(symbol, str):
            leaves.append(symbol)
        else:
            waiting.extend(reversed(grammar.productions[next(ids)].rhs))
    return leaves


if __name__ == "__main__":
    main()
