"""Callbacks that an estimator's `fit` takes."""

from typing import Any

import numpy as np
import pytest

from grae.callbacks import Callback, Start, Stop, Validation
from grae.errors import SettingsError
from grae.grammar import Grammar
from grae.grammar.counting import sample_uniform
from grae.sequence import GrammarAutoencoder

LISTS = Grammar.from_text(
    "list -> '[' ']' | '[' items ']'\nitems -> item | item ',' items\nitem -> list | 'a'", "lists"
)
TEXTS = [LISTS.unparse(ids) for ids in sample_uniform(LISTS, 200, 14, 0)]
SETTINGS: dict[str, Any] = {"preset": "quick", "epochs": 3, "latent_dim": 4, "motifs": 0, "batch_size": 32}


class Using(Callback):
    """Uses the model while it is trained."""

    def __init__(self, model: GrammarAutoencoder) -> None:
        self.model = model
        self.back: list[list[str]] = []
        self.start: Start | None = None

    def on_start(self, start: Start) -> None:
        self.start = start

    def on_validation(self, validation: Validation) -> None:
        self.back.append(self.model.reconstruct(TEXTS[:5]))


class StoppingAtOnce(Callback):
    def on_validation(self, validation: Validation) -> None:
        raise Stop


def test_a_callback_may_use_the_model_and_changes_nothing(tmp_path):
    alone, model = (GrammarAutoencoder(LISTS, **SETTINGS, device="cpu") for _ in range(2))
    alone.fit(TEXTS)
    using = Using(model)
    model.fit(TEXTS, run=tmp_path, callbacks=[using])
    assert len(using.back) == 3
    assert using.start is not None
    assert using.start.settings["architecture"]["latent_dim"] == 4
    assert using.start.settings["data"]["rows"] == 200
    assert np.array_equal(alone.transform(TEXTS), model.transform(TEXTS))
    first, second = (
        [(record["train"], record["validation"]) for record in one.result_.metrics]  # pyright: ignore[reportOptionalMemberAccess]
        for one in (alone, model)
    )
    assert first == second


def test_a_training_that_a_callback_stops_is_a_whole_model():
    model = GrammarAutoencoder(LISTS, **SETTINGS, device="cpu").fit(TEXTS, callbacks=[StoppingAtOnce()])
    assert model.result_ is not None
    assert (model.result_.ended, model.result_.epochs) == ("callback", 1.0)
    assert len(model.sample(3)) == 3
    with pytest.raises(SettingsError, match="single callback"):
        model.fit(TEXTS, callbacks=StoppingAtOnce())  # pyright: ignore[reportArgumentType]
