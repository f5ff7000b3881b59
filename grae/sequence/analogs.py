"""Analogs of a string: distinct valid strings similar to it, from its code and from its derivation.

Codes at increasing distance from that of the string are decoded, and its derivation is changed by the moves of
`grae.grammar.moves`, with the decoded strings as donors. Moves ignore the distribution of the data; strings made by
moves whose likelihood under the model, given their own codes, is lower than that of most decoded strings are therefore
used only if there are too few others. The most similar strings are the analogs.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from grae.errors import DataError, SettingsError
from grae.grammar import codec
from grae.grammar.codec import Derivations
from grae.sequence.decoding import Decoding, constraint_for, decode_strings
from grae.sequence.likelihood import negative_log_likelihoods
from grae.sequence.refinement import STEPS, code_spread
from grae.sequence.templates import are_held, template_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import pandas as pd

    from grae.conditions import Condition
    from grae.grammar.template import Template
    from grae.sequence.estimator import GrammarAutoencoder

LEVELS = (0.2, 0.35, 0.5, 0.65, 0.8, 1.0, 1.2, 1.5)
"""Standard deviations of the perturbations of the code, relative to those of the training codes."""
CODES = 150  # codes decoded per level
CHILDREN = 1500  # derivations changed per level
PARENTS = 20  # most similar strings so far, which are changed too
ENOUGH = 3  # strings per requested analog at which the search ends
SHARE = 0.75  # quantile of the decoded strings' losses up to which a string made by a move is likely enough


@dataclass(frozen=True, slots=True)
class Analog:
    """A string similar to another.

    Attributes:
        text: the string; for molecules the canonical SMILES.
        similarity: similarity to the other string, 0 to 1: Tanimoto similarity of Morgan fingerprints for molecules,
            otherwise min-max similarity of the fragments of derivations.
        distance: distance between their latent codes; None if the model cannot encode the string.
        source: what it was made from, "code" or "derivation".
        properties: the language's properties, by name.
    """

    text: str
    similarity: float
    distance: float | None
    source: str
    properties: "Mapping[str, float | None]"


@dataclass(frozen=True)
class Analogs(Sequence[Analog]):
    """Analogs of a string, most similar first.

    Attributes:
        of: the string that they are similar to.
        members: the analogs.
        requested: number requested.
        least_similarity: minimum similarity.
        considered: number of distinct valid strings among which they were selected.
        refused: number of these rejected by a rule or a condition.
    """

    of: str
    members: list[Analog]
    requested: int
    least_similarity: float
    considered: int
    refused: int = 0

    def __len__(self) -> int:
        return len(self.members)

    def __getitem__(self, key: Any) -> Any:
        return self.members[key]

    def __iter__(self) -> "Iterator[Analog]":
        return iter(self.members)

    @property
    def texts(self) -> list[str]:
        """The strings."""
        return [analog.text for analog in self.members]

    def columns(self) -> dict[str, list[Any]]:
        """All fields but the strings, by name."""
        named: dict[str, list[Any]] = {
            "similarity": [analog.similarity for analog in self.members],
            "distance": [analog.distance for analog in self.members],
            "source": [analog.source for analog in self.members],
        }
        for name in self.members[0].properties if self.members else ():
            named[name] = [analog.properties[name] for analog in self.members]
        return named

    def to_frame(self) -> "pd.DataFrame":
        """One row per analog."""
        import pandas as pd

        return pd.DataFrame({"string": self.texts, **self.columns()})

    def __str__(self) -> str:
        refused = f", of which {self.refused:,} were refused" if self.refused else ""
        return (
            f"{len(self):,} of {self.requested:,} analogs of at least {self.least_similarity:g} similarity, from "
            f"{self.considered:,} distinct valid strings{refused}"
        )


@dataclass
class _Pool:
    """Distinct valid strings so far.

    Attributes:
        forms: their canonical forms, that of the string itself first.
        texts: their spellings as generated; the string itself as the model spells it.
        derivations: their derivations in the grammar without motifs.
        similarity: similarity of each to the string itself.
        sources: source of each; see `Analog`.
        admitted: whether each may be an analog.
        losses: negative log-likelihood of each, in nats; 0 if it is likely enough.
    """

    forms: dict[str, int] = field(default_factory=dict)
    texts: list[str] = field(default_factory=list)
    derivations: list[np.ndarray] = field(default_factory=list)
    similarity: list[float] = field(default_factory=list)
    sources: list[str] = field(default_factory=list)
    admitted: list[bool] = field(default_factory=list)
    losses: list[float] = field(default_factory=list)

    def best(self, least: float) -> list[int]:
        """The admitted likely strings with a minimum similarity, most similar first."""
        return [row for row in self._ranked(least) if self.losses[row] == 0]

    def chosen(self, n: int, least: float) -> list[int]:
        """The n most similar of `best`, completed with the most likely others if fewer; most similar first."""
        ranked = self._ranked(least)
        likely = [row for row in ranked if self.losses[row] == 0][:n]
        others = sorted((row for row in ranked if self.losses[row] > 0), key=lambda row: self.losses[row])
        held = {*likely, *others[: n - len(likely)]}
        return [row for row in ranked if row in held]

    def _ranked(self, least: float) -> list[int]:
        rows = [row for row in range(1, len(self.texts)) if self.admitted[row] and self.similarity[row] >= least]
        return sorted(rows, key=lambda row: -self.similarity[row])


def analogs(
    model: "GrammarAutoencoder",
    text: str,
    n: int = 50,
    *,
    least_similarity: float = 0.5,
    template: "str | Template | None" = None,
    where: "str | Condition | None" = None,
    rule: Callable[[str], bool] | None = None,
    seed: int | None = None,
) -> Analogs:
    """Analogs of a string.

    Args:
        model: a fitted model.
        text: the string.
        n: maximum number of analogs.
        least_similarity: minimum similarity to the string, 0 to 1; see `Analog`.
        template: template that each matches; see `template_of`.
        where: a condition that each fulfills; see `grae.conditions`.
        rule: a predicate that holds for each.
        seed: seed of random draws; None for the model's `random_state`.

    Raises:
        ParseError, DataError: the model cannot encode the string, or the template or condition cannot be parsed.
        SettingsError: n is not positive, the similarity is not between 0 and 1, or as `template_of`.
    """
    if n < 1 or not 0 <= least_similarity <= 1:
        raise SettingsError(
            f"{n} analogs of at least {least_similarity:g} similarity",
            remedy="request at least one, with a similarity from 0 to 1",
        )
    search = _Search(model, text, template, where, rule, model.random_state if seed is None else seed)
    for level in LEVELS:
        search.widen(level)
        if len(search.pool.best(least_similarity)) >= ENOUGH * n:
            break
    return search.result(n, least_similarity)


class _Search:
    """Generates strings similar to a given one; see `analogs`."""

    def __init__(
        self,
        model: "GrammarAutoencoder",
        text: str,
        template: "str | Template | None",
        where: "str | Condition | None",
        rule: Callable[[str], bool] | None,
        seed: int,
    ) -> None:
        from grae.grammar.segmentation import expand_motifs

        self.model, self.text, self.rule = model, text, rule
        self.grammar, self.language = model.grammar_, model.language_grammar_.language
        self.template = None if template is None else template_of(model, template)
        self.where = _condition(where, model)
        self.rng = np.random.default_rng(seed)
        derived = model.derive([text]).derivations
        self.code = model.encode(derived, refine=STEPS)[0].astype(np.float64)
        plain = expand_motifs(self.grammar, derived)
        spelled = codec.decode(self.grammar.plain, plain)[0]
        (form,) = model.language_grammar_.canonical([spelled])
        if form is None:
            raise DataError(f"{text!r} is not a valid {self.language.singular}", remedy="give a valid one")
        self.spread = code_spread(model, seed)
        self.keeps_rules = constraint_for(model, None) is not None
        self.pool = _Pool({form: 0}, [spelled], [plain[0]], [1.0], [""], [False], [0.0])
        self.refused = 0
        self.unusual = self.language.unusual([spelled])[0]
        self.least_likely = np.inf  # negative log-likelihood, in nats

    def widen(self, level: float) -> None:
        """Adds strings decoded from perturbed codes (see `LEVELS`), and strings of changed derivations."""
        steps = self.rng.normal(size=(CODES, len(self.code)))
        codes = (self.code + level * self.spread * steps).astype(np.float32)
        decoded = decode_strings(self.model, codes, Decoding(raw=True, template=self.template))
        encoded = codec.encode(self.grammar.plain, list(dict.fromkeys(decoded)), on_invalid="skip")
        self._add(encoded.derivations, "code")
        self._add(self._children(), "derivation")

    def _children(self) -> Derivations:
        """Derivations made by moves from those of the string and of the most similar ones so far."""
        from grae.constraints import breaks_rules
        from grae.grammar.moves import Moves

        pool, grammar = self.pool, self.grammar.plain
        every = Derivations.from_list(pool.derivations, grammar.dtype)
        moves = Moves(grammar, every, smoothing=0.0)  # no atoms that the model does not generate
        nearest = np.array([0, *pool.best(0.0)[:PARENTS]])
        receivers = np.where(
            self.rng.random(CHILDREN) < 0.5, 0, self.rng.choice(nearest, CHILDREN)
        )  # half of them the string itself
        donors = self.rng.integers(len(every), size=CHILDREN)
        longest = int(every.lengths[0] + max(8, every.lengths[0] // 4))
        children = moves.children(moves.parents(every), receivers, donors, self.rng, max_length=longest)
        return children[~breaks_rules(grammar, children)] if self.keeps_rules else children

    def _add(self, derivations: Derivations, source: str) -> None:
        """Adds new valid strings."""
        pool, grammar = self.pool, self.model.language_grammar_
        texts = codec.decode(self.grammar.plain, derivations)
        first = {text: row for row, text in reversed(list(enumerate(texts)))}
        new: dict[str, int] = {}
        for (_text, row), form in zip(first.items(), grammar.canonical(list(first)), strict=True):
            if form is not None and form not in pool.forms and form not in new:
                new[form] = row
        rows = list(new.values())
        if not rows:
            return
        written = [texts[row] for row in rows]
        chosen = derivations[np.array(rows)]
        similarity = self.language.similarities(self.grammar.plain, pool.texts[0], written)
        admitted = (self.language.unusual(written) == self.unusual).all(axis=1)
        if admitted.any():
            admitted[admitted] = self._admitted([written[row] for row in np.flatnonzero(admitted)], chosen[admitted])
        pool.forms |= {form: len(pool.texts) + place for place, form in enumerate(new)}
        pool.texts += written
        pool.derivations += list(chosen)
        pool.similarity += similarity.tolist()
        pool.sources += [source] * len(rows)
        pool.admitted += admitted.tolist()
        pool.losses += self._losses(chosen, source).tolist()

    def _losses(self, derivations: Derivations, source: str) -> np.ndarray:
        """The negative log-likelihoods of derivations in nats, (n,) float64; 0 for those as likely as decoded ones."""
        from grae.grammar.segmentation import apply_motifs

        composed = apply_motifs(self.grammar, derivations)
        short = composed.lengths <= self.model.settings_.max_length
        losses = np.full(len(composed), np.inf)
        if short.any():
            losses[short] = negative_log_likelihoods(self.model, composed[short])
        if source == "code":
            self.least_likely = float(np.quantile(losses, SHARE))
            return np.zeros(len(composed))
        return np.where(losses <= self.least_likely, 0.0, losses)

    def _admitted(self, texts: list[str], derivations: Derivations) -> np.ndarray:
        """Which strings match the template, satisfy the rule and fulfill the condition, (n,) bool."""
        held = np.ones(len(texts), bool)
        if self.template is not None and self.template.bonded:
            held = are_held(self.template, texts, derivations)
        elif self.template is not None:
            held = np.array([self.template.is_held_by(ids) for ids in derivations], bool)
        kept = held.copy()
        if self.rule is not None:
            kept[held] = [bool(self.rule(texts[row])) for row in np.flatnonzero(held).tolist()]
        rows = np.flatnonzero(kept).tolist()
        if self.where is not None and rows:
            kept[rows] = self.where.fulfilled([texts[row] for row in rows])
        self.refused += int(held.sum() - kept.sum())
        return kept

    def result(self, n: int, least: float) -> Analogs:
        pool = self.pool
        rows = pool.chosen(n, least)
        texts = self.language.normalized([pool.texts[row] for row in rows])
        codes = self.model.transform(texts, on_invalid="nan") if texts else np.empty((0, len(self.code)), np.float32)
        distances = np.linalg.norm(codes - self.code, axis=1).tolist()
        members = [
            Analog(text, pool.similarity[row], distance if distance == distance else None, pool.sources[row], measured)
            for text, row, distance, measured in zip(texts, rows, distances, self.language.measure(texts), strict=True)
        ]
        return Analogs(self.text, members, n, least, len(pool.texts) - 1, self.refused)


def _condition(where: "str | Condition | None", model: "GrammarAutoencoder") -> "Condition | None":
    if not isinstance(where, str):
        return where
    from grae.conditions import Condition

    return Condition.read(where, model.language_grammar_)
