"""`init`: look at a file or a folder and write a recipe that runs."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from tunesmith.collect.encoding import detect
from tunesmith.collect.mapping import as_text
from tunesmith.errors import SourceError, TunesmithError
from tunesmith.initialise.answering import answering_domain
from tunesmith.initialise.databases import can_be_told, database_lines, tables_of
from tunesmith.initialise.kinds import TEXTS, noun_of, slack_exports, sorted_by_kind
from tunesmith.initialise.looks import head
from tunesmith.initialise.places import MOST_PLACES, Place, Tree
from tunesmith.initialise.samples import Look, look, sample
from tunesmith.initialise.settings import settings_of
from tunesmith.initialise.tables import LICENSE, table_lines, ticket_lines
from tunesmith.initialise.written import Names, one_or_many, plain_name, quoted, relative
from tunesmith.language import COMMON_LANGUAGES, identifier
from tunesmith.report.wording import plural

#: Kinds whose files must be alike: each shape of table is a source of its own.
_TABULAR = ("tickets", "table")

#: So many pages are looked at for their language.
_PAGES = 30


@dataclass(frozen=True)
class Proposal:
    """A recipe as text, and what was found out on the way, in sentences."""

    recipe: str
    findings: list[str]


@dataclass
class _Draft:
    """The sources that were proposed so far."""

    folder: Path
    """The recipe's."""
    tree: Tree
    names: Names = field(default_factory=Names)
    blocks: list[str] = field(default_factory=list)
    findings: list[str] = field(default_factory=list)
    languages: Counter[str] = field(default_factory=Counter)
    """Of the answers of tickets."""

    def add(self, stem: str, kind: str, place: Place, lines: list[str]) -> str:
        """Add a source; the name that it has."""
        name = self.names.free(stem)
        path = f"path: {quoted(relative(place.path, self.folder))}"
        self._write(name, [f"kind: {kind}", path, *lines])
        return name

    def add_database(self, stem: str, lines: list[str]) -> str:
        """Add a source of a database; the name that it has."""
        name = self.names.free(stem)
        self._write(name, ["kind: database", *lines])
        return name

    def _write(self, name: str, lines: list[str]) -> None:
        self.blocks.append("\n    ".join([f"  - name: {quoted(name)}", *lines]))


def propose(path: Path, *, recipe_folder: Path) -> Proposal:
    """Look at a file or folder and write a commented recipe for it.

    Args:
        path: A file of any kind that a source reads (`kinds`), or a folder of such files.
        recipe_folder: Where the recipe will lie; paths in it start there.

    Raises:
        TunesmithError: Nothing that can be read is there.
    """
    if not path.exists():
        raise TunesmithError("there is no such file or folder", where=str(path))
    files, hidden = ([path], []) if path.is_file() else _files(path, recipe_folder / "runs")
    kinds = sorted_by_kind(files)
    claimed = {file for mine in kinds.values() for file in mine}
    folder = path if path.is_dir() else path.parent
    draft = _Draft(recipe_folder, Tree(folder, files, claimed, hidden, recipe_folder))
    for kind in _TABULAR:
        _add_tables(draft, kind, kinds.get(kind, []))
    for kind, mine in kinds.items():
        if kind == "database":
            _add_databases(draft, mine)
        elif kind not in _TABULAR:
            alone = [Place(path, frozenset(mine))]
            _add_files(draft, kind, alone if path.is_file() else _places(draft.tree, kind, mine))
    if not draft.blocks:
        raise TunesmithError(
            "nothing here can be read",
            where=str(path),
            todo="give tickets (.csv, .jsonl, .xlsx, …), mail, chats, transcripts of calls, "
            "exports of ticket systems, pages (.md, .html, .pdf, .docx, …), an SQLite file, or a "
            "folder with such files",
        )
    draft.findings += _left_out([file for file in files if file not in claimed])
    name = plain_name(path.resolve().stem if path.is_file() else path.resolve().name)
    return Proposal(_recipe(name, draft.blocks, _languages(draft, kinds)), draft.findings)


def _files(folder: Path, runs: Path) -> tuple[list[Path], list[Path]]:
    """The files of a folder without those of runs, and those that are hidden."""
    found: tuple[list[Path], list[Path]] = ([], [])
    for path in sorted(folder.rglob("*")):
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if path.is_file() and not path.is_relative_to(runs):
            found[hidden].append(path)
    return found


# ── Tables ───────────────────────────────────────────────────────────────────────────────────────


def _add_tables(draft: _Draft, kind: str, files: list[Path]) -> None:
    """A source for each shape of table."""
    shapes: dict[tuple[str, ...], list[Path]] = {}
    for file in files:
        seen = look(file)
        if seen is not None:
            columns = () if seen.form in {"json", "jsonl"} else seen.names
            meant = map(str, seen.guess.columns.items()) if not columns else ()
            shapes.setdefault((file.suffix, *columns, *meant), []).append(file)
    for group in shapes.values():
        seen = look(group[0])
        if seen is None:
            continue
        for place in draft.tree.places(group, strict=True):
            _add_table(draft, kind, place, seen)


def _add_table(draft: _Draft, kind: str, place: Place, seen: Look) -> None:
    lines = (ticket_lines if kind == "tickets" else table_lines)(seen.names, seen.guess)
    first = min(place.files)
    name = draft.add(first.stem, kind, place, lines)
    draft.findings.append(f"{_counted(len(place.files), noun_of(kind))} → source '{name}'")
    if kind == "tickets":
        _count_languages(draft.languages, first, str(seen.guess.columns["answer"]))
        mapping = ", ".join(f"{k} = {one_or_many(v)}" for k, v in seen.guess.columns.items())
        draft.findings.append(f"source '{name}': {mapping}")
    else:
        words = "no columns look like question and answer: each row becomes a text"
        draft.findings.append(f"source '{name}': {words}")


def _count_languages(languages: Counter[str], path: Path, answer: str) -> None:
    languages.update(_languages_of([as_text(row.get(answer) or "")[:300] for row in sample(path)]))


def _languages_of(texts: list[str]) -> Counter[str]:
    """How many of the texts are surely in which language."""
    import polars as pl

    names, sure = identifier(COMMON_LANGUAGES).identify(pl.Series(texts, dtype=pl.String))
    return Counter(
        name
        for name, confidence in zip(names, sure, strict=True)
        if name is not None and confidence > 0.5
    )


def _beginning(page: Path) -> str | None:
    """The first words of a page that is a text; null for other documents."""
    if page.suffix.lower() not in TEXTS:
        return None
    text = head(page).decode(detect(page).name, "ignore")
    return re.sub(r"<[^<>]*>", " ", text)[:3_000]


def _languages(draft: _Draft, kinds: dict[str, list[Path]]) -> list[str]:
    """The languages to keep: none is named where not all sources were looked at for them."""
    counted = draft.languages
    main = [name for name, count in counted.most_common() if count >= 0.1 * counted.total()]
    if set(kinds) <= {"tickets", "pages"}:
        texts = [_beginning(page) for page in kinds.get("pages", [])[:_PAGES]] if main else []
        others = _languages_of([text for text in texts if text])
        return [*main, *(name for name in others if name not in main)]
    if main:
        words = "check.languages keeps all, as only those of tickets were looked at"
        draft.findings.append(f"tickets are in: {', '.join(main)}; {words}")
    return []


def _add_databases(draft: _Draft, files: list[Path]) -> None:
    for file in files:
        try:
            tables = tables_of(file)
        except SourceError as error:
            draft.findings.append(f"{file.name}: {error.what}; it is left out")
            continue
        address = relative(file, draft.folder)
        told = [table for table in tables if can_be_told(table)]
        names = [draft.add_database(table.name, database_lines(table, address)) for table in told]
        if names:
            words = ", ".join(f"'{name}'" for name in names)
            sources = "source" if len(names) == 1 else "sources"
            draft.findings.append(f"{plural(len(told), 'database table')} → {sources} {words}")
        if len(tables) > len(told):
            count = plural(len(tables) - len(told), "table")
            draft.findings.append(f"{file.name}: {count} without a row or a column to tell")


# ── Files of other kinds ─────────────────────────────────────────────────────────────────────────


def _places(tree: Tree, kind: str, files: list[Path]) -> list[Place]:
    """Where files of a kind lie; an export of Slack is a place of its own."""
    roots = sorted(slack_exports(files)) if kind == "chats" else []
    own = [
        Place(root, frozenset(file for file in files if file.is_relative_to(root)))
        for root in roots
        if root != tree.folder
    ]
    taken = {file for place in own for file in place.files}
    return own + tree.places([file for file in files if file not in taken])


def _add_files(draft: _Draft, kind: str, places: list[Place]) -> None:
    """A source for each place where files of a kind lie."""
    noun = noun_of(kind)
    for place in places[:MOST_PLACES]:
        domain = answering_domain(sorted(place.files)) if kind == "mail" else None
        stem = kind if len(places) == 1 else f"{kind}-{place.tag}"
        name = draft.add(stem, kind, place, settings_of(kind, LICENSE, domain))
        draft.findings.append(f"{_counted(len(place.files), noun)} → source '{name}'")
        if domain is not None:
            words = "most answers come from one domain, which is taken for who answers"
            draft.findings.append(f"source '{name}': {words}")
        if place.strangers:
            words = f"among them {plural(place.strangers, 'file')} that no source reads"
            draft.findings.append(f"source '{name}': {words}, which a run quarantines")
    if rest := places[MOST_PLACES:]:
        count = _counted(sum(len(place.files) for place in rest), f"more {noun}")
        draft.findings.append(
            f"{count} left out, scattered among other files: move them into a folder of their own"
        )


def _counted(number: int, noun: str) -> str:
    first, mark, rest = noun.partition(" of ")
    return f"{plural(number, first)}{mark}{rest}"


def _left_out(files: list[Path]) -> list[str]:
    """What fits no source, by suffix."""
    suffixes = Counter(file.suffix.lower() or "no suffix" for file in files)
    if not suffixes:
        return []
    each = ", ".join(f"{count} {suffix}" for suffix, count in suffixes.most_common(12))
    return [f"{plural(len(files), 'file')} that no source reads: {each}"]


def _recipe(name: str, blocks: list[str], languages: list[str]) -> str:
    sources = "\n\n".join(blocks)
    kept = f"[{', '.join(languages)}]" if languages else "[]"
    return f"""\
# A tunesmith recipe. Look it over, then:
#   tunesmith check RECIPE      every mistake at once
#   tunesmith run RECIPE        from these files to a verdict and a report
# Every setting is described in docs/recipe.md; what is not written here has its default.
name: {name}
seed: 13

sources:
{sources}

clean:
  personal_data:
    regions: [US]              # where telephones without a country code are from: US, GB, DE, …
    allow: []                  # not personal and to be kept, such as your own support address
  terminology: {{}}              # variant: the word your company uses

check:
  languages: {kept:<16} # rows in other languages are dropped; [] keeps them all
  exclude: []                  # for example: [{{column: type, values: [internal note]}}]

dedup:
  keep: best                   # of a cluster of duplicates: best, newest or longest

split:
  validation: 0.1
  test: 0.15
  by: category                 # or: time, to test on the newest rows

model: smollm2-135m-instruct   # this name, a local folder, or a Hugging Face id
prompt:
  system: You are a helpful customer support assistant. Answer the question.

methods:
  base: {{kind: base}}           # the model as it is
  few_shot: {{kind: few_shot, k: 3}}
  lora: {{kind: lora}}

evaluate:
  test_rows: 120               # measure on at most so many rows

decide:
  metric: token_f1
  machine_hour: 0.10           # what an hour of this computer costs you
  answers_per_month: 10000
"""
