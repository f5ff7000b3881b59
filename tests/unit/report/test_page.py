"""The page: what is on it, what is left out and why, and that it needs nothing else."""

import html
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

import grae
from grae.errors import RunError
from grae.report import ReportContext, Search, write_report
from grae.report.formatting import decimal

MOST = 5_000_000  # bytes
LOADING = ("src", "href", "xlink:href", "data", "action", "poster", "srcset")


class Page(HTMLParser):
    """The headings, links, texts and scripts of a page."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.headings: list[str] = []
        self.links: list[str] = []
        self.tags: list[str] = []
        self.data: dict[str, str] = {}
        self._inside = ""
        self.text = ""
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name in LOADING]
        self._inside = given.get("id") or tag

    def handle_data(self, data: str) -> None:
        if self._inside == "h2":
            self.headings.append(data)
        self.data[self._inside] = self.data.get(self._inside, "") + data
        self.text += data

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""


@pytest.fixture(scope="module")
def page(molecules: ReportContext, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_report(molecules, tmp_path_factory.mktemp("page") / "new" / "report.html")


def test_it_holds_every_section_that_there_is_material_for(page: Path):
    found = Page(page)
    assert found.headings[:5] == ["Model and data", "Training", "Samples", "Reconstructions", "Measures"]
    assert found.headings[-3:] == ["Latent space", "Interpolation", "Motifs"]
    assert "Searches" in found.text
    assert "this run has no searches" in found.text
    assert found.tags.count("svg") > 60


def test_it_is_small_and_loads_nothing(page: Path):
    assert page.stat().st_size < MOST
    found = Page(page)
    assert all(link.startswith(("#", "data:")) for link in found.links)
    text = page.read_text(encoding="utf-8")
    assert "default-src 'none'" in text
    assert not re.findall(r"url\((?!#)|@import|fetch\(|XMLHttpRequest", text)


def test_each_molecule_can_be_copied_as_smiles(page: Path):
    """By a button, and by hand: the string stands beside its picture."""
    from grae.chemistry import read

    text = page.read_text(encoding="utf-8")
    held = re.findall(r'<div class="copying"><code>([^<]*)</code><button type="button" data-copy="([^"]*)"', text)
    cards = re.findall(
        r"<figure[^>]*>(?:(?!</figure>).)*<svg[^>]*molecule(?:(?!</figure>).)*</figure>", text, re.DOTALL
    )
    motifs = text[text.index('id="motifs"') :].count("<figure")
    assert len(held) >= len(cards) - motifs > 30
    assert all(shown == copied for shown, copied in held)
    readable = [read(html.unescape(copied)) is not None for _, copied in held]
    assert sum(readable) > len(readable) / 2


def test_the_map_has_a_picture_and_every_quantity_for_each_string(page: Path, molecules: ReportContext):
    data = json.loads(Page(page).data["map-data"])
    n = len(data["texts"])
    assert data["known"] == len(molecules.held_out)
    assert n > data["known"]
    assert {len(data[name]) for name in ("x", "y", "pictures", "captions")} == {n}
    assert [one["name"] for one in data["quantities"]] == [
        "logP", "synthetic accessibility", "QED", "weight, g/mol", "heavy atoms", "log density (gmm), nats",
    ]  # fmt: skip
    assert all(len(one["values"]) == n for one in data["quantities"])
    assert all(0 <= place <= 1 for place in data["x"] + data["y"])
    assert all(picture.startswith("<svg") for picture in data["pictures"][: data["known"]])


def test_strings_that_look_like_markup_stay_text(lists: ReportContext, tmp_path: Path):
    path = write_report(lists, tmp_path / "report.html")
    found = Page(path)
    assert "a <b>hostile</b> name" in found.text
    assert "<b>" in found.data["map-data"] or "\\u003cb\\u003e" in found.data["map-data"]
    assert found.tags.count("script") == 2
    assert path.read_text().count("</script>") == 2


def test_expressions_are_typeset(expressions: ReportContext, tmp_path: Path):
    found = Page(write_report(expressions, tmp_path / "report.html"))
    assert found.tags.count("math") > 30
    assert "Motifs (this run's grammar has no motifs)" in found.text


def test_what_there_is_no_material_for_is_left_out_with_the_reason(molecules: ReportContext, tmp_path: Path):
    bare = replace(molecules, metrics=(), training=(), held_out=(), evaluation=None)
    found = Page(write_report(bare, tmp_path / "report.html"))
    assert found.headings == ["Model and data", "Samples", "Motifs"]
    for reason in ("no metrics of its training", "was not evaluated", "fewer than three strings", "not available"):
        assert reason in found.text


def test_training_strings_stand_in_and_are_called_so(molecules: ReportContext, tmp_path: Path):
    found = Page(write_report(replace(molecules, held_out=()), tmp_path / "report.html"))
    assert "random training molecules" in found.text
    assert "held-out molecules" not in found.text


def test_a_search_is_shown_with_its_curve_and_its_best(expressions: ReportContext, tmp_path: Path):
    result = grae.optimize(
        expressions.model, "log-mse", strategy="random", rounds=2, batch_size=8, start=expressions.training,
        out=tmp_path / "a-search",
    )  # fmt: skip
    search = Search.read(tmp_path / "a-search")
    assert search.history.records == result.records.records
    found = Page(write_report(replace(expressions, searches=[search]), tmp_path / "report.html"))
    assert found.headings[-1] == "Searches"
    assert "a-search" in found.text
    assert "16 evaluations in 2 rounds" in found.text
    assert str(result.best[0].string) in found.text


def test_a_search_with_several_targets_is_shown_with_its_front(expressions: ReportContext, tmp_path: Path):
    options: dict[str, Any] = {"strategy": "random", "rounds": 2, "batch_size": 8, "direction": "minimize"}
    start = [f"x+sin({text})" for text in expressions.training[:60]]
    result = grae.optimize(
        expressions.model, ["log-mse", len], start=start, template="x+sin(<S>)", where="symbols < 30",
        out=tmp_path / "two", **options,
    )  # fmt: skip
    assert result.front is not None
    search = Search.read(tmp_path / "two")
    page = Page(write_report(replace(expressions, searches=[search]), tmp_path / "report.html"))
    assert "The Pareto front has" in page.text
    assert f"above the medians of the start (log-mse {decimal(result.front.reference[0])}, len" in page.text
    assert "The best starting string" not in page.text
    for word in ("x+sin(<S>)", "symbols < 30", "log-mse", "hypervolume"):
        assert word in page.text
    written = (tmp_path / "report.html").read_text()
    (table,) = re.findall(r'<table class="front.*?</table>', written, re.DOTALL)
    shown = result.front.thinned(10)
    assert table.count("<tr>") == 1 + len(shown)
    for member in shown:
        assert html.escape(member.string) in table
        assert decimal(member.scores[0]) in table
        assert decimal(member.scores[1]) in table
    assert "The Pareto front of two" in written
    assert "The best score so far of two" not in written


def test_a_folder_without_a_search_is_refused(tmp_path: Path):
    with pytest.raises(RunError, match=r"search\.json"):
        Search.read(tmp_path)
    (tmp_path / "search.json").write_text("{}")
    with pytest.raises(RunError, match="not the settings file of a search"):
        Search.read(tmp_path)
