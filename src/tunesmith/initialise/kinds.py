"""Which files make which kind of source: one line a kind, told by their names and contents.

A kind that is added to `tunesmith.collect` gets a line in `KINDS`; the first line that fits a file
has it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tunesmith.collect.chats import slack
from tunesmith.collect.documents.kinds import HTML, MARKDOWN, PLAIN, PROMISED
from tunesmith.initialise import looks
from tunesmith.initialise.samples import look, of_a_table
from tunesmith.initialise.tables import has_text


def anything(path: Path) -> bool:
    """The name alone tells."""
    return True


@dataclass(frozen=True)
class SourceKind:
    """Files that make one source."""

    kind: str
    """The tag in recipes; the source is named after it."""
    noun: str
    """What a file is, in findings."""
    suffixes: frozenset[str] | None
    """Of the files' names, in lower case; null for any that no other kind has."""
    looks_like: Callable[[Path], bool] = anything
    """Whether a file with such a name is of this kind."""

    def fits(self, path: Path) -> bool:
        """Whether a file is of this kind."""
        suffix = path.suffix.lower()
        known = suffix not in _SUFFIXES if self.suffixes is None else suffix in self.suffixes
        return known and path.stat().st_size > 0 and self.looks_like(path)


def _suffixes(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _has_answers_by_name(path: Path) -> bool:
    seen = look(path)
    return seen is not None and seen.answers_named


def _has_answers(path: Path) -> bool:
    seen = look(path)
    return seen is not None and seen.answers


def _is_table(path: Path) -> bool:
    seen = look(path)
    return (
        seen is not None
        and len(seen.names) > 1
        and has_text(seen.names, seen.guess)
        and set(seen.names) <= set(of_a_table(path))
    )


#: Pages that are text.
TEXTS = frozenset(MARKDOWN | HTML | PLAIN)

_JSON = _suffixes(".json .jsonl .ndjson")
_TABLES = _suffixes(".csv .tsv .parquet .xlsx .xlsm .xlsb .xls .ods")
_DOCUMENTS = frozenset(MARKDOWN | HTML | PLAIN | PROMISED.keys()) - {".json", ".xml", ".zip"}
_MARKED_UP = _suffixes(".rst .rest .adoc .asciidoc .mdx .ipynb")
_MAIL, _TEX = _suffixes(".eml .mbox .mbx .emlx"), _suffixes(".tex .ltx")
_PACKED = _suffixes(".gz .bz2 .warc .wet .arc .tgz")
_SUFFIXES = (
    _JSON | _TABLES | _DOCUMENTS | _MARKED_UP | _MAIL | _TEX | _PACKED
    | _suffixes(".xml .zip .log .irc .vtt .srt .msg .sqlite .sqlite3 .db .db3 .nxml .jats .html")
)  # fmt: skip

#: Every kind, the most special first.
KINDS: tuple[SourceKind, ...] = (
    SourceKind("database", "database", _suffixes(".sqlite .sqlite3 .db .db3"), looks.is_sqlite),
    SourceKind("web_archive", "web archive", _PACKED - {".bz2", ".tgz"}, looks.is_web_archive),
    SourceKind("wikipedia", "wiki dump", _suffixes(".bz2 .xml .gz"), looks.is_dump),
    SourceKind("mail", "mail file", _MAIL),
    SourceKind("mail", "mail file", _suffixes(".msg"), looks.is_outlook),
    SourceKind("mail", "mail file", _suffixes(".txt"), looks.is_mail),
    SourceKind("mail", "mail file", None, looks.is_mail),
    SourceKind("calls", "call", _suffixes(".vtt .srt"), looks.is_subtitles),
    SourceKind("ticket_exports", "ticket export", _JSON, looks.is_ticket_export),
    SourceKind("ticket_exports", "ticket export", None, looks.is_ticket_export),
    SourceKind("papers", "paper", _suffixes(".xml .nxml .jats"), looks.is_article),
    SourceKind("pages", "page", _suffixes(".xml"), looks.is_confluence_xml),
    SourceKind(
        "ticket_exports", "ticket export", _suffixes(".xml .html .htm"), looks.is_ticket_export
    ),
    SourceKind("papers", "paper", _TEX),
    SourceKind("papers", "paper", _suffixes(".gz .tgz"), looks.is_latex_archive),
    SourceKind("papers", "paper", _suffixes(".json"), looks.is_s2orc),
    SourceKind("pages", "page", _suffixes(".json"), looks.is_confluence_json),
    SourceKind("tickets", "ticket table", _JSON, _has_answers_by_name),
    SourceKind("calls", "call", _suffixes(".json"), looks.is_spoken_json),
    SourceKind("chats", "chat", _JSON, looks.is_chat_json),
    SourceKind("chats", "chat", None, looks.is_chat_json),
    SourceKind("chats", "chat", _suffixes(".zip"), looks.is_slack_zip),
    SourceKind("chats", "chat", _suffixes(".log .txt .irc"), looks.is_log),
    SourceKind("tickets", "ticket table", _JSON | _TABLES, _has_answers),
    SourceKind("table", "table", _TABLES, _is_table),
    SourceKind("pages", "page", _suffixes(".zip"), looks.is_confluence_zip),
    SourceKind("pages", "page", _DOCUMENTS - {".csv", ".tsv"}),
    SourceKind("docs_tree", "page of documentation", _MARKED_UP),
)


def sorted_by_kind(
    files: Iterable[Path], kinds: Sequence[SourceKind] = KINDS
) -> dict[str, list[Path]]:
    """The files of each kind that there are any of; others are left out.

    Args:
        files: What lies in the folder.
        kinds: Those to tell apart.
    """
    there = list(files)
    together = _together(there)
    found: dict[str, list[Path]] = defaultdict(list)
    for file in there:
        kind = together.get(file)
        if kind is None:
            kind = next((one.kind for one in kinds if one.fits(file)), None)
        if kind is not None:
            found[kind].append(file)
    chats = set(found.get("chats", []))
    if chats:
        links = {one for one in there if not chats.isdisjoint(looks.annotated(one))} - chats
        found = defaultdict(list, {
            kind: [one for one in mine if one not in links] for kind, mine in found.items()
        })  # fmt: skip
        found["chats"] = sorted(chats | links)
    return {kind: mine for kind, mine in found.items() if mine}


def noun_of(kind: str) -> str:
    """What a file of a kind is, in findings."""
    return next(one.noun for one in KINDS if one.kind == kind)


def slack_exports(files: list[Path]) -> set[Path]:
    """The folders of Slack's exports."""
    return {days[0].parent.parent for days in slack.channels(files).values()}


def _together(files: list[Path]) -> dict[Path, str]:
    """Files whose folder says what they are: Slack's exports and Maildir."""
    exports = slack_exports(files)
    boxes = {
        file.parent.parent
        for file in files
        if file.parent.name in {"cur", "new"} and (file.parent.parent / "tmp").is_dir()
    }
    found: dict[Path, str] = {}
    for file in files:
        if file.suffix.lower() == ".json" and not exports.isdisjoint(file.parents):
            found[file] = "chats"
        elif not boxes.isdisjoint(file.parents):
            found[file] = "mail"
    return found
