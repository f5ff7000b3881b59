"""Packing a run for distribution: half the size, self-contained, and without training strings."""

import copy
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from grae import files
from grae.density import save_densities
from grae.paths import SPLIT_FILE
from grae.pretrained import ABOUT, START, About
from grae.sequence.configuration import read_config, read_settings
from grae.training.metrics import read_metrics
from grae.training.run_folder import RunFolder

if TYPE_CHECKING:
    from grae.evaluation.runs import LoadedRun
    from grae.sequence.estimator import GrammarAutoencoder

WEIGHTS = "float16"
STARTS = 10_000
ROUND = 2_000
LEAST_NEW = 0.01
"""Sampling ends when the share of new strings in a round falls below this."""
KEPT_MEASURES = (
    "valid",
    "valid_without_constraints",
    "unique",
    "novel",
    "Filters",
    "FCD/Test",
    "SNN/Test",
    "Scaf/Test",
    "IntDiv",
)


def pack(
    run: "LoadedRun",
    out: str | Path,
    *,
    description: str,
    command: str | None = None,
    measures: dict[str, Any] | None = None,
    starts: int = STARTS,
    search: bool = False,
    seed: int = 0,
) -> About:
    """Packs a run into a self-contained folder, which `load`, `sample` and `optimize` accept like any run.

    Weights are stored as float16, which has the size of bfloat16 and eight times its precision; reconstruction accuracy
    with the original and the rounded weights is measured and recorded. Training strings are replaced by distinct
    samples of the model that are not in the training set, from which searches can start.

    Args:
        run: the run, loaded with its strings if they are available.
        out: folder to write, which does not exist or is empty.
        description: a description of one line.
        command: the command that trained the run.
        measures: results of `grae evaluate`, of which the main ones are stored.
        starts: number of samples; fewer if the model does not generate enough distinct ones.
        search: see `grae.pretrained.About`.
        seed: seed of the samples.

    Raises:
        RunError: the folder is in use or cannot be written.
    """
    folder, source = RunFolder(out), RunFolder(run.place)
    files.check_unused(folder.path)
    model, config = run.model, read_config(source)
    half = in_half(model)
    figures, exact = measures or {}, None
    if run.held_out:
        whole = figures.get("exact_reconstruction")
        exact = {"float32": model.score(run.held_out) if whole is None else whole, WEIGHTS: half.score(run.held_out)}
    strings = start_strings(half, run, starts, seed=seed)
    last = read_metrics(source)[-1] if source.has(source.METRICS) else {}
    about = About(
        description=description,
        language=model.language_grammar_.language.name,
        grammar=model.language_grammar_.name,
        model=read_settings(source).model,
        data=_name_of(config),
        strings=len(model.split_.train),
        command=command,
        epochs=last.get("epoch"),
        minutes=round(last["seconds"] / 60, 1) if last else None,
        weights=WEIGHTS,
        exact=exact,
        held_out=len(run.held_out),
        start=len(strings),
        search=search,
        measures={name: float(figures[name]) for name in KEPT_MEASURES if figures.get(name) is not None},
    )
    _write(folder, source, model, half, config, about, strings)
    return about


def in_half(model: "GrammarAutoencoder") -> "GrammarAutoencoder":
    """A copy of a model with weights rounded to float16 and stored as float32."""
    half = copy.copy(model)
    half.network_ = copy.deepcopy(model.network_)
    with torch.no_grad():
        for parameter in half.network_.parameters():
            parameter.copy_(parameter.half().float())
    return half


def start_strings(model: "GrammarAutoencoder", run: "LoadedRun", n: int, *, seed: int) -> list[str]:
    """Distinct valid samples of a model that are not in its training set, if that is available.

    Args:
        model: the model to sample.
        run: the run with its training strings.
        n: maximum number of samples.
        seed: seed of the samples.
    """
    grammar = model.language_grammar_
    form = grammar.language.form(model.settings_.form)
    strings: dict[str, str] = {}  # by canonical form, keeping the form that the model learned
    round_ = 0
    while len(strings) < n:
        texts = model.sample(min(ROUND, 2 * n), seed=seed + round_)
        valid = [text for text, known in zip(texts, grammar.canonical(texts), strict=True) if known is not None]
        before = len(strings)
        for text, key in zip(valid, form.spell(valid), strict=True):
            if key is not None:
                strings.setdefault(key, text)
        round_ += 1
        if len(strings) - before < LEAST_NEW * len(texts):
            break
    for text in [] if run.training is None else run.training.read():
        strings.pop(text, None)
    return list(strings.values())[:n]


def _write(
    folder: RunFolder,
    source: RunFolder,
    model: "GrammarAutoencoder",
    half: "GrammarAutoencoder",
    config: dict[str, Any],
    about: About,
    strings: Sequence[str],
) -> None:
    """Writes the files, the weights last, so that an incomplete folder is not mistaken for a finished run."""
    data = {**config.get("data", {}), "store": None, "data": about.data}
    if data.get("from") is not None:
        data["from"] = Path(data["from"]).name
    folder.write_json(folder.CONFIG, {**config, "data": data})
    for name in (folder.GRAMMAR, folder.LANGUAGE, folder.METRICS):
        if source.has(name):
            folder.write_text(name, source.read_text(name))
    model.split_.save(folder / SPLIT_FILE, small=True)
    save_densities(folder / folder.DENSITY, model.densities_)
    files.write_text(folder / START, "".join(f"{text}\n" for text in strings))
    folder.write_json(ABOUT, about.to_dict())
    weights = {name: _halved(tensor) for name, tensor in half.network_.state_dict().items()}
    folder.write_tensors(folder.MODEL, weights, {"format": config["format"], "grammar": model.grammar_.fingerprint})


def _halved(tensor: torch.Tensor) -> np.ndarray:
    array = tensor.detach().cpu().numpy()
    return array.astype(np.float16) if array.dtype == np.float32 else array


def _name_of(config: dict[str, Any]) -> str | None:
    """The name of the data set or file."""
    data = config.get("data", {}).get("data")
    return None if data is None else Path(data).name
