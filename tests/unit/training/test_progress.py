import io
import re
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from grae.callbacks.reporter import Notes, Reporter, clock
from grae.training.loop import train
from grae.training.progress import Bar, Rows, choose_reporter, fitting, in_words
from grae.training.settings import TrainingSettings

SETTINGS = TrainingSettings(epochs=2, batch_size=8, precision="fp32", device="cpu")


def run(toy, **options) -> None:
    data = toy.Data()
    train(toy.Model(), data, SETTINGS, validate=toy.validation(data), **options)


def test_says_nothing_unless_asked(toy, capfd):
    run(toy)
    assert capfd.readouterr() == ("", "")


def test_a_pipe_gets_no_progress(toy, capfd):
    run(toy, progress=True, unit="molecules")
    assert capfd.readouterr() == ("", "")


def test_a_pipe_gets_a_row_per_validation_where_that_is_asked_for(toy, capfd):
    run(toy, progress="verbose", unit="molecules")
    out, err = capfd.readouterr()
    assert out == ""
    heading, *rows = err.splitlines()
    assert heading.split() == ["time", "epoch", "train", "loss", "val.", "loss", "exact"]
    number = r"[\d.e-]+"
    assert len(rows) == 2
    for epoch, found in enumerate(rows, start=1):
        assert re.fullmatch(rf" *0:00:\d\d +{epoch}\.00 +{number} +{number} +{number}( best)?", found)


def shown(toy, monkeypatch, width: int) -> str:
    text = io.StringIO()
    console = Console(file=text, force_terminal=True, width=width)
    monkeypatch.setattr("grae.training.progress.FRAME", 0.0)
    monkeypatch.setattr("grae.training.loop.choose_reporter", lambda shown, unit: Bar(console, unit))
    run(toy)
    return re.sub(r"\x1b\[[\d;?]*[A-Za-z]", "", text.getvalue())


@pytest.mark.parametrize("width", [80, 200])
def test_a_terminal_gets_bar_percent_time_left_and_loss(toy, monkeypatch, width):
    lines = re.split(r"[\r\n]+", shown(toy, monkeypatch, width))
    bars = [line for line in lines if "%" in line]
    assert any(re.search(r"━{3,}.*\d+%  0:00:\d\d left  loss [\d.e-]+", line) for line in bars)
    assert max(len(line.rstrip()) for line in lines) <= width
    assert sum("best" in line for line in lines) >= 1


def test_a_narrow_terminal_keeps_what_fits(toy, monkeypatch):
    lines = re.split(r"[\r\n]+", shown(toy, monkeypatch, 40))
    bars = [line for line in lines if "%" in line]
    assert any("left" in line for line in bars)
    assert max(len(line.rstrip()) for line in bars) <= 40


@given(st.lists(st.text("ab", max_size=9)), st.integers(0, 40))
def test_what_fits_is_the_longest_beginning(parts, width):
    text = fitting(parts, width)
    assert len(text) <= width


def test_the_bar_goes_away_on_errors(toy, monkeypatch):
    bar = Bar(Console(file=io.StringIO(), force_terminal=True), "rows")
    monkeypatch.setattr("grae.training.loop.choose_reporter", lambda shown, unit: bar)
    with pytest.raises(ZeroDivisionError):
        train(toy.Model(), toy.Data(), SETTINGS, validate=lambda model: {"loss": 1 / 0})
    assert not bar.progress.live.is_started


@pytest.mark.parametrize(
    ("shown", "terminal", "kind"),
    [
        (False, True, Reporter),
        (True, False, Notes),
        ("verbose", False, Rows),
        (True, True, Bar),
        ("verbose", True, Bar),
    ],
)
def test_chooses(shown, terminal, kind):
    reporter = choose_reporter(shown, "rows", Console(file=io.StringIO(), force_terminal=terminal))
    assert type(reporter) is kind


def test_words():
    assert in_words({"loss": 1.23456, "exact": None}) == "loss 1.235 exact not finite"
    assert [clock(seconds) for seconds in (0, 59.6, 3599, 3600, 360000)] == [
        "0:00:00",
        "0:01:00",
        "0:59:59",
        "1:00:00",
        "100:00:00",
    ]


def test_the_settings_and_the_folder_need_no_torch():
    program = "import sys, grae.training.settings, grae.training.run_folder; print('torch' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "False"
