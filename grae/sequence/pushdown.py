"""Masked decoding: a batched pushdown automaton, so that each decoded string is in the language.

Each string has a stack of nonterminals. At each step the automaton pops the current nonterminal, masks the productions
of other nonterminals and those whose shortest completion no longer fits into the remaining length, takes the decoder's
choice among the rest, and pushes the nonterminals of the chosen production. Where the language has an automaton
(`grae.constraints`), it restricts the choice further, to productions after which a valid string can still be completed.

Without forced completion, as in the published models, nothing is masked because of its length, and a derivation that
runs out of steps is incomplete.

Shapes: B batch, T steps, S production ids and the padding.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

import numpy as np
import torch
from torch import Tensor, nn

from grae.errors import SettingsError
from grae.grammar import Grammar
from grae.grammar.sentential import Forms

if TYPE_CHECKING:
    from grae.constraints import Constraint

State = tuple[Tensor, ...]
COMPACT_BELOW = 0.75


class StepDecoder(Protocol):
    """A decoder that can be run step by step. The first dimension of each tensor of a state is the batch."""

    def start(self, z: Tensor) -> State:
        """The initial state, from codes (B, D)."""
        ...

    def step(self, state: State, previous: Tensor, nonterminal: Tensor) -> tuple[Tensor, State]:
        """Logits (B, S) of the next production, and the next state, from previous ids and current nonterminals (B,)."""
        ...


class GrammarTensors(nn.Module):
    """A grammar's tables on the device of the model; rebuilt from the grammar, not saved.

    Attributes:
        lhs: (S,) long, nonterminal that each production expands; N for the padding.
        mask: (N + 1, S) bool, usable productions of each nonterminal; row N (complete) has only the padding.
        shortest: (N + 1,) long, productions in the shortest completion of each nonterminal; 0 for row N.
        completion: (S,) long, productions in the shortest completion that starts with each production.
        pushes: (S, R) long, nonterminals of each production, bottom of the stack first.
        n_pushes: (S,) long, their number.
        is_empty: (S,) bool, productions with an empty right-hand side.
        is_chain: (S,) bool, productions that end in the nonterminal that they expand.
    """

    lhs: Tensor
    mask: Tensor
    shortest: Tensor
    completion: Tensor
    pushes: Tensor
    n_pushes: Tensor
    is_empty: Tensor
    is_chain: Tensor

    def __init__(self, grammar: Grammar) -> None:
        super().__init__()
        tables = grammar.tables
        n_nonterminals, n_productions, n_symbols = len(grammar.nonterminals), grammar.n_productions, grammar.n_symbols
        self.start = tables.start
        self.pad = grammar.pad
        self.nothing = n_nonterminals

        lhs = torch.full((n_symbols,), self.nothing)
        lhs[:n_productions] = torch.from_numpy(tables.lhs.astype("int64"))
        lhs[self.pad] = self.nothing
        mask = torch.zeros(n_nonterminals + 1, n_symbols, dtype=torch.bool)
        mask[:n_nonterminals, :n_productions] = torch.from_numpy(tables.mask.copy())
        mask[self.nothing, self.pad] = True
        completion = torch.ones(n_symbols, dtype=torch.long)
        completion[:n_productions] = torch.from_numpy(tables.shortest_production.copy())
        completion[self.pad] = 0
        pushes = torch.zeros(n_symbols, tables.children.shape[1], dtype=torch.long)
        n_pushes = torch.zeros(n_symbols, dtype=torch.long)
        for production in range(n_productions):
            count = int(tables.n_children[production])
            if production != self.pad and count:
                pushes[production, :count] = torch.from_numpy(tables.children[production, :count][::-1].astype("int64"))
                n_pushes[production] = count

        is_empty = torch.zeros(n_symbols, dtype=torch.bool)
        is_empty[:n_productions] = torch.from_numpy(tables.rhs_length == 0)
        last = tables.rhs[np.arange(n_productions), np.maximum(tables.rhs_length - 1, 0)]
        is_chain = torch.zeros(n_symbols, dtype=torch.bool)
        is_chain[:n_productions] = torch.from_numpy(last == tables.lhs)

        self.register_buffer("lhs", lhs, persistent=False)
        self.register_buffer("mask", mask, persistent=False)
        shortest = torch.cat([torch.from_numpy(tables.shortest.copy()), torch.zeros(1, dtype=torch.long)])
        self.register_buffer("shortest", shortest, persistent=False)
        self.register_buffer("completion", completion, persistent=False)
        self.register_buffer("pushes", pushes, persistent=False)
        self.register_buffer("n_pushes", n_pushes, persistent=False)
        self.register_buffer("is_empty", is_empty, persistent=False)
        self.register_buffer("is_chain", is_chain, persistent=False)


class Pushdown:
    """A batch of stacks.

    Args:
        tensors: the grammar's tables.
        batch: number of strings, B.
        max_length: maximum number of productions per derivation.
        completes: whether completion is forced: productions whose shortest completion no longer fits are masked.

    Raises:
        SettingsError: no string of the language is that short.
    """

    def __init__(self, tensors: GrammarTensors, batch: int, max_length: int, *, completes: bool = True) -> None:
        shortest = int(tensors.shortest[tensors.start])
        if max_length < shortest:
            raise SettingsError(
                f"no string of the language has a derivation of at most {max_length} productions; "
                f"the shortest has {shortest}",
                remedy=f"allow at least {shortest}",
            )
        device = tensors.lhs.device
        self.tensors = tensors
        self.completes = completes
        self.remaining = max_length
        widest = tensors.pushes.shape[1]
        depth = max_length + widest if completes else max_length * widest + 1  # else it can grow each step
        self.stack = torch.zeros(batch, depth, dtype=torch.long, device=device)  # B depth
        self.stack[:, 0] = tensors.start
        self.height = torch.ones(batch, dtype=torch.long, device=device)  # B
        self.promised = torch.full((batch,), shortest, device=device)  # B, shortest completion of the whole stack

    @property
    def current(self) -> Tensor:
        """The current nonterminal, (B,) long; N for a complete derivation."""
        top = self.stack.gather(1, (self.height - 1).clamp(min=0)[:, None])[:, 0]
        return torch.where(self.height > 0, top, self.tensors.nothing)

    def allowed(self, current: Tensor) -> Tensor:
        """The productions that expand the current nonterminal and, if completion is forced, still fit, (B, S) bool."""
        if not self.completes:
            return self.tensors.mask[current]
        others = self.promised - self.tensors.shortest[current]  # B
        room = self.remaining - others
        return self.tensors.mask[current] & (self.tensors.completion <= room[:, None])

    def choose(self, current: Tensor, scores: Tensor) -> Tensor:
        """Expands each current nonterminal by the allowed production with the highest score; returns their ids, (B,).

        Args:
            current: (B,) long.
            scores: (B, S).
        """
        chosen = scores.masked_fill(~self.allowed(current), -torch.inf).argmax(dim=-1)
        self.expand(current, chosen)
        return chosen

    def expand(self, current: Tensor, chosen: Tensor) -> None:
        """Replaces the current nonterminals (B,) by those of the chosen productions (B,)."""
        tensors = self.tensors
        self.promised += tensors.completion[chosen] - tensors.shortest[current] - (chosen != tensors.pad).long()
        below = (self.height - 1).clamp(min=0)
        places = below[:, None] + torch.arange(tensors.pushes.shape[1], device=chosen.device)  # B R
        self.stack.scatter_(1, places, tensors.pushes[chosen])
        self.height = below + tensors.n_pushes[chosen]
        self.remaining -= 1

    def keep(self, rows: Tensor) -> None:
        """Selects the strings at these indices; the others are dropped."""
        self.stack, self.height, self.promised = self.stack[rows], self.height[rows], self.promised[rows]


class Constrained:
    """A batch of stacks under a language automaton, which runs on the CPU; same interface as `Pushdown`.

    Args:
        tensors: the grammar's tables.
        batch: number of strings, B.
        constraint: the language's rules, with the maximum number of productions per derivation.
        forms: the sentential form from which each starts; None for the start symbol.
    """

    def __init__(
        self, tensors: GrammarTensors, batch: int, constraint: "Constraint", forms: Forms | None = None
    ) -> None:
        from grae.constraints import ConstrainedPushdown

        self.tensors = tensors
        self._machine = ConstrainedPushdown(constraint, batch, forms)

    @property
    def current(self) -> Tensor:
        """The current nonterminal, (B,) long; N for a complete derivation."""
        current = torch.from_numpy(self._machine.current)
        return torch.where(current < 0, self.tensors.nothing, current).to(self.tensors.lhs.device)

    def choose(self, current: Tensor, scores: Tensor) -> Tensor:
        """Expands each current nonterminal by the allowed production with the highest score; returns their ids, (B,).

        Args:
            current: (B,) long.
            scores: (B, S).
        """
        chosen = torch.from_numpy(self._machine.expand(scores.float().cpu().contiguous().numpy()))
        return torch.where(chosen < 0, self.tensors.pad, chosen).to(scores.device)

    def keep(self, rows: Tensor) -> None:
        """Selects the strings at these indices; the others are dropped."""
        self._machine.keep(rows.cpu().numpy())


Choice = Callable[[Tensor], Tensor]  # logits (B, S) to scores (B, S); the allowed production of highest score is taken


def greedy(logits: Tensor) -> Tensor:
    """Scores for greedy decoding: the logits (B, S)."""
    return logits


def sampled(temperature: float, generator: torch.Generator) -> Choice:
    """Scores for sampling from the softmax of logits / temperature, under any mask (the Gumbel-max trick).

    Raises:
        SettingsError: the temperature is not positive.
    """
    if not temperature > 0:
        raise SettingsError(f"temperature {temperature} is not above 0", remedy="for the most likely production give 0")

    def perturbed(logits: Tensor) -> Tensor:
        uniform = torch.rand(logits.shape, generator=generator, device=logits.device).clamp_min(torch.finfo().tiny)
        return logits / temperature - torch.log(-torch.log(uniform))

    return perturbed


@torch.inference_mode()
def decode(
    decoder: StepDecoder,
    tensors: GrammarTensors,
    z: Tensor,
    max_length: int,
    choose: Choice = greedy,
    constraint: "Constraint | None" = None,
) -> Tensor:
    """Decodes codes into complete leftmost derivations of at most `max_length` productions.

    Args:
        decoder: the decoder.
        tensors: tables of its grammar.
        z: (B, D) codes; logits that are not finite count as least likely.
        max_length: maximum number of productions per derivation.
        choose: maps logits (B, S) to scores; the allowed production with the highest score is taken.
        constraint: the language's semantic rules, for derivations of `max_length`; None for none.

    Returns:
        (B, T) long production ids, T the longest derivation, padded at the end.

    Raises:
        SettingsError: no string of the language is that short.
    """
    machine = Constrained(tensors, len(z), constraint) if constraint else Pushdown(tensors, len(z), max_length)
    return run(machine, decoder, decoder.start(z), max_length, choose)


@torch.inference_mode()
def run(
    machine: Pushdown | Constrained, decoder: StepDecoder, state: State, max_length: int, choose: Choice = greedy
) -> Tensor:
    """Expands stacks until they are empty, or for `max_length` steps.

    Args:
        machine: B initial stacks.
        decoder: the decoder.
        state: its initial state, with B rows.
        max_length: maximum number of steps.
        choose: as in `decode`.

    Returns:
        (B, T) long production ids, padded at the end; a row of an incomplete derivation is padding only.
    """
    tensors, batch = machine.tensors, len(state[0])
    device = state[0].device
    ids = torch.full((batch, max_length), tensors.pad, device=device)
    rows = torch.arange(batch, device=device)
    previous = torch.full((batch,), tensors.pad, device=device)
    for step in range(max_length):
        current = machine.current
        active = current != tensors.nothing
        n_active = int(active.sum())
        if n_active == 0:
            return ids[:, :step]
        if n_active < COMPACT_BELOW * len(rows):
            remaining = active.nonzero()[:, 0]
            machine.keep(remaining)
            rows, current, previous = rows[remaining], current[remaining], previous[remaining]
            state = tuple(part[remaining] for part in state)
        logits, state = decoder.step(state, previous, current)
        logits = logits.float().nan_to_num(nan=-1e30, posinf=1e30, neginf=-1e30).clamp(-1e30, 1e30)
        chosen = machine.choose(current, choose(logits))
        ids[rows, step] = chosen
        previous = chosen
    ids[rows[machine.current != tensors.nothing]] = tensors.pad
    return ids
