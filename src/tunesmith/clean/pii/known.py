"""Known entities: what the columns of a row already say about people is looked for in its texts.

A ticket system knows the requester's name, address and account; the texts of that conversation
repeat them, misspell them and shorten them. The values of a thread's rows are put together and
attached to each of its rows (`attach`), so that steps and engines need to know nothing but rows.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tunesmith.clean.pii.lexicon import common_words
from tunesmith.clean.pii.lexicon import words as words_of
from tunesmith.clean.pii.normal import leveled, normal
from tunesmith.clean.pii.spans import Claims, Kind, Span
from tunesmith.hashing import text_hashes

#: The column that carries what is known of a row's people; masking uses it up.
KNOWN = "_known"

_COLUMNS = ("customer", "author")
#: How letters are spelled where a keyboard or a system lacks them.
_SPELLINGS = (
    ("ä", "ae"),
    ("ö", "oe"),
    ("ü", "ue"),
    ("ß", "ss"),
    ("ø", "oe"),
    ("å", "aa"),
    ("æ", "ae"),
)


# ── gathering ────────────────────────────────────────────────────────────────────────────────────


def entities_of(frame: pl.DataFrame, personal: dict[str, list[str]]) -> pl.Series:
    """What the columns of each row say about people, as lists of text.

    Args:
        frame: Records, before pseudonyms have taken the values' place.
        personal: By source, the extra columns that name a person.
    """
    names = sorted({name for columns in personal.values() for name in columns})
    pair = pl.element().struct
    extra = [
        pl.when(pl.col("source").is_in([source for source, has in personal.items() if name in has]))
        .then(
            pl.col("extra")
            .list.filter(pair.field("key") == name)
            .list.first()
            .struct.field("value")
        )
        .otherwise(pl.lit(None, pl.String))
        for name in names
    ]
    return frame.select(
        pl.concat_list(*(pl.col(name) for name in _COLUMNS), *extra).list.drop_nulls()
    ).to_series()


def of_threads(frames: Iterable[pl.DataFrame], personal: dict[str, list[str]]) -> pl.DataFrame:
    """What the rows of each thread say together: columns source, thread and `KNOWN`.

    Holds one row a thread and each distinct value once; threads that say nothing are left out.
    """
    parts = [
        frame.select("source", "thread", entities_of(frame, personal).alias(KNOWN))
        .drop_nulls("thread")
        .filter(pl.col(KNOWN).list.len() > 0)
        for frame in frames
    ]
    schema = {"source": pl.String(), "thread": pl.String(), KNOWN: pl.List(pl.String())}
    rows = pl.concat([pl.DataFrame(schema=schema), *parts])
    return rows.group_by("source", "thread").agg(pl.col(KNOWN).explode().unique().sort())


def threads_of(frame: pl.DataFrame, personal: dict[str, list[str]]) -> pl.DataFrame:
    """Every thread of a frame and what it says, be it nothing, with a hash of its name first.

    Returns:
        Columns hash (64 bits of MurmurHash3, equal for equal names), source, thread, `KNOWN`.
    """
    keys = ["source", "thread"]
    threads = frame.select(keys).drop_nulls("thread").unique(maintain_order=True)
    names = threads.select(pl.concat_str(keys, separator="\x1f")).to_series()
    said = threads.join(of_threads([frame], personal), on=keys, how="left", maintain_order="left")
    nothing = pl.lit([], pl.List(pl.String))
    return said.select(
        pl.Series("hash", text_hashes(names)[0]), *keys, pl.col(KNOWN).fill_null(nothing)
    )


def attach(
    frame: pl.DataFrame, threads: pl.DataFrame, personal: dict[str, list[str]]
) -> pl.DataFrame:
    """The frame with the column `KNOWN`: of its thread, or of the row where it has none."""
    own = frame.with_columns(entities_of(frame, personal).alias("_own"))
    joined = own.join(threads, on=["source", "thread"], how="left", maintain_order="left")
    return joined.with_columns(pl.coalesce(KNOWN, "_own").alias(KNOWN)).drop("_own")


# ── finding ──────────────────────────────────────────────────────────────────────────────────────


class Known:
    """What is known of the people of each row of a batch."""

    def __init__(self, values: list[list[str]]) -> None:
        self._values = [tuple(each or ()) for each in values]

    @classmethod
    def of_batch(cls, batch: pl.DataFrame) -> Known:
        """Take the column `KNOWN` of a batch."""
        return cls(batch.get_column(KNOWN).to_list())

    def hits(self, texts: pl.Series, rows: NDArray[np.int64]) -> dict[int, list[Span]]:
        """By the place of a text, the spans that say what the columns say.

        Args:
            texts: The texts of a column.
            rows: The row of the batch that each text belongs to.
        """
        found = {}
        for place, (text, row) in enumerate(zip(texts, rows.tolist(), strict=True)):
            values = self._values[row]
            if values and text:
                spans = find_known(text, values)
                if spans:
                    found[place] = spans
        return found


def find_known(text: str, values: tuple[str, ...]) -> list[Span]:
    """Where a text says what is known: spans that do not overlap, from left to right.

    Args:
        text: The text.
        values: Names, addresses, account numbers, as the columns have them.
    """
    level = leveled(text)
    whole = _whole_names(values)
    said: dict[tuple[int, int, Kind], str | None] = {}
    for value in values:
        matcher = _matcher(value)
        if matcher is None:
            continue
        for match in matcher.pattern.finditer(level):
            start, end = match.span()
            if match.lastgroup != "alone" or _is_a_name_here(text, start):
                place, name = (start, end, matcher.kind), whole.get(value, value)
                # What two people are called alike stands for neither of them.
                shared = place in said and said[place] != name
                said[place] = None if shared else name
    longest = sorted(said.items(), key=lambda item: (item[0][0] - item[0][1], item[0]))
    return Claims(Span(*place, name) for place, name in longest).spans


@lru_cache(maxsize=65_536)
def _whole_names(values: tuple[str, ...]) -> dict[str, str]:
    """By value, the whole name of the person it names (`Jane` beside `Jane Doe`).

    A name whose words are all in one other name, and in no second one, is that person's.
    """
    names = {value: normal("PERSON", value) for value in values if _is_name(value)}
    spelled = {name: value for value, name in reversed(names.items())}
    words = {name: frozenset(name.split()) for name in spelled}
    whole = {}
    for value, name in names.items():
        longer = {other for other, has in words.items() if has > words[name]}
        longest = {one for one in longer if not any(words[one] < words[two] for two in longer)}
        whole[value] = spelled[longest.pop() if len(longest) == 1 else name]
    return whole


def _is_name(value: str) -> bool:
    return "@" not in value and not any(letter.isdigit() for letter in value)


def _is_a_name_here(text: str, start: int) -> bool:
    """Whether a word that may be ordinary (`Will`) is written as a name, inside a sentence."""
    before = text[max(0, start - 3) : start].rstrip()
    shouted = text[start + 1 : start + 2].isupper()
    return text[start].isupper() and not shouted and bool(before) and before[-1] not in ".!?\n"


class _Matcher:
    def __init__(self, kind: Kind, pattern: re.Pattern[str]) -> None:
        self.kind, self.pattern = kind, pattern


@lru_cache(maxsize=65_536)
def _matcher(value: str) -> _Matcher | None:
    value = value.strip()
    if "@" in value:
        return _Matcher("EMAIL", re.compile(rf"(?<![\w.@-]){re.escape(leveled(value))}(?![\w@])"))
    if any(letter.isdigit() for letter in value):
        signs = [letter for letter in leveled(value) if letter.isalnum()]
        if len(signs) < 4:
            return None
        digits = sum(letter.isdigit() for letter in signs)
        kind: Kind = "PHONE" if digits == len(signs) and 9 <= digits <= 15 else "ACCOUNT"
        between = r"[\s./#-]{0,3}"
        return _Matcher(kind, re.compile(rf"(?<!\w){between.join(map(re.escape, signs))}(?!\w)"))
    return _of_name(value)


def _of_name(value: str) -> _Matcher | None:
    words = [
        word
        for word in re.findall(r"[^\W\d_]+", value.casefold())
        if word not in words_of("titles")
    ]
    if not words or max(map(len, words)) < 3:
        return None
    forms = [form for spelled in _spelled(words) for form in _forms(spelled)]
    alone = [
        re.escape(word)
        for spelled in _spelled(words)
        for word in spelled
        if len(word) >= 3 and (len(words) == 1 or word in common_words())
    ]
    pattern = rf"(?<!\w)(?:(?P<sure>{'|'.join(forms)})" if forms else r"(?<!\w)(?:(?!)"
    if alone:
        pattern += rf"|(?P<alone>{'|'.join(dict.fromkeys(alone))})"
    return _Matcher("PERSON", re.compile(pattern + r")(?!\w)"))


def _spelled(words: list[str]) -> list[list[str]]:
    """The words without accents, and as they are spelled where the accented letters are lacking."""
    plain = [leveled(word) for word in words]
    replaced = []
    for word in words:
        spelled = word
        for letter, instead in _SPELLINGS:
            spelled = spelled.replace(letter, instead)
        replaced.append(leveled(spelled))
    return [plain] if plain == replaced else [plain, replaced]


def _forms(words: list[str]) -> list[str]:
    """Patterns for the ways to write a name of several words, the longest first."""
    if len(words) == 1:
        return []
    first, last = re.escape(words[0]), re.escape(words[-1])
    gap = r"[\s.,_-]{1,3}"
    whole = gap.join(map(re.escape, words))
    turned = rf"{last}{gap}{first}"
    forms = [whole, turned, rf"{first}(?:{gap}\w\.?)?{gap}{last}", rf"{first[0]}\.?\s?{last}"]
    forms += [rf"{first}\s{last[0]}\b", rf"{first}{last}", rf"{last}{first}"]
    forms += [_misspelled(word) for word in words if len(word) >= 6 and word not in common_words()]
    forms += [re.escape(word) for word in words if len(word) >= 3 and word not in common_words()]
    return list(dict.fromkeys(forms))


def _misspelled(word: str) -> str:
    """A pattern for a word with one letter wrong, missing or doubled, or two swapped."""
    ways = []
    for place in range(1, len(word)):
        head, letter, tail = word[:place], word[place], word[place + 1 :]
        ways.append(f"{head}\\w?{tail}")
        ways.append(f"{head}{letter}{letter}{tail}")
        if tail:
            ways.append(f"{head}{tail[0]}{letter}{tail[1:]}")
    return rf"(?:{'|'.join(dict.fromkeys(ways))})"
