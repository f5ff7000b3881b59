"""What is asked of a search, checked without torch, which takes seconds to load."""

from typing import Literal, NamedTuple

from grae.errors import SettingsError
from grae.grammar import Grammar
from grae.optimization.targets import Target

ProtocolName = Literal["trust-region", "paper", "random"]


MOST_ROUNDS, MOST_A_ROUND = 1_000_000, 100_000


class Pace(NamedTuple):
    """Rounds, and strings a round."""

    rounds: int
    batch_size: int


PACES: dict[str, Pace] = {"trust-region": Pace(100, 5), "paper": Pace(5, 50), "random": Pace(10, 50)}


def pace_of(protocol: str, rounds: int | None, batch_size: int | None) -> Pace:
    """The rounds of a protocol, its own where None is given.

    Raises:
        SettingsError: there is no such protocol, or fewer than one round or string, or more than anyone can wait for.
    """
    if protocol not in PACES:
        raise SettingsError.unknown("protocol", protocol, PACES)
    usual = PACES[protocol]
    pace = Pace(usual.rounds if rounds is None else rounds, usual.batch_size if batch_size is None else batch_size)
    if min(pace) < 1:
        raise SettingsError(f"{pace.rounds} rounds of {pace.batch_size} strings", remedy="give at least 1 of each")
    if pace.rounds > MOST_ROUNDS or pace.batch_size > MOST_A_ROUND:
        raise SettingsError(
            "too many rounds, or strings a round",
            remedy=f"give at most {MOST_ROUNDS:,} rounds (--rounds) of at most {MOST_A_ROUND:,} strings (--batch-size)",
        )
    return pace


def check_protocol(protocol: str, *, attempts: int | None, retrain_every: int | None) -> None:
    """Makes sure that a protocol takes its options.

    Raises:
        SettingsError: attempts without the paper protocol, or retraining with it or more often than each round.
    """
    if protocol != "paper" and attempts is not None:
        raise SettingsError("attempts are of the paper protocol", remedy="leave them out, or give protocol 'paper'")
    if retrain_every is None:
        return
    if retrain_every < 1:
        raise SettingsError(
            f"a model retrained every {retrain_every} rounds", remedy="give at least 1, or leave it out"
        )
    if protocol == "paper":
        raise SettingsError(
            "the paper protocol searches one latent space from its first round to its last",
            remedy="leave retrain_every (--retrain-every) out, or take the trust-region protocol",
        )


def check_suits(target: Target, grammar: Grammar) -> None:
    """Makes sure that a target scores strings of a grammar.

    Raises:
        SettingsError: it scores others.
    """
    if target.language not in (None, grammar.language.name):
        raise SettingsError(
            f"target {target.name!r} scores {target.language}, but the grammar {grammar.name!r} is one of "
            f"{grammar.language.plural}",
            remedy="give a model of such a grammar, or another target",
        )
