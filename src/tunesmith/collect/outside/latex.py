r"""LaTeX as plain text with headings: formulas stay as they are, what only lays out goes.

One pass; `\newcommand` without arguments is followed, other definitions are not.
What is not known keeps its words: `\foo{bar}` says bar.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable

#: `\input` is followed so often, and the text that comes of it is at most so long (letters).
MAX_INPUTS, MAX_LETTERS = 200, 20_000_000

_HEADINGS = {
    "part": 1, "chapter": 1, "section": 2, "subsection": 3, "subsubsection": 4, "paragraph": 5,
    "subparagraph": 6,
}  # fmt: skip

#: Commands whose arguments are not words: how many of them.
_SILENT = {
    "label": 1, "ref": 1, "eqref": 1, "cref": 1, "autoref": 1, "pageref": 1, "cite": 1, "citep": 1,
    "citet": 1, "citealp": 1, "citeauthor": 1, "citeyear": 1, "nocite": 1, "bibliography": 1,
    "bibliographystyle": 1, "includegraphics": 1, "vspace": 1, "hspace": 1, "setlength": 2,
    "addtolength": 2, "setcounter": 2, "usepackage": 1, "documentclass": 1, "pagestyle": 1,
    "thispagestyle": 1, "color": 1, "definecolor": 3, "hypersetup": 1, "newcommand": 2,
    "renewcommand": 2, "providecommand": 2, "newenvironment": 3, "graphicspath": 1, "lstset": 1,
    "rule": 2, "multicolumn": 0, "author": 1, "affiliation": 1, "email": 1, "date": 1, "index": 1,
    "phantom": 1, "caption*": 0, "textcolor": -1, "href": -1, "title": 1, "resizebox": -2,
    "scalebox": -1, "raisebox": -1, "parbox": -1, "thanks": 1, "todo": 1, "marginpar": 1,
    "hyphenation": 1, "lstdefinelanguage": 2, "captionsetup": 1, "newtheorem": 2, "def": 0,
    "colorlet": 2,
}  # fmt: skip

#: Environments that are left out, and those whose text stays as it stands.
_DROPPED = {
    "thebibliography", "comment", "tikzpicture", "tabular", "tabularx", "tabular*", "longtable",
    "picture", "filecontents", "filecontents*", "CCSXML", "figure", "figure*", "algorithm",
    "algorithmic",
}  # fmt: skip
_KEPT = {
    "equation", "equation*", "align", "align*", "gather", "gather*", "multline", "multline*",
    "eqnarray", "eqnarray*", "displaymath", "math", "alignat", "alignat*",
}  # fmt: skip
_CODE = {"verbatim", "verbatim*", "lstlisting", "minted"}

_COMMENT = re.compile(r"(?<!\\)((?:\\\\){0,9})%[^\n]*\n?[ \t]*")
_INPUT = re.compile(r"\\(?:input|include|subfile)\s{0,5}\{([^{}\n]{1,200})\}")
_MACRO = re.compile(
    r"\\(?:re)?newcommand\*?\s{0,3}\{?\\([A-Za-z]{1,40})\}?\s{0,3}(?=\{)|\\def\s{0,3}\\([A-Za-z]{1,40})\s{0,3}(?=\{)"
)
_TOKEN = re.compile(
    r"\\(?P<name>[A-Za-z]+\*?|[^A-Za-z\n])|(?P<math>\$\$?)|(?P<open>\{)|(?P<close>\})|(?P<tie>~)"
    r"|(?P<dash>---?)|(?P<quotes>``|'')"
)
_SIGNS = {
    "%": "%", "&": "&", "#": "#", "_": "_", "$": "$", "{": "{", "}": "}", ",": " ", ";": " ",
    ":": " ", " ": " ", "/": "", "-": "", "!": "", "ldots": "…", "dots": "…",
    "textasciitilde": "~", "textbackslash": "\\", "LaTeX": "LaTeX", "TeX": "TeX", "ss": "ß",
    "ae": "æ", "oe": "œ", "AE": "Æ", "o": "ø", "O": "Ø", "l": "ł", "L": "Ł", "aa": "å", "AA": "Å",
    "i": "i", "j": "j", "S": "§", "copyright": "©", "textregistered": "®", "par": "\n\n",
    "newline": "\n", "item": "\n- ", "quad": " ", "qquad": " ", "textendash": "–",
    "textemdash": "—", "textquoteright": "’", "texttildelow": "~", "xspace": "",
}  # fmt: skip
_ACCENTS = {
    "'": "\u0301", "`": "\u0300", '"': "\u0308", "^": "\u0302", "~": "\u0303", "=": "\u0304",
    ".": "\u0307", "c": "\u0327", "v": "\u030c", "u": "\u0306", "H": "\u030b", "r": "\u030a",
    "k": "\u0328",
}  # fmt: skip
_MAX_ARGUMENT = 2_000

#: Footnotes and captions within each other are followed so deep.
_MAX_DEPTH = 4

_BRACE = re.compile(r"\s{0,20}\{")
_MARKS = re.compile(r"\\.|[{}]", re.DOTALL)
_OPTION = re.compile(r"\s{0,3}\[[^\]\n]{0,500}\]")


def joined(main: str, find: Callable[[str], str | None]) -> str:
    r"""The text with its comments taken out and its `\input` files put in.

    Args:
        main: The main file.
        find: Gives the text of a file by the name that `\input` uses, or null.
    """
    count, total = 0, len(main)

    def put(text: str, above: tuple[str, ...]) -> str:
        def one(match: re.Match[str]) -> str:
            nonlocal count, total
            name = match[1].strip()
            count += 1
            if name in above or count > MAX_INPUTS:
                return ""
            found = find(name)
            total += len(found or "")
            if found is None or total > MAX_LETTERS:
                return ""
            return put(found, (*above, name))

        return _INPUT.sub(one, _COMMENT.sub(r"\1", text))

    return put(main, ())


def argument(text: str, place: int) -> tuple[str, int] | None:
    """What stands in the braces that begin at a place, and where they end; null without any."""
    match = _BRACE.match(text, place)
    if match is None:
        return None
    depth, at = 1, match.end()
    for mark in _MARKS.finditer(text, at, min(len(text), at + _MAX_ARGUMENT)):
        if mark[0] in "{}":
            depth += 1 if mark[0] == "{" else -1
        if depth == 0:
            return text[at : mark.start()], mark.end()
    return None


def _pairs(text: str) -> dict[int, int]:
    """Where each brace that is closed ends, by where it begins."""
    ends: dict[int, int] = {}
    opened: list[int] = []
    for mark in _MARKS.finditer(text):
        if mark[0] == "{":
            opened.append(mark.start())
        elif mark[0] == "}" and opened:
            ends[opened.pop()] = mark.start()
    return ends


def named(text: str, command: str) -> str | None:
    r"""The words of a command that is given once, such as `\title`; null where it is not."""
    match = re.search(rf"\\{command}\b\s{{0,5}}(?:\[[^\]\n]{{0,300}}\])?(?=\s{{0,5}}\{{)", text)
    found = None if match is None else argument(text, match.end())
    return None if found is None else " ".join(plain(found[0]).split()) or None


def macros(text: str) -> dict[str, str]:
    """The words of commands without arguments that a paper defines for itself."""
    found: dict[str, str] = {}
    for match in itertools.islice(_MACRO.finditer(text), 500):
        body = argument(text, match.end())
        if body is not None and len(body[0]) < 300 and "#" not in body[0]:
            found[match[1] or match[2]] = body[0]
    return found


def plain(text: str, words: dict[str, str] | None = None, depth: int = 0) -> str:
    """LaTeX without comments as plain text.

    Args:
        text: The LaTeX, of a document or a part of it.
        words: What commands of the paper's own stand for.
        depth: How many parts it lies in; too deep it stays as it is.
    """
    if depth > _MAX_DEPTH:
        return text
    reader = _Reader(text, words or {}, depth)
    said = reader.read()
    said = re.sub(r"[ \t]{2,}", " ", said)
    lines = [line.strip() if not line.startswith("    ") else line for line in said.split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


class _Reader:
    def __init__(self, text: str, words: dict[str, str], depth: int) -> None:
        self.text, self.words, self.depth = text, words, depth
        self._ends = _pairs(text)
        self.parts: list[str] = []
        self.unclosed: set[str] = set()

    def _argument(self, place: int) -> tuple[str, int] | None:
        match = _BRACE.match(self.text, place)
        end = None if match is None else self._ends.get(match.end() - 1)
        return None if match is None or end is None else (self.text[match.end() : end], end + 1)

    def _inner(self, text: str) -> str:
        return plain(text, self.words, self.depth + 1)

    def read(self) -> str:
        place = 0
        while (match := _TOKEN.search(self.text, place)) is not None:
            self.parts.append(self.text[place : match.start()])
            place = self._token(match)
        self.parts.append(self.text[place:])
        return "".join(self.parts)

    def _token(self, match: re.Match[str]) -> int:
        if match["name"] is not None:
            return self._command(match["name"], match.end())
        if match["math"] is not None:
            return self._until(match[0], match.start(), match.end())
        plain = {"tie": " ", "open": "", "close": "", "quotes": '"'}
        self.parts.append(plain.get(match.lastgroup or "", "–" if match[0] == "--" else "—"))
        return match.end()

    def _until(self, mark: str, start: int, place: int) -> int:
        """A formula stays as it stands; one without an end is a sign."""
        end = -1 if mark in self.unclosed else self.text.find(mark, place)
        if end < 0:
            self.unclosed.add(mark)
            self.parts.append(mark)
            return place
        self.parts.append(self.text[start : end + len(mark)])
        return end + len(mark)

    def _command(self, name: str, place: int) -> int:  # noqa: PLR0911 - a table of cases
        if name in {"(", "["}:
            return self._until({"(": "\\)", "[": "\\]"}[name], place - 2, place)
        if name == "begin":
            return self._environment(place)
        if name == "end":
            found = self._argument(place)
            self.parts.append("\n")
            return place if found is None else found[1]
        if name in {"footnote", "footnotetext"} or name == "\\":
            return self._aside(name, place)
        if name in _ACCENTS:
            return self._accent(name, place)
        if name.rstrip("*") in _HEADINGS:
            return self._heading(name.rstrip("*"), place)
        if name in _SIGNS:
            self.parts.append(_SIGNS[name])
            return place
        if name in self.words:
            self.parts.append(plain(self.words[name], {}, self.depth + 1))
            return place
        return self._skip(name, place)

    def _aside(self, name: str, place: int) -> int:
        """A footnote stands in brackets; a line's end may say how much room follows."""
        if name == "\\":
            self.parts.append("\n")
            room = re.compile(r"\*?\[[^\]\n]{0,20}\]").match(self.text, place)
            return place if room is None else room.end()
        found = self._argument(place)
        if found is None:
            return place
        self.parts.append(f" ({' '.join(self._inner(found[0]).split())})")
        return found[1]

    def _skip(self, name: str, place: int) -> int:
        """Pass over what is no words of a command; of others the words stay."""
        option = _OPTION.match(self.text, place)
        if option is not None:
            place = option.end()
        for _ in range(abs(_SILENT.get(name.rstrip("*"), 0))):
            found = self._argument(place)
            if found is None:
                break
            place = found[1]
            option = _OPTION.match(self.text, place)
            place = option.end() if option is not None else place
        return place

    def _heading(self, name: str, place: int) -> int:
        option = _OPTION.match(self.text, place)
        found = self._argument(option.end() if option is not None else place)
        if found is None:
            return place
        words = " ".join(self._inner(found[0]).split()) if len(found[0]) < 2_000 else ""
        self.parts.append(f"\n\n{'#' * _HEADINGS[name]} {words}\n\n" if words else "")
        return found[1]

    def _accent(self, name: str, place: int) -> int:
        import unicodedata

        match = re.compile(r"\s?(?:\{\\?([A-Za-z])\}|\\?([A-Za-z]))").match(self.text, place)
        if match is None or (name.isalpha() and self.text[place : place + 1] not in {"{", " "}):
            return place
        letter = match[1] or match[2]
        self.parts.append(unicodedata.normalize("NFC", letter + _ACCENTS[name]))
        return match.end()

    def _environment(self, place: int) -> int:
        found = self._argument(place)
        if found is None:
            return place
        name, inside = found
        if name not in _DROPPED | _KEPT | _CODE:
            option = _OPTION.match(self.text, inside)
            self.parts.append("\n\n## Abstract\n\n" if name == "abstract" else "\n")
            return inside if option is None else option.end()
        closing = f"\\end{{{name}}}"
        end = -1 if closing in self.unclosed else self.text.find(closing, inside)
        if end < 0:
            self.unclosed.add(closing)
            return inside
        content = self.text[inside:end]
        if name in _KEPT:
            self.parts.append(f"\n$$\n{content.strip()}\n$$\n")
        elif name in _CODE:
            self.parts.append(f"\n```\n{content.strip()}\n```\n")
        else:
            self._captions(content)
        return end + len(closing)

    def _captions(self, content: str) -> None:
        """Of figures and tables the captions are words."""
        for match in list(re.finditer(r"\\caption\b", content))[:50]:
            found = argument(content, match.end())
            if found is not None:
                self.parts.append("\n\n" + self._inner(found[0]) + "\n\n")
