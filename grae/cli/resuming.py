"""Resuming a run with its own settings, except for those that may change on --resume."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import typer

from grae.errors import RunError


def on_command_line(context: typer.Context, values: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters of an estimator that are given on the command line or in the file of --config."""
    return {name: value for name, value in values.items() if _is_written(context, name)}


def changed(context: typer.Context) -> list[str]:
    """The parameters on the command line, and those set in a file to values other than their defaults.

    A file of --save-config contains all parameters that have a value.
    """
    defaults = {parameter.name: parameter.default for parameter in context.command.params}
    return [
        name
        for name, value in context.params.items()
        if _source(context, name) == "COMMANDLINE"
        or (_source(context, name) == "DEFAULT_MAP" and value != defaults[name])
    ]


def with_changes(place: Path, parameters: Mapping[str, Any], given: Mapping[str, Any], about: Any) -> dict[str, Any]:
    """The parameters of a resumed run: its own, with the allowed changes.

    Args:
        place: run folder.
        parameters: parameters of the run.
        given: parameters on the command line.
        about: provenance of the run's data, by names of options.

    Raises:
        RunError: a given parameter differs from the run's.
    """
    from grae.training.settings import FREE_ON_RESUME

    for name, value in given.items():
        stored = parameters[name] if name in parameters else about.get(name)
        if name not in FREE_ON_RESUME and str(stored) not in (str(value), str(Path(str(value)).absolute())):
            option = "--seed" if name == "random_state" else f"--{name.rstrip('_').replace('_', '-')}"
            raise RunError(f"{option} {value}: {place} was started with {stored}", remedy=f"omit {option}")
    return {**parameters, **{name: value for name, value in given.items() if name in FREE_ON_RESUME}}


def _is_written(context: typer.Context, name: str) -> bool:
    return _source(context, "seed" if name == "random_state" else name) in ("COMMANDLINE", "DEFAULT_MAP")


def _source(context: typer.Context, name: str) -> str | None:
    source = context.get_parameter_source(name)
    return None if source is None else source.name
