"""The one training loop."""

import math
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import torch
from torch import Tensor, nn

from grae import files
from grae.callbacks.events import Start, Step, Validation
from grae.callbacks.protocol import Callback, Callbacks
from grae.errors import DataError, RunError, SettingsError, TrainingError
from grae.training import checkpoint, generators
from grae.training.batches import Batches, prefetch, shard, to_device
from grae.training.checkpoint import Position
from grae.training.device import accelerator_on, use_bf16
from grae.training.interruption import Interrupted, Interruption
from grae.training.metrics import read_metrics
from grae.training.progress import Shown, choose_reporter, in_words, seconds_left
from grae.training.run_folder import RunFolder
from grae.training.schedule import learning_rate
from grae.training.settings import TrainingSettings
from grae.training.terms import Terms

if TYPE_CHECKING:
    from accelerate import Accelerator

Validate = Callable[[nn.Module], Mapping[str, float]]
Reason = Literal["epochs", "time budget", "patience", "callback"]

FETCH_EVERY = 16
"""Steps between two looks at the losses on a GPU; on the CPU each step's is looked at."""
LARGEST_SHARE_OF_SAVING = 0.02
"""Checkpoints by time are made less often than asked where making them would take more of the time than this."""


@dataclass(frozen=True)
class TrainingResult:
    """What came of a training.

    Attributes:
        ended: what ended it; "callback" where one raised `Stop`.
        steps: steps done.
        epochs: epochs done, the last one perhaps in part.
        seconds: wall time over all its parts.
        best_step: the step whose weights the module holds now.
        best: the values of the validation there.
        metrics: a record a validation, as in metrics.jsonl.
    """

    ended: Reason
    steps: int
    epochs: float
    seconds: float
    best_step: int
    best: dict[str, Any]
    metrics: list[dict[str, Any]] = field(repr=False)


def train(
    module: nn.Module,
    data: Batches,
    settings: TrainingSettings,
    *,
    validate: Validate,
    run: RunFolder | None = None,
    resume: bool = False,
    progress: Shown = False,
    unit: str = "rows",
    reserve: float = 0.0,
    callbacks: Sequence[Callback] = (),
    about: Mapping[str, Any] | None = None,
) -> TrainingResult:
    """Trains a module; afterwards it holds the weights of its lowest validation loss, and is in evaluation mode.

    The same seed, data and number of threads give the same weights on the CPU (unless time decides when to end, to
    validate or to lower the learning rate), and a run that was killed and resumed ends with the weights of an unbroken
    one. For that the module draws its random numbers from torch's default generators, which are seeded here and put
    back afterwards as they were.

    Args:
        module: its `forward(batch)` gives scalars by name, "loss" among them; that one is minimized.
        data: the batches of each epoch.
        settings: see `TrainingSettings`.
        validate: gives values by name, "loss" among them, of the module in evaluation mode and without gradients;
            called in every process, in the precision of the training and with the same random numbers each time.
        run: the folder for metrics.jsonl and state/; None keeps nothing on disk.
        resume: whether to resume from the folder's state.
        progress: whether to show it on standard error; see `choose_reporter`.
        unit: what a row is called there.
        reserve: seconds of the time budget, half of it at most, that are left for what follows the training.
        callbacks: called while it runs, in the main process; see `Callback`. What they raise leaves this function once
            the state is saved; the module then holds its best weights so far.
        about: settings of the whole, for the callbacks; those of the training when left out.

    Raises:
        RunError: the folder holds a training and `resume` is False, or none that fits and it is True; the disk is full.
        TrainingError: the loss is NaN or infinite. The module then holds its best weights so far, if there are any.
        SettingsError: the device is not here, there are more processes than rows in a batch, or what is given as a
            callback is not one.
        DataError: there are no rows.
        Interrupted: Ctrl-C was pressed; the state is saved.
    """
    if data.n_rows == 0:
        raise DataError("there are no rows to train on", remedy="look at the rejected lines and at the split")
    if resume and run is None:
        raise RunError("there is no run's folder to resume from", remedy="give the folder of the run")
    with ExitStack() as stack:
        accelerator = stack.enter_context(accelerator_on(settings.device))
        stack.enter_context(generators.kept(accelerator.device))
        reporter = choose_reporter(accelerator.is_main_process and progress, unit)
        main = accelerator.is_main_process
        device = accelerator.device
        heard = Callbacks("training", [reporter], callbacks if main else (), lambda: generators.kept(device))
        notice = "stopping after this batch; press Ctrl-C again to stop at once"
        interruption = stack.enter_context(Interruption(lambda: reporter.say(notice)))
        stack.callback(module.eval)
        training = _Training(module, data, settings, validate, run, accelerator, heard, interruption, reserve)
        if resume:
            training.resume()
        else:
            training.begin()
        stack.enter_context(heard)
        told = settings.model_dump(mode="json") if about is None else about
        training.tell(lambda: heard.on_start(Start("training", run and run.path, told, training.position.step)))
        try:
            return training.go()
        except TrainingError:
            training.take_best()
            raise


class _Training:
    """The parts of one training, and where it stands."""

    def __init__(
        self,
        module: nn.Module,
        data: Batches,
        settings: TrainingSettings,
        validation: Validate,
        run: RunFolder | None,
        accelerator: "Accelerator",
        heard: Callbacks,
        interruption: Interruption,
        reserve: float,
    ) -> None:
        self.rank, self.world = accelerator.process_index, accelerator.num_processes
        if settings.batch_size < self.world:
            raise SettingsError(
                f"a batch of {settings.batch_size} rows cannot be shared by {self.world} processes",
                remedy="raise batch_size or start fewer processes",
            )
        self.data, self.settings, self.validation, self.run = data, settings, validation, run
        self.accelerator, self.heard, self.interruption = accelerator, heard, interruption
        self.reserve = reserve
        self.device = accelerator.device
        self.bf16 = use_bf16(settings.precision, self.device)
        self.module = module.to(self.device)
        self.optimizer = torch.optim.AdamW(
            module.parameters(), weight_decay=settings.weight_decay, fused=self.device.type in ("cpu", "cuda")
        )
        self.prepared, self.stepper = accelerator.prepare(module, self.optimizer)
        vars(module).pop("_is_accelerate_prepared", None)  # else a second training would take it for wrapped
        self.terms = Terms(1 if self.device.type == "cpu" else FETCH_EVERY, self._mean, self._remedy())
        self.position = Position()
        self.best_weights: dict[str, Tensor] | None = None
        self.metrics: list[dict[str, Any]] = []
        self.started, self.seconds_before = time.monotonic(), 0.0
        self.saved_at, self.saving = 0.0, 0.0
        self.stopped = False
        generators.seed(accelerator, settings.seed)

    def begin(self) -> None:
        """Starts at step 0, and keeps that state so that a kill before the next checkpoint can be resumed."""
        run = self.run
        if run is not None:
            run.check_unused()
        self.accelerator.wait_for_everyone()
        if run is not None and self.accelerator.is_main_process:
            files.cut(run / run.METRICS, 0)
        self.save()

    def resume(self) -> None:
        """Goes back to where the folder's state stands."""
        assert self.run is not None
        found = checkpoint.load_checkpoint(self.run, self.settings, self.data.n_rows)
        found.restore(self.module, self.optimizer)
        self.position = position = found.position
        self.terms.sums, self.terms.count = dict(position.sums), position.count
        if found.best is not None:
            self.best_weights = {name: torch.as_tensor(array) for name, array in found.best.items()}
        if self.accelerator.is_main_process:
            files.cut(self.run / self.run.METRICS, position.metrics_length, remedy=checkpoint.RESTORE)
        self.accelerator.wait_for_everyone()
        self.metrics = read_metrics(self.run) if position.metrics_length else []
        generators.restore(self.accelerator, found.generators, self.settings.seed, position.step)
        self.seconds_before = self.saved_at = position.seconds

    def go(self) -> TrainingResult:
        """The loop: do what is due, then take a step. A resumed training enters it as an unbroken one passes by."""
        self.module.train()
        with closing(self._batches()) as batches:
            while True:
                interrupted, self.stopped = self._agree()
                ended = self._ended()
                validating = not interrupted and self._validation_due(ended)
                if validating:
                    self.validate()
                    interrupted, self.stopped = self._agree()
                    ended = ended or self._ended()
                if validating or interrupted or self._save_due():
                    self.save()
                if interrupted or (ended and self.interruption.requested):
                    raise self._interruption()
                if ended:
                    break
                self.step(*next(batches))
        self.take_best()
        self.heard.reason = ended
        position = self.position
        assert position.best_step is not None
        return TrainingResult(
            ended, position.step, position.epochs, position.seconds, position.best_step, position.best, self.metrics
        )

    def step(self, batch: Any, rows: int, batches: int) -> None:
        """One step of gradient descent.

        Args:
            batch: this process's share; None where the batch has fewer rows than there are processes: it is left out.
            rows: rows in the shares of all processes.
            batches: batches in the epoch.
        """
        rate = self._learning_rate()
        if batch is not None:
            for group in self.optimizer.param_groups:
                group["lr"] = rate
            with torch.autocast(self.device.type, torch.bfloat16, enabled=self.bf16):
                losses: dict[str, Tensor] = self.prepared(batch)
            self.accelerator.backward(losses["loss"].float())
            norm: Any = self.accelerator.clip_grad_norm_(self.module.parameters(), self.settings.clip_norm or math.inf)
            self.terms.add(self.position.step + 1, {**losses, "gradient_norm": norm})
            self.stepper.step()
            self.stepper.zero_grad()
        self.position.advance(batches, rows)
        position, terms = self.position, self.terms.latest
        step = Step(position.step, position.epochs, position.seconds, self._done(), self._rate(), rate, terms)
        self.tell(lambda: self.heard.on_step(step))

    def tell(self, call: Callable[[], None]) -> None:
        """Calls callbacks; a module that they put into evaluation mode is back in training mode afterwards."""
        call()
        if not self.module.training:
            self.module.train()

    def validate(self) -> None:
        """Validates, writes a line of metrics, and keeps the weights if they are the best so far."""
        self.terms.fetch()
        position, began, rate = self.position, self.position.seconds, self._rate()
        found = self._validation_values()
        best = position.best_step is None or found["loss"] < position.best["loss"]
        if best:
            position.best_step, position.best, position.bad = position.step, found, 0
            self.best_weights = checkpoint.weights_of(self.module)
        else:
            position.bad += 1
        reference = position.plateau_best
        if reference is None or found["loss"] < reference - self.settings.plateau_threshold:
            position.plateau_best, position.plateau_bad = found["loss"], 0
        else:
            position.plateau_bad += 1
        if position.plateau_bad >= self.settings.plateau_patience:
            position.plateau_bad, position.plateau_scale = 0, position.plateau_scale * self.settings.plateau_factor
        record = {
            "step": position.step,
            "epoch": round(position.epochs, 4),
            "seconds": round(position.seconds, 3),
            "rows_per_second": round(rate, 1),
            "learning_rate": self._learning_rate(),
            "train": self.terms.means(),
            "validation": found,
            "best": best,
        }
        self.metrics.append(record)
        if self.run is not None and self.accelerator.is_main_process:
            position.metrics_length = self.run.append_jsonl(self.run.METRICS, record)
            if best and self.best_weights is not None:
                checkpoint.save_best(self.run, position.step, self.best_weights, found)
        self.terms.clear()
        self._agree()
        position.validated_step, position.validated_at, position.rows = position.step, position.seconds, 0
        position.validation_seconds = position.seconds - began
        validation = Validation(**record, seconds_left=seconds_left(self._done(), position.seconds))
        self.tell(lambda: self.heard.on_validation(validation))

    def save(self) -> None:
        """Writes the state, if there is a folder for it."""
        if self.run is None:
            return
        self._agree()
        position, began = self.position, self.position.seconds
        self.terms.fetch()
        position.sums, position.count = dict(self.terms.sums), self.terms.count
        states = generators.states(self.accelerator)
        if self.accelerator.is_main_process:
            checkpoint.save_checkpoint(
                self.run, position, self.settings, self.module, self.optimizer, states, self.data.n_rows
            )
        self._agree()
        self.saved_at, self.saving = position.seconds, position.seconds - began

    def take_best(self) -> None:
        """Puts the best weights into the module; without any it stays as it is."""
        if self.best_weights is not None:
            self.module.load_state_dict(self.best_weights)

    def _batches(self) -> Generator[tuple[Any, int, int]]:
        """The arguments of `step` from the position on, epoch after epoch."""
        epoch, first = self.position.epoch, self.position.batch
        while True:
            of_epoch = self.data.batches(epoch)
            if len(of_epoch) == 0:
                raise DataError("an epoch has no batches", remedy="give more data or a smaller batch_size")

            def make(index: int, of_epoch: Any = of_epoch) -> tuple[Any, int, int]:
                rows: np.ndarray = shard(of_epoch[index], self.rank, self.world)
                batch = to_device(self.data.collate(rows), self.device) if len(rows) else None
                return batch, len(rows) * self.world, len(of_epoch)

            yield from prefetch(make, range(first, len(of_epoch)), depth=2 if self.device.type == "cuda" else 0)
            epoch, first = epoch + 1, 0

    def _validation_values(self) -> dict[str, Any]:
        """What `validate` says, the main process's in all.

        Raises:
            TrainingError: the loss is not finite.
        """
        self.module.eval()
        with generators.kept(self.device), torch.no_grad():
            torch.manual_seed(self.settings.seed)
            with torch.autocast(self.device.type, torch.bfloat16, enabled=self.bf16):
                found = {name: float(value) for name, value in self.validation(self.module).items()}
        self.module.train()
        if self.world > 1:
            here = torch.tensor([list(found.values())], device=self.device)
            everywhere: Any = self.accelerator.gather(here)
            found = dict(zip(found, everywhere[0].tolist(), strict=True))
        if not math.isfinite(found["loss"]):
            listed = in_words(found)
            raise TrainingError(f"validation at step {self.position.step} gives {listed}", remedy=self._remedy())
        return {name: value if math.isfinite(value) else None for name, value in found.items()}

    def _learning_rate(self) -> float:
        """The learning rate of the next step."""
        return learning_rate(self.settings, self._done(), self.position.plateau_scale)

    def _done(self) -> float:
        """The fraction of the training that is done: of the steps, of the time, or the larger of both."""
        settings, position = self.settings, self.position
        by_epochs = position.epochs / settings.epochs if settings.epochs else 0.0
        by_time = position.seconds / self._deadline() if settings.time_budget else 0.0
        return min(1.0, max(by_epochs, by_time))

    def _deadline(self) -> float:
        """Seconds after which the last validation and the reserve still fit into the budget; at least half of it."""
        budget = 60.0 * (self.settings.time_budget or math.inf)
        return max(budget - self.position.validation_seconds - self.reserve, budget / 2)

    def _ended(self) -> Reason | None:
        """What ends the training now, if anything does."""
        settings, position = self.settings, self.position
        if self.stopped:
            return "callback"
        if settings.epochs is not None and position.epoch >= settings.epochs:
            return "epochs"
        if settings.time_budget is not None and position.seconds >= self._deadline():
            return "time budget"
        if settings.patience is not None and position.bad >= settings.patience:
            return "patience"
        return None

    def _validation_due(self, ended: Reason | None) -> bool:
        """Whether to validate before the next step."""
        settings, position = self.settings, self.position
        if position.best_step is not None and position.validated_step == position.step:
            return False
        epochs, seconds = settings.validate_every_epochs, settings.validate_every_seconds
        by_epochs = epochs is not None and position.step > 0 and position.batch == 0 and position.epoch % epochs == 0
        by_time = seconds is not None and position.seconds - position.validated_at >= seconds
        return ended is not None or by_epochs or by_time

    def _save_due(self) -> bool:
        """Whether to save before the next step."""
        between = max(self.settings.checkpoint_seconds, self.saving / LARGEST_SHARE_OF_SAVING)
        return self.run is not None and self.position.seconds - self.saved_at >= between

    def _rate(self) -> float:
        """Rows per second since the last validation."""
        return self.position.rows / max(self.position.seconds - self.position.validated_at, 1e-9)

    def _agree(self) -> tuple[bool, bool]:
        """Sets the position's clock, the main process's in all.

        Returns:
            Whether any process is interrupted, by Ctrl-C or an exception in a callback; whether a callback said stop.
        """
        seconds = self.seconds_before + time.monotonic() - self.started
        interrupted = self.interruption.requested or self.heard.failure is not None
        stopped = self.heard.stop
        if self.world > 1:
            values = [[seconds, float(interrupted), float(stopped)]]
            here = torch.tensor(values, dtype=torch.float64, device=self.device)
            everywhere: Any = self.accelerator.gather(here)
            seconds = everywhere[0, 0].item()
            interrupted, stopped = (bool(value) for value in everywhere[:, 1:].amax(0).tolist())
        self.position.seconds = seconds
        return interrupted, stopped

    def _interruption(self) -> BaseException:
        """What leaves an interrupted training: the exception of a callback, or that of Ctrl-C."""
        if self.heard.failure is None:
            return Interrupted(self._how_to_resume())
        self.take_best()
        self.heard.failure.add_note(self._how_to_resume())
        return self.heard.failure

    def _mean(self, values: Tensor) -> Tensor:
        """The mean over all processes."""
        reduced: Any = self.accelerator.reduce(values, reduction="mean")
        return reduced

    def _remedy(self) -> str:
        """What to do about a loss that is not finite."""
        advice = f"lower learning_rate (now {self.settings.learning_rate:g})"
        advice += " or clip_norm" if self.settings.clip_norm else ", set clip_norm"
        advice += ", or precision='fp32'" if self.bf16 else ""
        kept = "" if self.run is None else f"; the last good state is kept in {self.run / 'state'}"
        return advice + kept

    def _how_to_resume(self) -> str:
        """What to tell whoever pressed Ctrl-C, or whose callback failed."""
        where = f"interrupted at step {self.position.step:,} (epoch {self.position.epochs:.2f})"
        if self.run is None:
            return f"{where}; nothing is saved, for the training has no run's folder"
        return f"{where}; the state is saved in {self.run.path}\n  go on with the same command and --resume"
