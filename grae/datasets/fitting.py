"""Adapts the reading of a file to the language of its strings."""

from dataclasses import replace

from grae.datasets.readers import STDIN, Source
from grae.errors import ParseError
from grae.grammar.cfg import Grammar


def fitted(source: Source, grammar: Grammar) -> Source:
    """Adapts a source to the strings of a grammar.

    A text file keeps the white space around its strings if strings of the language can begin or end with white space. A
    text file of molecules may contain a name after each, as a .smi file does, since no SMILES contains a space. The
    first line of a table with one column is a heading only if it is not a string of the language itself.

    Args:
        source: a source opened without knowledge of the grammar.
        grammar: the grammar of the strings.

    Raises:
        DataError: the file cannot be read.
    """
    if source.settings["format"] == "text" and grammar.language.has_names:
        return replace(source, format="smi")
    if source.settings["format"] == "text" and grammar.analysis.has_space_at_ends:
        return replace(source, format="lines")
    undecided = source.header is None and source.column is None
    again = source.path == STDIN or not source.is_stream  # a pipe can be read only once
    if source.settings["format"] == "csv" and undecided and again:
        with source.open() as reading:
            first = reading.first_row()
        if len(first) == 1 and _derives(grammar, first[0]):
            return replace(source, header=False)
    return source


def _derives(grammar: Grammar, text: str) -> bool:
    try:
        grammar.parse(text)
    except ParseError:
        return False
    return True
