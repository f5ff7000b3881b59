"""A training that is stopped, in whatever way, goes on to the weights of one that was left in peace."""

import errno
import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from grae import files
from grae.errors import RunError, TrainingError
from grae.training import training
from grae.training.interruption import Interrupted, Interruption
from grae.training.loop import train
from grae.training.run_folder import RunFolder
from grae.training.settings import TrainingSettings

HERE = Path(__file__).parent
SETTINGS = TrainingSettings(epochs=3, batch_size=8, precision="fp32", device="cpu")


@pytest.fixture
def run(tmp_path) -> RunFolder:
    return RunFolder(tmp_path / "run")


@pytest.fixture
def go(toy, run):
    """Trains in the folder: `go(settings, **what differs)` gives the result and the weights."""

    def go(settings=SETTINGS, *, data=None, model=None, validate=None, run=run, **options):
        data, model = data or toy.Data(), model or toy.Model()
        result = train(model, data, settings, validate=validate or toy.validation(data), run=run, **options)
        return result, {name: tensor.numpy().copy() for name, tensor in model.state_dict().items()}

    return go


@pytest.fixture
def stopped(toy, run, go):
    """A folder whose training was stopped by Ctrl-C in the middle of the second epoch."""
    with pytest.raises(Interrupted):
        go(data=interrupted_at(toy, 7))
    return run


def interrupted_at(toy, step: int, error: BaseException | None = None):
    """Data that raises, or sends this process a Ctrl-C, while a step's batch is made."""
    data, count = toy.Data(), 0
    collate = data.collate

    def collate_and_stop(rows):
        nonlocal count
        count += len(rows) == data.batch_size  # a batch of the training, not one of the validation
        if count == step and error is not None:
            raise error
        if count == step:
            os.kill(os.getpid(), signal.SIGINT)
        return collate(rows)

    data.collate = collate_and_stop
    return data


def timeless(metrics: list) -> list:
    return [{k: v for k, v in record.items() if k not in ("seconds", "rows_per_second")} for record in metrics]


def assert_same(first: tuple, second: tuple) -> None:
    """The same weights, to the bit, and the same metrics."""
    for name, array in first[1].items():
        assert second[1][name].tobytes() == array.tobytes(), name
    assert timeless(first[0].metrics) == timeless(second[0].metrics)
    assert (first[0].best, first[0].best_step, first[0].steps) == (second[0].best, second[0].best_step, second[0].steps)


class TestKill:
    """kill -9, in child processes."""

    def kill(self, folder: Path, how: str) -> dict:
        command = [sys.executable, "-W", "error", "kill_worker.py", str(folder), how]
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(HERE.parents[2])}
        done = subprocess.run(command, cwd=HERE, env=environment, capture_output=True, text=True, timeout=500)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def test_at_each_file_operation(self, tmp_path):
        found = self.kill(tmp_path, "operations")
        assert found["different"] == []
        assert found["kills"] > 40

    def test_at_random_moments(self, tmp_path):
        found = self.kill(tmp_path, "moments")
        assert found["different"] == []
        assert found["kills"] >= 4


class TestCtrlC:
    @pytest.mark.parametrize("step", [1, 5, 7, 14])
    def test_saves_says_how_to_resume_and_resumes(self, toy, go, run, tmp_path, step):
        with pytest.raises(Interrupted, match=rf"interrupted at step {step} .*{run.path.name}.*\n.*--resume"):
            go(data=interrupted_at(toy, step))
        assert_same(go(run=None), go(resume=True))

    def test_at_the_last_step_the_validation_is_left_to_the_resumed_run(self, toy, go, run):
        with pytest.raises(Interrupted):
            go(data=interrupted_at(toy, 15))
        assert len(run.read_jsonl(run.METRICS)) == 2
        assert_same(go(run=None), go(resume=True))

    def test_during_the_last_validation_is_not_swallowed(self, toy, go):
        validate = toy.validation(toy.Data())

        def interrupted(model):
            if train_ended := len(steps) == 2:
                os.kill(os.getpid(), signal.SIGINT)
            steps.append(train_ended)
            return validate(model)

        steps = []
        with pytest.raises(Interrupted):
            go(validate=interrupted)
        assert_same(go(run=None), go(resume=True))

    def test_without_a_folder_says_that_nothing_is_saved(self, toy, go):
        with pytest.raises(Interrupted, match="nothing is saved"):
            go(data=interrupted_at(toy, 3), run=None)

    def test_the_second_stops_at_once_and_the_handler_is_put_back(self):
        before, notices = signal.getsignal(signal.SIGINT), []
        with Interruption(lambda: notices.append(1)) as interruption:
            signal.raise_signal(signal.SIGINT)
            assert interruption.requested
            assert notices == [1]
            with pytest.raises(KeyboardInterrupt):
                signal.raise_signal(signal.SIGINT)
        assert signal.getsignal(signal.SIGINT) is before

    def test_in_another_thread_does_nothing(self, go):
        results = []
        thread = threading.Thread(target=lambda: results.append(go()))
        thread.start()
        thread.join()
        assert results[0][0].steps == 15


class TestResume:
    def test_a_finished_run_changes_nothing(self, go):
        assert_same(go(), go(resume=True))

    def test_more_epochs_go_on(self, go):
        settings = SETTINGS.replace(schedule="constant")
        go(settings)
        assert_same(go(settings.replace(epochs=5), run=None), go(settings.replace(epochs=5), resume=True))

    def test_keeps_the_state_of_patience_and_plateau(self, toy, go):
        losses = {5: 3.0, 10: 2.0}

        def validate_from(step):
            return lambda model: {"loss": losses.get(next(step), 2.5)}

        settings = SETTINGS.replace(epochs=40, patience=6, schedule="plateau", plateau_patience=2)
        whole = go(settings, run=None, validate=validate_from(iter(range(5, 1000, 5))))
        with pytest.raises(Interrupted):
            go(settings, data=interrupted_at(toy, 22), validate=validate_from(iter(range(5, 1000, 5))))
        resumed = go(settings, resume=True, validate=validate_from(iter(range(25, 1000, 5))))
        assert whole[0].ended == "patience"
        assert_same(whole, resumed)

    def test_an_error_in_the_middle_leaves_the_last_state(self, toy, go):
        settings = SETTINGS.replace(checkpoint_seconds=1000)
        with pytest.raises(ZeroDivisionError):
            go(settings, data=interrupted_at(toy, 8, ZeroDivisionError()))
        assert_same(go(settings, run=None), go(settings, resume=True))

    def test_keeps_one_best_and_one_state(self, go, run):
        go()
        assert len(os.listdir(run / "state")) == 2

    def test_after_divergence_the_last_good_state_is_kept(self, toy, go, run):
        data = toy.Data()
        with pytest.raises(TrainingError, match=r"the last good state is kept in .*state"):
            go(data=data, validate=lambda model: {"loss": 1.0 if not (run / run.METRICS).exists() else float("nan")})
        assert files.read_tensors(run / run.CHECKPOINT)[1]["position"]["step"] == 5


class TestRefuses:
    def test_to_begin_where_a_training_is(self, go, stopped):
        before = (stopped / stopped.CHECKPOINT).read_bytes()
        with pytest.raises(RunError, match=r"already holds a training.*\n  remedy: --resume"):
            go()
        assert (stopped / stopped.CHECKPOINT).read_bytes() == before

    def test_to_resume_what_is_not_there(self, go):
        with pytest.raises(RunError, match=r"checkpoint\.safetensors is missing.*\n  remedy: train without --resume"):
            go(resume=True)
        with pytest.raises(RunError, match="no run's folder"):
            go(run=None, resume=True)

    def test_other_settings(self, go, stopped):
        with pytest.raises(RunError, match=r"batch_size \(was 8, now 9\), seed \(was 0, now 1\)"):
            go(SETTINGS.replace(seed=1, batch_size=9), resume=True)

    def test_other_data(self, go, toy, stopped):
        with pytest.raises(RunError, match=r"rows of training data \(was 40, now 41\)"):
            go(data=toy.Data(n_rows=41), resume=True)

    def test_another_model(self, go, toy, stopped):
        with pytest.raises(RunError, match=r"another model: .* layers\.0\.bias has shape \(8,\) there and \(9,\) here"):
            go(model=toy.Model(width=9), resume=True)

    @pytest.mark.parametrize("kept", [0, 100, -1])
    def test_a_truncated_state(self, go, stopped, kept):
        path = stopped / stopped.CHECKPOINT
        path.write_bytes(path.read_bytes()[:kept])
        with pytest.raises(RunError, match=r"checkpoint\.safetensors is truncated"):
            go(resume=True)

    def test_a_foreign_state(self, go, stopped):
        files.write_tensors(stopped / stopped.CHECKPOINT, {"weight": np.ones(2)})
        with pytest.raises(RunError, match="not a checkpoint of grae"):
            go(resume=True)

    @pytest.mark.parametrize(
        ("key", "value", "message"),
        [("version", 99, "version 99"), ("position", {"step": 1}, "no position"), ("settings", None, "no settings")],
    )
    def test_a_state_with_a_foreign_header(self, go, stopped, key, value, message):
        arrays, about = files.read_tensors(stopped / stopped.CHECKPOINT)
        files.write_tensors(stopped / stopped.CHECKPOINT, arrays, {**about, key: value})
        with pytest.raises(RunError, match=message):
            go(resume=True)

    @pytest.mark.parametrize(
        ("name", "array"),
        [
            ("optimizer/0/exp_avg", np.ones((3, 3), np.float32)),
            ("optimizer/x/exp_avg", np.ones(3)),
            ("optimizer/0/momentum", np.ones(3)),
            ("module/x", np.ones(3)),
        ],
    )
    def test_a_state_with_foreign_tensors(self, go, stopped, name, array):
        arrays, about = files.read_tensors(stopped / stopped.CHECKPOINT)
        files.write_tensors(stopped / stopped.CHECKPOINT, {**arrays, name: array}, about)
        with pytest.raises(RunError, match=r"another model|unknown tensor"):
            go(resume=True)

    @pytest.mark.parametrize("name", ["step", "exp_avg", "exp_avg_sq"])
    def test_a_state_without_a_tensor_of_the_optimizer(self, go, stopped, name):
        arrays, about = files.read_tensors(stopped / stopped.CHECKPOINT)
        del arrays[f"optimizer/0/{name}"]
        files.write_tensors(stopped / stopped.CHECKPOINT, arrays, about)
        with pytest.raises(RunError, match="another model's optimizer state"):
            go(resume=True)

    def test_missing_or_exchanged_best_weights(self, go, stopped):
        (best,) = (stopped / "state").glob("best-*")
        arrays, _ = files.read_tensors(best)
        files.write_tensors(best, arrays, {"step": 999})
        with pytest.raises(RunError, match="not the file that was saved"):
            go(resume=True)
        best.unlink()
        with pytest.raises(RunError, match=rf"{best.name} could not be read"):
            go(resume=True)

    def test_metrics_that_lost_lines(self, go, stopped):
        (stopped / stopped.METRICS).write_text("")
        with pytest.raises(RunError, match=r"metrics\.jsonl is truncated"):
            go(resume=True)


class TestFullDisk:
    @pytest.mark.parametrize("at", [0, 1, 2, 3])
    def test_stops_with_what_was_saved_untouched(self, go, run, monkeypatch, at):
        """The first write is the state at step 0, the next the best weights, then the state again, ..."""
        write, written = Path.write_bytes, []

        def full(path: Path, content: bytes) -> int:
            if len(written) == at:
                write(path, content[: len(content) // 2])
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            written.append(path)
            return write(path, content)

        monkeypatch.setattr(Path, "write_bytes", full)
        with pytest.raises(
            RunError, match=r"safetensors could not be written: No space left on device\n  remedy: free"
        ):
            go()
        monkeypatch.undo()
        assert not list(run.path.rglob("*.part"))
        assert_same(go(run=None), go(resume=run.has(run.CHECKPOINT)))


def test_time_between_checkpoints_grows_with_what_they_cost(toy, go, monkeypatch):
    """Saving takes a tenth of a step's time, five times what is allowed: every fifth step or so saves."""
    clock = [0.0]
    saved = []
    monkeypatch.setattr(training, "time", type("Clock", (), {"monotonic": staticmethod(lambda: clock[0])}))

    def save(*_):
        clock[0] += 0.1
        saved.append(_[1].step)

    monkeypatch.setattr(training.checkpoint, "save_checkpoint", save)
    data = toy.Data(n_rows=400)
    collate = data.collate

    def slow(rows):
        clock[0] += 1.0
        return collate(rows)

    data.collate = slow
    go(SETTINGS.replace(epochs=1, checkpoint_seconds=0.0), data=data)
    assert saved[0] == 0
    assert saved[-1] == 50
    assert set(np.diff(saved[:-1])) == {5, 6}


class TestRunFolder:
    def test_reads_what_it_wrote(self, run):
        run.write_json(run.CONFIG, {"a": 1})
        run.write_text(run.GRAMMAR, "S -> 'a'\n")
        run.write_tensors(run.MODEL, {"w": np.ones(2)}, {"b": 2})
        run.append_jsonl("lines.jsonl", {"c": 3})
        assert run.has(run.CONFIG)
        assert not run.has(run.DENSITY)
        assert run.read_json(run.CONFIG) == {"a": 1}
        assert run.read_text(run.GRAMMAR) == "S -> 'a'\n"
        assert run.read_tensors(run.MODEL)[1] == {"b": 2}
        assert run.read_jsonl("lines.jsonl") == [{"c": 3}]

    def test_errors_name_the_file_and_a_remedy(self, run):
        with pytest.raises(RunError, match=r"run/config\.json could not be read.*\n  remedy: give the folder of a run"):
            run.read_json(run.CONFIG)
