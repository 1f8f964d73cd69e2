"""Steps that mend text: wrong decodings, markup, control characters, normal form, whitespace."""

from __future__ import annotations

import html
import re
import unicodedata
from typing import ClassVar

import polars as pl

from tunesmith import code_blocks as code
from tunesmith.clean.columns import on_hits, rewrite_metadata, rewrite_texts
from tunesmith.record import METADATA_COLUMNS, TEXT_COLUMNS
from tunesmith.step import Transform

_EVERYWHERE = (*TEXT_COLUMNS, *METADATA_COLUMNS, "labels", "extra")


class TextTransform(Transform):
    """Rewrites every text and every metadata value of a row, each by itself."""

    reads: ClassVar[tuple[str, ...]] = _EVERYWHERE
    writes: ClassVar[tuple[str, ...]] = TEXT_COLUMNS

    def rewrite(self, texts: pl.Series) -> pl.Series:
        """Rewrite a column of texts."""
        raise NotImplementedError

    def transform(self, batch: pl.DataFrame) -> pl.DataFrame:
        """Rewrite question, answer, text and every metadata value."""

        def rewrite(texts: pl.Series, _rows: object) -> pl.Series:
            return self.rewrite(texts)

        return rewrite_metadata(rewrite_texts(batch, rewrite), rewrite)


class Mojibake(TextTransform):
    """Mend text that was decoded with the wrong encoding (`donâ€™t` → `don’t`), by ftfy.

    Only texts that ftfy finds implausible are touched, and only their encoding. On by default:
    it restores what was written.
    """

    kind: ClassVar[str] = "mojibake"

    def rewrite(self, texts: pl.Series) -> pl.Series:
        """Rewrite a column of texts."""
        return on_hits(texts, texts.str.contains(_SUSPECT), _mend)


#: A text whose only letters beyond ASCII are these is never found implausible (a test says so).
_SUSPECT = "[^\\x00-\\x7f\u2018\u2019\u201c\u201d\u2013\u2014\u2026\u2022]"


_ASCII_RUN = re.compile(r"([\x00-\x7f]{8})[\x00-\x7f]+([\x00-\x7f]{8})")


def without_plain_runs(text: str) -> str:
    """A text without the middle of its long runs of ASCII: as implausible, and sooner judged.

    What ftfy finds implausible lies within four letters of one beyond ASCII.
    """
    return _ASCII_RUN.sub(r"\1\n\2", text)


def _mend(text: str) -> str:
    import ftfy
    from ftfy.badness import is_bad

    return ftfy.fix_encoding(text) if is_bad(without_plain_runs(text)) else text


#: Names of HTML elements; anything else in angle brackets (`<your name>`, `a < b`) is text.
_ELEMENTS = (
    "a|abbr|address|article|aside|b|big|blockquote|body|br|button|caption|center|cite|code|col|"
    "colgroup|dd|del|details|dfn|div|dl|dt|em|fieldset|figcaption|figure|font|footer|form|h[1-6]|"
    "head|header|hr|html|i|iframe|img|input|ins|kbd|label|legend|li|link|main|mark|meta|nav|"
    "noscript|ol|optgroup|option|p|pre|q|s|samp|section|select|small|span|strike|strong|sub|"
    "summary|sup|table|tbody|td|textarea|tfoot|th|thead|title|tr|tt|u|ul|var|wbr|o:p"
)
_TAG = rf"(?i)</?(?:{_ELEMENTS})(?:\s[^<>]*)?/?>"
#: One pattern each: where one alternative may match far behind another, the search for the next
#: match begins again and again, and a megabyte of `<script><!-- -->` takes hours.
_HIDDEN = (
    *(rf"(?is)<{name}(?-u:\b)[^<>]*>.*?</{name}\s*>" for name in ("script", "style", "template")),
    r"(?s)<!--.*?-->",
)
_MARKUP = "|".join((_TAG, r"(?i)<(?:script|style|template)(?-u:\b)", "<!--"))
_PREFORMATTED = r"(?is)<pre(?-u:\b)[^<>]*>\n?(.*?)\n?</pre\s*>"
_BREAK = (
    r"(?i)<br\s*/?>|</(?:p|div|tr|h[1-6]|blockquote|pre|table|ul|ol|section|article|option|"
    r"select|legend)\s*>"
)
_ITEM = r"(?i)<li(?:\s[^<>]*)?>"
_ENTITY = r"&(?:#\d{2,7}|#[xX][0-9a-fA-F]{2,6}|[A-Za-z][A-Za-z0-9]{1,30});"
_BLOCK = (
    r"(?i)<(?:html|body|head|div|p|table|tr|td|ul|ol|li|br|h[1-6]|blockquote|section|article|form|"
    r"select|script|style|template)\b[^<>]*>"
)
_BLOCK_TAG = re.compile(_BLOCK)
_INDENTED = r"(?m)^(?: {4}|\t)"
_INDENTATION = re.compile(r"^[ \t]+", re.MULTILINE)


class Html(TextTransform):
    """Remove HTML markup and resolve entities in tickets; what no browser knows as a tag stays.

    Line breaks, paragraphs and list items become line breaks; scripts, styles and comments go;
    preformatted text becomes a fenced code block. On by default: the words stay as they are. Code
    of a Markdown text stays, tags and entities in it too. Between block elements an indentation
    is the markup's own and no code; where it would be read as code later, it goes.
    """

    kind: ClassVar[str] = "html"
    version: ClassVar[int] = 3

    def rewrite(self, texts: pl.Series) -> pl.Series:
        """Rewrite a column of texts."""
        where = texts.str.contains(f"{_MARKUP}|{_ENTITY}").fill_null(value=False).arg_true()
        if not where.len():
            return texts
        plain = code.outside(texts.gather(where), _without_hidden, _blocks_in_markup)
        plain = code.outside(plain, _without_tags, _code_in_markup)
        return texts.scatter(where, _without_layout(texts.gather(where), plain))


def _without_hidden(texts: pl.Series) -> pl.Series:
    for pattern in _HIDDEN:
        texts = texts.str.replace_all(pattern, "")
    return texts


def _without_tags(texts: pl.Series) -> pl.Series:
    plain = (
        texts.str.replace_all(_PREFORMATTED, "\n```\n$1\n```\n")
        .str.replace_all(_ITEM, "\n- ")
        .str.replace_all(_BREAK, "\n")
        .str.replace_all(_TAG, "")
    )
    return on_hits(plain, plain.str.contains(_ENTITY), html.unescape)


def _without_layout(given: pl.Series, plain: pl.Series) -> pl.Series:
    """Texts that were markup, without the indentation that Markdown would read as code."""
    where = (given.str.contains(_BLOCK) & plain.str.contains(_INDENTED)).arg_true()
    markup = [number for number in where if _is_markup(given[number], code.blocks(given[number]))]
    if not markup:
        return plain
    return plain.scatter(markup, code.outside(plain.gather(markup), _flush, _fences))


def _flush(texts: pl.Series) -> pl.Series:
    return on_hits(texts, texts.str.contains(_INDENTED), _without_indented_blocks)


def _without_indented_blocks(text: str) -> str:
    place, pieces = 0, []
    for start, end in code.blocks(text):
        pieces += [text[place:start], _INDENTATION.sub("", text[start:end])]
        place = end
    return "".join([*pieces, text[place:]])


def _fences(text: str) -> list[code.Extent]:
    return code.blocks(text, indented=False)


def _is_markup(text: str, blocks: list[code.Extent]) -> bool:
    """Whether a text starts with a block element, or has one outside of what would be code."""
    if _BLOCK_TAG.match(text.lstrip()):
        return True
    place = 0
    for start, end in blocks:
        if _BLOCK_TAG.search(text, place, start):
            return True
        place = end
    return _BLOCK_TAG.search(text, place) is not None


def _blocks_in_markup(text: str) -> list[code.Extent]:
    found = code.blocks(text)
    return _fences(text) if _is_markup(text, found) else found


def _code_in_markup(text: str) -> list[code.Extent]:
    return code.with_spans(text, _blocks_in_markup(text))


_CONTROL = (
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u200b\u200e\u200f\u202a-\u202e"
    "\u2060\u2066-\u2069\ufeff\ufffe\uffff]"
)


class ControlCharacters(TextTransform):
    r"""Remove control, zero-width and direction characters; line ends become `\n`.

    Joiners (U+200C, U+200D) stay: Persian, Indic scripts and emoji need them. Variation selectors
    stay too. On by default: nobody sees what goes.
    """

    kind: ClassVar[str] = "control_characters"

    def rewrite(self, texts: pl.Series) -> pl.Series:
        """Rewrite a column of texts."""
        where = texts.str.contains(rf"\r|{_CONTROL}").fill_null(value=False).arg_true()
        if not where.len():
            return texts
        plain = texts.gather(where).str.replace_all("\r\n?", "\n").str.replace_all(_CONTROL, "")
        return texts.scatter(where, _without_layout(texts.gather(where), plain))


class UnicodeNfc(TextTransform):
    """Bring text to Unicode normal form C (`e` + combining acute → `é`).

    On by default: the two are canonically equivalent (Unicode Standard Annex 15).
    """

    kind: ClassVar[str] = "unicode_nfc"

    def rewrite(self, texts: pl.Series) -> pl.Series:
        """Rewrite a column of texts."""
        # Python's own tables: a vectorised NFC (pyarrow 25) was seen to be wrong.
        beyond = texts.str.len_bytes() != texts.str.len_chars()
        return on_hits(texts, beyond, lambda text: unicodedata.normalize("NFC", text))


_WIDE = "[\u00a0\u2000-\u200a\u202f]"
_UNTIDY = rf"{_WIDE}|\S[ \t]{{2}}|\S\t|[ \t]\n|\n\n\n|\A\s|\s\z"
_INDENTED_START = r"\A(?: {4}|\t)[^\n]+\n(?: {4}|\t)"


class Whitespace(TextTransform):
    """Collapse runs of spaces, trim lines' ends, and keep at most one blank line.

    On by default: no word changes. A no-break space becomes a space. The indentation of a line
    stays (lists need it), and code blocks stay as they are, that at the text's start too.
    """

    kind: ClassVar[str] = "whitespace"
    version: ClassVar[int] = 2

    def rewrite(self, texts: pl.Series) -> pl.Series:
        """Rewrite a column of texts."""
        where = texts.str.contains(_UNTIDY).fill_null(value=False).arg_true()
        if not where.len():
            return texts
        hit = texts.gather(where).str.replace_all(_WIDE, " ").str.strip_chars_end()
        hit = hit.str.replace(r"\A(?:[ \t]*\n)+", "")
        flush = (~hit.str.contains(_INDENTED_START)).arg_true()
        hit = hit.scatter(flush, hit.gather(flush).str.strip_chars_start())
        return texts.scatter(where, code.outside(hit, _tidy, code.blocks))


def _tidy(texts: pl.Series) -> pl.Series:
    return (
        texts.str.replace_all(r"(\S)[ \t]{2,}", "$1 ")
        .str.replace_all(r"(\S)\t", "$1 ")
        .str.replace_all(r"[ \t]+\n", "\n")
        .str.replace_all(r"\n{3,}", "\n\n")
    )
