"""The report in a real browser: no error, nothing loaded, drawings seen, and the map answers to the pointer."""

import os
import shutil
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from grae.datasets import open_source
from grae.grammar import load_grammar
from grae.report import ReportContext, write_report
from grae.sequence import GrammarAutoencoder

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
WIDTHS = (1280, 420)
TOLERANCE = 1  # pixels


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Chromium without a window."""
    program = next((found for name in NAMES if (found := shutil.which(name))), None)
    if program is None:
        pytest.skip(f"needs Chromium: none of {', '.join(NAMES)} is installed")
    from playwright.sync_api import sync_playwright

    # Chromium refuses its sandbox to root, as whom containers run.
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=program, args=arguments)
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report of molecules."""
    texts = list(islice(open_source("nci").texts(), 200))
    forms = load_grammar("smiles").canonical(texts)
    readable = [text for text, form in zip(texts, forms, strict=True) if form is not None]
    model = GrammarAutoencoder(
        "smiles", preset="quick", epochs=1, latent_dim=8, motifs=20, batch_size=32, device="cpu", on_invalid="skip"
    ).fit(readable[:-40])
    assert model.result_ is not None
    context = ReportContext("a report", model, {}, model.result_.metrics, readable[:-40], readable[-40:])
    return write_report(context, tmp_path_factory.mktemp("report") / "report.html")


@pytest.fixture(params=WIDTHS)
def shown(request: pytest.FixtureRequest, browser: Any, page: Path) -> Iterator[Any]:
    """The page in a window without a network; what went wrong is checked at the end."""
    context = browser.new_context(viewport={"width": request.param, "height": 900}, offline=True)
    context.set_default_timeout(120_000)  # milliseconds: another process may keep both cores busy
    tab = context.new_page()
    told: list[str] = []
    tab.on("console", lambda message: told.append(message.text))
    tab.on("pageerror", lambda error: told.append(str(error)))
    tab.on("request", lambda asked: told.append(asked.url) if asked.url != page.as_uri() else None)
    tab.goto(page.as_uri())
    yield tab
    context.close()
    assert [text for text in told if not text.startswith("data:")] == []


def test_it_fits_the_window_and_every_drawing_is_seen(shown: Any):
    width = shown.viewport_size["width"]
    assert shown.evaluate("document.documentElement.scrollWidth") <= width
    drawings = shown.locator("main figure svg")
    boxes = drawings.evaluate_all(
        "all => all.map(one => { const box = one.getBoundingClientRect(); return [box.width, box.height, box.right]; })"
    )
    assert len(boxes) > 40
    assert all(across > 30 and down > 20 and right <= width + TOLERANCE for across, down, right in boxes)
    assert shown.locator("nav a").count() == shown.locator("main section").count()


def test_pointing_at_a_dot_shows_what_it_is(shown: Any):
    card = shown.locator("#map-card")
    assert not card.is_visible()
    dots = shown.locator("#map g")
    assert dots.count() > 100
    for number in (0, dots.count() - 1):
        shown.mouse.move(0, 0)
        dots.nth(number).locator(".hit").hover(force=True)
        card.wait_for(state="visible")
        chosen = shown.locator("#map .chosen")
        assert chosen.count() == 1
        texts = shown.evaluate("JSON.parse(document.getElementById('map-data').textContent).texts")
        assert card.locator(".text").text_content() in texts
        assert card.locator(".value").text_content().startswith("logP: ")
        box = card.bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= shown.viewport_size["width"] + TOLERANCE
    assert card.locator(".where").text_content() in ("a sample", "of the data")


def test_the_colours_follow_the_quantity_and_the_arrows_move(shown: Any):
    fills = "[...document.querySelectorAll('#map .dot')].map(dot => dot.getAttribute('fill')).join()"
    before = shown.evaluate(fills)
    shown.locator("#map-quantity").select_option(label="QED")
    assert shown.evaluate(fills) != before
    shown.locator("#map").focus()
    shown.keyboard.press("ArrowRight")
    card = shown.locator("#map-card")
    card.wait_for(state="visible")
    chosen = "[...document.querySelectorAll('#map .dot')].findIndex(dot => dot.classList.contains('chosen'))"
    first = shown.evaluate(chosen)
    assert card.locator(".value").text_content().startswith("QED: ")
    shown.keyboard.press("ArrowRight")
    assert shown.evaluate(chosen) not in (-1, first)
    shown.locator("#map-samples").uncheck()
    known = shown.evaluate("JSON.parse(document.getElementById('map-data').textContent).known")
    assert shown.locator("#map g:visible").count() == known > 30


def test_a_button_copies_the_string_of_its_picture(shown: Any):
    shown.context.grant_permissions(["clipboard-read", "clipboard-write"])
    button = shown.locator("#samples button[data-copy]").first
    button.click()
    shown.wait_for_function("document.querySelector('#samples button[data-copy]').textContent === 'copied'")
    assert shown.evaluate("navigator.clipboard.readText()") == button.get_attribute("data-copy")
    beside = shown.locator("#samples .copying code").first
    assert beside.text_content() == button.get_attribute("data-copy")


def test_without_a_clipboard_the_page_copies_by_selecting(shown: Any):
    shown.evaluate("Object.defineProperty(navigator, 'clipboard', {value: undefined})")
    shown.evaluate("document.addEventListener('copy', () => { window.copied = document.activeElement.value; })")
    button = shown.locator("#samples button[data-copy]").nth(1)
    button.click()
    shown.wait_for_function("window.copied !== undefined")
    assert shown.evaluate("window.copied") == button.get_attribute("data-copy")
    assert shown.locator("textarea").count() == 0


def test_light_and_dark(shown: Any):
    paper = "getComputedStyle(document.body).backgroundColor"
    light = shown.evaluate(paper)
    shown.locator("#theme").click()
    dark = shown.evaluate(paper)
    assert dark != light
    ink = "getComputedStyle(document.querySelector('main figure svg.molecule')).color"
    assert shown.evaluate(ink) == shown.evaluate("getComputedStyle(document.body).color")
    shown.locator("#theme").click()
    assert shown.evaluate(paper) == light
