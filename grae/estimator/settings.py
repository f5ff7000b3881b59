"""Immutable settings, and the errors of invalid ones."""

from collections.abc import Mapping
from typing import Any, ClassVar, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from grae.errors import SettingsError


class Frozen(BaseModel):
    """Immutable settings; an unknown name is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class NamedSettings(Frozen):
    """Settings that users give by name: invalid ones raise a `SettingsError`, which suggests names.

    Attributes:
        noun: name of a setting in messages.
    """

    noun: ClassVar[str] = "setting"

    def __init__(self, **values: Any) -> None:
        known = type(self).model_fields
        for name in values:
            if name not in known:
                raise SettingsError.unknown(self.noun, name, known)
        try:
            super().__init__(**values)
        except ValidationError as error:
            raise settings_error(error) from None


S = TypeVar("S", bound=BaseModel)


def validated(kind: type[S], values: Mapping[str, Any]) -> S:
    """Validated settings.

    Raises:
        SettingsError: names the first value that is missing, unknown or out of range.
    """
    try:
        return kind(**values)
    except ValidationError as error:
        raise settings_error(error) from None


def settings_error(error: ValidationError) -> SettingsError:
    """The error for the first problem of invalid settings."""
    problem = error.errors(include_url=False)[0]
    place = ".".join(str(part) for part in problem["loc"])
    message = str(problem["msg"]).removeprefix("Value error, ")
    value = "" if problem["type"] in ("missing", "value_error") else f", not {problem['input']!r}"
    return SettingsError(f"setting {place!r}: {message}{value}" if place else message)


def replaced(settings: S, **changes: Any) -> S:
    """A validated copy with those changes that are not None.

    Raises:
        SettingsError: a value is out of range.
    """
    values = {name: getattr(settings, name) for name in type(settings).model_fields}
    return validated(type(settings), values | {name: value for name, value in changes.items() if value is not None})
