"""Checkpoints: everything that a killed training needs to resume exactly, in one file written atomically."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import torch
from pydantic import TypeAdapter, ValidationError
from torch import Tensor, nn

from grae import files
from grae.errors import RunError
from grae.training.position import Position
from grae.training.run_folder import RunFolder
from grae.training.settings import FREE_ON_RESUME, TrainingSettings

FORMAT = "grae training state"
VERSION = 1
RESTORE = "restore the file from a copy, or train into another folder"
ADAM_STATE = {"step", "exp_avg", "exp_avg_sq"}
"""Names of the optimizer's state of a parameter."""


def best_name(step: int) -> str:
    """The name, in a run folder, of the best weights at a step."""
    return f"state/best-{step:09d}.safetensors"


def weights_of(module: nn.Module) -> dict[str, Tensor]:
    """A copy of parameters and buffers on the CPU."""
    return {name: tensor.detach().cpu().clone() for name, tensor in module.state_dict().items()}


def load_weights(module: nn.Module, weights: Mapping[str, np.ndarray | Tensor], source: str) -> None:
    """Loads weights into a module.

    Args:
        module: module with the architecture of the saved weights.
        weights: weights by name of parameter or buffer.
        source: their origin, for the error message.

    Raises:
        RunError: names or shapes differ from the module's.
    """
    expected = {name: tuple(tensor.shape) for name, tensor in module.state_dict().items()}
    shapes = {name: tuple(array.shape) for name, array in weights.items()}
    if expected != shapes:
        names = sorted(n for n in expected.keys() | shapes.keys() if expected.get(n) != shapes.get(n))
        first = f"{names[0]} has shape {shapes.get(names[0], 'none')} there and {expected.get(names[0], 'none')} here"
        raise RunError(
            f"{source} holds the weights of another model: {len(names)} tensors differ, {first}",
            remedy="use the settings and the grammar that the run was made with",
        )
    module.load_state_dict({name: torch.as_tensor(array) for name, array in weights.items()})


def save_checkpoint(
    run: RunFolder,
    position: Position,
    settings: TrainingSettings,
    module: nn.Module,
    optimizer: torch.optim.Optimizer,
    generators: Mapping[str, Tensor],
    n_rows: int,
) -> None:
    """Writes a checkpoint; the best weights must be in the folder already. Raises RunError: it cannot be written.

    Args:
        run: run folder.
        position: progress of the training.
        settings: settings of the training.
        module: the module, unwrapped.
        optimizer: the optimizer, unwrapped.
        generators: states of the random generators, one row per process.
        n_rows: number of training rows.
    """
    tensors: dict[str, Tensor] = {f"module/{name}": tensor for name, tensor in module.state_dict().items()}
    for index, values in optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer/{index}/{name}": torch.as_tensor(value) for name, value in values.items()}
    tensors |= {f"generator/{name}": state for name, state in generators.items()}
    about = {
        "format": FORMAT,
        "version": VERSION,
        "position": asdict(position),
        "settings": settings.model_dump(mode="json"),
        "n_rows": n_rows,
    }
    run.write_tensors(run.CHECKPOINT, tensors, about)
    _forget_other_bests(run, position.best_step)


@dataclass(frozen=True)
class Checkpoint:
    """A loaded checkpoint.

    Attributes:
        position: progress of the training.
        weights: weights of the module, by name.
        optimizer: tensors by parameter number and name.
        generators: states of the random generators, one row per process.
        best: the best weights; None before the first validation.
        source: the file, for error messages.
    """

    position: Position
    weights: dict[str, np.ndarray]
    optimizer: dict[int, dict[str, np.ndarray]]
    generators: dict[str, np.ndarray]
    best: dict[str, np.ndarray] | None
    source: str

    def restore(self, module: nn.Module, optimizer: torch.optim.Optimizer) -> None:
        """Restores weights and optimizer state. Raises RunError: they belong to another model."""
        load_weights(module, self.weights, self.source)
        state = {i: {k: torch.as_tensor(a) for k, a in values.items()} for i, values in self.optimizer.items()}
        parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
        for index, values in state.items():
            shape = parameters[index].shape if index < len(parameters) else None
            misshapen = any(tensor.ndim > 0 and tensor.shape != shape for tensor in values.values())
            if misshapen or values.keys() != ADAM_STATE:
                raise RunError(f"{self.source} holds another model's optimizer state", remedy=RESTORE)
        optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})


def load_checkpoint(run: RunFolder, settings: TrainingSettings, n_rows: int) -> Checkpoint:
    """Loads the checkpoint of a run.

    Raises:
        RunError: there is no checkpoint, it is truncated or of another format, or it was written with other settings or
            data.
    """
    source = run / run.CHECKPOINT
    if not run.has(run.CHECKPOINT):
        raise RunError(f"{source} is missing: there is no training to resume", remedy="train without --resume")
    arrays, about = run.read_tensors(run.CHECKPOINT)
    position = _position(about, str(source))
    _same_training(about, settings, n_rows, str(source))
    best = None
    if position.best_step is not None:
        best, about_best = run.read_tensors(best_name(position.best_step))
        if about_best.get("step") != position.best_step:
            raise RunError(f"{run / best_name(position.best_step)} is not the file that was saved", remedy=RESTORE)
    optimizer: dict[int, dict[str, np.ndarray]] = {}
    for name, array in _under(arrays, "optimizer").items():
        index, _, key = name.partition("/")
        if not index.isdigit():
            raise RunError(f"{source} holds an unknown tensor optimizer/{name}", remedy=RESTORE)
        optimizer.setdefault(int(index), {})[key] = array
    return Checkpoint(
        position, _under(arrays, "module"), optimizer, _under(arrays, "generator"), best, source=str(source)
    )


def save_best(run: RunFolder, step: int, weights: Mapping[str, Tensor], values: Mapping[str, Any]) -> None:
    """Writes the best weights so far, named by their step. Raises RunError: they cannot be written."""
    run.write_tensors(best_name(step), weights, {"step": step, "validation": dict(values)})


def _position(about: Mapping[str, Any], source: str) -> Position:
    """The position in a checkpoint's header. Raises RunError: the header is of another format."""
    if about.get("format") != FORMAT:
        raise RunError(f"{source} is not a checkpoint of grae", remedy=RESTORE)
    if about.get("version") != VERSION:
        raise RunError(
            f"{source} has version {about.get('version')!r} of the format, not {VERSION}",
            remedy="resume it with the version of grae that wrote it (see config.json)",
        )
    values = about.get("position")
    if not isinstance(values, dict) or values.keys() != {f.name for f in fields(Position)}:
        raise RunError(f"{source} contains no position", remedy=RESTORE)
    try:
        return TypeAdapter(Position).validate_json(json.dumps(values), strict=True)
    except ValidationError as error:
        problem = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in problem["loc"])
        raise RunError(f"{source}: position.{place}: {problem['msg']}", remedy=RESTORE) from None


def _same_training(about: Mapping[str, Any], settings: TrainingSettings, n_rows: int, source: str) -> None:
    """Raises RunError unless the checkpoint is of this training."""
    before = about.get("settings")
    if not isinstance(before, dict):
        raise RunError(f"{source} contains no settings", remedy=RESTORE)
    stored = {**before, "rows of training data": about.get("n_rows")}
    given = {**settings.model_dump(mode="json"), "rows of training data": n_rows}
    files.check_unchanged(Path(source), stored, given, FREE_ON_RESUME)


def _under(arrays: Mapping[str, np.ndarray], prefix: str) -> dict[str, np.ndarray]:
    """The arrays whose names start with `prefix/`, without it."""
    return {name[len(prefix) + 1 :]: array for name, array in arrays.items() if name.startswith(f"{prefix}/")}


def _forget_other_bests(run: RunFolder, step: int | None) -> None:
    """Removes the best weights of earlier steps."""
    best = None if step is None else run / best_name(step)
    for path in (run / run.CHECKPOINT).parent.glob("best-*"):
        if path != best:
            path.unlink(missing_ok=True)
