"""The training loop: strings, images, densities and classifiers are all trained by `train`."""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from typing import Any

from torch import nn

from grae.callbacks.events import Start
from grae.callbacks.protocol import Callback, Callbacks
from grae.callbacks.reporter import Shown
from grae.errors import DataError, RunError, TrainingError
from grae.training import generators
from grae.training.batches import Batches
from grae.training.device import accelerator_on
from grae.training.interruption import Interruption
from grae.training.progress import choose_reporter
from grae.training.result import TrainingResult
from grae.training.run_folder import RunFolder
from grae.training.settings import TrainingSettings
from grae.training.training import Training, Validate


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
    """Trains a module; afterwards it has the weights of the lowest validation loss and is in evaluation mode.

    On the CPU, the same seed, data and number of threads give the same weights (unless the end, validations or the
    learning rate depend on time), and a run that was killed and resumed ends with the weights of an uninterrupted one.
    For this, the module has to draw its random numbers from torch's default generators, which are seeded here and
    restored afterwards.

    Args:
        module: its `forward(batch)` returns scalars by name; "loss" is minimized.
        data: the batches of each epoch.
        settings: see `TrainingSettings`.
        validate: returns values by name, "loss" among them, of the module in evaluation mode and without gradients;
            called in every process, in the precision of the training and with the same random numbers each time.
        run: folder of metrics.jsonl and state/; None writes nothing.
        resume: whether to resume from the folder's checkpoint.
        progress: whether to show progress on standard error; see `choose_reporter`.
        unit: name of a row in progress messages, such as "molecules".
        reserve: seconds of the time budget, at most half of it, to reserve for steps after training.
        callbacks: called in the main process during training; see `Callback`. An exception raised by a callback
            propagates once the state is saved; the module then has its best weights so far.
        about: settings passed to the callbacks; by default those of the training.

    Raises:
        RunError: the folder holds a training and `resume` is False, or no matching one and `resume` is True; a file
            cannot be written.
        TrainingError: the loss is NaN or infinite. The module then has its best weights so far, if any.
        SettingsError: the device is not available, there are more processes than rows in a batch, or a callback is not
            a `Callback`.
        DataError: there are no rows.
        Interrupted: Ctrl-C was pressed; the state is saved.
    """
    if data.n_rows == 0:
        raise DataError("there are no rows to train on", remedy="check the rejected lines and the split")
    if resume and run is None:
        raise RunError("there is no run's folder to resume from", remedy="give the folder of the run")
    with ExitStack() as stack:
        accelerator = stack.enter_context(accelerator_on(settings.device))
        stack.enter_context(generators.preserved(accelerator.device))
        reporter = choose_reporter(accelerator.is_main_process and progress, unit)
        main = accelerator.is_main_process
        device = accelerator.device
        called = Callbacks("training", [reporter], callbacks if main else (), lambda: generators.preserved(device))
        notice = "stopping after this batch; press Ctrl-C again to stop at once"
        interruption = stack.enter_context(Interruption(lambda: reporter.say(notice)))
        stack.callback(module.eval)
        training = Training(module, data, settings, validate, run, accelerator, called, interruption, reserve)
        if resume:
            training.resume()
        else:
            training.begin()
        stack.enter_context(called)
        described = settings.model_dump(mode="json") if about is None else about
        start = Start("training", run and run.path, described, training.position.step)
        training.call(lambda: called.on_start(start))
        try:
            return training.go()
        except TrainingError:
            training.take_best()
            raise
