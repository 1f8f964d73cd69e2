"""MediaWiki's markup as plain text with headings, in time proportional to its length.

One pass over marks with a stack of what is open. Templates go, but for those whose words stand in
the sentence; links become their words; files, references and comments go; tables become lines of
cells; code and formulas stay. What is opened and never closed is taken as words.

Reference for the markup: www.mediawiki.org/wiki/Help:Formatting and Markup_spec.
"""

from __future__ import annotations

import html
import itertools
import re
from collections.abc import Collection
from dataclasses import dataclass, field

#: As deep as MediaWiki itself follows templates; deeper marks are taken as words.
MAX_DEPTH = 40

_MARK = re.compile(
    r"\{\{|\}\}|\[\[|\]\]|^[ \t:*#]{0,20}\{\||^[ \t]{0,20}\|\}(?!\})|\||<!--|"
    r"</?([a-zA-Z][a-zA-Z0-9]{0,20})\b[^<>]{0,500}>",
    re.MULTILINE,
)

#: Elements whose content is no markup: what becomes of it.
_RAW = {
    "ref": "drop", "gallery": "drop", "timeline": "drop", "score": "drop", "imagemap": "drop",
    "templatedata": "drop", "templatestyles": "drop", "style": "drop", "script": "drop",
    "mapframe": "drop", "graph": "drop", "hiero": "drop", "nowiki": "keep", "math": "math",
    "chem": "math", "ce": "math", "pre": "code", "source": "code", "syntaxhighlight": "code",
}  # fmt: skip
_CLOSING = {name: re.compile(rf"</{name}\s{{0,20}}>", re.IGNORECASE) for name in _RAW}

#: Templates whose words stand in the sentence: which of their arguments.
_SPOKEN = {
    "lang": 1, "transl": 1, "nowrap": 0, "nobr": 0, "small": 0, "big": 0, "quote": 0,
    "blockquote": 0, "cquote": 0, "quotation": 0, "abbr": 0, "tooltip": 0, "em": 0, "strong": 0,
    "sic": 0, "var": 0, "smallcaps": 0, "visible anchor": 0, "lang-en": 0, "lang-de": 0,
    "lang-fr": 0, "lang-la": 0, "ill": 0, "interlanguage link": 0, "code": 0, "mono": 0, "kbd": 0,
    "math": 0, "mvar": 0, "frac": 0, "as of": 0, "main": None, "convert": None,
}  # fmt: skip
_SIGNS = {
    "ndash": " – ", "spaced ndash": " – ", "snd": " – ", "mdash": "—", "spaced mdash": " — ",
    "!": "|", "=": "=", "nbsp": " ", "pi": "π", "'": "'", "-": "\n",
}  # fmt: skip

_HEADING = re.compile(r"^(={1,6})[ \t]{0,20}([^\n]{1,500}?)[ \t]{0,20}\1[ \t]{0,20}$")
_EXTERNAL = re.compile(
    r"\[(?:https?:|ftp:|irc:|news:)?//[^\s\[\]]{1,1000}(?:[ \t]{1,5}([^\[\]\n]{0,500}))?\]"
)
_LIST = re.compile(r"^[*#:;]{1,20}[ \t]{0,20}")
_QUOTES = re.compile(r"'{2,5}")
_SWITCH = re.compile(r"__[A-Z]{3,30}__")
_LANGUAGE = re.compile(r"^(?:[a-z]{2,3}|simple)(?:-[a-z]{2,10}){0,2}$")
_CELL_STYLE = re.compile(r"^[^|\n]{0,300}=[^|\n]{0,300}\|(?!\|)")

#: What stands for a fenced block while lines are mended, so that its lines are left alone.
_KEPT = "\x02"


@dataclass
class WikiText:
    """What a page says."""

    text: str
    categories: list[str]
    redirect: bool
    """Whether it only sends the reader on to another page."""


@dataclass
class _Open:
    kind: str  # "root", "template", "link", "table"
    mark: str
    parts: list[str] = field(default_factory=list)
    bars: list[int] = field(default_factory=list)  # where in the parts an argument begins

    def arguments(self) -> list[str]:
        """The parts between the bars."""
        edges = [0, *self.bars, len(self.parts)]
        return ["".join(self.parts[a:b]) for a, b in itertools.pairwise(edges)]


class _Reader:
    def __init__(self, source: str, files: Collection[str], categories: Collection[str]) -> None:
        self.source = source.replace(_KEPT, "")
        self.files = {name.lower() for name in files}
        self.category_words = {name.lower() for name in categories}
        self.categories: list[str] = []
        self.blocks: list[str] = []
        self.stack = [_Open("root", "")]
        self.open = {"template": 0, "link": 0, "table": 0}
        self.unclosed: set[str] = set()

    def read(self) -> str:
        place = 0
        source = self.source
        while (match := _MARK.search(source, place)) is not None:
            if match.start() > place:
                self.stack[-1].parts.append(source[place : match.start()])
            place = self._mark(match)
        self.stack[-1].parts.append(source[place:])
        while len(self.stack) > 1:
            self._give_up()
        return "".join(self.stack[0].parts)

    def _mark(self, match: re.Match[str]) -> int:
        """Take a mark; gives where reading goes on."""
        mark = match[0]
        if mark == "<!--":
            return self._comment(match)
        if match[1] is not None:
            return self._tag(match)
        stripped = mark.strip(" \t:*#")
        if mark in {"{{", "[["} or stripped == "{|":
            self._begin({"{{": "template", "[[": "link"}.get(mark, "table"), mark)
        elif mark in {"}}", "]]"} or stripped == "|}":
            self._finish({"}}": "template", "]]": "link"}.get(mark, "table"), mark)
        elif self.stack[-1].kind in {"template", "link"}:
            top = self.stack[-1]
            top.bars.append(len(top.parts))
        else:
            self.stack[-1].parts.append(mark)
        return match.end()

    def _begin(self, kind: str, mark: str) -> None:
        if len(self.stack) > MAX_DEPTH:
            self.stack[-1].parts.append(mark)
            return
        self.stack.append(_Open(kind, mark))
        self.open[kind] += 1

    def _finish(self, kind: str, mark: str) -> None:
        if not self.open[kind]:
            self.stack[-1].parts.append(mark)
            return
        while self.stack[-1].kind != kind:
            self._give_up()
        done = self.stack.pop()
        self.open[kind] -= 1
        write = {"template": self._template, "link": self._link, "table": _table}[kind]
        words = write(done)
        if words:
            self.stack[-1].parts.append(words)

    def _give_up(self) -> None:
        """What was opened last is not closed: its content are words."""
        top = self.stack.pop()
        self.open[top.kind] -= 1
        below = self.stack[-1]
        shown = [argument for argument in top.arguments() if argument]
        below.parts.append(" ".join(shown))

    def _comment(self, match: re.Match[str]) -> int:
        if "<!--" in self.unclosed:
            return match.end()
        end = self.source.find("-->", match.end())
        if end < 0:
            self.unclosed.add("<!--")
            return match.end()
        return end + 3

    def _tag(self, match: re.Match[str]) -> int:
        name, mark = match[1].lower(), match[0]
        if name == "br":
            self.stack[-1].parts.append("\n")
        fate = _RAW.get(name)
        if fate is None or mark.startswith("</") or mark.endswith("/>") or name in self.unclosed:
            return match.end()
        closing = _CLOSING[name].search(self.source, match.end())
        if closing is None:
            self.unclosed.add(name)
            return match.end()
        content = self.source[match.end() : closing.start()]
        if fate != "drop" and content.strip():
            self.stack[-1].parts.append(self._kept(content, fate))
        return closing.end()

    def _kept(self, content: str, fate: str) -> str:
        if fate == "math":
            content = f"${' '.join(content.split())}$"
        elif fate == "code":
            content = "```\n" + html.unescape(content).strip("\n") + "\n```"
        self.blocks.append(content)
        mark = f"{_KEPT}{len(self.blocks) - 1}{_KEPT}"
        return f"\n{mark}\n" if fate == "code" else mark

    def _template(self, done: _Open) -> str:
        name, *arguments = done.arguments()
        name = " ".join(name.replace("_", " ").split()).lower()
        if name in _SIGNS:
            return _SIGNS[name]
        given = [value.strip() for value in arguments if "=" not in value.partition("<")[0]]
        if name in {"convert", "cvt"} and len(given) > 1:
            return f"{given[0]} {given[1]}"
        place = _SPOKEN.get(name)
        return given[place] if place is not None and place < len(given) else ""

    def _link(self, done: _Open) -> str:
        target, *words = done.arguments()
        target = target.strip()
        prefix, colon, rest = target.partition(":")
        prefix = prefix.strip().lower()
        if colon and not target.startswith(":"):
            if prefix in self.category_words:
                self.categories.append(rest.strip())
                return ""
            if prefix in self.files:
                return ""
            if not words and _LANGUAGE.match(prefix):
                return ""
        if words:
            said = words[-1].strip()
            # The "pipe trick": [[Help:Page (more)|]] says Page.
            return said or re.sub(r" \([^()]{0,100}\)$", "", target.rpartition(":")[2])
        return target.lstrip(":")


def _table(done: _Open) -> str:
    """A table as lines of cells; layout is left out, nested tables are lines in a cell."""
    rows: list[list[str]] = [[]]
    lines = "".join(done.parts).split("\n")[1:]  # what follows `{|` is layout
    for line in lines:
        start = line.lstrip()
        if start.startswith("|-"):
            rows.append([])
        elif start.startswith("|+"):
            rows += [[_cell(start[2:])], []]
        elif start[:1] in {"|", "!"}:
            parts = re.split(r"\|\||!!", start[1:]) if start[0] == "!" else start[1:].split("||")
            rows[-1] += [_cell(part) for part in parts]
        elif start and rows[-1]:
            rows[-1][-1] = f"{rows[-1][-1]} {start}".strip()
    said = [" | ".join(cells) for cells in rows if any(cells)]
    return "\n\n" + "\n".join(said) + "\n\n" if said else ""


def _cell(words: str) -> str:
    return _CELL_STYLE.sub("", words, count=1).strip()


def plain(
    source: str,
    *,
    files: Collection[str] = ("file", "image"),
    categories: Collection[str] = ("category",),
) -> WikiText:
    """A page's text.

    Args:
        source: Its wikitext.
        files: The names of the namespace of files, in any case.
        categories: The names of the namespace of categories.
    """
    redirect = re.match(r"\s{0,20}#[^\W\d_]{4,20}\s{0,5}:?\s{0,5}\[\[", source) is not None
    reader = _Reader(source, files, categories)
    text = _EXTERNAL.sub(lambda match: match[1] or "", reader.read())
    text = _SWITCH.sub("", _QUOTES.sub("", text))
    lines = [_line(line) for line in html.unescape(text).split("\n")]
    text = "\n".join(_without_empty_sections(lines))
    text = re.sub(r"[ \t\xa0]{2,}", " ", text)
    text = re.sub(r"\n{3,}", "\n\n", text).strip()
    parts = text.split(_KEPT)
    for place in range(1, len(parts), 2):
        parts[place] = reader.blocks[int(parts[place])] if parts[place].isdigit() else ""
    return WikiText("".join(parts).strip(), reader.categories, redirect)


def _line(line: str) -> str:
    heading = _HEADING.match(line.rstrip())
    if heading is not None:
        return f"\n{'#' * len(heading[1])} {heading[2].strip()}\n"
    if line.startswith("----"):
        return ""
    item = _LIST.match(line)
    if item is not None:
        words = line[item.end() :].strip()
        mark = "" if item[0].strip().endswith((":", ";")) else "- "
        return f"{mark}{words}" if words else ""
    return line.strip()


def _without_empty_sections(lines: list[str]) -> list[str]:
    """Headings with nothing under them go: what stood there was templates and references."""
    kept: list[str] = []
    below = 7  # the level of the heading that follows; 7 once there are words
    said = False
    for line in reversed(lines):
        if line.startswith("\n#"):
            level = len(line.strip().partition(" ")[0])
            if not said and level >= below:
                continue
            if not said and below == 7:
                continue
            said, below = False, level
        elif line.strip():
            said, below = True, 7
        kept.append(line)
    return kept[::-1]
