"""Plots as parts of a page."""

import re
from xml.etree import ElementTree

from grae.report.plots import VARIABLES, Plot, line


def drawn(name: str) -> str:
    plot = Plot(name)
    line(plot.axes[0], [1, 2, 3], [3, 1, 2], 0, "training <b>")
    plot.axes[0].set_xlabel("x & y")
    return str(plot.svg('a "label"'))


def test_it_is_one_element_in_the_colours_of_the_page():
    text = drawn("one")
    root = ElementTree.fromstring(text)
    assert (root.tag, root.get("aria-label")) == ("svg", 'a "label"')
    assert "var(--line-1)" in text
    assert not any(colour in text for colour in VARIABLES)
    assert "training &lt;b&gt;" in text
    assert "x &amp; y" in text


def test_names_in_two_plots_differ_and_are_all_there():
    names = [re.findall(r' id="([^"]+)"', drawn(name)) for name in ("one", "two")]
    assert names[0]
    assert len({*names[0], *names[1]}) == len(names[0]) + len(names[1])
    text = drawn("one")
    assert set(re.findall(r'(?:url\(|href=")#([^")]+)', text)) <= set(names[0])


def test_the_same_plot_is_the_same_text():
    assert drawn("one") == drawn("one")
