"""Languages: the meaning of a grammar's strings. One module each, with a constant `LANGUAGE`.

`grammar.language` is the language named by a grammar, as in `#% language molecules`; see `grae.grammar.language` for
the interface, and for how to register a language of your own.
"""

from grae.grammar.language import Form, Language, Property
from grae.grammar.language_registry import language_named, languages, register

__all__ = ["Form", "Language", "Property", "language_named", "languages", "register"]
