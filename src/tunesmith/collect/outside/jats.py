"""Articles in JATS XML (NISO Z39.96), as PubMed Central has them: title, abstract, sections."""

from __future__ import annotations

from dataclasses import dataclass, field

from tunesmith.collect.licenses import spdx_of
from tunesmith.collect.outside.xml import Handler, parse

_SKIPPED = {
    "ref-list", "xref", "table", "fn-group", "ack", "graphic", "media", "object-id", "tex-math",
    "label", "supplementary-material", "glossary", "def-list", "history", "sub-article",
    "response", "fn", "journal-meta", "aff", "author-notes", "funding-group", "kwd-group",
    "trans-abstract", "floats-group",
}  # fmt: skip
#: Elements whose words are looked at when they end.
_FRESH = {
    "article-title", "abstract", "body", "surname", "given-names", "article-id", "license_ref",
    "year", "month", "day",
}  # fmt: skip
_BLOCKS = {
    "p",
    "sec",
    "list",
    "fig",
    "table-wrap",
    "disp-formula",
    "disp-quote",
    "caption",
    "boxed-text",
}


@dataclass
class Article(Handler):
    """What an article says; fields are filled as it is parsed."""

    title: str = ""
    authors: list[str] = field(default_factory=list)
    abstract: str = ""
    body: str = ""
    licenses: list[str] = field(default_factory=list)
    ids: dict[str, str] = field(default_factory=dict)
    journal: str = ""
    date: dict[str, str] = field(default_factory=dict)
    _path: list[str] = field(default_factory=list)
    _parts: list[str] = field(default_factory=list)
    _skip: int = 0
    _sections: int = 0
    _name: dict[str, str] = field(default_factory=dict)
    _kind: str = ""

    def begins(self, name: str, attributes: dict[str, str]) -> None:
        """See `Handler`."""
        self._path.append(name)
        if name in {"license", "ext-link", "license_ref"} and "permissions" in self._path:
            self.licenses.append(attributes.get("href", ""))
        if name == "article-id":
            self._kind = attributes.get("pub-id-type", "")
        if name == "contrib":
            self._name, self._kind = {}, attributes.get("contrib-type", "")
        if self._skip or name in _SKIPPED:
            self._skip += 1
            return
        if name in _FRESH:
            self._parts = []
        if name == "sec":
            self._sections += 1
        if name == "title" and self._is_text:
            level = min(6, 2 + max(0, self._sections - 1))
            self._parts.append(f"\n\n{'#' * level} ")
        elif name in _BLOCKS:
            self._parts.append("\n\n")
        elif name == "list-item":
            self._parts.append("\n- ")

    @property
    def _is_text(self) -> bool:
        return "body" in self._path or "abstract" in self._path

    def ends(self, name: str) -> None:
        """See `Handler`."""
        self._path.pop()
        if self._skip:
            self._skip -= 1
            return
        words = "".join(self._parts)
        above = self._path[-1] if self._path else ""
        if name == "article-title" and above == "title-group":
            self.title = " ".join(words.split())
        elif name == "abstract" and above == "article-meta":
            self.abstract = self.abstract or _tidy(words)
        elif name == "body" and above == "article":
            self.body = _tidy(words)
        elif name == "sec":
            self._sections -= 1
        elif name in _BLOCKS | {"title"}:
            self._parts.append("\n\n")
        else:
            self._fact(name, above, words)

    def _fact(self, name: str, above: str, words: str) -> None:
        if name in {"surname", "given-names"}:
            self._name[name] = " ".join(words.split())
        elif name == "contrib" and self._kind in {"author", ""} and self._name:
            given, family = self._name.get("given-names", ""), self._name.get("surname", "")
            self.authors.append(f"{given} {family}".strip())
        elif name == "article-id" and above == "article-meta":
            self.ids.setdefault(self._kind, words.strip())
        elif name == "license_ref":
            self.licenses.append(words.strip())
        elif name in {"year", "month", "day"} and above == "pub-date" and name not in self.date:
            self.date[name] = words.strip()

    def says(self, words: str) -> None:
        """See `Handler`."""
        if not self._skip:
            self._parts.append(words)

    @property
    def license(self) -> str | None:
        """The licence that the permissions name, if it is one."""
        found = {name for name in map(spdx_of, self.licenses) if name is not None}
        return found.pop() if len(found) == 1 else None


def _tidy(words: str) -> str:
    blocks = ("".join(block) for block in words.split("\n\n"))
    return "\n\n".join(line for line in (" ".join(block.split()) for block in blocks) if line)


def read(raw: bytes) -> Article:
    """An article from its bytes.

    Raises:
        Unreadable: It is not XML, or declares entities.
    """
    article = Article()
    parse(raw, article)
    return article
