"""A killed `grae optimize` and its `--resume`, as a user would meet them."""

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from grae.grammar import load_grammar
from grae.grammar.counting import sample_uniform
from grae.sequence import GrammarAutoencoder

OWN = """
from pathlib import Path

def score(text):
    with Path("called.txt").open("a") as called:
        called.write(text + "\\n")
    return text.count("x") - 0.1 * len(text)
"""
ROUNDS, BATCH = 3, 5


def grae(folder: Path, *arguments: str) -> subprocess.Popen:
    command = [sys.executable, "-P", "-c", "from grae.cli.main import main; main()", *arguments]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    with (folder / "said.txt").open("wb") as said:
        return subprocess.Popen(command, cwd=folder, env=environment, stdout=said, stderr=said)


@pytest.mark.skipif(sys.platform == "win32", reason="no such signal there")
def test_a_search_killed_in_every_round_scores_nothing_twice(tmp_path: Path):
    grammar = load_grammar("arithmetic")
    texts = [grammar.unparse(ids) for ids in sample_uniform(grammar, 150, 7, 0)]
    model = GrammarAutoencoder(grammar, preset="quick", epochs=1, latent_dim=4, batch_size=64, device="cpu")
    model.fit(texts).save(tmp_path / "run")
    (tmp_path / "start.txt").write_text("\n".join(texts) + "\n")
    (tmp_path / "own.py").write_text(OWN)
    options = ["--target", "own.py:score", "--start", "start.txt", "--start-limit", "20", "--out", "found"]
    options += ["--rounds", str(ROUNDS), "--batch-size", str(BATCH), "--json"]
    history = tmp_path / "found" / "history.jsonl"

    def scored() -> list[dict]:
        whole = history.read_text().split("\n")[:-1] if history.is_file() else []
        return [json.loads(line) for line in whole]

    kills = 0
    running = grae(tmp_path, "optimize", "run", *options)
    begun = tmp_path / "found" / "start-scores.jsonl"
    patience = time.monotonic() + 200
    while not (begun.is_file() and begun.read_bytes().count(b"\n") >= 5) and time.monotonic() < patience:
        time.sleep(0.002)
    if running.poll() is None:  # in the start
        running.send_signal(signal.SIGKILL)
        kills += 1
    running.wait(timeout=60)
    running = grae(tmp_path, "optimize", "--out", "found", "--resume", "--json")
    for number in range(ROUNDS):
        patience = time.monotonic() + 200
        while len(scored()) < number * BATCH + 2 and running.poll() is None and time.monotonic() < patience:
            time.sleep(0.002)
        if running.poll() is None:
            running.send_signal(signal.SIGKILL)
            kills += 1
        running.wait(timeout=60)
        running = grae(tmp_path, "optimize", "--out", "found", "--resume", "--json")
    assert running.wait(timeout=300) == 0, (tmp_path / "said.txt").read_text()

    records = scored()
    assert kills >= ROUNDS - 1
    assert [record["round"] for record in records] == sorted([*range(ROUNDS)] * BATCH)
    strings = [record["string"] for record in records]
    assert len(set(strings)) == len(strings)
    called = Counter((tmp_path / "called.txt").read_text().split("\n")[:-1])
    assert set(strings) <= called.keys()
    again = sum(count - 1 for count in called.values())
    assert again <= kills  # the calls that were in flight
    told = json.loads((tmp_path / "said.txt").read_text().splitlines()[-1])
    assert told["calls"] == ROUNDS * BATCH
    assert told["found"][0]["score"] == max(record["score"] for record in records)
    starting = [json.loads(line) for line in begun.read_text().splitlines()]
    assert len({line["string"] for line in starting}) == len(starting) == told["start"]["strings"] == 20
