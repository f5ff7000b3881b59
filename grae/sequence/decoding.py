"""Decodes latent codes into strings with a fitted model."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from grae.grammar import codec
from grae.grammar.codec import Derivations
from grae.grammar.sentential import Forms
from grae.sequence.coding import decode_codes
from grae.sequence.constrained import Completion, Constraints, constraints_under, resolve_constraint
from grae.sequence.pushdown import greedy, sampled
from grae.sequence.templates import start_of, template_of

if TYPE_CHECKING:
    from grae.constraints import Constraint
    from grae.grammar.template import Template
    from grae.sequence.estimator import GrammarAutoencoder


@dataclass(frozen=True)
class Decoding:
    """Options of decoding; see `GrammarAutoencoder.decodings`.

    Attributes:
        temperature: 0 takes the most likely production at each step; above 0, productions are sampled.
        seed: seed of sampling; None for the model's `random_state`.
        constraints: "semantic", "grammar", or None for "semantic" if the model supports it.
        completion: "forced", or "none" as the published models decode.
        draws: strings per code.
        raw: whether strings are returned as decoded; otherwise valid ones are canonicalized by the language.
        template: template that each string matches; see `grae.sequence.templates`.
    """

    temperature: float = 0.0
    seed: int | None = None
    constraints: Constraints | None = None
    completion: Completion = "forced"
    draws: int = 1
    raw: bool = False
    template: "str | Template | None" = None


def decode_strings(model: "GrammarAutoencoder", codes: np.ndarray, decoding: Decoding) -> list[Any]:
    """Decodes codes into strings.

    Args:
        model: a fitted model.
        codes: (n, D) float32.
        decoding: options of decoding.

    Returns:
        A list of n * `decoding.draws` strings, those of the first code first; None for an incomplete derivation.

    Raises:
        ParseError, DataError, SettingsError: as `decode_derivations`.
    """
    derivations = decode_derivations(model, codes, decoding)
    complete = np.flatnonzero(derivations.lengths)
    if len(complete) < len(derivations):
        derivations = derivations[complete]
    n = decoding.draws * len(codes)
    texts = codec.decode(model.grammar_, derivations)
    if not decoding.raw:
        texts = model.language_grammar_.language.normalized(texts)
    if len(texts) == n:
        return texts
    strings: list[str | None] = [None] * n
    for row, text in zip(complete.tolist(), texts, strict=True):
        strings[row] = text
    return strings


def decode_derivations(
    model: "GrammarAutoencoder", codes: np.ndarray, decoding: Decoding, forms: Forms | None = None
) -> Derivations:
    """Decodes codes into derivations.

    Args:
        model: a fitted model.
        codes: (n, D) float32.
        decoding: options of decoding.
        forms: sentential form from which the derivations of each code start, instead of a template.

    Returns:
        n * `decoding.draws` derivations of the model's grammar, those of the first code first; an incomplete one is
        empty.

    Raises:
        SettingsError: the model's strings cannot be decoded under the constraints, or nothing fills the template.
        ParseError, DataError: as `template_of`.
    """
    device = model._device()
    template = None if decoding.template is None else template_of(model, decoding.template)
    constraints = constraints_under(decoding.completion, decoding.constraints)
    constraint = constraint_for(model, constraints, filling=template is not None)
    if template is not None:
        forms = Forms.of_all(start_of(template, constraint), len(codes))
    choose = greedy
    if decoding.temperature != 0:
        seed = model.random_state if decoding.seed is None else decoding.seed
        choose = sampled(decoding.temperature, torch.Generator(device).manual_seed(seed))
    tensors: Any = model.network_.reconstruction.tensors
    return decode_codes(
        model.network_.to(device),
        tensors.to(device),
        codes,
        max_length=model.settings_.max_length,
        dtype=model.grammar_.dtype,
        device=device,
        choose=choose,
        constraint=constraint,
        completes=decoding.completion == "forced",
        draws=decoding.draws,
        forms=forms,
    )


def constraint_for(
    model: "GrammarAutoencoder", name: Constraints | None, *, filling: bool = False
) -> "Constraint | None":
    """The semantic constraint to decode under, if any; character models have none."""
    settings = model.settings_
    return resolve_constraint(name, model.grammar_, settings.form, settings.max_length, filling=filling)
