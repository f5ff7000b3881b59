"""The commands offer what the tables have: in their help, and as choices."""

import re
from typing import Any

import pytest

from grae.autoencoder.models import MODELS
from grae.density import DENSITIES
from grae.images.recipes import models_of_images
from grae.optimization import STRATEGIES, TARGETS
from grae.optimization.mixed_parts import VIEWS, groups
from grae.sequence.architectures import ARCHITECTURES
from grae.targets.benchmarks.names import SUITES

OFFERED: list[tuple[str, str, Any]] = [
    ("train", "--model", MODELS),
    ("train", "--architecture", ARCHITECTURES),
    ("train", "--density", DENSITIES),
    ("sample", "--density", DENSITIES),
    ("images train", "--model", models_of_images()),
    ("images train", "--density", DENSITIES),
    ("images sample", "--density", DENSITIES),
    ("optimize", "--target", [*TARGETS, *(f"{suite}:NAME" for suite in SUITES)]),
    ("optimize", "--strategy", STRATEGIES),
    ("optimize", "--propose", groups()),
    ("optimize", "--surrogate", VIEWS),
]


def help_of(grae, verb: str, option: str) -> str:
    """What the help of a verb says of an option, on one line."""
    shown = grae(*verb.split(), "--help").out
    (part,) = re.findall(rf"^  (?:-\w, )?{option}\b.*\n(?:   .*\n)*", shown, re.MULTILINE)
    return " ".join(part.split())


@pytest.mark.parametrize(("verb", "option", "names"), OFFERED, ids=[f"{verb} {option}" for verb, option, _ in OFFERED])
def test_help_names_every_row(grae, verb: str, option: str, names):
    said = help_of(grae, verb, option).replace("- ", "-")
    assert len(list(names)) > 1
    assert not [name for name in names if not re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", said)]


def test_every_strategy_is_a_choice_and_nothing_else(grae):
    assert f"<{'|'.join(STRATEGIES)}>" in help_of(grae, "optimize", "--strategy")
    ended = grae("optimize", "--strategy", "grid")
    assert ended.status == 2
    assert all(f"'{name}'" in ended.err for name in STRATEGIES)


@pytest.mark.parametrize("verb", ["train", "optimize"])
def test_a_name_that_no_row_has_is_bad_input(grae, verb: str):
    option, names = ("--architecture", ARCHITECTURES) if verb == "train" else ("--target", TARGETS)
    grammar = ["--grammar", "arithmetic"] if verb == "train" else []
    ended = grae(verb, *grammar, option, "nothing")
    assert ended.status == 2
    assert f"there are: {', '.join(names)}" in " ".join(ended.err.split())
