"""What mail programs add to what somebody wrote: quoted messages and signatures.

The forms are those that talon (Mailgun, `bruteforce.py` and `quotations.py`) and GitHub's
email_reply_parser know, read line by line, so that time grows in proportion to the text.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import ClassVar, Literal

import polars as pl
from pydantic import Field

from tunesmith.clean import code
from tunesmith.clean.columns import on_hits, rewrite_texts
from tunesmith.record import TEXT_COLUMNS
from tunesmith.step import Transform

Column = Literal["question", "answer", "text"]
Lines = list[str]


class _MailTransform(Transform):
    reads: ClassVar[tuple[str, ...]] = TEXT_COLUMNS
    writes: ClassVar[tuple[str, ...]] = TEXT_COLUMNS

    columns: tuple[Column, ...] = ("question", "answer")
    """Where to look. Pages are left out: there `>` marks a quotation that belongs to the page."""

    def _rewritten(
        self, batch: pl.DataFrame, hint: str, function: Callable[[str], str]
    ) -> pl.DataFrame:
        def rewrite(texts: pl.Series, _rows: object) -> pl.Series:
            return on_hits(texts, texts.str.contains(hint), function)

        return rewrite_texts(batch, rewrite, self.columns)


# ── quoted messages ──────────────────────────────────────────────────────────────────────────────

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
_QUOTE_HINT = (
    r"(?m:^ {0,3}>)|(?i)wrote:|schrieb|écrit ?:|escribió:|scritto:|schreef:|escreveu:|skrev:|"
    r"napisał|menulis:|original message|nachricht|message d'origine|mensaje original|"
    r"messaggio originale|oorspronkelijk bericht|mensagem original|(?:above|over) this line|"
    r"(?m:^\*?(?:from|von|de|da)\*? ?:)"
)


class QuotedReplies(_MailTransform):
    """Remove the messages that a mail quotes below or between its own words.

    Lines that begin with `>` go, with the line that says who wrote them. After `Original Message`,
    Outlook's block of headers, a help desk's `reply above this line`, or a line that says who wrote
    what follows without marks, everything goes, provided that there are words above it. A text of
    nothing but quotation stays as it is. Off by default: an answer between quoted lines may not be
    understood without them. Code stays.
    """

    kind: ClassVar[str] = "quoted_replies"

    def transform(self, batch: pl.DataFrame) -> pl.DataFrame:
        """Rewrite the texts of `columns`."""
        return self._rewritten(batch, _QUOTE_HINT, without_quotes)


def without_quotes(text: str) -> str:
    """A mail without the messages that it quotes; a mail of nothing else as it is."""
    lines = text.split("\n")
    in_code = _code_lines(text, len(lines))
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
            _gap(kept)
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
    return _mended(text, kept, changed=kept != lines)


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


# ── signatures ───────────────────────────────────────────────────────────────────────────────────

_MOBILE = re.compile(
    r"(?:sent (?:from|via|with) (?:my |the )?(?:i(?:phone|pad|pod)|mobile|phone|android|blackberry|"
    r"samsung|galaxy|huawei|nokia|windows phone|yahoo|gmail|outlook|mail|aol|proton|spark|mailbird)"
    r"[^\n]{0,60}|get outlook for [^\n]{1,40}|"
    r"(?:von meinem|gesendet von|diese nachricht wurde von meinem) [^\n]{0,60}(?:gesendet|iphone|"
    r"ipad|android|outlook|mail)[^\n]{0,40}|envoyé (?:de|depuis) (?:mon|ma) [^\n]{1,40}|"
    r"enviado (?:desde|do|de) (?:mi|meu) [^\n]{1,40}|inviato (?:da|dal) (?:mio )?[^\n]{1,40}|"
    r"verzonden vanaf mijn [^\n]{1,40}|skickat från min [^\n]{1,40}|wysłane z [^\n]{1,40})\Z",
    re.IGNORECASE,
)
#: A mailing list, and a gateway behind it, add their own below the writer's.
_SIGNATURES = 4
_CLOSING = re.compile(
    r"(?:(?:with )?(?:(?:kind|kindest|best|warm|warmest|many) )?regards|best(?: wishes)?|cheers|"
    r"(?:many )?thanks(?: again| so much| a lot| in advance)?|thank you(?: again| in advance)?|"
    r"thanks (?:and|&) (?:best )?regards|sincerely(?: yours)?|yours(?: sincerely| faithfully|"
    r" truly)?|respectfully|mit freundlichen gr(?:ü|ue)(?:ß|ss)en|(?:viele|beste|liebe|schöne) "
    r"gr(?:ü|ue)(?:ß|ss)e|mfg|lg|cordialement|bien (?:à vous|cordialement)|salutations|"
    r"(?:un )?saludos?(?: cordial(?:es)?)?|atentamente|cordiali saluti|distinti saluti|"
    r"(?:met )?vriendelijke groet(?:en)?|atenciosamente|com os melhores cumprimentos)[,.!]*\Z",
    re.IGNORECASE,
)
_NAME = re.compile(
    r"[^\W\d_][\w.'’-]*(?:,? (?:[^\W\d_a-zß-ÿ][\w.'’-]*|von|van|de|der|den|la)){0,4}"
)
_SENTENCE = re.compile(r"(?:\S+ ){4,}\S*[.?!]\Z")
_SIGNATURE_HINT = (
    r"(?m:^(?:--|—) ?$)|(?i)sent (?:from|via|with)|get outlook|gesendet|envoyé de|enviado d|"
    r"inviato da|verzonden vanaf|skickat från|wysłane z|regards|best|cheers|thank|sincerely|yours|"
    r"respectfully|gr(?:ü|ue)(?:ß|ss)e|(?-u:\b)(?:mfg|lg)(?-u:\b)|cordialement|bien à vous|"
    r"salut|saludo|atenta|groet|atencios|cumprimentos"
)


class Signatures(_MailTransform):
    """Remove the signature at a mail's end.

    That is: what follows a line `--` (RFC 3676, 4.3), `Sent from my iPhone` and its kin, and the
    name and address lines below `Kind regards`; the greeting itself stays. A text of nothing but a
    signature stays as it is. Off by default: a signature may hold what an answer needs, such as a
    telephone number of the support team. Turn `quoted_replies` on too, so that the
    signature is at the end. Code stays.
    """

    kind: ClassVar[str] = "signatures"

    max_lines: int = Field(default=12, ge=1, le=100)
    """More lines than this are no signature."""
    after_closing: bool = True
    """Remove the name and address lines below a closing greeting, too."""

    def transform(self, batch: pl.DataFrame) -> pl.DataFrame:
        """Rewrite the texts of `columns`."""
        return self._rewritten(batch, _SIGNATURE_HINT, self.without)

    def without(self, text: str) -> str:
        """A mail without its signature; a mail of nothing else as it is."""
        lines = text.split("\n")
        in_code = _code_lines(text, len(lines))
        cut: int | None = len(lines)
        for _ in range(_SIGNATURES):
            if cut is None:
                break
            end = _mobile_start(lines, in_code, _blank_start(lines, cut))
            first = max(0, end - 2 * self.max_lines)
            cut = self._separator(lines, in_code, first, end)
        if self.after_closing:
            cut = self._below_closing(lines, in_code, first, end)
            end = end if cut is None else cut
        return _mended(text, lines[:end], changed=end < _blank_start(lines, len(lines)))

    def _separator(self, lines: Lines, in_code: list[bool], first: int, end: int) -> int | None:
        for place in range(end - 1, first - 1, -1):
            if lines[place].rstrip() in {"--", "—"} and not in_code[place]:
                below = sum(bool(line.strip()) for line in lines[place + 1 : end])
                return place if below <= self.max_lines else None
        return None

    def _below_closing(self, lines: Lines, in_code: list[bool], first: int, end: int) -> int | None:
        below: Lines = []
        for place in range(end - 1, first - 1, -1):
            line = lines[place].strip()
            if in_code[place] or len(below) > self.max_lines or len(line) > 60:
                return None
            if len(line) < 60 and _CLOSING.match(line):
                named = bool(below) and _NAME.fullmatch(below[-1].rstrip(",.")) is not None
                return place + 1 if named else None
            if _SENTENCE.match(line):
                return None
            if line:
                below.append(line)
        return None


def _mobile_start(lines: Lines, in_code: list[bool], end: int) -> int:
    while end and not in_code[end - 1] and len(lines[end - 1]) < 120:
        if not _MOBILE.match(lines[end - 1].strip()):
            break
        end = _blank_start(lines, end - 1)
    return end


def _blank_start(lines: Lines, end: int) -> int:
    while end and not lines[end - 1].strip():
        end -= 1
    return end


# ── both ─────────────────────────────────────────────────────────────────────────────────────────


def _code_lines(text: str, count: int) -> list[bool]:
    """For each line of a text, whether it is in a code block."""
    flags = [False] * count
    line = place = 0
    for start, end in code.blocks(text):
        line += text.count("\n", place, start)
        first = line
        line += text.count("\n", start, end)
        place = end
        last = line if text[end - 1] == "\n" else line + 1
        flags[first:last] = [True] * (last - first)
    return flags


def _gap(kept: Lines) -> None:
    """Leave one blank line where something is taken out."""
    if kept and kept[-1].strip():
        kept.append("")


def _mended(text: str, kept: Lines, *, changed: bool) -> str:
    if not changed:
        return text
    new = "\n".join(kept).strip("\n").rstrip()
    return new if re.search(r"\w", new) else text
