import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from grae.errors import SettingsError
from grae.training.schedule import learning_rate
from grae.training.settings import FREE_ON_RESUME, TrainingSettings


class TestSettings:
    def test_something_must_end_the_training(self):
        with pytest.raises(SettingsError, match="give epochs, time_budget"):
            TrainingSettings()

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("epochs", 0),
            ("time_budget", -1.0),
            ("batch_size", 0),
            ("learning_rate", float("nan")),
            ("learning_rate", float("inf")),
            ("schedule", "sawtooth"),
            ("warmup", 1.0),
            ("precision", "fp8"),
            ("device", "tpu"),
            ("seed", -1),
        ],
    )
    def test_names_what_is_out_of_range(self, name, value):
        with pytest.raises(SettingsError, match=f"'{name}'"):
            TrainingSettings(**{"epochs": 1, name: value})

    def test_names_what_it_does_not_know(self):
        with pytest.raises(SettingsError, match="unknown training setting 'epoch'"):
            TrainingSettings(epoch=3, epochs=3)

    def test_is_frozen(self):
        settings = TrainingSettings(epochs=1)
        with pytest.raises(ValidationError, match="frozen"):
            settings.epochs = 2  # pyright: ignore[reportAttributeAccessIssue]

    def test_replace_checks_again(self):
        settings = TrainingSettings(epochs=1, seed=3)
        assert settings.replace(epochs=2) == TrainingSettings(epochs=2, seed=3)
        with pytest.raises(SettingsError):
            settings.replace(batch_size=0)

    def test_reads_back_its_own_json(self):
        settings = TrainingSettings(time_budget=1.5, schedule="plateau", clip_norm=None)
        assert TrainingSettings.model_validate_json(settings.model_dump_json()) == settings

    def test_what_may_change_in_a_resumed_run_are_settings(self):
        assert set(TrainingSettings.model_fields) > FREE_ON_RESUME


class TestSchedule:
    def rate(self, done: float, **settings) -> float:
        return learning_rate(TrainingSettings(epochs=1, learning_rate=2.0, **settings), done)

    def test_constant(self):
        assert [self.rate(x, schedule="constant") for x in (0, 0.5, 1)] == [2, 2, 2]

    def test_cosine(self):
        assert [self.rate(x) for x in (0, 0.5, 1)] == pytest.approx([2, 1, 0])

    def test_warmup_comes_first(self):
        rates = [self.rate(x, schedule="cosine", warmup=0.2) for x in (0.05, 0.1, 0.2, 0.6, 1)]
        assert rates == pytest.approx([0.5, 1, 2, 1, 0])
        assert self.rate(0, warmup=0.2) > 0

    def test_one_cycle(self):
        rates = [self.rate(x, schedule="one-cycle") for x in (0, 0.3, 0.65, 1)]
        assert rates == pytest.approx([2 / 25, 2, 1.0001, 2e-4])

    def test_plateau_stops_at_its_floor(self):
        settings = TrainingSettings(epochs=1, schedule="plateau", learning_rate=1e-3, learning_rate_floor=1e-4)
        rates = [learning_rate(settings, 0.5, scale) for scale in (1, 0.2, 0.04)]
        assert rates == pytest.approx([1e-3, 2e-4, 1e-4])

    @given(st.floats(0, 1), st.sampled_from(["constant", "cosine", "one-cycle", "plateau"]), st.floats(0, 0.9))
    def test_stays_between_nothing_and_its_peak(self, done, schedule, warmup):
        assert 0 <= self.rate(done, schedule=schedule, warmup=warmup) <= 2 * (1 + 1e-12)
