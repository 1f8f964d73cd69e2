"""Academic papers: PDF, JATS XML, S2ORC JSON and LaTeX sources; each paper is a document."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path, PurePosixPath
from typing import Any, Literal

import orjson
from pydantic import Field

from tunesmith.collect.base import Chunk, ChunkBuilder, FileSource, Place
from tunesmith.collect.documents.passages import Passages
from tunesmith.collect.documents.read import read_file
from tunesmith.collect.licenses import spdx_of
from tunesmith.collect.outside import archives, jats, latex, streams
from tunesmith.collect.outside.archives import Member
from tunesmith.collect.outside.others import OutsideSource
from tunesmith.collect.sandbox import Unreadable, shared
from tunesmith.errors import MissingExtraError, SourceError
from tunesmith.record import content_hash
from tunesmith.store.seen import Seen

_XML = (".nxml", ".xml", ".jats")
_TEX = (".tex", ".ltx")
_PACKED = (".gz", ".tgz", ".tar", ".zip", ".bz2", ".xz")

#: For one PDF: papers have formulas of thousands of letters.
PDF_CPU_S = 180.0
_KNOWN = (*_XML, *_TEX, *_PACKED, ".json")


@dataclass
class Paper:
    """What a paper says."""

    title: str | None
    text: str
    """Its abstract and sections with headings, without the title."""
    authors: list[str] = field(default_factory=list)
    license: str | None = None
    id: str | None = None
    year: str | None = None
    extra: list[tuple[str, str | None]] = field(default_factory=list)
    problems: list[Unreadable] = field(default_factory=list)
    """Pages of it that cannot be read."""


class PapersSource(OutsideSource, FileSource):
    """Papers in files: each file or LaTeX archive is one document."""

    kind: Literal["papers"] = "papers"
    """The tag that names this kind of source."""
    category: str | None = None
    """The category of every paper."""
    max_file_mib: float = Field(default=64.0, gt=0, le=512)
    """A larger file is quarantined; archives count as unpacked."""

    def read(self, place: Place) -> Iterator[Chunk]:
        """Read one file; see `Source.read`."""
        builder = ChunkBuilder(self, place)
        try:
            raw, papers = self._papers(place.path)
        except Unreadable as problem:
            builder.quarantine(problem.reason, position=problem.position)
        else:
            for number, paper in enumerate(papers, 1):
                for page in paper.problems:
                    builder.quarantine(page.reason, position=page.position)
                if not paper.text.strip():
                    builder.quarantine("the paper has no words", position=f"paper {number}")
                    continue
                values = self._values(paper) | {"content_hash": content_hash(raw)}
                builder.add(paper.id or f"paper {number}", values, [])
        yield builder.take()

    def problems(self, base: Path, seen: Seen | None = None) -> list[tuple[str, str]]:
        """Missing files, or files of which none is named as a paper is."""
        try:
            files = self.files(base)
        except SourceError as error:
            return [("path", error.what)]
        if not any(path.suffix.lower() in (*_KNOWN, ".pdf") for path in files):
            return [("path", "no paper is there (PDF, JATS .nxml or .xml, S2ORC .json, LaTeX)")]
        pdf = any(path.suffix.lower() == ".pdf" for path in files)
        if pdf and find_spec("pypdfium2") is None:
            return [("path", MissingExtraError("pypdfium2", "documents").message)]
        return []

    def _papers(self, path: Path) -> tuple[bytes, list[Paper]]:
        """A file's bytes and its papers.

        Raises:
            Unreadable: There is none that can be read.
        """
        limit = int(self.max_file_mib * (1 << 20))
        size, suffix = path.stat().st_size, path.suffix.lower()
        if size == 0:
            raise Unreadable("the file is empty")
        if size > limit:
            raise Unreadable(f"the file has {size:,} bytes, more than the limit of {limit:,}")
        raw = path.read_bytes()
        if suffix == ".pdf":
            return raw, [_pdf(path)]
        if suffix in _XML:
            return raw, [_jats(raw)]
        if suffix == ".json":
            return raw, [_s2orc(raw)]
        if suffix in _TEX:
            return raw, [_latex([Member(path.name, raw)])]
        if suffix in _PACKED:
            return raw, [_latex(_unpacked(path, limit))]
        raise Unreadable(f"a papers source does not read '{suffix or 'no suffix'}' files")

    def _values(self, paper: Paper) -> dict[str, Any]:
        title = f"# {paper.title}\n\n" if paper.title else ""
        extra = [("title", paper.title), ("year", paper.year), *paper.extra]
        year = paper.year[:4] if paper.year and re.match(r"(19|20)\d\d", paper.year) else None
        return {
            "kind": "document",
            "text": title + paper.text.strip(),
            "category": self.category,
            "source_id": paper.id,
            "author": "; ".join(paper.authors) or None,
            "timestamp": datetime(int(year), 1, 1, tzinfo=UTC) if year else None,
            "license": paper.license,
            "extra": [{"key": key, "value": value} for key, value in extra if value],
        }


# ── PDF ──────────────────────────────────────────────────────────────────────────────────────────


def _pdf(path: Path) -> Paper:
    """A paper as one text; see `documents.pdf`."""
    whole = Passages(max_tokens=None).model_dump()
    pages = shared(cpu_s=PDF_CPU_S).call(read_file, str(path), None, whole, "keep")
    problems = [
        Unreadable(problem["reason"], problem["position"])
        for page in pages
        for problem in page["problems"]
    ]
    rows = [row for page in pages for row in page["rows"]]
    if not rows:
        raise problems[0] if problems else Unreadable("no text is in it")
    facts = pages[0]["facts"]
    authors = [facts["author"]] if facts.get("author") else []
    extra = [(item["key"], item["value"]) for item in facts["extra"]]
    text = "\n\n".join(row["text"] for row in rows)
    return Paper(None, text, authors, spdx_of(facts.get("license")), None, None, extra, problems)


# ── JATS ─────────────────────────────────────────────────────────────────────────────────────────


def _jats(raw: bytes) -> Paper:
    article = jats.read(raw)
    if not article.title and not article.body and not article.abstract:
        raise Unreadable("it is not an article in JATS")
    abstract = f"## Abstract\n\n{article.abstract}\n\n" if article.abstract else ""
    return Paper(
        title=article.title or None,
        text=abstract + article.body,
        authors=article.authors,
        license=article.license,
        id=article.ids.get("doi") or article.ids.get("pmc") or article.ids.get("pmid"),
        year=article.date.get("year"),
        extra=[(name, article.ids.get(name)) for name in ("doi", "pmc", "pmid")],
    )


# ── S2ORC ────────────────────────────────────────────────────────────────────────────────────────


def _s2orc(raw: bytes) -> Paper:
    """A paper in one of the forms of S2ORC: releases of 2019, 2020 and 2021, and doc2json's."""
    try:
        given = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise Unreadable(f"not valid JSON at line {error.lineno}") from None
    if not isinstance(given, dict):
        raise Unreadable("it is not a paper in S2ORC's form")
    parses = (given.get(name) for name in ("latex_parse", "pdf_parse", "grobid_parse"))
    parse = next((one for one in parses if isinstance(one, dict) and one.get("body_text")), given)
    if not isinstance(parse.get("body_text"), list):
        raise Unreadable("it is not a paper in S2ORC's form")
    about = given["metadata"] if isinstance(given.get("metadata"), dict) else given
    abstract = parse.get("abstract") or given.get("abstract") or about.get("abstract")
    text = _sections([{"text": abstract}] if isinstance(abstract, str) else abstract, "Abstract")
    text += _sections(parse["body_text"], "")
    return Paper(
        title=_text(about.get("title")),
        text=text,
        authors=_authors(about.get("authors")),
        license=spdx_of(_text(about.get("license"))),
        id=_text(given.get("paper_id")),
        year=_text(about.get("year")),
        extra=[(name, _text(about.get(name))) for name in ("doi", "arxiv_id", "acl_id", "venue")],
    )


def _sections(paragraphs: Any, always: str) -> str:
    """Paragraphs under their sections' headings; `always` is the one heading of an abstract."""
    said: list[str] = []
    last = None
    for one in paragraphs if isinstance(paragraphs, list) else []:
        words = _text(one.get("text")) if isinstance(one, dict) else None
        if words is None:
            continue
        section = always or _text(one.get("section")) or ""
        if section and section != last:
            number = _text(one.get("sec_num")) or ""
            said.append(f"{'#' * min(6, 2 + number.count('.'))} {' '.join(section.split())}")
        last = section
        said.append(words.strip())
    return "".join(f"{part}\n\n" for part in said)


def _authors(given: Any) -> list[str]:
    found = []
    for one in given if isinstance(given, list) else []:
        if isinstance(one, dict):
            middle = one.get("middle")
            names = [
                one.get("first"),
                *(middle if isinstance(middle, list) else []),
                one.get("last"),
            ]
            words = " ".join(name for name in names if isinstance(name, str) and name)
            found += [words] if words else []
    return found


def _text(value: Any) -> str | None:
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value if isinstance(value, str) and value.strip() else None


# ── LaTeX ────────────────────────────────────────────────────────────────────────────────────────


def _unpacked(path: Path, limit: int) -> list[Member]:
    """The files of an arXiv source: a tar, or one compressed file, or a zip.

    Raises:
        Unreadable: It cannot be unpacked.
    """
    if path.suffix.lower() == ".zip":
        return list(archives.members(path, limit))
    parts, total = [], 0
    for block in streams.blocks(path):
        total += len(block)
        if total > limit:
            raise Unreadable(f"unpacked it has more than {limit:,} bytes")
        parts.append(block)
    raw = b"".join(parts)
    if raw[257:262] == b"ustar":
        return list(archives.tar_members(raw, limit))
    return [Member("main.tex", raw)]


def _latex(files: list[Member]) -> Paper:
    texts = {
        str(PurePosixPath(one.name)): _decoded(one.raw)
        for one in files
        if one.raw is not None and (one.name.lower().endswith((*_TEX, ".bbl")) or len(files) == 1)
    }
    main = _main(texts)
    if main is None:
        raise Unreadable("no file in it begins a LaTeX document")
    folder = PurePosixPath(main).parent

    def find(name: str) -> str | None:
        asked = folder / name
        return texts.get(str(asked)) or texts.get(f"{asked}.tex")

    whole = latex.joined(texts[main], find)
    head, begin, body = whole.partition("\\begin{document}")
    body = (body if begin else whole).partition("\\end{document}")[0]
    words = latex.macros(head)
    return Paper(latex.named(whole, "title"), latex.plain(body, words))


def _main(texts: dict[str, str]) -> str | None:
    """The file that is the document: it has a class and a body; the shortest name of several."""
    found = [name for name, text in texts.items() if "\\begin{document}" in text]
    found = [name for name in found if "\\documentclass" in texts[name]] or found
    return min(found, key=lambda name: (len(PurePosixPath(name).parts), len(name)), default=None)


def _decoded(raw: bytes) -> str:
    try:
        return raw.decode().replace("\0", "").replace("\r\n", "\n")
    except UnicodeDecodeError:
        return raw.decode("latin-1").replace("\0", "").replace("\r\n", "\n")
