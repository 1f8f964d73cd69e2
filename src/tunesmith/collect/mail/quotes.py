"""The messages that a mail quotes.

The forms are those that talon (Mailgun, `bruteforce.py` and `quotations.py`) and GitHub's
email_reply_parser know, read line by line, so that time grows in proportion to the text.
"""

from __future__ import annotations

import re

from tunesmith.collect.mail.lines import Lines, code_lines, gap, mended

#: What a text with quotations holds: Rust regex, over a whole column.
HINT = (
    r"(?m:^ {0,3}>)|(?i)wrote:|schrieb|écrit ?:|escribió:|scritto:|schreef:|escreveu:|skrev:|"
    r"napisał|menulis:|original message|nachricht|message d'origine|mensaje original|"
    r"messaggio originale|oorspronkelijk bericht|mensagem original|(?:above|over) this line|"
    r"(?m:^\*?(?:from|von|de|da)\*? ?:)"
)
_QUOTED = re.compile(r" {0,3}>")
#: First and last words of `On 3 May 2025 at 10:12, Jane wrote:` in other languages, too.
_ATTRIBUTION_STARTS = (
    "On ", "Am ", "Le ", "El ", "Il ", "Op ", "Em ", "Den ", "På ", "W dniu ", "Dnia ", "Pada ",
)  # fmt: skip
_ATTRIBUTION_ENDS = (
    "wrote:", "schrieb:", "a écrit :", "a écrit:", "escribió:", "ha scritto:", "schreef:",
    "escreveu:", "skrev:", "napisał:", "napisał(a):", "napisała:", "menulis:",
)  # fmt: skip
_GERMAN_ATTRIBUTION = re.compile(r"Am [^\n]{4,120}\bschrieb\b[^\n]{0,120}:\Z")
#: `Jane wrote:` and `2015-11-15 23:43 Jane <j@x.com>:` say it only right above a quotation.
_SHORT_ATTRIBUTION = re.compile(
    r"(?:[^\n]{1,80}\b(?:wrote|writes|quoted|said|mentioned|schrieb|schreibt|a écrit|escribió)|"
    r"\d[\d/.:-]{5,9}\d [^\n]{1,120}>) ?:\Z"
)
_SEPARATOR = re.compile(
    r"[-_ ]{3,}(?:original message|ursprüngliche nachricht|original-nachricht|message d'origine|"
    r"mensaje original|messaggio originale|oorspronkelijk bericht|mensagem original)[-_ ]{3,}\Z",
    re.IGNORECASE,
)
_REPLY_MARK = re.compile(
    r"[#>*=_\- ]*(?:please )?(?:type|write|enter|add|send)?\s?(?:your )?"
    r"(?:reply|response|answer) (?:above|over) this line[#<*=_\-. ]*\Z",
    re.IGNORECASE,
)
_HEADER = re.compile(
    r"\*?(?:from|sent|date|to|cc|subject|von|gesendet|datum|an|betreff|de|envoyé|à|objet|enviado|"
    r"para|asunto|da|inviato|a|oggetto)\*? ?:\*? ?\S",
    re.IGNORECASE,
)


def without_quotes(text: str) -> str:
    """A mail without the messages that it quotes; a mail of nothing else as it is."""
    lines = text.split("\n")
    in_code = code_lines(text, len(lines))
    kept: Lines = []
    words = False
    place = 0
    while place < len(lines):
        line = lines[place]
        if in_code[place]:
            kept.append(line)
            words = True
            place += 1
            continue
        if _QUOTED.match(line) or (not line.strip() and kept and not kept[-1].strip()):
            gap(kept)
            place += 1
            continue
        if _quotes_below(lines, place):
            place += 1
            continue
        taken = _attribution(lines, place)
        if taken:
            after = _next_words(lines, place + taken)
            if after is None or _QUOTED.match(after):
                place += taken
                continue
        if words and (taken or _ends_here(lines, place)):
            break
        if _REPLY_MARK.match(line.strip()):
            place += 1
            continue
        kept.append(line)
        words = words or bool(line.strip())
        place += 1
    return mended(text, kept, changed=kept != lines)


def _attribution(lines: Lines, place: int) -> int:
    """How many lines say who wrote what follows; 0 for none."""
    first = lines[place].strip()
    if not first.startswith(_ATTRIBUTION_STARTS) or len(first) > 300:
        return 0
    if not any(letter.isdigit() for letter in first):
        return 0
    if first.endswith(_ATTRIBUTION_ENDS) or _GERMAN_ATTRIBUTION.match(first):
        return 1
    second = lines[place + 1].strip() if place + 1 < len(lines) else ""
    return 2 if len(second) <= 120 and second.endswith(_ATTRIBUTION_ENDS) else 0


def _quotes_below(lines: Lines, place: int) -> bool:
    """Whether a line only says who wrote the quotation right below it."""
    if _SHORT_ATTRIBUTION.match(lines[place].strip()) is None:
        return False
    below = _next_words(lines, place + 1)
    return below is not None and _QUOTED.match(below) is not None


def _next_words(lines: Lines, place: int) -> str | None:
    return next((line for line in lines[place : place + 4] if line.strip()), None)


def _ends_here(lines: Lines, place: int) -> bool:
    line = lines[place].strip()
    if _SEPARATOR.match(line) or _REPLY_MARK.match(line):
        return True
    # Outlook: at least three lines of headers, the first of them From.
    if not re.match(r"\*?(?:from|von|de|da)\*? ?:", line, re.IGNORECASE):
        return False
    return all(_HEADER.match(header.strip()) for header in _three(lines, place))


def _three(lines: Lines, place: int) -> Lines:
    three = lines[place : place + 3]
    return three if len(three) == 3 else [""]
