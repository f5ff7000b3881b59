"""The options that several commands share."""

from typing import Annotated, Literal

import typer

from grae.bounds import MOST_EPOCHS, MOST_PROCESSES, MOST_SEED
from grae.cli.completion import grammars, models, runs
from grae.cli.tables import described
from grae.density.densities import DENSITIES

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout and nothing else there.")]

RunArgument = Annotated[
    str | None,
    typer.Argument(
        metavar="RUN",
        help="A run's folder, its name under runs/, or a model that comes with grae. [default: the latest run, or else "
        "the model that fits]",
        autocompletion=runs,
    ),
]
ModelName = Annotated[
    str | None,
    typer.Option(
        "--model",
        "-m",
        metavar="NAME",
        help="In the place of RUN: a model that comes with grae (`grae models list`).",
        autocompletion=models,
    ),
]
OfGrammar = Annotated[
    str | None,
    typer.Option(
        "--grammar",
        "-g",
        metavar="GRAMMAR",
        help="Where RUN is left out: the latest run of this grammar.",
        autocompletion=grammars,
    ),
]
Column = Annotated[
    str | None, typer.Option("--column", metavar="NAME", help="The column of a CSV file that holds the strings.")
]
Delimiter = Annotated[
    str | None,
    typer.Option(
        "--delimiter",
        metavar="CHAR",
        help="What stands between the columns of a CSV file, such as ';' or tab. [default: what gives the column]",
        show_default=False,
    ),
]
Device = Annotated[Literal["auto", "cpu", "cuda", "mps"], typer.Option("--device", help="Where to compute.")]
PresetEpochs = Annotated[
    int | None, typer.Option("--epochs", min=1, max=MOST_EPOCHS, help="Passes over the data. [default: by the preset]")
]
PresetMinutes = Annotated[
    float | None, typer.Option("--time-budget", metavar="MIN", help="Minutes of training. [default: by the preset]")
]
Seed = Annotated[int, typer.Option("--seed", min=0, max=MOST_SEED, help="The same seed gives the same result.")]
Temperature = Annotated[
    float,
    typer.Option(
        "--temperature", "-t", min=0.0, help="Of the decoder; 0 takes the most probable production each time."
    ),
]
DensityName = Annotated[
    str | None,
    typer.Option(
        "--density",
        metavar="NAME",
        help=f"What to sample from. {described(DENSITIES)}. Fitted once where it is not. [default: the run's]",
        show_default=False,
    ),
]
Log = Annotated[
    list[str] | None,
    typer.Option(
        "--log",
        metavar="TOOL",
        help="Also log to tensorboard[:FOLDER], mlflow[:EXPERIMENT] or wandb[:PROJECT], with the extra of that name; "
        "once for each. TensorBoard's files lie in the run's folder unless another is named.",
        show_default=False,
    ),
]
OnInvalid = Annotated[
    Literal["skip", "error"],
    typer.Option("--on-invalid", help="Strings outside the language: skip and count them, or stop with an error."),
]
Reference = Annotated[
    str | None,
    typer.Option(
        "--reference",
        metavar="FILE",
        help="Molecules: compare with this file or data set, such as moses-test. [default: a run's held-out strings]",
        show_default=False,
    ),
]
ScaffoldReference = Annotated[
    str | None,
    typer.Option(
        "--scaffold-reference", metavar="FILE", help="Molecules: compare with these too, such as moses-test-scaffolds."
    ),
]
TrainingSet = Annotated[
    str | None,
    typer.Option(
        "--train",
        metavar="FILE",
        help="What novel is new against: a file or data set. [default: a run's training set]",
        show_default=False,
    ),
]
Fcd = Annotated[
    bool | None,
    typer.Option(
        "--fcd/--no-fcd",
        help="The Fréchet ChemNet distance, with the extra fcd. [default: where the extra is installed]",
        show_default=False,
    ),
]
Jobs = Annotated[
    int,
    typer.Option(
        "--jobs", min=-MOST_PROCESSES, max=MOST_PROCESSES, help="Processes for the chemistry; -1 for one a core."
    ),
]
FormName = Annotated[
    str | None,
    typer.Option(
        "--form",
        metavar="kekule|canonical|as-written",
        help="Molecules: the spelling to bring them into. [default: by the preset]",
        show_default=False,
    ),
]
CompletionName = Annotated[
    Literal["forced", "none"],
    typer.Option(
        "--completion",
        help="none: let derivations run out of steps, as the published models decode; those are invalid.",
    ),
]
ConstraintsName = Annotated[
    Literal["semantic", "grammar"] | None,
    typer.Option(
        "--constraints",
        help="The rules that the decoder keeps: the language's too, so that every molecule is valid, or the grammar's "
        "alone. [default: semantic, where the run can]",
        show_default=False,
    ),
]
Raw = Annotated[
    bool,
    typer.Option("--raw", help="Molecules as they were decoded, in the run's own form, not RDKit's canonical one."),
]
