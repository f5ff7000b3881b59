"""Names imported on first use, so that light modules do not import heavy ones."""

import importlib
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from typing import TypeVar

from grae.errors import SettingsError


def lazy_getattr(package: str, homes: Mapping[str, str]) -> Callable[[str], object]:
    """A package's `__getattr__`.

    Args:
        package: its `__name__`.
        homes: the module of each name.
    """

    def get(name: str) -> object:
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        value = getattr(importlib.import_module(homes[name]), name)
        vars(importlib.import_module(package))[name] = value
        return value

    return get


T = TypeVar("T")


class Table(MutableMapping[str, T]):
    """A registry of objects by name, such as `DENSITIES`; the built-in ones are imported on first use.

    Register your own as in a dict: `table["mine"] = Mine`.

    Args:
        noun: what an object is called in messages.
        rows: by name, the object's location ("package.module:name") and a short description for help texts.
    """

    def __init__(self, noun: str, rows: Mapping[str, tuple[str, str]]) -> None:
        self.noun = noun
        self._homes = {name: home for name, (home, _) in rows.items()}
        self._summaries = {name: summary for name, (_, summary) in rows.items()}
        self._things: dict[str, T] = {}

    def named(self, name: str) -> T:
        """The object with a given name.

        Raises:
            SettingsError: the name is unknown.
        """
        self.check(name)
        return self[name]

    def check(self, name: str) -> None:
        """Raises SettingsError if the name is unknown; imports nothing."""
        if name not in self:
            raise SettingsError.unknown(self.noun, name, self)

    @property
    def summaries(self) -> dict[str, str]:
        """A short description of each object, by name: the table's, or the first line of an object's docstring."""
        own = {name: (thing.__doc__ or "").partition("\n")[0].rstrip(".") for name, thing in self._things.items()}
        return {name: self._summaries.get(name) or own.get(name, "") for name in self}

    def __getitem__(self, name: str) -> T:
        if name not in self._things:
            module, _, attribute = self._homes[name].partition(":")
            self._things[name] = getattr(importlib.import_module(module), attribute)
        return self._things[name]

    def __setitem__(self, name: str, thing: T) -> None:
        self._homes.pop(name, None)
        self._summaries.pop(name, None)
        self._things[name] = thing

    def __delitem__(self, name: str) -> None:
        if name not in self:
            raise KeyError(name)
        for each in (self._homes, self._summaries, self._things):
            each.pop(name, None)

    def __contains__(self, name: object) -> bool:
        return name in self._homes or name in self._things

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys([*self._homes, *self._things]))

    def __len__(self) -> int:
        return len({*self._homes, *self._things})

    def __repr__(self) -> str:
        return f"<{self.noun}: {', '.join(self)}>"
