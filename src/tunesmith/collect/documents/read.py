"""A file of any format as the rows of its pages: what runs in the sandbox."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal

from tunesmith.collect.documents import confluence
from tunesmith.collect.documents.blocks import Block, Document, Problem, render
from tunesmith.collect.documents.epub import read_epub
from tunesmith.collect.documents.html import html_document, html_page
from tunesmith.collect.documents.kinds import Format, recognise
from tunesmith.collect.documents.markdown import markdown_page, page_of, text_blocks
from tunesmith.collect.documents.opendocument import read_opendocument
from tunesmith.collect.documents.passages import Passages, cut
from tunesmith.collect.documents.pdf import read_pdf
from tunesmith.collect.documents.questions import Pair, find_pairs, unique
from tunesmith.collect.documents.rtf import read_rtf
from tunesmith.collect.documents.sheets import read_sheets
from tunesmith.collect.documents.slides import read_slides
from tunesmith.collect.documents.word import read_word
from tunesmith.collect.encoding import Encoding, detect
from tunesmith.collect.sandbox import Unreadable
from tunesmith.record import content_hash

Questions = Literal["keep", "also", "extract", "only"]

_READERS = {
    "pdf": read_pdf,
    "word": read_word,
    "slides": read_slides,
    "sheets": read_sheets,
    "opendocument": read_opendocument,
    "epub": read_epub,
    "rtf": read_rtf,
}


def read_file(
    path: str, encoding: str | None, passages: dict[str, Any], questions: Questions
) -> list[dict[str, Any]]:
    """The pages of a file, each with its rows.

    Args:
        path: The file.
        encoding: Of a text; detected when null.
        passages: Settings of `Passages`.
        questions: What becomes of questions and answers; see `PagesSource`.

    Returns:
        For each page `facts` (columns that its rows share), `rows` (each with its `key` and
        columns), `notes` and `problems`.

    Raises:
        Unreadable: The file as a whole cannot be read.
        MissingExtraError: A package that its format needs is not installed.
    """
    settings = Passages.model_validate(passages)
    form, note = recognise(path)
    found = []
    for document, facts, pairs in _pages(path, form, encoding, questions):
        rows = _rows(document, facts, pairs, settings, questions)
        if not rows and not document.problems:
            document.problems.append(Problem("no text is in it", document.position))
        found.append(
            {
                "key": "page" if document.position is None else f"page {_name(document)}",
                "source_id": document.source_id,
                "facts": {name: value for name, value in facts.items() if name != "text"},
                "rows": rows,
                "notes": [*([note] if note else []), *document.notes],
                "problems": [asdict(problem) for problem in document.problems],
            }
        )
    return found


def _name(document: Document) -> str:
    return document.source_id or document.position or ""


def _pages(
    path: str, form: Format, encoding: str | None, questions: Questions
) -> Iterator[tuple[Document, dict[str, Any], list[Pair]]]:
    """Each page of a file: its blocks, the columns of its record, pairs that its markup names."""
    if form in _READERS:
        document = _READERS[form](path)
        yield document, _facts(document), []
    elif form == "confluence-html":
        for document, said in confluence.read_html_export(path):
            yield document, _facts(document, said["about"]), said["pairs"]
    elif form.startswith("confluence"):
        pages = (
            confluence.read_rest(path)
            if form == "confluence-json"
            else confluence.read_entities(path, zipped=form == "confluence-zip")
        )
        for document in pages:
            yield document, _facts(document), []
    else:
        yield _text_page(_decoded(path, encoding), form, questions)


def _text_page(
    text: str, form: Format, questions: Questions
) -> tuple[Document, dict[str, Any], list[Pair]]:
    if form == "html":
        facts = html_page(text)
        document, said = html_document(text, take_pairs=questions == "extract")
        if questions != "extract":
            document.text = facts["text"]
        if facts["license"] is None:
            facts["license"] = document.license
        document.title = said["title"]
        return document, facts, said["pairs"]
    facts = markdown_page(text)
    title = next((item["value"] for item in facts["extra"] if item["key"] == "title"), None)
    document = Document(title=title, text=facts["text"])
    document.blocks = list(text_blocks(facts["text"], markdown=True))
    return document, facts, []


def _facts(document: Document, about: dict[str, Any] | None = None) -> dict[str, Any]:
    said = dict(about or {})
    for name, value in (
        ("author", document.author),
        ("updated", document.modified),
        ("license", document.license),
        ("language", document.language),
    ):
        if value and not said.get(name):
            said[name] = value
    return page_of("", document.title, said)


def _decoded(path: str, name: str | None) -> str:
    """The letters of a text file.

    Raises:
        Unreadable: They are not of the encoding, or it is no text.
    """
    encoding = Encoding(name, declared=True) if name else detect(Path(path))
    try:
        text = Path(path).read_bytes().decode(encoding.name)
    except UnicodeDecodeError as error:
        raise Unreadable(f"byte {error.start + 1} is not valid {encoding.name}") from None
    if "\0" in text:
        raise Unreadable(f"NUL byte at letter {text.index(chr(0)) + 1}")
    return text


# ── Rows ─────────────────────────────────────────────────────────────────────────────────────────


def _rows(
    document: Document,
    facts: dict[str, Any],
    pairs: list[Pair],
    settings: Passages,
    questions: Questions,
) -> list[dict[str, Any]]:
    """The rows of a page: its pairs first, then its text as one row or as passages."""
    blocks = document.blocks
    if questions == "keep":
        pairs = []
    else:
        shown, rest = find_pairs(blocks, document.title)
        pairs = unique([*pairs, *shown])
        if questions == "extract" and pairs:
            blocks, document.text = rest, None
            document.notes.append(f"questions taken out: {len(pairs)}")
    rows = [_pair_row(pair, number) for number, pair in enumerate(pairs, 1)]
    if questions == "only":
        if not rows and blocks:
            reason = "no question with an answer is in it"
            document.problems.append(Problem(reason, document.position, dropped=True))
        return rows
    textual = document.text is not None and not blocks  # an empty text file is a row, as ever
    return rows + (_text_rows(document, blocks, settings) if blocks or textual else [])


def _pair_row(pair: Pair, number: int) -> dict[str, Any]:
    digest = content_hash(f"{pair.question}\0{pair.answer}".encode())
    return {
        "key": f"question {content_hash(pair.question.encode())}",
        "kind": "qa",
        "question": pair.question,
        "answer": pair.answer,
        "position": pair.position or f"question {number}",
        "content_hash": digest,
    }


def _text_rows(document: Document, blocks: list[Block], settings: Passages) -> list[dict[str, Any]]:
    passages = cut(blocks, settings)
    if len(passages) < 2:
        text = document.whole() if blocks is document.blocks else render(blocks)
        return [{"key": "", "kind": "document", "text": text, "position": document.position}]
    rows = []
    for passage in passages:
        text = passage.text(headings=settings.headings)
        own = render(passage.blocks)
        path = " > ".join(heading.text for heading in passage.path)
        rows.append(
            {
                "key": "passage " + content_hash(f"{path}\0{own}".encode()),
                "kind": "document",
                "text": text,
                "position": passage.position,
                "headings": path,
                "content_hash": content_hash(text.encode()),
            }
        )
    return rows
