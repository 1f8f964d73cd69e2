"""Bytes of mails as text, whatever they are declared to be."""

from __future__ import annotations

import codecs
import re

from tunesmith.collect.encoding import likeliest

#: What mail programs write, and what it is to Python. Where a smaller set is named, its superset is
#: meant (WHATWG Encoding Standard).
_MEANT = {
    "ascii": "cp1252", "us-ascii": "cp1252", "iso-8859-1": "cp1252", "latin1": "cp1252",
    "latin-1": "cp1252", "iso8859-1": "cp1252", "gb2312": "gb18030", "gbk": "gb18030",
    "x-gbk": "gb18030", "ks_c_5601-1987": "cp949", "euc-kr": "cp949", "x-sjis": "cp932",
    "shift_jis": "cp932", "shift-jis": "cp932", "windows-31j": "cp932", "iso-8859-8-i": "iso8859-8",
    "x-mac-roman": "mac_roman", "iso-8859-9": "cp1254", "tis-620": "cp874",
    "windows-874": "cp874", "iso-2022-jp": "iso2022_jp_ext",
    "utf8": "utf-8", "cp-850": "cp850", "unicode-1-1-utf-7": "utf-7",
}  # fmt: skip
#: Codecs of Python that no mail is written in, some of them slow.
_NEVER = {"idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined", "mbcs", "oem"}
#: How much is looked at to find the charset.
_SAMPLE_BYTES = 64 << 10
#: So many control characters may stand in the shortest text.
_FEW = 3
_CONTROL = re.compile("[\0-\x08\x0b\x0e-\x1a\x1c-\x1f]")


def decoded(raw: bytes, charset: str | None) -> tuple[str, str | None]:
    """The text of some bytes, and what was done where the charset does not say it.

    Args:
        raw: The bytes.
        charset: What the mail says; null where it says nothing.

    Returns:
        The text, and a note. Bytes that stand for nothing become U+FFFD.
    """
    if raw.isascii() and b"\x1b" not in raw and not _shifted(charset):
        return raw.decode("ascii"), None
    name = _codec(charset)
    small = name == "cp1252" and (charset is None or "ascii" in charset.lower())
    if name is not None and not small:
        try:
            return raw.decode(name), None
        except UnicodeDecodeError:
            pass  # it is something else than it says
    try:
        return raw.decode(), "decoded as utf-8"
    except UnicodeDecodeError:
        guessed = likeliest(raw[:_SAMPLE_BYTES])
    if guessed == "utf-8":  # some lines are not
        return "".join(map(_mended, raw.splitlines(keepends=True))), "decoded as utf-8 and cp1252"
    return raw.decode(guessed, "replace"), f"decoded as {guessed}"


def _mended(line: bytes) -> str:
    try:
        return line.decode()
    except UnicodeDecodeError:
        return line.decode("cp1252", "replace")


def _shifted(charset: str | None) -> bool:
    """Whether ASCII bytes may stand for other letters."""
    return charset is not None and charset.lower().startswith(
        ("utf-7", "unicode-1", "utf-16", "hz")
    )


def _codec(charset: str | None) -> str | None:
    """The Python codec of a charset; null for one that there is not."""
    if charset is None:
        return None
    name = charset.strip().strip("\"'").lower()
    try:
        found = codecs.lookup(_MEANT.get(name, name))
    except (LookupError, ValueError):
        return None
    if found.name.replace("-", "_") in _NEVER or not getattr(found, "_is_text_encoding", True):
        return None
    return found.name


def is_text(text: str) -> bool:
    """Whether it reads as text: next to no control characters in its beginning."""
    start = text[:4096]
    strange = len(_CONTROL.findall(start)) + start.count("\N{REPLACEMENT CHARACTER}")
    return strange <= _FEW or strange * 10 <= len(start)
