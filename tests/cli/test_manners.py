"""How the program behaves in a shell: completions, help, verbosity, colours, narrow terminals and pipes."""

import math
import os
import pty
import re
import select
import shlex
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from typer.main import get_command

from grae.cli.main import app
from grae.cli.manual import MANUAL
from grae.cli.output import distinct_texts, figure

ESCAPE = "\x1b["


def leaves() -> dict[str, object]:
    """Every verb of the program by the words that call it."""
    found: dict[str, object] = {}
    waiting = [((), get_command(app))]
    while waiting:
        words, command = waiting.pop()
        inner = getattr(command, "commands", None)
        if inner is None:
            found[" ".join(words)] = command
        else:
            waiting += [((*words, name), one) for name, one in inner.items()]
    return found


LEAVES = leaves()
EXAMPLES = [(verb, example) for verb, page in MANUAL.items() for example in page.examples]


def test_every_verb_has_examples():
    assert set(LEAVES) <= {verb for verb, page in MANUAL.items() if page.examples}


@pytest.mark.parametrize("verb", LEAVES)
def test_the_help_of_a_verb_ends_with_its_examples(grae, verb: str):
    ended = grae(*verb.split(), "--help")
    shown = [line.strip() for line in ended.out.rstrip().splitlines()]
    examples = list(MANUAL[verb].examples)
    assert shown[-len(examples) - 1 :] == ["Examples:", *examples]


@pytest.mark.parametrize("verb", LEAVES)
def test_the_help_of_a_verb_fits_80_columns(verb: str):
    command = LEAVES[verb]
    context = command.make_context(f"grae {verb}", [], resilient_parsing=True, terminal_width=80)  # pyright: ignore[reportAttributeAccessIssue]
    lines = command.get_help(context).splitlines()  # pyright: ignore[reportAttributeAccessIssue]
    assert [line for line in lines if len(line) > 80] == []


@pytest.mark.parametrize(("verb", "example"), EXAMPLES, ids=[example for _, example in EXAMPLES])
def test_an_example_is_a_command_that_the_verb_understands(verb: str, example: str, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.toml").write_text("seed = 3\n")
    words = shlex.split(example[example.index("grae ") :].partition(" > ")[0])
    assert words[: 1 + len(verb.split())] == ["grae", *verb.split()]
    command = LEAVES[verb]
    context = command.make_context(verb, words[1 + len(verb.split()) :])  # pyright: ignore[reportAttributeAccessIssue]
    assert context.params


def test_quiet_tells_only_errors_and_verbose_tells_the_versions(program):
    loud = program("grammar", "check", "arithmetic")
    quiet = program("grammar", "check", "arithmetic", "-q")
    verbose = program("grammar", "check", "arithmetic", "-v")
    assert loud.out == quiet.out == verbose.out
    assert loud.err.startswith("arithmetic: 12 productions")
    assert quiet.err == ""
    assert verbose.err.startswith("grae ")
    assert "torch" in verbose.err.splitlines()[0]
    assert verbose.err.splitlines()[-1].startswith("took ")
    wrong = program("grammar", "check", "arithmetc", "-q")
    assert (wrong.status, wrong.err.startswith("grae: no grammar")) == (2, True)
    both = program("grammar", "check", "arithmetic", "-q", "-v")
    assert (both.status, both.out) == (2, "")
    assert "cannot be combined" in both.err
    traced = program("grammar", "check", "arithmetc", "--verbose")
    assert traced.status == 2
    assert "Traceback" in traced.err
    assert "remedy: did you mean 'arithmetic'?" in traced.err


def in_terminal(command: list[str], columns: int, *, status: int = 0, **environment: str) -> str:
    """What a command writes where all its streams are a terminal of so many columns."""
    import fcntl
    import struct
    import termios

    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    kept = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "NO_COLOR", "TERM")}
    process = subprocess.Popen(
        command, stdin=theirs, stdout=theirs, stderr=theirs, env={**kept, "TERM": "xterm-256color", **environment}
    )
    os.close(theirs)
    written = b""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        ready, _, _ = select.select([ours], [], [], 1)
        try:
            some = os.read(ours, 65536) if ready else None
        except OSError:  # the other end is closed
            some = b""
        if some == b"":
            break
        written += some or b""
    os.close(ours)
    assert process.wait(timeout=60) == status, written.decode()
    return written.decode()


COMMAND = [sys.executable, "-c", "from grae.cli.main import main; main()"]


def test_colours_in_a_terminal_unless_no_color_is_set(tmp_path: Path):
    table = [*COMMAND, "grammar", "show", "arithmetic"]
    assert ESCAPE in in_terminal(table, 80)
    coloured = in_terminal(table, 80, NO_COLOR="1")
    assert not [code for code in coloured.split(ESCAPE)[1:] if code.split("m")[0] not in ("0", "1")]
    piped = subprocess.run(table, capture_output=True, text=True, check=True, timeout=120)
    assert ESCAPE not in piped.stdout + piped.stderr


@pytest.mark.parametrize(
    ("status", "arguments"),
    [
        (0, ["grammar", "show", "smiles"]),
        (0, ["data", "show", "expressions"]),
        (2, ["data", "show", "moses"]),
        (2, ["grammar", "check", "expressions"]),
        (2, ["grammar", "check", "smiles", "--data", "no/such/file"]),
        (2, ["train", "-g", "smiles", "--epochs", "x" * 30]),
        (2, ["optimize", "--strategy", "nothing"]),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_notes_and_errors_fit_on_a_terminal(status: int, arguments: list[str]):
    written = in_terminal([*COMMAND, *arguments], 60, status=status, NO_COLOR="1")
    lines = [line.rstrip() for line in re.sub(r"\x1b\[[\d?;]*[a-zA-Z]", "\n", written).splitlines()]
    wide = [line for line in lines if len(line) > 60 and len(line.split()) > 1]
    assert [line for line in wide if "sha256" not in line and "fingerprint" not in line] == []


def test_a_narrow_terminal_gets_narrow_tables_with_everything_in_them():
    written = in_terminal([*COMMAND, "grammar", "show", "arithmetic"], 40, NO_COLOR="1")
    lines = [line.rstrip() for line in re.sub(r"\x1b\[\d*m|\r", "", written).splitlines()]
    start = next(place for place, line in enumerate(lines) if "production" in line and "id" in line)
    assert max(map(len, lines[start:])) <= 40
    assert "'exp('" in written or "'exp'" in written
    helped = in_terminal([*COMMAND, "sample", "--help"], 50)
    options = helped[: helped.index("Examples:")].replace("\r", "").splitlines()
    assert max(map(len, options)) <= 50


def test_a_pipe_gets_no_bars(program):
    ended = program("grammar", "check", "arithmetic", "--data", "-", stdin=b"x+1\n" * 50_000)
    assert ended.status == 0
    assert ESCAPE not in ended.err
    assert "\r" not in ended.err
    assert ended.err.count("\n") == 1


@pytest.fixture
def home(tmp_path: Path) -> dict[str, str]:
    """An empty home with `grae` on the path, and runs beside."""
    program = tmp_path / "bin" / "grae"
    program.parent.mkdir()
    program.write_text(f"#!{sys.executable}\nfrom grae.cli.main import main\nmain()\n")
    program.chmod(0o755)
    for name in ("lists-grae-1", "lists-grae-2"):
        (tmp_path / "runs" / name).mkdir(parents=True)
        (tmp_path / "runs" / name / "config.json").write_text("{}")
    return {**os.environ, "HOME": str(tmp_path), "PATH": f"{program.parent}:{os.environ['PATH']}"}


def shell(name: str, script: str, home: dict[str, str]) -> str:
    """What a script prints in a shell; skips where the shell is missing."""
    if shutil.which(name) is None:
        pytest.skip(f"needs the shell {name}")
    done = subprocess.run([name, "-c", script], cwd=home["HOME"], env=home, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr
    return done.stdout


# What bash does when Tab is pressed after these words, and what it would offer.
BASH = """
source ~/.bashrc
offered() {
    COMP_WORDS=("$@"); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); COMPREPLY=()
    local how=$(complete -p grae); how=${how#*-F }; ${how%% *} grae
    echo "${COMPREPLY[@]}"
}
offered grae sa
offered grae train --grammar sm
offered grae data show zinc
offered grae sample li
offered grae images fi
"""
OFFERED = ["sample", "smiles smiles-gvae", "zinc250k zinc250k-test", "lists-grae-1 lists-grae-2", "figure"]


def sorted_words(line: str) -> str:
    return " ".join(sorted(line.split()))


def test_bash_completes_after_install(home: dict[str, str]):
    told = shell("bash", "grae --install-completion; true", home)
    assert "completion installed" in told
    assert [sorted_words(line) for line in shell("bash", BASH, home).splitlines()] == OFFERED


def test_fish_completes_after_install(home: dict[str, str]):
    shell("fish", "grae --install-completion; true", home)
    lines = [line.partition("complete ")[2] for line in FISH]
    script = "; echo ---; ".join(f'complete -C "{line}"' for line in lines)
    offered = shell("fish", script, home).split("---")
    found = [" ".join(sorted(line.split("\t")[0] for line in part.strip().splitlines())) for part in offered]
    assert found == OFFERED


FISH = [
    "complete grae sa", "complete grae train --grammar sm", "complete grae data show zinc", "complete grae sample li",
    "complete grae images fi",
]  # fmt: skip

# The line editor is not to be had in a script: what zsh has bound to the command, and what that would offer.
ZSH = """
fpath+=~/.zfunc; autoload -Uz compinit; compinit -u -d ~/.zcompdump
echo $_comps[grae]
env _TYPER_COMPLETE_ARGS="grae optim" _GRAE_COMPLETE=complete_zsh grae
"""


def test_zsh_completes_after_install(home: dict[str, str]):
    shell("zsh", "grae --install-completion; true", home)
    bound, *offered = shell("zsh", ZSH, home).splitlines()
    assert bound == "_grae"
    assert "optimize" in "".join(offered)


def test_the_help_of_a_search_lists_the_tasks_of_benchmarks(program):
    from grae.targets.benchmarks.names import GUACAMOL, PMO

    helped = " ".join(program("optimize", "--help").out.split())
    assert all(re.search(rf"\b{name}\b", helped) for name in (*GUACAMOL, *PMO))


def test_numbers_of_any_size_say_something():
    shown = [figure(value) for value in (0.0, -0.0, 0.5, -12.3456, 0.0123, 4.2e-5, -3.21e-9, 6.02e23, math.inf)]
    assert shown == ["0.000", "0.000", "0.500", "-12.346", "0.012", "4.2e-05", "-3.21e-09", "6.02e+23", "inf"]
    assert distinct_texts(1.0, 2.5) == ["1", "2.5"]
    assert distinct_texts(136.000001, 136.000002) == ["136.000001", "136.000002"]
    assert distinct_texts(0.1, 0.1) == ["0.1", "0.1"]
