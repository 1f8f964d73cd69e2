"""Attribution: what the rows that stay were taken from, as far as its licence wants that said.

Titles, addresses and licences are said, and how many rows came of each. Authors are not: what the
rows know of them are pseudonyms, and the address leads to them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from tunesmith.collect.licensing import LicenseFilter, address_of, family_of
from tunesmith.io import write_json, write_text
from tunesmith.report.wording import plural
from tunesmith.store.kept import Kept

#: The files in the export's folder.
WORDS, TABLE = "ATTRIBUTION.md", "ATTRIBUTION.json"

_PLACE = ["source", "file", "title", "url", "license"]
_NOTHING = "Nothing in this dataset asks for attribution."


@dataclass(frozen=True)
class LicenseCounts:
    """The rows that stay by licence: `source`, `license`, `family`, `rows`, `credited`."""

    rows: list[dict[str, Any]]

    @property
    def credited(self) -> list[str]:
        """The licences that want to be named."""
        return sorted({row["license"] for row in self.rows if row["credited"]})


def write_attribution(folder: Path, kept: Kept, licenses: LicenseFilter) -> LicenseCounts:
    """Write `ATTRIBUTION.md` and `ATTRIBUTION.json` beside an export.

    Args:
        folder: The export.
        kept: The rows that stay.
        licenses: Says which of them want to be named.
    """
    counted, places = [], [_places(pl.DataFrame(schema=dict.fromkeys(_PLACE, pl.String)))]
    for number in range(len(kept)):
        rows = kept.frame(number, ["source", "license"])
        terms = licenses.terms(rows)
        sizes = rows.group_by("source", "license").len("rows")
        on = ["source", "license"]
        counted.append(sizes.join(terms, on=on, nulls_equal=True).drop("license", "refused"))
        if terms.get_column("credited").any():
            places.append(_places(_credited(kept, number, terms)))
    total = pl.concat([_no_count(), *counted])
    total = total.group_by("source", "relied_on", "credited").agg(pl.col("rows").sum())
    entries = pl.concat(places).group_by(_PLACE).agg(pl.col("rows").sum()).sort(_PLACE)
    found = LicenseCounts(list(_counts(total)))
    used = sorted({name for joined in entries["license"] for name in joined.split(", ")})
    write_json(folder / TABLE, {"licenses": [_about(n) for n in used], "rows": entries.to_dicts()})
    write_text(folder / WORDS, "\n".join(_lines(entries, used)) + "\n")
    return found


def _no_count() -> pl.DataFrame:
    names = {"source": pl.String(), "relied_on": pl.String(), "credited": pl.Boolean()}
    return pl.DataFrame(schema=names | {"rows": pl.UInt32()}).select(
        "source", "rows", "relied_on", "credited"
    )


def _counts(total: pl.DataFrame) -> Iterator[dict[str, Any]]:
    for row in total.sort("rows", "source", "relied_on", descending=[True, False, False]).iter_rows(
        named=True
    ):
        names = [name for name in row["relied_on"].split(", ") if name]
        families = {family_of(name.partition(" ")[0]) or "restricted" for name in names}
        yield {
            "source": row["source"],
            "license": " AND ".join(names) or "own",
            "family": ", ".join(sorted(families)) or "own",
            "rows": row["rows"],
            "credited": row["credited"],
        }


def _credited(kept: Kept, number: int, terms: pl.DataFrame) -> pl.DataFrame:
    """The rows of a part that want to be named, under the licences that are relied on."""
    rows = kept.frame(number, ["source", "file", "license", "extra"])
    wanted = terms.filter("credited").select("source", "license", "relied_on")
    rows = rows.join(wanted, on=["source", "license"], nulls_equal=True, maintain_order="left")
    return rows.select(
        "source", "file", _extra("title"), _extra("url"), pl.col("relied_on").alias("license")
    )


def _extra(key: str) -> pl.Expr:
    named = pl.col("extra").list.filter(pl.element().struct.field("key") == key)
    return named.list.first().struct.field("value").alias(key)


def _places(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.group_by(_PLACE).len("rows")


def _about(name: str) -> dict[str, Any]:
    family = family_of(name.partition(" ")[0])
    return {
        "license": name,
        "url": address_of(name),
        "share_alike": family in {"share-alike", "copyleft"},
    }


def _lines(entries: pl.DataFrame, used: list[str]) -> Iterator[str]:
    yield "# Attribution"
    yield ""
    if not used:
        yield _NOTHING
        return
    yield "Rows of this dataset were made from the following works. They were cut, cleaned and"
    yield "masked; nobody named here endorses what was made of them."
    for joined, rows in entries.group_by(["license"], maintain_order=True):
        name = str(joined[0])
        yield ""
        yield f"## {' and '.join(f'[{one}]({address_of(one)})' for one in name.split(', '))}"
        yield ""
        if any(_about(one)["share_alike"] for one in name.split(", ")):
            yield "Share-alike: what is made of these works and passed on keeps this licence."
            yield ""
        for row in rows.iter_rows(named=True):
            yield _line(row)


def _line(row: dict[str, Any]) -> str:
    title = _plain(row["title"] or row["file"] or row["source"])
    linked = f"[{title}](<{_target(row['url'])}>)" if _target(row["url"]) else title
    return f"- {linked}, from {_plain(row['source'])}: {plural(row['rows'], 'row')}"


def _plain(words: str) -> str:
    """Words of a page in one line of Markdown, with nothing in them that Markdown reads."""
    flat = " ".join(words.split())[:300]
    return "".join(f"\\{sign}" if sign in "\\`*_{}[]<>#|!" else sign for sign in flat)


def _target(url: str | None) -> str | None:
    if url is None or not url.startswith(("https://", "http://")):
        return None
    return "".join(url.split()).translate({ord("<"): "%3C", ord(">"): "%3E"})
