"""User rules in decoding: an automaton that the decoder enforces, or a predicate of complete strings."""

import copy
import inspect
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from grae.errors import SettingsError
from grae.grammar import codec
from grae.grammar.language_registry import definitions
from grae.grammar.sentential import Forms, SententialForm
from grae.sequence.decoding import Decoding, constraint_for, decode_derivations
from grae.sequence.deviations import deviations

if TYPE_CHECKING:
    from grae.constraints.plain import PlainAutomaton
    from grae.grammar.template import Template
    from grae.sequence.constrained import Constraints
    from grae.sequence.estimator import GrammarAutoencoder

Predicate = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Kept:
    """Strings decoded under a predicate.

    Attributes:
        texts: one per code; None if the predicate holds for none of the strings tried.
        at_once: number for which it holds as first decoded.
        later: number for which it holds after further tries.
        tries: maximum number of further tries.
    """

    texts: list[str | None]
    at_once: int
    later: int
    tries: int

    @property
    def never(self) -> int:
        """The number of codes without a string for which the predicate holds."""
        return self.texts.count(None)

    def __str__(self) -> str:
        said = f"holds for {self.at_once:,} of {len(self.texts):,} strings as first decoded"
        if self.tries:
            said += f", for {self.later:,} more after at most {self.tries} further tries"
        return f"{said}, for {self.never:,} never"


def rule_named(source: str) -> "Predicate | PlainAutomaton":
    """A rule by its file and name, `mine.py:holds`. The file is executed.

    Args:
        source: file and name of a predicate of a string, or of a tree if its parameter is called `tree`; or of a
            `PlainAutomaton`.

    Raises:
        SettingsError: there is no such file, or it defines no such rule.
    """
    from pathlib import Path

    from grae.constraints.plain import PlainAutomaton

    place, _, name = source.rpartition(":")
    path = Path(place)
    if not place.endswith(".py") or not path.is_file():
        raise SettingsError(
            f"rule {source!r}: there is no Python file {place or source!r}",
            remedy="give a file and a name in it, such as mine.py:holds",
        )
    defined = definitions(path, f"rule {source!r}")
    rule: Any = defined.get(name)
    if not isinstance(rule, PlainAutomaton) and not callable(rule):
        raise SettingsError.unknown("rule", name, [key for key, value in defined.items() if _is_rule(value, path.stem)])
    return cast("Predicate | PlainAutomaton", rule)


def with_automaton(model: "GrammarAutoencoder", automaton: "PlainAutomaton", name: str) -> "GrammarAutoencoder":
    """The model with a user automaton instead of its language's, which decoding then enforces.

    Args:
        model: a fitted model; not changed.
        automaton: automaton of the strings in the form that the model learned.
        name: name of the rule.
    """
    grammar = model.grammar_
    language = replace(
        grammar.language, name=f"{grammar.language.name} under {name}", automaton=automaton,
        automaton_form=model.settings_.form,
    )  # fmt: skip
    ruled = copy.copy(model)
    ruled.grammar_ = grammar.in_language(language)
    return ruled


def decode_under(
    model: "GrammarAutoencoder",
    codes: np.ndarray,
    predicate: Predicate,
    *,
    tries: int = 10,
    temperature: float = 0.0,
    seed: int = 0,
    constraints: "Constraints | None" = None,
    template: "Template | None" = None,
) -> Kept:
    """Decodes codes into strings for which a predicate holds.

    If it does not hold for the string of a code, the code is decoded again, up to `tries` times, with next-best
    choices: a prefix of its derivation is kept, the second-best production is taken at the step with the smallest
    margin, and decoding continues from there; then at the next step by margin (see `deviations`). Under a template,
    productions are sampled at temperatures increasing to 1 instead.

    Args:
        model: a fitted model.
        codes: (n, D) float32.
        predicate: predicate of a string in the form that the model learned, or of its tree if its parameter is called
            `tree`.
        tries: maximum number of further tries per code.
        temperature: temperature of the first decoding, and of the continuation after a next-best choice.
        seed: seed of sampling.
        constraints: as in `GrammarAutoencoder.inverse_transform`.
        template: as in `GrammarAutoencoder.inverse_transform`.
    """
    holds = predicate_of(model, predicate)
    decoding = Decoding(temperature, seed, constraints, raw=True, template=template)
    derivations = decode_derivations(model, codes, decoding)
    strings = codec.decode(model.grammar_, derivations)
    texts: list[str | None] = [text if holds(text) else None for text in strings]
    failing = [row for row, text in enumerate(texts) if text is None]
    at_once = len(codes) - len(failing)
    forms: dict[int, list[SententialForm]] = {}
    if tries and failing and template is None:
        constraint = constraint_for(model, constraints)
        rows = np.array(failing)
        others = deviations(model, codes[rows], derivations[rows], tries, constraint)
        forms = dict(zip(failing, others, strict=True))
    for attempt in range(1, tries + 1):
        if template is None:
            rows = [row for row in failing if len(forms[row]) >= attempt]
            own = Forms.of_each([forms[row][attempt - 1] for row in rows])
            decoding = replace(decoding, seed=seed + attempt)
        else:
            rows, own = failing, None
            decoding = replace(decoding, temperature=max(temperature, attempt / tries), seed=seed + attempt)
        if not len(rows):
            break
        again = codec.decode(model.grammar_, decode_derivations(model, codes[np.array(rows)], decoding, own))
        for row, text in zip(rows, again, strict=True):
            texts[row] = text if holds(text) else None
        failing = [row for row in failing if texts[row] is None]
    return Kept(texts, at_once, len(codes) - len(failing) - at_once, tries)


def predicate_of(model: "GrammarAutoencoder", predicate: Callable[[Any], bool]) -> Predicate:
    """A predicate of trees as a predicate of strings."""
    try:
        parameters = list(inspect.signature(predicate).parameters)
    except (TypeError, ValueError):  # a builtin
        parameters = []
    if parameters[:1] != ["tree"]:
        return lambda text: bool(predicate(text))
    return lambda text: bool(predicate(model.grammar_.tree(text)))


def _is_rule(value: object, module: str) -> bool:
    """Whether a definition in a file can be a rule."""
    from grae.constraints.plain import PlainAutomaton

    return isinstance(value, PlainAutomaton) or (inspect.isfunction(value) and value.__module__ == module)
