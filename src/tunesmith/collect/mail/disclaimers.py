"""What companies and lists add below a mail: disclaimers, and the footers of mailing lists."""

from __future__ import annotations

import re

#: How the paragraph begins that says a mail is confidential.
_DISCLAIMER = re.compile(
    r"[*_=\-<\s\[(]{0,20}(?:"
    r"(?:confidentiality|privacy|legal|disclaimer)[ \w&-]{0,20}(?:notice|statement|note)?"
    r"\s?[:.*_-]|"
    r"disclaimer\b|confidential(?:ity)? (?:notice|note)|"
    r"(?:this|the) (?:information (?:contained )?in this |contents? of this )?"
    r"(?:e-?mail|message|communication|transmission)\b[^\n]{0,80}?"
    r"\b(?:confidential|privileged|intended|proprietary|attachments?)\b|"
    r"the information (?:contained|transmitted|in this)\b[^\n]{0,80}|"
    r"if you (?:are not the|have received this (?:e-?mail|message)|received this)\b|"
    r"please consider the environment|think before you print|"
    r"diese (?:e-?mail|nachricht)\b[^\n]{0,80}?\b(?:vertraulich|enthält|bestimmt|einschlie)|"
    r"der inhalt dieser e-?mail\b|"
    r"(?:ce (?:message|courriel|mail)|cet e-?mail)\b[^\n]{0,80}?"
    r"\b(?:confidentiel|pièces? jointes?|destin)|"
    r"(?:este (?:mensaje|correo|e-?mail)|esta mensagem|questo messaggio|questa e-?mail|"
    r"il presente messaggio|dit bericht|deze e-?mail)\b[^\n]{0,80}?"
    r"\b(?:confiden|riservat|vertrouwelijk|destin|dirigid|bestemd|adjunt|anexo|allegat|bijlage)"
    r")",
    re.IGNORECASE,
)
#: What scanners and free mail services put below.
_ADVERTISEMENT = re.compile(
    r"(?:this (?:e-?mail|message) (?:has been|was) (?:scanned|checked)|virus-free\. |"
    r"(?:do you yahoo!\?|get your free [\w.]{2,20}|msn photos|"
    r"join the world.s largest e-mail service|chat with friends online)|"
    r"(?:this|in remembrance)[^\n]{0,20}sf\.net email is sponsored by)",
    re.IGNORECASE,
)
_RULE = re.compile(r"[-_=*~]{10,}\s*\Z")
_LIST = re.compile(
    r"(?:[^\n]{0,60}\bmailing list\b|(?:to )?unsubscribe\b|to (?:post|subscribe|manage|change)\b|"
    r"https?://\S{1,120}/(?:listinfo|options|mailman\S{0,40})\b|you (?:are receiv|receiv)|"
    r"yahoo! groups|-~--|list-?info)",
    re.IGNORECASE,
)
#: What lists put in the place of attachments (Mailman's pipermail).
_SCRUBBED = re.compile(
    r"^-+ next part -+\n"
    r"(?:(?:An? [^\n]{0,200}|Skipped content|Name|Type|Size|Desc|Url)[^\n]*\n?){0,8}"
    r"(?:URL:[^\n]*\n?)?",
    re.MULTILINE | re.IGNORECASE,
)
_LIST_PAGE = re.compile(r"<?https?://\S{1,120}/listinfo/\S{1,60}\Z")
#: How many lines at the end may be a disclaimer or a footer.
_LINES = 60
#: A text without at least so many letters above it is the disclaimer itself.
_LEAST_LETTERS = 2


def without_disclaimers(text: str) -> str:
    """A mail without what is added below it; a mail of nothing else as it is."""
    if "next part" in text:
        text = _SCRUBBED.sub("", text)
    lines = text.split("\n")
    end = len(lines)
    for place in range(max(0, end - _LINES), end):
        if _begins(lines, place):
            end = place
            break
    while end and _empty(lines[end - 1].strip()):
        end -= 1
    if end == len(lines) or len(re.findall(r"\w", "\n".join(lines[:end]))) < _LEAST_LETTERS:
        return text
    return "\n".join(lines[:end])


def _empty(line: str) -> bool:
    return not line or _RULE.match(line) is not None or _LIST_PAGE.match(line) is not None


def _begins(lines: list[str], place: int) -> bool:
    """Whether a disclaimer or a footer begins with a line: the first of a paragraph, or a rule."""
    line = lines[place].strip()
    before = lines[place - 1].strip() if place else ""
    if _RULE.match(line):
        below = [one.strip() for one in lines[place + 1 : place + 4]]
        return any(_LIST.match(one) or _ADVERTISEMENT.match(one) for one in below)
    if before and not _RULE.match(before):
        return False
    return _DISCLAIMER.match(line) is not None or _ADVERTISEMENT.match(line) is not None
