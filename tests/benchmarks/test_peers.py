"""The comparison with other software: table, page, failing rows and missing packages."""

import subprocess
import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parent / "peers"))
import run  # pyright: ignore[reportMissingImports]  (tests/benchmarks/peers)

FOLDER = run.FOLDER

LINES = [
    {"package": "lark", "version": "1.3.1"},
    {"missing": "nltk", "why": "No module named 'nltk'"},
    {"work": "parse", "who": "grae", "unit": "strings/s", "values": [300.0, 200.0, 100.0], "higher": True, "note": ""},
    {"work": "parse", "who": "grae, slow", "unit": "strings/s", "values": [0.0], "higher": True, "note": ""},
    {"work": "parse", "who": "lark", "unit": "strings/s", "values": [20.0], "higher": True, "note": "identical"},
    {"work": "parse", "who": "other", "unit": "strings/s", "values": [800.0], "higher": True, "note": ""},
    {"work": "parse", "who": "broken", "failed": "not LALR"},
    {"work": "evaluate", "who": "grae", "unit": "CPU seconds", "values": [2.0], "higher": False, "note": ""},
    {"work": "evaluate", "who": "molsets", "unit": "CPU seconds", "values": [5.0], "higher": False, "note": ""},
]


def test_the_table_says_who_is_better():
    assert run.table(LINES)[2:] == [
        "| parse | grae | 200 strings/s (100 to 300) |  |  |",
        "| parse | grae, slow | 0 strings/s |  |  |",
        "| parse | lark | 20 strings/s | 10 | identical |",
        "| parse | other | 800 strings/s | **0.25** |  |",
        "| parse | broken | - | | not LALR |",
        "| evaluate | grae | 2 CPU seconds |  |  |",
        "| evaluate | molsets | 5 CPU seconds | 2.5 |  |",
    ]


def test_the_page_keeps_the_sections_of_other_rows():
    section = run.section("parsing", LINES, ["--seeds", "1"])
    assert section.startswith("## Parsing\n\n`make bench-peers ARGS='--rows parsing --seeds 1'`")
    assert "lark 1.3.1" in section
    assert "Not installed: nltk (No module named 'nltk')." in section
    old = f"# Old\n\n## Parsing\n\nearlier\n\n## Search\n\n| a |\n\n## {run.REMARKS}\n\nIn one row.\n"
    text = run.page({"parsing": section}, old)
    assert text == f"{run.HEAD}\n\n{section}\n\n## Search\n\n| a |\n\n## {run.REMARKS}\n\nIn one row.\n"
    assert run.page({}, text) == text
    assert run.page({"parsing": section}, "") == f"{run.HEAD}\n\n{section}\n"


def test_a_row_that_times_out_or_fails_gives_a_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setattr(run, "FOLDER", tmp_path / "a" / "b" / "c")
    run.FOLDER.mkdir(parents=True)
    (run.FOLDER / "slow.py").write_text("import time\nprint('{\"work\": 1}', flush=True)\ntime.sleep(60)\n")
    (run.FOLDER / "wrong.py").write_text("raise ValueError('no')\n")
    assert run.measured("slow", [], 5) == [{"work": 1}, {"ended": "slow: timed out after 5 s"}]
    assert run.measured("wrong", [], 60) == [{"ended": "wrong: ValueError: no"}]


@pytest.mark.slow
def test_a_missing_package_gives_a_line(tmp_path: Path):
    """Hides all peers except nltk, which grae itself requires, as if they were not installed."""
    hidden = ("lark", "xgrammar", "llguidance", "grammarinator", "fandango")
    code = "import sys\n" + "".join(f"sys.modules[{name!r}] = None\n" for name in hidden)
    (tmp_path / "sitecustomize.py").write_text(code)
    command = [sys.executable, str(FOLDER / "run.py"), "--rows", "parsing", "masks", "strings"]
    options = ["--seeds", "1", "--seconds", "0.01", "--out", str(tmp_path / "peers.md")]
    environment = {"PYTHONPATH": str(tmp_path), "PATH": "", "GRAE_CACHE_HOME": str(tmp_path / "cache")}
    done = subprocess.run([*command, *options], capture_output=True, text=True, check=True, env=environment)
    for name in ("lark", "xgrammar", "llguidance", "grammarinator", "fandango-fuzzer"):
        assert done.stderr.count(f"{name} is not installed: pip install 'grae[peers]'") == 1
    assert "Traceback" not in done.stderr
    page = (tmp_path / "peers.md").read_text()
    assert "| parse JSON" in page
    assert "nltk chart" in page
    assert "timed out" not in page
