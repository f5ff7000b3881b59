"""MOSES with the default model, from data to the benchmark's table: training, sampling, evaluation on both test sets.

experiment.json                       the request; the same command resumes the experiment
run/                                  the run; its evaluation.json contains all measures
table.csv, table.json, table.md       our row and the published ones
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from grae.reproduction.experiment import Row, same_experiment, write_table
from grae.reproduction.moses_published import MEASURES, PUBLISHED
from grae.reproduction.trained import train
from grae.training.run_folder import RunFolder

if TYPE_CHECKING:
    from grae.datasets.origin import Build
    from grae.evaluation import Work

FORMAT = "grae moses table 1"
GRAMMAR = "smiles"
SAMPLES = 30_000
TEST = 0.01  # fraction of the training set held out for reconstruction
OURS = "GRAE"
RAW = "valid_without_constraints"
COLUMNS = ("model", MEASURES[0], RAW, *MEASURES[1:])


@dataclass(frozen=True, slots=True)
class Sets:
    """The sets of the benchmark: names of data sets, or files.

    Attributes:
        train: training set, and the reference of novelty.
        test: the test set.
        scaffolds: the scaffold test set.
    """

    train: str = "moses-train"
    test: str = "moses-test"
    scaffolds: str = "moses-test-scaffolds"


def reproduce_moses(
    folder: Path,
    *,
    time_budget: float | None = None,
    samples: int = SAMPLES,
    sets: Sets | None = None,
    parameters: Mapping[str, Any] | None = None,
    fcd: bool | None = None,
    seed: int = 0,
    device: Any = "auto",
    build: "Build | None" = None,
    work: "Work | None" = None,
    tell: Callable[[str], None] = lambda message: None,
    progress: bool = False,
) -> list[Row]:
    """Trains on MOSES's training set, draws samples, and evaluates them, unless the folder holds the results.

    Interrupted training resumes; of an interrupted evaluation, the finished parts of the references are cached. A
    finished run is not trained further, whatever the time budget.

    Args:
        folder: folder of the experiment.
        time_budget: minutes of training; None for the preset's. It may differ when an interrupted run resumes.
        samples: number of samples.
        sets: the sets of the benchmark.
        parameters: parameters of `GrammarAutoencoder`, except grammar, seed, device and time budget.
        fcd: whether to compute the Fréchet ChemNet distance; None if the extra is installed.
        seed: seed of the network and the samples.
        device: device of the model.
        build: builds the derivation store; see `datasets.origin.store_of`.
        work: how measures are computed.
        tell: called with progress messages.
        progress: whether training shows its progress on standard error.

    Returns:
        Rows of the table, ours last: the model's name and the value of each measure (None if there is none);
        published rows also have "<measure> deviation".

    Raises:
        RunError: the folder holds another experiment, or cannot be written.
        DataError: a set is not available.
        SettingsError: a parameter is unknown or out of range.
        MissingExtraError: the Fréchet ChemNet distance is requested, and the extra is not installed.
    """
    from grae.evaluation import EvalRequest, evaluate_run

    sets, chosen = sets or Sets(), dict(parameters or {})
    request = EvalRequest(
        n=samples,
        seed=seed,
        reference=sets.test,
        scaffold_reference=sets.scaffolds,
        train=sets.train,
        fcd=fcd,
        device=device,
    )
    request.check()
    requested = {"format": FORMAT, "samples": samples, "sets": asdict(sets), "parameters": chosen, "seed": seed}
    same_experiment(folder, requested)
    run = RunFolder(folder / "run")
    if run.has(run.MODEL):
        tell(f"{run.path}: trained before")
    else:
        chosen |= {"time_budget": time_budget, "random_state": seed, "device": device}
        train(run, GRAMMAR, sets.train, {"test": TEST, "progress": progress, **chosen}, build)
    tell(f"evaluating {samples:,} samples against {sets.test} and {sets.scaffolds}")
    evaluation = evaluate_run(run.path, request, again=False, work=work, tell=tell)
    rows = rows_of(evaluation)
    write_table(
        folder, COLUMNS, rows, as_markdown(rows), flat=[{name: row.get(name) for name in COLUMNS} for row in rows]
    )
    return rows


def rows_of(evaluation: Mapping[str, Any]) -> list[Row]:
    """The published rows, and ours from an evaluation, with its intervals and the reasons for missing measures."""
    rows: list[Row] = []
    for model, figures in PUBLISHED.items():
        means = {name: figure.mean for name, figure in figures.items()}
        deviations = {f"{name} deviation": figure.deviation for name, figure in figures.items()}
        rows.append({"model": model, **means, RAW: None, **deviations})
    ours = {name: evaluation.get(name) for name in COLUMNS if name != "model"}
    details = {name: evaluation[name] for name in ("n", "intervals", "left_out", "caveats", "references")}
    return [*rows, {"model": OURS, **ours, **details}]


def as_markdown(rows: Sequence[Row]) -> str:
    """MOSES's table with ours below."""
    lines = [
        "| model | " + " | ".join(heading(name) for name in COLUMNS[1:]) + " |",
        "|" + "---|" * len(COLUMNS),
    ]
    lines += [f"| {row['model']} | {' | '.join(cell(row, name) for name in COLUMNS[1:])} |" for row in rows]
    return "\n".join(lines) + "\n"


def heading(name: str) -> str:
    """A column's heading, as in MOSES's table; "raw" is validity without constraints beyond the grammar."""
    ours = {"valid": "Valid", RAW: "raw", "novel": "Novelty", "unique@1000": "U@1k", "unique@10000": "U@10k"}
    return ours.get(name, name)


def cell(row: Row, name: str) -> str:
    """A figure with its standard deviation, if there is one; a dash if there is no figure."""
    value, deviation = row.get(name), row.get(f"{name} deviation")
    if value is None:
        return "-"
    return f"{value:.4g}" if deviation is None else f"{value:.4g} ± {deviation:.2g}"
