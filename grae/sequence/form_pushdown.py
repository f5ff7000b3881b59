"""Masked decoding from sentential forms: the pushdown automaton for templates, under the grammar alone.

Shapes: B batch, S production ids and the padding, C choices, A alternatives.
"""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from grae.grammar.sentential import CHOICE, FORCED, SEGMENT, Forms, SententialForm, is_hole
from grae.sequence.pushdown import GrammarTensors, Pushdown


class _Tables(NamedTuple):
    """The forms' stacks and choices; a forced production is a choice with a single alternative.

    Attributes:
        stacks: (forms, H) long, bottom first, without terminals.
        heights: (forms,) long.
        productions: (C, S) bool, productions of each choice.
        alternatives: (C, S) long, the alternative of each production of a choice.
        pops: (A,) long, number of symbols that each alternative replaces.
        pushes: (A, W) long, the symbols of each alternative, bottom first.
        n_pushes: (A,) long, their number.
        grown: (A,) long, change of the length of the shortest completion, including the production itself.
        first: (C,) long, the first production of each choice.
    """

    stacks: Tensor
    heights: Tensor
    productions: Tensor
    alternatives: Tensor
    pops: Tensor
    pushes: Tensor
    n_pushes: Tensor
    grown: Tensor
    first: Tensor

    @classmethod
    def of(cls, tensors: GrammarTensors, forms: Forms) -> "_Tables":
        """The tables of forms."""
        shortest = tensors.shortest.tolist()
        choices: list[list[tuple[int, int, list[int], int]]] = []  # production, pops, pushes, grown
        stacks = [_entered(form, shortest, choices) for form in forms.distinct]
        alternatives = [one for choice in choices for one in choice]
        productions = torch.zeros(len(choices), len(tensors.lhs), dtype=torch.bool)
        of_production = torch.zeros(productions.shape, dtype=torch.long)
        number = 0
        for row, choice in enumerate(choices):
            for one in choice:
                productions[row, one[0]] = True
                of_production[row, one[0]] = number
                number += 1
        moved = (
            _padded(stacks),
            torch.tensor([len(stack) for stack in stacks]),
            productions,
            of_production,
            torch.tensor([one[1] for one in alternatives]),
            _padded([one[2] for one in alternatives]),
            torch.tensor([len(one[2]) for one in alternatives]),
            torch.tensor([one[3] for one in alternatives]),
            torch.tensor([choice[0][0] for choice in choices]),
        )
        return cls(*(part.to(tensors.lhs.device) for part in moved))


def _entered(
    form: SententialForm, shortest: list[int], choices: list[list[tuple[int, int, list[int], int]]]
) -> list[int]:
    """The stack of a form, bottom first; its choices are appended to those of other forms."""
    numbers: dict[int, int] = {}  # index of each of the form's choices in `choices`

    def entered(symbol: int) -> int:
        if FORCED <= symbol < SEGMENT:
            choices.append([(symbol - FORCED, 1, [], -1)])
            return CHOICE + len(choices) - 1
        return CHOICE + numbers[symbol] if symbol >= CHOICE else symbol

    def promised(symbols: list[int]) -> int:
        return sum(shortest[symbol] if symbol < FORCED else int(not is_hole(symbol)) for symbol in symbols)

    symbols = form.symbols.tolist()
    for number in range(len(form.choices)):
        numbers[CHOICE + number] = len(choices) + number
    choices += [[] for _ in form.choices]
    for number, choice in enumerate(form.choices):
        place = symbols.index(CHOICE + number)
        for production, pops, taken in choice:
            removed = [symbol for symbol in symbols[place : place + pops] if symbol >= 0]
            new = [symbol for symbol in taken if symbol >= 0]
            grown = promised(new) - promised(removed)
            choices[numbers[CHOICE + number]].append((production, len(removed), [*map(entered, new)][::-1], grown))
    return [entered(symbol) for symbol in symbols if symbol >= 0][::-1]


def _padded(rows: list[list[int]]) -> Tensor:
    table = torch.zeros(len(rows), max(1, *map(len, rows), 0), dtype=torch.long)
    for row, values in zip(table, rows, strict=True):
        row[: len(values)] = torch.tensor(values, dtype=torch.long)
    return table


class FormPushdown(Pushdown):
    """A batch of stacks that start from sentential forms; see `Pushdown`.

    Args:
        tensors: the grammar's tables.
        forms: sentential form of each row.
        max_length: maximum number of productions per derivation.
        completes: as in `Pushdown`.

    Raises:
        SettingsError: a form derives no string that short.
    """

    def __init__(self, tensors: GrammarTensors, forms: Forms, max_length: int, *, completes: bool = True) -> None:
        super().__init__(tensors, len(forms.rows), max_length, completes=completes)
        forms.check(max_length)
        tables = _Tables.of(tensors, forms)
        rows = torch.from_numpy(np.ascontiguousarray(forms.rows)).to(tensors.lhs.device)
        self._tables = tables
        room = torch.zeros(len(rows), tables.pushes.shape[1], dtype=torch.long, device=rows.device)
        self.stack = torch.cat([tables.stacks[rows], self.stack, room], dim=1)
        self.height = tables.heights[rows]
        self.promised = torch.tensor([form.shortest for form in forms.distinct], device=rows.device)[rows]

    @property
    def top(self) -> Tensor:
        """The symbol on top, (B,) long; N for a complete derivation."""
        return super().current

    @property
    def current(self) -> Tensor:
        """The current nonterminal, (B,) long; N for a complete derivation."""
        top = self.top
        chosen = self.tensors.lhs[self._tables.first[self._choice(top)]]
        return torch.where(top >= CHOICE, chosen, torch.where(top >= SEGMENT, top - SEGMENT, top))

    def allowed(self, current: Tensor) -> Tensor:
        """The productions that expand the current symbol and, if completion is forced, still fit, (B, S) bool.

        In a segment the empty production represents its end.
        """
        tensors, tables, top = self.tensors, self._tables, self.top
        choices, segments = (top >= CHOICE)[:, None], ((top >= SEGMENT) & (top < CHOICE))[:, None]  # B 1
        mask = tensors.mask[current] & (tensors.is_chain | tensors.is_empty | ~segments)
        chosen = tables.productions[self._choice(top)]  # B S
        if self.completes:
            others = self.promised - tensors.shortest[current].masked_fill(segments[:, 0], 0)  # B
            room = (self.remaining - others)[:, None]
            spared = torch.where(segments, tensors.shortest[tensors.lhs], 0)  # B S
            mask &= (tensors.completion - spared <= room) | (segments & tensors.is_empty)
            grown = tables.grown[tables.alternatives[self._choice(top)]]  # B S
            chosen = chosen & (self.promised[:, None] + grown < self.remaining)
        return torch.where(choices, chosen, mask)

    def choose(self, current: Tensor, scores: Tensor) -> Tensor:
        """Expands each current symbol by the allowed production with the highest score; returns their ids, (B,).

        A segment ends if a production that ends its nonterminal's chain has the highest score; then the fixed
        production that follows is taken.
        """
        tensors, top = self.tensors, self.top
        segments = (top >= SEGMENT) & (top < CHOICE)
        ends = tensors.mask[current] & ~tensors.is_chain  # B S
        best = scores.masked_fill(~ends, -torch.inf).amax(dim=-1, keepdim=True)
        scores = torch.where(segments[:, None] & tensors.is_empty, best, scores)
        chosen = scores.masked_fill(~self.allowed(current), -torch.inf).argmax(dim=-1)
        ended = segments & tensors.is_empty[chosen]
        self.height = self.height - ended.long()
        chosen = torch.where(ended, self._tables.first[self._choice(self.top)], chosen)
        self.expand(current, chosen)
        return chosen

    def expand(self, current: Tensor, chosen: Tensor) -> None:
        """Replaces the current symbols, whose nonterminals are (B,), by those of the chosen productions (B,)."""
        tensors, tables, top = self.tensors, self._tables, self.top
        choices, segments = top >= CHOICE, (top >= SEGMENT) & (top < CHOICE)
        alternatives = tables.alternatives[self._choice(top), chosen]  # B
        grown = tensors.completion[chosen] - tensors.shortest[current] - (chosen != tensors.pad).long()
        self.promised += torch.where(choices, tables.grown[alternatives], grown)
        below = (self.height - torch.where(choices, tables.pops[alternatives], 1)).clamp(min=0)
        pushes = tensors.pushes[chosen]  # B R
        pushes[:, 0] = torch.where(segments, top, pushes[:, 0])
        width = max(pushes.shape[1], tables.pushes.shape[1])
        pushes = torch.where(choices[:, None], _widened(tables.pushes[alternatives], width), _widened(pushes, width))
        places = below[:, None] + torch.arange(width, device=chosen.device)  # B R
        self.stack.scatter_(1, places, pushes)
        self.height = below + torch.where(choices, tables.n_pushes[alternatives], tensors.n_pushes[chosen])
        self.remaining -= 1

    def _choice(self, top: Tensor) -> Tensor:
        """The index of the choice on top, (B,) long; arbitrary if there is none."""
        return (top - CHOICE).clamp(min=0)


def _widened(table: Tensor, width: int) -> Tensor:
    return torch.nn.functional.pad(table, (0, width - table.shape[1]))
