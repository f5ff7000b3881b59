"""The loop: what it promises about seeds, time, precision, validation, and values that are not finite."""

import math
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState, GradientState, PartialState
from torch import nn

from grae.errors import DataError, SettingsError, TrainingError
from grae.training import device as device_module
from grae.training import training
from grae.training.batches import prefetch, shuffled_batches
from grae.training.device import BF16_INSTRUCTIONS, use_bf16
from grae.training.loop import train
from grae.training.settings import TrainingSettings
from grae.training.terms import Terms

SETTINGS = TrainingSettings(epochs=3, batch_size=8, learning_rate=1e-2, precision="fp32", device="cpu")


def weights(module: nn.Module) -> dict[str, np.ndarray]:
    return {name: tensor.numpy().copy() for name, tensor in module.state_dict().items()}


def same(first: nn.Module, second: nn.Module) -> bool:
    ours, theirs = weights(first), weights(second)
    return all(ours[name].tobytes() == theirs[name].tobytes() for name in ours)


def scripted(*losses: float):
    """A validation that gives these losses one after another, the last one ever after."""
    left = list(losses)
    return lambda model: {"loss": left.pop(0) if len(left) > 1 else left[0]}


@pytest.fixture
def clock(monkeypatch):
    """The loop's clock, moved by hand."""
    clock = SimpleNamespace(now=100.0, monotonic=lambda: clock.now)
    monkeypatch.setattr(training, "time", clock)
    return clock


class TestTrain:
    def test_the_loss_falls_and_the_best_weights_remain(self, toy):
        data, model = toy.Data(), toy.Model(dropout=0.0)
        validate = toy.validation(data)
        before = validate(model.eval())["loss"]
        result = train(model, data, SETTINGS.replace(epochs=20), validate=validate)
        assert (result.ended, result.steps, result.epochs) == ("epochs", 100, 20.0)
        assert not model.training
        with torch.no_grad():
            assert validate(model)["loss"] == pytest.approx(result.best["loss"], rel=1e-6)
        assert result.best["loss"] < 0.8 * before
        assert result.best["loss"] == min(record["validation"]["loss"] for record in result.metrics)

    def test_a_record_tells_what_happened(self, toy):
        data = toy.Data()
        result = train(toy.Model(), data, SETTINGS, validate=toy.validation(data))
        assert [record["step"] for record in result.metrics] == [5, 10, 15]
        assert [record["epoch"] for record in result.metrics] == [1, 2, 3]
        record = result.metrics[0]
        assert record["train"].keys() == {"loss", "reconstruction", "size", "gradient_norm"}
        assert record["validation"].keys() == {"loss", "exact"}
        assert record["rows_per_second"] > 0
        assert record["train"]["loss"] == pytest.approx(
            record["train"]["reconstruction"] + 1e-3 * record["train"]["size"], rel=1e-5
        )

    def test_same_seed_same_weights_and_another_seed_others(self, toy):
        first, second, third = toy.Model(), toy.Model(), toy.Model()
        data = toy.Data()
        for model, settings in ((first, SETTINGS), (second, SETTINGS), (third, SETTINGS.replace(seed=1))):
            torch.rand(3)  # what was drawn before must not matter
            train(model, data, settings, validate=toy.validation(data))
        assert same(first, second)
        assert not same(first, third)

    def test_validation_draws_the_same_numbers_and_none_of_the_trainings(self, toy):
        data, first, second = toy.Data(), toy.Model(), toy.Model()
        result = train(first, data, SETTINGS, validate=toy.validation(data))
        assert len({record["validation"]["exact"] for record in result.metrics}) == 1
        result_of_other = train(second, data, SETTINGS, validate=scripted(3.0, 2.0, 1.0))
        assert result.best_step == result_of_other.best_step
        assert same(first, second)

    def test_leaves_the_callers_generator_and_accelerate_alone(self, toy):
        data = toy.Data()
        accelerator = Accelerator(cpu=True, mixed_precision="bf16")
        kept = [dict(kind._shared_state) for kind in (PartialState, AcceleratorState, GradientState)]
        before = torch.get_rng_state()
        for precision in ("fp32", "bf16", "fp32"):
            model = toy.Model()
            train(model, data, SETTINGS.replace(precision=precision), validate=toy.validation(data))
            assert vars(model).keys() == vars(toy.Model()).keys()
        assert torch.equal(torch.get_rng_state(), before)
        assert [dict(kind._shared_state) for kind in (PartialState, AcceleratorState, GradientState)] == kept
        assert accelerator.mixed_precision == "bf16"

    def test_clips_the_gradient(self, toy):
        data, model = toy.Data(), toy.Model()
        norms = []

        def validate(module: nn.Module) -> dict[str, float]:
            norms.append(torch.cat([p.grad.flatten() for p in module.parameters() if p.grad is not None]).norm().item())
            return {"loss": 1.0}

        settings = SETTINGS.replace(clip_norm=1e-3, epochs=2)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(torch.optim.AdamW, "zero_grad", lambda self, set_to_none=True: None)
            result = train(model, data, settings, validate=validate)
        assert max(norms) <= 1e-3 * (1 + 1e-4)
        assert result.metrics[0]["train"]["gradient_norm"] > 1e-3

    def test_rejects_no_rows_and_a_device_that_is_not_here(self, toy, monkeypatch):
        data = toy.Data()
        monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
        with pytest.raises(SettingsError, match="'cuda'"):
            train(toy.Model(), data, SETTINGS.replace(device="cuda"), validate=toy.validation(data))
        data.n_rows = 0
        with pytest.raises(DataError, match="no rows"):
            train(toy.Model(), data, SETTINGS, validate=toy.validation(data))

    def test_a_batch_may_be_a_dictionary(self, toy):
        data = toy.Data()
        collate, model = data.collate, toy.Model()
        data.collate = lambda rows: {"x": collate(rows)}
        forward = model.forward
        model.forward = lambda batch: forward(batch["x"])
        assert train(model, data, SETTINGS, validate=scripted(1.0)).steps == 15


class TestWhenItEnds:
    def test_patience(self, toy):
        settings = SETTINGS.replace(epochs=50, patience=2)
        result = train(toy.Model(), toy.Data(), settings, validate=scripted(3, 2, 2.5, 1, 1.5, 1.2, 0.5))
        assert (result.ended, result.steps, result.best_step) == ("patience", 30, 20)

    def test_a_time_budget_includes_the_validations(self, toy, clock):
        data, collate = toy.Data(), toy.Data().collate

        def slow(rows):
            clock.now += 1
            return collate(rows)

        def validate(model):
            clock.now += 7
            return {"loss": 1.0}

        data.collate = slow
        settings = SETTINGS.replace(epochs=None, time_budget=2.0, validate_every_epochs=4)
        result = train(toy.Model(), data, settings, validate=validate)
        assert result.ended == "time budget"
        assert 118 <= result.seconds <= 120
        rates = [record["learning_rate"] for record in result.metrics]
        assert rates == sorted(rates, reverse=True)
        assert rates[-1] < 1e-4
        assert result.metrics[0]["rows_per_second"] == 8.0

    def test_validates_by_time_too(self, toy, clock):
        data, collate = toy.Data(), toy.Data().collate

        def slow(rows):
            clock.now += 1
            return collate(rows)

        data.collate = slow
        settings = SETTINGS.replace(epochs=2, validate_every_epochs=None, validate_every_seconds=3.0)
        result = train(toy.Model(), data, settings, validate=scripted(1.0))
        assert [record["step"] for record in result.metrics] == [3, 6, 9, 10]

    def test_validates_at_the_end_in_any_case(self, toy):
        result = train(toy.Model(), toy.Data(), SETTINGS.replace(validate_every_epochs=None), validate=scripted(1.0))
        assert [record["step"] for record in result.metrics] == [15]

    def test_whichever_comes_first(self, toy):
        result = train(toy.Model(), toy.Data(), SETTINGS.replace(time_budget=1e6), validate=scripted(1.0))
        assert result.ended == "epochs"


def test_plateau_lowers_the_learning_rate(toy):
    settings = SETTINGS.replace(epochs=8, schedule="plateau", plateau_patience=2, learning_rate_floor=3e-3)
    result = train(toy.Model(), toy.Data(), settings, validate=scripted(3, 2, 2, 2, 2, 1, 1, 1))
    assert [record["learning_rate"] for record in result.metrics] == pytest.approx(
        [1e-2, 1e-2, 1e-2, 5e-3, 5e-3, 5e-3, 5e-3, 3e-3]
    )


def test_the_plateau_counts_no_improvement_below_its_threshold(toy):
    settings = SETTINGS.replace(epochs=6, schedule="plateau", plateau_patience=2, plateau_threshold=0.1)
    result = train(toy.Model(), toy.Data(), settings, validate=scripted(3, 2.95, 2.8, 2.75, 2.72, 2.6))
    assert [record["learning_rate"] for record in result.metrics] == pytest.approx([1e-2] * 4 + [5e-3] * 2)
    assert all(record["best"] for record in result.metrics)


class TestPrecision:
    @pytest.mark.parametrize(("precision", "inside"), [("fp32", False), ("bf16", True)])
    def test_the_forward_pass_is_autocast_and_the_weights_stay(self, toy, precision, inside):
        seen = set()

        class Model(toy.Model):
            def forward(self, x):
                seen.add(torch.is_autocast_enabled("cpu"))
                return super().forward(x)

        data, model = toy.Data(), Model()
        train(model, data, SETTINGS.replace(precision=precision), validate=toy.validation(data))
        assert seen == {inside}
        assert {p.dtype for p in model.parameters()} == {torch.float32}

    def test_auto_asks_the_processor(self, monkeypatch):
        cpu = torch.device("cpu")
        faster = {torch.bfloat16: 1.0, torch.float32: 2.0}
        monkeypatch.setattr(device_module, "_seconds_of_product", faster.get)
        for name in BF16_INSTRUCTIONS:
            device_module._faster_in_bf16.cache_clear()
            monkeypatch.setattr(torch.cpu, "get_capabilities", lambda name=name: {name: True}, raising=False)
            assert use_bf16("auto", cpu)
        device_module._faster_in_bf16.cache_clear()
        monkeypatch.setattr(device_module, "_seconds_of_product", {torch.bfloat16: 1.9, torch.float32: 2.0}.get)
        assert not use_bf16("auto", cpu)  # it has the instructions, and wins nothing by them
        device_module._faster_in_bf16.cache_clear()
        monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx2": True}, raising=False)
        assert not use_bf16("auto", cpu)
        assert use_bf16("bf16", cpu)
        monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: (7, 5))
        assert not use_bf16("auto", torch.device("cuda"))
        monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: (9, 0))
        assert use_bf16("auto", torch.device("cuda"))
        assert not use_bf16("fp32", torch.device("cuda"))


class TestNotFinite:
    def broken(self, toy, at: int, value: float):
        """Data whose batch at a step (from 1) holds the value."""
        data, count = toy.Data(), 0
        collate = data.collate

        def spoiled(rows):
            nonlocal count
            count += 1
            x = collate(rows)
            return torch.full_like(x, value) if count == at else x

        data.collate = spoiled
        return data

    @pytest.mark.parametrize("value", [math.nan, math.inf])
    def test_a_loss_names_step_terms_and_remedy_and_the_best_weights_remain(self, toy, value):
        good, model = toy.Model(), toy.Model()
        validate = scripted(1.0)
        train(good, toy.Data(), SETTINGS.replace(epochs=2, schedule="constant"), validate=scripted(2.0, 1.0))
        with pytest.raises(TrainingError, match=r"diverged at step 12: loss nan, .*\n  remedy: lower learning_rate"):
            train(
                model, self.broken(toy, 12, value), SETTINGS.replace(schedule="constant"), validate=scripted(2.0, 1.0)
            )
        assert same(good, model)
        assert validate(model)

    def test_a_gradient_is_found_before_it_spoils_the_weights(self, toy):
        class Model(toy.Model):
            def forward(self, x):
                losses = super().forward(x)
                return {**losses, "loss": losses["loss"] + (0 * self.layers[0].weight.sum()).sqrt()}

        model = Model()
        before = weights(model)
        with pytest.raises(TrainingError, match=r"step 1: .*gradient_norm nan"):
            train(model, toy.Data(), SETTINGS, validate=scripted(1.0))
        np.testing.assert_array_equal(weights(model)["layers.0.weight"], before["layers.0.weight"])

    def test_a_validation_loss(self, toy):
        with pytest.raises(TrainingError, match="validation at step 5 gives loss nan"):
            train(toy.Model(), toy.Data(), SETTINGS, validate=scripted(math.nan))

    def test_another_validation_value_is_written_as_none(self, toy):
        result = train(toy.Model(), toy.Data(), SETTINGS, validate=lambda model: {"loss": 1.0, "exact": math.nan})
        assert result.metrics[0]["validation"] == {"loss": 1.0, "exact": None}

    def test_a_gpus_late_look_names_the_step_all_the_same(self, toy, monkeypatch):
        monkeypatch.setattr(training, "Terms", lambda every, mean, remedy: Terms(16, mean, remedy))
        with pytest.raises(TrainingError, match="diverged at step 2:"):
            train(toy.Model(), self.broken(toy, 2, math.nan), SETTINGS.replace(epochs=9), validate=scripted(1.0))


class TestBatches:
    @pytest.mark.parametrize(("n_rows", "batch_size"), [(1, 8), (8, 8), (9, 8), (100, 7)])
    def test_each_row_once_in_batches_of_nearly_one_size(self, n_rows, batch_size):
        batches = shuffled_batches(n_rows, batch_size, seed=1, epoch=2)
        assert sorted(np.concatenate(batches)) == list(range(n_rows))
        sizes = {len(batch) for batch in batches}
        assert max(sizes) <= batch_size
        assert max(sizes) - min(sizes) <= 1

    def test_an_epochs_order_follows_seed_and_epoch(self):
        orders = [
            np.concatenate(shuffled_batches(50, 8, seed=seed, epoch=epoch)).tolist()
            for seed, epoch in ((0, 0), (0, 0), (0, 1), (1, 0))
        ]
        assert orders[0] == orders[1]
        assert orders[0] != orders[2] != orders[3] != orders[0]

    @pytest.mark.parametrize("depth", [0, 1, 3])
    def test_prepared_ahead_is_the_same(self, depth):
        assert list(prefetch(lambda i: i * i, range(2, 7), depth)) == [4, 9, 16, 25, 36]

    def test_an_error_ahead_arrives(self):
        with pytest.raises(ZeroDivisionError):
            list(prefetch(lambda i: 1 / (3 - i), range(5), 2))
