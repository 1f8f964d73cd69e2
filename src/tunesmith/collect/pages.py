"""Pages: documents from folders of Markdown, HTML and plain text files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import Field

from tunesmith.collect.base import Chunk, ChunkBuilder, FileSource, Place
from tunesmith.collect.encoding import Encoding, detect
from tunesmith.collect.times import parse_time
from tunesmith.errors import SourceError
from tunesmith.record import content_hash
from tunesmith.store.seen import Seen

MARKDOWN = {".md", ".markdown"}
HTML = {".html", ".htm", ".xhtml"}
PLAIN = {".txt"}

#: What frames a page and is not its content.
FURNITURE = (
    "script, style, noscript, template, svg, iframe, nav, header, footer, aside, form, "
    "[role=navigation], [role=banner], [role=contentinfo], [aria-hidden=true], [hidden]"
)
_FRONT_MATTER = re.compile(r"\A---[ \t]*\r?\n(.*?)\r?\n---[ \t]*(?:\r?\n|\Z)", re.DOTALL)
_HEADING = re.compile(r"^#[ \t]+(.+?)[ \t#]*$", re.MULTILINE)
_BLOCKS = {
    "p", "div", "section", "article", "main", "ul", "ol", "table", "tr", "pre", "blockquote",
    "dl", "dt", "dd", "figure", "figcaption", "hr", "address",
}  # fmt: skip


class PagesSource(FileSource):
    """Knowledge-base pages: each file is one document."""

    kind: Literal["pages"] = "pages"
    """The tag that names this kind of source."""
    encoding: str | None = None
    """Such as `utf-8`; detected when it is not given."""
    category: str | None = None
    """The category of every page."""
    max_file_mib: float = Field(default=16.0, gt=0)
    """A larger file is quarantined."""

    def read(self, place: Place) -> Iterator[Chunk]:
        """Read one file; see `Source.read`."""
        builder = ChunkBuilder(self, place)
        page, problem = self._page(place.path)
        if page is None:
            builder.quarantine(problem)
        else:
            builder.add("page", {"kind": "document", "category": self.category} | page, [])
        yield builder.take()

    def problems(self, base: Path, seen: Seen | None = None) -> list[tuple[str, str]]:
        """Missing files, or a folder without a page."""
        try:
            files = self.files(base)
        except SourceError as error:
            return [("path", error.what)]
        if not any(file.suffix.lower() in MARKDOWN | HTML | PLAIN for file in files):
            return [("path", "no Markdown, HTML or text file is there")]
        return []

    def _page(self, path: Path) -> tuple[dict[str, Any] | None, str]:
        suffix = path.suffix.lower()
        if suffix not in MARKDOWN | HTML | PLAIN:
            return None, f"a pages source does not read '{suffix or 'no suffix'}' files"
        size = path.stat().st_size
        if size == 0:
            return None, "the file is empty"
        if size > self.max_file_mib * (1 << 20):
            return None, f"the file has {size:,} bytes, more than the limit"
        raw = path.read_bytes()
        encoding = Encoding(self.encoding, declared=True) if self.encoding else detect(path)
        try:
            text = raw.decode(encoding.name)
        except UnicodeDecodeError as error:
            return None, f"byte {error.start + 1} is not valid {encoding.name}"
        if "\0" in text:
            return None, f"NUL byte at letter {text.index(chr(0)) + 1}"
        page = html_page(text) if suffix in HTML else markdown_page(text)
        page["content_hash"] = content_hash(raw)
        return page, ""


def markdown_page(text: str) -> dict[str, Any]:
    """A Markdown page: its words, and what its front matter says (title, date, licence)."""
    about: dict[str, Any] = {}
    match = _FRONT_MATTER.match(text)
    if match is not None:
        try:
            given = yaml.safe_load(match[1])
        except yaml.YAMLError:
            given = None  # not front matter after all: it stays in the text
        if isinstance(given, dict):
            about = {str(name).lower(): value for name, value in given.items()}
            text = text[match.end() :]
    heading = _HEADING.search(text)
    title = about.get("title") or (heading[1] if heading is not None else None)
    return _page(text.strip(), None if title is None else str(title), about)


def html_page(text: str) -> dict[str, Any]:
    """The main content of an HTML page as text; headings and list items keep their marks."""
    from selectolax.lexbor import LexborHTMLParser

    tree = LexborHTMLParser(text)
    about: dict[str, Any] = {}
    for meta in tree.css("meta[name][content]"):
        about[str(meta.attributes["name"]).lower()] = meta.attributes["content"]
    named = tree.css_first("head > title")
    title = named.text().strip() if named is not None else None
    for node in tree.css(FURNITURE):
        node.decompose()
    main = tree.css_first("main") or tree.css_first("article") or tree.css_first("[role=main]")
    root = main or tree.body
    heading = None if root is None else root.css_first("h1")
    if heading is not None:
        title = heading.text(separator=" ").strip() or title
    words = "" if root is None else _readable(root)
    return _page(words, title, about)


def _readable(root: Any) -> str:
    parts: list[str] = []
    pre_depth = 0

    def walk(node: Any) -> None:
        nonlocal pre_depth
        tag = node.tag
        if tag == "-text":
            text = node.text(deep=True)
            if not pre_depth:
                text = re.sub(r"\s+", " ", text)
                text = text.lstrip() if parts and parts[-1].endswith("\n") else text
            parts.append(text)
            return
        if tag == "br":
            parts.append("\n")
            return
        if tag in {"h1", "h2", "h3", "h4", "h5", "h6"}:
            parts.append("\n\n" + "#" * int(tag[1]) + " ")
        elif tag == "li":
            parts.append("\n- ")
        elif tag in _BLOCKS:
            parts.append("\n\n" if tag not in {"tr", "dt", "dd"} else "\n")
        pre_depth += tag == "pre"
        for child in node.iter(include_text=True):
            walk(child)
        pre_depth -= tag == "pre"
        if tag in _BLOCKS or (tag[:1] == "h" and tag[1:].isdigit()):
            parts.append("\n")
        elif tag in {"td", "th"}:
            parts.append(" | ")

    walk(root)
    text = "".join(parts)
    text = re.sub(r"[ \t]+\n", "\n", text)
    return re.sub(r"\n{3,}", "\n\n", text).strip()


def _page(text: str, title: str | None, about: dict[str, Any]) -> dict[str, Any]:
    moment = None
    for name in ("updated", "last_updated", "modified", "date", "timestamp"):
        value = about.get(name)
        if isinstance(value, datetime):
            moment = value if value.tzinfo is not None else value.replace(tzinfo=UTC)
        elif isinstance(value, date):
            moment = datetime(value.year, value.month, value.day, tzinfo=UTC)
        elif isinstance(value, str):
            moment = parse_time(value, UTC)
        if moment is not None:
            break
    used = {"title", "license", "licence", "author", "category", "updated", "date"}
    extra = [] if title is None else [{"key": "title", "value": title}]
    extra += [
        {"key": name, "value": str(value)}
        for name, value in about.items()
        if name not in used and value is not None
    ]
    license_ = about.get("license") or about.get("licence")
    category, author = about.get("category"), about.get("author")
    return {
        "text": text,
        "timestamp": moment,
        "extra": extra,
        "license": None if license_ is None else str(license_),
        "author": None if author is None else str(author),
    } | ({} if category is None else {"category": str(category)})
