"""How the program ends, and what it says then."""

import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from grae.version import __version__

VERBS = ("grammar", "data", "train", "encode", "decode", "sample", "evaluate")
RAISES = "import grae.grammar\ndef load_grammar(_, **options): {}\ngrae.grammar.load_grammar = load_grammar"


def test_program_is_installed():
    (script,) = entry_points(group="console_scripts", name="grae")
    assert script.value == "grae.cli.main:main"


def test_version(grae):
    ended = grae("--version")
    assert (ended.status, ended.out) == (0, f"grae {__version__}\n")


def test_help_names_each_verb(grae):
    ended = grae("--help")
    assert ended.status == 0
    assert all(verb in ended.out for verb in VERBS)


@pytest.mark.parametrize("verb", VERBS)
def test_each_verb_has_help(grae, verb: str):
    ended = grae(verb, "--help")
    assert ended.status == 0
    assert ended.out.strip()


def test_help_says_what_is_left_out(grae):
    told = " ".join(grae("train", "--help").out.replace("│", " ").split())
    assert "Epochs. [default: by the size of the data]" in told


def test_unknown_verb_is_bad_input(grae):
    ended = grae("trian")
    assert (ended.status, ended.out) == (2, "")
    assert "train" in ended.err


def test_unknown_option_is_bad_input(grae):
    ended = grae("grammar", "list", "--jsn")
    assert (ended.status, ended.out) == (2, "")
    assert "--json" in ended.err


def test_bad_input_is_one_message_with_a_remedy_and_status_2(program):
    ended = program("grammar", "show", "smile")
    assert (ended.status, ended.out) == (2, "")
    assert ended.err.startswith("grae: no grammar 'smile'")
    assert "remedy: did you mean 'smiles'?" in ended.err
    assert "Traceback" not in ended.err


def test_bug_keeps_its_traceback_and_status_1(program):
    ended = program("grammar", "show", "smiles", before=RAISES.format("raise KeyError('a bug')"))
    assert (ended.status, ended.out) == (1, "")
    assert "Traceback" in ended.err
    assert "KeyError: 'a bug'" in ended.err


def test_interrupt_ends_with_status_130_and_its_message(program):
    ended = program(
        "grammar", "show", "smiles", before=RAISES.format("raise KeyboardInterrupt('resume with --resume')")
    )
    assert (ended.status, ended.out) == (130, "")
    assert ended.err.strip() == "grae: resume with --resume"


def test_full_disk_is_bad_input_with_a_remedy(program):
    before = RAISES.format("raise OSError(28, 'No space left on device', 'runs/x')")
    ended = program("grammar", "show", "smiles", before=before)
    assert ended.status == 2
    assert ended.err.startswith("grae: runs/x: No space left on device")
    assert "remedy: free some space" in ended.err


@pytest.mark.skipif(sys.platform == "win32", reason="pipes end otherwise there")
@pytest.mark.parametrize(
    "pipe", ["grammar show smiles | head -n 1", "grammar list | true", "grammar list --json | true"]
)
def test_reader_that_goes_away_is_no_error(pipe: str):
    command = f"{sys.executable} -c 'from grae.cli.main import main; main()' {pipe}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_full_disk_on_stdout_is_bad_input(monkeypatch: pytest.MonkeyPatch, unbuffered: str):
    monkeypatch.setenv("PYTHONUNBUFFERED", unbuffered)
    command = f"{sys.executable} -c 'from grae.cli.main import main; main()' grammar list --json > /dev/full"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=120)
    assert done.returncode == 2
    assert "No space left on device" in done.stderr
    assert "Traceback" not in done.stderr
