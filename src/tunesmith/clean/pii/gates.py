"""Gates: one reading of the bytes of a column tells which detectors have nothing to do in a text.

Most texts hold nothing personal, and most of those that do hold one kind. A gate is open where its
detector could find something, and open a little too often; what it lets through meets the regular
expressions of the detector. Four passes over the bytes cost less than any two such expressions.

Digits are those of ASCII; a text with letters of other blocks than Latin, Greek and Cyrillic, whose
digits may be others, finds every gate open.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tunesmith.kernels import buffers, kernel

#: What each bit of a text's gates says.
DIGIT = 1 << 0
"""A digit."""
SIX_DIGITS = 1 << 1
"""Six digits with at most five signs or spaces between two."""
CARD = 1 << 2
"""Twelve to nineteen digits with at most one of ` `, `.` and `-` between two, whole groups of them,
that pass Luhn's check."""
GROUPED = 1 << 3
"""Seven digits that are written like a telephone: grouped, after `+` or `(`, with an extension, or
ten that begin with a trunk prefix."""
SEVEN_DIGITS = 1 << 4
"""Seven digits on end."""
AT = 1 << 5
"""An at-sign before a letter or digit."""
URL = 1 << 6
"""A URL with an at-sign, or a query with a value."""
IBAN = 1 << 7
"""Two letters that an account number begins with, two digits, and as much as the shortest has."""
MARKS = 1 << 8
"""A word with two of `.`, `:` and `-` after hexadecimal digits."""
LONG = 1 << 9
"""Thirteen letters, digits, hyphens and underscores on end, and not only letters as in a word."""
NAME = 1 << 10
"""A capital after a word that announces a name, or the word `name`."""
BIRTH = 1 << 11
"""A word that says that somebody was born."""
CREDENTIAL = 1 << 12
"""A word for a password or a key."""
PLACE = 1 << 13
"""A number beside a word with a capital."""
SPELLED = 1 << 14
"""`at` in brackets, or a word for the dot of an address."""
CODE = 1 << 15
"""A word for a PIN or the security code of a card, and a digit."""
STREET = 1 << 16
"""A word for street or a post-office box, and a digit."""
ALWAYS = 1 << 17
"""Open in every text that is not null."""
ALL = (1 << 18) - 1
#: Gates that words open, and those of them that stay shut in a text without a digit.
_BY_WORDS = BIRTH | CREDENTIAL | SPELLED | CODE | STREET
_WITH_DIGITS = CODE | STREET

#: Words that announce a name only together: `speaking` and `with`, `ask` and `for`.
LINK, LINKED = 1 << 18, 1 << 19
#: Words that announce a name even if it is written small: `name is`.
_SUBJECT, _VERB = 1 << 20, 1 << 21
#: Places of the table of words, and the constants of its hash (FNV-1a, then Fibonacci hashing).
_PLACES = 4096
_PRIME = 0x100000001B3
_SPREAD = 0x9E3779B97F4A7C15


#: What a byte is to `_runs`: small letters of ASCII, which most bytes are, are passed over.
_SMALL, _DIGIT, _CAPITAL, _SPACE, _HYPHEN, _MARK, _SIGN, _BEYOND = range(8)
_CLASSES = np.full(256, _SIGN, dtype=np.uint8)
_CLASSES[: ord(" ") + 1] = _SPACE
_CLASSES[ord("a") : ord("z") + 1] = _SMALL
_CLASSES[ord("A") : ord("Z") + 1] = _CAPITAL
_CLASSES[ord("0") : ord("9") + 1] = _DIGIT
_CLASSES[[ord("-"), ord("_")]] = _HYPHEN
_CLASSES[[ord("."), ord(":")]] = _MARK
_CLASSES[0x80:] = _BEYOND


@kernel
def _is_digit(byte: int) -> bool:
    return 48 <= byte <= 57


@kernel
def _is_letter(byte: int) -> bool:
    """An ASCII letter."""
    return 97 <= (byte | 32) <= 122


@kernel
def _may_be_capital(byte: int) -> bool:
    """An ASCII capital, or the first byte of a letter beyond ASCII."""
    return 65 <= byte <= 90 or (byte >= 0xC3 and byte != 0xE2)


@kernel
def _is_foreign(data: Any, place: int, end: int) -> bool:
    """Whether the byte begins a letter of a block that may have digits of its own."""
    byte = data[place]
    following = data[place + 1] if place + 1 < end else 0
    if byte == 0xEF:
        return following == 0xBC  # full-width forms; joiners of emoji are others
    if byte == 0xF0:
        return following != 0x9F  # emoji
    return bool(0xD6 <= byte <= 0xE1 or byte == 0xEA)


@kernel
def _phone_sign(data: Any, place: int) -> int:
    """The bytes of a sign that stands inside of telephone numbers; 0 where none begins."""
    byte = data[place]
    if byte in (32, 40, 41) or 45 <= byte <= 47:
        return 1
    if byte == 0xE2 and data[place + 1] == 0x80 and 0x90 <= data[place + 2] <= 0x93:
        return 3
    return 0


@kernel
def _extended(data: Any, place: int, end: int) -> bool:
    """Whether `)`, `x` or `ext` follows a number that ends before `place`."""
    if place < end and data[place] == 32:
        place += 1
    return place < end and (data[place] == 41 or data[place] | 32 == 120 or data[place] | 32 == 101)


@kernel
def _digits(data: Any, start: int, end: int, countries: Any) -> int:
    """The gates of numbers: `DIGIT`, `SIX_DIGITS`, `CARD`, `GROUPED` and those of `_number`."""
    gates = 0
    place = start
    near = card = phone = 0  # digits of the chains that are going on
    broken = False
    last = start - 100  # where the digit before stands
    while place < end:
        if not _is_digit(data[place]):
            place += 1
            continue
        gates |= DIGIT
        first = place
        while place < end and _is_digit(data[place]):
            place += 1
        size = place - first
        linked = first - last - 1
        if not _signs_only(data, last + 1, first):
            near = card = phone = 0
            broken = False
        elif linked != 1 or not (data[last + 1] == 32 or 45 <= data[last + 1] <= 46):
            card = 0
        if phone and not _phone_signs_only(data, last + 1, first):
            phone, broken = 0, False
        near += size
        card += size
        broken = broken or phone > 0
        phone += size
        last = place - 1
        if near >= 6:
            gates |= SIX_DIGITS
        if card >= 12 and _passes_luhn(data, place, card):
            gates |= CARD
        if phone >= 7 and (broken or _opened(data, start, first) or _extended(data, place, end)):
            gates |= GROUPED
        gates |= _number(data, start, end, first, place)
        if size >= 2 and _iban(data, start, end, first, countries):
            gates |= IBAN
    return gates


@kernel
def _passes_luhn(data: Any, end: int, digits: int) -> bool:
    """Whether any 12 to 19 digits before `end` pass, from the beginning of a group of digits.

    Of the digits before `end` no more than `digits` belong together.
    """
    total = 0
    place = end
    for count in range(min(digits, 19)):
        place -= 1
        if not _is_digit(data[place]):
            place -= 1
        value = data[place] - 48
        if count % 2 == 1:
            value = 2 * value - 9 * (value > 4)
        total += value
        begins = count + 1 == digits or not _is_digit(data[place - 1])
        if count >= 11 and begins and data[place] <= 54 and total % 10 == 0:
            return True
    return False


@kernel
def _number(data: Any, start: int, end: int, first: int, last: int) -> int:
    """The gates that one number opens."""
    gates = 0
    if last - first >= 7:
        gates |= SEVEN_DIGITS
    if last - first >= 10 and data[first] == 48:
        gates |= GROUPED
    if _beside_a_capital(data, start, end, first, last):
        gates |= PLACE
    return gates


@kernel
def _opened(data: Any, start: int, first: int) -> bool:
    """Whether `+` or `(` stands before a number."""
    if first > start and data[first - 1] == 40:
        return True
    if first > start and data[first - 1] == 32:
        first -= 1
    return first > start and data[first - 1] == 43


@kernel
def _signs_only(data: Any, first: int, end: int) -> bool:
    """At most five letters of text, none of which is an ASCII letter or ends a line."""
    signs = 0
    if end - first > 20:
        return False
    for place in range(first, end):
        byte = data[place]
        if _is_letter(byte) or byte == 10:
            return False
        signs += byte < 0x80 or byte >= 0xC0
    return signs <= 5


@kernel
def _phone_signs_only(data: Any, first: int, end: int) -> bool:
    place = first
    while place < end:
        size = _phone_sign(data, place)
        if size == 0:
            return False
        place += size
    return True


@kernel
def _runs(data: Any, start: int, end: int, classes: Any) -> int:
    """The gates `LONG`, `MARKS`, `AT`, `URL` of what is written without spaces.

    All gates where a foreign letter stands.
    """
    gates = marks = 0
    mixed = False
    first = space = scheme = query = start - 1  # before the run, the word; `/` and `?`
    for place in range(start, end):
        kind = classes[data[place]]
        if kind == _SMALL:
            continue
        if kind <= _CAPITAL:
            mixed = mixed or kind == _DIGIT or place > first + 1
            continue
        if mixed and place - first > 13:
            gates |= LONG
        if kind == _HYPHEN:
            mixed = True
        else:
            first, mixed = place, False
        if kind == _MARK or data[place] == 45:
            before = data[place - 1] if place > start else 32
            marks += data[place] == 58 or _is_hexadecimal(before)
            if marks >= 2:
                gates |= MARKS
        elif kind == _SPACE:
            space, marks = place, 0
        elif kind == _SIGN:
            gates |= _sign(data, place, end, scheme > space, query > space)
            scheme = place if data[place] == 47 and place > start else scheme
            query = place if data[place] in (38, 59, 63) else query
        elif kind == _BEYOND and _is_foreign(data, place, end):
            return ALL
    if mixed and end - first > 13:
        gates |= LONG
    return gates


@kernel
def _is_hexadecimal(byte: int) -> bool:
    return _is_digit(byte) or 97 <= (byte | 32) <= 102


@kernel
def _sign(data: Any, place: int, end: int, scheme: bool, query: bool) -> int:
    """The gates that a sign opens, after `/` or `?` in the same word."""
    if data[place] == 61 and query:
        return URL
    if data[place] == 64:
        return _at(data, place, end) | (URL if scheme else 0)
    if data[place] in (40, 60, 91, 123) and _bracketed_at(data, place + 1, end):
        return SPELLED
    return 0


@kernel
def _bracketed_at(data: Any, place: int, end: int) -> bool:
    """Whether `at`, `ät` or `@` and a bracket follow an opening bracket, spaces between."""
    if place < end and data[place] == 32:
        place += 1
    if place < end and data[place] == 64:
        place += 1
    elif place + 1 < end and data[place] | 32 == 97 and data[place + 1] | 32 == 116:
        place += 2
    elif place + 2 < end and data[place] == 0xC3 and data[place + 2] | 32 == 116:
        place += 3
    else:
        return False
    if place < end and data[place] == 32:
        place += 1
    return place < end and data[place] in (41, 62, 93, 125)


@kernel
def _at(data: Any, place: int, end: int) -> int:
    if place + 1 >= end:
        return 0
    byte = data[place + 1]
    return AT if _is_letter(byte) or _is_digit(byte) or byte == 95 or byte >= 0x80 else 0


@kernel
def _iban(data: Any, start: int, end: int, first: int, countries: Any) -> bool:
    """Whether a country's two letters, or they and a space, end before two digits.

    And whether eleven letters and digits follow, with spaces and hyphens among them only.
    """
    place = first - 1
    if place >= start and data[place] == 32:
        place -= 1
    if place - 1 < start or not (_is_letter(data[place]) and _is_letter(data[place - 1])):
        return False
    before = data[place - 2] if place - 2 >= start else 32
    if _is_letter(before) or _is_digit(before):
        return False
    if not countries[26 * ((data[place - 1] | 32) - 97) + (data[place] | 32) - 97]:
        return False
    signs = 0
    place = first + 2
    while place < end and signs < 11:
        byte = data[place]
        if _is_letter(byte) or _is_digit(byte):
            signs += 1
        elif byte not in (32, 45):
            return False
        place += 1
    return signs == 11


@kernel
def _meaning(value: Any, words: Any, meanings: Any) -> int:
    """What a word opens, looked up by its hash in a table with open addresses."""
    place = (value * np.uint64(_SPREAD)) >> np.uint64(52)
    while words[place] != 0:
        if words[place] == value:
            return int(meanings[place])
        place = (place + np.uint64(1)) & np.uint64(_PLACES - 1)
    return 0


@kernel
def _words(data: Any, start: int, end: int, words: Any, meanings: Any) -> int:
    """The gates `NAME` and `_BY_WORDS`: `words` holds hashes of words, `meanings` their gates."""
    gates = meaning = before = 0  # of the last word and the one before, while signs follow
    value = np.uint64(0)
    inside = False
    for place in range(start, end):
        byte = data[place]
        if _is_letter(byte) or (byte >= 0xC3 and byte != 0xE2) or (inside and 0x80 <= byte < 0xC0):
            if not inside:
                if _announces(before, meaning) and _may_be_capital(byte):
                    gates |= NAME
                before, inside, value = meaning, True, np.uint64(0)
            lower = byte | 32 if byte < 0x80 else byte
            value = (value ^ np.uint64(lower)) * np.uint64(_PRIME)
        elif inside:
            inside = False
            meaning = _meaning(value, words, meanings)
            gates |= meaning & _BY_WORDS
            if before & _SUBJECT and meaning & _VERB:
                gates |= NAME
        elif byte < 0x80 and not (byte <= 32 or byte in (44, 46, 58, 63)):
            meaning = 0
    if inside:  # `12 main street`
        gates |= _meaning(value, words, meanings) & _BY_WORDS
    return gates


@kernel
def _announces(before: int, meaning: int) -> bool:
    return meaning & NAME != 0 or (before & LINK != 0 and meaning & LINKED != 0)


@kernel
def _beside_a_capital(data: Any, start: int, end: int, first: int, last: int) -> bool:
    """Whether a word with a capital stands beside the number `[first, last)`, spaces between."""
    if first > start and 32 <= data[first - 1] <= 35 and _capital_before(data, start, first):
        return True
    for place in range(last, min(end, last + 14)):
        byte = data[place]
        if _may_be_capital(byte):
            return True
        if not (_is_letter(byte) or byte in (32, 44)):
            return False
        if byte == 32 and place == last + 2 and _is_letter(data[place - 1]):
            return True  # an ordinal: `5th `
    return False


@kernel
def _capital_before(data: Any, start: int, place: int) -> bool:
    """Whether the word before a number has a capital, or is `utca` or `u.` (street)."""
    place -= 1
    while place >= start and (data[place] == 32 or data[place] == 35 or data[place] == 44):
        place -= 1
    if place > start and data[place - 1] | 32 in (99, 117) and data[place] | 32 in (97, 46):
        return True
    while place >= start and (
        _is_letter(data[place]) or data[place] >= 0x80 or data[place] in (39, 45, 46)
    ):
        if _may_be_capital(data[place]):
            return True
        place -= 1
    return False


@kernel
def _gates(
    data: Any, offsets: Any, classes: Any, words: Any, meanings: Any, countries: Any, out: Any
) -> None:
    for text in range(len(offsets) - 1):
        start, end = offsets[text], offsets[text + 1]
        found = _runs(data, start, end, classes)
        if found != ALL:
            found |= _words(data, start, end, words, meanings)
            found |= _digits(data, start, end, countries)
            if not found & DIGIT:
                found &= ~_WITH_DIGITS
        out[text] = found | ALWAYS


class Gates:
    """Tells for each text of a column which gates are open.

    Args:
        meanings: By gate (`NAME` and those of `_BY_WORDS`) the words that open it, in small
            letters; by `LINK` and `LINKED` pairs of words that open `NAME` together.
        countries: The two letters that open `IBAN`, small.
    """

    def __init__(self, meanings: dict[int, Iterable[str]], countries: Iterable[str] = ()) -> None:
        self._countries = np.zeros(26 * 26, dtype=np.bool_)
        for letters in countries:
            self._countries[26 * (ord(letters[0]) - 97) + ord(letters[1]) - 97] = True
        self._words = np.zeros(_PLACES, dtype=np.uint64)
        self._meanings = np.zeros(_PLACES, dtype=np.int64)
        for gate, words in (*meanings.items(), (_SUBJECT, ["name"]), (_VERB, ["is", "s"])):
            # Letters beyond ASCII have a case of their own: `prüfnummer`, `PRÜFNUMMER`.
            for word in dict.fromkeys(form for one in words for form in (one, one.upper())):
                value = _hash(word)
                place = value * _SPREAD % 2**64 >> 52
                while self._words[place] not in (0, value):
                    place = (place + 1) % _PLACES
                self._words[place] = value
                self._meanings[place] |= gate

    def __call__(self, texts: pl.Series) -> NDArray[np.int64]:
        """The open gates of each text, as bits; none of a null."""
        data, offsets = buffers(texts)
        found = np.zeros(len(offsets) - 1, dtype=np.int64)
        _gates(data, offsets, _CLASSES, self._words, self._meanings, self._countries, found)
        found[texts.is_null().to_numpy()] = 0
        return found


def _hash(word: str) -> int:
    """The hash of a word in `_words`."""
    value = 0
    for byte in word.encode():
        value = (value ^ (byte | 32 if byte < 0x80 else byte)) * _PRIME % 2**64
    return value
