"""Nested settings, flattened."""

from grae.nested import flattened


def test_values_by_their_names_joined_by_dots():
    nested = {"a": {"b": 1, "c": {"d": [2]}}, "e": {}}
    assert flattened(nested) == {"a.b": 1, "a.c.d": [2]}
    assert flattened(nested, empty=True) == {"a.b": 1, "a.c.d": [2], "e": {}}
