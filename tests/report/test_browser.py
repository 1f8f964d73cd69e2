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
@pytest.mark.parametrize(("width", "scheme"), [(360, "dark"), (700, "light"), (1280, "light")])
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


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_its_ground(browser: Browser, make_run: MakeRun, scheme: str) -> None:
    """Every text has a contrast of at least 4.5 to 1 (WCAG 2.2, AA)."""
    page, _, _ = look(browser, build_report(make_run("full")), width=1280, scheme=scheme)
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
