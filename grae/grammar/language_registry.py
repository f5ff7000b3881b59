"""Languages by name: those that come with grae, and registered ones.

A language is a module of `grae.languages` with a constant `LANGUAGE`, or is registered: with `register`, or as a
constant of a Python file listed in the environment variable `GRAE_LANGUAGES` (several are separated as in `PATH`).
Such a file is imported when a grammar names an unknown language; it is never looked up in a run or beside a grammar,
so that opening a run executes no code of its author.
"""

import importlib
import importlib.util
import os
import pkgutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from grae.errors import GrammarError
from grae.grammar.language import STRINGS, Language

if TYPE_CHECKING:
    pass


SHIPPED = "grae.languages"


ENVIRONMENT = "GRAE_LANGUAGES"


_registered: dict[str, Language] = {}


def register(language: Language) -> Language:
    """Registers a language, so that grammars can name it; one of the same name is replaced.

    Returns:
        The language.

    Raises:
        GrammarError: its name is not a word, or is that of a language that comes with grae.
    """
    if not language.name.isidentifier() or language.name in (*_shipped(), STRINGS.name):
        raise GrammarError(
            f"a language cannot be named {language.name!r}",
            remedy=f"choose a name of letters, digits and _, other than {', '.join([*_shipped(), STRINGS.name])}",
        )
    _registered[language.name] = language
    return language


def language_named(name: str, where: str) -> Language:
    """The language with a given name.

    Args:
        name: name in the directive `language`.
        where: location of the name, for messages.

    Raises:
        GrammarError: there is none.
    """
    if name not in _registered and name in _shipped():
        _registered[name] = importlib.import_module(f"{SHIPPED}.{name}").LANGUAGE
    if name not in _registered:
        _register_listed()
    if name not in _registered:
        raise GrammarError(
            f"{where}: unknown language {name!r}; known: {', '.join(languages())}",
            remedy=f"correct the directive, omit it, or list the Python file that defines it in {ENVIRONMENT}",
        )
    return _registered[name]


def languages() -> list[str]:
    """The names of all known languages, those that come with grae first."""
    return [*_shipped(), *sorted(set(_registered) - set(_shipped()))]


def _shipped() -> list[str]:
    folder = Path(__file__).parents[1] / "languages"
    return [module.name for module in pkgutil.iter_modules([str(folder)]) if not module.name.startswith("_")]


def _register_listed() -> None:
    """Imports the files listed in the environment, and registers their languages.

    Raises:
        GrammarError: there is no such file, or it defines no language.
    """
    for place in filter(None, os.environ.get(ENVIRONMENT, "").split(os.pathsep)):
        defined = [value for value in definitions(Path(place), ENVIRONMENT).values() if isinstance(value, Language)]
        if not defined:
            raise GrammarError(
                f"{ENVIRONMENT}: {place} defines no language", remedy="write NAME = Language('name', ...) into it"
            )
        for language in defined:
            register(language)


def definitions(path: Path, where: str) -> Mapping[str, object]:
    """The definitions of a Python file, by name; it is imported once, under its name, as if from its own folder.

    Args:
        path: path of the file.
        where: location of the path, for messages.

    Raises:
        GrammarError: there is no such file.
    """
    spec = importlib.util.spec_from_file_location(path.stem, path) if path.is_file() else None
    if spec is None or spec.loader is None:
        raise GrammarError(f"{where}: there is no Python file {path}", remedy="check the path")
    module = sys.modules.get(path.stem)
    if module is None or getattr(module, "__file__", None) != str(path):
        module = sys.modules[path.stem] = importlib.util.module_from_spec(spec)
        sys.path.append(str(path.parent.absolute()))  # for modules beside the file, and for other processes
        spec.loader.exec_module(module)
    return vars(module)
