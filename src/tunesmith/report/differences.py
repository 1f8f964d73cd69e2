"""An answer beside its reference: what both say, what only one of them says."""

from __future__ import annotations

import re
import string
from dataclasses import dataclass
from typing import Literal

_WORD = re.compile(r"\S+")
_PUNCTUATION = str.maketrans("", "", string.punctuation)
_SHORT = 2
"""An agreement of fewer words than this between two differences is taken into them: a lone
"the" that both happen to have would only break up what is read."""
_MOST = 12
"""A longer stretch that is missing is shown by its ends."""

Kind = Literal["same", "added", "missing"]


@dataclass(frozen=True)
class Stretch:
    """Words that both have, that the answer adds, or that it leaves out of the reference."""

    kind: Kind
    text: str
    whole: str = ""
    """All of a missing stretch whose text is only its ends."""

    @property
    def blanks(self) -> str:
        """The blanks before the words, which are not marked."""
        return self.text[: len(self.text) - len(self.text.lstrip())]

    @property
    def words(self) -> str:
        """The text without the blanks before it."""
        return self.text.lstrip()


@dataclass(frozen=True)
class Difference:
    """The stretches in order, and the number of words of each kind."""

    stretches: tuple[Stretch, ...]
    same: int
    added: int
    missing: int


def compare_words(answer: str, reference: str) -> Difference:
    """Compare an answer with its reference word by word (longest common subsequence).

    Words are compared in lower case and without punctuation. The stretches of kind `same` and
    `added` in order give back the answer exactly, blanks included; those of kind `missing` are
    words of the reference, in its order.
    """
    from rapidfuzz.distance import LCSseq

    given, wanted = list(_WORD.finditer(answer)), _WORD.findall(reference)
    ours = [_normal(match.group()) for match in given]
    theirs = [_normal(word) for word in wanted]
    blocks = []
    for code in LCSseq.opcodes(ours, theirs):
        equal = code.tag == "equal"
        blocks.append((equal, (code.src_start, code.src_end), (code.dest_start, code.dest_end)))
    same = added = missing = 0
    stretches: list[Stretch] = []
    position = 0
    for equal, mine, other in _merged(blocks):
        if mine[1] > mine[0]:
            end = given[mine[1] - 1].end() if mine[1] < len(given) else len(answer)
            stretches.append(Stretch("same" if equal else "added", answer[position:end]))
            position = end
        if equal:
            same += mine[1] - mine[0]
            continue
        added += mine[1] - mine[0]
        missing += other[1] - other[0]
        if other[1] > other[0]:
            stretches.append(_missing(wanted[other[0] : other[1]]))
    if position < len(answer):
        stretches.append(Stretch("added", answer[position:]))
    return Difference(tuple(stretches), same, added, missing)


_Block = tuple[bool, tuple[int, int], tuple[int, int]]


def _merged(blocks: list[_Block]) -> list[_Block]:
    """Differences that stand side by side, or with a short agreement between them, as one."""
    last = len(blocks) - 1
    found: list[_Block] = []
    for index, (equal, mine, other) in enumerate(blocks):
        short = equal and 0 < index < last and mine[1] - mine[0] < _SHORT
        same = equal and not short
        if found and not same and not found[-1][0]:
            _, before, was = found.pop()
            found.append((False, (before[0], mine[1]), (was[0], other[1])))
            continue
        found.append((same, mine, other))
    return found


def _missing(words: list[str]) -> Stretch:
    whole = " ".join(words)
    if len(words) <= _MOST:
        return Stretch("missing", whole)
    text = f"{' '.join(words[:5])} … {' '.join(words[-3:])}"
    return Stretch("missing", text, whole)


def _normal(word: str) -> str:
    return word.lower().translate(_PUNCTUATION) or word
