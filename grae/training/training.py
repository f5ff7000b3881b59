"""A running training: loop, steps, validations and checkpoints, in a single process or in each of several."""

import math
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from grae import files
from grae.callbacks.events import Step, Validation
from grae.callbacks.protocol import Callbacks
from grae.errors import SettingsError, TrainingError
from grae.training import checkpoint, generators
from grae.training.agreement import Agreement
from grae.training.batches import Batches, steps_from
from grae.training.device import use_bf16
from grae.training.interruption import Interrupted, Interruption
from grae.training.metrics import read_metrics
from grae.training.position import Position
from grae.training.progress import in_words, seconds_left
from grae.training.result import Reason, TrainingResult
from grae.training.run_folder import RunFolder
from grae.training.settings import TrainingSettings
from grae.training.terms import Terms
from grae.training.timetable import Timetable

if TYPE_CHECKING:
    from accelerate import Accelerator

Validate = Callable[[nn.Module], Mapping[str, float]]

FETCH_EVERY = 16
"""Steps between fetches of the losses from a GPU; on the CPU, losses are checked at each step."""


class Training:
    """The state of one training. See `train` for the arguments."""

    def __init__(
        self,
        module: nn.Module,
        data: Batches,
        settings: TrainingSettings,
        validation: Validate,
        run: RunFolder | None,
        accelerator: "Accelerator",
        callbacks: Callbacks,
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
        self.accelerator, self.callbacks, self.interruption = accelerator, callbacks, interruption
        self.agreement = Agreement(accelerator)
        self.timetable = Timetable(settings, reserve)
        self.device = accelerator.device
        self.bf16 = use_bf16(settings.precision, self.device)
        self.module = module.to(self.device)
        self.optimizer = torch.optim.AdamW(
            module.parameters(), weight_decay=settings.weight_decay, fused=self.device.type in ("cpu", "cuda")
        )
        self.prepared, self.stepper = accelerator.prepare(module, self.optimizer)
        vars(module).pop("_is_accelerate_prepared", None)  # a second training would treat it as wrapped
        self.terms = Terms(1 if self.device.type == "cpu" else FETCH_EVERY, self.agreement.mean, self._remedy())
        self.position = Position()
        self.best_weights: dict[str, Tensor] | None = None
        self.metrics: list[dict[str, Any]] = []
        self.started, self.seconds_before = time.monotonic(), 0.0
        self.saved_at, self.saving = 0.0, 0.0
        self.stopped = False
        generators.seed(accelerator, settings.seed)

    def begin(self) -> None:
        """Starts at step 0; writes a checkpoint, so that a run killed before the next one can be resumed."""
        run = self.run
        if run is not None:
            run.check_unused()
        self.accelerator.wait_for_everyone()
        if run is not None and self.accelerator.is_main_process:
            files.cut(run / run.METRICS, 0)
        self.save()

    def resume(self) -> None:
        """Restores the checkpoint of the run folder."""
        assert self.run is not None
        stored = checkpoint.load_checkpoint(self.run, self.settings, self.data.n_rows)
        stored.restore(self.module, self.optimizer)
        self.position = position = stored.position
        self.terms.sums, self.terms.count = dict(position.sums), position.count
        if stored.best is not None:
            self.best_weights = {name: torch.as_tensor(array) for name, array in stored.best.items()}
        if self.accelerator.is_main_process:
            files.cut(self.run / self.run.METRICS, position.metrics_length, remedy=checkpoint.RESTORE)
        self.accelerator.wait_for_everyone()
        self.metrics = read_metrics(self.run) if position.metrics_length else []
        generators.restore(self.accelerator, stored.generators, self.settings.seed, position.step)
        self.seconds_before = self.saved_at = position.seconds

    def go(self) -> TrainingResult:
        """Runs the loop: does what is due, then takes a step. A resumed run re-enters it at the saved step."""
        self.module.train()
        with closing(steps_from(self.position, self.data, self.rank, self.world, self.device)) as batches:
            while True:
                interrupted, self.stopped = self._agree()
                ended = self._ended()
                validating = not interrupted and self.timetable.validation_due(self.position, ended)
                if validating:
                    self.validate()
                    interrupted, self.stopped = self._agree()
                    ended = ended or self._ended()
                if validating or interrupted or self._checkpoint_due():
                    self.save()
                if interrupted or (ended and self.interruption.requested):
                    raise self._interruption()
                if ended:
                    break
                self.step(*next(batches))
        self.take_best()
        self.callbacks.reason = ended
        position = self.position
        assert position.best_step is not None
        return TrainingResult(
            ended, position.step, position.epochs, position.seconds, position.best_step, position.best, self.metrics
        )

    def step(self, batch: Any, rows: int, batches: int) -> None:
        """One step of gradient descent.

        Args:
            batch: this process's share; None skips a batch that has fewer rows than there are processes.
            rows: number of rows in the shares of all processes.
            batches: number of batches in the epoch.
        """
        rate = self.timetable.learning_rate(self.position)
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
        done = self.timetable.done(position)
        step = Step(position.step, position.epochs, position.seconds, done, self._rate(), rate, terms)
        self.call(lambda: self.callbacks.on_step(step))

    def call(self, callbacks: Callable[[], None]) -> None:
        """Calls callbacks, then puts the module back into training mode."""
        callbacks()
        if not self.module.training:
            self.module.train()

    def validate(self) -> None:
        """Validates, appends to metrics.jsonl, and saves the weights if they are the best so far."""
        self.terms.fetch()
        position, began, rate = self.position, self.position.seconds, self._rate()
        values = self._validation_values()
        best = position.take(values, self.settings)
        if best:
            self.best_weights = checkpoint.weights_of(self.module)
        record = {
            "step": position.step,
            "epoch": round(position.epochs, 4),
            "seconds": round(position.seconds, 3),
            "rows_per_second": round(rate, 1),
            "learning_rate": self.timetable.learning_rate(self.position),
            "train": self.terms.means(),
            "validation": values,
            "best": best,
        }
        self.metrics.append(record)
        if self.run is not None and self.accelerator.is_main_process:
            position.metrics_length = self.run.append_jsonl(self.run.METRICS, record)
            if best and self.best_weights is not None:
                checkpoint.save_best(self.run, position.step, self.best_weights, values)
        self.terms.clear()
        self._agree()
        position.validated_step, position.validated_at, position.rows = position.step, position.seconds, 0
        position.validation_seconds = position.seconds - began
        done = self.timetable.done(position)
        validation = Validation(**record, seconds_left=seconds_left(done, position.seconds))
        self.call(lambda: self.callbacks.on_validation(validation))

    def save(self) -> None:
        """Writes a checkpoint, if there is a run folder."""
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
        """Loads the best weights into the module, if there are any."""
        if self.best_weights is not None:
            self.module.load_state_dict(self.best_weights)

    def _validation_values(self) -> dict[str, Any]:
        """The values of `validate`, those of rank 0 in all processes.

        Raises:
            TrainingError: the loss is not finite.
        """
        self.module.eval()
        with generators.preserved(self.device), torch.no_grad():
            torch.manual_seed(self.settings.seed)
            with torch.autocast(self.device.type, torch.bfloat16, enabled=self.bf16):
                values = {name: float(value) for name, value in self.validation(self.module).items()}
        self.module.train()
        values = self.agreement.values(values)
        if not math.isfinite(values["loss"]):
            listed = in_words(values)
            raise TrainingError(f"validation at step {self.position.step} gives {listed}", remedy=self._remedy())
        return {name: value if math.isfinite(value) else None for name, value in values.items()}

    def _ended(self) -> Reason | None:
        """The reason to end now, if any."""
        return "callback" if self.stopped else self.timetable.ended(self.position)

    def _checkpoint_due(self) -> bool:
        """Whether to save before the next step."""
        return self.run is not None and self.timetable.checkpoint_due(self.position, self.saved_at, self.saving)

    def _rate(self) -> float:
        """Rows per second since the last validation."""
        return self.position.rows / max(self.position.seconds - self.position.validated_at, 1e-9)

    def _agree(self) -> tuple[bool, bool]:
        """Sets the position's clock to that of rank 0.

        Returns:
            Whether any process is interrupted, by Ctrl-C or an exception in a callback; whether a callback raised
            `Stop`.
        """
        seconds, interrupted, stopped = self.agreement.state(
            self.seconds_before + time.monotonic() - self.started,
            self.interruption.requested or self.callbacks.failure is not None,
            self.callbacks.stop,
        )
        self.position.seconds = seconds
        return interrupted, stopped

    def _interruption(self) -> BaseException:
        """The exception of an interrupted training: a callback's, or `Interrupted`."""
        if self.callbacks.failure is None:
            return Interrupted(self._how_to_resume())
        self.take_best()
        self.callbacks.failure.add_note(self._how_to_resume())
        return self.callbacks.failure

    def _remedy(self) -> str:
        """The remedy for a loss that is not finite."""
        advice = f"lower learning_rate (now {self.settings.learning_rate:g})"
        advice += " or clip_norm" if self.settings.clip_norm else ", set clip_norm"
        advice += ", or precision='fp32'" if self.bf16 else ""
        state = "" if self.run is None else f"; the last good state is kept in {self.run / 'state'}"
        return advice + state

    def _how_to_resume(self) -> str:
        """The message after Ctrl-C or a failed callback."""
        where = f"interrupted at step {self.position.step:,} (epoch {self.position.epochs:.2f})"
        if self.run is None:
            return f"{where}; nothing is saved, since the training has no run folder"
        return f"{where}; the state is saved in {self.run.path}\n  continue with the same command and --resume"
