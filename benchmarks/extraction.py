"""Text taken out of documents beside the texts that others expect of them, word by word.

    python benchmarks/extraction.py --data ../shared/data            (--json FIGURES.json)

Cases: the PDFs of `office-docs` with an expected text (of markitdown's tests; the scan expects no
text), the papers with a gold parse (S2ORC's, by GROBID: title, authors, abstract, sections,
captions, references; it leaves out formulas, the words in figures and most of the tables), and
HTML pages that name their main element: the expected text is what stands in it, and what is
measured is the same page with its elements and roles renamed to `div`, as pages have it that name
nothing.

Figures, over lower-case words without punctuation: precision (of the words taken out, how many are
expected), recall (of the expected, how many are there), F1 of both as bags; `order` is F1 over
pairs of neighbouring words, which says whether they stand in the order of reading; seconds by the
clock. The floor is what pypdfium2 gives of each page as it is, or all words of an HTML page's body.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from tunesmith.collect.documents.html import html_page
from tunesmith.collect.documents.pdf import read_pdf
from tunesmith.collect.sandbox import Unreadable


@dataclass
class Case:
    """A document and the words that are expected of it."""

    name: str
    expected: str
    ours: Callable[[], str]
    floor: Callable[[], str]


@dataclass
class Figures:
    """How near a text comes to the expected one."""

    case: str
    method: str
    precision: float
    recall: float
    f1: float
    order: float
    seconds: float


def words(text: str) -> list[str]:
    """Lower-case words; a hyphen at the end of a line is none."""
    text = re.sub(r"(\w)[-\u00ad\ufffe\x02]\s*\n\s*(?=[a-z])", r"\1", text)
    return re.findall(r"\w+", text.lower())


def compare(found: str, expected: str) -> tuple[float, float, float, float]:
    """Precision, recall and F1 of the words, F1 of their pairs; all 1 where both are empty."""
    ours, gold = words(found), words(expected)
    precision, recall, f1 = _f1(Counter(ours), Counter(gold))
    return precision, recall, f1, _f1(Counter(pairwise(ours)), Counter(pairwise(gold)))[2]


def _f1(ours: Counter[Any], gold: Counter[Any]) -> tuple[float, float, float]:
    if not ours and not gold:
        return 1.0, 1.0, 1.0
    common = (ours & gold).total()
    precision = common / max(1, ours.total())
    recall = common / max(1, gold.total())
    return precision, recall, 2 * precision * recall / max(1e-9, precision + recall)


def cases(data: Path) -> Iterator[Case]:
    """Every document with an expected text."""
    office = data / "office-docs" / "markitdown" / "tests" / "test_files"
    for expected in sorted((office / "expected_outputs").glob("*.md")):
        # Lines of dashes and bars are Markdown's way to draw a table.
        yield _pdf(office / f"{expected.stem}.pdf", expected.read_text(encoding="utf-8"))
    for gold in sorted((data / "papers" / "pdf").glob("*.json")):
        yield _pdf(gold.with_suffix(".pdf"), _paper(json.loads(gold.read_text(encoding="utf-8"))))
    for page in ("test_blog.html", "test_wikipedia.html"):
        yield _html(office / page)


def _pdf(path: Path, expected: str) -> Case:
    return Case(path.stem[:28], expected, lambda: _our_pdf(path), lambda: _plain_pdf(path))


def _our_pdf(path: Path) -> str:
    try:
        return read_pdf(str(path)).whole()
    except Unreadable:  # a scan has no text
        return ""


def _plain_pdf(path: Path) -> str:
    from pypdfium2 import PdfDocument

    pdf = PdfDocument(path)
    return "\n".join(page.get_textpage().get_text_range() for page in pdf)


def _paper(gold: dict[str, Any]) -> str:
    parse = gold["pdf_parse"]
    people = [" ".join([one["first"], *one["middle"], one["last"]]) for one in gold["authors"]]
    sections = list(dict.fromkeys(one["section"] for one in parse["body_text"]))
    parts = [gold["title"], *people, *(one["text"] for one in parse["abstract"]), *sections]
    parts += [one["text"] for one in parse["body_text"] + parse["back_matter"]]
    parts += [one["text"] for one in parse["ref_entries"].values()]
    parts += [one["raw_text"] for one in parse["bib_entries"].values()]
    return "\n".join(parts)


def _html(path: Path) -> Case:
    text = path.read_text(encoding="utf-8")
    bare = re.sub(r"<(/?)(?:main|article|nav|header|footer|aside|form)\b", r"<\1div", text)
    bare = re.sub(r'\srole="[^"]*"', "", bare)
    return Case(
        path.name, html_page(text)["text"], lambda: html_page(bare)["text"], lambda: _body(bare)
    )


def _body(text: str) -> str:
    from selectolax.lexbor import LexborHTMLParser

    tree = LexborHTMLParser(text)
    for node in tree.css("script, style, noscript, template, svg"):
        node.decompose()
    return "" if tree.body is None else tree.body.text(separator=" ")


def measure(data: Path) -> list[Figures]:
    """Both methods on every case."""
    found = []
    for case in cases(data):
        for method, extract in (("tunesmith", case.ours), ("plain", case.floor)):
            start = time.perf_counter()
            text = extract()
            seconds = time.perf_counter() - start
            found.append(Figures(case.name, method, *compare(text, case.expected), seconds))
    return found


def main(arguments: list[str]) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--json", type=Path, help="write the figures there too")
    given = parser.parse_args(arguments)
    figures = measure(given.data)
    print(f"{'':28} {'':10} precision  recall      f1   order  seconds")
    for one in figures:
        print(
            f"{one.case:28} {one.method:10} {one.precision:9.3f} {one.recall:7.3f}"
            f" {one.f1:7.3f} {one.order:7.3f} {one.seconds:8.2f}"
        )
    if given.json is not None:
        given.json.write_text(json.dumps([asdict(one) for one in figures], indent=1) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
