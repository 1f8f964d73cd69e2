"""Finding out how the bytes of a text file stand for letters."""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator

from tunesmith.language import COMMON_LANGUAGES, identifier

#: How much of a file is looked at when its encoding has to be guessed.
SAMPLE_BYTES = 4 << 20
#: How much of it is held while it turns out to be UTF-8, as most are.
_BLOCK_BYTES = 64 << 10

#: What business systems write when they do not write UTF-8.
CANDIDATES = [
    "cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "shift_jis", "euc_jp", "gb18030", "big5",
    "euc_kr",
]  # fmt: skip

#: Encodings that share most letters with Windows-1252, and the languages that tell them from it.
_NEIGHBOURS = {
    "cp1250": ("cs", "hr", "hu", "pl", "ro", "sk", "sl", "sr"),
    "cp1254": ("tr",),
}

#: Windows' own forms of standards, with more letters.
_WIDER = {"shift_jis": "cp932", "euc_kr": "cp949"}

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def _existing(name: str) -> str:
    try:
        "".encode(name)
    except LookupError:
        raise ValueError(f"'{name}' is not an encoding; write one such as utf-8") from None
    return name


#: The name of an encoding, as a recipe gives it.
EncodingName = Annotated[str, AfterValidator(_existing)]


@dataclass(frozen=True)
class Encoding:
    """An encoding, and whether it was declared (by the recipe or a byte-order mark) or guessed."""

    name: str
    declared: bool

    @property
    def wide(self) -> bool:
        """Whether a letter takes several bytes throughout, so that lines cannot be cut as bytes."""
        return self.name.startswith(("utf-16", "utf-32"))


def detect(path: Path) -> Encoding:
    """The encoding of a text file.

    A byte-order mark decides. Else, where most of the lines beyond ASCII are valid UTF-8, it is
    UTF-8 (single lines may still be broken: `decode` mends those). Else the likeliest of
    `CANDIDATES`, by charset-normalizer.
    """
    with path.open("rb") as file:
        start = file.read(_BLOCK_BYTES)
    for mark, name in _BOMS:
        if start.startswith(mark):
            return Encoding(name, declared=True)
    if start[1:200:2].count(0) > 40:
        return Encoding("utf-16-le", declared=False)
    if start[0:200:2].count(0) > 40:
        return Encoding("utf-16-be", declared=False)
    if _starts_as_utf8(path):
        return Encoding("utf-8", declared=False)
    with path.open("rb") as file:
        sample = file.read(SAMPLE_BYTES)
    return Encoding(likeliest(sample), declared=False)


def likeliest(sample: bytes) -> str:
    """The encoding that bytes without a mark are probably in: UTF-8, or one of `CANDIDATES`."""
    beyond = [line for line in sample.splitlines() if not line.isascii()]
    valid = sum(_is_utf8(line) for line in beyond)
    if 2 * valid >= len(beyond):
        return "utf-8"
    from charset_normalizer import from_bytes

    text = b"\n".join(beyond[:2000])
    best = from_bytes(text, cp_isolation=CANDIDATES).best()
    name = _first_that_decodes(text) if best is None else best.encoding
    if name in _NEIGHBOURS and not _is_written_in(beyond, name, _NEIGHBOURS[name]):
        name = "cp1252"
    return name


def decode(line: bytes, encoding: Encoding) -> tuple[str, str | None]:
    """Decode one line; the second value says what had to be done, if anything.

    Raises:
        UnicodeDecodeError: The line is not text in this encoding, nor in Windows-1252.
    """
    try:
        return line.decode(encoding.name), None
    except UnicodeDecodeError:
        if encoding.name not in {"utf-8", "utf-8-sig"} or encoding.declared:
            raise
    return line.decode("cp1252"), "decoded as windows-1252"


def _is_written_in(lines: list[bytes], encoding: str, languages: tuple[str, ...]) -> bool:
    import polars as pl

    text = b" ".join(lines[:50]).decode(encoding, "replace")[:2000]
    found, _ = identifier(COMMON_LANGUAGES).identify(pl.Series([text]))
    return found[0] in languages


def _first_that_decodes(text: bytes) -> str:
    """The first of `CANDIDATES` in which this is text, where there is too little to guess from."""
    for name in (_WIDER.get(name, name) for name in CANDIDATES):
        try:
            text.decode(name)
        except UnicodeDecodeError:
            continue
        return name
    return CANDIDATES[0]


def _starts_as_utf8(path: Path) -> bool:
    """Whether all that is looked at of a file is valid UTF-8."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    with path.open("rb") as file:
        for _ in range(SAMPLE_BYTES // _BLOCK_BYTES):
            block = file.read(_BLOCK_BYTES)
            try:
                decoder.decode(block, final=not block)
            except UnicodeDecodeError:
                return False
            if not block:
                return True
    return True  # the sample may end within a letter


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True
