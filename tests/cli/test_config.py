"""--config and --save-config, and --log."""

import importlib.util
import json
import shutil
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
import typer
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from grae.cli.configuring import with_config
from grae.errors import GraeError, SettingsError

QUICK = ("--preset", "quick", "--epochs", "1", "--motifs", "0", "--latent-dim", "4", "--batch-size", "64")


def verb(
    run: Annotated[str | None, typer.Argument(metavar="RUN")] = None,
    epochs: Annotated[int | None, typer.Option("--epochs", min=1)] = None,
    time_budget: Annotated[float | None, typer.Option("--time-budget")] = None,
    lambda_: Annotated[float | None, typer.Option("--lambda", min=0)] = None,
    number: Annotated[int, typer.Option("-n", "--number")] = 3,
    form: Annotated[Literal["kekule", "canonical"] | None, typer.Option("--form")] = None,
    minimize: Annotated[bool, typer.Option("--minimize")] = False,
    fcd: Annotated[bool | None, typer.Option("--fcd/--no-fcd")] = None,
    log: Annotated[list[str] | None, typer.Option("--log")] = None,
    data: Annotated[str | None, typer.Option("--data")] = None,
    out: Annotated[Path | None, typer.Option("--out")] = None,
    as_json: Annotated[bool, typer.Option("--json")] = False,
    resume: Annotated[bool, typer.Option("--resume")] = False,
) -> None:
    print(json.dumps({name: str(value) if name == "out" else value for name, value in locals().items()}))


@pytest.fixture(scope="module")
def app() -> typer.Typer:
    app = typer.Typer(rich_markup_mode=None)
    app.command("verb")(with_config(verb))
    app.callback()(lambda: None)
    return app


@pytest.fixture
def call(app, tmp_path, monkeypatch):
    """Calls the verb with mine.toml of some text; gives the values that it got."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments: str, toml: str | None = None) -> dict[str, Any]:
        if toml is not None:
            Path("mine.toml").write_text(toml, encoding="utf-8")
            arguments = ("--config", "mine.toml", *arguments)
        done = CliRunner().invoke(app, ["verb", *arguments])
        if done.exception is not None:
            raise done.exception
        return json.loads(done.stdout)

    return call


def test_the_command_line_overrides_the_file_and_the_file_the_defaults(call):
    toml = """
    # mine
    epochs = 3
    time-budget = 1.5
    lambda = 0
    number = 7
    form = "kekule"
    minimize = true
    fcd = false
    log = ["tensorboard", "wandb"]
    """
    got = call("--number", "8", "--fcd", toml=toml)
    expected = {"epochs": 3, "time_budget": 1.5, "lambda_": 0.0, "number": 8, "form": "kekule", "minimize": True}
    assert {name: got[name] for name in expected} == expected
    assert (got["fcd"], got["log"], got["data"]) == (True, ["tensorboard", "wandb"], None)
    assert call("elsewhere", toml='run = "mine"\ntime_budget = 2')["run"] == "elsewhere"
    assert call(toml='run = "mine"\nlog = "mlflow"')["run"] == "mine"
    assert call(toml="")["number"] == 3


@pytest.mark.parametrize(
    ("toml", "message"),
    [
        ("epoch = 3", r"mine.toml: unknown option 'epoch'; there are: .*\n  remedy: did you mean 'epochs'\?"),
        ("sedes = 3", "unknown option 'sedes'(?s:.*)see `grae verb --help`"),
        ("epochs = 0", "mine.toml: epochs = 0: .* greater than or equal to 1"),
        ("epochs = 1.5", "mine.toml: epochs = 1.5: .* a valid integer"),
        ("epochs = true", "epochs = True: expected a string or a number"),
        ('minimize = "yes"', "minimize = 'yes': expected true or false"),
        ('form = "kekul"', "form = 'kekul': .*'kekule', 'canonical'"),
        ("log = [1]", "log = .*: expected a list of strings"),
        ("[epochs]\nx = 1", "expected a string or a number"),
        ("data = 2026-11-27", "data = datetime.*: expected a string or a number"),
        ("time-budget = 1\ntime_budget = 2", "mine.toml: time_budget occurs twice"),
        ("json = true", "json is not an option that a file may hold"),
        ("resume = true", "resume is not an option that a file may hold"),
        ("save-config = 'x'", "save-config is not an option that a file may hold"),
        ("epochs 3", r"mine.toml is not TOML: .*line 1"),
        ("x = " + "[" * 5000, "mine.toml is not TOML"),
    ],
)
def test_what_is_wrong_in_a_file_is_told(call, toml, message):
    with pytest.raises(SettingsError, match=message):
        call(toml=toml)


def test_a_file_that_is_not_there(call):
    for place in ("nowhere.toml", "nowhere.json", "."):
        with pytest.raises(GraeError, match="could not be read"):
            call("--config", place)


@settings(max_examples=60, deadline=None)
@given(
    run=st.none() | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1),
    epochs=st.none() | st.integers(1),
    budget=st.none() | st.floats(allow_nan=False, allow_infinity=False),
    log=st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1), max_size=3),
    minimize=st.booleans(),
    fcd=st.none() | st.booleans(),
)
def test_what_is_saved_is_what_is_read(app, tmp_path_factory, run, epochs, budget, log, minimize, fcd):
    file = tmp_path_factory.getbasetemp() / "saved.toml"
    arguments = ["--minimize"] * minimize + ["--resume", "--json", "--out", "there"]
    arguments += [] if fcd is None else ["--fcd" if fcd else "--no-fcd"]
    arguments += [] if epochs is None else [f"--epochs={epochs}"]
    arguments += [] if budget is None else [f"--time-budget={budget!r}"]
    arguments += [f"--log={one}" for one in log]
    arguments += [] if run is None else ["--", run]
    first = CliRunner().invoke(app, ["verb", "--save-config", str(file), *arguments])
    again = CliRunner().invoke(app, ["verb", "--config", str(file)])
    assert (first.exception, again.exception) == (None, None)
    unsaved = {"out": "None", "as_json": False, "resume": False}
    assert json.loads(again.stdout) == {**json.loads(first.stdout), **unsaved, "log": log or None}
    assert not {"out", "resume", "json", "config", "save-config"} & tomllib.loads(file.read_text("utf-8")).keys()


def weights(run: str) -> bytes:
    return Path(run, "model.safetensors").read_bytes()


def test_the_program_may_be_called_by_several_words(grae, trained: Path, tmp_path: Path):
    from grae.cli.main import app as whole

    saved = tmp_path / "saved.toml"
    run = trained / "runs/lists-grae-1"
    options = ["--config", str(run / "config.json"), "--save-config", str(saved), "--out", str(run)]
    done = CliRunner().invoke(whole, ["train", *options], prog_name="python -m grae")
    assert done.exit_code == 2
    assert "already exists" in done.stderr  # the options were read
    assert saved.read_text().startswith(f"# grae train --config {saved}\n")


def test_a_run_again_from_its_config_and_from_a_saved_file(grae, trained: Path):
    shutil.copytree(trained, "there")
    strings = ("-g", "there/lists.cfg", "-d", "there/lists.txt")
    ended = grae("train", *strings, *QUICK, "--seed", "7", "--save-config", "mine.toml", "--out", "one")
    assert ended.status == 0
    held = tomllib.loads(Path("mine.toml").read_text())
    assert (held["seed"], held["latent-dim"], held["on-invalid"]) == (7, 4, "skip")
    for file, out in (("mine.toml", "two"), ("one/config.json", "three")):
        ended = grae("train", "--config", file, "--out", out)
        assert (ended.status, ended.out) == (0, f"{out}\n"), ended.err
        assert weights(out) == weights("one")
    ended = grae("train", "--config", "one/config.json", "--seed", "8", "--out", "four")
    assert ended.status == 0
    assert weights("four") != weights("one")
    resumed = grae("train", "--resume", "--out", "one", "--config", "mine.toml", "--epochs", "2")
    assert resumed.status == 0, resumed.err
    ended = grae("train", "--resume", "--out", "one", "--config", "mine.toml", "--seed", "9")
    assert ended.status == 2
    assert "--seed 9: one was started with 7" in ended.err
    motifs = grae("train", "--config", "there/runs/lists-grae-1/config.json", "--out", "five")  # a grammar with motifs
    assert motifs.status == 0, motifs.err
    assert weights("five") == weights("there/runs/lists-grae-1")


def changed(source: Path, **changes: Any) -> Path:
    held = json.loads((source / "config.json").read_text())
    for name, value in changes.items():
        held[name] = {**held[name], **value} if isinstance(value, dict) else value
    folder = Path("changed")
    shutil.copytree(source, folder, dirs_exist_ok=True)
    (folder / "config.json").write_text(json.dumps(held))
    return folder / "config.json"


@pytest.mark.parametrize(
    ("verb", "changes", "message"),
    [
        ("optimize", {}, "holds the settings of `grae train`, not of `grae optimize`"),
        ("train", {"format": "other"}, "does not hold the settings of a run or a search"),
        ("train", {"parameters": {"validation": 0.2}}, "validation is 0.2, for which there is no option"),
        (
            "train",
            {"parameters": {"architecture": {"hidden": 3}}},
            "settings of the architecture, for which there is no option",
        ),
        ("train", {"parameters": {"epochs": "many"}}, "epochs = 'many': "),
        ("train", {"parameters": 3}, "lacks the parameters"),
        ("train", {"data": {"data": "-"}}, "came from standard input"),
        ("train", {"data": {"data": None}}, "were given in Python"),
    ],
)
def test_a_config_that_cannot_be_taken(grae, trained: Path, verb, changes, message):
    ended = grae(verb, "--config", changed(trained / "runs" / "lists-grae-1", **changes))
    assert ended.status == 2
    assert message in ended.err


@pytest.mark.skipif(importlib.util.find_spec("tensorboard") is None, reason="tensorboard is not installed")
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_log_to_tensorboard(grae, trained: Path):
    ended = grae(
        "train",
        "-g",
        trained / "lists.cfg",
        "-d",
        trained / "lists.txt",
        *QUICK,
        "--out",
        "mine",
        "--log",
        "tensorboard",
    )
    assert ended.status == 0, ended.err
    assert list(Path("mine/tensorboard").glob("events.out.tfevents.*"))


def test_an_unknown_or_missing_logger_is_told_before_anything_is_read(grae, monkeypatch):
    ended = grae("train", "-g", "nowhere", "--log", "tensorbord")
    assert ended.status == 2
    assert "unknown logger 'tensorbord'" in ended.err
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    ended = grae("optimize", "--log", "wandb:mine")
    assert (ended.status, ended.out) == (2, "")
    assert ended.err == "grae: wandb is not installed\n  remedy: pip install 'grae[wandb]'\n"
