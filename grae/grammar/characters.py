"""The grammar of all strings over a set of characters, so that a character model needs no code path of its own.

    characters -> 'C' characters | 'N' characters | ... |

The derivation of a string is its characters one by one, and the empty production at the end. The language includes the
empty string.
"""

from collections.abc import Iterable

from grae.errors import GrammarError
from grae.grammar.cfg import Grammar
from grae.grammar.symbols import Nonterminal

START = Nonterminal("characters")


def character_grammar(texts: Iterable[str], name: str, *, ignore: str = "") -> Grammar:
    """The grammar of all strings over the characters of some texts, in the order of their code points.

    Args:
        texts: the strings; iterated once.
        name: name of the grammar.
        ignore: characters to skip in input strings, unless they occur in the texts.

    Raises:
        GrammarError: there are no characters, or one that no grammar file can spell.
    """
    alphabet: set[str] = set()
    for text in texts:
        alphabet.update(text)
    if not alphabet:
        raise GrammarError(f"{name}: no characters to make a grammar of", remedy="give strings that are not empty")
    productions = [(START, (character, START)) for character in sorted(alphabet)]
    return Grammar(name, [*productions, (START, ())], START, ignore=ignore)
