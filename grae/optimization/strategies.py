"""The strategies made from a plan."""

from typing import TYPE_CHECKING

import numpy as np

from grae.optimization.asked import NO_SURROGATE, Plan
from grae.optimization.candidates import Known
from grae.optimization.progress import Silent, fraction_of
from grae.optimization.space import LatentSpace
from grae.optimization.start import Start
from grae.optimization.strategy import Movable, RandomSearch, Strategy
from grae.optimization.targets import Target

if TYPE_CHECKING:
    from grae.grammar import Grammar
    from grae.optimization.population import Reader
    from grae.optimization.proposers import Proposer
    from grae.optimization.views import View

LONGEST = 2_000
"""Productions of a child, where the user's own limits hold."""


def strategy_of(plan: Plan, space: LatentSpace, start: Start, target: Target, reporter: Silent) -> Strategy:
    """The strategy of a plan.

    Raises:
        DataError: too few strings to start from.
    """
    maximize = target.direction == "maximize"
    progress = fraction_of(reporter, "encoding the strings to start from")
    if plan.strategy == "paper":
        from grae.optimization.paper import PaperProtocol

        hot = 1.0 if plan.temperature is None else plan.temperature
        return PaperProtocol(
            space,
            start,
            maximize=maximize,
            worst=target.worst,
            temperature=hot,
            attempts=plan.attempts,
            seed=plan.seed,
            progress=progress,
        )
    known, temperature = Known(start.texts), plan.temperature or 0.0
    if plan.strategy == "random":
        return RandomSearch(space, known, temperature=temperature, seed=plan.seed)
    of_start = start.worst_score(maximize)
    worst = target.worst if of_start is None else of_start
    if plan.strategy == "trust-region":
        from grae.optimization.trust_region import TrustRegion

        return TrustRegion(
            space,
            start,
            known,
            maximize=maximize,
            worst=worst,
            temperature=temperature,
            seed=plan.seed,
            progress=progress,
        )
    return _mixed(plan, space, start, known, maximize, worst)


def _mixed(plan: Plan, space: LatentSpace, start: Start, known: Known, maximize: bool, worst: float) -> Movable:
    """Proposers mixed by a bandit; the genetic strategy is one of them alone, without a surrogate."""
    from grae.optimization.mixed import MixedSearch
    from grae.optimization.population import Reader

    reader = Reader(space, plan.limits)
    return MixedSearch(
        space,
        start,
        known,
        proposers=_proposers(plan, space, reader, start),
        views=_views(plan, space, reader.grammar),
        reader=reader,
        maximize=maximize,
        worst=worst,
        seed=plan.seed,
    )


def _proposers(plan: Plan, space: LatentSpace, reader: "Reader", start: Start) -> "dict[str, Proposer]":
    from grae.grammar import codec
    from grae.grammar.moves import Moves
    from grae.optimization.proposers import DensitySamples, DerivationMoves, LatentSteps

    temperature, propose = plan.temperature or 0.0, "derivation" if plan.strategy == "genetic" else plan.propose
    found: dict[str, Proposer] = {}
    if propose != "derivation":
        found["latent"] = LatentSteps(space, reader, temperature=temperature)
    if propose != "latent":
        counted = codec.encode(reader.grammar, start.texts, on_invalid="skip", n_jobs=-1).derivations
        longest = LONGEST if plan.limits else int(counted.lengths.max(initial=1))
        moves = Moves(reader.grammar, counted)
        found["derivation"] = DerivationMoves(reader, moves, max_length=longest)
        if plan.strategy != "genetic" and plan.surrogate != NO_SURROGATE:
            found["unranked"] = DerivationMoves(reader, moves, max_length=longest, ranked=False)
    if propose != "derivation":
        found["density"] = DensitySamples(space, reader, temperature=temperature)
    return found


def _views(plan: Plan, space: LatentSpace, grammar: "Grammar") -> "list[View]":
    from grae.optimization import views

    found: list[View] = []
    if callable(plan.surrogate):
        own = plan.surrogate
        return [views.PointView(lambda texts, derivations: np.asarray(own(list(texts)), np.float64))]
    for name in plan.views(grammar):
        if name == "structure":
            found.append(views.structure(grammar))
        elif name == "codes":
            found.append(views.CodeView(space))
        elif (seen := views.meaning(grammar)) is not None:
            found.append(seen)
    return found
