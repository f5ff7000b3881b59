"""Resuming a run: it keeps its settings, except for those that may change with --resume."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import typer

from grae.errors import RunError


def on_command_line(context: typer.Context, values: Mapping[str, Any]) -> dict[str, Any]:
    """Those parameters of an estimator that were written on the command line, or in the file of --config."""
    return {name: value for name, value in values.items() if _is_written(context, name)}


def with_changes(place: Path, parameters: Mapping[str, Any], given: Mapping[str, Any], about: Any) -> dict[str, Any]:
    """The parameters of a resumed run: its own, except for those that may change.

    Args:
        place: the run's folder.
        parameters: of the run.
        given: what was written on the command line.
        about: what the run says of its data, by the names of the command line's options.

    Raises:
        RunError: a parameter was given that differs from the run's.
    """
    from grae.training.settings import FREE_ON_RESUME

    for name, value in given.items():
        stored = parameters[name] if name in parameters else about.get(name)
        if name not in FREE_ON_RESUME and str(stored) not in (str(value), str(Path(str(value)).absolute())):
            option = "--seed" if name == "random_state" else f"--{name.rstrip('_').replace('_', '-')}"
            raise RunError(f"{option} {value}: {place} was started with {stored}", remedy=f"leave {option} out")
    return {**parameters, **{name: value for name, value in given.items() if name in FREE_ON_RESUME}}


def _is_written(context: typer.Context, name: str) -> bool:
    source = context.get_parameter_source("seed" if name == "random_state" else name)
    return source is not None and source.name in ("COMMANDLINE", "DEFAULT_MAP")
