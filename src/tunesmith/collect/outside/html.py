"""HTML that strangers wrote: its words, and what it declares about its licence.

Everything here runs in the sandbox: the HTML parser is written in C, and pages may be nested deep.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

import orjson

from tunesmith.collect import sandbox
from tunesmith.collect.licenses import spdx_of
from tunesmith.collect.pages import html_page, markdown_page
from tunesmith.collect.sandbox import Unreadable

_BOMS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))
_META_CHARSET = re.compile(
    rb"<meta[^>]{0,300}?charset\s{0,9}=\s{0,9}[\"']?\s{0,9}([\w.:-]{2,30})", re.IGNORECASE
)
_HEADER_CHARSET = re.compile(r"charset\s{0,9}=\s{0,9}[\"']?([\w.:-]{2,30})", re.IGNORECASE)

#: Codecs of Python that are no encodings of text, or that expand.
_TEXTUAL = re.compile(
    r"utf|ascii|latin|iso|8859|cp\d|windows|koi8|mac|gb|big5|euc|shift|sjis|tis|johab|hz|jis|ks_c",
    re.IGNORECASE,
)

#: Where Dublin Core, the schema of web pages and Creative Commons' own words name a licence.
_META_NAMES = {
    "license", "licence", "dc.rights", "dcterms.license", "dc.rights.license", "dcterms.rights",
    "dc.license", "citation_license", "og:license", "article:license", "rights",
}  # fmt: skip


def page_of(text: str) -> dict[str, Any]:
    """What `read_page` gives, read in the sandbox, with its time as a time.

    Raises:
        Unreadable: The page cannot be read.
    """
    return timed(sandbox.shared().call(read_page, text))


def markdown_of(text: str) -> dict[str, Any]:
    """What `pages.markdown_page` gives, read in the sandbox: front matter (YAML) can expand.

    Raises:
        Unreadable: It cannot be read.
    """
    page = timed(sandbox.shared().call(markdown_page, text))
    page["license"] = spdx_of(page["license"]) or page["license"]
    return page


def timed(page: dict[str, Any]) -> dict[str, Any]:
    """What a sandboxed parser gives, with its time as a time again."""
    moment = page.get("timestamp")
    page["timestamp"] = None if moment is None else datetime.fromisoformat(moment)
    return page


def read_page(text: str) -> dict[str, Any]:
    """The columns of a record that a page gives, and `reserved`: why it may not be mined, or null.

    Args:
        text: The HTML.

    Raises:
        Unreadable: There are no words in it.
    """
    page = html_page(text)
    if not page["text"].strip():
        raise Unreadable("the page has no words")
    found, reserved = declared(text)
    page["license"] = found or spdx_of(page.get("license"))
    page["reserved"] = reserved
    return page


def declared(text: str) -> tuple[str | None, str | None]:
    """The licence that a page declares for itself, and why it may not be mined; each may be null.

    A licence is declared by `<link rel=license>` or `<a rel=license>` (HTML, Creative Commons'
    marking), `cc:license` or `dct:license` (RDFa), `license` (microdata, JSON-LD of schema.org), or
    a `<meta>` of Dublin Core. Where declarations name different licences there is none: which one
    holds for the words is not said. Mining is reserved by `tdm-reservation` (W3C TDMRep) and by
    `noai` among the words for robots.
    """
    from selectolax.lexbor import LexborHTMLParser

    tree = LexborHTMLParser(text)
    given: list[str] = []
    reserved = None
    for node in tree.css("link[rel][href], a[rel][href], [property][href], [itemprop][href]"):
        marks = _marks(node, "rel") | _marks(node, "property") | _marks(node, "itemprop")
        if marks & {"license", "licence", "cc:license", "dct:license", "dcterms:license"}:
            given.append(node.attributes.get("href") or "")
    for node in tree.css("meta[content]"):
        name = str(node.attributes.get("name") or node.attributes.get("property") or "").lower()
        words = str(node.attributes.get("content") or "")
        if name in _META_NAMES or "license" in _marks(node, "itemprop"):
            given.append(words)
        elif name == "tdm-reservation" and words.strip() == "1":
            reserved = "the page reserves text and data mining"
        elif name == "robots" and "noai" in re.split(r"[\s,]+", words.lower()):
            reserved = "the page says noai to robots"
    for node in tree.css('script[type="application/ld+json"]'):
        given += _json_ld(node.text())
    licenses = {found for found in map(spdx_of, given) if found is not None}
    return (licenses.pop() if len(licenses) == 1 else None), reserved


def _marks(node: Any, name: str) -> set[str]:
    return set(str(node.attributes.get(name) or "").lower().split())


def _json_ld(text: str) -> list[str]:
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        return []  # scripts of pages are often broken; they are not the page
    found: list[str] = []
    items = value if isinstance(value, list) else [value]
    if isinstance(value, dict) and isinstance(value.get("@graph"), list):
        items = [value, *value["@graph"]]
    for item in items:
        named = item.get("license") if isinstance(item, dict) else None
        for one in named if isinstance(named, list) else [named]:
            about = (one.get("@id") or one.get("url")) if isinstance(one, dict) else one
            if isinstance(about, str):
                found.append(about)
    return found


def decoded(raw: bytes, content_type: str | None) -> tuple[str, list[str]]:
    """A page's bytes as text, and what had to be done for it.

    A byte-order mark decides, then the content type, then a `<meta charset>` at the start; else it
    is UTF-8, or Windows-1252 where that does not fit (the encoding of the web before).

    Raises:
        Unreadable: It is not text in the encoding that it declares.
    """
    for mark, name in _BOMS:
        if raw.startswith(mark):
            return _strict(raw[len(mark) :], name), []
    header = _HEADER_CHARSET.search(content_type or "")
    meta = _META_CHARSET.search(raw[:4096])
    named = meta[1].decode() if meta else None
    if named and named.lower().startswith("utf-16"):
        named = "utf-8"  # it could be read as ASCII this far (WHATWG Encoding, 13.2.3)
    for given in (header and header[1], named):
        if given and _exists(given):
            try:
                return _strict(raw, _web_name(given)), []
            except Unreadable:
                break
    try:
        return raw.decode(), []
    except UnicodeDecodeError:
        try:
            return raw.decode("cp1252"), ["decoded as windows-1252"]
        except UnicodeDecodeError as error:
            raise Unreadable(f"byte {error.start + 1} is not valid text") from None


def _strict(raw: bytes, name: str) -> str:
    try:
        return raw.decode(name)
    except UnicodeDecodeError as error:
        raise Unreadable(f"byte {error.start + 1} is not valid {name}") from None


def _web_name(name: str) -> str:
    """What the web means by a name: Latin-1 is Windows-1252 there (WHATWG Encoding, 4.2)."""
    low = name.lower().replace("_", "-")
    if low in {"iso-8859-1", "latin1", "latin-1", "us-ascii", "ascii"}:
        return "cp1252"
    return {"gb2312": "gb18030", "gbk": "gb18030", "x-sjis": "shift_jis"}.get(low, low)


def _exists(name: str) -> bool:
    if not _TEXTUAL.search(name):
        return False
    try:
        "".encode(_web_name(name))
    except (LookupError, UnicodeError):
        return False
    return True
