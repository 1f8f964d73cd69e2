"""Street addresses: a street and a number, in the orders and words of many countries."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from tunesmith.clean.pii.lexicon import countries

#: A word that begins with a capital (or an ordinal such as `5th`), as streets are called.
_CAP = r"(?:[^\W\d_a-zß-öø-ÿ][\w'’.-]*|\d{1,3}(?:st|nd|rd|th))"
_AFTER = (
    r"(?:St(?:reet)?|Ave(?:nue)?|R(?:oa)?d|Blvd|Boulevard|Dr(?:ive)?|L(?:a)?ne|Ln|C(?:our)?t|"
    r"Pl(?:ace)?|Sq(?:uare)?|Terr?(?:ace)?|Way|P(?:ar)?kwa?y|H(?:igh)?wa?y|Cir(?:cle)?|Trail|Trl|"
    r"Close|Crescent|Cres|Gardens|Grove|Hill|Mews|Row|Walk|Alley|Plaza|Loop|Run|Path|Parade|Quay|"
    r"Rise|Green|View|Heights|Bridge|Manor|Center|Centre|Route)"
)
#: Endings of one-word street names: German, Dutch, the Nordic countries, Finland, Hungary.
_ENDING = (
    r"(?:stra(?:ß|ss)e|str\.|strasse|gasse|weg|platz|allee|damm|ufer|ring|markt|straat|laan|plein|"
    r"gracht|gatan|gata|gate|gaten|vägen|vagen|veien|vegen|vej|gade|vejen|alle|allé|katu|tie|polku|"
    r"kuja|kaari|stien|brekka|stræti|braut|gerði|holt)"
)
#: Words for street that come before the name: the Romance languages, Polish, Czech.
_BEFORE = (
    r"(?:rue|av(?:enue|\.)?|boulevard|bd|chemin|impasse|all[ée]e|quai|place|route|cours|"
    r"via|viale|piazza|corso|vicolo|strada|calle|c/|avenida|avda\.?|paseo|plaza|carrer|"
    r"rua|av\.|travessa|largo|estrada|pra[çc]a|ul\.|ulica|ulice|al\.|aleja|os\.|str\.|strada"
    r"|bulevardul)"
)
_NUMBER = r"\d{1,5}[A-Za-rt-z]?(?:[-/]\d{1,4}[A-Za-z]?)?"
_UNIT = (
    r"(?:(?i:Apt|Apartment|Suite|Ste|Unit|Floor|Flat|Room|Rm|Bldg|Building)"
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
_GERMAN = r"(?:Stra(?:ß|ss)e|Str\.|Weg|Platz|Allee|Gasse|Ring|Damm|Ufer)"
_FORMS = (
    rf"{_NUMBER},?[ ](?:[NSEW]{{1,2}}\.?[ ])?{_CAPS}{_AFTER}\b\.?(?:[ ][NSEW]{{1,2}}\b)?",
    rf"{_NUMBER},?[ ](?i:{_BEFORE}){_OF}(?:[ ]?{_CAP}){{1,4}}(?:[ ]{_DOOR}\b)?",
    rf"(?i:{_BEFORE}){_OF}(?:[ ]?{_CAP}){{1,4}},?[ ](?:n[º°.]?[ ]?)?{_DOOR}\b",
    rf"(?:{_CAP}[ ]){{0,3}}[^\W\d_a-z][^\W\d_]{{1,20}}{_ENDING},?[ ]{_DOOR}\b",
    rf"(?:{_CAP}[ ]){{1,3}}{_GERMAN},?[ ]{_DOOR}\b",
    rf"(?:{_CAP}[ ]){{1,3}}(?:utca|út|u\.|tér|körút|útja),?[ ]{_DOOR}\.?",
    rf"(?:{_CAP}[ ]){{1,3}}{_AFTER}\.?,?[ ]{_DOOR}\b",
    rf"{_NUMBER}[ ]{_MONTHS}{_CAPS}(?:u\.[ ])?{_NUMBER}\b\.?",
    rf"(?:{_CAP}[ ]){{1,3}}{_NUMBER},?(?=[ \n]{{1,2}}{_UNIT})",
    rf"the corner of (?:{_NUMBER}[ ])?{_CAPS}(?:{_NUMBER}[ ])?and(?:[ ]{_CAP}){{1,4}}",
    r"P\.?[ ]?O\.?[ ]?Box[ ]\d{1,6}",
    _MILITARY,
)
_STREET = re.compile(rf"(?<![\w.])(?:\d{{1,5}}[ ])?(?:{'|'.join(_FORMS)})")
_NUMBERS = re.compile(r"\d+")
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
    r"(?: (?:you|me|us))? at|sent? (?:\w+ )?to|deliver(?:ed|y)? (?:\w+ )?to"
    r"|ship(?:ped)? (?:\w+ )?to|"
    r"return to|located (?:at|in|on)|drops you off at|taxi to|enter on|office is at|it'?s in|"
    r"restaurant is at|side of|moved to|it is in)"
)
_SAID = re.compile(
    rf"{_WORDS_BEFORE}[ :]*\n?[ ]*"
    rf"((?:{_CAP}[ ]){{1,4}}(?:u\.[ ])?{_NUMBER}\b\.?|{_NUMBER}[ ](?:{_CAP}[ ]?){{1,4}})"
)
#: A number beside a capitalised word.
HINT = r"\d[A-Za-z]?,? (?:[a-z]{1,4} ){0,2}\p{Lu}|\p{Lu}[\p{L}\x27\x{2019}.-]*,? #?\d|\d[a-z]{2} "
#: And a word for a street or a part of a house, or one that says that an address comes.
SECOND_HINT = (
    rf"(?-u:\b){_AFTER}(?-u:\b)|(?-u:\b)(?i:{_BEFORE}) |(?i:{_ENDING}),? \d"
    r"|(?:utca|út|u\.|tér|körút|útja),? \d|Box \d"
    rf"|\d \p{{Lu}}[^\n]* \d|{_UNIT}|(?:{_WORDS_BEFORE})"
)


#: Letters on either side of a number that may belong to its address.
_REACH = 90


def addresses(text: str) -> Iterator[tuple[int, int]]:
    """Street addresses, each with the unit, postcode and town that follow it."""
    taken = 0
    for left, right in _windows(text):
        for pattern, group in ((_STREET, 0), (_SAID, 1), (_UNITS, 0)):
            for match in pattern.finditer(text, max(left, taken), right):
                if match.start(group) >= taken:
                    taken = _end(text, match.end(group))
                    yield match.start(group), taken


def _windows(text: str) -> Iterator[tuple[int, int]]:
    """The parts of a text around its numbers: an address without a number is not told."""
    left = right = -1
    for match in _NUMBERS.finditer(text):
        if match.start() - _REACH > right:
            if right > 0:
                yield left, right
            left = max(0, match.start() - _REACH)
        right = min(len(text), match.end() + _REACH)
    if right > 0:
        yield left, right


def _end(text: str, end: int) -> int:
    for _ in range(4):
        tail = _tail().match(text, end)
        if tail is None:
            break
        end = tail.end()
    while text[end - 1] in " \n,":
        end -= 1
    return end
