"""Languages: what the strings of a grammar mean. A module each, whose constant `LANGUAGE` grammars name by the module.

`grammar.language` is the language that a grammar names, `#% language molecules` say; see `grae.grammar.language` for
what a language is and for how one of your own becomes known.
"""

from grae.grammar.language import Form, Language, Property
from grae.grammar.language_registry import language_named, languages, register

__all__ = ["Form", "Language", "Property", "language_named", "languages", "register"]
