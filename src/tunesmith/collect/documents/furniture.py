"""What frames the main content of an HTML page that does not name its main element.

Two signs, as in Mozilla's Readability (https://github.com/mozilla/readability, Apache-2.0,
`unlikelyCandidates` and `_cleanConditionally`) and, before it, Kohlschütter, Fankhauser and Nejdl,
"Boilerplate Detection using Shallow Text Features" (WSDM 2010): the names that authors give to
navigation, cookie bars, side bars and share buttons, and the share of words that are links. Blocks
of prose are never taken out for being short: the steps of a manual are.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

#: Names that only furniture has.
_SURE = re.compile(
    r"(?:^|[\s_-])(?:cookie|consent|gdpr|breadcrumbs?|pagination|pager|share|sharing|sharedaddy"
    r"|social|newsletter|subscribe|navbar|navigation|skip-link|toolbar|sidebar|side-bar|menu"
    r"|masthead|site-header|site-footer|footer|banner|related|recommended|advert|sponsor|popup"
    r"|modal|toc|table-of-contents|page-metadata|printfooter|catlinks|mw-editsection|navbox)"
    r"(?:$|[\s_-])",
    re.IGNORECASE,
)
#: Names of what holds the content, whatever else they are called.
_CONTENT = re.compile(r"article|body|content|main|page\b|post|entry|faq|answer", re.IGNORECASE)
#: Containers that may go as a whole.
_CONTAINERS = {"div", "section", "ul", "ol", "table", "p", "dl", "span", "td", "center"}
#: A container whose words are links to more than this share, with at least so many links and fewer
#: than so many words that are none, is a list of links.
LINK_SHARE, LINKS, FREE_WORDS = 0.6, 3, 40


@dataclass
class _Counted:
    words: int = 0
    linked: int = 0
    links: int = 0
    heading: bool = False


def prune(root: Any) -> None:
    """Take what frames the content out of the tree below `root`."""
    for node in _furniture(root):
        node.decompose()


def _furniture(root: Any) -> list[Any]:
    """The outermost containers below `root` that frame the content."""
    counted: dict[int, _Counted] = {}
    order: list[tuple[Any, _Counted]] = []
    total = _count(root, counted, order)
    found, gone = [], set()
    for node, count in order:  # parents come before their children
        parent = node.parent
        if parent is not None and parent.mem_id in gone:
            gone.add(node.mem_id)
        elif node.mem_id != root.mem_id and _frames(node, count, total):
            gone.add(node.mem_id)
            found.append(node)
    return found


def _frames(node: Any, count: _Counted, total: _Counted) -> bool:
    if node.tag not in _CONTAINERS or count.words * 2 > total.words:
        return False  # half of the page is no frame
    names = f"{node.attributes.get('class') or ''} {node.attributes.get('id') or ''}"
    if _SURE.search(names) and not count.heading:
        return not _CONTENT.search(names) or count.linked > count.words * LINK_SHARE
    return (
        count.links >= LINKS
        and count.linked > count.words * LINK_SHARE
        and count.words - count.linked < FREE_WORDS
        and not count.heading
    )


def _count(root: Any, counted: dict[int, _Counted], order: list[tuple[Any, _Counted]]) -> _Counted:
    """Words, linked words and links below every element, in one walk without recursion."""
    stack: list[tuple[Any, bool, bool]] = [(root, False, False)]
    while stack:
        node, linked, leaving = stack.pop()
        if leaving:
            if node.mem_id != root.mem_id and node.parent is not None:
                own, above = counted[node.mem_id], counted[node.parent.mem_id]
                above.words += own.words
                above.linked += own.linked
                above.links += own.links
                above.heading |= own.heading
            continue
        if node.tag == "-text":
            words = len(node.text(deep=True).split())
            counted[node.parent.mem_id].words += words
            counted[node.parent.mem_id].linked += words * linked
            continue
        linked = linked or node.tag == "a"
        count = counted[node.mem_id] = _Counted(links=node.tag == "a", heading=node.tag == "h1")
        order.append((node, count))
        stack.append((node, linked, True))
        stack.extend((child, linked, False) for child in node.iter(include_text=True))
    return counted[root.mem_id]
