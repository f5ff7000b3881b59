import gc
import gzip
import io
import re
import sys
import tarfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grae.datasets import Source
from grae.datasets.reading import LONGEST_LINE
from grae.errors import DataError

words = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zs", "Zl", "Zp"]), min_size=1, max_size=20)


def written(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def tarred(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, content in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


def lines(source: Source) -> list[tuple[int, str, str]]:
    with source.open() as reading:
        return [(line.number, line.text, line.fault) for line in reading]


class Stdin:
    def __init__(self, content: bytes) -> None:
        self.buffer = io.BytesIO(content)


@given(st.lists(words), st.sampled_from(["\n", "\r\n"]), st.booleans())
def test_text_round_trip(tmp_path_factory, texts, end, compressed):
    content = "".join(text + end for text in texts).encode()
    path = written(tmp_path_factory.mktemp("text"), "a.txt", gzip.compress(content) if compressed else content)
    assert list(Source(path).texts()) == texts


@given(st.lists(st.tuples(words, words)), st.sampled_from([",", "\t", ";"]))
def test_table_round_trip(tmp_path_factory, rows, delimiter):
    import csv

    buffer = io.StringIO()
    csv.writer(buffer, delimiter=delimiter).writerows([("id", "smiles"), *rows])
    path = written(tmp_path_factory.mktemp("table"), "a.csv", buffer.getvalue())
    expected = [second for _, second in rows]
    for column in (None, "smiles"):
        assert list(Source(path, column=column).texts()) == expected
    assert list(Source(path, column=1).texts()) == expected
    assert list(Source(path, column=1, header=False).texts()) == ["smiles", *expected]
    assert list(Source(path, column=1, header=True).texts()) == expected


def test_first_column_of_smi(tmp_path):
    path = written(tmp_path, "a.smi", "CCO\tethanol 1\nCC  ethane\nC\n")
    assert list(Source(path).texts()) == ["CCO", "CC", "C"]


def test_line_numbers_faults_and_white_space(tmp_path):
    path = written(tmp_path, "a.txt", b"\xef\xbb\xbfCC \n\n C\xff\n\xc3\xa9\nO")
    found = lines(Source(path))
    assert [(number, fault) for number, _, fault in found] == [
        (1, ""),
        (2, "empty"),
        (3, "not UTF-8"),
        (4, ""),
        (5, ""),
    ]
    assert list(Source(path).texts()) == ["CC", "é", "O"]


def test_rows_of_a_table_without_the_column(tmp_path):
    path = written(tmp_path, "a.csv", 'a,smiles\n1,"C\nC"\n2\n\n3,N\n')
    assert lines(Source(path)) == [
        (3, "C\nC", ""),
        (4, "", "no such column in the row"),
        (5, "", "blank row"),
        (6, "N", ""),
    ]


def test_blank_row_of_a_table_is_no_empty_string(tmp_path):
    path = written(tmp_path, "a.csv", 'smiles\nC\n""\n\nN\n')
    assert lines(Source(path)) == [(2, "C", ""), (3, "", "empty"), (4, "", "blank row"), (5, "N", "")]


@pytest.mark.parametrize("compress", [bytes, gzip.compress])
def test_member_of_an_archive(tmp_path, compress):
    path = written(tmp_path, "a.txt.gz", compress(tarred({"x.txt": b"CC\nO\n"})))
    assert list(Source(path).texts()) == ["CC", "O"]
    assert list(Source(path, member="x.txt").texts()) == ["CC", "O"]
    several = written(tmp_path, "b.tar.gz", compress(tarred({"x.txt": b"CC\n", "y.txt": b"N\n"})))
    assert list(Source(several, member="y.txt").texts()) == ["N"]
    with pytest.raises(DataError, match=re.escape("holds 2 files: 'x.txt', 'y.txt'")):
        list(Source(several).texts())
    with pytest.raises(DataError, match=re.escape("no member 'z'; it holds 'x.txt', 'y.txt'")):
        list(Source(several, member="z").texts())
    with pytest.raises(DataError, match="not a tar archive"):
        list(Source(written(tmp_path, "c.txt", "C\n"), member="z").texts())


@pytest.mark.parametrize("compress", [bytes, gzip.compress])
def test_standard_input_can_be_read_twice(compress):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stdin", Stdin(compress(b"CC\nO\n")))
        source = Source("-")
        assert source.name == "standard input"
        assert list(source.texts()) == ["CC", "O"]
        assert list(source.texts()) == ["CC", "O"]
        assert list(Source("-").texts()) == ["CC", "O"]
        assert len(source.checksum) == 64
        spooled = source._file
    gc.collect()
    assert not spooled.exists()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stdin", Stdin(b"N\n"))
        assert list(Source("-").texts()) == ["N"]


def test_standard_input_as_a_table(monkeypatch):
    monkeypatch.setattr(sys, "stdin", Stdin(b"id,s\n1,CC\n"))
    assert list(Source("-", column="s").texts()) == ["CC"]


def test_checksum_is_of_the_bytes(tmp_path):
    import hashlib

    path = written(tmp_path, "a.txt", "CC\n")
    assert Source(path).checksum == hashlib.sha256(b"CC\n").hexdigest()


def test_a_column_that_is_not_there(tmp_path):
    path = written(tmp_path, "a.csv", "id,smiles,logp\n1,CC,0\n")
    with pytest.raises(DataError, match=re.escape("no column 'smile'; it has 'id', 'smiles', 'logp'")) as caught:
        list(Source(path, column="smile").texts())
    assert caught.value.remedy == "did you mean 'smiles'?"
    with pytest.raises(DataError, match="no column 7"):
        list(Source(path, column=7, header=True).texts())
    with pytest.raises(DataError, match=re.escape("has 2 columns: 'a', 'b'")):
        list(Source(written(tmp_path, "b.csv", "a,b\n1,2\n")).texts())
    with pytest.raises(DataError, match="without a header"):
        list(Source(path, column="smiles", header=False).texts())


def test_missing_files(tmp_path):
    written(tmp_path, "molecules.txt", "C\n")
    with pytest.raises(DataError, match="no file") as caught:
        Source(tmp_path / "molecule.txt")
    assert "did you mean" in str(caught.value)
    with pytest.raises(DataError, match="no file"):
        Source(tmp_path / "nowhere" / "molecules.txt")
    with pytest.raises(DataError, match="is a folder"):
        Source(tmp_path)


def test_damaged_and_foreign_files(tmp_path):
    packed = gzip.compress(b"CCO\n" * 100_000)
    with pytest.raises(DataError, match="is damaged"):
        list(Source(written(tmp_path, "a.txt.gz", packed[: len(packed) // 2])).texts())
    with pytest.raises(DataError, match="is damaged"):
        list(Source(written(tmp_path, "b.txt.gz", packed[:100] + b"\0" * 20 + packed[120:])).texts())
    with pytest.raises(DataError, match="is damaged"):
        list(Source(written(tmp_path, "c.tar", tarred({"x": b"CC\n" * 9999})[:2000])).texts())
    with pytest.raises(DataError, match="not a text file"):
        list(Source(written(tmp_path, "d.txt", b"\x89PNG\0\0\0")).texts())
    with pytest.raises(DataError, match="line 2 is longer than"):
        list(Source(written(tmp_path, "e.txt", b"C\n" + b"C" * LONGEST_LINE)).texts())
    with pytest.raises(DataError, match=r"f\.csv, line"):
        list(Source(written(tmp_path, "f.csv", 's\n"' + "C\n" * 100_000)).texts())


def test_a_file_that_changes_while_it_is_read(tmp_path):
    path = written(tmp_path, "a.txt", "C\n" * 10)
    texts = Source(path).texts()
    assert next(texts) == "C"
    path.write_text("N\n" * 20)
    with pytest.raises(DataError, match="changed while it was read"):
        list(texts)


def test_an_empty_file_has_no_lines(tmp_path):
    for name, content in (("a.txt", b""), ("b.csv", b""), ("c.txt.gz", gzip.compress(b""))):
        assert list(Source(written(tmp_path, name, content)).texts()) == []


def test_fraction_grows_to_one(tmp_path):
    path = written(tmp_path, "a.txt", "CCO\n" * 50_000)
    with Source(path).open() as reading:
        seen = [reading.fraction for _ in reading]
    assert seen == sorted(seen)
    assert 0 < seen[0] < 0.2
    assert seen[-1] == 1.0


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (gzip.compress(gzip.compress(b"CCO\n")), "compressed twice with gzip"),
        (gzip.compress(b"PK\x03\x04..."), "a zip archive or a workbook"),
        (b"PAR1\x15\x04", "a Parquet table"),
        ("smiles\nCCO\n".encode("utf-16"), "in UTF-16"),
        (b"BZh91AY", "compressed with bzip2"),
    ],
)
def test_what_is_taken_for_text_is_named(tmp_path, content, what):
    with pytest.raises(DataError, match=f"{what}, not a text file"):
        list(Source(written(tmp_path, "a.csv", content)).texts())


def test_a_heading_that_is_not_utf8(tmp_path):
    path = written(tmp_path, "a.csv", "smiles,größe\nCCO,1\n".encode("latin-1"))
    assert list(Source(path).texts()) == ["CCO"]
    with pytest.raises(DataError, match=r"has no column 'größe'(?s:.*)remedy: save it as UTF-8"):
        list(Source(path, column="größe").texts())


def test_a_spreadsheets_line_states_the_delimiter(tmp_path):
    path = written(tmp_path, "a.csv", "sep=;\r\nname;smiles,raw\r\nx;CCO\r\n\r\ny;CCN\r\n")
    assert lines(Source(path, column=1))[0] == (2, "smiles,raw", "")
    assert list(Source(path, column="smiles,raw").texts()) == ["CCO", "CCN"]


def test_blank_lines_above_the_heading(tmp_path):
    path = written(tmp_path, "a.csv", "\n \nid;smiles\n1;CCO\n")
    assert lines(Source(path)) == [(4, "CCO", "")]
    assert lines(Source(path, column=1)) == [(1, "", "blank row"), (2, "", "blank row"), (4, "CCO", "")]
