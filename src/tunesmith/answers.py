"""Two answers compared word by word: exact match, token F1, ROUGE-1, ROUGE-2, ROUGE-L.

How words are made. Exact match and token F1 normalise as SQuAD v1.1 does (Rajpurkar et al.
2016): lower case, punctuation deleted, the articles a, an, the deleted, split on whitespace.
ROUGE takes runs of letters and digits in lower case, as `rouge_score` without a stemmer. On ASCII
text both are identical to those references. Beyond ASCII they are wider, for the references score
such text as empty or as one long word: text is brought to NFC; punctuation means every Unicode
punctuation character (as in MLQA, Lewis et al. 2020); letters, digits and combining marks of every
script belong to words; and in scripts written without spaces (Han, kana, Thai, Lao, Khmer, Burmese)
each character is a word.
"""

from __future__ import annotations

import math
import re
import string
import unicodedata
from collections import Counter
from functools import lru_cache

_ASCII_PUNCTUATION = str.maketrans("", "", string.punctuation)
_ARTICLES = re.compile(r"\b(a|an|the)\b")
_ASCII_WORD = re.compile(r"[a-z0-9]+")
_NO_SPACES = re.compile(
    "([\u0e01-\u0e30\u0e32\u0e33\u0e40-\u0e46\u0e81-\u0eb0\u0eb2\u0eb3\u0ebd-\u0ec6"  # Thai, Lao
    "\u1000-\u102a\u103f\u1780-\u17b3"  # Burmese, Khmer
    "\u3005-\u3007\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff\u31f0-\u31ff"  # kana
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9d\U00020000-\U0003ffff])"  # Han
)


@lru_cache(maxsize=65_536)
def _kind(character: str) -> str:
    return unicodedata.category(character)


def _spread(text: str) -> str:
    """Put spaces around the characters of scripts that are written without them.

    Marks that follow such a character go with it, as a word of their own: they are rare
    enough, and both sides of a comparison are treated alike.
    """
    return _NO_SPACES.sub(r" \1 ", text)


def normalise(text: str) -> str:
    """Normalise an answer as SQuAD v1.1 does (see the module for text beyond ASCII).

    >>> normalise("The  invoice, (no. 7)!")
    'invoice no 7'
    """
    text = text.lower()
    if text.isascii():
        text = text.translate(_ASCII_PUNCTUATION)
    else:
        text = unicodedata.normalize("NFC", text).translate(_ASCII_PUNCTUATION)
        text = _spread("".join(c for c in text if _kind(c)[0] != "P"))
    return " ".join(_ARTICLES.sub(" ", text).split())


def words(text: str) -> list[str]:
    """The words that ROUGE compares: runs of letters, marks and digits in lower case.

    >>> words("Reset it (e-mail: 2 min).")
    ['reset', 'it', 'e', 'mail', '2', 'min']
    """
    text = text.lower()
    if text.isascii():
        return _ASCII_WORD.findall(text)
    text = unicodedata.normalize("NFC", text)
    return _spread("".join(c if _kind(c)[0] in "LMN" else " " for c in text)).split()


def exact_match(prediction: str | None, reference: str | None) -> float:
    """1 if both are the same after normalisation, else 0; NaN if it could not be scored."""
    if prediction is None or reference is None or not (expected := normalise(reference)):
        return math.nan
    return float(normalise(prediction) == expected)


def token_f1(prediction: str | None, reference: str | None) -> float:
    """F1 of the words that two answers share, each counted as often as it occurs in both.

    With `s` shared words, precision s / words of the prediction and recall s / words of the
    reference; their harmonic mean (Rajpurkar et al. 2016). NaN if it could not be scored.
    """
    if prediction is None or reference is None or not (expected := normalise(reference).split()):
        return math.nan
    given = normalise(prediction).split()
    shared = (Counter(given) & Counter(expected)).total()
    return 2 * shared / (len(given) + len(expected))


def rouge_l(prediction: str | None, reference: str | None) -> float:
    """F1 of the longest common subsequence of words (Lin 2004, ROUGE-L on whole answers).

    NaN if it could not be scored.
    """
    from rapidfuzz.distance import LCSseq

    if prediction is None or reference is None or not (expected := words(reference)):
        return math.nan
    given = words(prediction)
    return 2 * LCSseq.similarity(given, expected) / (len(given) + len(expected))


def rouge_n(prediction: str | None, reference: str | None, n: int) -> float:
    """F1 of the runs of n words that two answers share, each as often as it occurs in both.

    ROUGE-N of Lin (2004) as `rouge_score` computes it: 0 where one of the answers has no run of n
    words. NaN if it could not be scored.
    """
    if prediction is None or reference is None or not (expected := words(reference)):
        return math.nan
    ours, theirs = _runs(words(prediction), n), _runs(expected, n)
    total = ours.total() + theirs.total()
    return 2 * (ours & theirs).total() / total if total else 0.0


def _runs(found: list[str], n: int) -> Counter[tuple[str, ...]]:
    return Counter(zip(*(found[start:] for start in range(n)), strict=False))
