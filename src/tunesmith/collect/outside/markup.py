"""reStructuredText, AsciiDoc and notebooks as text with Markdown's headings and code blocks.

Line by line, in time proportional to the length. What only lays out or is made by a program
(`automodule`, `toctree`, images, attributes) goes; notes, lists and tables stay as written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import orjson

from tunesmith.collect.sandbox import Unreadable

_ADORNMENT = re.compile(r"^([!-/:-@\[-`{-~])\1{2,200}[ \t]{0,50}$")
_DIRECTIVE = re.compile(r"^([ \t]{0,80})\.\. ([\w:.+-]{1,60})::[ \t]{0,20}(.{0,500})$")
_EXPLICIT = re.compile(r"^[ \t]{0,80}\.\.(?: |$)")
_OPTION = re.compile(r"^[ \t]{0,80}:[\w-]{1,60}:")
_ROLE = re.compile(r":[\w:.+-]{1,60}:`([^`<\n]{0,300}?)(?:\s{0,5}<[^`>\n]{0,300}>)?`")
_LINK = re.compile(r"`([^`<\n]{1,300}?)\s{0,5}<[^`>\n]{1,500}>`_{1,2}")
_REFERENCE = re.compile(r"`([^`\n]{1,300})`_{1,2}")
#: Notes within notes are followed so deep.
_MAX_DEPTH = 6

_CODE = {
    "code-block",
    "code",
    "sourcecode",
    "highlight",
    "parsed-literal",
    "literalinclude",
    "prompt",
    "doctest",
}
_GONE = {
    "image", "toctree", "automodule", "autoclass", "autofunction", "automethod", "include", "only",
    "raw", "meta", "contents", "index", "currentmodule", "module", "highlightlang", "autosummary",
    "plot", "graphviz", "default-role", "role", "rst-class", "testsetup", "testcleanup", "figure",
    "literalinclude", "highlight", "math-macro", "sectnum",
}  # fmt: skip


def rst(text: str) -> str:
    """Text of reStructuredText; headings get their level by the order of their marks."""
    return _tidy(_Rst(text.expandtabs(8).split("\n")).lines())


class _Rst:
    def __init__(self, given: list[str], depth: int = 0) -> None:
        self.given, self.depth = given, depth
        self.marks: list[str] = []
        self.at = 0

    def lines(self) -> Iterator[str]:
        while self.at < len(self.given):
            line = self.given[self.at]
            following = self.given[self.at + 1] if self.at + 1 < len(self.given) else ""
            if self._overlined(line):
                yield self._heading(self.given[self.at + 1], f"{line[0]}over", 3)
            elif line.strip() and self._underlines(following, line):
                yield self._heading(line, following[0], 2)
            elif directive := _DIRECTIVE.match(line):
                yield from self._directive(directive)
            elif _EXPLICIT.match(line):
                self._block(_indent(line))  # a comment, a target or a footnote
            elif line.rstrip().endswith("::"):
                yield from self._literal(line)
            else:
                self.at += 1
                yield _inline(line)

    def _overlined(self, line: str) -> bool:
        if not _ADORNMENT.match(line) or self.at + 2 >= len(self.given):
            return False
        title, below = self.given[self.at + 1], self.given[self.at + 2]
        return (
            bool(title.strip()) and below.rstrip() == line.rstrip() and not _ADORNMENT.match(title)
        )

    @staticmethod
    def _underlines(below: str, title: str) -> bool:
        long_enough = len(below.rstrip()) >= min(len(title.rstrip()), 200) - 2
        return bool(_ADORNMENT.match(below)) and not _ADORNMENT.match(title) and long_enough

    def _heading(self, title: str, mark: str, lines: int) -> str:
        if mark not in self.marks:
            self.marks.append(mark)
        self.at += lines
        return f"\n{'#' * min(6, self.marks.index(mark) + 1)} {_inline(title.strip())}\n"

    def _directive(self, match: re.Match[str]) -> Iterator[str]:
        name, argument = match[2].lower(), match[3].strip()
        body = self._block(len(match[1]))
        while body and (not body[0].strip() or _OPTION.match(body[0])):
            body.pop(0)
        if name in _GONE:
            return
        if name in _CODE:
            yield from _fenced(body)
            return
        if argument:
            yield _inline(argument)
        yield ""
        yield from _Rst(body, self.depth + 1).lines() if self.depth < _MAX_DEPTH else body
        yield ""

    def _literal(self, line: str) -> Iterator[str]:
        words = line.rstrip()[:-2].rstrip()
        self.at += 1
        if words:
            yield _inline(words) + ":"
        start = self.at
        body = self._block(_indent(line), first=False)
        if any(one.strip() for one in body):
            yield from _fenced(body)
        else:
            self.at = start

    def _block(self, indent: int, *, first: bool = True) -> list[str]:
        """The lines that are set in further, without their indent; reading goes on after them."""
        self.at += first
        start = self.at
        while self.at < len(self.given):
            line = self.given[self.at]
            if line.strip() and _indent(line) <= indent:
                break
            self.at += 1
        block = self.given[start : self.at]
        depth = min((_indent(line) for line in block if line.strip()), default=0)
        return [line[depth:] for line in block]


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _fenced(body: list[str]) -> list[str]:
    while body and not body[0].strip():
        body = body[1:]
    while body and not body[-1].strip():
        body = body[:-1]
    return ["", "```", *body, "```", ""] if body else []


def _inline(line: str) -> str:
    line = _ROLE.sub(r"`\1`", line)
    line = _LINK.sub(r"\1", line)
    return _REFERENCE.sub(r"\1", line).replace("``", "`")


_ASCIIDOC_HEADING = re.compile(r"^(={1,6}) (\S.{0,500})$")
_ATTRIBUTE = re.compile(r"^:!?[\w-]{1,60}!?:(?: .{0,1000})?$")
_BLOCK_ATTRIBUTES = re.compile(r"^\[.{0,300}\]$")
_MACRO_LINE = re.compile(r"^(?:image|include|video|audio|toc|ifdef|ifndef|endif|ifeval)::")
_INLINE_MACRO = re.compile(
    r"(?:link|xref|https?|mailto|kbd|btn|menu):[^\s\[\]]{0,500}\[([^\]\n]{0,300})\]|<<[^<>,\n]{1,200}(?:,([^<>\n]{1,300}))?>>"
)
_FENCES = ("----", "....", "```")
_DELIMITERS = ("====", "****", "____", "--", "++++", "|===")


def asciidoc(text: str) -> str:
    """AsciiDoc as Markdown-like text."""
    return _tidy(_asciidoc_lines(text.split("\n")))


def _asciidoc_lines(given: list[str]) -> Iterator[str]:
    fence: str | None = None
    comment = False
    for line in given:
        bare = line.rstrip()
        if comment or bare == "////":
            comment = comment != (bare == "////")
        elif fence is not None:
            yield "```" if bare == fence else line
            fence = None if bare == fence else fence
        elif bare in _FENCES or bare.startswith("```"):
            fence = bare[:3] if bare.startswith("```") else bare
            yield "```"
        elif heading := _ASCIIDOC_HEADING.match(bare):
            yield f"\n{'#' * len(heading[1])} {heading[2]}\n"
        elif not _is_layout(bare):
            yield _INLINE_MACRO.sub(lambda match: match[1] or match[2] or "", line)
    if fence is not None:
        yield "```"


def _is_layout(line: str) -> bool:
    if line in _DELIMITERS or line.startswith("//"):
        return True
    patterns = (_ATTRIBUTE, _BLOCK_ATTRIBUTES, _MACRO_LINE)
    return any(pattern.match(line) for pattern in patterns)


def notebook(raw: bytes) -> str:
    """The Markdown cells of a Jupyter notebook, in order.

    Raises:
        Unreadable: It is no notebook.
    """
    try:
        given = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise Unreadable(f"not valid JSON at line {error.lineno}") from None
    cells = given.get("cells") if isinstance(given, dict) else None
    if not isinstance(cells, list):
        raise Unreadable("it is not a notebook")
    said = []
    for cell in cells:
        if isinstance(cell, dict) and cell.get("cell_type") == "markdown":
            source = cell.get("source")
            parts = source if isinstance(source, list) else [source]
            said.append("".join(part for part in parts if isinstance(part, str)).strip())
    return "\n\n".join(words for words in said if words)


def _tidy(lines: Iterator[str]) -> str:
    text = "\n".join(line.rstrip() for line in lines)
    return re.sub(r"\n{3,}", "\n\n", text).strip()
