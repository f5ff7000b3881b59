"""Tables of numbers, and the grammar of their columns."""

import gzip

import numpy as np
import pytest

from grae.datasets.observations import read_data
from grae.errors import DataError, GrammarError
from grae.formulas.data import identifiers
from grae.formulas.template import for_columns
from grae.grammar import Grammar, load_grammar


@pytest.fixture
def written(tmp_path):
    def write(text, name="measured.csv"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_a_table_is_read_with_its_columns(written):
    data = read_data(written("time (s),flow,y\n1,2.5,3\n\n2,1e-3,-4\n3,0,1\n"))
    assert data.names == ("time_s", "flow")
    assert (data.headings, data.y_name) == (("time (s)", "flow"), "y")
    np.testing.assert_array_equal(data.rows, [[1, 2.5], [2, 1e-3], [3, 0]])
    np.testing.assert_array_equal(data.y, [3, -4, 1])


def test_the_column_to_explain_is_named_and_delimiters_are_found(written, tmp_path):
    data = read_data(written("a\tb\tc\n1\t2\t3\n4\t5\t6\n", "t.tsv"), "a")
    assert (data.names, data.y.tolist()) == (("b", "c_"), [1.0, 4.0])
    packed = tmp_path / "t.csv.gz"
    packed.write_bytes(gzip.compress(b"a;b\n1;2\n3;4\n"))
    assert read_data(packed).y.tolist() == [2.0, 4.0]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,b\n1,2\n1,\n", "line 3: column 'b' has a missing value"),
        ("a,b\n1,2\nNA,4\n", "line 3: column 'a' has a missing value"),
        ("a,b\n1,nan\n1,3\n", "line 2: column 'b' has a missing value"),
        ("a,b\n1,red\n", "line 2: column 'b' has text, 'red'"),
        ("a,b\n1,2,3\n", "line 2: 3 cells, expected 2"),
        ("a,b\n1,2_0\n", "line 2: column 'b' has text, '2_0'"),
        ("1,2\n3,4\n", "the first row is 1, 2, numbers, not a header"),
        ("a\n1\n2\n", "1 column"),
        ("a,a\n1,2\n2,3\n", "several columns named 'a'"),
        ("a,b\n1,2\n", "1 rows below the header"),
        ("\n \n", "it is empty"),
        ('a,b\n"1,2\n', "line 2"),
    ],
)
def test_what_is_no_table_of_numbers_is_an_error_with_its_place(written, text, message):
    with pytest.raises(DataError, match=message):
        read_data(written(text))


def test_other_faults_are_named(written, tmp_path):
    with pytest.raises(DataError, match=r"unknown column \(--y\).*'z'"):
        read_data(written("a,b\n1,2\n2,3\n"), "z")
    with pytest.raises(DataError, match=r"no file .*none\.csv"):
        read_data(tmp_path / "none.csv")
    packed = gzip.compress(b"x,y\n1,2\n3,4\n" * 100)
    for number, damaged in enumerate((packed[:20], packed[:20] + b"xxxxxxx" + packed[27:])):
        place = tmp_path / f"damaged{number}.csv.gz"
        place.write_bytes(damaged)
        with pytest.raises(DataError, match=rf"damaged{number}\.csv\.gz"):
            read_data(place)


def test_names_are_identifiers_each_once_and_none_of_a_function():
    assert identifiers(["c", "sin", "a b", "a-b", "1st", "%"]) == ("c_", "sin_", "a_b", "a_b_", "x1st", "x")


def test_rows_are_held_out_at_random_and_the_same_ones_for_a_seed(written):
    data = read_data(written("x,y\n" + "".join(f"{n},{n}\n" for n in range(20))))
    train, test = data.split(0.25, 3)
    assert test is not None
    assert (len(train), len(test)) == (15, 5)
    assert sorted([*train.y, *test.y]) == list(range(20))
    again = data.split(0.25, 3)[1]
    assert again is not None
    assert again.y.tolist() == test.y.tolist()
    assert data.split(0, 0)[1] is None
    with pytest.raises(DataError, match="leaves 19 held out, 1 to fit"):
        data.split(0.95, 0)


def test_each_production_with_variable_becomes_one_for_each_column():
    grammar = for_columns(load_grammar("formulas"), ["t", "flow"])
    texts = ["c+c*t^2*flow", "c", "c+c*1/flow+c*exp(c*t-flow)+c*pow((t+c),c)"]
    assert [grammar.unparse(grammar.parse(text)) for text in texts] == texts
    assert "x" not in grammar.terminals
    pairs = Grammar.from_text("S -> variable '*' variable\nvariable -> 'x'", "pairs")
    assert [str(one) for one in for_columns(pairs, ["a", "b"]).productions] == [
        "S -> 'a' '*' 'a'", "S -> 'a' '*' 'b'", "S -> 'b' '*' 'a'", "S -> 'b' '*' 'b'",
    ]  # fmt: skip


def test_a_name_that_is_neither_a_column_nor_a_function_is_an_error_with_its_line():
    grammar = Grammar.from_text("S -> 'c' '*' T\nT -> 'erf(' T ')' | variable\nvariable -> 'x'", "mine")
    with pytest.raises(GrammarError, match="mine, line 2: 'erf' in"):
        for_columns(Grammar.from_text("S -> 'c' '*' T\nT -> 'erf(' T ')' | 'x'", "mine"), ["x"])
    with pytest.raises(GrammarError, match="'erf' in"):
        for_columns(grammar, ["x"])
