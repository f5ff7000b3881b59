import io
import re
import subprocess
import sys

import pytest
from rich.console import Console

from grae.training.loop import train
from grae.training.progress import Bar, Lines, Silent, choose_reporter, clock, in_words
from grae.training.settings import TrainingSettings

SETTINGS = TrainingSettings(epochs=2, batch_size=8, precision="fp32", device="cpu")


def run(toy, **options) -> None:
    data = toy.Data()
    train(toy.Model(), data, SETTINGS, validate=toy.validation(data), **options)


def test_says_nothing_unless_asked(toy, capfd):
    run(toy)
    assert capfd.readouterr() == ("", "")


def test_a_pipe_gets_one_plain_line_a_validation_on_standard_error(toy, capfd):
    run(toy, progress=True, unit="molecules")
    out, err = capfd.readouterr()
    assert out == ""
    lines = err.splitlines()
    assert len(lines) == 2
    number = r"[\d.e-]+"
    assert re.fullmatch(
        rf"0:00:\d\d( \(0:00:\d\d left\))?  epoch 1\.00  [\d,]+ molecules/s  training loss {number}"
        rf"  validation loss {number} exact {number}( \(best\))?",
        lines[0],
    )


def test_a_terminal_gets_a_bar(toy, monkeypatch):
    text = io.StringIO()
    console = Console(file=text, force_terminal=True, width=200)
    monkeypatch.setattr("grae.training.progress.FRAME", 0.0)
    monkeypatch.setattr("grae.training.loop.choose_reporter", lambda shown, unit: Bar(console, unit))
    run(toy)
    assert "100%" in text.getvalue()
    assert "rows/s" in text.getvalue()
    assert text.getvalue().count("validation loss") == 2
    assert "left" in text.getvalue()


def test_a_narrow_terminal_keeps_what_is_left_and_the_rate(toy, monkeypatch):
    text = io.StringIO()
    console = Console(file=text, force_terminal=True, width=60)
    monkeypatch.setattr("grae.training.progress.FRAME", 0.0)
    monkeypatch.setattr("grae.training.loop.choose_reporter", lambda shown, unit: Bar(console, unit))
    run(toy)
    bars = [line for line in text.getvalue().splitlines() if "%" in line]
    assert any("left" in line and "rows/s" in line for line in bars)


def test_the_bar_goes_away_on_errors(toy, monkeypatch):
    bar = Bar(Console(file=io.StringIO(), force_terminal=True), "rows")
    monkeypatch.setattr("grae.training.loop.choose_reporter", lambda shown, unit: bar)
    with pytest.raises(ZeroDivisionError):
        train(toy.Model(), toy.Data(), SETTINGS, validate=lambda model: {"loss": 1 / 0})
    assert not bar.progress.live.is_started


@pytest.mark.parametrize(
    ("shown", "terminal", "kind"), [(False, True, Silent), (True, False, Lines), (True, True, Bar)]
)
def test_chooses(shown, terminal, kind):
    reporter = choose_reporter(shown, "rows", Console(file=io.StringIO(), force_terminal=terminal))
    reporter.close()
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
