"""The grammar of all strings over some characters, so that a character model needs no code path of its own.

    characters -> 'C' characters | 'N' characters | ... |

A string's derivation is its characters one by one, and the empty production that ends it. It derives strings that no
other grammar does, the empty one among them.
"""

from collections.abc import Iterable

from grae.errors import GrammarError
from grae.grammar.cfg import Grammar
from grae.grammar.symbols import Nonterminal

START = Nonterminal("characters")


def character_grammar(texts: Iterable[str], name: str, *, ignore: str = "") -> Grammar:
    """The grammar of all strings over the characters that occur in some texts, in the order of their code points.

    Args:
        texts: the strings; read once.
        name: of the grammar.
        ignore: characters that it skips, where they stand in none of the texts.

    Raises:
        GrammarError: there is no character, or one that no grammar file can spell.
    """
    alphabet: set[str] = set()
    for text in texts:
        alphabet.update(text)
    if not alphabet:
        raise GrammarError(f"{name}: no characters to make a grammar of", remedy="give strings that are not empty")
    productions = [(START, (character, START)) for character in sorted(alphabet)]
    return Grammar(name, [*productions, (START, ())], START, ignore=ignore)
