"""Token masks: given strings are followed to their end, computing the mask of each step.

Peers: xgrammar and llguidance, with the grammar's terminals as vocabulary, one string at a time, as is their use case.
grae masks productions instead of terminals, for a batch at a time. The rate is therefore in strings per second,
including computing the mask and taking the step; the notes give the number of masks per string. Compiling the grammar
is excluded.
"""

import argparse
from collections.abc import Callable, Sequence
from typing import Any

import torch
from languages import backus_naur, grammar_of, lark_text, strings_of
from measured import OURS, failed, peer, rate, tell
from parsing import terminals_of

from grae.grammar import Grammar, codec
from grae.sequence.pushdown import COMPACT_BELOW, GrammarTensors, Pushdown

UNIT = "strings/s"
SEVERAL = 1024


class Vocabulary:
    """A tokenizer whose tokens are the grammar's terminals and an end token.

    Args:
        grammar: the grammar.
    """

    def __init__(self, grammar: Grammar) -> None:
        self.terminals = list(grammar.terminals)
        self.numbers = {terminal: number for number, terminal in enumerate(self.terminals)}
        self.tokens = [terminal.encode() for terminal in self.terminals] + [b"<end>"]
        self.eos_token_id, self.bos_token_id = len(self.terminals), None
        self.special_token_ids = [self.eos_token_id]

    def __call__(self, text: str | bytes) -> list[int]:
        """Tokenizes by longest match, as llguidance requires."""
        text = text if isinstance(text, str) else text.decode()
        tokens = []
        while text:
            longest = max((t for t in self.terminals if text.startswith(t)), key=len, default=None)
            if longest is None:
                return tokens
            tokens.append(self.numbers[longest])
            text = text[len(longest) :]
        return tokens


def ours(grammar: Grammar, texts: Sequence[str]) -> tuple[Callable[[], int], float]:
    """Returns a function that follows the derivations of a batch, and the mean number of steps per string."""
    derivations = codec.encode(grammar, texts).derivations
    ids = torch.from_numpy(derivations.padded(range(len(derivations)), grammar.pad).astype("int64"))
    tensors = GrammarTensors(grammar)

    @torch.inference_mode()
    def follow() -> int:
        machine, left = Pushdown(tensors, len(ids), ids.shape[1]), ids
        for step in range(ids.shape[1]):
            current = machine.current
            unfinished = current != tensors.nothing
            if int(unfinished.sum()) < COMPACT_BELOW * len(left):  # drop finished rows, as the decoder does
                rows = unfinished.nonzero()[:, 0]
                machine.keep(rows)
                left, current = left[rows], current[rows]
            if not machine.allowed(current).gather(1, left[:, step, None]).all():
                raise ValueError("a derivation's own production is masked")
            machine.expand(current, left[:, step])
        return len(ids)

    return follow, float(derivations.lengths.mean())


def of_xgrammar(
    xgrammar: Any, grammar: Grammar, tokens: Sequence[Sequence[int]], vocabulary: Vocabulary
) -> Callable[[], int]:
    """Returns a function that follows strings with xgrammar's matcher."""
    info = xgrammar.TokenizerInfo(vocabulary.tokens, stop_token_ids=[vocabulary.eos_token_id])
    compiled = xgrammar.GrammarCompiler(info, max_threads=1).compile_grammar(backus_naur(grammar))
    mask = xgrammar.allocate_token_bitmask(1, len(vocabulary.tokens))

    def follow() -> int:
        for ids in tokens:
            matcher = xgrammar.GrammarMatcher(compiled)
            for token in ids:
                matcher.fill_next_token_bitmask(mask)
                if not matcher.accept_token(token):
                    raise ValueError(f"rejects {vocabulary.terminals[token]!r}")
        return len(tokens)

    return follow


def of_llguidance(
    llguidance: Any, grammar: Grammar, tokens: Sequence[Sequence[int]], vocabulary: Vocabulary
) -> Callable[[], int]:
    """Returns a function that follows strings with llguidance's matcher."""
    tokenizer = llguidance.LLTokenizer(llguidance.TokenizerWrapper(vocabulary), slices=[])
    read = llguidance.LLMatcher.grammar_from_lark(lark_text(grammar, aliases=False))
    fresh = llguidance.LLMatcher(tokenizer, read)
    if fresh.is_error():
        raise ValueError(fresh.get_error())

    def follow() -> int:
        for ids in tokens:
            matcher = fresh.deep_copy()
            for token in ids:
                matcher.compute_bitmask()
                if not matcher.consume_token(token):
                    raise ValueError(f"rejects {vocabulary.terminals[token]!r}: {matcher.get_error()}")
        return len(tokens)

    return follow


def main() -> None:
    """Runs JSON and SMILES, one program after the other."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=2.0)
    args = parser.parse_args()
    xgrammar, llguidance = peer("xgrammar"), peer("llguidance")
    torch.set_num_threads(1)
    for name in ("JSON", "SMILES"):
        grammar = grammar_of(name)
        texts = strings_of(name, 2 * SEVERAL)
        texts = [texts[row] for row in codec.encode(grammar, texts, on_invalid="skip").rows][:SEVERAL]
        work = f"masks along {name}"
        follow, steps = ours(grammar, texts)
        tell(
            work,
            f"{OURS}, batch of {len(texts)}",
            UNIT,
            [rate(follow, args.seconds) for _ in range(args.seeds)],
            note=f"{steps:.0f} masks of {grammar.n_productions} productions per string",
        )
        vocabulary = Vocabulary(grammar)
        tokens = [[vocabulary.numbers[terminal] for terminal in terminals_of(grammar, text)] for text in texts]
        length = sum(map(len, tokens)) / len(tokens)
        for who, module, prepare in (("xgrammar", xgrammar, of_xgrammar), ("llguidance", llguidance, of_llguidance)):
            if module is None:
                continue
            try:
                theirs = prepare(module, grammar, tokens, vocabulary)
                theirs()
            except (ValueError, RuntimeError) as error:
                failed(work, who, f"{type(error).__name__}: {' '.join(str(error).split())}"[:160])
                continue
            tell(
                work,
                who,
                UNIT,
                [rate(theirs, args.seconds) for _ in range(args.seeds)],
                note=f"{length:.0f} masks of {len(vocabulary.tokens)} terminals per string",
            )


if __name__ == "__main__":
    main()
