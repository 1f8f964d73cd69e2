"""Confluence: space exports as HTML and XML, and pages as its REST interface gives them.

The XML export is a zip file with `entities.xml`: `Page` and `BlogPost` objects, and the
`BodyContent` objects that hold their text in storage format. Current pages become documents; older
versions, drafts, pages in the bin, comments and attachments are left out, each with that reason.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html import escape
from io import BytesIO
from pathlib import Path
from typing import Any

import orjson

from tunesmith.collect.documents.archive import Archive, local
from tunesmith.collect.documents.blocks import Document, Problem
from tunesmith.collect.documents.html import html_document
from tunesmith.collect.sandbox import Unreadable

#: Objects of the export that someone wrote.
_WRITTEN = {"Page", "BlogPost", "Comment", "Attachment"}
_CDATA = re.compile(r"<!\[CDATA\[(.*?)\]\]>", re.DOTALL)
_PARAMETER = re.compile(r"<ac:parameter\b[^>]*>[^<]*</ac:parameter>")
_LINK = re.compile(r"<ac:link\b[^>]*>(.*?)</ac:link>", re.DOTALL)
_TITLE = re.compile(r"ri:content-title=\"([^\"]*)\"")
_CODE = re.compile(r"<ac:plain-text-body>(.*?)</ac:plain-text-body>", re.DOTALL)
_TASK_FACTS = re.compile(r"<ac:(task-id|task-status)>[^<]*</ac:\1>")
_SELF_CLOSED = re.compile(r"<((?:ac|ri):[\w-]+)\b([^>]*)/>")


def storage_document(body: str) -> Document:
    """A page in Confluence's storage format (XHTML with macros) as blocks."""
    body = _CDATA.sub(lambda match: escape(match[1]), body)
    body = _PARAMETER.sub("", body)
    body = _TASK_FACTS.sub("", body).replace("<ac:task>", "<li>").replace("</ac:task>", "</li>")
    body = _CODE.sub(lambda match: f"<pre>{match[1]}</pre>", body)
    body = _LINK.sub(_link_words, body)
    body = _SELF_CLOSED.sub("", body)
    document, _ = html_document(f"<main>{body}</main>")
    return document


def _link_words(match: re.Match[str]) -> str:
    """What a link shows: its own words, else the title of the page that it leads to."""
    words = re.sub(r"<(?!/?(?:b|i|em|strong|code)\b)[^>]*>", "", match[1]).strip()
    title = _TITLE.search(match[1])
    return words or (title[1] if title else "")


# ── REST ─────────────────────────────────────────────────────────────────────────────────────────


def is_rest(value: Any) -> bool:
    """Whether a JSON value is a page of Confluence's REST interface, or a list of them."""
    if not isinstance(value, dict):
        return False
    if isinstance(value.get("results"), list):
        return "_links" in value and all(_is_content(one) for one in value["results"])
    return _is_content(value)


def _is_content(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and isinstance(value.get("type"), str)
        and (value["type"] in {"page", "blogpost", "comment", "attachment"} or "space" in value)
    )


def read_rest(path: str) -> list[Document]:
    """The pages of a JSON file.

    Raises:
        Unreadable: It is no JSON of Confluence pages.
    """
    try:
        value = orjson.loads(Path(path).read_bytes())
    except orjson.JSONDecodeError:
        raise Unreadable("it is no JSON") from None
    if not is_rest(value):
        raise Unreadable("its JSON has no pages of Confluence")
    several = isinstance(value.get("results"), list)
    found = value["results"] if several else [value]
    if not found:
        raise Unreadable("the list of pages is empty")
    return [_rest_page(one, f"page {number}") for number, one in enumerate(found, 1)]


def _rest_page(value: dict[str, Any], position: str) -> Document:
    body = _dig(value, "body", "storage", "value") or _dig(value, "body", "view", "value")
    reason = None
    if value["type"] not in {"page", "blogpost"}:
        kind = "attachment" if value["type"] == "attachment" else "comment or space"
        reason = f"no page: {kind}"
    elif value.get("status") not in {None, "current"}:
        reason = "an older version, a draft or in the bin"
    elif not isinstance(body, str) or not body.strip():
        reason = "the page has no body in this file"
    if reason is not None or not isinstance(body, str):
        left = Document(position=position)
        left.problems.append(Problem(reason or "", position, dropped=True))
        return left
    document = storage_document(body)
    document.position, document.title = position, _text(value.get("title"))
    document.source_id = _text(value.get("id"))
    document.author = _text(_dig(value, "version", "by", "displayName"))
    document.modified = _text(_dig(value, "version", "when"))
    return document


def _dig(value: Any, *names: str) -> Any:
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _text(value: Any) -> str | None:
    return str(value) if isinstance(value, (str, int)) and str(value) else None


# ── The XML export ───────────────────────────────────────────────────────────────────────────────


@dataclass
class _Object:
    kind: str
    id: str
    facts: dict[str, str] = field(default_factory=dict)
    refers: dict[str, str] = field(default_factory=dict)


def read_entities(path: str, *, zipped: bool) -> list[Document]:
    """The pages of an XML export, the zip file or the `entities.xml` in it, in its order.

    Raises:
        Unreadable: It is damaged, or declares entities.
    """
    raw = Archive(path).read("entities.xml") if zipped else Path(path).read_bytes()
    objects, people = _objects(raw)
    bodies = {
        found.refers["content"]: found.facts.get("body", "")
        for found in objects
        if found.kind == "BodyContent" and "content" in found.refers
    }
    documents: list[Document] = []
    for found in objects:
        if found.kind in _WRITTEN:
            position = f"page {len(documents) + 1}"
            documents.append(_entity_page(found, bodies.get(found.id, ""), people, position))
    return documents


def _objects(raw: bytes) -> tuple[list[_Object], dict[str, str]]:
    """The objects of the export that matter, and the names of people by their keys."""
    from lxml import etree

    if b"<!ENTITY" in raw:
        raise Unreadable("its XML declares entities")
    objects: list[_Object] = []
    people: dict[str, str] = {}
    events = etree.iterparse(
        BytesIO(raw), events=("end",), tag="object", resolve_entities=False, no_network=True,
        load_dtd=False, huge_tree=False, remove_comments=True, remove_pis=True,
    )  # fmt: skip
    try:
        for _, element in events:
            kind = element.get("class", "")
            if kind in _WRITTEN or kind == "BodyContent":
                objects.append(_object(element, kind))
            elif kind == "ConfluenceUserImpl":
                found = _object(element, kind)
                people[found.id] = found.facts.get("name", "")
            element.clear()
            while element.getprevious() is not None:
                del element.getparent()[0]
    except etree.XMLSyntaxError:
        raise Unreadable("its XML is damaged") from None
    return objects, people


def _object(element: Any, kind: str) -> _Object:
    found = _Object(kind, "")
    for child in element:
        name, tag = child.get("name", ""), local(child)
        if tag == "id":
            found.id = (child.text or "").strip()
        elif tag == "property":
            inner = next((one for one in child if local(one) == "id"), None)
            if inner is None:
                found.facts[name] = "".join(child.itertext())
            else:
                found.refers[name] = (inner.text or "").strip()
    return found


def _entity_page(found: _Object, body: str, people: dict[str, str], position: str) -> Document:
    reason = None
    if found.kind not in {"Page", "BlogPost"}:
        reason = f"no page: {found.kind.lower()}"
    elif found.facts.get("contentStatus", "current") != "current" or (
        "originalVersion" in found.refers or "originalVersionId" in found.facts
    ):
        reason = "an older version, a draft or in the bin"
    elif not body.strip():
        reason = "the page has no body in this file"
    if reason is not None:
        left = Document(position=position)
        left.problems.append(Problem(reason, position, dropped=True))
        return left
    # An export writes what would end a CDATA section with a space in it.
    document = storage_document(body.replace("]] >", "]]>"))
    document.position, document.source_id = position, found.id
    document.title = found.facts.get("title") or None
    document.modified = found.facts.get("lastModificationDate") or None
    document.author = people.get(found.refers.get("lastModifier", "")) or None
    return document


# ── The HTML export ──────────────────────────────────────────────────────────────────────────────


def read_html_export(path: str) -> list[tuple[Document, dict[str, Any]]]:
    """The pages of a zip file of HTML pages, with what `html_document` says of each."""
    archive = Archive(path)
    found = []
    for number, name in enumerate(archive.entries, 1):
        position = f"entry {number}"
        about: dict[str, Any] = {"about": {}, "title": None, "pairs": []}
        if not name.lower().endswith((".html", ".htm")):
            continue  # style sheets, pictures and attachments are listed by their page
        if name.rpartition("/")[2].lower() == "index.html":
            document = Document(position=position)
            document.problems.append(Problem("the index of the export", position, dropped=True))
        else:
            document, about = html_document(archive.read(name).decode("utf-8", "replace"))
            document.position = position
            page = re.search(r"(\d+)\.html?$", name)
            document.source_id = page[1] if page else None
        found.append((document, about))
    for number in archive.unsafe:
        document = Document(position=f"entry {number}")
        reason = "the name of the entry leads out of the archive"
        document.problems.append(Problem(reason, document.position))
        found.append((document, {"about": {}, "title": None, "pairs": []}))
    return found
