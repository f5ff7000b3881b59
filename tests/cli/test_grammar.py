from pathlib import Path

from grae.grammar import Motif, load_grammar
from grae.grammar.formats import formats


def test_list_names_what_is_shipped(grae):
    ended = grae("grammar", "list", "--json")
    assert ended.status == 0
    assert {record["name"]: record["language"] for record in ended.json["grammars"]} == {
        "arithmetic": "expressions",
        "formulas": "formulas",
        "smiles": "molecules",
        "smiles-gvae": "molecules",
    }
    assert ended.err == ""
    assert "smiles-gvae" in grae("grammar", "list").out


def test_show_prints_each_production_with_its_id(grae):
    ended = grae("grammar", "show", "arithmetic", "--json")
    productions = ended.json["productions"]
    assert [production["id"] for production in productions] == list(range(len(productions)))
    assert productions[0]["shortest_completion"] >= 1
    shown = grae("grammar", "show", "arithmetic").out
    assert all(production["production"] in shown for production in productions)


def test_show_reads_a_file_and_a_run(grae, lists: Path, tmp_path: Path):
    run = tmp_path / "run"
    run.mkdir()
    (run / "grammar.cfg").write_text(lists.read_text())
    of_file, of_run = (grae("grammar", "show", place, "--json").json for place in (lists, run))
    assert of_file["fingerprint"] == of_run["fingerprint"]
    assert (of_file["name"], of_run["name"]) == ("lists", "run")


def test_show_lists_the_most_used_motifs_of_a_run(grae, lists: Path, tmp_path: Path):
    plain = load_grammar(lists)
    (tmp_path / "grammar.cfg").write_text(plain.extend([Motif(1, 0, 2, uses=7), Motif(2, 0, 4, uses=9)]).text)
    found = grae("grammar", "show", tmp_path, "--json").json
    assert len(found["productions"]) == plain.n_productions
    assert [(motif["composes"], motif["uses"]) for motif in found["motifs"]] == [([1, 0, 2], 7), ([2, 0, 4], 9)]
    shown = grae("grammar", "show", tmp_path, "--motifs", "1").out
    assert "items -> 'a'" in shown
    assert "1 . 0 . 2" not in shown


def test_check_names_the_unusable_productions_of_the_published_grammar(grae):
    ended = grae("grammar", "check", "smiles-gvae", "--json")
    assert ended.status == 0
    found = {(finding["kind"], finding["production"]) for finding in ended.json["findings"]}
    assert {("undefined", 29), ("undefined", 31)} <= found
    shown = grae("grammar", "check", "smiles-gvae").out
    assert "production 29" in shown
    assert "line " in shown


def test_check_of_a_sound_grammar_finds_nothing(grae, lists: Path):
    ended = grae("grammar", "check", lists)
    assert (ended.status, ended.out) == (0, "")
    assert "no findings" in ended.err


def test_check_with_data_reports_coverage_and_reasons(grae, lists: Path, tmp_path: Path):
    data = tmp_path / "data.txt"
    data.write_text("[]\n[a,b]\n[a;b]\n\n[a,[b]]\n[a\n")
    ended = grae("grammar", "check", lists, "--data", data, "--json")
    coverage = ended.json["coverage"]
    assert (coverage["read"], coverage["in_language"]) == (6, 3)
    assert sum(reason["count"] for reason in coverage["rejected"]) == 3
    shown = grae("grammar", "check", lists, "--data", data).out
    assert "50.00 %" in shown
    assert "[a;b]" in shown


def test_check_with_data_from_stdin(grae, lists: Path):
    assert (
        grae("grammar", "check", lists, "--data", "-", "--json", stdin="[]\n[a]\n").json["coverage"]["in_language"] == 2
    )


def test_malformed_grammar_names_its_line(grae, tmp_path: Path):
    bad = tmp_path / "bad.cfg"
    bad.write_text("S -> 'a' S\nS => 'b'\n")
    ended = grae("grammar", "check", bad)
    assert (ended.status, ended.out) == (2, "")
    assert "line 2" in ended.err
    assert "remedy" in ended.err


def test_grammar_that_derives_nothing(grae, tmp_path: Path):
    bad = tmp_path / "endless.cfg"
    bad.write_text("S -> 'a' S\n")
    ended = grae("grammar", "check", bad)
    assert ended.status == 2
    assert "derives no string" in ended.err


def test_parse_prints_the_tree(grae, lists: Path):
    ended = grae("grammar", "parse", lists, "[a,b]")
    assert ended.status == 0
    assert "'a'" in ended.out
    assert ended.out.count("(") == ended.out.count(")")
    assert "└── " in grae("grammar", "parse", lists, "[a,b]", "--draw").out
    found = grae("grammar", "parse", lists, "[a,b]", "--json").json
    assert found["ids"] == load_grammar(lists).parse("[a,b]").tolist()
    assert found["productions"][0].startswith("list -> ")


def test_parse_of_a_string_outside_the_language_shows_a_caret(grae, lists: Path):
    ended = grae("grammar", "parse", lists, "[a;b]")
    assert (ended.status, ended.out) == (2, "")
    assert "^ expected" in ended.err


def test_check_counts_as_training_would(grae, tmp_path: Path):
    """In Kekule form, read by RDKit: a valence that it refuses is not in the data, a spelling that it mends is."""
    data = tmp_path / "data.smi"
    data.write_text("CCO\nc1ccccc1\nC(C)(C)(C)(C)C\nF/C=C\\\\F\n*1:*:*:*:*:*:1\n[C+16]\n[NH3]->[Cu]<-[NH3]\n")
    coverage = grae("grammar", "check", "smiles", "--data", data, "--json").json["coverage"]
    assert (coverage["read"], coverage["in_language"]) == (7, 6)
    assert [reason["reason"] for reason in coverage["rejected"]] == ["not read by RDKit"]
    assert coverage["undecodable"] == 2
    assert [sample["line"] for sample in coverage["undecodable_samples"]] == [5, 6]
    shown = grae("grammar", "check", "smiles", "--data", data).out
    assert "2 of 6 strings break rules" in shown
    written = grae("grammar", "check", "smiles", "--data", data, "--form", "as-written", "--json").json["coverage"]
    assert (written["in_language"], written["undecodable"]) == (6, 0)


def test_a_dead_production_is_a_warning_in_training(grae, tmp_path: Path):
    (tmp_path / "mine.cfg").write_text("S -> 'a' S | 'b' | epsilon\n")
    (tmp_path / "data.txt").write_text("ab\nb\naab\n" * 20)
    ended = grae("train", "-g", "mine.cfg", "-d", "data.txt", "--epochs", "1", "--preset", "quick")
    assert ended.status == 0, ended.err
    assert "warning: undefined: line 1, production 2 'S -> epsilon'" in ended.err


def test_white_space_at_the_ends_of_strings_is_kept(grae, tmp_path: Path):
    (tmp_path / "mine.cfg").write_text("S -> 'a ' | 'b' | ' ' 'c'\n")
    (tmp_path / "data.txt").write_bytes(b"a \r\nb\n c\n")
    coverage = grae("grammar", "check", "mine.cfg", "--data", "data.txt", "--json").json["coverage"]
    assert (coverage["read"], coverage["in_language"]) == (3, 3)
    (tmp_path / "other.cfg").write_text("S -> 'a' | 'b' | 'c'\n")
    coverage = grae("grammar", "check", "other.cfg", "--data", "data.txt", "--json").json["coverage"]
    assert (coverage["read"], coverage["in_language"]) == (3, 3)


def test_convert_writes_what_is_read_again(grae, tmp_path: Path):
    (tmp_path / "codes.gbnf").write_text('root ::= [A-Z]{2} ("-" [0-9]+)? "\\n"?\n')
    ended = grae("grammar", "convert", "codes.gbnf", "--out", "codes.cfg")
    assert (ended.status, ended.out) == (0, "")
    assert load_grammar("codes.cfg") == load_grammar("codes.gbnf")
    assert grae("grammar", "convert", "codes.gbnf").out == (tmp_path / "codes.cfg").read_text()
    shown = [grae("grammar", "show", name, "--json").json["fingerprint"] for name in ("codes.cfg", "codes.gbnf")]
    assert shown[0] == shown[1]


def test_a_format_is_named_where_the_ending_does_not(grae, tmp_path: Path):
    (tmp_path / "codes.txt").write_text("code = 2ALPHA [DIGIT]\n")
    assert grae("grammar", "show", "codes.txt").status == 2
    assert "code -> letter letter" in grae("grammar", "convert", "codes.txt", "--format", "abnf").out.replace(
        "alpha", "letter"
    )
    refused = grae("grammar", "show", "codes.txt", "--format", "ebfn")
    assert refused.status == 2
    assert "did you mean 'ebnf'?" in refused.err


def test_a_regular_expression_is_a_grammar(grae):
    assert grae("grammar", "parse", "re:[A-Z]{3}-[0-9]+", "ABC-12", "--json").status == 0
    refused = grae("grammar", "check", r"re:(a|b)\1")
    assert refused.status == 2
    assert r"re:(a|b)\1, line 1, column 6: a back-reference" in refused.err
    assert "remedy:" in refused.err


def test_an_alphabet_bounds_what_may_be_any_character(grae, tmp_path: Path):
    (tmp_path / "quoted.lark").write_text('start: /"[^"]*"/\n')
    assert "line 1, column 10: a set of 1,112,063 characters" in grae("grammar", "show", "quoted.lark").err
    ended = grae("grammar", "show", "quoted.lark", "--alphabet", "[a-f]", "--json")
    assert ended.json["terminals"] == 7


def test_weights_are_fitted_and_strings_drawn_by_them(grae, lists: Path, tmp_path: Path):
    (tmp_path / "data.txt").write_text("[a]\n[a,a]\n[]\n[a;\n")
    ended = grae("grammar", "fit", lists, "--data", "data.txt", "--out", "fitted.cfg")
    assert ended.status == 0
    assert "3 strings, 1 not in the language; 2 of 7 productions unused" in ended.err
    assert "item -> 'b' [0.0]" in (tmp_path / "fitted.cfg").read_text()
    drawn = grae("grammar", "sample", "fitted.cfg", "-n", "200", "--seed", "3", "--json").json
    assert drawn["by"] == "weights"
    assert len(drawn["samples"]) == 200
    assert not any("b" in text for text in drawn["samples"])
    fitted = grae("grammar", "fit", lists, "--data", "data.txt", "--smoothing", "1", "--json").json
    assert min(fitted["weights"]) > 0


def test_strings_are_drawn_uniformly(grae, lists: Path, tmp_path: Path):
    drawn = grae("grammar", "sample", lists, "-n", "50", "--max-length", "9", "--json").json
    assert (drawn["by"], len(drawn["samples"])) == ("uniform", 50)
    ended = grae("grammar", "sample", lists, "-n", "50", "--max-length", "9", "--out", "drawn.txt")
    assert f"of {drawn['derivations']:,} derivations of at most 9 productions" in ended.err
    assert (tmp_path / "drawn.txt").read_text().splitlines() == drawn["samples"]
    assert grae("grammar", "check", lists, "--data", "drawn.txt", "--json").json["coverage"]["in_language"] == 50


def test_strings_of_several_lines_need_a_table(grae, tmp_path: Path):
    (tmp_path / "lines.gbnf").write_text('root ::= "a" ("b" | "\\n"){4} "a"\n')
    refused = grae("grammar", "sample", "lines.gbnf", "-n", "20")
    assert refused.status == 2
    assert "has a line end" in refused.err
    assert grae("grammar", "sample", "lines.gbnf", "-n", "20", "--out", "lines.csv").status == 0
    checked = grae("grammar", "check", "lines.gbnf", "--data", "lines.csv", "--column", "string", "--json").json
    assert checked["coverage"]["in_language"] == 20


AMBIGUOUS = """\
list -> '[' ']' | '[' items ']'
items -> item | item ',' items | items ',' items
item -> 'a' | 'b' | list | 'while'
"""


def test_check_shows_two_trees_of_an_ambiguous_string(grae, tmp_path: Path):
    (tmp_path / "mine.cfg").write_text(AMBIGUOUS)
    shown = grae("grammar", "check", "mine.cfg").out
    assert "random strings have several trees" in shown
    (tmp_path / "data.txt").write_text("[a]\n[a,b]\n[a,a,a]\n")
    found = grae("grammar", "check", "mine.cfg", "--data", "data.txt", "--json").json["ambiguity"]
    assert (found["strings"], found["ambiguous"], found["shortest"]) == (3, 2, "[a,b]")
    assert found["trees"] == [
        "(list '[' (items (item 'a') ',' (items (item 'b'))) ']')",
        "(list '[' (items (items (item 'a')) ',' (items (item 'b'))) ']')",
    ]


def test_check_says_what_data_never_use_and_where_lines_fail(grae, tmp_path: Path):
    (tmp_path / "mine.cfg").write_text(AMBIGUOUS.replace(" | items ',' items", ""))
    (tmp_path / "data.txt").write_text("[a]\n[a,a]\n[[a],[a,a]]\n" * 9 + "[wile]\n[a;b]\n")
    shown = grae("grammar", "check", "mine.cfg", "--data", "data.txt").out
    assert "line 28:\n  [wile]\n   ^ expected 'while', " in shown
    assert "line 29:\n  [a;b]\n    ^ expected ',', ']'" in shown
    assert "3 of 8 productions that no string uses" in shown
    assert "item -> 'while'" in shown
    assert "motifs would shorten derivations from 7.0 productions to" in shown
    coverage = grae("grammar", "check", "mine.cfg", "--data", "data.txt", "--json").json["coverage"]
    assert (sum(coverage["uses"]), coverage["unused"]) == (9 * (3 + 5 + 13), [0, 5, 7])
    assert coverage["motifs"]["after"] < coverage["motifs"]["before"]


def test_help_names_every_format(grae):
    shown = " ".join(grae("grammar", "convert", "--help").out.split())
    assert f"Notation of the file: {', '.join(formats()[:-1])} or {formats()[-1]}" in shown
