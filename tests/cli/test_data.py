from pathlib import Path


def test_list_names_the_registry(grae):
    ended = grae("data", "list", "--json")
    assert ended.status == 0
    names = {record["name"]: record for record in ended.json["data"]}
    assert {"wehi", "nci", "zinc250k", "moses-train", "expressions"} <= set(names)
    assert Path(names["wehi"]["path"]).is_file()
    shown = grae("data", "list").out
    assert all(name in shown for name in names)


def test_show_prints_the_first_strings(grae):
    ended = grae("data", "show", "nci", "--json")
    assert len(ended.json["first"]) == 5
    shown = grae("data", "show", "nci").out
    assert ended.json["first"][0] in shown
    assert ended.json["licence"] in shown


def test_fetch_prints_the_path_alone(grae):
    ended = grae("data", "fetch", "wehi")
    assert ended.status == 0
    assert Path(ended.out.strip()).is_file()
    assert grae("data", "fetch", "wehi", "--json").json == {"name": "wehi", "path": ended.out.strip()}


def test_unknown_data_set_lists_what_there_is(grae):
    for verb in ("show", "fetch"):
        ended = grae("data", verb, "wehy")
        assert (ended.status, ended.out) == (2, "")
        assert "zinc250k" in ended.err
        assert "did you mean 'wehi'?" in ended.err
