"""The signature at a mail's end.

The forms are those that talon (Mailgun, `bruteforce.py` and `quotations.py`) and GitHub's
email_reply_parser know, read line by line, so that time grows in proportion to the text.
"""

from __future__ import annotations

import re

from tunesmith.collect.mail.lines import Lines, blank_start, code_lines, mended

#: What a text with a signature holds: Rust regex, over a whole column.
HINT = (
    r"(?m:^(?:--|—) ?$)|(?i)sent (?:from|via|with)|get outlook|gesendet|envoyé de|enviado d|"
    r"inviato da|verzonden vanaf|skickat från|wysłane z|regards|best|cheers|thank|sincerely|yours|"
    r"respectfully|gr(?:ü|ue)(?:ß|ss)e|(?-u:\b)(?:mfg|lg)(?-u:\b)|cordialement|bien à vous|"
    r"salut|saludo|atenta|groet|atencios|cumprimentos"
)

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


def without_signature(text: str, *, max_lines: int = 12, after_closing: bool = True) -> str:
    """A mail without its signature; a mail of nothing else as it is.

    Args:
        text: The mail.
        max_lines: More lines than this are no signature.
        after_closing: Remove the name and address lines below a closing greeting, too.
    """
    lines = text.split("\n")
    in_code = code_lines(text, len(lines))
    cut: int | None = len(lines)
    for _ in range(_SIGNATURES):
        if cut is None:
            break
        end = _mobile_start(lines, in_code, blank_start(lines, cut))
        first = max(0, end - 2 * max_lines)
        cut = _separator(lines, in_code, first, end, max_lines)
    if after_closing:
        cut = _below_closing(lines, in_code, first, end, max_lines)
        end = end if cut is None else cut
    return mended(text, lines[:end], changed=end < blank_start(lines, len(lines)))


def _separator(
    lines: Lines, in_code: list[bool], first: int, end: int, max_lines: int
) -> int | None:
    for place in range(end - 1, first - 1, -1):
        if lines[place].rstrip() in {"--", "—"} and not in_code[place]:
            below = sum(bool(line.strip()) for line in lines[place + 1 : end])
            return place if below <= max_lines else None
    return None


def _below_closing(
    lines: Lines, in_code: list[bool], first: int, end: int, max_lines: int
) -> int | None:
    below: Lines = []
    for place in range(end - 1, first - 1, -1):
        line = lines[place].strip()
        if in_code[place] or len(below) > max_lines or len(line) > 60:
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
        end = blank_start(lines, end - 1)
    return end
