"""What C4's heuristics (Raffel et al. 2020, 2.2) find in a page, line by line.

The order of the rules is that of the reference implementation (tensorflow-datasets, `c4_utils.py`):
a line that an earlier rule leaves out is not looked at by a later one.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from tunesmith.check.letters import (
    SPACE,
    TERMINAL,
    UPPER,
    WORD,
    class_of,
    decode,
    letter_classes,
)
from tunesmith.kernels import buffers, kernel

#: A line with one of these is left out (the reference implementation's list).
POLICY_PHRASES = (
    "terms of use", "privacy policy", "cookie policy", "uses cookies", "use of cookies",
    "use cookies",
)  # fmt: skip

#: The columns of `c4_figures`.
C4 = ("lines", "good_lines", "sentences", "lorem_ipsum", "curly_brackets")


def c4_figures(
    texts: pl.Series,
    *,
    terminal: bool,
    min_line_words: int,
    max_word_chars: int,
    citations: bool,
    lorem_ipsum: bool,
    curly_brackets: bool,
    phrases: tuple[str, ...],
) -> pl.DataFrame:
    """Lines, those that every rule keeps and the sentences in them, and what condemns the page.

    Args:
        texts: n texts; null counts as empty.
        terminal: A good line ends in `.`, `?`, `!` or a quotation mark, and not in `...`.
        min_line_words: A good line has as many words, as spaces part them.
        max_word_chars: A good line has no longer word.
        citations: `[12]`, `[edit]` and `[citation needed]` at the end of a line do not count.
        lorem_ipsum: Look for the phrase in good lines.
        curly_brackets: Look for `{` in good lines.
        phrases: A line with one of these (ASCII, small letters) is not good.

    Returns:
        A frame of n rows with the columns `C4`; the last two are how many lines have it.
    """
    needles = ("lorem ipsum" if lorem_ipsum else "\x00", *phrases)
    first = np.zeros(256, dtype=np.bool_)
    for needle in needles:
        first[needle.encode()[0]] = True
    switches = np.array([terminal, min_line_words, max_word_chars, citations, curly_brackets])
    found = _c4(
        *buffers(texts), letter_classes(), switches, first,
        *buffers(pl.Series(needles, dtype=pl.String)),
    )  # fmt: skip
    return pl.DataFrame({name: found[:, place] for place, name in enumerate(C4)})


@kernel
def _stripped(data: Any, start: int, end: int, classes: Any) -> tuple[int, int]:
    """A line without the spaces around it."""
    first, last = end, start
    place = start
    while place < end:
        code, width = decode(data, place)
        if not class_of(code, classes) & SPACE:
            first = min(first, place)
            last = place + width
        place += width
    return min(first, last), last


@kernel
def _before_citations(data: Any, start: int, end: int) -> int:
    """Where a line ends when `[12]`, `[edit]` and `[citation needed]` at its end are left out."""
    while end > start and data[end - 1] == 93:
        place = end - 2
        digits = True
        while place >= start and data[place] != 91 and end - place < 20:
            digits = digits and 48 <= data[place] <= 57
            place -= 1
        # [edit] and [citation needed] are told by their length and first letter.
        size = end - 2 - place
        named = (size == 4 and data[place + 1] == 101 and data[place + 4] == 116) or (
            size == 15 and data[place + 1] == 99 and data[place + 15] == 100
        )
        if place < start or data[place] != 91 or not (digits or named):
            break
        end = place
        while end > start and data[end - 1] == 32:
            end -= 1
    return end


@kernel
def _ends_well(data: Any, start: int, end: int) -> bool:
    """Whether a line ends in a full stop, a question or exclamation mark, or a quotation mark."""
    if end <= start:
        return False
    last = data[end - 1]
    if last == 46:
        return not (end - start >= 3 and data[end - 2] == 46 and data[end - 3] == 46)
    if last in (33, 34, 39, 63):
        return True
    # A curly quotation mark (U+2019, U+201D) is one too.
    return bool(
        end - start >= 3
        and data[end - 3] == 0xE2
        and data[end - 2] == 0x80
        and last in (0x99, 0x9D)
    )


@kernel
def _words(data: Any, start: int, end: int, classes: Any) -> tuple[int, int]:
    """Words, as spaces part them, and the letters of the longest."""
    words, longest, size = 0, 0, 0
    place = start
    while place < end:
        code, width = decode(data, place)
        if class_of(code, classes) & SPACE:
            size = 0
        else:
            words += size == 0
            size += 1
            longest = max(longest, size)
        place += width
    return words, longest


@kernel
def _matching(
    data: Any, start: int, end: int, first: Any, needles: Any, offsets: Any
) -> tuple[bool, bool]:
    """Whether the first needle, and whether any of the others, is in a line, whatever its case."""
    one, other = False, False
    for place in range(start, end):
        byte = data[place]
        if 65 <= byte <= 90:
            byte += 32
        if not first[byte]:
            continue
        for needle in range(len(offsets) - 1):
            size = offsets[needle + 1] - offsets[needle]
            if place + size > end:
                continue
            step = 0
            while step < size:
                letter = data[place + step]
                if 65 <= letter <= 90:
                    letter += 32
                if letter != needles[offsets[needle] + step]:
                    break
                step += 1
            if step == size:
                if needle == 0:
                    one = True
                else:
                    other = True
    return one, other


@kernel
def _sentences(data: Any, start: int, end: int, classes: Any) -> int:
    """Sentences of a line: each ends at a mark, with the closing quotes and brackets after it.

    A dot inside a word (`e.g.`, `3.5`) or after a single capital (`A. Smith`) ends none, nor do
    three dots.
    """
    count = 0
    pending, ended = False, False  # letters since the last end; the last sign was an end
    run, dotted, capital, dots = 0, False, False, 0  # of the word before
    place = start
    while place < end:
        code, width = decode(data, place)
        kind = class_of(code, classes)
        if kind & SPACE:
            if ended and pending:
                count += 1
                pending = False
            ended, run, dotted = False, 0, False
        elif kind & TERMINAL:
            dots = dots + 1 if code == 46 else 0
            ended = dots < 2 and not (code == 46 and (dotted or (run == 1 and capital)))
            pending = pending or ended
        elif kind & WORD:
            dotted = dotted or dots > 0
            run = run + 1 if dots == 0 else 1
            capital = kind & UPPER > 0
            pending, ended, dots = True, False, 0
        else:
            dots = 0
            if code not in (34, 39, 41, 93, 125, 0x2019, 0x201D, 0xBB):
                ended, run = False, 0
        place += width
    return count + pending


@kernel
def _c4(
    data: Any, offsets: Any, classes: Any, switches: Any, first: Any, needles: Any, starts: Any
) -> Any:
    out = np.zeros((len(offsets) - 1, 5), dtype=np.int64)
    terminal, min_words, max_chars, citations, curly = switches
    for text in range(len(offsets) - 1):
        place, end = offsets[text], offsets[text + 1]
        while place < end:
            stop = place
            while stop < end and data[stop] != 10:
                stop += 1
            begin, close = _stripped(data, place, stop, classes)
            place = stop + 1
            if begin >= close:
                continue
            out[text, 0] += 1
            words, longest = _words(data, begin, close, classes)
            if citations:
                close = _before_citations(data, begin, close)
            if longest > max_chars or words < min_words:
                continue
            if terminal and not _ends_well(data, begin, close):
                continue
            lorem, phrase = _matching(data, begin, close, first, needles, starts)
            out[text, 3] += lorem
            if phrase:
                continue
            if curly:
                for where in range(begin, close):
                    if data[where] == 123:
                        out[text, 4] += 1
                        break
            out[text, 1] += 1
            out[text, 2] += _sentences(data, begin, close, classes)
    return out
