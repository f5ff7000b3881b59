"""Tables, names behind strings, SDF: strings out of other people's files."""

import gzip
import io
import os
import threading
from pathlib import Path

import pytest
from rdkit import Chem

from grae.datasets import open_source
from grae.errors import DataError
from grae.grammar import load_grammar


def texts(path: Path, content: str, **options) -> list[str]:
    path.write_text(content)
    return list(open_source(path, **options).texts())


@pytest.mark.parametrize(
    ("content", "column"),
    [
        ('"name, long";smiles\nx;CCO\n"y;z";CC\n', None),  # the comma is inside quotes
        ("name,long;smiles\nx;CCO\ny;CC\n", None),  # as many commas, but semicolons give the usual column
        ("a|s|b\n1|CCO|2\n1|CC|2\n", "s"),
        ("a\ts, t\n1\tCCO\n2\tCC\n", "s, t"),
        ("1;CCO\n2;CC\n", "1"),
    ],
)
def test_the_delimiter_is_the_one_that_gives_the_column(tmp_path, content, column):
    assert texts(tmp_path / "a.csv", content, column=column) == ["CCO", "CC"]


def test_a_delimiter_may_be_given(tmp_path):
    assert texts(tmp_path / "a.txt", "a:s\n1:CCO\n", column="s", delimiter=":") == ["CCO"]
    assert texts(tmp_path / "a.txt", "a\tsmiles\n1\tCCO\n", delimiter="tab") == ["CCO"]
    with pytest.raises(DataError, match=r"delimiter 'ab'; expected one character"):
        texts(tmp_path / "a.csv", "a\n", delimiter="ab")


@pytest.mark.parametrize(("content", "found"), [("CCO\nCC\n", ["CCO", "CC"]), ("smiles\nCCO\n", ["CCO"])])
def test_the_first_line_of_a_lone_column_is_a_heading_unless_it_is_a_string(tmp_path, content, found):
    assert texts(tmp_path / "a.csv", content, grammar=load_grammar("smiles")) == found


def test_text_of_molecules_may_hold_names_and_that_of_others_spaces(tmp_path):
    content = "CCO ethanol\nCC\tethane, a gas\n"
    assert texts(tmp_path / "a.txt", content, grammar=load_grammar("smiles")) == ["CCO", "CC"]
    assert texts(tmp_path / "a.txt", "x + 1\n", grammar=load_grammar("arithmetic")) == ["x + 1"]


def test_a_heading_of_smi_is_no_string(tmp_path):
    assert texts(tmp_path / "a.smi", "SMILES Name\nCCO ethanol\n") == ["CCO"]


@pytest.mark.parametrize("name", ["a.sdf", "a.sdf.gz"])
def test_sdf_is_read_and_a_broken_record_is_one_line_lost(tmp_path, name):
    plain = tmp_path / "plain.sdf"
    with Chem.SDWriter(str(plain)) as writer:
        for smiles in ("CCO", "c1ccccc1"):
            writer.write(Chem.MolFromSmiles(smiles))
    broken = "broken\n\n\n  1  0  0  0  0  0  0  0  0  0999 V2000\n    1.0 x\nM  END\n$$$$\n"
    content = (plain.read_text() + broken + plain.read_text()).encode()
    (tmp_path / name).write_bytes(gzip.compress(content) if name.endswith("gz") else content)
    with open_source(tmp_path / name).open() as reading:
        lines = list(reading)
    assert [line.text for line in lines] == ["CCO", "c1ccccc1", "", "CCO", "c1ccccc1"]
    assert [line.fault for line in lines] == ["", "", "not read by RDKit", "", ""]


@pytest.mark.parametrize("name", ["a.txt", "a", "a.gz"])
def test_sdf_is_known_by_its_content_too(tmp_path, monkeypatch, name):
    plain = tmp_path / "plain.sdf"
    with Chem.SDWriter(str(plain)) as writer:
        for smiles in ("CCO", "c1ccccc1"):
            writer.write(Chem.MolFromSmiles(smiles))
    content = gzip.compress(plain.read_bytes()) if name.endswith("gz") else plain.read_bytes()
    (tmp_path / name).write_bytes(content)
    assert list(open_source(tmp_path / name).texts()) == ["CCO", "c1ccccc1"]
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(content)))
    assert list(open_source("-").texts()) == ["CCO", "c1ccccc1"]
    assert texts(tmp_path / "b.txt", "a\nb\nc\nV2000 d\n", grammar=load_grammar("arithmetic")) == [
        "a",
        "b",
        "c",
        "V2000 d",
    ]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no such devices there")
@pytest.mark.parametrize("device", ["/dev/full", "/dev/zero", "/dev/null"])
def test_a_device_is_not_read(device):
    with pytest.raises(DataError, match="is a device, not a file"):
        open_source(device)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes there")
def test_a_pipe_is_read_once(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_text, args=("CCO\nCC\n",))
    writer.start()
    source = open_source(pipe)
    assert source.is_stream
    assert (len(source.checksum), list(source.texts()), list(source.texts())) == (64, ["CCO", "CC"], ["CCO", "CC"])
    writer.join()


@pytest.mark.parametrize("name", ["a" * 5000, "a/" * 3000 + "a.csv", "a\0b", "b" * 300 + ".txt"])
def test_a_path_that_cannot_be_is_no_file(name):
    with pytest.raises(DataError, match=r"no file|neither a data set nor a file") as caught:
        open_source(name)
    assert len(str(caught.value)) < 700


def test_a_column_of_hundreds_of_digits_is_a_name(tmp_path):
    with pytest.raises(DataError, match="has no column '1111") as caught:
        texts(tmp_path / "a.csv", "name,smiles\nx,CC\n", column="1" * 500)
    assert len(str(caught.value)) < 700


def test_a_numbered_column_needs_no_heading_and_one_of_the_usual_names_is_none_of_the_strings(tmp_path):
    assert texts(tmp_path / "a.csv", "1,CCO\n2,CC\n", column=1) == ["CCO", "CC"]
    assert texts(tmp_path / "b.csv", "id,SMILES\n1,CCO\n2,CC\n", column=1) == ["CCO", "CC"]


def test_a_numbered_column_beyond_the_first_line_is_an_error(tmp_path):
    with pytest.raises(DataError, match="has no column 2: its first line has 2, numbered from 0"):
        texts(tmp_path / "a.csv", "1,CCO\n2,CC\n", column=2)


def test_a_column_in_other_letters_is_suggested(tmp_path):
    with pytest.raises(DataError, match="did you mean 'SMILES'"):
        texts(tmp_path / "a.csv", "id,SMILES\n1,CCO\n", column="smiles")
