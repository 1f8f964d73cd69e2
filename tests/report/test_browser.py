"""The report in a real Chromium: nothing asked for, nothing logged, nothing too wide."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tunesmith.report import build_report

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser
MakeRun = Callable[..., Path]
KINDS = ["full", "sections", "one_method", "awkward", "data_only", "empty"]
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking",
             "--disable-component-update", "--disable-sync", "--no-first-run"]  # fmt: skip


def chromium() -> str | None:
    """A Chromium on this machine, or the one that CHROMIUM names."""
    names = (os.environ.get("CHROMIUM"), "chromium", "chromium-browser", "google-chrome")
    return next((found for name in names if name and (found := shutil.which(name))), None)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    sync_api = pytest.importorskip("playwright.sync_api")
    path = chromium()
    if path is None:
        pytest.skip("there is no Chromium on this machine: install it or set CHROMIUM to its path")
    with sync_api.sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield found
        found.close()


def look(
    browser: Browser, path: Path, *, width: int, scheme: str
) -> tuple[Page, list[str], list[str]]:
    """Open a report with every fold open; returns the page, its requests and its messages."""
    page = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)  # type: ignore[arg-type]
    requests: list[str] = []
    messages: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    page.on("console", lambda message: messages.append(message.text))
    page.on("pageerror", lambda error: messages.append(str(error)))
    page.goto(path.as_uri())
    page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true })")
    return page, requests, messages


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("width", "scheme"), [(360, "dark"), (390, "light"), (700, "light"), (1400, "dark")]
)
def test_report_in_a_browser(
    browser: Browser, make_run: MakeRun, kind: str, width: int, scheme: str
) -> None:
    path = build_report(make_run(kind))
    page, requests, messages = look(browser, path, width=width, scheme=scheme)
    assert requests == [path.as_uri()]
    assert messages == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate("window.hacked") is None
    # No letter on screen is smaller than 11 px: text does not shrink with the drawing.
    smallest = page.evaluate(
        "Math.min(...[...document.querySelectorAll('main *, header *')]"
        ".filter(e => e.textContent.trim()).map(e => parseFloat(getComputedStyle(e).fontSize)))"
    )
    assert smallest >= 11
    page.close()


def test_dark_and_light_differ_and_print_is_light(browser: Browser, make_run: MakeRun) -> None:
    path = build_report(make_run("full"))
    colour = "getComputedStyle(document.body).backgroundColor"
    page, _, _ = look(browser, path, width=800, scheme="dark")
    assert page.evaluate(colour) == "rgb(20, 23, 27)"
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate(colour) == "rgb(255, 255, 255)"
    page.close()


def test_a_definition_is_shown_on_hover_and_on_focus(browser: Browser, make_run: MakeRun) -> None:
    path = build_report(make_run("sections"))
    page = browser.new_page(viewport={"width": 390, "height": 800})
    page.goto(path.as_uri())
    shown = "e => getComputedStyle(e, '::after').content"
    term = page.locator("#comparison .term[data-tip]").first
    definition = term.get_attribute("data-tip")
    assert definition
    assert term.evaluate(shown) == "none"
    term.hover()
    assert definition[:40] in term.evaluate(shown)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.mouse.move(0, 0)
    # The keyboard reaches the terms, and the one that has the focus says its definition.
    page.evaluate("document.querySelector('#comparison').scrollIntoView()")
    for _ in range(200):
        page.keyboard.press("Tab")
        found = page.evaluate(
            "() => { const e = document.activeElement;"
            " return e.matches('[data-tip]') ? [e.dataset.tip,"
            " getComputedStyle(e, '::after').content] : null }"
        )
        if found:
            break
    assert found
    assert found[0][:40] in found[1]
    # Every definition is inside the page, whichever term it belongs to.
    outside = page.evaluate(
        "[...document.querySelectorAll('[data-tip]')].filter(e => {"
        " const s = getComputedStyle(e, '::after'); return s.position === 'absolute' })"
    )
    assert outside == []
    page.close()


def test_each_term_of_a_section_leads_to_the_glossary(browser: Browser, make_run: MakeRun) -> None:
    page, _, _ = look(browser, build_report(make_run("sections")), width=1400, scheme="light")
    lost = page.evaluate(
        "[...document.querySelectorAll('a[href^=\"#\"]')].map(e => e.getAttribute('href'))"
        ".filter(h => h !== '#' && !document.getElementById(h.slice(1)))"
    )
    assert lost == []
    page.close()


def test_a_figure_of_a_reason_leads_to_its_row(browser: Browser, make_run: MakeRun) -> None:
    page, _, _ = look(browser, build_report(make_run("sections")), width=1400, scheme="light")
    proof = page.locator(".because .proof").first
    text = proof.inner_text()
    proof.click()
    assert text in page.locator(":target").inner_text()
    page.close()


def test_names_of_the_plot_do_not_cover_one_another(browser: Browser, make_run: MakeRun) -> None:
    """Measured in the browser's own font, at the narrowest pages that show each drawing."""
    path = build_report(make_run("sections"))
    for width in (360, 640, 992, 1400):
        page, _, _ = look(browser, path, width=width, scheme="light")
        covered = page.evaluate(OVERLAPS)
        page.close()
        assert covered == [], width


def test_in_print_folds_are_open_and_definitions_are_a_list(
    browser: Browser, make_run: MakeRun, tmp_path: Path
) -> None:
    path = build_report(make_run("sections"))
    page = browser.new_page()
    page.goto(path.as_uri())
    page.emulate_media(media="print")
    assert page.locator("nav").is_hidden()
    assert page.locator("#glossary dd").first.is_visible()
    hidden = page.evaluate(
        "[...document.querySelectorAll('details > :not(summary)')]"
        ".filter(e => !e.checkVisibility({contentVisibilityAuto: true})).length"
    )
    assert hidden == 0
    assert len(page.pdf()) > 20_000
    page.close()


def test_what_differs_is_marked_without_colour(browser: Browser, make_run: MakeRun) -> None:
    page, _, _ = look(browser, build_report(make_run("full")), width=1400, scheme="light")
    for tag, line in (("ins", "underline"), ("del", "line-through")):
        found = page.locator(f"#answers .prose {tag}").first
        assert found.evaluate("e => getComputedStyle(e).textDecorationLine") == line
    page.close()


def test_no_table_is_cut_off_without_a_sign(browser: Browser, make_run: MakeRun) -> None:
    """Wide tables have the whole page; on a phone rows are cards; what still scrolls shows it."""
    path = build_report(make_run("sections"))
    cut = (
        "[...document.querySelectorAll('.scroll')].filter(e => e.scrollWidth > e.clientWidth)"
        ".map(e => e.ariaLabel)"
    )
    for width in (390, 1400):
        page, _, _ = look(browser, path, width=width, scheme="light")
        tables = page.evaluate(cut)
        assert not {"Table of all metrics by method", "Table of cost by method"} & set(tables)
        assert width == 390 or tables == []
        shadow = page.locator(".scroll").first.evaluate("e => getComputedStyle(e).background")
        assert "linear-gradient" in shadow
        page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_its_ground(browser: Browser, make_run: MakeRun, scheme: str) -> None:
    """Every text has a contrast of at least 4.5 to 1 (WCAG 2.2, AA)."""
    page, _, _ = look(browser, build_report(make_run("sections")), width=1280, scheme=scheme)
    faint = page.evaluate(CONTRAST)
    page.close()
    assert faint == []


CONTRAST = """() => {
  const parse = c => (c.match(/[\\d.]+/g) || []).map(Number);
  const light = ([r, g, b]) => [r, g, b].map(v => v / 255)
    .map(v => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [.2126, .7152, .0722][i], 0);
  const ground = e => {
    for (; e; e = e.parentElement) {
      const c = parse(getComputedStyle(e).backgroundColor);
      if (c.length === 3 || c[3] > 0) return c;
    }
    return [255, 255, 255];
  };
  const faint = new Set();
  for (const e of document.querySelectorAll('body *')) {
    const own = [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim());
    if (!own || e.tagName === 'title') continue;
    const style = getComputedStyle(e), svg = e instanceof SVGElement;
    const a = light(parse(svg ? style.fill : style.color)), b = light(ground(e));
    const ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
    const name = `${e.tagName}.${e.className.baseVal ?? e.className}`;
    if (ratio < 4.5) faint.add(`${name} ${ratio.toFixed(2)}`);
  }
  return [...faint];
}"""


OVERLAPS = """() => {
  const names = [...document.querySelectorAll('.chart-scatter .spot-name')]
    .filter(e => e.checkVisibility()).map(e => [e.textContent, e.getBoundingClientRect()]);
  const bad = [];
  for (const [i, [a, p]] of names.entries())
    for (const [b, q] of names.slice(i + 1))
      if (p.left < q.right && q.left < p.right && p.top < q.bottom - 2 && q.top < p.bottom - 2)
        bad.push(`${a} / ${b}`);
  return names.length ? bad : ['no names'];
}"""
