"""Licences: which content may be learned from, and which wants to be named.

A licence is an SPDX expression (SPDX specification 2.3, annex D), read with `license-expression`.
Of `A OR B` the first that may be used counts, of `A AND B` both must be, and `A WITH B` is held to
the rules for A unless the recipe names the two together. Words and addresses that name one licence
("CC BY 4.0") stand for its identifier (`licenses`). Words that are neither are no licence: content
from outside the company that has nothing better is of unknown licence. Content of the company that
has none is its own.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import Any, ClassVar, Literal, get_args

import polars as pl
from pydantic import field_validator

from tunesmith.collect.licenses import spdx_of
from tunesmith.config import Config
from tunesmith.step import Filter

Family = Literal[
    "own", "public-domain", "permissive", "share-alike", "copyleft", "non-commercial",
    "no-derivatives", "restricted",
]  # fmt: skip
"""What licences of a kind ask for; `restricted` is all that is neither open nor known to allow
changes."""

FAMILIES: tuple[str, ...] = get_args(Family)

#: What license-expression calls the kinds of licences, as far as they are open.
_CATEGORIES: dict[str, Family] = {
    "Public Domain": "public-domain",
    "Permissive": "permissive",
    "Copyleft": "copyleft",
    "Copyleft Limited": "copyleft",
}

#: Licences of texts and data, not of code, that changed works must keep.
_SHARE_ALIKE = ("CC-BY-SA", "GFDL", "ODbL", "CDLA-Sharing", "OGDL")

#: Longer words are no licence; a hostile page may write a book there.
_MOST_LETTERS = 500

_UNKNOWN = "the licence is not known"


@dataclass(frozen=True)
class Terms:
    """Under which licence something is used, or why it may not be."""

    refused: str | None = None
    """Why it may not be used."""
    unknown: bool = False
    """Whether it has no licence that is known."""
    relied_on: tuple[str, ...] = ()
    """The licences that it is used under, as SPDX writes them; none: it is the company's own."""
    credited: bool = False
    """Whether one of them wants to be named."""


class LicensePolicy(Config):
    """Which content may be learned from by its licence, and which must be named."""

    allow: list[str] = ["own", "public-domain", "permissive", "share-alike"]
    """Families (own, public-domain, permissive, share-alike, copyleft, non-commercial,
    no-derivatives, restricted) and SPDX identifiers that may be used. All others are dropped."""
    refuse: list[str] = []
    """Families and identifiers that may not be used, even where `allow` has them."""
    attribution: list[str] = [
        "permissive", "share-alike", "copyleft", "non-commercial", "no-derivatives",
    ]  # fmt: skip
    """Families and identifiers that are named in `export/ATTRIBUTION.md`."""
    unknown: Literal["drop", "keep"] = "drop"
    """What happens to rows from outside the company whose licence is not known."""

    @field_validator("allow", "refuse", "attribution")
    @classmethod
    def _are_known(cls, names: list[str]) -> list[str]:
        return [name if name in FAMILIES else _identifier(name) for name in names]

    def terms(self, words: str | None, *, outside: bool) -> Terms:
        """What the policy says of a licence.

        Args:
            words: The licence as it is written.
            outside: Whether the content is not the company's own.
        """
        parsed = _parsed(words)
        if not outside and not _names_open_terms(parsed):
            permitted = self._permits(["own"])
            return Terms() if permitted else Terms(refused="the company's own content is refused")
        found = Terms(refused=_UNKNOWN, unknown=True) if parsed is None else self._of(parsed)
        if found.unknown and self.unknown == "keep":
            return replace(found, refused=None)
        return found

    def _of(self, node: Any) -> Terms:
        """The terms of a parsed expression."""
        import license_expression as spdx

        if isinstance(node, spdx.LicenseSymbol | spdx.LicenseWithExceptionSymbol):
            return self._of_one(node)
        parts = [self._of(part) for part in node.args]
        if node.operator.strip() == "OR":
            usable = [part for part in parts if part.refused is None]
            doubtful = [part for part in parts if part.unknown]
            return (usable or doubtful or parts)[0]
        for part in parts:
            if part.refused is not None and not part.unknown:
                return part
        if any(part.unknown for part in parts):
            return Terms(refused=_UNKNOWN, unknown=True)
        return Terms(
            relied_on=tuple(dict.fromkeys(name for part in parts for name in part.relied_on)),
            credited=any(part.credited for part in parts),
        )

    def _of_one(self, node: Any) -> Terms:
        alone = getattr(node, "license_symbol", node).key
        exception = getattr(node, "exception_symbol", None)
        if exception is not None and exception.key not in _licensing().known_symbols:
            return Terms(refused=_UNKNOWN, unknown=True)
        family = family_of(alone)
        names = [node.render() if hasattr(node, "license_symbol") else alone, alone]
        if family is None and alone not in self.allow:
            if alone in self.refuse:
                return Terms(refused=f"the licence {alone} is refused")
            return Terms(refused=_UNKNOWN, unknown=True)
        called = [*names, *([] if family is None else [family])]
        if not self._permits(called):
            kind = "" if family is None else f" ({family})"
            return Terms(refused=f"the licence {names[0]}{kind} may not be used for training")
        return Terms(relied_on=(names[0],), credited=any(n in self.attribution for n in called))

    def _permits(self, names: list[str]) -> bool:
        """Whether something of these names, the most special first, may be used."""
        for name in names:  # what is said of a licence itself wins over what is said of its family
            if name in self.refuse:
                return False
            if name in self.allow:
                return True
        return False


class LicenseFilter(Filter):
    """Drop rows that may not be learned from by their licence."""

    kind: ClassVar[str] = "licenses"
    reads: ClassVar[tuple[str, ...]] = ("source", "license")

    policy: LicensePolicy = LicensePolicy()
    """The recipe's."""
    outside: tuple[str, ...] = ()
    """The sources that are not the company's own."""

    def terms(self, rows: pl.DataFrame) -> pl.DataFrame:
        """The different sources and licences of some rows, each with what the policy says of it.

        Returns:
            Columns source, license, refused, relied_on (joined by commas), credited.
        """
        pairs = rows.select("source", "license").unique(maintain_order=True)
        found = [
            self.policy.terms(words, outside=source in self.outside)
            for source, words in pairs.iter_rows()
        ]
        return pairs.with_columns(
            pl.Series("refused", [one.refused for one in found], pl.String),
            pl.Series("relied_on", [", ".join(one.relied_on) for one in found], pl.String),
            pl.Series("credited", [one.credited for one in found], pl.Boolean),
        )

    def judge(self, batch: pl.DataFrame) -> pl.DataFrame:
        """Give each row why its licence keeps it out, if it does."""
        joined = batch.select("source", "license").join(
            self.terms(batch),
            on=["source", "license"],
            how="left",
            nulls_equal=True,
            maintain_order="left",
        )
        return joined.select(
            reason="refused",
            value=pl.lit(None, pl.Float64),
            threshold=pl.lit(None, pl.Float64),
        )


@cache
def family_of(identifier: str) -> Family | None:
    """The family of an SPDX identifier; null where it is none.

    >>> family_of("CC-BY-SA-4.0")
    'share-alike'
    """
    category = _index().get(identifier.lower())
    if category is None:
        return None
    if identifier.startswith("CC-") and "-NC" in identifier:
        return "non-commercial"
    if identifier.startswith("CC-") and "-ND" in identifier:
        return "no-derivatives"
    if identifier.startswith(_SHARE_ALIKE):
        return "share-alike"
    return _CATEGORIES.get(category, "restricted")


def address_of(identifier: str) -> str:
    """Where the text of a licence is.

    >>> address_of("CC-BY-SA-4.0")
    'https://creativecommons.org/licenses/by-sa/4.0/'
    """
    kind, version = _creative_commons(identifier)
    if kind is not None:
        return f"https://creativecommons.org/licenses/{kind}/{version}/"
    return f"https://spdx.org/licenses/{identifier.partition(' ')[0]}.html"


def _creative_commons(identifier: str) -> tuple[str | None, str]:
    if not identifier.startswith("CC-BY"):
        return None, ""
    parts = identifier.removeprefix("CC-").split("-")
    words = [part for part in parts if part in {"BY", "NC", "ND", "SA"}]
    rest = parts[len(words) :]
    return ("-".join(words).lower(), "/".join(rest).lower()) if rest else (None, "")


@cache
def _index() -> dict[str, str]:
    """The category of every SPDX identifier, in lower case."""
    from license_expression import get_license_index

    found: dict[str, str] = {}
    for entry in get_license_index():
        for name in (entry.get("spdx_license_key"), *entry.get("other_spdx_license_keys", [])):
            if name and not entry["is_exception"] and not name.startswith("LicenseRef-scancode"):
                found.setdefault(name.lower(), entry["category"])
    return found


@cache
def _licensing() -> Any:
    from license_expression import get_spdx_licensing

    return get_spdx_licensing()


@cache
def _parsed(words: str | None) -> Any:
    """A licence as an expression; null where it is none.

    An expression names a licence that SPDX has, or one of somebody's own as `LicenseRef-…`. Other
    words are read as `spdx_of` does.
    """
    from license_expression import ExpressionError

    if words is None or not words.strip() or len(words) > _MOST_LETTERS:
        return None
    try:
        parsed = _licensing().parse(words.strip())
    except (ExpressionError, ValueError):
        parsed = None
    keys = [] if parsed is None else _licensing().license_keys(parsed)
    if any(_is_name(key) for key in keys):
        return parsed
    named = spdx_of(words)  # as people and pages write it: "MIT License", an address
    return None if named is None else _licensing().parse(named)


def _names_open_terms(parsed: Any) -> bool:
    """Whether an expression has a licence that SPDX knows, so that it is not the company's own."""
    keys = [] if parsed is None else _licensing().license_keys(parsed)
    return any(family_of(key) is not None for key in keys)


def _is_name(key: str) -> bool:
    return family_of(key) is not None or key.startswith("LicenseRef-")


def _identifier(name: str) -> str:
    parsed = _parsed(name)
    if parsed is None or (not hasattr(parsed, "key") and not hasattr(parsed, "license_symbol")):
        raise ValueError(
            f"'{name}' is neither a family of licences ({', '.join(FAMILIES)}) nor an SPDX "
            "identifier such as CC-BY-4.0"
        )
    return str(parsed.render() if hasattr(parsed, "license_symbol") else parsed.key)
