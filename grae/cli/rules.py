"""Decoding under a user's rule, and its report."""

from typing import TYPE_CHECKING, Any

from grae.cli.output import note

if TYPE_CHECKING:
    import numpy as np

    from grae.constraints import PlainAutomaton
    from grae.sequence import GrammarAutoencoder
    from grae.sequence.rules import Predicate


def about_automaton(rule: str, automaton: "PlainAutomaton") -> dict[str, object]:
    """The report of an automaton, with a note if it is interpreted."""
    if automaton.interpreted:
        note(f"rule {rule}: numba cannot compile {', '.join(automaton.interpreted)}: interpreted, which is slower")
    return {"rule": {"name": rule, "kind": "automaton"}}


def decoded_under(
    model: "GrammarAutoencoder",
    codes: "np.ndarray",
    rule: str,
    predicate: "Predicate",
    tries: int,
    given: dict[str, Any],
) -> tuple[list[str | None], dict[str, object]]:
    """Codes decoded under a predicate, with arguments as in `grae.sequence.rules.decode_under`, and the report.

    Returns:
        One string per code in the form of the training strings, None if the predicate never holds; and the report.
    """
    from grae.sequence.rules import decode_under

    decoded = decode_under(model, codes, predicate, tries=tries, **given)
    note(f"rule {rule} {decoded}")
    counts = {"at_once": decoded.at_once, "later": decoded.later, "never": decoded.never, "tries": tries}
    return decoded.texts, {"rule": {"name": rule, "kind": "predicate", **counts}}


def decode_by_rule(
    model: "GrammarAutoencoder", codes: "np.ndarray", rule: str, tries: int, raw: bool, given: dict[str, Any]
) -> tuple[list[str | None], dict[str, object]]:
    """Codes decoded under a rule given by name, and the report.

    Args:
        model: a fitted model.
        codes: (n, D) float32.
        rule: name of the rule, as in `rule_named`.
        tries: number of further tries per code if a predicate does not hold.
        raw: whether strings are returned as decoded.
        given: further options of `decode_under`.

    Returns:
        One string per code, None if a predicate never holds; and the report.

    Raises:
        SettingsError: there is no such rule; or as `decode_under`.
    """
    from grae.constraints import PlainAutomaton
    from grae.sequence.rules import rule_named, with_automaton

    named = rule_named(rule)
    if isinstance(named, PlainAutomaton):
        about = about_automaton(rule, named)
        return list(with_automaton(model, named, rule).inverse_transform(codes, raw=raw, **given)), about
    texts, about = decoded_under(model, codes, rule, named, tries, given)
    if not raw:
        normalized = iter(model.language_grammar_.language.normalized([text for text in texts if text is not None]))
        texts = [None if text is None else next(normalized) for text in texts]
    return texts, about
