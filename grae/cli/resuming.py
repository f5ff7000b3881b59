"""Resuming a run with its own settings, except for those that --resume may change."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import typer

from grae.errors import RunError


def on_command_line(context: typer.Context, values: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters of an estimator given on the command line or in the file of --config."""
    return {name: value for name, value in values.items() if _is_written(context, name)}


def with_changes(place: Path, parameters: Mapping[str, Any], given: Mapping[str, Any], about: Any) -> dict[str, Any]:
    """The parameters of a resumed run: its own, with the changes that are allowed.

    Args:
        place: run folder.
        parameters: of the run.
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
    source = context.get_parameter_source("seed" if name == "random_state" else name)
    return source is not None and source.name in ("COMMANDLINE", "DEFAULT_MAP")
