"""Fine-tuning: what is kept, what is learned, what is not forgotten, and a training that goes on where it was cut."""

import copy
import json
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.exceptions import NotFittedError

import grae
from grae.errors import ParseError, RunError, SettingsError
from grae.grammar import Grammar
from grae.grammar.codec import Derivations
from grae.grammar.counting import sample_uniform
from grae.sequence import GrammarAutoencoder, finetuning, fitting
from grae.sequence.replay import MixedBatches, Replay
from grae.training.run_folder import RunFolder

LISTS = Grammar.from_text(
    """
    list -> '[' ']' | '[' items ']'
    items -> item | item ',' items
    item -> list | 'a' | 'b' | 'c'
    """,
    "lists",
)
TEXTS = [LISTS.unparse(ids) for ids in sample_uniform(LISTS, 400, 12, 0)]
NEW = [f"[{','.join(letters)}]" for n in (3, 4, 5) for letters in product("bc", repeat=n)]


def new(**changes):
    return GrammarAutoencoder(LISTS, **{"preset": "quick", "device": "cpu", **changes})


@pytest.fixture(scope="module")
def base() -> Any:
    return new(epochs=8, latent_dim=8, motifs=5, learning_rate=3e-3, batch_size=32).fit(TEXTS)


def test_grammar_motifs_and_settings_are_kept_and_the_new_strings_learned(base):
    before = {name: tensor.clone() for name, tensor in base.network_.state_dict().items()}
    tuned: Any = new(test=0.2, epochs=25, learning_rate=3e-3).fit(NEW, warm_start=base)
    assert tuned.grammar_ == base.grammar_
    assert tuned.settings_.architecture == base.settings_.architecture
    assert tuned.settings_.weights == base.settings_.weights
    assert tuned.network_.state_dict().keys() == before.keys()
    for name, tensor in base.network_.state_dict().items():
        assert (tensor == before[name]).all(), name  # the model that is trained on stays as it is
    found = tuned.finetuning_
    assert found["exact_after"]["new"] > found["exact_before"]["new"]
    assert found["held_out"] == {"new": len(tuned.split_.test), "replayed": found["held_out"]["replayed"]}
    held_out = [NEW[row] for row in tuned.split_.test]
    assert tuned.score(held_out) == pytest.approx(found["exact_after"]["new"])
    assert base.score(held_out) == pytest.approx(found["exact_before"]["new"])


def test_replayed_samples_guard_against_forgetting(base):
    settings = {"epochs": 25, "learning_rate": 3e-3}
    kept: Any = new(**settings).fit(NEW, warm_start=base, replay=0.5)
    lost: Any = new(**settings).fit(NEW, warm_start=base, replay=0.0)
    assert kept.finetuning_["exact_before"]["replayed"] == lost.finetuning_["exact_before"]["replayed"]
    assert kept.finetuning_["exact_after"]["replayed"] > lost.finetuning_["exact_after"]["replayed"]


def test_a_run_or_its_name_is_a_start_and_the_new_run_is_like_any_other(base, tmp_path: Path):
    base.save(tmp_path / "base")
    tuned: Any = new(epochs=2).fit(NEW, warm_start=tmp_path / "base", run=tmp_path / "tuned")
    loaded = grae.load(tmp_path / "tuned", device="cpu")
    assert loaded.sample(20, seed=1) == tuned.sample(20, seed=1)
    config = json.loads((tmp_path / "tuned" / "config.json").read_text())
    assert config["data"]["from"] == str(tmp_path / "base")
    assert RunFolder(tmp_path / "tuned").read_json(finetuning.REPORT) == json.loads(json.dumps(tuned.finetuning_))
    again: Any = new(epochs=1).fit(NEW[:20], warm_start=tmp_path / "tuned")
    assert again.grammar_ == base.grammar_


def test_a_fine_tuning_that_was_cut_off_ends_alike(base, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    unbroken: Any = new(epochs=4).fit(NEW, warm_start=base)

    class Cut(Exception):
        pass

    def cut(*arguments: Any, **named: Any) -> None:
        raise Cut

    with monkeypatch.context() as patch:
        patch.setattr(fitting, "_fit_densities", cut)
        with pytest.raises(Cut):
            new(epochs=2).fit(NEW, warm_start=base, run=tmp_path)
    resumed: Any = new(epochs=4).fit(NEW, run=tmp_path, resume=True)
    assert resumed.result_.epochs == 4
    assert resumed.finetuning_["exact_before"] == unbroken.finetuning_["exact_before"]
    assert resumed.finetuning_["from"] is None
    with pytest.raises(RunError, match="other data"):
        new(epochs=5).fit(NEW[1:], run=tmp_path, resume=True)


def test_a_model_is_fine_tuned_in_place(base):
    tuned: Any = new(epochs=1).fit(NEW, warm_start=base)
    model = copy.deepcopy(base).set_params(**new(epochs=1).get_params())
    model.fit(NEW, warm_start=model)
    assert model.finetuning_ == tuned.finetuning_
    assert model.sample(20, seed=1) == tuned.sample(20, seed=1)
    with pytest.raises(NotFittedError):
        new().fit(NEW, warm_start=new())


def test_what_contradicts_the_model_is_refused(base, tmp_path: Path):
    for changes, message in (
        ({"model": "gvae"}, "model='gvae'.*keeps the model's own, 'grae'"),
        ({"latent_dim": 4}, "latent_dim=4.*keeps the model's own, 8"),
        ({"motifs": 3}, "motifs=3"),
        ({"architecture": {"hidden": 9}}, "architecture"),
    ):
        with pytest.raises(SettingsError, match=message):
            new(**changes).fit(NEW, warm_start=base)
    with pytest.raises(SettingsError, match="of grammar 'lists', not 'arithmetic'"):
        GrammarAutoencoder("arithmetic", preset="quick").fit(["1"], warm_start=base)
    with pytest.raises(SettingsError, match=r"a share of 1\.0"):
        new().fit(NEW, warm_start=base, replay=1.0)
    with pytest.raises(SettingsError, match="warm_start is of type int"):
        new().fit(NEW, warm_start=3)  # pyright: ignore[reportArgumentType]
    with pytest.raises(RunError, match="there is no folder nowhere"):
        new().fit(NEW, warm_start="nowhere")
    with pytest.raises(ParseError):
        new().fit(["[a;b]"], warm_start=base)


@pytest.mark.parametrize("n", [1, 2, 50])
def test_few_strings_are_enough(base, n: int):
    tuned: Any = new(epochs=1).fit(NEW[:n], warm_start=base)
    assert len(tuned.sample(5)) == 5


@given(st.integers(1, 60), st.integers(0, 60), st.floats(0, 0.9), st.integers(2, 40), st.integers(0, 3))
def test_mixed_batches_hold_each_new_row_once_and_the_share(n_new, n_old, share, size, epoch):
    derivations = Derivations.concatenate(
        [Derivations.from_list([[0] * 3] * n, np.uint8) for n in (n_new, n_old)], np.uint8
    )
    old = np.arange(n_new, n_new + n_old)
    made = MixedBatches(derivations, np.arange(n_new), old, share=share, pad=9, batch_size=size, seed=0, by_length=True)
    batches = made.batches(epoch)
    assert sorted(row for rows in batches for row in rows if row < n_new) == list(range(n_new))
    for rows, again in zip(batches, made.batches(epoch), strict=True):
        np.testing.assert_array_equal(rows, again)
        n = int((rows < n_new).sum())
        assert len(rows) - n == (round(share / (1 - share) * n) if n_old else 0)
        assert made.collate(rows)["ids"].shape == (len(rows), 3)


def test_a_damaged_file_of_replayed_samples_is_said(base, tmp_path: Path):
    folder = RunFolder(tmp_path)
    replay = Replay.drawn(base, 10, 0.5, seed=0)
    replay.write(folder)
    read = Replay.read(folder)
    np.testing.assert_array_equal(read.derivations.ids, replay.derivations.ids)
    assert (read.share, read.before) == (0.5, {})
    folder.write_tensors(Replay.FILE, {"ids": replay.derivations.ids})
    with pytest.raises(RunError, match="does not hold replayed samples"):
        Replay.read(folder)
