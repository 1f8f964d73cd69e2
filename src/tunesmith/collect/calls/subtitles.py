"""Transcripts as subtitles: WebVTT, and SRT."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from pathlib import Path

from tunesmith.collect.calls.speech import Speech
from tunesmith.collect.encoding import Encoding
from tunesmith.collect.lines import Line, read_lines
from tunesmith.collect.talk_source import Unread

_TIME = r"(?:(\d{1,6}):)?(\d{1,2}):(\d{1,2})(?:[.,](\d{1,9}))?"
_CUE = re.compile(rf"[ \t]*{_TIME}[ \t]*-->[ \t]*{_TIME}(?:[ \t].*)?")
_BLOCK = re.compile(r"(?:WEBVTT|NOTE|STYLE|REGION|X-TIMESTAMP-MAP)(?:[ \t=:].*)?")
_VOICE = re.compile(r"<v(?:\.[^\s>]*)?[ \t]+([^>]{1,200})>")
_TAG = re.compile(r"</?[a-zA-Z0-9:.][^<>]*>|\{\\[^{}]*\}")
#: `Anna Bell: words`: a name of at most six words, none of which ends a sentence.
_NAMED = re.compile(r"(?:>>|-)?[ \t]*([^\W\d_][^:.!?<>\n]{0,79}?)[ \t]*:[ \t]+(?=\S)")

#: A cue of more lines is none that was meant as one.
_CUE_LINES = 200


def is_subtitles(text: str) -> bool:
    """Whether a file begins as WebVTT or SRT does."""
    text = text.lstrip("\ufeff \t\r\n")
    return text.startswith("WEBVTT") or any(_CUE.fullmatch(line) for line in text.splitlines()[:20])


def read(
    path: Path, encoding: Encoding, *, max_bytes: int, named: bool
) -> Iterator[Speech | Unread]:
    """The cues of a file, in order.

    Args:
        path: A WebVTT or SRT file.
        encoding: How to decode it.
        max_bytes: A longer line is left out.
        named: Whether words before a colon at the start of a cue are its speaker.
    """
    number = 0
    for block in _blocks(read_lines(path, encoding, max_bytes=max_bytes)):
        if isinstance(block, Unread):
            yield block
            continue
        texts = [(line.text or "").rstrip("\r\n").lstrip("\ufeff") for line in block]
        at = next((i for i, text in enumerate(texts[:2]) if _CUE.fullmatch(text)), None)
        if at is None:
            if not _BLOCK.fullmatch(texts[0]):
                yield Unread("not a cue", line=block[0].number, raw=_raw(block))
            continue
        number += 1
        yield from _cue(block, texts, at, number, named)


def _cue(
    block: list[Line], texts: list[str], at: int, number: int, named: bool
) -> Iterator[Speech | Unread]:
    match = _CUE.fullmatch(texts[at])
    if match is None:
        raise ValueError("a block without the time that was found in it")
    groups = match.groups()
    start, end = _seconds(groups[:4]), _seconds(groups[4:])
    words = "\n".join(texts[at + 1 :])
    line = block[0].number
    if start is None or end is None:
        yield Unread("a time that is none", position=f"cue {number}", line=line, raw=_raw(block))
        return
    parts = _VOICE.split(words)
    spoken = [(None, parts[0]), *zip(parts[1::2], parts[2::2], strict=True)]
    spoken = [one for one in spoken if one[1].strip()] or [(None, "")]
    for count, (voice, marked) in enumerate(spoken, 1):
        text = html.unescape(_TAG.sub("", marked)).strip()
        speaker = None if voice is None else html.unescape(voice).strip()
        name = _NAMED.match(text) if speaker is None and named else None
        if name is not None and len(name[1].split()) <= 6:
            speaker, text = name[1].strip(), text[name.end() :]
        position = f"cue {number}" if len(spoken) == 1 else f"cue {number}, voice {count}"
        yield Speech(" ".join(text.split()), position, speaker, start, end, line, _raw(block))


def _blocks(lines: Iterator[Line]) -> Iterator[list[Line] | Unread]:
    """Lines up to the next empty one; a time within them begins a new one."""
    block: list[Line] = []
    for line in lines:
        if line.text is None:
            yield Unread(line.problem or "unreadable", line=line.number, raw=line.raw)
        elif not line.text.strip():
            if block:
                yield block
            block = []
        else:
            if len(block) >= _CUE_LINES or (block and _begins(block, line)):
                yield block
                block = []
            block.append(line)
    if block:
        yield block


def _begins(block: list[Line], line: Line) -> bool:
    """Whether a time comes where a cue has one already: the empty line between them is missing."""
    text = (line.text or "").rstrip("\r\n")
    return _CUE.fullmatch(text) is not None and any(
        _CUE.fullmatch((one.text or "").rstrip("\r\n")) for one in block
    )


def _raw(block: list[Line]) -> bytes:
    return b"".join(line.raw for line in block)


def _seconds(groups: tuple[str | None, ...]) -> float | None:
    hours, minutes, seconds, fraction = groups
    if int(minutes or 0) >= 60 or int(seconds or 0) >= 60:
        return None
    return (
        int(hours or 0) * 3600 + int(minutes or 0) * 60 + int(seconds or 0)
        + float(f"0.{fraction or 0}")
    )  # fmt: skip
