"""encode, decode, sample and evaluate with a trained run."""

import csv
import gzip
import io
import json
import shutil
import time
from pathlib import Path

import numpy as np
import pytest

from grae.datasets import open_source
from grae.errors import RunError
from grae.grammar import load_grammar


@pytest.fixture(autouse=True)
def runs(trained: Path, tmp_path: Path) -> Path:
    """A copy of the trained run where the commands are run."""
    shutil.copytree(trained / "runs", tmp_path / "runs")
    return tmp_path / "runs"


def test_sample_prints_strings_of_the_language_and_names_the_run(grae, trained: Path):
    ended = grae("sample", "-n", "50")
    texts = ended.out.splitlines()
    assert (ended.status, len(texts)) == (0, 50)
    assert ended.err == "run: runs/lists-grae-1\n"
    grammar = load_grammar(trained / "lists.cfg")
    assert all(grammar.unparse(grammar.parse(text)) == text for text in texts)


def test_sample_json_is_one_object(grae):
    ended = grae("sample", "runs/lists-grae-1", "-n", "4", "--json")
    assert ended.out.count("\n") == 1
    assert ended.json["run"] == "runs/lists-grae-1"
    assert len(ended.json["samples"]) == 4
    assert ended.err == ""


def test_same_seed_samples_the_same(grae):
    options = ("sample", "-n", "20", "--temperature", "1.5")
    assert grae(*options, "--seed", "1").out == grae(*options, "--seed", "1").out
    assert grae(*options, "--seed", "1").out != grae(*options, "--seed", "2").out


def test_without_completion_only_complete_strings_are_written_and_all_are_counted(grae, trained: Path):
    options = ("-n", "300", "--density", "normal", "--temperature", "4", "--completion", "none")
    ended = grae("sample", "runs/lists-grae-1", *options)
    texts = ended.out.splitlines()
    assert (ended.status, ended.err) == (0, f"{len(texts)} of 300 complete\n")
    assert 0 < len(texts) < 300
    grammar = load_grammar(trained / "lists.cfg")
    assert all(grammar.unparse(grammar.parse(text)) == text for text in texts)
    told = grae("sample", "runs/lists-grae-1", *options, "--json").json
    assert (told["samples"], told["complete"]) == (texts, len(texts) / 300)

    found = grae("evaluate", "runs/lists-grae-1", *options, "--json").json
    assert found["complete"] == found["in_language"] == found["valid"] == len(texts) / 300
    assert found["invalid"]["incomplete"]["count"] == 300 - len(texts)
    forced = grae("evaluate", "runs/lists-grae-1", *options[:-2], "--json").json
    assert ("complete" in forced, forced["valid"]) == (False, 1.0)
    compared = grae("evaluate", "runs/lists-grae-1", *options[:2], *options[4:], "--density", "normal,gmm", "--json")
    assert 0 < compared.json["densities"]["normal"]["complete"] < 1
    assert grae("sample", "-n", "1", "--completion", "none", "--constraints", "semantic").status == 2


@pytest.mark.parametrize("density", ["gmm", "gaussian"])
def test_sample_to_a_file_prints_a_table(grae, density: str):
    ended = grae("sample", "-n", "30", "--density", density, "--out", "new.txt")
    texts = Path("new.txt").read_text().splitlines()
    assert (ended.status, len(texts)) == (0, 30)
    assert texts[0] in ended.out
    told = grae("sample", "-n", "30", "--density", density, "--out", "new.txt", "--json").json
    assert told == {"run": "runs/lists-grae-1", "n": 30, "out": "new.txt"}


def test_sample_bad_input(grae):
    for arguments, message in (
        (("--density", "kernel"), "unknown density 'kernel'"),
        (("nowhere",), "no run 'nowhere'"),
        (("--grammar", "arithmetic"), "no run of grammar 'arithmetic'"),
        (("--draw", "grid.png"), "which grae cannot draw"),
        (("--out", "."), "it is a folder"),
        (("-n", "0"), "-n"),
    ):
        ended = grae("sample", *arguments)
        assert (ended.status, ended.out) == (2, ""), arguments
        assert message in ended.err


def test_latest_run_is_used_and_named(grae, trained: Path, runs: Path):
    time.sleep(0.02)
    shutil.copytree(runs / "lists-grae-1", runs / "newer", copy_function=shutil.copy)
    assert "run: runs/newer" in grae("sample", "-n", "1").err
    assert "run: runs/newer" in grae("sample", "-n", "1", "--grammar", trained / "lists.cfg").err
    assert grae("sample", "lists-grae-1", "-n", "1", "--json").json["run"] == "runs/lists-grae-1"


def test_unfinished_and_damaged_runs_are_not_the_latest(grae, trained: Path, runs: Path):
    for name, missing in (("begun", "model.safetensors"), ("damaged", "grammar.cfg")):
        time.sleep(0.02)
        shutil.copytree(runs / "lists-grae-1", runs / name, copy_function=shutil.copy)
        (runs / name / missing).unlink()
    assert "run: runs/lists-grae-1" in grae("sample", "-n", "1", "--grammar", trained / "lists.cfg").err


@pytest.mark.parametrize("file", ["model.safetensors", "config.json", "grammar.cfg", "density.safetensors"])
@pytest.mark.parametrize("harm", ["missing", "truncated", "foreign"])
def test_damaged_run_is_bad_input(grae, runs: Path, file: str, harm: str):
    place = runs / "lists-grae-1" / file
    content = place.read_bytes()
    if harm == "missing":
        place.unlink()
    else:
        place.write_bytes(content[: len(content) // 3] if harm == "truncated" else b"\x80\x04cos\nsystem\n")
    ended = grae("sample", "runs/lists-grae-1", "-n", "1")
    assert (ended.status, ended.out) == (2, "")
    assert file in ended.err
    assert "remedy" in ended.err


def test_encode_and_decode_by_files_and_by_pipes_agree(grae, trained: Path):
    texts = (trained / "lists.txt").read_text().splitlines()[:40]
    Path("in.txt").write_text("\n".join(texts))
    ended = grae("encode", "--in", "in.txt", "--out", "codes.npy")
    assert (ended.status, ended.out) == (0, "")
    codes = np.load("codes.npy", allow_pickle=False)
    assert (codes.shape, codes.dtype) == ((40, 8), np.float32)
    piped = grae("encode", stdin="\n".join(texts)).out
    assert np.array_equal(np.loadtxt(io.StringIO(piped), delimiter=",", skiprows=1, dtype=np.float32), codes)
    decoded = grae("decode", "--in", "codes.npy").out
    assert len(decoded.splitlines()) == 40
    assert grae("decode", stdin=piped).out == decoded
    assert grae("decode", stdin=Path("codes.npy").read_bytes()).out == decoded
    assert grae("decode", "--in", "codes.npy", "--json").json["strings"] == decoded.splitlines()
    assert grae("encode", "--in", "in.txt", "--json").json["codes"] == codes.tolist()


def test_decode_reads_csv_without_headings_to_a_file(grae):
    ended = grae("decode", "--out", "out.txt", stdin="0,0,0,0,0,0,0,0\n1,1,1,1,1,1,1,1\n")
    assert (ended.status, ended.out) == (0, "")
    assert len(Path("out.txt").read_text().splitlines()) == 2


def test_encode_refuses_or_skips_strings_outside_the_language(grae):
    Path("codes.npy").write_bytes(b"mine")
    refused = grae("encode", "--out", "codes.npy", stdin="[a]\n[a;b]\n")
    assert (refused.status, refused.out) == (2, "")
    assert "^" in refused.err
    assert Path("codes.npy").read_bytes() == b"mine"
    skipped = grae("encode", "--on-invalid", "skip", "--json", stdin="[a]\n[a;b]\n[b]\n")
    assert skipped.json["n"] == 2
    assert [(skip["line"], skip["text"]) for skip in skipped.json["skipped"]] == [(2, "[a;b]")]
    nothing = grae("encode", "--on-invalid", "skip", stdin="[a;b]\n")
    assert (nothing.status, nothing.out) == (2, "")


def npy(array: np.ndarray, **options: bool) -> bytes:
    file = io.BytesIO()
    np.save(file, array, **options)
    return file.getvalue()


@pytest.mark.parametrize(
    ("codes", "message"),
    [
        (b"", "is empty"),
        (b"z0,z1\n", "holds no codes"),
        (b"1,2,3\n", "shape (1, 3); expected (n, 8)"),
        (b"1,2\n1,2,3\n", "line 2: 3 columns; expected 2"),
        (b"1,2\n1,x\n", "line 2: 'x' is not a number"),
        (b"\xff\xfe\x00", "neither .npy nor CSV"),
        (b"0,0,0,nan,0,0,0,0\n", "code 1 has nan in column 4"),
        (npy(np.zeros((2, 7), np.float32)), "shape (2, 7); expected (n, 8)"),
        (npy(np.zeros(8, np.float32)), "shape (8,)"),
        (npy(np.full((3, 8), np.inf)), "(24 in total)"),
        (npy(np.array([["a"] * 8])), "expected numbers"),
        (npy(np.array([[print] * 8], object), allow_pickle=True), "holds object; expected numbers"),
        (npy(np.zeros((2, 8)))[:100], "truncated or foreign .npy"),
    ],
)
def test_decode_refuses_codes_that_are_none(grae, codes: bytes, message: str):
    ended = grae("decode", stdin=codes)
    assert (ended.status, ended.out) == (2, "")
    assert message in ended.err
    assert "remedy" in ended.err


def test_decode_of_a_missing_file(grae):
    ended = grae("decode", "--in", "nowhere.npy")
    assert ended.status == 2
    assert "nowhere.npy" in ended.err


def test_evaluate_measures_each_with_its_sample_size(grae):
    ended = grae("evaluate", "-n", "100", "--json")
    found = ended.json
    assert (ended.status, found["n"]) == (0, 100)
    assert found["in_language"] == 1.0
    assert found["counts"]["valid"]["of"] == 100
    assert found["counts"]["unique"]["of"] == found["counts"]["valid"]["count"]
    assert found["counts"]["novel"]["of"] == found["counts"]["unique"]["count"]
    assert found["counts"]["exact_reconstruction"]["of"] > 0
    shown = grae("evaluate", "-n", "100").out
    assert "exact reconstruction" in shown
    assert "100.00 %" in shown


def test_evaluate_without_the_strings_of_the_training(grae, runs: Path):
    config = runs / "lists-grae-1" / "config.json"
    held = json.loads(config.read_text())
    held["data"]["data"] = str(runs / "gone.txt")
    config.write_text(json.dumps(held))
    ended = grae("evaluate", "-n", "10", "--json")
    assert ended.status == 0
    assert ended.json["novel"] is None
    assert ended.json["exact_reconstruction"] is None
    assert "gone.txt" in ended.err


def test_full_disk_leaves_the_message_and_no_traceback(grae):
    if not Path("/dev/full").exists():
        pytest.skip("needs /dev/full")
    ended = grae("sample", "-n", "5000", "--out", "/dev/full")
    assert ended.status == 2
    assert "No space left on device" in ended.err


def test_encode_numbers_lines_alike_and_lists_what_it_skips(grae):
    Path("in.smi").write_text("[a,b]\n\n[a;b]\n[]\n")
    refused = grae("encode", "--in", "in.smi")
    assert refused.status == 2
    assert "in.smi, line 3" in refused.err
    done = grae("encode", "--in", "in.smi", "--on-invalid", "skip", "--out", "codes.npy", "--json")
    assert (done.status, done.json["lines"]) == (0, [1, 4])
    assert [skipped["line"] for skipped in done.json["skipped"]] == [3]
    table = Path(done.json["skipped_in"]).read_text().splitlines()
    assert table[0] == "line\treason\tstring\tdetail"
    assert table[1].startswith("3\toutside the grammar\t[a;b]\t")


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("{'descr': '<f4', 'fortran_order': False, 'shape': (10000000000000, 8), }", "truncated"),
        ("{'descr': '<f4', 'fortran_order': False, 'shape': (-1, 8), }", "truncated"),
        ("{'descr': '|O', 'fortran_order': False, 'shape': (3, 8), }", "expected numbers"),
        ("{'descr': [('a', '<f4', (2,))], 'fortran_order': False, 'shape': (2,), }", "expected numbers"),
        ("(" * 500, "truncated or foreign"),
        ("'''", "truncated or foreign"),
        ("x" * 20_000, "truncated or foreign"),
    ],
)
def test_decode_refuses_strange_headers_of_npy(grae, header: str, message: str):
    content = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header.encode()
    done = grae("decode", "--in", "-", stdin=content)
    assert (done.status, done.out) == (2, "")
    assert message in done.err


def test_decode_refuses_codes_beyond_float32(grae):
    done = grae("decode", "--in", "-", stdin=",".join(["1e300"] * 8))
    assert done.status == 2
    assert "finite float32" in done.err


@pytest.mark.parametrize("name", ["new.csv", "new.tsv", "new.csv.gz", "new.smi.gz", "new.smi"])
def test_strings_are_written_as_the_name_asks(grae, name: str):
    plain = grae("sample", "-n", "4", "-q").out.splitlines()
    assert grae("sample", "-n", "4", "--out", name).status == 0
    content = Path(name).read_bytes()
    text = (gzip.decompress(content) if name.endswith(".gz") else content).decode()
    rows = list(csv.reader(text.splitlines(), delimiter="\t" if ".tsv" in name else ","))
    if ".smi" in name:
        assert text.splitlines() == plain
    else:
        assert rows == [["string"], *([one] for one in plain)]
    assert list(open_source(name).texts()) == plain


def test_what_a_run_samples_it_encodes(grae):
    assert grae("sample", "-n", "300", "--temperature", "2", "--out", "new.txt").status == 0
    assert grae("encode", "--in", "new.txt", "--out", "codes.npy").status == 0


@pytest.mark.parametrize("number", [str(10**12), str(2**63), "0"])
def test_numbers_beyond_all_memory_are_bad_input(grae, number: str):
    assert grae("sample", "-n", number).status == 2


@pytest.mark.parametrize("path", ["a" * 5000, "a/" * 3000, "\udcff"])
def test_strange_paths_are_bad_input(grae, path: str):
    for command in (("encode", "--in"), ("decode", "--in"), ("train", "-g", "smiles", "-d"), ("evaluate", "--samples")):
        done = grae(*command, path)
        assert done.status == 2
        assert len(done.err) < 1000


@pytest.mark.parametrize("name", ["codes.csv", "codes.tsv", "codes.csv.gz"])
def test_codes_with_their_strings_are_a_table_that_decode_reads(grae, name: str):
    texts = ["[a,b]", "[]", "[[a],b]"]
    assert grae("encode", "--out", "plain.npy", stdin="\n".join(texts)).status == 0
    assert grae("encode", "--with-strings", "--out", name, stdin="\n".join(texts)).status == 0
    content = Path(name).read_bytes()
    table = (gzip.decompress(content) if name.endswith(".gz") else content).decode()
    rows = list(csv.reader(table.splitlines(), delimiter="\t" if ".tsv" in name else ","))
    assert rows[0] == ["string", *(f"z{number}" for number in range(8))]
    assert [row[0] for row in rows[1:]] == texts
    codes = np.load("plain.npy", allow_pickle=False)
    assert np.array_equal(np.array([row[1:] for row in rows[1:]], np.float32), codes)
    assert grae("decode", stdin=table).out == grae("decode", "--in", "plain.npy").out


def test_load_finds_a_run_by_name(runs: Path, monkeypatch):
    import grae as library

    monkeypatch.chdir(runs.parent)
    by_name, by_folder = library.load("lists-grae-1"), library.load(runs / "lists-grae-1")
    assert by_name.sample(5, seed=0) == by_folder.sample(5, seed=0)
    with pytest.raises(RunError, match="there is no folder lists-grae-2, nor one of that name under runs/"):
        library.load("lists-grae-2")
    assert len(repr(by_name)) < 1000


def test_settings_that_contradict_each_other_are_a_damaged_run(grae, runs: Path):
    config = json.loads((runs / "lists-grae-1" / "config.json").read_text())
    config["settings"]["bottleneck"]["noise"] = 1.5
    (runs / "lists-grae-1" / "config.json").write_text(json.dumps(config))
    ended = grae("sample", "lists-grae-1")
    assert (ended.status, ended.out) == (2, "")
    assert "settings.bottleneck" in ended.err
