"""Help texts of the verbs: one line in the list of verbs, and examples."""

from typing import NamedTuple

import typer

from grae.cli.configuring import with_config
from grae.cli.verbosity import with_verbosity
from grae.targets.benchmarks.names import GUACAMOL, PMO

UNWRAPPED = "\b\n"  # keeps the line breaks of the paragraph after it


class Page(NamedTuple):
    """The help of a verb.

    Attributes:
        short: line in the list of verbs.
        examples: complete commands, which work once there is a run.
        remarks: paragraphs before the examples.
    """

    short: str
    examples: tuple[str, ...]
    remarks: tuple[str, ...] = ()


ONLY_PMO = [name for name in PMO if name not in GUACAMOL]
NOT_PMO = [name for name in GUACAMOL if name not in PMO]
BENCHMARKS = (
    f"Targets guacamol:NAME, with NAME one of {', '.join(GUACAMOL)}.",
    f"Targets pmo:NAME, with NAME one of the same but {' and '.join(NOT_PMO)}, or one of {', '.join(ONLY_PMO)}.",
)


MANUAL = {
    "train": Page(
        "Train an autoencoder on strings.",
        (
            "grae train --grammar smiles",
            "grae train --grammar smiles --data mine.smi --time-budget 30 --out runs/mine",
            "grae train --grammar lists.cfg --data lists.txt --model gvae",
            "grae train --from zinc250k --data mine.smi",
            "grae train --resume --out runs/mine --time-budget 60",
            "grae train --grammar smiles --latent-dim 112 --save-config mine.toml",
            "grae train --config mine.toml --seed 1 --log tensorboard",
        ),
    ),
    "encode": Page(
        "Encode strings to latent codes.",
        (
            "grae encode --in mine.smi --out codes.npy",
            "echo CCO | grae encode runs/mine > codes.csv",
            "grae encode runs/mine --in many.smi --shard 2/8 --out part-2.npy",
        ),
    ),
    "decode": Page(
        "Decode latent codes to strings.",
        ("grae decode --in codes.npy", "grae decode runs/mine --in codes.csv --temperature 1 --out back.smi"),
    ),
    "sample": Page(
        "Sample new strings.",
        (
            "grae sample --model zinc250k -n 1000 > new.smi",
            "grae sample runs/mine -n 100 --out new.smi --draw new.png",
            "grae sample --grammar arithmetic --density gaussian --seed 7",
            "grae sample -n 100 --where 'logP < 3 and heavy_atoms < 25'",
            "grae sample --model zinc250k --template 'c1ccc(*)cc1' -n 20",
        ),
    ),
    "analogs": Page(
        "Strings similar to a given one.",
        (
            "grae analogs 'CC(=O)Nc1ccc(O)cc1' --model zinc250k",
            "grae analogs 'CC(=O)Nc1ccc(O)cc1' --template '*Nc1ccc(O)cc1' --draw a.svg",
            "grae analogs 'x*sin(x)' -g arithmetic --least-similarity 0.3",
        ),
    ),
    "interpolate": Page(
        "The strings between two strings.",
        (
            "grae interpolate 'CC(=O)Nc1ccc(O)cc1' 'CC(=O)Oc1ccccc1' --draw way.svg",
            "grae interpolate 'x*sin(x)' 'exp(x)+1' --grammar arithmetic -n 12",
        ),
    ),
    "evaluate": Page(
        "Evaluate a run, or the strings of a file.",
        (
            "grae evaluate -n 10000",
            "grae evaluate runs/mine --density all",
            "grae evaluate --samples new.smi --train zinc250k --reference moses-test",
            "grae evaluate --samples many.smi --shard 2/8 --out part-2.shard",
        ),
    ),
    "merge": Page(
        "Join the parts of a job that was divided with --shard.",
        (
            "grae merge part-*.npy --out codes.npy",
            "grae merge part-*.smi --out new.smi",
            "grae merge part-*.shard --json",
        ),
        (
            "Of N shards, the I-th takes the blocks I, I + N, I + 2N, ... of the strings: of 8,192 strings each in "
            "`grae encode`, of 32,768 in the others. Each reads the whole input.",
        ),
    ),
    "compare": Page(
        "Compare runs.",
        ("grae compare runs/one runs/other", "grae compare runs/one runs/other --csv both.csv"),
    ),
    "optimize": Page(
        "Search for strings that score well.",
        (
            "grae optimize --target logp",
            "grae optimize runs/mine --target '0.7*logp + 0.3*qed' --rounds 50",
            "grae optimize --target log-mse --formula '1/3+x+sin(x*x)' --start worst-half",
            "grae optimize --target mine.py:score --workers 4 --timeout 300",
            "grae optimize --target guacamol:osimertinib_mpo",
            "grae optimize --target qed --target logp",
            "grae optimize --where 'logP < 5 and SA < 4' --diversity scaffold:5",
            "grae optimize --target logp --retrain-every 20",
            "grae optimize --target logp --resume",
        ),
        BENCHMARKS,
    ),
    "report": Page(
        "Write an HTML report of a run.",
        ("grae report", "grae report runs/mine --out mine.html --search elsewhere/logp-1"),
    ),
    "push": Page(
        "Share a model in a folder or on the Hub.",
        ("grae push runs/mine shared/mine", "grae push runs/mine hf:me/my-molecules --private"),
    ),
    "pull": Page("Get a shared model.", ("grae pull hf:me/my-molecules", "grae pull shared/mine --out runs/mine")),
    "grammar": Page("List, show and check grammars.", ()),
    "data": Page("List, show and fetch data sets.", ()),
    "models": Page("List, show and pack models.", ()),
    "images": Page("The same models on images.", ()),
    "reproduce": Page("Reproduce published experiments.", ()),
    "reproduce structured": Page(
        "The paper's table of searches, with published figures.",
        (
            "grae reproduce structured --scale small",
            "grae reproduce structured --objects expressions --runs grae=mine --trials 10",
        ),
    ),
    "reproduce moses": Page(
        "The MOSES benchmark, with published rows.",
        (
            "grae reproduce moses --time-budget 60",
            "grae reproduce moses --preset quick --time-budget 5 --samples 1000 --no-fcd",
        ),
    ),
    "reproduce pmo": Page(
        "The PMO benchmark, with published figures.",
        (
            "grae reproduce pmo --budget 1000 --run runs/mine",
            "grae reproduce pmo --budget 1000 --tasks median1,qed --seeds 5",
        ),
    ),
    "reproduce pretrained": Page(
        "Train a pretrained model again.",
        ("grae reproduce pretrained expressions --out models/mine",),
    ),
    "reproduce validity": Page(
        "Validity, decoded as the published models.",
        ("grae reproduce validity runs/mine", "grae reproduce validity runs/gvae runs/grae -n 2000 --draws 25"),
    ),
    "reproduce formulas": Page(
        "Fit formulas to problems printed in the literature.",
        ("grae reproduce formulas --workers 2", "grae reproduce formulas --problems Nguyen --methods grae --seeds 3"),
    ),
    "grammar list": Page("List the built-in grammars.", ("grae grammar list",)),
    "grammar show": Page(
        "Print a grammar's productions, and a run's motifs.",
        ("grae grammar show smiles", "grae grammar show runs/mine --motifs 50"),
    ),
    "grammar parse": Page(
        "Print the parse tree of a string.",
        ("grae grammar parse arithmetic 'x + sin(x)'", "grae grammar parse smiles CCO --draw"),
    ),
    "grammar check": Page(
        "Check a grammar and its coverage of data.",
        ("grae grammar check mine.cfg", "grae grammar check mine.cfg --data strings.txt"),
    ),
    "grammar convert": Page(
        "Convert a grammar of another notation.",
        ("grae grammar convert json.gbnf --alphabet printable", "grae grammar convert mine.lark --out mine.cfg"),
    ),
    "grammar fit": Page(
        "Estimate the weights of a grammar from strings.",
        ("grae grammar fit mine.cfg --data strings.txt --out fitted.cfg",),
    ),
    "grammar sample": Page(
        "Draw random strings of a grammar.",
        ("grae grammar sample arithmetic -n 1000 --max-length 20", "grae grammar sample fitted.cfg -n 1000 --seed 1"),
    ),
    "models list": Page("List the pretrained models.", ("grae models list",)),
    "models show": Page("Show a pretrained model.", ("grae models show zinc250k",)),
    "models pack": Page("Pack a run into a small model to share.", ("grae models pack runs/mine --out mine",)),
    "data list": Page("List the data sets.", ("grae data list",)),
    "data show": Page("Show a data set.", ("grae data show zinc250k",)),
    "data fetch": Page("Download a data set.", ("grae data fetch zinc250k",)),
    "images train": Page(
        "Train an autoencoder on images.",
        ("grae images train --data digits --model rae-l2", "grae images train --data pictures/ --width 0.25"),
    ),
    "images sample": Page("Sample new images.", ("grae images sample --out samples.png",)),
    "images evaluate": Page(
        "Fréchet distances of a run's images.", ("grae images evaluate", "grae images evaluate mnist-rae-l2-1 --fid")
    ),
    "images floor": Page("Fréchet distances of real images.", ("grae images floor --data mnist --fid",)),
    "images projector": Page(
        "Train a classifier for distances.", ("grae images projector --data digits --out digits.safetensors",)
    ),
    "images table": Page("Train and measure every model.", ("grae images table --data digits",)),
    "images figure": Page("Draw models side by side.", ("grae images figure digits-table --out figure.png",)),
}


EXPERIMENTS = ("structured", "formulas", "moses", "pmo", "pretrained")
CONFIGURABLE = (
    "train",
    "optimize",
    "images train",
    "images table",
    "images projector",
    *(f"reproduce {name}" for name in EXPERIMENTS),
)
"""The verbs that train or search, whose options can be read from a file."""


def furnish(app: typer.Typer, before: str = "") -> None:
    """Adds the manual's texts, the options -v and -q and, where supported, --config to every verb of a program."""
    for command in app.registered_commands:
        assert command.callback is not None
        verb = f"{before}{command.name or command.callback.__name__}"
        page = MANUAL.get(verb)
        if page is not None:
            command.short_help = page.short
            examples = UNWRAPPED + "\n".join(["Examples:", *(f"  {example}" for example in page.examples)])
            command.epilog = "\n\n".join([*page.remarks, examples])
        if verb in CONFIGURABLE:
            command.callback = with_config(command.callback)
        command.callback = with_verbosity(command.callback)
    for group in app.registered_groups:
        if group.typer_instance is not None:
            if page := MANUAL.get(f"{before}{group.name}"):
                group.short_help = page.short
            furnish(group.typer_instance, f"{before}{group.name} ")
