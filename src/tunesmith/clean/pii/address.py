"""Street addresses: a street and a number, in the orders and words of many countries."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

from tunesmith.clean.pii.lexicon import countries

#: A word that begins with a capital (or an ordinal such as `5th`), as streets are called.
_CAP = r"(?:[^\W\d_a-zß-öø-ÿ][\w'’.-]*|\d{1,3}(?:st|nd|rd|th))"


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


#: Words for street that come after the name.
_AFTER_WORDS = _words(
    "St Street Ave Avenue Rd Road Blvd Boulevard Dr Drive Lane Lne Ln Ct Court Pl Place Sq Square "
    "Ter Terr Terrace Way Pkwy Pkway Parkwy Parkway Hwy Hway Highwy Highway Cir Circle Trail Trl "
    "Close Crescent Cres Gardens Grove Hill Mews Row Walk Alley Plaza Loop Run Path Parade Quay "
    "Rise Green View Heights Bridge Manor Center Centre Route"
)
#: Endings of one-word street names: German, Dutch, the Nordic countries, Finland, Hungary.
_ENDINGS = _words(
    "straße strasse str. gasse weg platz allee damm ufer ring markt straat laan plein gracht gatan "
    "gata gate gaten vägen vagen veien vegen vej gade vejen alle allé katu tie polku kuja kaari "
    "stien brekka stræti braut gerði holt"
)
#: Words for street that come before the name: the Romance languages, Polish, Czech.
_BEFORE_WORDS = _words(
    "rue av avenue boulevard bd chemin impasse allée allee quai place route cours via viale piazza "
    "corso vicolo strada calle avenida avda paseo plaza carrer rua travessa largo estrada praça "
    "praca ulica ulice aleja bulevardul"
)
#: Those that may touch the name.
_BEFORE_SHORT = ("c/", "av.", "avda.", "ul.", "al.", "os.", "str.")
_GERMAN_WORDS = _words("Straße Strasse Str. Weg Platz Allee Gasse Ring Damm Ufer")
_HUNGARIAN_WORDS = _words("utca út u. tér körút útja")
_POST_OFFICES = frozenset({"APO", "FPO", "DPO"})
_UNIT_WORDS = _words("apt apartment suite ste unit floor flat room rm bldg building")


def _any_of(words: Iterable[str]) -> str:
    """A pattern for any of some words, the longest first."""
    return rf"(?:{'|'.join(map(re.escape, sorted(words, key=lambda word: (-len(word), word))))})"


_AFTER = _any_of(_AFTER_WORDS)
_ENDING = _any_of(_ENDINGS)
_BEFORE = _any_of((*_BEFORE_WORDS, *_BEFORE_SHORT))
_GERMAN = _any_of(_GERMAN_WORDS)
_HUNGARIAN = _any_of(_HUNGARIAN_WORDS)
_NUMBER = r"\d{1,5}[A-Za-rt-z]?(?:[-/]\d{1,4}[A-Za-z]?)?"
_UNIT = (
    rf"(?:(?i:{_any_of(_UNIT_WORDS)})"
    r"(?:\.[ ]?|[ ]?#|[ ])(?:\d{1,5}[A-Za-z]?|[A-Z]\d{0,4})\b)"
)
_MILITARY = (
    r"(?:(?:PSC[ ]\d{1,5},?[ ]Box[ ]\d{1,5}|Unit[ ]\d{1,5}[ ]Box[ ]\d{1,5}|US(?:NS|NV|S"
    r"|CGC)[ ][^\W\d_][\w'’ .-]{1,30})"
    r"[\s,]{1,3}[AFD]PO,?[ ]A[AEP][ ]\d{5})"
)
_CAPS = rf"(?:{_CAP}[ ]){{1,4}}"
_OF = r"(?:[ ](?:d[eu]s?|d['’]|l['’]|de la|della|delle|dei|del|di|do|da|dos))?"
_MONTHS = r"(?!(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*\b)"
_DOOR = r"\d{1,4}[A-Za-rt-z]?(?:[-/]\d{1,4}[A-Za-z]?)?(?!\d)"
#: `12 Foo Bar 34`: Hungarian and other addresses without a word for street.
_BETWEEN = rf"{_NUMBER}[ ]{_MONTHS}{_CAPS}(?:u\.[ ])?{_NUMBER}\b\.?"
_FORMS = (
    rf"{_NUMBER},?[ ](?:[NSEW]{{1,2}}\.?[ ])?{_CAPS}{_AFTER}\b\.?(?:[ ][NSEW]{{1,2}}\b)?",
    rf"{_NUMBER},?[ ](?i:{_BEFORE}){_OF}(?:[ ]?{_CAP}){{1,4}}(?:[ ]{_DOOR}\b)?",
    rf"(?i:{_BEFORE}){_OF}(?:[ ]?{_CAP}){{1,4}},?[ ](?:n[º°.]?[ ]?)?{_DOOR}\b",
    rf"(?:{_CAP}[ ]){{0,3}}[^\W\d_a-z][^\W\d_]{{1,20}}{_ENDING},?[ ]{_DOOR}\b",
    rf"(?:{_CAP}[ ]){{1,3}}{_GERMAN},?[ ]{_DOOR}\b",
    rf"(?:{_CAP}[ ]){{1,3}}{_HUNGARIAN},?[ ]{_DOOR}\.?",
    rf"(?:{_CAP}[ ]){{1,3}}{_AFTER}\.?,?[ ]{_DOOR}\b",
    _BETWEEN,
    rf"(?:{_CAP}[ ]){{1,3}}{_NUMBER},?(?=[ \n]{{1,2}}{_UNIT})",
    rf"the corner of (?:{_NUMBER}[ ])?{_CAPS}(?:{_NUMBER}[ ])?and(?:[ ]{_CAP}){{1,4}}",
    r"P\.?[ ]?O\.?[ ]?Box[ ]\d{1,6}",
    _MILITARY,
)
_STREET = re.compile(rf"(?<![\w.])(?:\d{{1,5}}[ ])?(?:{'|'.join(_FORMS)})")
_NUMBERS = re.compile(r"\d\d*")  # far faster than \d+: it is looked for by its first letter
_UNITS = re.compile(rf"(?<![\w.]){_UNIT}(?!\w)")
_TOWN = rf"{_CAP}(?:[ -](?:{_CAP}|d[aeio]|del|of|la|le|sur|am|an der|bei|upon)){{0,3}}"
_POSTCODE = r"(?:\d{3,6}(?:[- ]\d{2,4})?\b|[A-Z]{1,2}\d[A-Z\d]?[ ]\d[A-Z]{2}\b)"


@lru_cache(maxsize=1)
def _tail() -> re.Pattern[str]:
    """What continues an address: a unit; a town, a state, a country, a postcode."""
    country = "|".join(sorted(map(re.escape, countries()), key=len, reverse=True))
    between = r"[\s,]{1,5}"
    return re.compile(
        rf"(?:[\s,?]{{1,8}}{_UNIT}"
        rf"|[\s,?]{{1,8}}(?:{_TOWN}{between})?(?:(?:[A-Z]{{2,3}}|nan){between})?"
        rf"(?:(?:{country})[ ](?:\([^\W\d_]+\)[ ])?)?{_POSTCODE}(?:[ ]{_TOWN})?"
        rf"|[\s,?]{{1,8}}(?:{_TOWN}{between})?(?:{country})\b"
        rf"|,?[ ]{_POSTCODE}[ ]{_TOWN})"
    )


#: `Puruntie 82`: a capitalised word and a number, where the words before say that it is a place.
_WORDS_BEFORE = (
    r"(?i:address(?:es)?(?: is|:| to| with| here they are:)?|live[sd]?(?: at| on| in)|meet(?:ing)?"
    r"(?: (?:you|me|us))? at|sen[dt] (?:\w+ )?to|deliver(?:ed|y)? (?:\w+ )?to"
    r"|ship(?:ped)? (?:\w+ )?to|"
    r"return to|located (?:at|in|on)|drops you off at|taxi to|enter on|office is at|it'?s in|"
    r"restaurant is at|side of|moved to|it is in)"
)
#: How each of those begins.
_SAID_KEYS = (
    "address", "live", "meet", "send", "sent", "deliver", "ship", "return to", "located",
    "drops you off", "taxi to", "enter on", "office is at", "it's in", "its in", "restaurant is at",
    "side of", "moved to", "it is in",
)  # fmt: skip
_SAID = re.compile(
    rf"{_WORDS_BEFORE}[ :]*\n?[ ]*"
    rf"((?:{_CAP}[ ]){{1,4}}(?:u\.[ ])?{_NUMBER}\b\.?|{_NUMBER}[ ](?:{_CAP}[ ]?){{1,4}})"
)
_CAPITAL = re.compile(r"[^\W\d_a-zß-öø-ÿ]")
#: What follows a number in an address: a word with a capital, or the end of an ordinal.
_CAPITAL_NEXT = re.compile(r"[A-Za-z]?,? (?:[a-z]{1,4} ){0,2}[^\W\d_a-zß-öø-ÿ]|[a-z]{2} ")
#: Letters on either side of a number that may belong to its address.
_REACH = 90
_TOKENS = re.compile(r"\w+")
#: A street has one of these words as it is written here, or of `_SMALL`, or one of the endings.
_WRITTEN = frozenset(
    word.rstrip(".") for word in (*_AFTER_WORDS, *_GERMAN_WORDS, *_HUNGARIAN_WORDS, *_POST_OFFICES)
)
_SMALL = frozenset(
    word.rstrip("./") for word in (*_BEFORE_WORDS, *_BEFORE_SHORT, *_UNIT_WORDS, "corner", "box")
)
_ENDS = tuple(ending.rstrip(".") for ending in _ENDINGS)
_BETWEEN_NUMBERS = re.compile(_BETWEEN)


def addresses(text: str) -> Iterator[tuple[int, int]]:
    """Street addresses, each with the unit, postcode and town that follow it."""
    taken = 0
    for left, right in _windows(text):
        for start, end in _found(text, left, right):
            if start >= taken:
                taken = _end(text, end)
                yield start, taken


def _found(text: str, left: int, right: int) -> Iterator[tuple[int, int]]:
    """What may be an address in a part of a text; most words rule most forms out.

    Looking words up is far cheaper than trying every form at every letter.
    """
    window = text[left:right]
    small = window.replace("\u0130", "I").lower()  # the one letter that lower() makes two of
    tokens, lowered = set(_TOKENS.findall(window)), set(_TOKENS.findall(small))
    if (
        not (_WRITTEN.isdisjoint(tokens) and _SMALL.isdisjoint(lowered))
        or any(token.endswith(_ENDS) and not "a" <= token[0] <= "z" for token in tokens)
        or _BETWEEN_NUMBERS.search(window)
    ):
        yield from (match.span() for match in _STREET.finditer(text, left, right))
    for key in _SAID_KEYS:
        place = small.find(key)
        while place >= 0:
            match = _SAID.match(text, left + place, right)
            if match is not None:
                yield match.span(1)
            place = small.find(key, place + 1)
    if not _UNIT_WORDS.isdisjoint(lowered):
        yield from (match.span() for match in _UNITS.finditer(text, left, right))


def _windows(text: str) -> Iterator[tuple[int, int]]:
    """The parts of a text around its numbers: an address without a number is not told."""
    left, right = 0, -1
    for match in _NUMBERS.finditer(text):
        if not _beside_a_capital(text, match.start(), match.end()):
            continue
        if match.start() - _REACH > right:
            if right > 0:
                yield left, right
            left = max(0, match.start() - _REACH)
        right = min(len(text), match.end() + _REACH)
    if right > 0:
        yield left, right


def _beside_a_capital(text: str, start: int, end: int) -> bool:
    """Whether the word before a number has a capital, or one of the words after it.

    Hungarian has the word for street between: `Király utca 15`.
    """
    if _CAPITAL_NEXT.match(text, end):
        return True
    before = text[max(0, start - 40) : start].rstrip(" #,").rsplit(None, 1)
    if not before:
        return False
    return before[-1] in _HUNGARIAN_WORDS or _CAPITAL.search(before[-1]) is not None


def _end(text: str, end: int) -> int:
    for _ in range(4):
        tail = _tail().match(text, end)
        if tail is None:
            break
        end = tail.end()
    while text[end - 1] in " \n,":
        end -= 1
    return end
