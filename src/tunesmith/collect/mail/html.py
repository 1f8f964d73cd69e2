"""HTML mails as text: called in the sandbox."""

from __future__ import annotations

from tunesmith.collect.pages import html_page

#: What mail programs mark quoted mails and signatures with: Gmail, Outlook, Yahoo, Proton,
#: Thunderbird, Apple.
_QUOTES = (
    "div.gmail_quote, div.gmail_extra blockquote, blockquote[type=cite], blockquote.gmail_quote, "
    "div.yahoo_quoted, div.protonmail_quote, div.moz-cite-prefix, #divRplyFwdMsg, "
    "#divRplyFwdMsg ~ *, #appendonsend ~ *, #OLK_SRC_BODY_SECTION, div.zmail_extra"
)
_SIGNATURES = (
    "div.gmail_signature, div.moz-signature, pre.moz-signature, #Signature, "
    "#ms-outlook-mobile-signature"
)

#: A mail with fewer tags is not nested so deep that it takes long.
_MANY_TAGS = 5_000


def text_of(html: str, quotes: bool, signatures: bool) -> str:
    """The words of an HTML mail.

    Args:
        html: The mail.
        quotes: Whether quoted mails stay.
        signatures: Whether signatures stay.

    Raises:
        Unreadable: It is nested too deep.
    """
    from selectolax.lexbor import LexborHTMLParser

    if html.count("<") > _MANY_TAGS:
        html_page(html)  # refuses what is nested too deep; selectors take the square of the depth
    tree = LexborHTMLParser(html)
    gone = [
        selector for selector, stays in ((_QUOTES, quotes), (_SIGNATURES, signatures)) if not stays
    ]
    for selector in gone:
        for node in tree.css(selector):
            node.decompose()
    text = str(html_page(tree.html or "")["text"]) if gone else ""
    return text if text.strip() else str(html_page(html)["text"])
