"""Counts over words, lines and paragraphs that the quality families share, in compiled passes.

Words are told apart much as spaCy's English tokenizer does, which datatrove counts with: a run of
letters and digits is a word, a sign of punctuation one of its own (dots and dashes in runs), an
apostrophe begins a new word inside one (`don't` is two). A sign inside a number or a name (`10:30`,
`a_b`) does not part it; a dash or a slash between letters does. An address with `://` is one word.
Scripts without spaces count a word a letter.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tunesmith.check.letters import (
    ALPHA,
    DIGIT,
    SPACE,
    SPACELESS,
    TERMINAL,
    WORD,
    class_of,
    decode,
    letter_classes,
)
from tunesmith.kernels import buffers, kernel

#: Repetition is looked for in the first words, lines and paragraphs of a text, so many of each:
#: time and memory stay bounded for a text of any size. All else is counted over the whole text.
MAX_UNITS = 131_072

#: The columns of `gopher_figures`, in order.
GOPHER = (
    "words", "mean_word_chars", "hash_ratio", "ellipsis_ratio", "bullet_lines", "ellipsis_lines",
    "alphabetic_words", "stop_words", "spaceless_words", "dup_lines", "dup_line_chars",
    "dup_paragraphs", "dup_paragraph_chars", "top_2_gram", "top_3_gram", "top_4_gram",
    "dup_5_grams", "dup_6_grams", "dup_7_grams", "dup_8_grams", "dup_9_grams", "dup_10_grams",
    "alphabetic_tokens",
)  # fmt: skip

#: The columns of `fineweb_figures`, in order.
FINEWEB = ("lines", "terminal_lines", "short_lines", "dup_chars", "newline_ratio")


def gopher_figures(texts: pl.Series, stop_words: tuple[str, ...]) -> pl.DataFrame:
    """The figures of Gopher's rules (Rae et al. 2021, table A1) of each text.

    Shares are between 0 and 1: of lines, of words (`alphabetic_tokens`: of words and signs), and,
    for repetition, of the text's letters.

    Args:
        texts: n texts; null counts as empty.
        stop_words: How many different ones of these are in the text is `stop_words`.

    Returns:
        A frame of n rows with the columns `GOPHER`.
    """
    classes = letter_classes()
    wanted = np.unique(_hashes_of_words(*buffers(pl.Series(stop_words, dtype=pl.String)), classes))
    return _named(GOPHER, _gopher(*buffers(texts), classes, wanted, MAX_UNITS))


def fineweb_figures(texts: pl.Series, short_line_chars: int) -> pl.DataFrame:
    """The figures of FineWeb's rules (Penedo et al. 2024, 3.6) of each text.

    Args:
        texts: n texts; null counts as empty.
        short_line_chars: A line of at most so many letters is short.

    Returns:
        A frame of n rows with the columns `FINEWEB`; lines are those that are not blank.
    """
    return _named(FINEWEB, _fineweb(*buffers(texts), letter_classes(), short_line_chars, MAX_UNITS))


def tokens(text: str) -> int:
    """How many words and signs a text has, as these figures count them."""
    data, offsets = buffers(pl.Series([text]))
    room = _room(len(data), MAX_UNITS)
    totals = np.zeros(_TOTALS, dtype=np.int64)
    _tokens(data, offsets[0], offsets[1], letter_classes(), room[0], room[1], room[2], totals)
    return int(totals[0])


def _named(names: tuple[str, ...], figures: NDArray[np.float64]) -> pl.DataFrame:
    return pl.DataFrame({name: figures[:, place] for place, name in enumerate(names)})


# ── words ────────────────────────────────────────────────────────────────────────────────────

#: What `_tokens` adds up: tokens, words (tokens that are not signs alone), letters in words,
#: tokens with a letter, words of a script without spaces, stored tokens, letters up to there,
#: letters of the text, hash signs, ellipses.
_TOTALS = 10


@kernel
def _joins(code: int, before: int, after: int) -> bool:
    """Whether one sign between two letters or digits belongs to their word.

    Those that do not are spaCy's infixes for English: a dash or a comma between letters, a dash or
    sign of arithmetic between digits, and a colon, slash or sign of comparison before a letter.
    """
    if code in (44, 45, 0x2013, 0x2014) and before & ALPHA:
        return not after & ALPHA
    if code in (42, 43, 45, 94) and before & DIGIT:
        return not after & DIGIT
    return not (code in (47, 58, 60, 61, 62) and after & ALPHA)


@kernel
def _tokens(  # noqa: C901, PLR0912, PLR0915 - one compiled loop
    data: Any, start: int, end: int, classes: Any, hashes: Any, folded: Any, sizes: Any, totals: Any
) -> None:
    """Write hash, hash of small letters and size (letters) of each token, and the totals."""
    totals[:] = 0
    limit = len(hashes)
    state = 0  # 0 nothing, 1 a word, 2 a sign, 3 a letter of a script without spaces
    value, small, size, alpha = np.uint64(0), np.uint64(0), 0, False
    link = False  # inside an address: what follows `://`
    last_code: Any = np.int64(0)
    last_class, dots = 0, 0
    place = start
    while place <= end:
        if place < end:
            code, width = decode(data, place)
            kind = class_of(code, classes)
            totals[7] += 1
        else:
            code, width, kind = np.int64(32), 1, SPACE
        goes_on, follows = False, 0
        if kind & WORD:
            mark = not kind & (ALPHA | DIGIT)
            goes_on = (state != 0 and mark) or (state == 1 and not kind & SPACELESS)
            follows = 3 if kind & SPACELESS else 1
        elif not kind & SPACE:
            follows = 2
            after = 0
            if place + width < end:
                after = class_of(decode(data, place + width)[0], classes)
            if state == 1 and not link and code == 58 and place + 2 < end:
                link = data[place + 1] == 47 and data[place + 2] == 47
            if link and code not in (34, 39, 40, 41, 60, 62, 91, 93):
                goes_on = True
            elif state == 1 and after & WORD and not after & SPACELESS:
                if code in (39, 0x2019) and after & ALPHA:
                    follows = 1
                elif _joins(code, last_class, after):
                    goes_on = True
            elif state == 2 and code == last_code and code in (45, 46):
                goes_on = True
            totals[8] += code == 35
            dots = dots + 1 if code == 46 else 0
            totals[9] += code == 0x2026 or dots == 3
            if dots == 3:
                dots = 0
        if code != 46:
            dots = 0
        if state != 0 and not goes_on:
            totals[0] += 1
            totals[3] += alpha
            totals[4] += state == 3
            if state != 2:
                totals[1] += 1
                totals[2] += size
            if totals[5] < limit:
                hashes[totals[5]] = value
                folded[totals[5]] = small
                sizes[totals[5]] = size
                totals[5] += 1
                totals[6] = totals[7]
            state = 0
        if not goes_on:
            state = follows
            link = False
            value, small, size, alpha = np.uint64(0), np.uint64(0), 0, False
        size += 1
        alpha = alpha or (kind & ALPHA) > 0
        if place < end:
            for step in range(width):
                byte = data[place + step]
                value = (value + np.uint64(byte) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
                value ^= value >> np.uint64(29)
                if 65 <= byte <= 90:
                    byte += 32
                small = (small + np.uint64(byte) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
                small ^= small >> np.uint64(29)
        last_code, last_class = code, kind
        place += width
    if totals[5] == totals[0]:
        totals[6] = totals[7]


@kernel
def _hashes_of_words(data: Any, offsets: Any, classes: Any) -> Any:
    """The hash of the small letters of the first word of each text."""
    found = np.zeros(len(offsets) - 1, dtype=np.uint64)
    hashes, folded = np.empty(1, dtype=np.uint64), np.zeros(1, dtype=np.uint64)
    sizes, totals = np.empty(1, dtype=np.int64), np.zeros(10, dtype=np.int64)
    for text in range(len(offsets) - 1):
        _tokens(data, offsets[text], offsets[text + 1], classes, hashes, folded, sizes, totals)
        found[text] = folded[0]
    return found


@kernel
def _distinct_wanted(folded: Any, count: int, wanted: Any, seen: Any) -> int:
    """How many different wanted words are among the first `count`; `wanted` is sorted."""
    seen[:] = False
    found = 0
    for place in range(count):
        where = np.searchsorted(wanted, folded[place])
        if where < len(wanted) and wanted[where] == folded[place] and not seen[where]:
            seen[where] = True
            found += 1
            if found == len(wanted):
                break
    return found


# ── repetition ───────────────────────────────────────────────────────────────────────────────


@kernel
def _mixed(value: Any) -> Any:
    value ^= value >> np.uint64(31)
    value *= np.uint64(0xC2B2AE3D27D4EB4F)
    return value ^ (value >> np.uint64(29))


@kernel
def _find(key: Any, table: Any, owners: Any, stamp: int, places: int) -> tuple[Any, bool]:
    """The place of a key in a hash table with open addresses, and whether it was there."""
    place = np.int64(key & np.uint64(places - 1))
    while owners[place] == stamp and table[place] != key:
        place = (place + 1) & (places - 1)
    if owners[place] == stamp:
        return place, True
    owners[place] = stamp
    table[place] = key
    return place, False


@kernel
def _places(units: int) -> int:
    places = 4
    while places < 2 * units:
        places *= 2
    return places


@kernel
def _duplicates(
    keys: Any, sizes: Any, count: int, table: Any, owners: Any, stamp: int
) -> tuple[int, int]:
    """How many of the units came before, and their letters."""
    places = _places(count)
    units, letters = 0, 0
    for unit in range(count):
        _, there = _find(_mixed(keys[unit]), table, owners, stamp, places)
        if there:
            units += 1
            letters += sizes[unit]
    return units, letters


@kernel
def _gram(prefix: Any, first: int, width: int, power: Any) -> Any:
    return _mixed(prefix[first + width] - prefix[first] * power)


@kernel
def _top_gram(
    prefix: Any, reach: Any, count: int, width: int, table: Any, owners: Any, times: Any,
    firsts: Any, stamp: int, power: Any,
) -> int:  # fmt: skip
    """Letters of the most frequent gram (of those, the first), spaces included, × its count.

    A gram that occurs once is no repetition: 0.
    """
    places = _places(count)
    most, earliest = 1, -1
    for first in range(count - width + 1):
        place, there = _find(_gram(prefix, first, width, power), table, owners, stamp, places)
        if not there:
            times[place], firsts[place] = 1, first
            continue
        times[place] += 1
        if times[place] > most or (times[place] == most and firsts[place] < earliest):
            most, earliest = times[place], firsts[place]
    if earliest < 0:
        return 0
    return int((reach[earliest + width] - reach[earliest] + width - 1) * most)


@kernel
def _dup_grams(
    prefix: Any, reach: Any, count: int, width: int, table: Any, owners: Any, stamp: int, power: Any
) -> int:
    """Letters in grams that came before; after such a gram the search goes on behind it."""
    places = _places(count)
    letters, first = 0, 0
    while first <= count - width:
        _, there = _find(_gram(prefix, first, width, power), table, owners, stamp, places)
        if there:
            letters += reach[first + width] - reach[first]
            first += width
        else:
            first += 1
    return int(letters)


@kernel
def _repetition(
    hashes: Any, sizes: Any, count: int, letters: int, prefix: Any, reach: Any, table: Any,
    owners: Any, times: Any, firsts: Any, stamp: int, out: Any,
) -> int:  # fmt: skip
    """Write the shares of top 2–4-grams and duplicate 5–10-grams; returns the next stamp."""
    base = np.uint64(0x9E3779B97F4A7C15)
    prefix[0], reach[0] = np.uint64(0), 0
    for place in range(count):
        prefix[place + 1] = prefix[place] * base + hashes[place]
        reach[place + 1] = reach[place] + sizes[place]
    power = base
    found = 1
    for width in range(2, 11):
        power *= base
        # Where no gram comes twice, no longer one does.
        if found and count >= width:
            stamp += 1
            if width < 5:
                found = _top_gram(
                    prefix, reach, count, width, table, owners, times, firsts, stamp, power
                )
            else:
                found = _dup_grams(prefix, reach, count, width, table, owners, stamp, power)
        else:
            found = 0
        out[width - 2] = found / letters if letters else 0.0
    return stamp


# ── lines ────────────────────────────────────────────────────────────────────────────────────


@kernel
def _line(data: Any, start: int, end: int, classes: Any, facts: Any) -> Any:
    """The hash of a line, and its facts.

    Letters; code points of the first, of the last that is not space, and of the very last;
    whether it ends with three dots.
    """
    value = np.uint64(0)
    facts[:] = 0
    facts[1] = facts[2] = facts[3] = -1
    dots = 0
    place = start
    while place < end:
        code, width = decode(data, place)
        facts[0] += 1
        if not class_of(code, classes) & SPACE:
            if facts[1] < 0:
                facts[1] = code
            facts[2] = code
            dots = (dots if facts[3] == 46 else 0) + 1 if code == 46 else 0
        facts[3] = code
        for step in range(width):
            value = (value + np.uint64(data[place + step]) + np.uint64(1)) * np.uint64(
                0x9E3779B97F4A7C15
            )
            value ^= value >> np.uint64(29)
        place += width
    facts[4] = dots
    return value


@kernel
def _room(longest: int, most: int) -> tuple[Any, Any, Any, Any, Any, Any, Any, Any, Any]:
    """Arrays for the units of the longest text: three of units, two of prefixes, a hash table."""
    units = max(1, min(longest, most))
    places = _places(units)
    return (
        np.empty(units, dtype=np.uint64), np.empty(units, dtype=np.uint64),
        np.empty(units, dtype=np.int64),
        np.empty(units + 1, dtype=np.uint64), np.empty(units + 1, dtype=np.int64),
        np.empty(places, dtype=np.uint64), np.full(places, -1, dtype=np.int64),
        np.empty(places, dtype=np.int64), np.empty(places, dtype=np.int64),
    )  # fmt: skip


@kernel
def _longest(offsets: Any) -> int:
    longest = 1
    for text in range(len(offsets) - 1):
        longest = max(longest, offsets[text + 1] - offsets[text])
    return int(longest)


@kernel
def _end_of_line(data: Any, start: int, end: int) -> int:
    place = start
    while place < end and data[place] != 10:
        place += 1
    return place


@kernel
def _is_ellipsis(facts: Any) -> bool:
    return bool(facts[2] == 0x2026 or (facts[2] == 46 and facts[4] >= 3))


@kernel
def _lines_of_gopher(
    data: Any, start: int, end: int, classes: Any, letters: int, hashes: Any, paragraphs: Any,
    sizes: Any, reach: Any, table: Any, owners: Any, stamp: int, out: Any,
) -> int:  # fmt: skip
    """Write bullet and ellipsis lines, and duplicates of lines and paragraphs."""
    facts = np.zeros(5, dtype=np.int64)
    lines, bullets, ellipses, stored, blocks = 0, 0, 0, 0, 0
    block, block_size, covered = np.uint64(0), 0, 0
    place = start
    while place < end:
        stop = _end_of_line(data, place, end)
        value = _line(data, place, stop, classes, facts)
        lines += 1
        bullets += facts[1] in (0x2022, 45)
        ellipses += _is_ellipsis(facts)
        covered += facts[0] + (stop < end)
        blank = facts[1] < 0
        if not blank:
            if stored < len(hashes):
                hashes[stored], sizes[stored] = value, facts[0]
                stored += 1
            block = _mixed(block + value + np.uint64(1))
            block_size += facts[0] + (block_size > 0)
        if block_size and (blank or stop >= end - 1) and blocks < len(paragraphs):
            paragraphs[blocks], reach[blocks] = block, block_size
            blocks += 1
        if blank:
            block, block_size = np.uint64(0), 0
        place = stop + 1
    if lines:
        out[4], out[5] = bullets / lines, ellipses / lines
    if stored and letters:
        units, chars = _duplicates(hashes, sizes, stored, table, owners, stamp + 1)
        out[9], out[10] = units / stored, chars / letters
        units, chars = _duplicates(paragraphs, reach, blocks, table, owners, stamp + 2)
        out[11], out[12] = units / blocks, chars / letters
    return stamp + 2


@kernel
def _gopher(data: Any, offsets: Any, classes: Any, wanted: Any, most: int) -> Any:
    texts = len(offsets) - 1
    out = np.zeros((texts, 23), dtype=np.float64)
    hashes, folded, sizes, prefix, reach, table, owners, times, firsts = _room(
        _longest(offsets), most
    )
    totals, seen = np.zeros(10, dtype=np.int64), np.zeros(len(wanted), dtype=np.bool_)
    stamp = 0
    for text in range(texts):
        start, end, row = offsets[text], offsets[text + 1], out[text]
        _tokens(data, start, end, classes, hashes, folded, sizes, totals)
        if totals[0] == 0:
            continue
        row[0] = totals[1]
        row[1] = totals[2] / totals[1] if totals[1] else 0.0
        row[2], row[3] = totals[8] / totals[0], totals[9] / totals[0]
        row[6] = totals[3] / totals[1] if totals[1] else 0.0
        row[22] = totals[3] / totals[0]
        row[7] = _distinct_wanted(folded, totals[5], wanted, seen)
        row[8] = totals[4] / totals[0]
        stamp = _repetition(
            hashes, sizes, totals[5], totals[6], prefix, reach, table, owners, times, firsts,
            stamp, row[13:22],
        )  # fmt: skip
        stamp = _lines_of_gopher(
            data, start, end, classes, totals[7], hashes, folded, sizes, reach, table, owners,
            stamp, row,
        )  # fmt: skip
    return out


@kernel
def _fineweb(data: Any, offsets: Any, classes: Any, short: int, most: int) -> Any:
    texts = len(offsets) - 1
    out = np.zeros((texts, 5), dtype=np.float64)
    hashes, folded, sizes, _, _, table, owners, _, _ = _room(_longest(offsets), most)
    totals, facts = np.zeros(10, dtype=np.int64), np.zeros(5, dtype=np.int64)
    for text in range(texts):
        start, end, row = offsets[text], offsets[text + 1], out[text]
        _tokens(data, start, end, classes, hashes, folded, sizes, totals)
        newlines, lines, ends, shorts, stored = 0, 0, 0, 0, 0
        place = start
        while place < end:
            stop = _end_of_line(data, place, end)
            newlines += stop < end
            value = _line(data, place, stop, classes, facts)
            if facts[1] >= 0:
                lines += 1
                ends += (class_of(facts[3], classes) & TERMINAL) > 0
                shorts += facts[0] <= short
                if stored < len(hashes):
                    hashes[stored], sizes[stored] = value, facts[0]
                    stored += 1
            place = stop + 1
        if lines:
            _, chars = _duplicates(hashes, sizes, stored, table, owners, text)
            row[0], row[1], row[2] = lines, ends / lines, shorts / lines
            row[3], row[4] = chars / (totals[7] - newlines), newlines / max(totals[0], 1)
    return out
