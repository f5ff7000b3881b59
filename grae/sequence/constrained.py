"""Constraints of decoding: the grammar alone, or the language's semantic rules too; and forced completion."""

from typing import TYPE_CHECKING, Literal, get_args

from grae.errors import SettingsError
from grae.grammar import Grammar

if TYPE_CHECKING:
    from grae.constraints import Constraint

Constraints = Literal["semantic", "grammar"]
Completion = Literal["forced", "none"]


def constraints_under(completion: Completion, name: Constraints | None) -> Constraints | None:
    """The requested constraints; without forced completion, None means "grammar".

    Raises:
        SettingsError: an unknown completion; or "semantic" without forced completion.
    """
    if completion not in get_args(Completion):
        raise SettingsError.unknown("completion", str(completion), get_args(Completion))
    if completion == "forced":
        return name
    if name == "semantic":
        raise SettingsError(
            "constraints 'semantic' require forced completion: semantic rules hold for complete strings only",
            remedy="decode with constraints='grammar' (--constraints grammar), or force completion",
        )
    return "grammar"


def resolve_constraint(
    name: Constraints | None, grammar: Grammar, form: str, max_length: int, *, filling: bool = False
) -> "Constraint | None":
    """The constraint to decode under; None for the grammar alone.

    Args:
        name: "semantic", "grammar", or None for "semantic" where the language has an automaton that reads the form.
        grammar: grammar of the derivations.
        form: form in which strings were learned.
        max_length: maximum number of productions per derivation.
        filling: whether to decode templates.

    Raises:
        SettingsError: an unknown name; or "semantic" where no automaton reads the form.
    """
    if not keeps_rules(name, grammar, form):
        return None
    from grae.constraints import constraint_of

    return constraint_of(grammar, max_length, filling=filling)


def keeps_rules(name: Constraints | None, grammar: Grammar, form: str) -> bool:
    """Whether decoding enforces the language's semantic rules; arguments and errors as `resolve_constraint`."""
    if name not in (*get_args(Constraints), None):
        raise SettingsError.unknown("kind of constraints", str(name), get_args(Constraints))
    if name == "grammar":
        return False
    language = grammar.language
    known = language.automaton is not None
    reads = known and language.automaton_form == form
    if name == "semantic" and not known:
        raise SettingsError(
            f"constraints 'semantic': the language of {grammar.name!r} has no semantic rules",
            remedy="decode with constraints='grammar' (--constraints grammar)",
        )
    if name == "semantic" and not reads:
        raise SettingsError(
            f"constraints 'semantic': the run learned its strings in the form {form!r}, but the rules are defined "
            f"for the form {language.automaton_form!r}",
            remedy=f"train a run with form={language.automaton_form!r} (--form {language.automaton_form}), or decode "
            "with constraints='grammar' (--constraints grammar)",
        )
    return reads
