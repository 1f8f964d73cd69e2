"""Fakes of names, word by word: a word of a name has one fake, wherever it stands.

So `Jane Doe`, `Jane`, `DOE` and `jane.doe@…` keep to one person. The fakes are 256 given and 256
family names that the key picks from the lists of `faker`: a name that is not among them is known
to be none, and of real names about one word in sixty is among them by chance.
"""

from __future__ import annotations

import hmac
import re
from functools import lru_cache

from tunesmith.clean.pii.fakes.seal import Draw
from tunesmith.clean.pii.lexicon import (
    common_words,
    family_names,
    folded,
    given_names,
    places,
    widespread_names,
    words,
)
from tunesmith.clean.pii.normal import leveled

#: Names that are picked by the key, of each list.
PICKED = 256
WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
#: Small words inside of names, which say nothing of the person.
_PARTICLES = frozenset(
    {"van", "von", "der", "den", "de", "da", "do", "dos", "das", "di", "du", "del", "della", "la",
     "le", "el", "al", "bin", "ibn", "ben", "ter", "zu", "af", "av", "of"}
)  # fmt: skip
_PLAIN = re.compile(r"[a-z]{4,9}")
_GAP = re.compile(r"[\s.,'’_-]{1,3}")
_RESERVED = ("example.com", "example.org", "example.net")
_MAIL = re.compile(r"([^@\s]+?)(\d{3})@example\.(?:com|org|net)", re.IGNORECASE)


@lru_cache(maxsize=4)
def picked(key: bytes) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """The given names, family names and places that the key picks, in lower case."""
    given, family, place = given_names(), family_names(), places()
    lists = (given - family - place, family - given - place, place - given - family)
    common = common_words() | words("organisations") | words("geographic") | words("titles")
    common |= widespread_names()
    return tuple(_picked(key, names - common) for names in lists)  # type: ignore[return-value]


def _picked(key: bytes, names: frozenset[str]) -> tuple[str, ...]:
    plain = [name for name in names if _PLAIN.fullmatch(name)]
    ranked = sorted(plain, key=lambda name: hmac.digest(key, f"name\x1f{name}".encode(), "sha256"))
    return tuple(ranked[:PICKED])


@lru_cache(maxsize=4)
def fake_words(key: bytes) -> frozenset[str]:
    """Every word that is a fake of a name or a place."""
    return frozenset(word for names in picked(key) for word in names)


def is_fake_word(key: bytes, word: str) -> bool:
    """Whether a word is a fake of a name or a place."""
    return leveled(word) in fake_words(key)


@lru_cache(maxsize=65_536)
def fake_word(key: bytes, word: str) -> str:
    """The fake of one word of a name, in lower case: a given name for one, else a family name."""
    level = folded(word)
    given, family, _ = picked(key)
    names = given if level in given_names() and level not in family_names() else family
    number = Draw(key, "word", level).below(len(names))
    return names[number] if names[number] != level else names[(number + 1) % len(names)]


def _as_written(fake: str, like: str) -> str:
    if len(like) > 1 and like.isupper():
        return fake.upper()
    return fake.title() if like[0].isupper() else fake


def person(key: bytes, text: str, whole: str | None = None) -> str:
    """The fake of a person's name, with the same parts and capitals.

    Args:
        key: The secret.
        text: The name as it is written.
        whole: The whole name of the person, where it is known: `text` may misspell it, shorten it
            or join its words.
    """
    known = [leveled(word) for word in WORD.findall(whole or "")]

    def one(match: re.Match[str]) -> str:
        word = match[0]
        level = leveled(word)
        if level in words("titles") or (word in _PARTICLES and word != text):
            return word
        if len(word) == 1:
            meant = next((name for name in known if name[0] == level), level)
            return _as_written(fake_word(key, meant)[0], word)
        return _as_written(_known_word(key, level, known), word)

    return WORD.sub(one, text)


def _known_word(key: bytes, word: str, known: list[str]) -> str:
    """The fake of a word that names a known person: spelled rightly, wrongly, or joined."""
    if not known or word in known:
        return fake_word(key, word)
    first, last = known[0], known[-1]
    if word in {first + last, last + first}:
        names = [first, last] if word == first + last else [last, first]
        return "".join(fake_word(key, name) for name in names)
    if word == first[0] + last:
        return fake_word(key, first)[0] + fake_word(key, last)
    from rapidfuzz.distance import DamerauLevenshtein

    return fake_word(key, min(known, key=lambda name: DamerauLevenshtein.distance(name, word)))


def organisation(key: bytes, text: str) -> str:
    """The fake of a firm's name: `Doe & Sons Ltd` is still somebody and sons, limited."""

    def one(match: re.Match[str]) -> str:
        word = match[0]
        level = leveled(word)
        if level in words("organisations") or word.islower() or len(word) == 1:
            return word
        return _as_written(fake_word(key, word), word)

    return WORD.sub(one, text)


def place(key: bytes, text: str) -> str:
    """The fake of a place's name: another place of the world, of one word."""
    names = picked(key)[2]
    level = " ".join(folded(text).split())
    number = Draw(key, "place", level).below(len(names))
    fake = names[number] if names[number] != level else names[(number + 1) % len(names)]
    return _as_written(fake, text)


def mail(key: bytes, text: str, value: str) -> str:
    """The fake of an e-mail address: the fakes of its words and three digits, at a reserved domain.

    Args:
        key: The secret.
        text: The address as it is written.
        value: The address in its normal form.
    """
    draw = Draw(key, "mail", value)
    local = text.rpartition("@")[0]
    found = [match for match in WORD.finditer(local) if len(match[0]) > 1]
    parts = [fake_word(key, match[0].lower()) for match in found[:2]] or [draw.of(picked(key)[1])]
    sign = next((sign for sign in local if sign in "._-"), ".")
    digits = "".join(str(draw.below(10)) for _ in range(3))
    return f"{sign.join(parts)}{digits}@{draw.of(_RESERVED)}"


def is_fake_mail(key: bytes, text: str) -> bool:
    """Whether an address is at a reserved domain (RFC 2606) and every word of it a fake."""
    match = _MAIL.fullmatch(text)
    return match is not None and all(
        is_fake_word(key, word) for word in re.split(r"[._-]", match[1]) or [""]
    )


def spans(key: bytes, text: str) -> list[tuple[int, int]]:
    """Where fakes of names stand in a text: words and the initials between them, left to right.

    A fake beside a real name is left out: `Aurelia Smith` may be a person whose given name is
    among the fakes by chance.
    """
    fakes = fake_words(key)
    if not any(leveled(match[0]) in fakes for match in WORD.finditer(text)):
        return []
    found: list[tuple[int, int]] = []
    run: list[re.Match[str]] = []
    for match in WORD.finditer(text):
        if run and text[run[-1].end() : match.start()] not in {" ", "-", ". "}:
            found += _in_run(fakes, run)
            run = []
        run.append(match)
    return found + _in_run(fakes, run)


def _in_run(fakes: frozenset[str], run: list[re.Match[str]]) -> list[tuple[int, int]]:
    """The fakes among words that stand side by side."""
    fake = [leveled(word[0]) in fakes for word in run]
    if not any(fake) or any(
        not is_fake and _is_name(word[0]) for word, is_fake in zip(run, fake, strict=True)
    ):
        return []
    found: list[tuple[int, int]] = []
    inside = False
    for word, is_fake in zip(run, fake, strict=True):
        initial = len(word[0]) == 1 and word[0].isupper()
        if is_fake and not inside:
            found.append(word.span())
        elif inside and (is_fake or initial):
            found[-1] = (found[-1][0], word.end())
        inside = is_fake or (inside and initial)
    return found


def _is_name(word: str) -> bool:
    level = folded(word)
    return (
        word[0].isupper()
        and len(word) > 1
        and level not in common_words()
        and (level in given_names() or level in family_names())
    )
