"""XML exports and forum pages as JSON values. These functions run in the `Sandbox`.

An XML export becomes `{"xml": root's name, "attributes": …, "records": […]}`. A record is an
element `bug` (Bugzilla), `item` (Jira) or `row` (the StackExchange dump), as
`{"tag", "attributes", "text", "children"}`. Nothing is fetched and no entity is expanded.

An Askbot page becomes `{"askbot": {…}}` with its question, answers and comments; see
`tunesmith.collect.exports.askbot`.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from tunesmith.collect.sandbox import Unreadable
from tunesmith.errors import MissingExtraError

RECORDS = ("bug", "item", "row")

_BLOCK = 1 << 16
_DEPTH = 50
#: Letters that XML 1.0 does not allow, which Bugzilla writes all the same.
_FORBIDDEN = bytes(code for code in range(32) if code not in (9, 10, 13))
_ENTITY = re.compile(rb"<!ENTITY", re.IGNORECASE)


def xml_records(path: str) -> dict[str, Any]:
    """The records of an XML export.

    What comes before a tear or a mistake is kept; `problem` and `line` say where it is.

    Args:
        path: The file.

    Raises:
        Unreadable: It declares entities, or nothing of it can be read.
        MissingExtraError: lxml is not installed.
    """
    try:
        from lxml import etree
    except ImportError:
        raise MissingExtraError("lxml", "documents") from None
    parser = etree.XMLPullParser(
        events=("start", "end"),
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
    )
    raw = Path(path).read_bytes()
    wide = raw[:2] in (b"\xff\xfe", b"\xfe\xff")
    if _ENTITY.search(raw[:_BLOCK] if not wide else raw[:_BLOCK].replace(b"\0", b"")):
        raise Unreadable("its document type declares entities")
    if not wide:
        raw = raw.translate(None, _FORBIDDEN)
    found: dict[str, Any] = {"xml": "", "attributes": {}, "records": [], "problem": None}
    try:
        for start in range(0, len(raw), _BLOCK):
            parser.feed(raw[start : start + _BLOCK])
            _take(parser, found)
        parser.close()
    except etree.XMLSyntaxError as error:
        found["problem"] = f"not valid XML from line {error.lineno} on"
        found["line"] = error.lineno
    _take(parser, found)
    if found["problem"] and not found["xml"]:
        raise Unreadable("not valid XML")
    return found


def _take(parser: Any, found: dict[str, Any]) -> None:
    from lxml import etree

    events = parser.read_events()
    while True:
        try:
            event, element = next(events)
        except StopIteration:
            return
        except etree.XMLSyntaxError:  # said by `feed` before
            return
        if event == "start":
            if not found["xml"]:
                found["xml"] = _name(element.tag)
                found["attributes"] = _attributes(element)
        elif _name(element.tag) in RECORDS:
            found["records"].append(_node(element, 0))
            element.clear()


def _name(tag: Any) -> str:
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def _attributes(element: Any) -> dict[str, str]:
    return {_name(name): value for name, value in element.attrib.items()}


def _node(element: Any, depth: int) -> dict[str, Any]:
    if depth > _DEPTH:
        raise Unreadable(f"elements nested more than {_DEPTH} deep")
    return {
        "tag": _name(element.tag),
        "attributes": _attributes(element),
        "text": element.text,
        "children": [_node(child, depth + 1) for child in element if isinstance(child.tag, str)],
    }


# ── Askbot ───────────────────────────────────────────────────────────────────────────────────────


def askbot_page(path: str) -> dict[str, Any]:
    """The question of an Askbot page, with its answers and their comments.

    Args:
        path: The file.

    Raises:
        Unreadable: It is another page.
    """
    from selectolax.lexbor import LexborHTMLParser

    page = LexborHTMLParser(Path(path).read_bytes())
    question = page.css_first("div.js-question[data-post-id]")
    if question is None:
        raise Unreadable("an HTML page that is no question of Askbot")
    title = page.css_first("h1 a") or page.css_first("h1")
    # Before the posts: what is not a post's own words is taken out of them.
    comments = [_askbot_comment(node) for node in page.css("div.js-comment[data-comment-id]")]
    posts = [question, *page.css("div.answer[data-post-id]")]
    return {
        "askbot": {
            "id": question.attributes.get("data-post-id"),
            "title": None if title is None else title.text().strip(),
            "tags": [node.text().strip() for node in page.css("ul#question-tags a.js-tag-name")],
            "posts": [_askbot_post(node) for node in posts],
            # The page has an empty comment too, from which new ones are made.
            "comments": [comment for comment in comments if comment["id"] != "0"],
        }
    }


def _askbot_post(node: Any) -> dict[str, Any]:
    """A question or an answer: its words are what is in its body beside the box of its author."""
    number = node.attributes.get("data-post-id")
    body = node.css_first("div.post-body")
    info = [] if body is None else body.css("div.post-update-info")
    by = _askbot_user(info[0]) if info else {}
    votes = node.css_first("div.vote-number")
    post = {
        "id": number,
        "accepted": "accepted-answer" in (node.attributes.get("class") or ""),
        "score": None if votes is None else votes.text().strip(),
        **by,
    }
    if body is not None:
        for box in body.css(
            "div.post-update-info-container, div.comments, .post-controls, script, style"
        ):
            box.decompose()
        post["html"] = _inner(body)
    return post


def _askbot_comment(node: Any) -> dict[str, Any]:
    words = node.css_first("div.comment-body")
    on = node.parent
    while on is not None and "data-parent-post-id" not in on.attributes:
        on = on.parent
    comment: dict[str, Any] = {
        "id": node.attributes.get("data-comment-id"),
        "on": None if on is None else on.attributes.get("data-parent-post-id"),
    }
    author = node.css_first("a.author")
    if words is not None:
        for box in words.css("script, style"):
            box.decompose()
        if author is None:
            comment["html"] = _inner(words)
            words.decompose()  # it may name people whom it answers
    comment |= _askbot_user(node, author)
    if words is not None and author is not None:
        for box in words.css("a.author, .comment-controls, abbr.timeago"):
            box.decompose()
        comment["html"] = _inner(words)
    return comment


def _askbot_user(node: Any, author: Any = None) -> dict[str, Any]:
    """Who wrote it, and when: `/en/users/9/name/` and the title of the time."""
    found: dict[str, Any] = {}
    for link in [author] if author is not None else node.css("a[href*='/users/']"):
        parts = (link.attributes.get("href") or "").strip("/").split("/")
        if "users" in parts and parts.index("users") + 1 < len(parts):
            found["author"] = parts[parts.index("users") + 1]
        if link.text().strip():
            found["name"] = link.text().strip()
            break
    when = node.css_first("abbr.timeago")
    if when is not None:
        found["at"] = when.attributes.get("title")
    return found


def _inner(node: Any) -> str:
    html = node.html or ""
    start, end = html.find(">") + 1, html.rfind("</")
    return html[start:end].strip() if 0 < start <= end else ""
