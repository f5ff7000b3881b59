"""A run's metrics.jsonl: one record per validation, validated when it is read."""

from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from grae.errors import RunError
from grae.training.run_folder import FOREIGN, RunFolder


class Record(BaseModel):
    """A validation.

    Attributes:
        step: steps done.
        epoch: epochs done, fractional.
        seconds: wall time so far.
        rows_per_second: training speed since the previous validation.
        learning_rate: learning rate of the next step.
        train: mean of each loss term since the previous validation; None where it is not finite.
        validation: validation values; None where one is not finite.
        best: whether its loss is the lowest so far.
    """

    model_config = ConfigDict(strict=True, allow_inf_nan=False)

    step: int
    epoch: float
    seconds: float
    rows_per_second: float
    learning_rate: float
    train: dict[str, float | None]
    validation: dict[str, float | None]
    best: bool


def read_metrics(run: RunFolder) -> list[dict[str, Any]]:
    """The records of a run in order; empty where the file is missing.

    Raises:
        RunError: the file is not JSON lines, or a line is not a record.
    """
    if not run.has(run.METRICS):
        return []
    records = run.read_jsonl(run.METRICS)
    for number, record in enumerate(records, start=1):
        try:
            Record.model_validate(record)
        except ValidationError as error:
            problem = error.errors(include_url=False, include_input=False)[0]
            place = ".".join(str(part) for part in problem["loc"])
            where = f"{run / run.METRICS}, line {number}"
            raise RunError(f"{where}: {f'{place}: ' if place else ''}{problem['msg']}", remedy=FOREIGN) from None
    return records
