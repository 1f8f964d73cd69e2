"""HTML pages: their main content as text or as blocks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from tunesmith.collect.documents.blocks import Document
from tunesmith.collect.documents.furniture import prune
from tunesmith.collect.documents.markdown import page_of, text_blocks
from tunesmith.collect.documents.questions import Pair, declared_pairs, marked_up_pairs
from tunesmith.collect.sandbox import Unreadable

#: What frames a page and is not its content.
FURNITURE = (
    "script, style, noscript, template, svg, iframe, nav, header, footer, aside, form, "
    "[role=navigation], [role=banner], [role=contentinfo], [aria-hidden=true], [hidden]"
)
#: Where wikis put the content of a page: Confluence's space export, then MediaWiki.
_WIKI = "#main-content.wiki-content, div.wiki-content, div.mw-parser-output"

_BLOCKS = {
    "p", "div", "section", "article", "main", "ul", "ol", "table", "tr", "pre", "blockquote",
    "dl", "dt", "dd", "figure", "figcaption", "hr", "address",
}  # fmt: skip
_HEADINGS = {"h1", "h2", "h3", "h4", "h5", "h6"}

#: Elements within each other; parsers take time with the square of it. Elements that need no end
#: tag are not counted: pages have thousands of them that are never closed.
MAX_DEPTH = 1_500
_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9:-]*)[^<>]{0,2000}")
_UNCLOSED = {
    "area", "base", "body", "br", "col", "colgroup", "dd", "dt", "embed", "head", "hr", "html",
    "img", "input", "li", "link", "meta", "optgroup", "option", "p", "param", "rp", "rt",
    "source", "tbody", "td", "tfoot", "th", "thead", "tr", "track", "wbr",
}  # fmt: skip

#: Marks that stand in the text while it becomes blocks: a heading, code from here and up to here.
HEADING_MARK, CODE_MARK, CODE_END = "\ue000", "\ue001", "\ue002"
_MARKS = re.compile("[\ue000-\ue002]")


def html_page(text: str) -> dict[str, Any]:
    """The main content of an HTML page as text; headings and list items keep their marks.

    Raises:
        Unreadable: Its elements are nested deeper than `MAX_DEPTH`.
    """
    tree, title, about = _open(text)
    root, heading = _main(tree)
    return page_of("" if root is None else _readable(root), heading or title, about)


def html_document(text: str, *, take_pairs: bool = False) -> tuple[Document, dict[str, Any]]:
    """The main content of an HTML page as blocks, and what the page says of itself.

    Args:
        text: The page.
        take_pairs: Leave questions and answers that the markup names out of the blocks.

    Returns:
        The document, its pairs of question and answer in `extra` left to the caller; and a mapping
        with `about` (the meta elements), `title` and `pairs`.

    Raises:
        Unreadable: As of `html_page`.
    """
    text = _MARKS.sub("", text)
    tree, title, about = _open(text, keep_data=True)
    pairs: list[Pair] = declared_pairs(tree)
    for node in tree.css("script"):
        node.decompose()
    root, heading = _main(tree)
    document = Document(title=heading or title)
    if tree.root is not None:
        document.language = tree.root.attributes.get("lang") or None
    document.license = _license(tree)
    if root is not None:
        pairs += marked_up_pairs(root, _readable, take=take_pairs)
        marked = _readable(root, marked=True)
        document.text = _MARKS.sub("", marked)
        document.blocks = list(text_blocks(marked))
    return document, {"about": about, "title": document.title, "pairs": pairs}


def _open(text: str, *, keep_data: bool = False) -> tuple[Any, str | None, dict[str, Any]]:
    """The tree without furniture, the title, and the meta elements."""
    from selectolax.lexbor import LexborHTMLParser

    _hold_to_depth(text)
    tree = LexborHTMLParser(text)
    about: dict[str, Any] = {}
    for meta in tree.css("meta[name][content]"):
        about[str(meta.attributes["name"]).lower()] = meta.attributes["content"]
    named = tree.css_first("head > title")
    title = named.text().strip() if named is not None else None
    for node in tree.css(FURNITURE):
        if not (keep_data and node.attributes.get("type") == "application/ld+json"):
            node.decompose()
    return tree, title, about


def _hold_to_depth(text: str) -> None:
    depth = 0
    for match in _TAG.finditer(text):
        if match[2].lower() not in _UNCLOSED and not match[0].endswith("/"):
            depth = max(0, depth - 1) if match[1] else depth + 1
            if depth > MAX_DEPTH:
                raise Unreadable("it is nested too deep")


def _main(tree: Any) -> tuple[Any, str | None]:
    """The element with the main content, and the words of its first heading."""
    main = tree.css_first("main") or tree.css_first("article") or tree.css_first("[role=main]")
    wiki = (
        None
        if main
        else max(tree.css(_WIKI)[:20], key=lambda node: len(node.html or ""), default=None)
    )
    root = main or wiki or tree.body
    if root is None:
        return None, None
    heading = root.css_first("h1")
    title = None if heading is None else heading.text(separator=" ").strip() or None
    if main is None:
        named = tree.css_first("#title-text, #title-heading, h1.page-title, #firstHeading")
        title = title or (named and " ".join(named.text(separator=" ").split())) or None
        prune(root)
    return root, title


def _license(tree: Any) -> str | None:
    """The licence that a page links to as its own."""
    node = tree.css_first("a[rel~=license][href], link[rel~=license][href]")
    return None if node is None else node.attributes.get("href") or None


def _readable(root: Any, *, marked: bool = False) -> str:
    """The words below a node; the tree is walked without recursion, however deep it is."""
    parts: list[str] = []
    pre_depth = 0
    for node, leaving in _walk(root):
        tag = node.tag
        if leaving:
            pre_depth -= tag == "pre"
            if tag == "pre" and marked:
                parts.append(CODE_END)
            if tag in _BLOCKS or (tag[:1] == "h" and tag[1:].isdigit()):
                parts.append("\n")
            elif tag in {"td", "th"}:
                parts.append(" | ")
        elif tag == "-text":
            text = node.text(deep=True)
            if not pre_depth:
                text = re.sub(r"\s+", " ", text)
                text = text.lstrip() if parts and parts[-1].endswith("\n") else text
            parts.append(text)
        elif tag == "br":
            parts.append("\n")
        else:
            parts.append(_opening(tag, marked))
            pre_depth += tag == "pre"
    text = "".join(part for part in parts if part)
    text = re.sub(r"[ \t]+\n", "\n", text)
    return re.sub(r"\n{3,}", "\n\n", text).strip()


def _opening(tag: str, marked: bool) -> str:
    """What stands before the words of an element."""
    if tag in _HEADINGS:
        return "\n\n" + HEADING_MARK * marked + "#" * int(tag[1]) + " "
    if tag == "li":
        return "\n- "
    if tag == "pre":
        return "\n\n" + CODE_MARK * marked
    if tag in _BLOCKS:
        return "\n\n" if tag not in {"tr", "dt", "dd"} else "\n"
    return ""


def _walk(root: Any) -> Iterator[tuple[Any, bool]]:
    """Every node in document order, elements twice: on the way in and (true) on the way out."""
    stack = [(root, False)]
    while stack:
        node, leaving = stack.pop()
        yield node, leaving
        if leaving or node.tag in {"-text", "br"}:
            continue
        stack.append((node, True))
        stack.extend((child, False) for child in reversed(list(node.iter(include_text=True))))
