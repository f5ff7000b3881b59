"""A run's config.json, validated before use; does not import torch."""

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError, create_model

from grae.density.densities import RENAMED
from grae.errors import RunError, first_problem, shortened
from grae.training.run_folder import RunFolder

S = TypeVar("S", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class RunKind:
    """The kind of run that an estimator writes.

    Attributes:
        format: name of the format in config.json.
        noun: name of such a run in messages.
        command: the command that trains such runs.
        runs: default folder of such runs.
        packages: packages whose versions are recorded.
        not_kept: parameters of the estimator that are not stored.
        layout: schema of config.json.
    """

    format: str
    noun: str
    command: str
    runs: Path
    packages: tuple[str, ...]
    not_kept: tuple[str, ...]
    layout: type[BaseModel]

    @property
    def foreign(self) -> str:
        """The remedy for a folder that is not such a run, or is damaged."""
        return f"give the folder of a run made by `{self.command}`, or restore the file from a copy"


def read_config(kind: RunKind, folder: RunFolder) -> dict[str, Any]:
    """A run's config.json. Raises RunError: missing, truncated, of another format, or a value has the wrong type."""
    if not folder.path.is_dir():
        raise RunError(
            f"there is no folder {shortened(str(folder.path))}, nor one of that name under {kind.runs}/",
            remedy=f"give the folder of a run made by `{kind.command}`",
        )
    config = folder.read_json(folder.CONFIG)
    if not isinstance(config, dict) or config.get("format") != kind.format:
        named = isinstance(config, dict) and "format" in config
        stated = f": its format is {shortened(repr(config['format']))}" if named else ""
        raise RunError(f"{folder / folder.CONFIG} is not the configuration of {kind.noun}{stated}", remedy=kind.foreign)
    try:
        kind.layout.model_validate(config)
    except ValidationError as error:
        raise RunError(f"{folder / folder.CONFIG}: {first_problem(error)}", remedy=kind.foreign) from None
    for part in ("settings", "parameters"):
        density = config.get(part, {}).get("density")
        if isinstance(density, str) and density in RENAMED:
            config[part]["density"] = RENAMED[density]
    return config


def read_settings(kind: RunKind, folder: RunFolder, settings: type[S]) -> S:
    """A run's settings. Raises RunError: missing, truncated or of another format."""
    try:
        return settings.model_validate(read_config(kind, folder)["settings"])
    except ValidationError as error:
        raise RunError(f"{folder / folder.CONFIG}: settings.{first_problem(error)}", remedy=kind.foreign) from None


def checked_parameters(kind: RunKind, folder: RunFolder, config: Mapping[str, Any], estimator: type) -> dict[str, Any]:
    """The estimator's parameters stored in a run, validated against its signature.

    Raises:
        RunError: a parameter is unknown or has the wrong type.
    """
    signature = inspect.signature(estimator.__init__).parameters
    taken: dict[str, Any] = {
        name: (parameter.annotation, parameter.default)
        for name, parameter in signature.items()
        if name not in ("self", *kind.not_kept)
    }
    model = create_model("Parameters", __config__=ConfigDict(extra="forbid", strict=True), **taken)
    try:
        model.model_validate(config["parameters"])
    except ValidationError as error:
        raise RunError(f"{folder / folder.CONFIG}: parameters.{first_problem(error)}", remedy=kind.foreign) from None
    return dict(config["parameters"])
