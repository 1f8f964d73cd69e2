"""Transcripts in JSON, as programs that turn speech into text write them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tunesmith.collect import json_stream
from tunesmith.collect.calls.speech import Speech
from tunesmith.collect.chats.services import text_in, word
from tunesmith.collect.encoding import Encoding
from tunesmith.collect.talk_source import Unread
from tunesmith.config import Config

#: A call of a day has about 10 MiB with the time of each word.
_DOCUMENT_BYTES = 256 << 20

_LISTS = ("segments", "utterances", "monologues", "turns", "cues", "sentences", "paragraphs",
          "transcript", "entries", "messages", "items", "results", "recognizedPhrases")  # fmt: skip
_SPEAKERS = ("speaker", "speaker_name", "speaker_label", "speakerId", "speaker_id", "speakerName",
             "name", "channel", "participant", "role")  # fmt: skip
_TEXTS = ("text", "transcript", "words", "content", "value", "sentence", "display")
_STARTS = ("start", "start_time", "startTime", "begin", "offset", "from", "ts", "start_ms")
_ENDS = ("end", "end_time", "endTime", "stop", "to", "end_ts", "end_ms")


class SpokenFields(Config):
    """What the fields of a transcript in JSON are called, where they are not found."""

    segments: str | None = None
    """The list of what was said; a dot leads into an object: `results.segments`."""
    speaker: str | None = None
    """Who said it."""
    text: str | None = None
    """The words."""
    start: str | None = None
    """When it began."""
    end: str | None = None
    """When it ended."""
    unit: str = "auto"
    """`s` or `ms`; `auto` takes whole numbers for milliseconds where a call would otherwise last
    longer than two days."""


def read(
    path: Path, encoding: Encoding, fields: SpokenFields, *, max_bytes: int
) -> Iterator[Speech | Unread]:
    """What was said, in order; of a torn file what comes before its end.

    Args:
        path: A JSON document.
        encoding: How to decode it.
        fields: The names that are not the usual ones.
        max_bytes: A longer segment is left out.
    """
    number = 0
    pending: list[Speech] = []
    for element in json_stream.elements(path, max_bytes=max_bytes, document_bytes=_DOCUMENT_BYTES):
        if isinstance(element, json_stream.Broken):
            yield Unread(element.reason, position=element.position, raw=element.raw)
            continue
        if element.key is None:
            found = _segments(element.value, fields)
        elif not element.key or element.key in {*_LISTS, fields.segments}:
            found = [element.value]
        else:
            continue
        if found is None:
            yield Unread("no list of what was said is in it", position=element.position)
            continue
        for one in found:
            number += 1
            speech = _speech(one, number, fields)
            if speech is None:
                yield Unread("a segment without words", position=f"segment {number}")
            else:
                pending.append(speech)
    yield from _in_seconds(pending, fields.unit)


def _segments(document: Any, fields: SpokenFields) -> list[Any] | None:
    if isinstance(document, list):
        return document
    if fields.segments is not None:
        found = _at(document, fields.segments)
        return found if isinstance(found, list) else None
    aws = _aws(document)
    if aws is not None:
        return aws
    for path in ("results.utterances", "results.audio_segments"):
        found = _at(document, path)
        if isinstance(found, list) and found:
            return found
    for name in _LISTS:
        found = document.get(name) if isinstance(document, dict) else None
        if isinstance(found, list) and all(isinstance(one, dict) for one in found):
            return found
    return _deepgram_words(document)


def _deepgram_words(document: Any) -> list[Any] | None:
    """Words of Deepgram's first alternative, where utterances were not asked for."""
    channels = _at(document, "results.channels")
    first = channels[0] if isinstance(channels, list) and channels else None
    alternatives = _at(first, "alternatives")
    best = alternatives[0] if isinstance(alternatives, list) and alternatives else None
    words = _at(best, "words")
    if not isinstance(words, list):
        return None
    return [
        one | {"text": one.get("punctuated_word") or one.get("word")}
        for one in words
        if isinstance(one, dict)
    ]


def _aws(document: Any) -> list[Any] | None:
    """Amazon Transcribe's words, each with the speaker of the segment that it lies in."""
    items = _at(document, "results.items")
    if not isinstance(items, list):
        return None
    speakers: dict[Any, Any] = {}
    segments = _at(document, "results.speaker_labels.segments")
    for segment in segments if isinstance(segments, list) else []:
        for one in _at(segment, "items") or []:
            speakers[_at(one, "start_time")] = _at(one, "speaker_label")
    found: list[dict[str, Any]] = []
    for item in items:
        alternatives = _at(item, "alternatives")
        best = alternatives[0] if isinstance(alternatives, list) and alternatives else {}
        text = word(_at(best, "content"))
        if text is None:
            continue
        if _at(item, "type") == "punctuation" and found:
            found[-1]["text"] += text
            continue
        start = _at(item, "start_time")
        speaker = _at(item, "speaker_label") or speakers.get(start)
        found.append({"speaker": speaker, "text": text, "start": start,
                      "end": _at(item, "end_time")})  # fmt: skip
    return found


def _speech(one: Any, number: int, fields: SpokenFields) -> Speech | None:
    if not isinstance(one, dict):
        return None
    if isinstance(one.get("elements"), list) and "text" not in one:  # Rev.ai's monologues
        one = one | {"text": "".join(text_in(_at(e, "value")) for e in one["elements"])}
    nested = _at(one, "nBest") or one.get("alternatives")
    if isinstance(nested, list) and nested:  # Azure's and Google's phrases
        one = one | {"text": _at(nested[0], "display") or _at(nested[0], "transcript")}
    words = _get(one, fields.text, _TEXTS)
    if isinstance(words, list):
        parts = (_at(each, "text") or _at(each, "word") if isinstance(each, dict) else each
                 for each in words)  # fmt: skip
        words = " ".join(text_in(part).strip() for part in parts)
    if words is None:
        return None
    speaker = _get(one, fields.speaker, _SPEAKERS)
    if isinstance(speaker, dict):
        speaker = speaker.get("name") or speaker.get("id")
    return Speech(
        " ".join(text_in(words).split()),
        f"segment {number}",
        word(speaker),
        _number(_get(one, fields.start, _STARTS)),
        _number(_get(one, fields.end, _ENDS)),
    )


def _in_seconds(said: list[Speech], unit: str) -> Iterator[Speech]:
    from dataclasses import replace

    starts = [one.start for one in said if one.start is not None]
    whole = all(start == int(start) for start in starts)
    if unit == "ms" or (unit == "auto" and starts and whole and max(starts) > 2 * 86_400):
        for one in said:
            start = None if one.start is None else one.start / 1000
            yield replace(one, start=start, end=None if one.end is None else one.end / 1000)
        return
    yield from said


def _get(one: dict[str, Any], given: str | None, names: tuple[str, ...]) -> Any:
    if given is not None:
        return _at(one, given)
    return next((one[name] for name in names if one.get(name) is not None), None)


def _at(value: Any, path: str) -> Any:
    for name in path.split("."):
        if not isinstance(value, dict):
            return None
        value = value.get(name)
    return value


def _number(value: Any) -> float | None:
    """Seconds; `0:01:02.5` and `12.3s` too."""
    if isinstance(value, bool) or value is None:
        return None
    try:
        parts = [float(part) for part in str(value).removesuffix("s").split(":")]
    except ValueError:
        return None
    seconds = 0.0
    for part in parts[:3]:
        seconds = seconds * 60 + part
    # `nan` and `inf` are words that Python takes for numbers.
    return seconds if abs(seconds) < 1e15 else None
