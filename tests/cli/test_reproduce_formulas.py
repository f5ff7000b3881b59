"""`grae reproduce formulas`: the table and what it refuses."""


def test_a_problem_is_fitted_and_its_table_printed(grae):
    options = ("--methods", "grae", "--problems", "Nguyen-8", "--seeds", "1", "--evaluations", "200", "-o", "here")
    done = grae("reproduce", "formulas", *options)
    assert done.status == 0
    assert "grae: 1 of 1 exact (median R2 above 0.999999)" in done.out
    told = grae("reproduce", "formulas", *options, "--json").json
    assert told["rows"][0]["problem"] == "Nguyen-8"
    assert told["rows"][0]["solved"]


def test_an_unknown_problem_is_an_error(grae):
    done = grae("reproduce", "formulas", "--problems", "Koza-1")
    assert done.status == 2
    assert "unknown problem 'Koza-1'" in done.err
