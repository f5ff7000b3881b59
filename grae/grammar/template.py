"""Templates: strings with holes, `x + sin(<S>)`, read into sentential forms.

A hole `<NAME>` stands for any string that the nonterminal NAME derives. If the grammar is right-recursive there, as
with `rest -> 'C' rest` and `rest -> ` in SMILES, and something follows the hole, it stands for a chain from NAME down
to another NAME, with which the template continues. Any other `<` is literal; of several directly before `NAME>`, each
pair is one literal `<`, so that `<<NAME>` is the text `<NAME>`.

A template is parsed by the grammar with an additional production `NAME -> hole` for each nonterminal, and its fixed
productions are then composed into motifs like those of a string.
"""

import re
from collections.abc import Iterator, Sequence
from functools import cached_property, lru_cache
from itertools import count, groupby, islice

import numpy as np

from grae.errors import ParseError, SettingsError, excerpt
from grae.grammar.cfg import Grammar
from grae.grammar.segmentation import Segmenter
from grae.grammar.sentential import SEGMENT, SententialForm, segmentable
from grae.grammar.splicing import subtree_sizes
from grae.grammar.symbols import Motif, Nonterminal, Production, Symbol
from grae.grammar.template_form import FormBuilder, Skeleton, children_of
from grae.grammar.walk import text_and_steps

_RUN = re.compile("<+")
_PRIVATE = 0xF0000  # private use characters, one for each nonterminal


class Template:
    """A string with holes.

    Args:
        text: the template as given.
        grammar: the grammar of its derivations, with or without motifs.
        skeleton: its tree.
        bonded: whether its holes are attachment points of a molecule.
    """

    def __init__(self, text: str, grammar: Grammar, skeleton: Skeleton, *, bonded: bool) -> None:
        self.text, self.grammar, self.skeleton, self.bonded = text, grammar, skeleton, bonded

    @cached_property
    def form(self) -> SententialForm:
        """The sentential form that derivations start from."""
        return _holed(self.grammar).builder.form(self.skeleton, marks=False, bonded=self.bonded)

    @cached_property
    def marked(self) -> SententialForm:
        """The form with marks around its holes."""
        return _holed(self.grammar).builder.form(self.skeleton, marks=True, bonded=self.bonded)

    def is_held_by(self, ids: Sequence[int] | np.ndarray) -> bool:
        """Whether a derivation matches the template.

        Args:
            ids: a complete leftmost derivation of the grammar without motifs, (T,).
        """
        plain = self.grammar.plain
        ids = np.asarray(ids).astype(np.int64)
        return _is_held(self.skeleton, 0, plain, ids.tolist(), children_of(plain, ids), 0)

    def __repr__(self) -> str:
        return f"Template({self.text!r})"


def has_holes(grammar: Grammar, text: str) -> bool:
    """Whether a string names a nonterminal of the grammar as a hole."""
    return any(name is not None for _, name, _ in _pieces(_holed(grammar), text))


def with_holes_as(grammar: Grammar, text: str, sign: str) -> str:
    """A template with its holes replaced by a sign, one for each run of adjacent holes."""
    pieces = [(piece, name) for piece, name, _ in _pieces(_holed(grammar), text) if piece or name is not None]
    runs = groupby(pieces, key=lambda pair: pair[1] is not None)
    return "".join(sign if are_holes else "".join(piece for piece, _ in run) for are_holes, run in runs)


def read_template(grammar: Grammar, text: str) -> Template:
    """Reads a string with holes.

    Args:
        grammar: a grammar with or without motifs.
        text: the template.

    Raises:
        ParseError: it is not a sentential form of the grammar; with the position.
        SettingsError: it has no hole.
    """
    holed = _holed(grammar)
    inner, places = "", []
    for piece, name, begin in _pieces(holed, text):
        inner += piece if name is None else holed.signs[name]
        places += [begin + at for at in range(len(piece))] if name is None else [begin]
    if not has_holes(grammar, text):
        raise SettingsError(
            f"the template {text!r} has no hole",
            remedy=f"write a hole as a nonterminal in angle brackets; there are: {holed.names}",
        )
    parsed = holed.plain.parser.parse_batch([inner])
    if not parsed.ok[0]:
        raise holed.error(text, inner, [*places, len(text)])
    return Template(text, grammar, holed.skeleton(parsed.ids), bonded=False)


def template_at(grammar: Grammar, text: str, written: str, spans: Sequence[tuple[int, int]]) -> Template:
    """The template of a string in which some characters stand for holes.

    A hole replaces a subtree that derives exactly these characters, or two adjacent ones, and includes what could
    follow there: in SMILES, an atom and the rest of its branch.

    Args:
        grammar: a grammar with or without motifs.
        text: the template, for messages.
        written: a string of the language.
        spans: begin and end of each hole's characters in that string. If the grammar has no nonterminals for several
            characters, the first alone stands for the hole.

    Raises:
        ParseError: the string is not in the language.
        SettingsError: the grammar has no nonterminal for a hole there.
    """
    try:
        return _placed(grammar, text, written, spans)
    except SettingsError:
        if all(end - begin == 1 for begin, end in spans):
            raise
    shorter, firsts, at = "", [], 0
    for begin, end in spans:
        shorter += written[at : begin + 1]
        firsts.append((len(shorter) - 1, len(shorter)))
        at = end
    return _placed(grammar, text, shorter + written[at:], firsts)


def _placed(grammar: Grammar, text: str, written: str, spans: Sequence[tuple[int, int]]) -> Template:
    holed = _holed(grammar)
    tree = _Tree(grammar.plain, written)
    opened: dict[int, int] = {}  # node -> hole that replaces its subtree
    above: dict[int, int] = {}  # node -> segment above its subtree
    replaced: dict[int, int] = {}  # node -> segment that replaces the node alone
    for begin, end in spans:
        width = end - begin
        node = tree.writer(begin)
        production = tree.production(node)
        if tree.width(node) > width and production.rhs == (written[begin], production.lhs) and width == 1:
            replaced[node] = holed.chains.get(production.lhs, -1)
            is_fit = production.lhs in holed.chains
        else:
            node = tree.widest(node, begin, width)
            opened[node] = holed.holes[tree.production(node).lhs]
            follower = tree.follower(node)
            left = width - tree.width(node)
            is_fit = left == 0
            if follower is not None and (lhs := tree.production(follower).lhs) in holed.chains:
                if tree.width(follower) == left:
                    opened[follower] = holed.holes[lhs]
                    is_fit = True
                elif is_fit:
                    above[follower] = holed.chains[lhs]
        if not is_fit:
            raise SettingsError(
                f"template {text!r}: grammar {grammar.name!r} has no nonterminal for this hole\n"
                f"{excerpt(written, begin)}",
                remedy=f"write the template with holes in angle brackets; there are: {holed.names}",
            )
    ids: list[int] = []
    node = 0
    while node < len(tree.ids):
        if node in opened:
            ids.append(opened[node])
            node += tree.sizes[node]
            continue
        ids += [replaced[node]] if node in replaced else [above[node], tree.ids[node]] if node in above else []
        if node not in replaced and node not in above:
            ids.append(tree.ids[node])
        node += 1
    return Template(text, grammar, holed.skeleton(np.array(ids)), bonded=True)


def _is_held(
    skeleton: Skeleton, fixed: int, plain: Grammar, ids: list[int], children: list[list[int]], node: int
) -> bool:
    """Whether a subtree of a derivation matches a subtree of a template."""
    symbol = skeleton.symbols[fixed]
    below = skeleton.children[fixed]
    if symbol < 0:
        return skeleton.ids[fixed] == ids[node] and all(
            _is_held(skeleton, part, plain, ids, children, child)
            for part, child in zip(below, children[node], strict=True)
        )
    if symbol < SEGMENT:
        return True
    while not _is_held(skeleton, below[0], plain, ids, children, node):
        production = plain.productions[ids[node]]
        if production.rhs[-1:] != (production.lhs,):
            return False
        node = children[node][-1]
    return True


class _Tree:
    """The parse tree of a string: nodes are the steps of its derivation."""

    def __init__(self, plain: Grammar, text: str) -> None:
        self._plain = plain
        self.ids: list[int] = plain.parse(text).tolist()
        sizes = subtree_sizes(plain, np.array(self.ids, np.int32), np.array([0, len(self.ids)]))
        self.sizes: list[int] = sizes.tolist()
        self._owners = text_and_steps(plain, self.ids)[1]
        self._written = np.concatenate([[0], np.bincount(self._owners, minlength=len(self.ids)).cumsum()])

    def production(self, node: int) -> Production:
        return self._plain.productions[self.ids[node]]

    def writer(self, position: int) -> int:
        """The node that writes a character."""
        return self._owners[position]

    def width(self, node: int) -> int:
        """The number of characters that a subtree writes."""
        return int(self._written[node + self.sizes[node]] - self._written[node])

    def parent(self, node: int) -> int:
        """The parent of a node; -1 for the root."""
        return next((above for above in range(node - 1, -1, -1) if above + self.sizes[above] > node), -1)

    def widest(self, node: int, begin: int, width: int) -> int:
        """The highest ancestor (or the node) whose characters begin at `begin` and are at most `width`."""
        while (above := self.parent(node)) >= 0 and self.begins(above) == begin and self.width(above) <= width:
            node = above
        return node

    def begins(self, node: int) -> int:
        """Where the characters of a subtree begin."""
        owned = range(node, node + self.sizes[node])
        return next((place for place, owner in enumerate(self._owners) if owner in owned), -1)

    def follower(self, node: int) -> int | None:
        """The sibling whose symbol directly follows a node's in their right-hand side; None if there is none."""
        above, after = self.parent(node), node + self.sizes[node]
        if above < 0 or after >= above + self.sizes[above]:
            return None
        child, slot = above + 1, 0
        while child != node:
            child, slot = child + self.sizes[child], slot + 1
        rhs = self.production(above).rhs
        place = [at for at, symbol in enumerate(rhs) if isinstance(symbol, Nonterminal)][slot]
        return after if isinstance(rhs[place + 1], Nonterminal) else None


class _Holed:
    """A grammar with additional productions for holes, after its own and before the motifs.

    Attributes:
        signs: the character that a hole is parsed as, by the nonterminal's name.
        holes: production ids of holes, by nonterminal.
        chains: production ids of segments, by nonterminal.
        plain: the grammar with holes, without motifs.
        builder: builds the forms of templates.
    """

    def __init__(self, grammar: Grammar) -> None:
        base = grammar.plain
        self.builder = FormBuilder(grammar)
        taken = set("".join([*base.terminals, base.ignore, base.separator]))
        free = (chr(code) for code in count(_PRIVATE) if chr(code) not in taken)
        usable = [
            n for n in base.nonterminals if any(p.lhs == n and base.analysis.is_usable(p) for p in base.productions)
        ]
        self.signs = {n.name: sign for n, sign in zip(usable, islice(free, len(usable)), strict=True)}
        self._n_base = base.n_productions
        self.holes = {n: self._n_base + number for number, n in enumerate(usable)}
        right = segmentable(base)
        chained = [n for number, n in enumerate(base.nonterminals) if right[number]]
        self._first_chain = self._n_base + len(usable)
        self.chains = {n: self._first_chain + number for number, n in enumerate(chained)}
        rules: list[tuple[Nonterminal, tuple[Symbol, ...]]] = [(p.lhs, p.rhs) for p in base.productions]
        rules += [(n, (self.signs[n.name],)) for n in usable]
        rules += [(n, (self.signs[n.name], n)) for n in chained]
        self.plain = _unmeant(base, rules)
        # Productions above holes are replaced by copies, which no motif composes.
        barred = _unmeant(base, rules + rules[: self._n_base])
        self._first_motif = barred.n_productions
        self._segmenter = Segmenter(barred.extend(map(self._shifted, grammar.motifs)))

    @property
    def names(self) -> str:
        """The possible holes, for messages."""
        return ", ".join(f"<{name}>" for name in self.signs)

    def skeleton(self, ids: np.ndarray) -> Skeleton:
        """The tree of a derivation of `plain`."""
        symbols = [self._symbol(step) for step in ids.tolist()]
        skeleton = Skeleton(ids.tolist(), symbols, children_of(self.plain, ids), {})
        barred = ids.astype(np.int64)
        borders = list(skeleton.borders)
        barred[borders] += self._first_motif - self._n_base
        pieces, places = self._segmenter.pieces(barred)
        for piece, place in zip(pieces.tolist(), places.tolist(), strict=True):
            if symbols[place] < 0:
                skeleton.pieces[place] = self._unshifted(piece)
        return skeleton

    def error(self, text: str, inner: str, places: Sequence[int]) -> ParseError:
        """Why a template cannot be parsed, in terms of its own text."""
        error = self.plain.parser.error(inner)
        reason, names = error.reason, {sign: f"<{name}>" for name, sign in self.signs.items()}
        for sign, name in names.items():
            reason = reason.replace(repr(sign), name)
        expected = {names.get(terminal, terminal) for terminal in error.expected}
        position = places[error.position]
        remedy = None
        if text.startswith("<", position):
            remedy = f"a hole is one of {self.names}"
        return ParseError(text, position, expected, reason=f"template: {reason}", remedy=remedy)

    def _shifted(self, motif: Motif) -> Motif:
        """A motif of the grammar, with the ids of the grammar with holes."""
        added = self._first_motif - self._n_base
        parent, child = (part + added * (part >= self._n_base) for part in (motif.parent, motif.child))
        return Motif(parent, motif.slot, child)

    def _unshifted(self, piece: int) -> int:
        if piece >= self._first_motif:
            return piece - self._first_motif + self._n_base
        return piece if piece < self._n_base else piece - self._first_motif + self._n_base

    def _symbol(self, step: int) -> int:
        """The symbol of a hole in a form; -1 for a fixed production."""
        if step < self._n_base:
            return -1
        number = int(self.plain.tables.lhs[step])
        return number if step < self._first_chain else SEGMENT + number


@lru_cache(maxsize=8)
def _holed(grammar: Grammar) -> _Holed:
    return _Holed(grammar)


def _unmeant(base: Grammar, rules: Sequence[tuple[Nonterminal, tuple[Symbol, ...]]]) -> Grammar:
    """A copy of a grammar with other productions and without a language."""
    return Grammar(base.name, rules, base.start, ignore=base.ignore, separator=base.separator)


def _pieces(holed: _Holed, text: str) -> Iterator[tuple[str, str | None, int]]:
    """The pieces of a template: literal text or the name of a hole, and the position of each."""
    names = sorted(holed.signs, key=len, reverse=True)
    at = 0
    for match in _RUN.finditer(text):
        if match.start() < at:
            continue
        behind = text[match.end() :]
        name = next((name for name in names if behind.startswith(f"{name}>")), None)
        if name is None:
            continue
        n = len(match[0])
        yield text[at : match.start()], None, at
        yield "<" * (n // 2), None, match.start()
        at = match.end()
        if n % 2:
            yield "", name, match.end() - 1
            at += len(name) + 1
    yield text[at:], None, at
