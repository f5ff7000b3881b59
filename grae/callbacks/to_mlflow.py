"""Logging to MLflow."""

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from grae.callbacks.events import End, Round, Start, Validation
from grae.callbacks.loggers import PROJECT, Logger, flat, keep_id, kept_id, run_name

if TYPE_CHECKING:
    from mlflow.tracking import MlflowClient  # pyright: ignore[reportMissingImports]

TOOL = "mlflow"
MOST_METRICS = 1000  # per batch, as limited by MLflow
MOST_PARAMETERS = 100  # per batch
LONGEST = 6000  # characters of a parameter's value
STATUS = {"error": "FAILED", "interrupted": "KILLED"}


class MLflowLogger(Logger):
    """Logs to MLflow, to the server, database or folder in the environment variable MLFLOW_TRACKING_URI.

    Numbers are sent in batches, at each validation and each round. A resumed run continues the same MLflow run.

    Args:
        experiment: name of the experiment, which is created if missing.
        tracking_uri: overrides the environment variable.
        every: steps between logged loss terms.

    Raises:
        MissingExtraError: MLflow is not installed.
    """

    package = "mlflow"
    extra = "mlflow"

    def __init__(self, experiment: str = PROJECT, *, tracking_uri: str | None = None, every: int = 10) -> None:
        super().__init__(every)
        self.experiment, self.tracking_uri = experiment, tracking_uri
        self.client: MlflowClient | None = None
        self.run = ""
        self.waiting: list[Any] = []

    def on_start(self, start: Start) -> None:
        """Opens a new run, or the resumed one."""
        from mlflow.entities import Param  # pyright: ignore[reportMissingImports]
        from mlflow.tracking import MlflowClient  # pyright: ignore[reportMissingImports]

        self.client = client = MlflowClient(self.tracking_uri)
        stored_id = kept_id(start, TOOL)
        if stored_id is not None:
            self.run = stored_id
            client.update_run(stored_id, "RUNNING")
            return
        existing = client.get_experiment_by_name(self.experiment)
        experiment = client.create_experiment(self.experiment) if existing is None else existing.experiment_id
        self.run = client.create_run(experiment, run_name=run_name(start)).info.run_id
        keep_id(start, TOOL, self.run)
        parameters = [Param(name, str(value)[:LONGEST]) for name, value in flat(start.settings).items()]
        for first in range(0, len(parameters), MOST_PARAMETERS):
            client.log_batch(self.run, params=parameters[first : first + MOST_PARAMETERS])

    def write(self, numbers: Mapping[str, float], step: int) -> None:
        """See Logger."""
        from mlflow.entities import Metric  # pyright: ignore[reportMissingImports]

        now = int(1000 * time.time())
        self.waiting += [Metric(name, value, now, step) for name, value in numbers.items()]
        if len(self.waiting) >= MOST_METRICS // 2:
            self._send()

    def on_validation(self, validation: Validation) -> None:
        """See Callback."""
        super().on_validation(validation)
        self._send()

    def on_round(self, round: Round) -> None:
        """See Callback."""
        self._send()

    def on_end(self, end: End) -> None:
        """Closes the run."""
        if self.client is not None and self.run:
            self._send()
            self.client.set_terminated(self.run, STATUS.get(end.reason, "FINISHED"))
        self.client = None

    def _send(self) -> None:
        assert self.client is not None  # set by on_start
        for first in range(0, len(self.waiting), MOST_METRICS):
            self.client.log_batch(self.run, metrics=self.waiting[first : first + MOST_METRICS])
        self.waiting = []
