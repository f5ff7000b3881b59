"""Options shared by several commands."""

from typing import Annotated, Literal

import typer

from grae.bounds import MOST_EPOCHS, MOST_PROCESSES, MOST_SEED, MOST_STRINGS
from grae.cli.completion import grammars, models, runs
from grae.cli.tables import described
from grae.density.densities import DENSITIES

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout, nothing else.")]

RunArgument = Annotated[
    str | None,
    typer.Argument(
        metavar="RUN",
        help="A run's folder, its name under runs/, or a pretrained model. [default: the latest run, or else "
        "the model that fits]",
        autocompletion=runs,
    ),
]
RunOption = Annotated[
    str | None,
    typer.Option(
        "--run",
        metavar="RUN",
        help="A run's folder, its name under runs/, or a pretrained model. [default: the latest run, or else "
        "the model that fits]",
        show_default=False,
        autocompletion=runs,
    ),
]
ModelName = Annotated[
    str | None,
    typer.Option(
        "--model",
        "-m",
        metavar="NAME",
        help="Instead of RUN: a pretrained model (`grae models list`).",
        autocompletion=models,
    ),
]
OfGrammar = Annotated[
    str | None,
    typer.Option(
        "--grammar",
        "-g",
        metavar="GRAMMAR",
        help="Without RUN: the latest run of this grammar.",
        autocompletion=grammars,
    ),
]
Column = Annotated[str | None, typer.Option("--column", metavar="NAME", help="The column of strings in a CSV file.")]
Delimiter = Annotated[
    str | None,
    typer.Option(
        "--delimiter",
        metavar="CHAR",
        help="The delimiter of a CSV file, such as ';' or tab. [default: detected]",
        show_default=False,
    ),
]
Resume = Annotated[
    bool, typer.Option("--resume", help="Continue the run in --out, or the latest one, with its own settings.")
]
TrainingSeed = Annotated[int, typer.Option("--seed", min=0, max=MOST_SEED, help="Seed of split, weights and batches.")]
Device = Annotated[Literal["auto", "cpu", "cuda", "mps"], typer.Option("--device", help="Device to compute on.")]
PresetEpochs = Annotated[
    int | None, typer.Option("--epochs", min=1, max=MOST_EPOCHS, help="Epochs. [default: by the preset]")
]
PresetMinutes = Annotated[
    float | None, typer.Option("--time-budget", metavar="MIN", help="Minutes of training. [default: by the preset]")
]
Rate = Annotated[
    float | None,
    typer.Option(
        "--rate",
        metavar="NATS",
        help="Information that the noise leaves in a code: beta changes to hold it. [default: constant beta]",
    ),
]
Seed = Annotated[int, typer.Option("--seed", min=0, max=MOST_SEED, help="Random seed.")]
ShardName = Annotated[
    str | None,
    typer.Option(
        "--shard", metavar="I/N", help="Do the I-th of N parts, on one of N machines; `grae merge` joins the parts."
    ),
]
Temperature = Annotated[
    float,
    typer.Option("--temperature", "-t", min=0.0, help="Decoder temperature; 0 is greedy."),
]
DensityName = Annotated[
    str | None,
    typer.Option(
        "--density",
        metavar="NAME",
        help=f"What to sample from. {described(DENSITIES)}. Fitted if needed. [default: the run's]",
        show_default=False,
    ),
]
Log = Annotated[
    list[str] | None,
    typer.Option(
        "--log",
        metavar="TOOL",
        help="Also log to tensorboard[:FOLDER], mlflow[:EXPERIMENT] or wandb[:PROJECT], with the extra of that name; "
        "repeatable. TensorBoard writes to the run's folder by default.",
        show_default=False,
    ),
]
OnInvalid = Annotated[
    Literal["skip", "error"],
    typer.Option("--on-invalid", help="Strings that do not parse: skip and count them, or stop with an error."),
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
        help="Reference for novelty: a file or data set. [default: a run's training set]",
        show_default=False,
    ),
]
Measured = Annotated[int, typer.Option("-n", "--number", min=1, max=MOST_STRINGS, help="Number of samples to measure.")]
Fcd = Annotated[
    bool | None,
    typer.Option(
        "--fcd/--no-fcd",
        help="Fréchet ChemNet distance, needs the extra fcd. [default: if installed]",
        show_default=False,
    ),
]
Jobs = Annotated[
    int,
    typer.Option(
        "--jobs", min=-MOST_PROCESSES, max=MOST_PROCESSES, help="Processes for the chemistry; -1 for one per core."
    ),
]
FormName = Annotated[
    str | None,
    typer.Option(
        "--form",
        metavar="kekule|canonical|as-written",
        help="Molecules: the form of SMILES to learn. [default: by the preset]",
        show_default=False,
    ),
]
CompletionName = Annotated[
    Literal["forced", "none"],
    typer.Option(
        "--completion",
        help="none: derivations may run out of steps, as in the published models, and are then invalid.",
    ),
]
ConstraintsName = Annotated[
    Literal["semantic", "grammar"] | None,
    typer.Option(
        "--constraints",
        help="semantic: enforce the language's rules too, so that every molecule is valid; grammar: only the grammar. "
        "[default: semantic, if supported]",
        show_default=False,
    ),
]
Where = Annotated[
    str | None,
    typer.Option(
        "--where",
        metavar="CONDITION",
        help="What strings must fulfil, such as \"logP < 3 and not substructure('[N+](=O)[O-]')\".",
    ),
]
Template = Annotated[
    str | None,
    typer.Option(
        "--template",
        metavar="TEXT",
        help="What each string holds: a string with holes, 'x+sin(<S>)', or a molecule with attachment points, "
        "'c1ccc(*)cc1'.",
    ),
]
MOST_TRIES = 1_000
RuleName = Annotated[
    str | None,
    typer.Option(
        "--rule",
        metavar="FILE:NAME",
        help="A rule of your own: a predicate of strings, such as mine.py:holds, or an automaton.",
    ),
]
Tries = Annotated[
    int,
    typer.Option("--tries", min=0, max=MOST_TRIES, help="Further tries where a predicate does not hold."),
]
Raw = Annotated[
    bool,
    typer.Option("--raw", help="Molecules as decoded, in the run's form instead of RDKit's canonical one."),
]
