"""`grae images`: the paper's image experiments; one file per verb."""

import typer

from grae.cli.images.evaluate import evaluate
from grae.cli.images.figure import figure
from grae.cli.images.floor import floor
from grae.cli.images.projector import projector
from grae.cli.images.sample import sample
from grae.cli.images.table import table
from grae.cli.images.train import train

app = typer.Typer(help="The same models on images: train, sample, measure, compare.", no_args_is_help=True)
for verb in (train, sample, evaluate, floor, projector, table, figure):
    app.command(verb.__name__)(verb)
