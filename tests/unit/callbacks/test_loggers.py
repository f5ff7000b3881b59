"""The loggers of other tools, with the real packages where they are installed."""

import importlib.util
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from grae.callbacks import Best, Evaluation, Progress, Round, Start, Step, Validation, logger_named
from grae.callbacks.loggers import KEPT, Logger, flat
from grae.callbacks.protocol import Callbacks
from grae.errors import MissingExtraError, RunError, SettingsError

SETTINGS = {"model": "grae", "training": {"epochs": 2, "patience": None}, "layers": [1, 2]}


def needs(package: str):
    return pytest.mark.skipif(importlib.util.find_spec(package) is None, reason=f"{package} is not installed")


def training(logger: Logger, folder: Path | None, first: int = 1, last: int = 20) -> None:
    """Steps, a validation every ten; the loss is the step's reciprocal."""
    with Callbacks("training", [], [logger]) as heard:
        heard.on_start(Start("training", folder, SETTINGS, first - 1))
        for n in range(first, last + 1):
            heard.on_step(Step(n, n / 10, 0.1 * n, n / 20, 100.0, 1e-3, {"loss": 1 / n}))
            if n % 10 == 0:
                values = {"loss": 2 / n, "exact": None}
                heard.on_validation(Validation(n, n / 10, 0.1 * n, 100.0, 1e-3, {"loss": 1.5 / n}, values, True))
        assert heard.failure is None, heard.failure
        heard.reason = "epochs"


def searching(logger: Logger, folder: Path | None) -> None:
    with Callbacks("search", [], [logger]) as heard:
        best = Best("C", 1.0, "start")
        heard.on_start(Start("search", folder, SETTINGS, 0, best))
        for n in range(1, 5):
            score = None if n == 2 else float(n)
            best = best if score is None else Best("C" * n, score, "search", 0)
            progress = Progress(n, 4, (n - (n > 1)) / n, best, 0.1 * n)
            heard.on_evaluation(Evaluation(0, "C" * n, score, None, False, 0.1, progress))
        heard.on_round(Round(0, True, progress))
        assert heard.failure is None, heard.failure
        heard.reason = "rounds"


@pytest.fixture
def found(monkeypatch):
    """As if every package were installed."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: object())


@pytest.mark.parametrize("name", ["tensorboard", "mlflow", "wandb"])
def test_a_missing_package_is_one_line_that_says_what_to_install(monkeypatch, name):
    monkeypatch.setattr(importlib.util, "find_spec", lambda package: None)
    with pytest.raises(MissingExtraError) as raised:
        logger_named(name)
    assert str(raised.value) == f"{name} is not installed\n  remedy: pip install 'grae[{name}]'"


def test_loggers_by_name(found):
    named: Any = logger_named("tensorboard:logs/here")
    assert named.folder == Path("logs/here")
    assert logger_named("tensorboard").folder is None  # pyright: ignore[reportAttributeAccessIssue]
    assert logger_named("wandb:molecules").project == "molecules"  # pyright: ignore[reportAttributeAccessIssue]
    assert logger_named("mlflow").experiment == "grae"  # pyright: ignore[reportAttributeAccessIssue]
    with pytest.raises(SettingsError, match=r"unknown logger 'tensorbord'(?s:.)*did you mean 'tensorboard'"):
        logger_named("tensorbord:x")
    assert not {"mlflow", "wandb", "tensorboard"} & sys.modules.keys()


def test_what_is_logged(found):
    written: list[tuple[dict[str, float], int]] = []

    class Noting(Logger):
        def write(self, numbers, step):
            written.append((dict(numbers), step))

    training(Noting(every=7), None)
    assert written[0] == ({"step/loss": 1 / 7}, 7)
    at_validation = {"train/loss": 0.15, "validation/loss": 0.2, "learning_rate": 1e-3, "epoch": 1.0}
    assert written[1] == (at_validation, 10)
    assert [step for _, step in written] == [7, 10, 14, 20]
    written.clear()
    searching(Noting(), None)
    assert written[0] == ({"search/valid": 1.0, "search/score": 1.0, "search/best": 1.0}, 1)
    assert written[1] == ({"search/valid": 0.5, "search/best": 1.0}, 2)
    with pytest.raises(SettingsError, match="every 0 steps"):
        Noting(every=0)
    assert flat(SETTINGS) == {"model": "grae", "training.epochs": 2, "layers": [1, 2]}


def scalars(folder: Path) -> dict[str, list[tuple[int, float]]]:
    """All scalars in TensorBoard's files, by name."""
    from tensorboard.backend.event_processing.event_accumulator import (  # pyright: ignore[reportMissingImports]
        EventAccumulator,
    )

    events = EventAccumulator(str(folder), {"scalars": 0, "tensors": 0})
    events.Reload()
    return {tag: [(event.step, event.value) for event in events.Scalars(tag)] for tag in events.Tags()["scalars"]}


@needs("tensorboard")
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_tensorboard_files_read_back(tmp_path):
    run = tmp_path / "runs" / "mine"
    training(logger_named("tensorboard"), run, last=17)
    training(logger_named("tensorboard"), run, first=11)  # resumed from step 10: 11 to 17 happen again
    found = scalars(run / "tensorboard")
    assert found["step/loss"] == [(10, pytest.approx(0.1)), (20, pytest.approx(0.05))]
    assert found["validation/loss"] == [(10, pytest.approx(0.2)), (20, pytest.approx(0.1))]
    assert "validation/exact" not in found
    searching(logger_named(f"tensorboard:{tmp_path / 'logs'}"), run / "optimize" / "logp-1")
    found = scalars(tmp_path / "logs" / "mine-logp-1")
    assert found["search/score"] == [(1, 1.0), (3, 3.0), (4, 4.0)]
    assert found["search/best"] == [(1, 1.0), (2, 1.0), (3, 3.0), (4, 4.0)]
    with pytest.raises(AssertionError, match="have no folder"):
        training(logger_named("tensorboard"), None)


@needs("mlflow")
@pytest.mark.filterwarnings("ignore")  # of its own dependencies
def test_mlflow_runs_read_back(tmp_path, monkeypatch):
    from mlflow.tracking import MlflowClient  # pyright: ignore[reportMissingImports]

    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path / 'mlflow.db'}")
    monkeypatch.chdir(tmp_path)
    run = tmp_path / "runs" / "mine"
    training(logger_named("mlflow:molecules"), run, last=17)
    training(logger_named("mlflow:molecules"), run, first=11)
    client = MlflowClient()
    experiment = client.get_experiment_by_name("molecules")
    assert experiment is not None
    (logged,) = client.search_runs([experiment.experiment_id])
    assert (logged.info.run_name, logged.info.status) == ("mine", "FINISHED")
    assert logged.data.params == {"model": "grae", "training.epochs": "2", "layers": "[1, 2]"}
    history = client.get_metric_history(logged.info.run_id, "validation/loss")
    assert [(one.step, one.value) for one in history] == [(10, 0.2), (20, 0.1)]
    searching(logger_named("mlflow:molecules"), run / "optimize" / "logp-1")
    names = {one.info.run_name: one for one in client.search_runs([experiment.experiment_id])}
    assert names["mine-logp-1"].data.metrics["search/best"] == 4.0
    heard = Callbacks("training", [], [logger_named("mlflow:broken")])
    heard.on_start(Start("training"))
    heard.__exit__(ZeroDivisionError, ZeroDivisionError(), None)
    broken = client.get_experiment_by_name("broken")
    assert broken is not None
    assert client.search_runs([broken.experiment_id])[0].info.status == "FAILED"


@needs("wandb")
@pytest.mark.filterwarnings("ignore")  # of its own dependencies
def test_wandb_writes_offline_runs(tmp_path, monkeypatch):
    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.setenv("WANDB_DIR", str(tmp_path))
    monkeypatch.setenv("WANDB_SILENT", "true")
    run = tmp_path / "runs" / "mine"
    training(logger_named("wandb:molecules"), run, last=17)
    name = json.loads((run / KEPT).read_text())["wandb"]
    training(logger_named("wandb:molecules"), run, first=11)
    assert json.loads((run / KEPT).read_text())["wandb"] == name
    files = sorted((tmp_path / "wandb").glob(f"offline-run-*-{name}/run-{name}.wandb"))
    assert len(files) == 2
    written = b"".join(file.read_bytes() for file in files)
    assert all(word in written for word in (b"validation/loss", b"molecules", b"count"))


def test_a_damaged_file_of_names_is_told(tmp_path):
    from grae.callbacks.loggers import kept_id

    start = Start("training", tmp_path, {}, 3)
    assert kept_id(start, "wandb") is None
    for text in ("[]", '{"wandb": 3}'):
        (tmp_path / KEPT).write_text(text)
        with pytest.raises(RunError, match="remove it"):
            kept_id(start, "wandb")
