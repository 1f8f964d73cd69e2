"""Changes of a question that must not change what its answer means.

The kinds of change are those of CheckList's invariance tests (Ribeiro et al. 2020, section 2 and
table 1): typing errors, letter case, punctuation, names, polite words, and rewording. The words of
politeness, names and rewording are English.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from typing import Literal, get_args

Perturbation = Literal[
    "typos", "upper_case", "lower_case", "punctuation", "names", "politeness", "rewording"
]
PERTURBATIONS: tuple[Perturbation, ...] = get_args(Perturbation)

_NAMES = (
    "Aisha", "Anna", "Carlos", "Chen", "Emma", "Fatima", "Giulia", "Hans", "Ivan", "James", "Kofi",
    "Leila", "Maria", "Mateusz", "Mehmet", "Noah", "Olga", "Priya", "Sofia", "Yuki",
)  # fmt: skip
_NAME = re.compile(rf"\b(?:{'|'.join(_NAMES)})\b")
_POLITE = (
    "Hello! {} Thank you very much.",
    "Good morning. {} Thanks in advance!",
    "Excuse me, I have a question. {}",
    "{} I would be very grateful for your help.",
)
_REWORDINGS = (
    (r"\bhow (?:can|do) i\b", "what is the way to"),
    (r"\bhow (?:can|do) we\b", "what is the way for us to"),
    (r"\bi want to\b", "i would like to"),
    (r"\bi need to\b", "i have to"),
    (r"\bcan you\b", "could you"),
    (r"\bcould you\b", "would you"),
    (r"\btell me\b", "let me know"),
    (r"\bwhere (?:is|are)\b", "do you know where to find"),
    (r"\bi (?:can ?not|can['’]t)\b", "i am not able to"),
    (r"\bdo you have\b", "is there"),
    (r"\bwhat (?:is|are)\b", "can you say what i should know about"),
)
_LETTERS = re.compile(r"[^\W\d_]{4,}")
_WORDS_A_TYPO = 8


def perturbed(text: str, kind: Perturbation, seed: str) -> str | None:
    """A question after one change; None where the change does not apply, or changes nothing.

    Args:
        text: The question.
        kind: The change.
        seed: What chance is drawn from: the same seed gives the same change.
    """
    changed = _CHANGES[kind](text, random.Random(f"{kind} {seed} {text}"))  # noqa: S311
    return None if changed is None or changed == text else changed


def _typos(text: str, chance: random.Random) -> str | None:
    """Two neighbouring letters inside a word change places, once for every eight words."""
    places = [match for match in _LETTERS.finditer(text) if len(set(match[0][1:])) > 1]
    if not places:
        return None
    count = max(1, len(text.split()) // _WORDS_A_TYPO)
    letters = list(text)
    for match in chance.sample(places, min(count, len(places))):
        able = [
            place
            for place in range(match.start() + 1, match.end() - 1)
            if letters[place] != letters[place + 1]
        ]
        place = chance.choice(able)
        letters[place], letters[place + 1] = letters[place + 1], letters[place]
    return "".join(letters)


def _punctuation(text: str, _: random.Random) -> str:
    bare = text.rstrip(" .?!…")
    return f"{text}?" if bare == text.rstrip() else bare


def _names(text: str, chance: random.Random) -> str:
    """Another name where one is known, else a name of the one who asks."""
    there = set(_NAME.findall(text))
    other = chance.choice([name for name in _NAMES if name not in there])
    return _NAME.sub(other, text) if there else f"Hi, {other} here. {text}"


def _politeness(text: str, chance: random.Random) -> str:
    return chance.choice(_POLITE).format(text)


def _rewording(text: str, _: random.Random) -> str | None:
    """The first way of asking that has another one."""
    for pattern, other in _REWORDINGS:
        found = re.search(pattern, text, re.IGNORECASE)
        if found:
            begins = found[0][0].isupper()
            new = other[0].upper() + other[1:] if begins else other
            return text[: found.start()] + new + text[found.end() :]
    return None


_CHANGES: dict[Perturbation, Callable[[str, random.Random], str | None]] = {
    "typos": _typos,
    "upper_case": lambda text, _: text.upper(),
    "lower_case": lambda text, _: text.lower(),
    "punctuation": _punctuation,
    "names": _names,
    "politeness": _politeness,
    "rewording": _rewording,
}
