"""The files of a run with values of other types than a run writes: an error that names the place, never another."""

import json
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from grae import files
from grae.datasets.split import Split
from grae.errors import DataError, RunError
from grae.estimator.configuration import checked_parameters
from grae.estimator.objective import BottleneckSettings
from grae.sequence.architecture import RecurrentArchitecture
from grae.sequence.configuration import STRINGS, read_config
from grae.sequence.estimator import GrammarAutoencoder
from grae.training.metrics import read_metrics
from grae.training.run_folder import RunFolder

PARAMETERS = {
    name: value for name, value in GrammarAutoencoder().get_params().items() if name not in ("grammar", "progress")
}
CONFIG = {
    "format": STRINGS.format,
    "grammar": {"name": "lists", "fingerprint": "00"},
    "language": {"name": "lists", "fingerprint": "00"},
    "settings": {},
    "parameters": PARAMETERS,
    "data": {"rows": 3, "sha256": "00", "data": "lists.txt", "column": None, "mine": [1]},
}
RECORD = {
    "step": 1,
    "epoch": 0.5,
    "seconds": 1,
    "rows_per_second": 10.0,
    "learning_rate": 1e-3,
    "train": {"loss": 1.0},
    "validation": {"loss": None},
    "best": True,
}


def folder_with(path: Path, config: object) -> RunFolder:
    folder = RunFolder(path)
    (path / folder.CONFIG).write_text(config if isinstance(config, str) else json.dumps(config))
    return folder


def test_what_a_run_writes_is_read(tmp_path):
    folder = folder_with(tmp_path, CONFIG)
    assert read_config(folder) == CONFIG
    assert checked_parameters(STRINGS, folder, CONFIG, GrammarAutoencoder) == PARAMETERS


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"grammar": "lists"}, "grammar"),
        ({"grammar": {"name": "lists"}}, "grammar.fingerprint"),
        ({"language": {"name": 1, "fingerprint": "00"}}, "language.name"),
        ({"parameters": []}, "parameters"),
        ({"settings": None}, "settings"),
        ({"data": "lists.txt"}, "data"),
        ({"data": {"store": 5}}, "data.store"),
        ({"data": {"max_length": "x"}}, "data.max_length"),
    ],
)
def test_another_type_is_named(tmp_path, changes, place):
    with pytest.raises(RunError, match=rf"config\.json: {place}"):
        read_config(folder_with(tmp_path, {**CONFIG, **changes}))


@pytest.mark.parametrize("name_and_value", [("latent_dim", "56"), ("epochs", 1.5), ("device", "tpu"), ("nothing", 1)])
def test_a_parameter_of_another_type_is_named(tmp_path, name_and_value):
    name, value = name_and_value
    config = {**CONFIG, "parameters": {**PARAMETERS, name: value}}
    with pytest.raises(RunError, match=rf"parameters\.{name}"):
        checked_parameters(STRINGS, folder_with(tmp_path, config), config, GrammarAutoencoder)


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 100_000, "[1", "", "9" * 10_000])
def test_json_that_python_cannot_read(tmp_path, text):
    with pytest.raises(RunError, match=r"config\.json"):
        read_config(folder_with(tmp_path, text))
    (tmp_path / "lines.jsonl").write_text(text + "\n")
    with pytest.raises(RunError, match="line 1 is not JSON"):
        files.read_jsonl(tmp_path / "lines.jsonl")


@pytest.mark.parametrize(
    "record",
    [{**RECORD, "epoch": "x"}, {**RECORD, "validation": 1}, {**RECORD, "train": {"loss": []}}, {}, [], 5, None],
)
def test_metrics_of_other_types(tmp_path, record):
    folder = RunFolder(tmp_path)
    (tmp_path / folder.METRICS).write_text(f"{json.dumps(RECORD)}\n{json.dumps(record)}\n")
    with pytest.raises(RunError, match=r"metrics\.jsonl, line 2"):
        read_metrics(folder)


def test_metrics_as_they_are_written(tmp_path):
    folder = RunFolder(tmp_path)
    assert read_metrics(folder) == []
    (tmp_path / folder.METRICS).write_text(f"{json.dumps(RECORD)}\n")
    assert read_metrics(folder) == [RECORD]


@pytest.mark.parametrize("train", [np.zeros((2, 2), np.int64), np.array([0.0, 1.0]), np.array([0, 5])])
def test_a_split_of_no_row_numbers(tmp_path, train):
    parts = {"train": train, "validation": np.array([2]), "test": np.array([3])}
    files.write_tensors(tmp_path / "split.safetensors", parts, about={"format": "grae split 1"})
    with pytest.raises(DataError, match=r"no row numbers|twice or not at all"):
        Split.load(tmp_path / "split.safetensors")


def test_a_lone_surrogate_is_kept_as_an_escape(tmp_path):
    files.write_json(tmp_path / "a.json", {"path": "a\udcff"})
    assert files.read_json(tmp_path / "a.json") == {"path": "a\udcff"}
    files.append_jsonl(tmp_path / "a.jsonl", {"path": "\\\ud800"})
    assert files.read_jsonl(tmp_path / "a.jsonl") == [{"path": "\\\ud800"}]


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("deterministic", {"noise": 0.5}),
        ("wasserstein", {"noise": 0.5}),
        ("wasserstein", {"reduction": "mean"}),
        ("noisy", {}),
        ("constant-variance", {}),
    ],
)
def test_a_bottleneck_has_the_settings_that_it_takes(kind: str, options: dict):
    with pytest.raises(ValidationError, match=kind):
        BottleneckSettings(kind=kind, **options)


def test_a_bottlenecks_noise_can_be_changed_and_taken_away():
    plain = BottleneckSettings(reduction="mean")
    noisy = plain.with_noise(0.5)
    assert (noisy.kind, noisy.noise, noisy.reduction) == ("noisy", 0.5, "mean")
    assert (noisy.with_noise(0.25).noise, noisy.with_noise(0.0)) == (0.25, plain)


@pytest.mark.parametrize("name", ["hidden", "encoder_hidden", "embedding", "latent_dim"])
def test_no_network_is_wider_than_memory(name: str):
    with pytest.raises(ValidationError, match="less than or equal to"):
        RecurrentArchitecture.model_validate({name: 2**31})
