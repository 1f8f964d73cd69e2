"""`init`: look at a file or a folder and write a recipe that runs."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tunesmith.collect import rows as raw_rows
from tunesmith.collect.encoding import Encoding, detect
from tunesmith.errors import SourceError, TunesmithError
from tunesmith.initialise.guess import Guess, guess_columns
from tunesmith.initialise.kinds import SourceKind, place_of, sorted_by_kind
from tunesmith.language import COMMON_LANGUAGES, identifier
from tunesmith.report.wording import plural

_SAMPLE_ROWS = 500


@dataclass(frozen=True)
class Proposal:
    """A recipe as text, and what was found out on the way, in sentences."""

    recipe: str
    findings: list[str]


def propose(path: Path, *, recipe_folder: Path) -> Proposal:
    """Look at a file or folder and write a commented recipe for it.

    Args:
        path: A CSV, JSONL or Parquet file, or a folder of such files and of those of other kinds
            (`kinds`).
        recipe_folder: Where the recipe will lie; paths in it start there.

    Raises:
        TunesmithError: Nothing that can be read is there.
    """
    files = [path] if path.is_file() else sorted(p for p in path.rglob("*") if p.is_file())
    if not path.exists():
        raise TunesmithError("there is no such file or folder", where=str(path))
    tables = [file for file in files if raw_rows.format_of(file) is not None]
    others = sorted_by_kind(file for file in files if file not in tables)
    findings: list[str] = []
    blocks: list[str] = []
    languages: Counter[str] = Counter()
    shapes: dict[tuple[str, ...], list[Path]] = {}
    for table in tables:
        shapes.setdefault((table.suffix, *_columns(table)), []).append(table)
    used: set[str] = set()
    for group in shapes.values():
        name = _free_name(group[0].stem, used)
        block, found = _table_block(name, group, recipe_folder, languages)
        blocks += [] if block is None else [block]
        findings += found
    folder = path if path.is_dir() else path.parent
    for kind, mine in others.items():
        place = place_of(mine, folder, [file for file in files if file not in mine])
        blocks.append(_kind_block(_free_name(kind.kind, used), kind, place, recipe_folder))
        findings.append(plural(len(mine), kind.noun))
    if not blocks:
        raise TunesmithError(
            "nothing here can be read yet",
            where=str(path),
            todo="give a .csv, .jsonl or .parquet file, or a folder with such files or with "
            "Markdown or HTML pages",
        )
    name = _plain(path.resolve().stem if path.is_file() else path.resolve().name)
    main = [language for language, n in languages.most_common() if n >= 0.1 * languages.total()]
    return Proposal(_recipe(name, blocks, main), findings)


def _columns(path: Path) -> list[str]:
    try:
        form = raw_rows.format_of(path)
        if form is None:
            return []
        return raw_rows.column_names(path, form, _encoding(path), None)
    except SourceError:
        return []


def _encoding(path: Path) -> Encoding:
    if raw_rows.format_of(path) == "parquet":
        return Encoding("utf-8", declared=True)
    return detect(path)


def _sample(path: Path) -> list[dict[str, Any]]:
    form = raw_rows.format_of(path)
    limit = 8 << 20
    if form == "csv":
        found = raw_rows.read_csv(path, _encoding(path), delimiter=None, max_bytes=limit)
    elif form == "jsonl":
        found = raw_rows.read_jsonl(path, _encoding(path), max_bytes=limit)
    else:
        found = raw_rows.read_parquet(path)
    rows = itertools.islice(found, _SAMPLE_ROWS)
    return [row.values for row in rows if isinstance(row, raw_rows.Row)]


def _table_block(
    name: str, group: list[Path], folder: Path, languages: Counter[str]
) -> tuple[str | None, list[str]]:
    names = _columns(group[0])
    rows = _sample(group[0]) if names else []
    if not rows:
        return None, [f"{group[0].name}: no row could be read; it is left out"]
    guess = guess_columns(names, rows)
    if "question" not in guess.columns or "answer" not in guess.columns:
        lacking = "question" if "question" not in guess.columns else "answer"
        there = ", ".join(names)
        why = f"no column looks like the {lacking} (there are: {there}); it is left out"
        return None, [f"{group[0].name}: {why}"]
    _count_languages(guess, rows, languages)
    mapping = ", ".join(f"{field} = {_written(column)}" for field, column in guess.columns.items())
    findings = [f"{group[0].name}: {mapping}"]
    if len(group) > 1:
        findings.append(f"{len(group) - 1} more files have the same columns")
    return _ticket_yaml(name, group, folder, names, guess), findings


def _count_languages(guess: Guess, rows: list[dict[str, Any]], languages: Counter[str]) -> None:
    import polars as pl

    column = guess.columns["answer"]
    texts = [str(row.get(str(column)) or "") for row in rows]
    names, sure = identifier(COMMON_LANGUAGES).identify(
        pl.Series(texts, dtype=pl.String).str.slice(0, 300)
    )
    languages.update(
        name
        for name, confidence in zip(names, sure, strict=True)
        if name is not None and confidence > 0.5
    )


def _ticket_yaml(name: str, group: list[Path], folder: Path, names: list[str], guess: Guess) -> str:
    used = {
        part
        for column in guess.columns.values()
        for part in ([column] if isinstance(column, str) else column)
    }
    lines = [f"  - name: {name}", "    kind: tickets"]
    if len(group) == 1:
        lines.append(f"    path: {_quoted(_relative(group[0], folder))}")
    else:
        parent = _relative(group[0].parent, folder)
        lines.append(f"    path: {_quoted(f'{parent}/*{group[0].suffix}')}")
    lines += [
        "    license: proprietary            # the licence of this content, for its provenance",
        "    columns:",
    ]
    for field in (
        "question",
        "answer",
        "category",
        "timestamp",
        "customer",
        "thread",
        "author",
        "id",
        "labels",
    ):
        if field in guess.columns:
            why = guess.notes.get(field, "")
            comment = f"   # guessed: {why}" if why else ""
            lines.append(f"      {field}: {_written(guess.columns[field])}{comment}")
        else:
            lines.append(f"      # {field}: COLUMN   # {_MEANINGS[field]}")
    if guess.personal:
        lines.append(
            f"    personal_columns: [{', '.join(map(_quoted, guess.personal))}]"
            "   # name a person: kept as pseudonyms"
        )
    others = [column for column in names if column not in used and column not in guess.personal]
    if others:
        lines.append(f"    # kept as metadata: {', '.join(others)}")
    return "\n".join(lines)


_MEANINGS = {
    "question": "what was asked",
    "answer": "what was answered",
    "category": "topics are dealt evenly to training and test",
    "timestamp": "when it was asked",
    "customer": "a customer never crosses from training to test",
    "thread": "nor does a conversation",
    "author": "who answered",
    "id": "the ticket's own number",
    "labels": "tags",
}


def _kind_block(name: str, kind: SourceKind, place: Path, recipe_folder: Path) -> str:
    return "\n".join(
        [
            f"  - name: {name}",
            f"    kind: {kind.kind}",
            f"    path: {_quoted(_relative(place, recipe_folder))}",
            "    license: proprietary",
            *(f"    {line}" for line in kind.settings),
        ]
    )


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


def _relative(path: Path, folder: Path) -> str:
    try:
        return path.resolve().relative_to(folder.resolve()).as_posix()
    except ValueError:
        return str(path.resolve())


def _written(column: str | list[str]) -> str:
    if isinstance(column, str):
        return _quoted(column)
    return f"[{', '.join(map(_quoted, column))}]"


_PLAIN_SCALAR = re.compile(r"[A-Za-z_./][A-Za-z0-9_./ -]*")


def _quoted(text: str) -> str:
    """A YAML scalar; quoted where YAML could read something else (`no`, `on`, `1.0`)."""
    if (
        _PLAIN_SCALAR.fullmatch(text)
        and text.lower() not in {"yes", "no", "on", "off", "true", "false", "null", "y", "n"}
        and text == text.strip()
    ):
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _plain(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-._") or "project"


def _free_name(stem: str, used: set[str]) -> str:
    base = _plain(stem)
    name, number = base, 2
    while name in used:
        name, number = f"{base}-{number}", number + 1
    used.add(name)
    return name
