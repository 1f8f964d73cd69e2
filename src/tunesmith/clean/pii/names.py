"""Persons, organisations and places in free text, by lists of names and the words around them.

A run of capitalised words is weighed: what the lists know of its words, what stands before it
(`my name is`, `Mr.`, `in`, `work for`) and after it (`said`, `Inc`). The weights are small whole
numbers, set by hand on half of the templates of the labelled set that docs/data.md names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from tunesmith.clean.pii.lexicon import (
    family_names,
    folded,
    given_names,
    is_ordinary,
    places,
    words,
)
from tunesmith.clean.pii.spans import NameKind

_WORD = r"[^\W\d_](?:[^\W\d_]|['’-](?=[^\W\d_])(?!s\b))*"
_CAPITAL = r"(?=[^\W\d_a-zß-öø-ÿ])"
_ABBREVIATED = r"(?:(?:[Mm]rs?|[Mm]s|[Dd]r|[Pp]rof|[Ss]t|[Ii]nc|[Cc]o|[Cc]orp|[Ll]td|[^\W\d_])\.)"
_SMALL = (
    r"(?:van|von|der|den|de|da|do|dos|das|di|du|del|della|la|le|el|al|bin|ibn|ben|ter|zu|af|av|of)"
)
#: Capitalised words with single spaces between; initials, and the small words inside of names.
_RUN = re.compile(
    rf"(?<![\w@/.'’-]){_CAPITAL}(?:{_ABBREVIATED}|{_WORD})"
    rf"(?:[ ](?:{_SMALL}[ ]){{0,2}}{_CAPITAL}(?:{_ABBREVIATED}|{_WORD}))*"
)
#: Firms that are called after people: `Davis, Reynolds and Williamson`, `Baker and Sons`.
_FIRM = re.compile(
    r"(?:(?<![\w:] )(?<![\w:])|(?<=\bThe )|(?<=\bat ))"
    rf"((?:{_CAPITAL}{_WORD}, ){{1,2}}{_CAPITAL}{_WORD}(?: and "
    rf"| & ){_CAPITAL}{_WORD}"
    rf"|{_CAPITAL}{_WORD}(?: and | & )(?:Sons|Partners|Associates|Company|Co|Brothers|Daughters))\b"
)
_PARTS = re.compile(rf"{_ABBREVIATED}|{_WORD}|&")
#: The same for Rust, which has no look-ahead.
_RUST_CAPITAL = r"[\p{L}\p{Nl}\p{No}--[a-zß-öø-ÿ]]"
#: Only texts with a capitalised word, or with somebody's name announced, can hold a name.
HINT = rf"{_RUST_CAPITAL}|name(?:['’]s| is)"

#: The weight from which on words are a name.
ENOUGH = 3

_TITLES = words("titles")
_ORGANISATION = words("organisations")
_STARTERS = words("starters")
#: Words that end the names of streets, towns and regions.
_GEOGRAPHIC = words("geographic")
_ANNOUNCING = (
    r"\bmy (?:full |first |last |maiden )?name(?:'s| is)|\bname(?:d)?(?: is|:| him| her| to|\?)|"
    r"\bcalled|\bcalls? me|\bmaiden name is|\bi am|\bi'm|\bthis is|"
    r"\bspeak(?:ing)? (?:to|with)|\btalk(?:ing)? (?:to|with)|\bask for|\bfollow up with|"
    r"\bcontact|\bsigned,?|\bregards,|\bthanks,|\bcheers,|\bsincerely,|"
    r"\bdear|\bhi|\bhello|\bhey|\bpartner's name|\bsaid|\bwife|\bhusband"
)
_CURLY = _ANNOUNCING.replace("'", "['’]")
_TITLE = rf"(?:(?:{'|'.join(sorted(_TITLES | {t.title() for t in _TITLES}))})\.? )"
_NAMED = re.compile(rf"(?:{_CURLY}|\bwith m[rs]s?\.?)[\s:,]*\Z", re.IGNORECASE)
#: The last word of what announces a name, in small letters.
_LAST_WORDS = words("announcing")
#: The words after which a name is looked for, apostrophes cut (`name's`, `I'm`); those that say
#: little stand after others: `speaking with`, `ask for`.
LINKED = frozenset({"for", "to", "with"})
LINKS = frozenset({"ask", "it", "name", "named", "speak", "speaking", "talk", "talking", "up"})
ANNOUNCING_WORDS = (_LAST_WORDS - LINKED) | _TITLES | {"s", "m"}
#: How those that are looked up end.
_ENDINGS = frozenset(word[-2:] for word in _LAST_WORDS | _TITLES)
#: What may stand between such a word and the name.
_BETWEEN = " \t\n\r\f\v\x1c\x1d\x1e\x1f\x85\xa0:,?."
_CAPITAL_AFTER = re.compile(rf"[\s:,?.]{_CAPITAL}")
_TITLE_LAST = re.compile(rf"(?<![^\W\d_]){_TITLE}\Z")
ANNOUNCED_HINT = (
    rf"(?i-u:{_ANNOUNCING})[\s:,]*{_TITLE}?{_RUST_CAPITAL}"
    rf"|(?-u:\b){_TITLE}{_RUST_CAPITAL}|name(?:['’]s| is) \p{{L}}"
    rf"|[Ii]’m[\s:,]*{_RUST_CAPITAL}"
)
_LOWER_NAME = re.compile(
    r"\b(?:my|her|his|full|last|first|maiden) name(?:['’]s"
    r"| is) ([a-zß-öø-ÿ]{2,20}(?: [a-zß-öø-ÿ]\.?)?"
    r"(?: [a-zß-öø-ÿ]{2,20})?)(?=[\s.,!?]|\Z)"
)
#: After these words even a word that no list knows is a name.
_SURELY = re.compile(
    r"(?:\b(?:my|her|his|their) (?:\w+ )?name(?:['’]s| is| was)|\bcalls? me)[\s:,]*\Z",
    re.IGNORECASE,
)
_BY = re.compile(
    r"\b(?:by|player|director|president|minister|actor|singer|writer|author|ceo|manager"
    r"|assistant to)[ ]\Z",
    re.IGNORECASE,
)
_IN = re.compile(r"\b(?:in|from|to|near|at|visit(?:ing)?|around|outside)[ ]\Z", re.IGNORECASE)
_TO = re.compile(r"\b(?:to|at)[ ]\Z", re.IGNORECASE)
_INSIDE = re.compile(
    r"\b(?:i am in|i'm in|travel(?:l)?ing to|lives? in|living in|based in|moved (?:here "
    r"|there )?(?:from|to)|"
    r"originally from|arrived at|returned to|city of|town of|state of|(?:south|north|east|west)ern|"
    r"country|born in|flying to|trip to|shipped from|visit)[ ]\Z",
    re.IGNORECASE,
)
_WORKS = re.compile(
    r"\b(?:work(?:s|ed|ing)? (?:for|at)|employed (?:by|at)|job at|year at|company|customer of|"
    r"founder of|joined|later became|on behalf of|employee of)[ ]\Z",
    re.IGNORECASE,
)
_HUMAN = re.compile(
    r",? (?:said|says|asked|told|wrote|lives|lived|thinks|wants|resigned|is from|who)\b",
    re.IGNORECASE,
)
_SAYS = re.compile(r"['’]s\b|,? (?:had|has|was|is|can)\b|:", re.IGNORECASE)
_FOUNDED = re.compile(
    r",? (?:is an? (?:[\w-]+ ){0,2}(?:company|agency|firm|provider|startup|bank|brand)"
    r"|is the brainchild|"
    r"was founded|office|orchestra|resignation|announced|employee|customer service)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Name:
    """A name at `[start, end)` and what it is the name of."""

    start: int
    end: int
    kind: NameKind


@dataclass(frozen=True)
class _Word:
    start: int
    end: int
    text: str

    @property
    def key(self) -> str:
        return folded(self.text.rstrip("."))


def names(text: str, *, lists: bool) -> Iterator[Name]:
    """The names in a text.

    Args:
        text: The text.
        lists: Weigh words by the lists of names too; without, only persons whom the words
            before announce (`my name is …`, `Mr. …`) are found.
    """
    claimed = -1
    if lists:
        for match in _FIRM.finditer(text):
            partners = re.split(r", | and | & ", match[1])
            if all(
                folded(name) in family_names() or folded(name) in _ORGANISATION for name in partners
            ):
                yield Name(match.start(1), match.end(1), "ORGANIZATION")
                claimed = match.end(1)
    for run in _RUN.finditer(text) if lists else _announced_runs(text):
        if run.start() < claimed:
            continue
        yield from _weighed(text, _words(run.start(), run[0]), lists=lists)
    for match in _LOWER_NAME.finditer(text) if "name" in text else ():
        keys = [folded(word) for word in match[1].split()]
        if not is_ordinary(keys[0]) and (keys[0] in given_names() or keys[-1] in family_names()):
            yield Name(match.start(1), match.end(1), "PERSON")


def _announced_runs(text: str) -> Iterator[re.Match[str]]:
    """The capitalised runs that stand where the words before announce a name, titles included.

    The last word before a capital is looked up first: few are in the list, and a pattern for all
    that announces, tried at every letter, would take ten times as long.
    """
    for match in _CAPITAL_AFTER.finditer(text):
        start = match.start() + 1
        # Neither pattern below looks further back than this.
        before = text[max(0, start - 40) : start].rstrip(_BETWEEN)
        if before[-2:].replace("’", "'").lower() not in _ENDINGS:
            continue
        last = _last_word(text, start)
        if last in _TITLES:
            title = _TITLE_LAST.search(text, max(0, start - 16), start)
            run = _RUN.match(text, start if title is None else title.start())
        elif last in _LAST_WORDS and _NAMED.search(text[max(0, start - 32) : start]):
            run = _RUN.match(text, start)
        else:
            continue
        if run is not None:
            yield run


def _last_word(text: str, end: int) -> str:
    """The last word before a place, in small letters; signs between them are passed over."""
    last = end - 1
    while last >= 0 and text[last] in _BETWEEN:
        last -= 1
    first = last
    while first >= 0 and last - first < 16 and (text[first].isalpha() or text[first] in "'’"):
        first -= 1
    return text[first + 1 : last + 1].replace("’", "'").lower()


def _weighed(text: str, words: list[_Word], *, lists: bool) -> Iterator[Name]:
    whole = " ".join(word.key for word in words)
    if lists and len(words) > 1 and whole in places():
        yield Name(words[0].start, words[-1].end, "LOCATION")
        return
    titled = False
    while words and (words[0].key in _TITLES or words[0].key in _STARTERS):
        titled = words[0].key in _TITLES
        words = words[1:]
    words = words if titled else _without_ordinary(words)
    if not words or sum(len(word.key) for word in words) < 2:
        return
    start, end = words[0].start, words[-1].end
    before, after = _around(text, start, end)
    announced = titled or _NAMED.search(before) is not None
    if not lists:
        known = titled or words[0].key in given_names() or _SURELY.search(before) is not None
        if announced and known and len(words) <= 4:
            yield Name(start, end, "PERSON")
        return
    if len(words) == 1 and (after.startswith(":") or words[0].text.isupper()):
        known = words[0].key in given_names() or words[0].key in places()
        if not known or (after.startswith(":") and words[0].key in places()):
            return
    scores = _scores(words, before, after, titled=titled, announced=announced)
    kind = max(scores, key=lambda name: scores[name])
    if scores[kind] >= ENOUGH:
        yield Name(start, end, kind)


def capitalised(text: str) -> Iterator[tuple[int, int]]:
    """The runs of capitalised words, without titles and ordinary words at their ends."""
    for run in _RUN.finditer(text):
        words = _words(run.start(), run[0])
        while words and (words[0].key in _TITLES or words[0].key in _STARTERS):
            words = words[1:]
        words = _without_ordinary(words)
        if words:
            yield words[0].start, words[-1].end


def evidence(text: str, start: int, end: int) -> dict[NameKind, int]:
    """What lists and the words around say of `[start, end)`; from `ENOUGH` on it is a name."""
    words = _words(start, text[start:end])
    if not words:
        return {"PERSON": 0, "LOCATION": 0, "ORGANIZATION": 0}
    before, after = _around(text, start, end)
    titled = re.search(rf"(?<![^\W\d_]){_TITLE}\Z", before) is not None
    announced = titled or _NAMED.search(before) is not None
    return _scores(words, before, after, titled=titled, announced=announced)


def _words(start: int, text: str) -> list[_Word]:
    return [
        _Word(start + word.start(), start + word.end(), word[0]) for word in _PARTS.finditer(text)
    ]


def _around(text: str, start: int, end: int) -> tuple[str, str]:
    return text[max(0, start - 48) : start], text[end : end + 32]


def _without_ordinary(words: list[_Word]) -> list[_Word]:
    """A run without the ordinary words at its ends (`Why John` begins a sentence)."""
    while words and (
        words[0].key in ("i'm", "i’m")
        or (is_ordinary(words[0].key) and words[0].key not in given_names())
    ):
        words = words[1:]
    while len(words) > 1 and is_ordinary(words[0].key) and words[1].key in given_names():
        words = words[1:]
    while words and (words[-1].text[0].islower() or words[-1].key == "i"):
        words = words[:-1]
    if all(is_ordinary(word.key) for word in words):
        return []
    return words


def _scores(
    words: list[_Word], before: str, after: str, *, titled: bool, announced: bool
) -> dict[NameKind, int]:
    keys = [word.key for word in words]
    whole = " ".join(keys)
    several = len(keys) > 1
    given = keys[0] in given_names() and not is_ordinary(keys[0])
    family = keys[-1] in family_names() and (given or not is_ordinary(keys[-1]))
    place = whole in places()
    company = any(key in _ORGANISATION for key in keys)
    geographic = keys[-1] in _GEOGRAPHIC
    initial = several and any(len(key) == 1 for key in keys[1:])
    inside = _INSIDE.search(before) is not None
    person = 3 * given + family + (several and family) + (2 <= len(keys) <= 4)
    person += (
        3 * titled
        + 2 * announced
        + 3 * (_SURELY.search(before) is not None)
        + 2 * (_BY.search(before) is not None)
        + 2 * initial
    )
    person += 3 if _HUMAN.match(after) else (_SAYS.match(after) is not None)
    person -= 3 * company + 3 * geographic + 3 * inside
    works = _WORKS.search(before) is not None
    location = 3 * place + 4 * inside + 2 * geographic
    if _IN.search(before) and not works:
        towards = _TO.search(before) is not None
        location += 0 if given and towards and not place else 2 if given or family or towards else 3
    location -= 2 * titled + 2 * announced + 3 * company
    organisation = 4 * (company and several) + 4 * works
    organisation += 3 * (_FOUNDED.match(after) is not None) - 2 * given - 2 * titled - announced
    return {"PERSON": person, "LOCATION": location, "ORGANIZATION": organisation}
