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
_NUMBER = r"\d{1,5}[A-Za-z]?(?:[-/]\d{1,4}[A-Za-z]?)?"
_UNIT = (
    r"(?:(?i:Apt|Apartment|Suite|Ste|Unit|Floor|Flat|Room|Rm|Bldg|Building)"
    r"(?:\.[ ]?|[ ]?#|[ ])(?:\d{1,5}[A-Za-z]?|[A-Z]\d{0,4})\b)"
)
_MILITARY = (
    r"(?:(?:PSC[ ]\d{1,5},?[ ]Box[ ]\d{1,5}|Unit[ ]\d{1,5}[ ]Box[ ]\d{1,5}|US(?:NS|NV|S"
    r"|CGC)[ ][^\W\d_][\w'’ .-]{1,30})"
    r"[\s,]{1,3}[AFD]PO,?[ ]A[AEP][ ]\d{5})"
)
_STREET = re.compile(
    rf"(?<![\w.])(?:\d{{1,5}}[ ])?(?:"
    rf"{_NUMBER},?[ ](?:[NSEW]{{1,2}}\.?[ ])?(?:{_CAP}[ ]){{1,4}}{_AFTER}\b\.?(?:[ ]"
    rf"[NSEW]{{1,2}}\b)?"
    rf"|{_NUMBER},?[ ](?i:{_BEFORE})(?:[ ](?:d[eu]s?|d['’]|l['’]|de la|della|delle|del|do|da"
    rf"|dos))?(?:[ ]?{_CAP}){{1,4}}"
    rf"|(?i:{_BEFORE})(?:[ ](?:d[eu]s?|de la|della|delle|dei|del|di|do|da"
    rf"|dos))?(?:[ ]?{_CAP}){{1,4}},?[ ](?:n[º°.]?[ ]?)?{_NUMBER}\b"
    rf"|(?:{_CAP}[ ]){{0,3}}[^\W\d_a-z][^\W\d_]{{1,20}}{_ENDING},?[ ]{_NUMBER}\b"
    rf"|(?:{_CAP}[ ]){{1,3}}(?:utca|út|u\.|tér|körút|útja),?[ ]{_NUMBER}\.?"
    rf"|(?:{_CAP}[ ]){{1,3}}{_AFTER}\.?,?[ ]{_NUMBER}\b"
    rf"|{_NUMBER}[ ](?:{_CAP}[ ]){{1,4}}(?:u\.[ ])?{_NUMBER}\b\.?"
    rf"|(?:{_CAP}[ ]){{1,3}}{_NUMBER},?(?=[ \n]{{1,2}}{_UNIT})"
    rf"|the corner of (?:{_NUMBER}[ ])?(?:{_CAP}[ ]){{1,4}}(?:{_NUMBER}[ ])?and(?:"
    rf"[ ]{_CAP}){{1,4}}(?:[ ]{_NUMBER}\b)?"
    rf"|P\.?[ ]?O\.?[ ]?Box[ ]\d{{1,6}}|{_MILITARY}"
    rf")"
)
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
    rf"\b{_AFTER}\b|\b(?i:{_BEFORE}) |{_ENDING},? \d|(?:utca|út|u\.|tér|körút|útja),? \d|Box \d"
    rf"|\d \p{{Lu}}[^\n]* \d|{_UNIT}|(?:{_WORDS_BEFORE})"
)


def addresses(text: str) -> Iterator[tuple[int, int]]:
    """Street addresses, each with the unit, postcode and town that follow it."""
    taken = 0
    for match in _STREET.finditer(text):
        start, end = match.span()
        if start < taken:
            continue
        end = _end(text, end)
        taken = end
        yield start, end
    for match in _SAID.finditer(text):
        start, end = match.span(1)
        if start >= taken or end <= 0:
            yield start, _end(text, end)
    for match in _UNITS.finditer(text):
        if match.start() >= taken:
            yield match.span()


def _end(text: str, end: int) -> int:
    for _ in range(4):
        tail = _tail().match(text, end)
        if tail is None:
            break
        end = tail.end()
    while text[end - 1] in " \n,":
        end -= 1
    return end
