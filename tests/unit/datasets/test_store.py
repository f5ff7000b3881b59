import json
import os
import pickle
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grae.datasets import Source, build_store, check_coverage, open_source, open_store
from grae.datasets import encoding as encoding_module
from grae.errors import DataError, SettingsError
from grae.grammar import load_grammar
from grae.grammar.cfg import Grammar
from grae.grammar.codec import decode, encode

SMILES = load_grammar("smiles")
LISTS = Grammar.from_text("S -> '[' L ']'\nL -> 'x' L | S L |", "lists")


@pytest.fixture
def cache(tmp_path, monkeypatch) -> Path:
    """An empty cache; the folder of its stores."""
    monkeypatch.setenv("GRAE_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "stores"


def written(folder: Path, content: str | bytes, name: str = "data.txt") -> Source:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return Source(path)


def names(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir()) if folder.exists() else []


def equal(store, derivations) -> bool:
    return np.array_equal(store.derivations.ids, derivations.ids) and np.array_equal(
        store.derivations.offsets, derivations.offsets
    )


nested = st.recursive(st.just("x"), lambda inner: st.lists(inner, max_size=3).map(lambda parts: f"[{''.join(parts)}]"))


@given(st.lists(nested, min_size=1, max_size=30))
def test_a_store_holds_what_encoding_in_memory_gives(tmp_path_factory, texts):
    texts.append("[x]")
    source = written(tmp_path_factory.mktemp("lists"), "".join(f"{text}\n" for text in texts))
    store = build_store(LISTS, source, n_jobs=1)
    encoded = encode(LISTS, texts, on_invalid="skip")
    assert equal(store, encoded.derivations)
    assert np.array_equal(store.rows, encoded.rows + 1)
    assert store.derivations.ids.dtype == LISTS.dtype
    assert decode(LISTS, store.derivations) == [texts[row] for row in encoded.rows]
    assert store.counts.read == len(texts)
    assert store.counts.kept == len(store) == len(encoded.rows)
    assert sum(store.counts.rejected.values()) == len(encoded.rejections)


def test_the_arrays_are_mapped_and_read_only(tmp_path, cache):
    store = build_store(LISTS, written(tmp_path, "[x]\n[]\n"))
    for array in (store.derivations.ids, store.derivations.offsets, store.rows):
        assert isinstance(array, np.memmap)
        assert not array.flags.writeable
    assert equal(pickle.loads(pickle.dumps(store)), store.derivations)  # noqa: S301 - as joblib sends it to a process


def test_chunks_and_jobs_make_no_difference(tmp_path, cache, monkeypatch):
    texts = ["[" + "x" * (number % 7) + "[x]" * (number % 3) + "]" for number in range(1000)]
    source = written(tmp_path, "\n".join(texts))
    one = build_store(LISTS, source, n_jobs=1)
    kept = [np.array(array) for array in (one.derivations.ids, one.derivations.offsets, one.rows)]
    for lines, n_jobs in ((1, 1), (17, 2), (400, 3)):
        shutil.rmtree(cache)
        monkeypatch.setattr(encoding_module, "CHUNK_LINES", lines)
        other = build_store(LISTS, source, n_jobs=n_jobs)
        for array, expected in zip((other.derivations.ids, other.derivations.offsets, other.rows), kept, strict=True):
            assert np.array_equal(array, expected)


def test_processes_make_no_difference(tmp_path, cache, monkeypatch):
    texts = ["OCC", "C1CC", "c1ccccc1", "", "C[N+](C)C", "xyz"] * 50
    source = written(tmp_path, "\n".join(texts))
    one = build_store(SMILES, source, n_jobs=1)
    expected = (np.array(one.derivations.ids), np.array(one.rows), one.meta.counts, one.rejects_path.read_bytes())
    shutil.rmtree(cache)
    monkeypatch.setattr(encoding_module, "CHUNK_LINES", 40)
    monkeypatch.setattr(encoding_module, "PROCESSES_FROM", 80)
    two = build_store(SMILES, source, n_jobs=2)
    assert np.array_equal(two.derivations.ids, expected[0])
    assert np.array_equal(two.rows, expected[1])
    assert two.meta.counts == expected[2]
    assert two.rejects_path.read_bytes() == expected[3]


def test_an_error_in_the_reading_ends_the_processes_too(tmp_path, cache, monkeypatch):
    monkeypatch.setattr(encoding_module, "CHUNK_LINES", 10)
    monkeypatch.setattr(encoding_module, "PROCESSES_FROM", 20)
    source = written(tmp_path, "s\n" + "CCO\n" * 500 + '"' + "C\n" * 100_000, "data.csv")
    with pytest.raises(DataError, match=r"data\.csv, line"):
        build_store(SMILES, source, n_jobs=2)
    assert names(cache) == []


def test_molecules_in_canonical_form_or_as_written(tmp_path, cache):
    source = written(tmp_path, "OCC\nC(O)C\nC1CC\nC(C)(C)(C)(C)C\n")
    canonical = build_store(SMILES, source)
    assert decode(SMILES, canonical.derivations) == ["CCO", "CCO"]
    assert canonical.counts.rejected == {"not read by RDKit": 2}
    assert [reject.detail.split(":")[0] for reject in canonical.rejects] == ["unclosed ring", "valence"]
    plain = build_store(SMILES, source, form="as-written")
    assert decode(SMILES, plain.derivations)[:2] == ["OCC", "C(O)C"]
    assert plain.path != canonical.path
    with pytest.raises(SettingsError, match="strings have the form as-written alone"):
        build_store(LISTS, source, form="canonical")
    with pytest.raises(SettingsError, match="unknown form"):
        build_store(SMILES, source, form="upper")


def test_a_canonical_form_outside_the_grammar_is_shown(tmp_path, cache):
    small = Grammar.from_text("#% language molecules\nS -> 'O' 'C' | 'O' 'C' 'C' | 'C'", "small")
    store = build_store(small, written(tmp_path, "C\nOCC\n"))
    assert store.counts.rejected == {"outside the grammar": 1}
    assert store.rejects[0].text == "OCC"
    assert "canonical form CCO" in store.rejects[0].detail


def test_rejects_are_counted_sampled_and_written(tmp_path, cache):
    content = (
        b"[x]\n\n[y]\n[[x]\n\xff[]\n"
        + b"["
        + b"x" * 30
        + b"]\n"
        + b"[a\tb]\n"
        + b"".join(b"[%d]\n" % number for number in range(20))
    )
    store = build_store(LISTS, written(tmp_path, content), max_length=20)
    assert store.counts.read == 27
    assert store.counts.kept == 1
    assert store.counts.rejected == {"outside the grammar": 23, "empty": 1, "not UTF-8": 1, "too long": 1}
    assert len([reject for reject in store.rejects if reject.reason == "outside the grammar"]) == 5
    head, *table = store.rejects_path.read_text(encoding="utf-8").splitlines()
    assert head.split("\t") == ["line", "reason", "string", "detail"]
    assert len(table) == 26
    cells = [line.split("\t") for line in table]
    assert [int(cell[0]) for cell in cells] == list(range(2, 28))
    assert cells[0][:3] == ["2", "empty", ""]
    assert cells[1][1:3] == ["outside the grammar", "[y]"]
    assert cells[1][3].endswith("'y' at position 1")
    assert cells[3][:3] == ["5", "not UTF-8", "\\xff[]"]
    assert cells[4][1] == "too long"
    assert cells[5][2] == "[a b]"


def test_on_invalid_error_stops_at_the_first_with_line_and_caret(tmp_path, cache):
    source = written(tmp_path, "[x]\n[xx]\n[xyx]\n[z]\n")
    with pytest.raises(DataError, match=r"data\.txt, line 3: .*'y' at position 2") as caught:
        build_store(LISTS, source, on_invalid="error")
    message = str(caught.value).splitlines()
    assert message[1] == "  [xyx]"
    assert message[2].startswith("    ^ expected one of:")
    assert "--on-invalid skip" in message[-1]
    assert names(cache) == []
    assert len(build_store(LISTS, source)) == 2
    with pytest.raises(DataError, match="line 3"):
        build_store(LISTS, source, on_invalid="error")
    with pytest.raises(DataError, match=r"line 2 is too long: its derivation has \d productions, more than 3"):
        build_store(LISTS, source, on_invalid="error", max_length=3)
    with pytest.raises(DataError, match=r"line 1 is not read by RDKit: syntax"):
        build_store(SMILES, source, on_invalid="error")


def test_a_second_time_opens_the_first_store(tmp_path, cache, monkeypatch):
    source = written(tmp_path, "[x]\n[]\n")
    seen = []
    first = build_store(LISTS, source, progress=seen.append)
    assert [(p.read, p.kept, p.fraction) for p in seen] == [(2, 2, 1.0)]
    monkeypatch.setattr(encoding_module, "encode", None)
    again = build_store(LISTS, written(tmp_path, "[x]\n[]\n", "copy.txt"))
    assert again.path == first.path
    assert names(cache) == [first.path.name]


def test_what_decides_the_outcome_decides_the_store(tmp_path, cache):
    content = "id,s,t\n1,[x],[]\n2,[],[]\n"
    path = written(tmp_path, content, "data.csv").path
    other = Grammar.from_text("S -> '[' L ']'\nL -> S L | 'x' L |", "lists")
    stores = [
        build_store(LISTS, Source(path, column="s")),
        build_store(LISTS, Source(path, column="t")),
        build_store(LISTS, Source(path, column=1)),
        build_store(LISTS, Source(path, column="s"), max_length=9),
        build_store(other, Source(path, column="s")),
        build_store(LISTS, Source(written(tmp_path, content + "3,[],[]\n", "more.csv").path, column="s")),
    ]
    assert len({store.path for store in stores}) == len(stores)


@pytest.mark.parametrize("damage", ["ids.bin", "offsets.bin", "lines.bin", "meta.json"])
def test_a_damaged_store_is_told_and_built_again(tmp_path, cache, damage):
    source = written(tmp_path, "[x]\n[]\n")
    store = build_store(LISTS, source)
    content = (store.path / damage).read_bytes()
    (store.path / damage).write_bytes(content[:-1])
    with pytest.raises(DataError, match=r"truncated|damaged"):
        open_store(store.path)
    assert equal(build_store(LISTS, source), encode(LISTS, ["[x]", "[]"]).derivations)
    (store.path / damage).unlink()
    with pytest.raises(DataError, match="no derivation store"):
        open_store(store.path)
    assert (build_store(LISTS, source).path / damage).read_bytes() == content
    assert names(cache) == [store.path.name]


def test_a_store_of_another_layout_is_not_opened(tmp_path, cache):
    store = build_store(LISTS, written(tmp_path, "[x]\n"))
    meta = json.loads((store.path / "meta.json").read_text())
    (store.path / "meta.json").write_text(json.dumps({**meta, "new": 1}))
    with pytest.raises(DataError, match="of another version"):
        open_store(store.path)


def test_nothing_to_encode(tmp_path, cache):
    with pytest.raises(DataError, match="holds no strings"):
        build_store(LISTS, written(tmp_path, ""))
    with pytest.raises(DataError, match="holds no strings"):
        build_store(LISTS, written(tmp_path, "", "data.csv"))
    nonsense = written(tmp_path, "lorem\nipsum\n\ndolor\n")
    with pytest.raises(DataError, match="none of the 4 lines of") as caught:
        build_store(LISTS, nonsense)
    assert "3 outside the grammar, 1 empty" in str(caught.value)
    assert "'l' at position 0): 'lorem'" in str(caught.value)
    assert "--column" in str(caught.value.remedy)
    with pytest.raises(DataError, match="3 not read by RDKit, 1 empty"):
        build_store(SMILES, nonsense)
    assert names(cache) == []


def test_a_cache_that_cannot_be_written(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("GRAE_CACHE_HOME", str(tmp_path / "file"))
    with pytest.raises(DataError, match="cannot write a derivation store") as caught:
        build_store(LISTS, written(tmp_path, "[x]\n"))
    assert "GRAE_CACHE_HOME" in str(caught.value.remedy)


BUILD = """
import os, resource, signal, sys, time
from grae.datasets import Source, build_store, encoding
from grae.errors import DataError
from grae.grammar import load_grammar

signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs ignore it

def slowly(progress):
    print(progress.read, flush=True)
    if "pause" in sys.argv:
        while True:  # not signal.pause(), which misses a signal that comes just before it
            time.sleep(0.01)

if "full" in sys.argv:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
try:
    store = build_store(load_grammar(sys.argv[1]), Source(sys.argv[2]), n_jobs=1, progress=slowly)
except DataError as error:
    sys.exit(str(error))
print("memory", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def building(grammar: Path | str, source: Source, cache: Path, *how: str) -> subprocess.Popen[str]:
    environment = {**os.environ, "GRAE_CACHE_HOME": str(cache.parent), "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(
        [sys.executable, "-c", BUILD, str(grammar), str(source.path), *how],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )


@pytest.fixture
def lists(tmp_path) -> Path:
    path = tmp_path / "lists.cfg"
    path.write_text(LISTS.text)
    return path


def test_a_killed_build_leaves_no_store_and_its_remains_go(tmp_path, cache, lists):
    source = written(tmp_path, "[x]\n" * 10_000)
    process = building(lists, source, cache, "pause")
    with process:
        assert process.stdout is not None
        assert process.stdout.readline().strip() == "4096"
        process.kill()
    left = names(cache)
    assert len(left) == 1
    assert left[0].startswith(".building-")
    store = build_store(LISTS, source)
    assert len(store) == 10_000
    assert sorted([*left, store.path.name]) == names(cache)
    shutil.rmtree(store.path)
    long_ago = time.time() - 48 * 3600
    for path in [cache / left[0], *(cache / left[0]).iterdir()]:
        os.utime(path, (long_ago, long_ago))
    assert names(cache) == left
    build_store(LISTS, source)
    assert names(cache) == [store.path.name]


def test_an_interrupted_build_leaves_nothing(tmp_path, cache, lists):
    process = building(lists, written(tmp_path, "[x]\n" * 10_000), cache, "pause")
    with process:
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
    assert names(cache) == []


def test_two_builders_at_once(tmp_path, cache, lists):
    source = written(tmp_path, "[x]\n" * 10_000)
    process = building(lists, source, cache, "pause")
    with process:
        assert process.stdout is not None
        process.stdout.readline()
        store = build_store(LISTS, source)
        before = (store.path / "meta.json").stat().st_ino
        process.kill()
    both = [building(lists, written(tmp_path, "[xx]\n" * 30_000, "other.txt"), cache) for _ in range(2)]
    for other in both:
        assert other.communicate()[1] == ""
        assert other.returncode == 0
    assert (store.path / "meta.json").stat().st_ino == before
    assert len([name for name in names(cache) if not name.startswith(".")]) == 2


def test_a_builder_that_comes_second_keeps_the_first_store(tmp_path, cache):
    source = written(tmp_path, "[x]\n[]\n")
    inodes = []

    def other_builder(_progress):
        if not inodes:
            inodes.append(0)
            inodes[0] = (build_store(LISTS, source).path / "meta.json").stat().st_ino

    store = build_store(LISTS, source, progress=other_builder)
    assert [(store.path / "meta.json").stat().st_ino] == inodes
    assert names(cache) == [store.path.name]


def test_a_full_disk(tmp_path, cache, lists):
    process = building(lists, written(tmp_path, "[xxxxxxxxxxxx]\n" * 20_000), cache, "full")
    _, message = process.communicate()
    assert process.returncode == 1
    assert message.startswith("cannot write a derivation store in")
    assert "remedy: free some space" in message
    assert names(cache) == []


def test_memory_does_not_grow_with_the_data(tmp_path, cache, lists):
    peaks = []
    for n in (30_000, 300_000):
        process = building(lists, written(tmp_path, "[xxx[x]x]\n" * n, f"{n}.txt"), cache)
        output, errors = process.communicate()
        assert errors == ""
        peaks.append(int(output.split()[-1]))
    assert peaks[1] < 1.1 * peaks[0]


def test_coverage_counts_without_a_store(tmp_path, cache):
    source = written(tmp_path, "[]\n[x]\n[xx]\n[xx\n\n")
    coverage = check_coverage(LISTS, source)
    assert (coverage.read, coverage.kept, coverage.fraction) == (5, 3, 0.6)
    assert coverage.rejected == {"outside the grammar": 1, "empty": 1}
    assert [reject.line for reject in coverage.rejects] == [4, 5]
    assert coverage.mean_length == 3
    assert coverage.longest == 4
    assert [coverage.percentile(percent) for percent in (1, 33, 50, 100)] == [2, 2, 3, 4]
    assert not cache.exists()
    nothing = check_coverage(LISTS, written(tmp_path, "a\nb\n"))
    assert (nothing.fraction, nothing.longest, nothing.mean_length) == (0, 0, 0)


def test_coverage_of_the_molecules_that_come_with_rdkit():
    for name in ("wehi", "nci"):
        assert check_coverage(SMILES, open_source(name), form="canonical").rejected.get("outside the grammar", 0) == 0


@pytest.mark.slow
def test_coverage_of_zinc(data_home):
    coverage = check_coverage(SMILES, open_source("zinc250k"))
    assert coverage.read == 249_455
    assert coverage.fraction > 0.999
