"""`grae train`: training an autoencoder on strings."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from grae.autoencoder.models import named
from grae.bounds import MOST_BATCH, MOST_EPOCHS, MOST_MOTIFS, MOST_STEPS, WIDEST_CODE
from grae.cli.completion import datasets, grammars, runs
from grae.cli.distributed import together
from grae.cli.finetuning import OF_MODEL, print_finetuning, tuned
from grae.cli.grammar_options import Alphabet, FormatName
from grae.cli.options import AsJson, Column, Delimiter, Device, FormName, Log, OnInvalid, Rate, Resume, TrainingSeed
from grae.cli.output import emit, note, say_ended
from grae.cli.resuming import on_command_line
from grae.cli.runs import find_run
from grae.cli.tables import described
from grae.cli.training import resume_run, start_run
from grae.density.densities import DENSITIES
from grae.errors import SettingsError
from grae.paths import CONFIG_FILE
from grae.sequence.architectures import ARCHITECTURES

if TYPE_CHECKING:
    from grae.datasets import DerivationStore
    from grae.sequence import GrammarAutoencoder


def train(
    context: typer.Context,
    grammar: Annotated[
        str | None,
        typer.Option(
            "--grammar",
            "-g",
            metavar="GRAMMAR",
            help="A built-in grammar's name, a grammar's file, or re:EXPRESSION.",
            autocompletion=grammars,
        ),
    ] = None,
    format: FormatName = None,
    alphabet: Alphabet = None,
    data: Annotated[
        str | None,
        typer.Option(
            "--data",
            "-d",
            metavar="DATA",
            help="A data set's name or a file; - for stdin. [default: by the grammar]",
            autocompletion=datasets,
        ),
    ] = None,
    column: Column = None,
    delimiter: Delimiter = None,
    start: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="MODEL",
            help="Fine-tune this pretrained model or run on --data; it keeps its grammar, motifs and settings.",
            autocompletion=runs,
        ),
    ] = None,
    replay: Annotated[
        float | None,
        typer.Option(
            "--replay",
            metavar="SHARE",
            min=0,
            max=0.95,
            help="With --from: share of each batch sampled from that model, against forgetting. [default: 0.25]",
            show_default=False,
        ),
    ] = None,
    preset: Annotated[str, typer.Option("--preset", help="quick, default or paper.")] = "default",
    model: Annotated[str, typer.Option("--model", "-m", help=f"The autoencoder: {named()}.")] = "grae",
    architecture: Annotated[
        str | None,
        typer.Option(
            "--architecture",
            metavar="NAME",
            help=f"The networks. {described(ARCHITECTURES)}. [default: by the preset]",
            show_default=False,
        ),
    ] = None,
    epochs: Annotated[
        int | None,
        typer.Option("--epochs", min=1, max=MOST_EPOCHS, help="Epochs. [default: by the size of the data]"),
    ] = None,
    time_budget: Annotated[
        float | None,
        typer.Option(
            "--time-budget", metavar="MIN", help="Minutes, instead of or with --epochs. [default: at most 60]"
        ),
    ] = None,
    batch_size: Annotated[
        int | None, typer.Option("--batch-size", min=1, max=MOST_BATCH, help="Strings per step.")
    ] = None,
    latent_dim: Annotated[
        int | None, typer.Option("--latent-dim", min=1, max=WIDEST_CODE, help="Latent dimensions.")
    ] = None,
    beta: Annotated[
        float | None, typer.Option("--beta", min=0, help="Weight of the latent penalty. [default: by preset and model]")
    ] = None,
    lambda_: Annotated[
        float | None,
        typer.Option("--lambda", min=0, help="Weight of the decoder's regularizer. [default: by preset and model]"),
    ] = None,
    noise: Annotated[
        float | None,
        typer.Option(
            "--noise",
            min=0,
            help="Noise on the codes in training: sigma for gcvvae and cv-vae, a factor of the learned sigma for gvae, "
            "cvae, vae and 2svae; for deterministic models the standard deviation (ours, not the paper's). "
            "[default: by preset and model]",
        ),
    ] = None,
    rate: Rate = None,
    density: Annotated[
        str | None,
        typer.Option(
            "--density",
            metavar="NAME",
            help=f"Density to sample from. {described(DENSITIES)}. [default: by the model]",
            show_default=False,
        ),
    ] = None,
    motifs: Annotated[
        int | None,
        typer.Option("--motifs", min=0, max=MOST_MOTIFS, help="Number of motifs to learn. [default: by the preset]"),
    ] = None,
    max_length: Annotated[
        int | None,
        typer.Option(
            "--max-length", min=1, max=MOST_STEPS, help="Maximum productions per string; longer ones are skipped."
        ),
    ] = None,
    form: FormName = None,
    on_invalid: OnInvalid = "skip",
    seed: TrainingSeed = 0,
    device: Device = "auto",
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="RUN", help="The run's folder. [default: a new one in runs/]")
    ] = None,
    resume: Resume = False,
    log: Log = None,
    as_json: AsJson = False,
) -> None:
    """Train an autoencoder on the strings of a grammar. Ctrl-C saves; --resume continues.

    Without --epochs and --time-budget, training time adapts to the data: on two cores about 6 minutes for 10,000
    molecules, an hour for 237,000. The plan is printed first.
    """
    parameters: dict[str, Any] = {
        "model": model,
        "preset": preset,
        "architecture": architecture,
        "epochs": epochs,
        "time_budget": time_budget,
        "batch_size": batch_size,
        "latent_dim": latent_dim,
        "beta": beta,
        "lambda_": lambda_,
        "noise": noise,
        "rate": rate,
        "density": density,
        "motifs": motifs,
        "max_length": max_length,
        "form": form,
        "random_state": seed,
        "device": device,
    }
    strings = {"data": data, "column": column, "delimiter": delimiter}
    if replay is not None and start is None:
        raise SettingsError("--replay requires --from", remedy="omit it, or name a model to fine-tune")
    if start is not None and resume:
        raise SettingsError("--from starts a new run, --resume continues one", remedy="give only one of them")
    for option, value in (("--format", format), ("--alphabet", alphabet)):
        if value is not None and (start is not None or resume):
            raise SettingsError(
                f"{option} applies to the grammar of a new run only", remedy="omit it: the run has its grammar"
            )
    from grae.callbacks import logger_named

    loggers = [logger_named(text) for text in log or ()]
    with together(device) as speaks:
        if resume:
            given = on_command_line(context, {**parameters, **strings})
            ended = resume_run(
                find_run(None if out is None else str(out), grammar, holds=CONFIG_FILE), grammar, given, loggers
            )
        elif start is not None:
            of_model = on_command_line(context, {name: parameters[name] for name in OF_MODEL})
            ended = tuned(start, grammar, strings, on_invalid, parameters, of_model, replay, out, loggers)
        elif grammar is None:
            raise SettingsError("--grammar is missing", remedy="name one: `grae grammar list` shows the built-in ones")
        else:
            notation = {"format": format, "alphabet": alphabet}
            ended = start_run(grammar, notation, strings, on_invalid, parameters, out, loggers)
        if speaks:
            _print(*ended, as_json)


def _print(place: Path, fitted: "GrammarAutoencoder", store: "DerivationStore", as_json: bool) -> None:
    """Prints a summary, and the run's folder on stdout."""
    from grae.datasets.forms import undecodable

    result = fitted.result_
    if as_json:
        n_undecodable = int(undecodable(fitted.language_grammar_, store.derivations, fitted.settings_.form).sum())
        training = {} if result is None else asdict(result)
        training.pop("metrics", None)
        split = {part: len(getattr(fitted.split_, part)) for part in ("train", "validation", "test")}
        return emit(
            {
                "run": place,
                "grammar": fitted.language_grammar_.name,
                "model": fitted.settings_.model,
                "data": {"rows": len(store), **split, **store.counts.model_dump(), "undecodable": n_undecodable},
                "training": training,
                **({"finetuning": fitted.finetuning_} if hasattr(fitted, "finetuning_") else {}),
            }
        )
    if result is not None:
        say_ended(result)
    print_finetuning(fitted)
    note(f"next: grae sample {place}   grae evaluate {place}")
    print(place)
