"""Names that a package imports when they are first used, so that what is light in it comes without what is heavy."""

import importlib
from collections.abc import Callable, Mapping


def from_homes(package: str, homes: Mapping[str, str]) -> Callable[[str], object]:
    """A package's `__getattr__`.

    Args:
        package: its `__name__`.
        homes: by name, the module that has it.
    """

    def get(name: str) -> object:
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        value = getattr(importlib.import_module(homes[name]), name)
        vars(importlib.import_module(package))[name] = value
        return value

    return get
