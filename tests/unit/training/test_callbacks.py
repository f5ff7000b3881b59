"""Callbacks of a training: what they hear, that they change nothing, and what becomes of their exceptions."""

from typing import Any

import numpy as np
import pytest
import torch

from grae.callbacks import Callback, End, Start, Step, Stop, Validation
from grae.errors import SettingsError, TrainingError
from grae.training.interruption import Interrupted
from grae.training.loop import train
from grae.training.run_folder import RunFolder
from grae.training.settings import TrainingSettings

SETTINGS = TrainingSettings(epochs=3, batch_size=8, learning_rate=1e-2, precision="fp32", device="cpu")


class Kept(Callback):
    """Keeps all events."""

    def __init__(self) -> None:
        self.events: list[Any] = []

    def on_start(self, start: Start) -> None:
        self.events.append(start)

    def on_step(self, step: Step) -> None:
        self.events.append(step)

    def on_validation(self, validation: Validation) -> None:
        self.events.append(validation)

    def on_end(self, end: End) -> None:
        self.events.append(end)

    def of(self, kind: type) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]


class Failing(Kept):
    """Raises an exception at an event."""

    def __init__(self, error: Exception, event: str, at: int = 1) -> None:
        super().__init__()
        self.error, self.event, self.left = error, event, at

    def __getattribute__(self, name: str) -> Any:
        if name == object.__getattribute__(self, "event"):
            self.left -= 1
            if self.left == 0:
                raise self.error
        return super().__getattribute__(name)


def run(toy, *callbacks: Callback, settings=SETTINGS, **options):
    data, model = toy.Data(), toy.Model()
    result = train(model, data, settings, validate=toy.validation(data), callbacks=callbacks, **options)
    return model, result


def timeless(result) -> list[dict[str, Any]]:
    return [{k: v for k, v in one.items() if k not in ("seconds", "rows_per_second")} for one in result.metrics]


def same(first, second) -> bool:
    theirs = second.state_dict()
    return all(torch.equal(tensor, theirs[name]) for name, tensor in first.state_dict().items())


def test_they_hear_of_every_event_in_order(toy, tmp_path):
    kept = Kept()
    _, result = run(toy, kept, run=RunFolder(tmp_path))
    kinds = [type(event) for event in kept.events]
    assert kinds == [Start, *([Step] * 5 + [Validation]) * 3, End]
    start, end = kept.events[0], kept.events[-1]
    assert (start.kind, start.folder, start.done) == ("training", tmp_path, 0)
    assert start.settings["learning_rate"] == 1e-2
    assert (end.kind, end.reason, end.error) == ("training", "epochs", None)
    steps = kept.of(Step)
    assert [step.step for step in steps] == list(range(1, 16))
    assert [step.done for step in steps] == pytest.approx([n / 15 for n in range(1, 16)])
    assert steps[0].learning_rate == 1e-2
    assert steps[0].terms.keys() == {"loss", "reconstruction", "size", "gradient_norm"}
    for validation, record in zip(kept.of(Validation), result.metrics, strict=True):
        assert {name: getattr(validation, name) for name in record} == record
        of_epoch = [step.terms["loss"] for step in steps if record["step"] - 5 < step.step <= record["step"]]
        assert validation.train["loss"] == pytest.approx(np.mean(of_epoch))


class Meddling(Callback):
    """Draws random numbers and puts the network into evaluation mode, at every event."""

    def __init__(self, model) -> None:
        self.model = model

    def on_start(self, start: Start) -> None:
        torch.manual_seed(99)
        self.model.eval()

    def on_step(self, step: Step) -> None:
        torch.rand(3)
        self.model.eval()
        with torch.no_grad():
            self.model(torch.rand(2, 6))

    def on_validation(self, validation: Validation) -> None:
        self.on_step(None)  # pyright: ignore[reportArgumentType]

    def on_end(self, end: End) -> None:
        torch.manual_seed(99)


def test_they_change_nothing(toy):
    alone, result = run(toy)
    model, data = toy.Model(), toy.Data()
    before = torch.get_rng_state()
    watched = train(model, data, SETTINGS, validate=toy.validation(data), callbacks=[Kept(), Meddling(model)])
    assert torch.equal(torch.get_rng_state(), before)
    assert same(alone, model)
    assert timeless(result) == timeless(watched)


@pytest.mark.parametrize(
    ("event", "at", "step"),
    [("on_start", 1, 0), ("on_step", 1, 1), ("on_step", 7, 7), ("on_validation", 1, 5), ("on_validation", 3, 15)],
)
def test_an_exception_leaves_once_the_state_is_saved_and_the_run_goes_on_as_if_unbroken(toy, tmp_path, event, at, step):
    whole, result = run(toy)
    folder, error, other = RunFolder(tmp_path), ZeroDivisionError("mine"), Kept()
    failing = Failing(error, event, at)
    with pytest.raises(ZeroDivisionError, match="mine") as raised:
        run(toy, failing, other, run=folder)
    assert raised.value is error
    notes = "\n".join(error.__notes__)
    assert "raised by the callback Failing" in notes
    assert f"step {step:,}" in notes
    assert "--resume" in notes
    assert any(entry.name == "__getattribute__" for entry in raised.traceback)  # where it was raised
    assert other.events == [] or other.events[-1] == End("training", "error", error)
    again = Kept()
    resumed, after = run(toy, again, run=folder, resume=True)
    assert again.events[0].done == step
    assert same(whole, resumed)
    assert timeless(after) == timeless(result)


def test_without_a_folder_the_module_keeps_its_best_weights(toy):
    data, model = toy.Data(), toy.Model()
    failing = Failing(ZeroDivisionError(), "on_step", 12)
    with pytest.raises(ZeroDivisionError) as raised:
        train(model, data, SETTINGS, validate=toy.validation(data), callbacks=[failing])
    assert "nothing is saved" in raised.value.__notes__[-1]
    shorter, _ = run(toy, Failing(Stop(), "on_step", 10))
    assert same(model, shorter)
    assert not model.training


@pytest.mark.parametrize(("event", "at", "step"), [("on_step", 7, 7), ("on_validation", 2, 10)])
def test_stop_ends_the_training_with_a_validation(toy, tmp_path, event, at, step):
    kept = Kept()
    _, result = run(toy, Failing(Stop(), event, at), kept, run=RunFolder(tmp_path))
    assert (result.ended, result.steps) == ("callback", step)
    assert result.metrics[-1]["step"] == step
    assert kept.events[-1] == End("training", "callback")
    whole, _ = run(toy)
    resumed, after = run(toy, run=RunFolder(tmp_path), resume=True)
    assert after.ended == "epochs"
    if event == "on_validation":  # at a time at which the whole one validated, too
        assert same(whole, resumed)


def test_on_end_is_called_whatever_ends_it(toy, monkeypatch):
    kept = Kept()
    data = toy.Data()
    with pytest.raises(TrainingError):
        train(toy.Model(), data, SETTINGS, validate=lambda model: {"loss": float("nan")}, callbacks=[kept])
    assert (kept.events[-1].reason, type(kept.events[-1].error)) == ("error", TrainingError)

    class Pressing(Kept):
        def on_step(self, step: Step) -> None:
            import signal

            signal.raise_signal(signal.SIGINT)

    pressing = Pressing()
    with pytest.raises(Interrupted):
        run(toy, pressing)
    assert pressing.events[-1].reason == "interrupted"


def test_an_exception_at_the_end_hides_no_other(toy):
    error = ZeroDivisionError("at the end")
    other = Kept()
    with pytest.raises(ZeroDivisionError) as raised:
        run(toy, Failing(error, "on_end"), other)
    assert raised.value is error
    assert other.events[-1].reason == "epochs"
    with pytest.raises(KeyError) as raised:
        run(toy, Failing(KeyError("first"), "on_step"), Failing(error, "on_end"))
    assert "ZeroDivisionError: at the end" in raised.value.__notes__[-1]


@pytest.mark.parametrize("wrong", [[Kept], [print], Kept()])
def test_what_is_no_callback_is_told_at_once(toy, wrong):
    with pytest.raises(SettingsError, match="callback"):
        train(toy.Model(), toy.Data(), SETTINGS, validate=lambda model: {"loss": 0.0}, callbacks=wrong)
